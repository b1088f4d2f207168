//! Bodies that are not what they say, or become more than they may: a typed error that says whose fault it is, and a wire that is not
//! used again.

use hinternet::{Blame, CloseReason, Error, ErrorCode, Limits, RequestOptions, Session, Stage, Status};
use integration_tests::coded::Coded;
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use crate::{World, content, octets, reply};

/// A session with these limits.
fn limited(change: impl FnOnce(&mut Limits)) -> hinternet::SessionBuilder {
    let mut options = RequestOptions::default();
    change(&mut options.limits);
    Session::builder().request_options(options)
}

/// What reading such a body fails with, by the paved path; and that its wire is closed.
async fn refusal(builder: hinternet::SessionBuilder, fields: &str, body: &[u8]) -> Error {
    let peer = ScriptedPeer::always(Script::answering(octets(fields, body))).await;
    let scene = Scene::of(peer, builder);
    let read = async { scene.session.get(scene.peer.url("/"))?.send().await?.bytes().await };
    let error = read.await.expect_err("it cannot be read");
    assert_eq!((error.blame(), error.stage()), (Blame::Peer, Stage::Body), "{error}");
    assert!(!error.is_retryable(), "{error}");
    let closed = |status: &Status| matches!(status, Status::ConnectionClosed);
    scene.peer.wait_for_end(0).await;
    scene.session.close().await.unwrap();
    scene.session.closed().await;
    assert_eq!(scene.recorder.count(closed), 1, "{error}");
    scene.end().await;
    error
}

async fn refused(coded: Coded, body: &[u8]) -> Error {
    let error = refusal(Session::builder(), &format!("content-encoding: {}", coded.name()), body).await;
    assert_eq!(error.code(), ErrorCode::InvalidServerResponse, "{error}");
    error
}

#[tokio::test]
async fn a_body_cut_short_is_an_error_wherever_it_is_cut() {
    for coded in Coded::ALL {
        let body = coded.code(&content(40));
        for length in (1..body.len()).step_by(3).chain([body.len() - 1]) {
            let error = refused(coded, &body[..length]).await;
            assert!(error.to_string().contains("ends in the middle"), "{coded:?} of {length} octets: {error}");
        }
        let large = coded.code(&content(3_000_000));
        refused(coded, &large[..large.len() - 1]).await;
    }
}

#[tokio::test]
async fn what_is_no_such_coding_is_an_error() {
    for coded in Coded::ALL {
        refused(coded, b"not coded at all, as it happens").await;
        let error = refused(coded, &[&coded.code(b"hello")[..], b"<!-- and more -->"].concat()).await;
        assert!(error.to_string().contains("goes on behind"), "{coded:?}: {error}");
    }
}

#[tokio::test]
async fn f_more_than_five_codings_over_all_fields_are_refused() {
    let body = (0..6).fold(bytes::Bytes::from_static(b"hello"), |body, _| Coded::Gzip.code(&body));
    for fields in
        ["content-encoding: gzip, gzip, gzip, gzip, gzip, gzip", "content-encoding: gzip\r\n".repeat(6).trim()]
    {
        let error = refusal(Session::builder(), fields, &body).await;
        assert_eq!(error.code(), ErrorCode::InvalidServerResponse);
        assert!(error.to_string().contains("more than 5"), "{error}");
    }
    // The head is good, and whoever wants no more than that gets it.
    let scene =
        Scene::with(Script::answering(octets("content-encoding: gzip, gzip, gzip, gzip, gzip, gzip", &body))).await;
    let request = scene.sent().await;
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    scene.recorder.failure(request.id(), request.read().await);
    scene.end().await;
}

#[tokio::test]
async fn f_a_body_that_becomes_more_than_it_may_is_refused() {
    for coded in Coded::ALL {
        let body = coded.code(&content(100_000));
        let fields = format!("content-encoding: {}", coded.name());
        let error = refusal(limited(|limits| limits.decoded_body = Some(99_999)), &fields, &body).await;
        assert_eq!(error.code(), ErrorCode::BodyTooLarge, "{error}");
        assert!(error.to_string().contains("99999"), "{error}");
    }
}

/// Answers with this content, or with it coded.
type Answering = fn(&[u8], &[u8]) -> Reply;

/// Announced, in chunks, with the head or behind it, coded and plain.
#[tokio::test]
async fn f_a_body_that_is_gathered_is_no_longer_than_its_caller_has_room_for() {
    let plain = content(100_000);
    let coded = Coded::Gzip.code(&plain);
    let replies: [Answering; 4] = [
        |plain, _| Reply::ok(plain.to_vec()),
        |plain, _| Reply::ok("").chunked(plain.chunks(30_000).map(<[u8]>::to_vec)),
        |_, coded| Reply::ok(coded.to_vec()).field("content-encoding", "gzip"),
        |plain, _| Reply::ok(plain[..8].to_vec()),
    ];
    for (number, answer) in replies.into_iter().enumerate() {
        let length = if number == 3 { 8 } else { 100_000 };
        for (most, is_read) in [(Some(length), true), (None, true), (Some(length - 1), false)] {
            let (plain, coded) = (plain.clone(), coded.clone());
            let world =
                World::with(limited(|limits| limits.gathered_body = most), move || answer(&plain, &coded)).await;
            let mut response = world.session.get(world.url()).unwrap().send().await.unwrap();
            let read = if most.is_some() && number < 3 {
                // Behind a piece there is room for what is left.
                let piece = response.chunk().await.unwrap().unwrap();
                assert_eq!(response.bytes().await.unwrap().len() + piece.len(), 100_000, "{number}");
                world.session.get(world.url()).unwrap().send().await.unwrap().bytes().await
            } else {
                response.bytes().await
            };
            match read {
                Ok(octets) => assert!(is_read && octets.len() as u64 == length, "{number} {most:?}"),
                Err(error) => {
                    assert!(!is_read, "{number} {most:?}: {error}");
                    assert_eq!((error.code(), error.blame()), (ErrorCode::BodyTooLarge, Blame::Peer), "{error}");
                    assert!(error.to_string().contains(&(length - 1).to_string()), "{error}");
                }
            }
            world.end().await;
        }
    }
}

#[tokio::test]
async fn f_a_body_that_is_denser_than_it_may_be_is_refused() {
    for coded in Coded::ALL {
        let body = coded.code(&vec![0; 10_000_000]);
        let fields = format!("content-encoding: {}", coded.name());
        let error = refusal(limited(|limits| limits.decoded_ratio = Some(100)), &fields, &body).await;
        assert_eq!(error.code(), ErrorCode::BodyTooLarge, "{error}");
        // Whoever wants it all gets it.
        let free = limited(|limits| (limits.decoded_ratio, limits.decoded_body) = (None, None));
        let world = World::with(free, move || reply(coded, &vec![0; 10_000_000])).await;
        let response = world.session.get(world.url()).unwrap().send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap().len(), 10_000_000);
        world.end().await;
    }
}

#[tokio::test]
async fn the_octets_before_the_fault_are_read_before_it() {
    let mut body = Coded::Gzip.code(&content(300_000)).to_vec();
    let last = body.len() - 5;
    body[last] ^= 1;
    let scene = Scene::with(Script::answering(octets("content-encoding: gzip", &body))).await;
    let request = scene.reading().await;
    assert_eq!(request.read_exact(100_000).await.unwrap(), content(300_000)[..100_000]);
    let error = scene.recorder.failure(request.id(), read_all(&request).await);
    assert_eq!(error.code(), ErrorCode::InvalidServerResponse);
    let reasons = |one: &hinternet::Notification| match one.status {
        Status::ClosingConnection { reason, .. } => Some(reason),
        _ => None,
    };
    scene.session.close().await.unwrap();
    scene.session.closed().await;
    let reasons: Vec<_> = scene.recorder.of(request.id()).iter().filter_map(reasons).collect();
    assert_eq!(reasons, [CloseReason::ProtocolError]);
    scene.end().await;
}

#[tokio::test]
async fn what_nobody_reads_is_not_decoded() {
    // It is no gzip: had anybody looked, there would be an error.
    let scene = Scene::with(Script::answering(octets("content-encoding: gzip", &[b'x'; 1000]))).await;
    let request = scene.reading().await;
    request.close().await.unwrap();
    request.closed().await;
    assert_eq!(scene.recorder.count(|status| matches!(status, Status::RequestError { .. })), 0);
    // What had come was skipped as it was, and the wire serves again.
    let again = scene.reading().await;
    assert_eq!(scene.peer.connections(), 1);
    again.close().await.unwrap();
    scene.end().await;
}

#[tokio::test]
async fn an_empty_body_is_empty_whatever_it_says() {
    for coded in Coded::ALL {
        let world = World::new(move || Reply::new(200).chunked([""; 0]).field("content-encoding", coded.name())).await;
        let response = world.session.get(world.url()).unwrap().send().await.unwrap();
        assert!(response.bytes().await.unwrap().is_empty());
        world.end().await;
    }
}

#[test]
fn limits_that_let_nothing_through_are_refused() {
    for change in [
        |limits: &mut Limits| limits.decoded_body = Some(0),
        |limits: &mut Limits| limits.decoded_ratio = Some(0),
        |limits: &mut Limits| limits.gathered_body = Some(0),
    ] {
        let refused = limited(change).open();
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidParameter);
    }
}
