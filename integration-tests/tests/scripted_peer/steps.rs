//! Steps in the clear.

use std::time::Duration;

use hinternet::{Blame, Error, ErrorCode, Http2Options, Method, Protocols, Session, Stage, Timeouts};
use integration_tests::Gate;
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::scene::{Scene, read_all, sending};
use integration_tests::scripted_peer::{Ending, Script, ScriptedPeer, Split, Wanted};

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const CLOSING: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";

/// What a GET comes to, and how the script of its wire ended.
async fn body(script: Script) -> (Result<Vec<u8>, Error>, Scene) {
    let scene = Scene::with(script).await;
    let request = scene.sent().await;
    let read = async {
        request.receive_response().await?;
        read_all(&request).await
    };
    let read = match read.await {
        Ok(body) => Ok(body),
        failed => Err(scene.recorder.failure(request.id(), failed)),
    };
    (read, scene)
}

async fn delivered(script: Script) -> Vec<u8> {
    let (read, scene) = body(script).await;
    scene.end().await;
    read.expect("the answer is good")
}

async fn failed(script: Script) -> Error {
    let (read, scene) = body(script).await;
    scene.end().await;
    read.expect_err("the answer is bad")
}

#[tokio::test]
async fn send_and_repeat_are_what_the_client_reads() {
    assert_eq!(delivered(Script::new().read_request().send(ANSWER).keep()).await, b"hello");
    assert_eq!(delivered(Script::new().read_request().send(HEAD).repeat("abc", 3).keep()).await, b"abcabcabc");
}

#[tokio::test]
async fn drip_and_wait_only_take_time() {
    let tick = Duration::from_millis(1);
    let script = Script::new().read_request().wait(tick).drip(ANSWER, tick).keep();
    assert_eq!(delivered(script).await, b"hello");
}

#[tokio::test]
async fn no_split_is_seen_by_the_client() {
    for split in [Split::Whole, Split::OneOctet, Split::Twenty, Split::Seeded(7)] {
        assert_eq!(
            delivered(Script::new().read_request().send(ANSWER).keep().split(split)).await,
            b"hello",
            "{split:?}"
        );
    }
    let scene = Scene::of(
        ScriptedPeer::start((1..CLOSING.len()).map(|at| answering_once(Split::EveryOffset(at))).collect()).await,
        Session::builder(),
    );
    for at in 1..CLOSING.len() {
        let request = scene.reading().await;
        assert_eq!(read_all(&request).await.unwrap(), b"hello", "cut at {at}");
    }
    assert_eq!(scene.peer.connections(), CLOSING.len() - 1);
    scene.end().await;
}

fn answering_once(split: Split) -> Script {
    Script::answering_once(CLOSING).split(split)
}

#[tokio::test]
async fn what_is_read_of_a_request_is_what_the_client_sends() {
    let script =
        Script::new().read_until("\r\n").read_head().read_exactly(4).send(ANSWER).read_request().send(ANSWER).keep();
    let scene = Scene::with(script).await;
    for _ in 0..2 {
        let request = scene.request(Method::POST);
        request.send("body").await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"hello");
    }
    assert_eq!(scene.peer.connections(), 1);
    assert_eq!(scene.peer.requests()[0].body, "body");
    assert!(scene.peer.received(0).starts_with(b"POST / HTTP/1.1\r\n"));
    scene.end().await;
}

#[tokio::test]
async fn a_close_in_the_middle_is_a_body_cut_short() {
    let error = failed(Script::new().read_request().send(HEAD).send("abc").close()).await;
    assert_eq!((error.code(), error.stage(), error.blame()), (ErrorCode::ConnectionError, Stage::Body, Blame::Network));
    let (read, scene) = body(Script::new().read_request().send(ANSWER).close()).await;
    assert_eq!(read.unwrap(), b"hello");
    assert_eq!(scene.peer.wait_for_end(0).await, Ending::Played);
    scene.end().await;
}

#[tokio::test]
async fn a_reset_is_told_by_the_network() {
    let sent = Gate::new();
    let scene = Scene::with(Script::new().read_request().send(HEAD).send("abc").hold(&sent).reset()).await;
    let request = scene.reading().await;
    assert_eq!(request.read().await.unwrap(), "abc");
    sent.open();
    let error = scene.recorder.failure(request.id(), request.read().await);
    assert_eq!(error.code(), ErrorCode::ConnectionError);
    assert!(std::error::Error::source(&error).is_some(), "{error}");
    drop(request);
    scene.end().await;
}

#[tokio::test]
async fn who_stops_reading_holds_up_an_upload_until_time_runs_out() {
    let peer = ScriptedPeer::always(Script::new().read_head().stop_reading()).await;
    let mut timeouts = Timeouts::default();
    timeouts.send = Some(Duration::from_millis(100));
    let scene = Scene::of(peer, Session::builder().timeouts(timeouts));
    let request = scene.request(Method::POST);
    // More than all buffers of the way hold.
    let error = scene.recorder.failure(request.id(), request.send(vec![b'x'; 64 << 20]).await);
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.stage(), Stage::SendBody);
    drop(request);
    scene.end().await;
}

#[tokio::test]
async fn gates_tie_the_script_to_the_test() {
    let (asked, may_answer) = (Gate::new(), Gate::new());
    let scene = Scene::with(Script::new().read_request().signal(&asked).hold(&may_answer).send(ANSWER).again()).await;
    for _ in 0..2 {
        let request = scene.request(Method::GET);
        let sending = sending(&request, ());
        asked.passed().await;
        may_answer.open();
        sending.await.unwrap().unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"hello");
    }
    // Again: the script began anew on the same wire.
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn frames_are_waited_for_and_sent() {
    let script = Script::new()
        .read_preface()
        .send(frames::settings(&[]))
        .read_frames(Wanted::Of(Kind::Headers), 1)
        .send(frames::answer(1, "hello"))
        .read_frames(Wanted::Ack(Kind::Settings), 1)
        .answering_pings()
        .keep();
    let mut http2 = Http2Options::default();
    http2.ping_after = None;
    let builder = Session::builder().protocols(Protocols::RequireHttp2).http2(http2);
    let scene = Scene::of(ScriptedPeer::always(script).await, builder);
    let request = scene.reading().await;
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    scene.peer.wait_for_frame(0, |frame| frame.kind == Kind::Settings && frame.is_ack()).await;
    scene.end().await;
}
