//! RFC 9113 6.8, 8.7: a server that goes away finishes what it began; what it did not look at is sent again, and nothing else is
//! (contract D.2).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::{
    Blame, ErrorCode, Method, Payload, Protocols, Request, RequestOptions, Session, SessionBuilder, Status, WireState,
};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, builder};
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all, receiving};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, patiently};

/// What the server did not look at is sent again whatever the caller says of retries: it is none.
fn without_resends() -> SessionBuilder {
    let mut options = RequestOptions::default();
    options.resends = 0;
    // In this order: the protocols are among the options.
    Session::builder().request_options(options).protocols(Protocols::RequireHttp2)
}

async fn answered(request: &Request) -> hinternet::Result<Vec<u8>> {
    request.receive_response().await?;
    read_all(request).await
}

/// The first wire takes so many streams and goes away with this last id; then it answers those that it looked at. Later wires
/// answer.
async fn going_away(streams: usize, last: u32) -> ScriptedPeer {
    let answers: Vec<_> = (1..=last).step_by(2).map(|stream| frames::answer(stream, "old wire")).collect();
    let going = Script::new()
        .read_preface()
        .send(frames::settings(&[]))
        .read_streams(streams)
        .send(frames::goaway(last, Reason::NO_ERROR))
        .send(answers.concat())
        .keep();
    let serving = Script::new().read_preface().send(frames::settings(&[]));
    let serving = (0..streams as u32)
        .fold(serving, |script, n| script.read_streams(n as usize + 1).send(frames::answer(2 * n + 1, "new wire")));
    ScriptedPeer::start_with_default(vec![going], serving.keep()).await
}

#[tokio::test]
async fn rfc9113_6_8_streams_up_to_the_last_id_finish_and_those_above_go_to_a_new_wire() {
    for method in [Method::GET, Method::POST] {
        let scene = Scene::of(going_away(3, 1).await, without_resends());
        let mut requests = Vec::new();
        for _ in 0..3 {
            let request = scene.request(method.clone());
            request.send(if method == Method::POST { "body" } else { "" }).await.unwrap();
            requests.push(request);
        }
        // The order in which requests became streams is theirs; which of them the server looked at, the answers tell.
        let mut answers = Vec::new();
        for request in &requests {
            answers.push(String::from_utf8(answered(request).await.unwrap()).unwrap());
        }
        answers.sort();
        assert_eq!(answers, ["new wire", "new wire", "old wire"]);
        for request in &requests {
            request.close().await.unwrap();
            scene.recorder.wait_for_closing(request.id()).await;
            assert_eq!(scene.recorder.count_of(request.id(), "SendRequestComplete"), 1);
        }
        let again = scene.recorder.count(
            |status| matches!(status, Status::Retrying { error, .. } if error.wire_state() == WireState::RefusedByPeer),
        );
        assert_eq!((again, scene.peer.connections()), (2, 2));
        scene.end().await;
    }
}

#[tokio::test]
async fn rfc9113_8_7_a_body_that_cannot_be_given_twice_is_refused_with_a_word() {
    let scene = Scene::of(going_away(1, 0).await, builder());
    let request = scene.request(Method::POST);
    request.send(Payload::chunked()).await.unwrap();
    // Which of the two hears of it is a matter of time.
    let written = async {
        request.write("once").await?;
        answered(&request).await
    };
    let error = scene.recorder.failure(request.id(), patiently("the end", written).await);
    assert_eq!(error.wire_state(), WireState::RefusedByPeer);
    assert!(error.is_retryable(), "{error}");
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_6_8_new_requests_go_to_a_new_wire_while_the_old_one_finishes() {
    let gate = Gate::new();
    let held = gate.clone();
    let scene = Http2Scene::with(move |request| match request.path() {
        "/held" => Reply::ok("late").held(&held).into(),
        _ => Reply::ok("ok").into(),
    })
    .await;
    let old = scene.sent("/held").await;
    scene.origin.wait_for_requests(1).await;
    scene.origin.go_away();
    // It has seen the first GOAWAY: the ping that it answers comes after it.
    scene.origin.wait_for_frame(0, |frame| frame.kind == Kind::Ping && frame.is_ack()).await;
    for _ in 0..3 {
        assert_eq!(scene.text("/new").await.unwrap(), "ok");
    }
    assert_eq!(scene.origin.connections(), 2);
    gate.open();
    assert_eq!(answered(&old).await.unwrap(), b"late");
    // Nobody needs it any more.
    scene.origin.wait_for_end(0).await;
    let connections: Vec<_> = scene.origin.log().iter().map(|visit| visit.connection).collect();
    assert_eq!(connections, [1, 2, 2, 2]);
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_6_8_a_server_that_goes_away_all_the_time_fails_no_request() {
    let count = AtomicUsize::new(0);
    let scene = Http2Scene::with(move |_| {
        let answer = Answer::from(Reply::ok("ok"));
        if count.fetch_add(1, Ordering::Relaxed) % 10 == 9 { answer.going_away() } else { answer }
    })
    .await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let (session, url) = (scene.session.clone(), scene.origin.url("/"));
        calls.spawn(async move { session.get(url)?.send().await?.text().await });
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap().unwrap(), "ok");
    }
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_7_a_refused_stream_is_sent_again_whatever_its_method() {
    for method in [Method::GET, Method::POST] {
        let first = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&first);
        let origin = Http2Origin::start(move |request| match seen.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::refused(),
            _ => Reply::ok(request.body.clone()).into(),
        });
        let scene = Http2Scene::of(origin.await, without_resends());
        let request = scene.request(method, "/");
        request.send("the body").await.unwrap();
        assert_eq!(patiently("the answer", answered(&request)).await.unwrap(), b"the body");
        scene.recorder.wait_for_status(request.id(), "Retrying").await;
        assert_eq!(scene.origin.log().len(), 2);
        scene.end().await;
    }
}

#[tokio::test]
async fn rfc9113_8_7_a_server_that_refuses_for_ever_is_asked_a_few_times() {
    let scene = Http2Scene::with(|_| Answer::refused()).await;
    let request = scene.sent("/").await;
    let error = scene.recorder.failure(request.id(), patiently("the end", request.receive_response()).await);
    assert_eq!((error.wire_state(), error.blame()), (WireState::RefusedByPeer, Blame::Peer));
    assert!((2..=10).contains(&scene.origin.log().len()), "{} times", scene.origin.log().len());
    scene.end().await;
}

/// A reused wire on which a request is under way that the server has looked at.
async fn looked_at(method: Method) -> (Http2Scene, Request) {
    let gate = Gate::new();
    let scene = Http2Scene::with(move |request| match request.path() {
        "/held" => Reply::ok("late").held(&gate).into(),
        _ => Reply::ok("ok").into(),
    })
    .await;
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let request = scene.request(method, "/held");
    request.send("body").await.unwrap();
    scene.origin.wait_for_requests(2).await;
    (scene, request)
}

#[tokio::test]
async fn d2_a_post_that_was_looked_at_is_not_sent_again() {
    for break_off in [true, false] {
        let (scene, request) = looked_at(Method::POST).await;
        let receiving = receiving(&request);
        if break_off {
            scene.origin.break_off(Reason::ENHANCE_YOUR_CALM)
        } else {
            scene.origin.cut()
        }
        let error = scene.recorder.failure(request.id(), patiently("the end", receiving).await.unwrap());
        assert_ne!(error.wire_state(), WireState::RefusedByPeer, "{error}");
        assert!(matches!(error.blame(), Blame::Peer | Blame::Network), "{error}");
        if break_off {
            assert!(error.to_string().contains("ENHANCE_YOUR_CALM"), "{error}");
        } else {
            assert_eq!(error.code(), ErrorCode::ConnectionError);
        }
        assert_eq!(scene.origin.log().len(), 2);
        assert_eq!(scene.text("/next").await.unwrap(), "ok", "a new wire");
        assert_eq!(scene.origin.connections(), 2);
        scene.end().await;
    }
}

#[tokio::test]
async fn d2_an_idempotent_request_on_a_reused_wire_that_was_cut_is_sent_again() {
    let (scene, request) = looked_at(Method::PUT).await;
    let receiving = receiving(&request);
    scene.origin.cut();
    scene.recorder.wait_for_status(request.id(), "Retrying").await;
    scene.origin.wait_for_requests(3).await;
    request.cancel();
    let error = scene.recorder.failure(request.id(), patiently("the end", receiving).await.unwrap());
    assert!(error.is_cancelled(), "{error}");
    assert_eq!(scene.origin.connections(), 2);
    scene.end().await;
}
