//! How a coded body is read: by the paved path and call by call, as much as is asked for, with figures that say what they count.

use std::time::Duration;

use hinternet::{Bytes, Decompression, HandleId, Method, Request, Session, Status};
use integration_tests::coded::Coded;
use integration_tests::origin::Reply;
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::{Seeded, dropped_after, patiently};

use crate::{World, content, octets, reply};

fn totals(recorder: &Recorder, handle: HandleId) -> Vec<(u64, Option<u64>)> {
    let progress = |one: &hinternet::Notification| match one.status {
        Status::DownloadProgress { received, total, .. } => Some((received, total)),
        _ => None,
    };
    recorder.of(handle).iter().filter_map(progress).collect()
}

#[tokio::test]
async fn every_coding_is_undone_and_the_head_stays_as_it_was_sent() {
    for coded in Coded::ALL {
        for length in [0, 1, 100, 20_000, 700_000] {
            let sent = content(length);
            let body = coded.code(&sent);
            let world = World::new({
                let sent = sent.clone();
                move || reply(coded, &sent)
            });
            let world = world.await;
            let response = world.session.get(world.url()).unwrap().send().await.unwrap();
            assert!(response.is_decoded());
            assert_eq!(response.headers()["content-encoding"], coded.name());
            assert_eq!(response.content_length(), Some(body.len() as u64));
            let handle = response.handle().clone();
            assert!(response.bytes().await.unwrap() == sent, "{coded:?} of {length} octets");
            let id = handle.id();
            handle.close().await.unwrap();
            handle.closed().await;
            let (received, total) = totals(&world.recorder, id).pop().unwrap_or_default();
            assert_eq!((received, total), (length as u64, None), "{coded:?}");
            // It was read to its end: the wire serves again.
            let again = world.session.get(world.url()).unwrap().send().await.unwrap();
            assert!(again.bytes().await.unwrap() == sent, "{coded:?} of {length} octets, again");
            assert_eq!(world.origin.connections(), 1, "{coded:?} of {length} octets");
            world.end().await;
        }
    }
}

#[tokio::test]
async fn sizes_tell_what_came_and_what_became_of_it_apart() {
    let sent = content(300_000);
    let came = Coded::Gzip.code(&sent).len() as u64;
    let world = World::new(move || reply(Coded::Gzip, &sent)).await;
    let mut response = world.session.get(world.url()).unwrap().send().await.unwrap();
    while response.chunk().await.unwrap().is_some() {}
    assert_eq!((response.sizes().response_body, response.sizes().decoded_body), (came, 300_000));

    let mut raw = world.session.get(world.url()).unwrap().decompression(Decompression::NONE).send().await.unwrap();
    while raw.chunk().await.unwrap().is_some() {}
    assert_eq!((raw.sizes().response_body, raw.sizes().decoded_body), (came, came));
    assert!(!raw.is_decoded());
    world.end().await;
}

#[tokio::test]
async fn call_by_call_all_counts_are_of_what_is_read() {
    for coded in Coded::ALL {
        let sent = content(200_000);
        let script = Script::answering(octets(&format!("content-encoding: {}", coded.name()), &coded.code(&sent)));
        let scene = Scene::with(script).await;
        let request = scene.reading().await;
        let mut whole = Vec::new();
        loop {
            let available = request.query_data_available().await.unwrap();
            let data = request.read().await.unwrap();
            assert_eq!(data.len() as u64, available, "{coded:?}");
            if data.is_empty() {
                break;
            }
            whole.extend_from_slice(&data);
        }
        assert!(whole == sent, "{coded:?}");

        let request = scene.reading().await;
        assert_eq!(request.read_exact(70_001).await.unwrap(), sent[..70_001], "{coded:?}");
        let few = request.read_at_most(10).await.unwrap();
        assert_eq!(few, sent[70_001..70_001 + few.len()], "{coded:?}");
        let at = 70_001 + few.len();
        assert_eq!(request.read_exact(1_000_000).await.unwrap(), sent[at..], "{coded:?}");
        assert!(request.read().await.unwrap().is_empty(), "{coded:?}");
        scene.end().await;
    }
}

#[tokio::test]
async fn octets_may_come_one_by_one_and_in_chunks() {
    for coded in Coded::ALL {
        let sent = content(3_000);
        let mut chunks = Vec::new();
        for piece in coded.code(&sent).chunks(7) {
            chunks.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            chunks.extend_from_slice(piece);
            chunks.extend_from_slice(b"\r\n");
        }
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-encoding: {}\r\ntransfer-encoding: chunked\r\n\r\n", coded.name());
        let answer: Bytes = [head.as_bytes(), &chunks, b"0\r\nx-behind: it\r\n\r\n"].concat().into();
        let scene = Scene::with(Script::answering(answer).split(Split::OneOctet)).await;
        let mut response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
        let mut whole = Vec::new();
        while let Some(piece) = patiently("a piece", response.chunk()).await.unwrap() {
            whole.extend_from_slice(&piece);
        }
        assert!(whole == sent, "{coded:?}");
        assert_eq!(response.trailers()["x-behind"], "it");
        scene.end().await;
    }
}

#[tokio::test]
async fn a_body_until_close_is_decoded_too() {
    let sent = content(50_000);
    let (coded, body) = (Coded::Zstd, Coded::Zstd.code(&sent));
    let world = World::new(move || Reply::new(200).until_close(body.clone()).field("content-encoding", coded.name()));
    let world = world.await;
    let response = world.session.get(world.url()).unwrap().send().await.unwrap();
    assert!(response.bytes().await.unwrap() == sent);
    world.end().await;
}

#[tokio::test]
async fn several_codings_are_undone_from_the_last_to_the_first() {
    let sent = content(40_000);
    let body = Coded::Brotli.code(&Coded::Deflate.code(&Coded::Gzip.code(&sent)));
    let answer = move || {
        let reply = Reply::ok(body.clone()).field("content-encoding", "identity, X-GZip");
        reply.field("content-encoding", "deflate , br")
    };
    let world = World::new(answer).await;
    let response = world.session.get(world.url()).unwrap().send().await.unwrap();
    assert!(response.bytes().await.unwrap() == sent);
    world.end().await;
}

#[tokio::test]
async fn what_is_unknown_or_not_allowed_is_read_as_it_came() {
    let body = Coded::Gzip.code(b"hello");
    for (fields, allowed) in [
        ("bogus", Decompression::ALL),
        ("gzip, bogus", Decompression::ALL),
        ("gzip", Decompression::ALL - Decompression::GZIP),
        ("gzip", Decompression::NONE),
    ] {
        let sent = body.clone();
        let world = World::new(move || Reply::ok(sent.clone()).field("content-encoding", fields)).await;
        let response = world.session.get(world.url()).unwrap().decompression(allowed).send().await.unwrap();
        assert!(!response.is_decoded(), "{fields}");
        assert_eq!(response.headers()["content-encoding"], fields);
        assert_eq!(response.bytes().await.unwrap(), body, "{fields}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_part_is_read_as_it_came() {
    let body = Coded::Gzip.code(b"hello").slice(3..9);
    let sent = body.clone();
    let answer = move || {
        let reply = Reply::new(206).body(sent.clone()).field("content-encoding", "gzip");
        reply.field("content-range", "bytes 3-8/25")
    };
    let world = World::new(answer).await;
    let response = world.session.get(world.url()).unwrap().header("range", "bytes=3-8").send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), body);
    world.end().await;
}

#[tokio::test]
async fn where_there_is_no_body_there_is_nothing_to_decode() {
    let world = World::new(|| Reply::new(204).field("content-encoding", "gzip, gzip, gzip, gzip, gzip, gzip")).await;
    let response = world.session.get(world.url()).unwrap().send().await.unwrap();
    assert!(!response.is_decoded() && response.bytes().await.unwrap().is_empty());
    world.end().await;
    for status in [200, 304] {
        let world = World::new(move || Reply::new(status).field("content-encoding", "br")).await;
        let request = world.session.request(Method::HEAD, world.url()).unwrap();
        let response = request.send().await.unwrap();
        assert!(!response.is_decoded() && response.bytes().await.unwrap().is_empty());
        world.end().await;
    }
}

#[tokio::test]
async fn b7_reads_that_are_given_up_lose_nothing() {
    for coded in Coded::ALL {
        let sent = content(400_000);
        let script = Script::answering(octets(&format!("content-encoding: {}", coded.name()), &coded.code(&sent)));
        let scene = Scene::with(script.split(Split::Seeded(3))).await;
        let mut seeded = Seeded::new(11);
        let request = scene.reading().await;
        let mut whole = Vec::new();
        let mut given_up = 0;
        loop {
            let polls = seeded.below(4);
            let read = match seeded.below(3) {
                0 => dropped_after(polls, request.read_exact(30_000)).await,
                1 => dropped_after(polls, request.read_at_most(500)).await,
                _ => dropped_after(polls, request.read()).await,
            };
            match read {
                None => given_up += 1,
                Some(Ok(data)) if data.is_empty() => break,
                Some(Ok(data)) => whole.extend_from_slice(&data),
                Some(Err(error)) => panic!("{coded:?}: {error}"),
            }
        }
        assert!(whole == sent, "{coded:?}: {} of {}", whole.len(), sent.len());
        assert!(given_up > 0, "{coded:?}");
        scene.end().await;
    }
}

#[tokio::test]
async fn a_slow_body_is_measured_by_what_comes_and_not_by_what_becomes_of_it() {
    let sent = content(600_000);
    let coded = Coded::Gzip;
    let scene = Scene::of(
        ScriptedPeer::always(Script::answering(octets("content-encoding: gzip", &coded.code(&sent)))).await,
        Session::builder(),
    );
    let mut options = scene.session.options();
    // Far less than is decoded, and what comes is here before the first window ends.
    options.minimum_rate = Some(hinternet::MinimumRate { octets: 1_000_000, within: Duration::from_secs(60) });
    let response = scene.session.get(scene.peer.url("/")).unwrap().options(options).send().await.unwrap();
    assert!(response.bytes().await.unwrap() == sent);
    scene.end().await;
}

#[tokio::test]
async fn a_handle_may_send_again_and_gets_what_the_next_response_is() {
    let sent = content(5_000);
    let script = Script::new()
        .read_request()
        .send(octets("content-encoding: gzip", &Coded::Gzip.code(&sent)))
        .read_request()
        .send(octets("x-plain: yes", b"plain"))
        .keep();
    let scene = Scene::with(script).await;
    let request: Request = scene.reading().await;
    assert_eq!(read_all(&request).await.unwrap(), sent);
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"plain");
    scene.end().await;
}

#[tokio::test]
async fn a_download_keeps_the_octets_that_came() {
    let body = Coded::Gzip.code(&content(10_000));
    let sent = body.clone();
    let world = World::new(move || Reply::ok(sent.clone()).field("content-encoding", "gzip")).await;
    let mut download = world.session.download(world.url()).unwrap().stream().unwrap();
    let mut whole = Vec::new();
    while let Some(piece) = patiently("a piece", download.chunk()).await.unwrap() {
        whole.extend_from_slice(&piece);
    }
    assert_eq!(whole, body);
    assert_eq!(world.origin.log()[0].field("accept-encoding"), Some("identity"));
    world.end().await;
}
