//! What is sent again unseen and what never is, and an answer that comes before the body is through (contract D.2, D.4).

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hinternet::{Error, ErrorCode, Method, Payload, Request, ResponseHead, Session, Status, WireState};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all, receiving};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, dropped_after, patiently};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const TOO_LARGE: &str = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 4\r\nconnection: close\r\n\r\ntoo!";

/// A wire that serves one request, takes a second one, and ends without a word; new ones serve.
async fn dies_on_the_second(builder: hinternet::SessionBuilder) -> Scene {
    let dying = Script::new().read_request().send(HELLO).read_request().close();
    let peer = ScriptedPeer::start_with_default(vec![dying], Script::answering(HELLO)).await;
    let scene = Scene::of(peer, builder);
    read_all(&scene.reading().await).await.unwrap();
    scene
}

async fn answered(request: &Request) -> Result<(), Error> {
    request.receive_response().await?;
    assert_eq!(read_all(request).await?, b"hello");
    Ok(())
}

/// Closes the request and looks how often its subscribers were told of a resend.
async fn retries(scene: &Scene, request: &Request) -> usize {
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(request.id()).await;
    scene.recorder.count_of(request.id(), "Retrying")
}

#[tokio::test]
async fn d2_an_idempotent_request_is_sent_again_and_its_subscribers_are_told() {
    for (method, body) in [(Method::GET, ""), (Method::PUT, "the body"), (Method::DELETE, "")] {
        let scene = dies_on_the_second(Session::builder()).await;
        let request = scene.request(method.clone());
        request.send(body).await.unwrap();
        answered(&request).await.unwrap();

        let told = scene.recorder.wait_for_status(request.id(), "Retrying").await;
        let Status::Retrying { attempt, error, .. } = told.status else { unreachable!() };
        assert_eq!((attempt, error.code()), (2, ErrorCode::ConnectionError));
        request.close().await.unwrap();
        scene.recorder.wait_for_closing(request.id()).await;
        assert_eq!(scene.recorder.count_of(request.id(), "SendRequestComplete"), 1, "one send, one completion");
        assert_eq!(scene.recorder.count_of(request.id(), "SendingRequest"), 2);
        assert_eq!(scene.recorder.count_of(request.id(), "RequestError"), 0);

        let sent = scene.peer.requests();
        let [_, first, again] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!((&first.head, &first.body), (&again.head, &again.body), "the very same");
        assert_eq!(scene.peer.connections(), 2);
        scene.end().await;
    }
}

#[tokio::test]
async fn d2_the_paved_path_resends_by_the_same_rule() {
    let scene = dies_on_the_second(Session::builder()).await;
    let response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), "hello");
    assert_eq!(scene.peer.requests().len(), 3);
    scene.end().await;
}

/// A send on a wire that dies, whose failure is the caller's.
async fn fails(scene: Scene, method: Method, payload: Payload, expected: WireState) {
    let request = scene.request(method);
    request.send(payload).await.unwrap();
    let error = scene.recorder.failure(request.id(), patiently("the end", request.receive_response()).await);
    assert_eq!((error.code(), error.wire_state()), (ErrorCode::ConnectionError, expected));
    assert_eq!(retries(&scene, &request).await, 0);
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn d2_a_post_that_may_have_been_seen_is_not_sent_again() {
    fails(dies_on_the_second(Session::builder()).await, Method::POST, "body".into(), WireState::BodySent).await;
    fails(dies_on_the_second(Session::builder()).await, Method::PATCH, ().into(), WireState::BodySent).await;
}

#[tokio::test]
async fn d2_a_body_that_cannot_be_given_twice_is_not_sent_again() {
    let once = Payload::stream(stream::once(async { Ok(Bytes::from_static(b"once")) }));
    fails(dies_on_the_second(Session::builder()).await, Method::PUT, once, WireState::BodySent).await;
    fails(dies_on_the_second(Session::builder()).await, Method::PUT, Payload::chunked(), WireState::BodySent).await;
}

#[tokio::test]
async fn d2_nothing_is_sent_again_with_resends_0() {
    let mut options = hinternet::RequestOptions::default();
    options.resends = 0;
    let scene = dies_on_the_second(Session::builder().request_options(options)).await;
    fails(scene, Method::GET, ().into(), WireState::BodySent).await;
}

#[tokio::test]
async fn d2_nothing_is_sent_again_on_a_wire_that_was_new() {
    let peer =
        ScriptedPeer::start_with_default(vec![Script::new().read_request().close()], Script::answering(HELLO)).await;
    fails(Scene::of(peer, Session::builder()), Method::GET, ().into(), WireState::BodySent).await;
}

#[tokio::test]
async fn d2_nothing_is_sent_again_after_an_octet_of_an_answer() {
    for octets in ["H", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
        let dying = Script::new().read_request().send(HELLO).read_request().send(octets).close();
        let peer = ScriptedPeer::start_with_default(vec![dying], Script::answering(HELLO)).await;
        let scene = Scene::of(peer, Session::builder());
        read_all(&scene.reading().await).await.unwrap();
        fails(scene, Method::GET, ().into(), WireState::ResponseStarted).await;
    }
}

#[tokio::test]
async fn d2_a_request_is_sent_again_once() {
    let dying = Script::new().read_request().send(HELLO).read_request().close();
    let peer =
        ScriptedPeer::start_with_default(vec![dying.clone(), dying.clone()], Script::new().read_request().close());
    let scene = Scene::of(peer.await, Session::builder());
    // Two idle wires that will die, and no third that would live.
    let (first, second) = (scene.sent().await, scene.sent().await);
    for request in [&first, &second] {
        answered(request).await.unwrap();
    }
    assert_eq!(scene.peer.connections(), 2);
    let request = scene.sent().await;
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_eq!(error.code(), ErrorCode::ConnectionError);
    assert_eq!(retries(&scene, &request).await, 1, "not on the other old wire, and not twice");
    assert_eq!(scene.peer.connections(), 3, "the second attempt had a new wire");
    scene.end().await;
}

#[tokio::test]
async fn d2_an_idle_wire_that_ended_before_is_not_even_tried() {
    let peer = ScriptedPeer::start_with_default(
        vec![Script::new().read_request().send(HELLO).close()],
        Script::answering(HELLO),
    );
    let scene = Scene::of(peer.await, Session::builder());
    read_all(&scene.reading().await).await.unwrap();
    // The connection handle hears of it when its idle wire is found closed.
    scene.recorder.wait_for_status(scene.connection.id(), "ConnectionClosed").await;
    let post = scene.request(Method::POST);
    post.send("once").await.unwrap();
    answered(&post).await.unwrap();
    assert_eq!(retries(&scene, &post).await, 0);
    scene.end().await;
}

/// Drops a `receive_response` inside which the request is sent again, after every count of polls. Everything is on one
/// thread, so that these pass through every place where the resend can be.
fn dropped_anywhere(then: impl AsyncFn(&Scene, &Request)) {
    actix::System::new().block_on(async {
        let mut in_the_middle = 0;
        for polls in 0..1000 {
            let scene = dies_on_the_second(Session::builder().on_current_arbiter()).await;
            let request = scene.sent().await;
            let came = dropped_after(polls, request.receive_response()).await.is_some();
            in_the_middle += usize::from(scene.peer.connections() > 1 && request.head().is_err());
            if !came {
                patiently("what follows", then(&scene, &request)).await;
            }
            scene.end().await;
            if came {
                assert!(in_the_middle > 0, "no call was given up while the request was being sent again");
                return;
            }
        }
        panic!("there is no end to the polls");
    });
}

#[test]
fn d2_a_resend_survives_that_its_receive_response_is_dropped_at_any_poll() {
    dropped_anywhere(async |scene, request| {
        answered(request).await.unwrap();
        assert_eq!(retries(scene, request).await, 1);
        assert_eq!(scene.recorder.count_of(request.id(), "SendRequestComplete"), 1, "one send, one completion");
    });
}

#[test]
fn d2_cancel_ends_a_resend_whose_receive_response_was_dropped_at_any_poll() {
    dropped_anywhere(async |scene, request| {
        let has_come = request.head().is_ok();
        request.cancel();
        if !has_come {
            let error = request.receive_response().await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::OperationCancelled);
            assert!(retries(scene, request).await <= 1);
            assert!(scene.recorder.count_of(request.id(), "SendingRequest") <= 2, "it was not sent once more");
        }
    });
}

/// A request that is being sent again, inside a `receive_response`, to a peer that takes the head and nothing more.
async fn stuck_in_its_resend() -> (Scene, Request, JoinHandle<hinternet::Result<Arc<ResponseHead>>>) {
    stuck_until(&Gate::new()).await
}

/// The same, to a peer that takes the rest behind the gate.
async fn stuck_until(gate: &Gate) -> (Scene, Request, JoinHandle<hinternet::Result<Arc<ResponseHead>>>) {
    let head_came = Gate::new();
    let dying = Script::new().read_request().send(HELLO).read_head().read_exactly(LARGE).close();
    let stuck = Script::new().read_head().signal(&head_came).hold(gate).read_exactly(LARGE).send(HELLO).keep();
    let answering = Script::new().read_head().read_exactly(LARGE).send(HELLO).keep();
    let peer = ScriptedPeer::start(vec![dying, stuck, answering]).await;
    let scene = Scene::of(peer, Session::builder());
    read_all(&scene.reading().await).await.unwrap();
    let request = scene.request(Method::PUT);
    request.send(vec![b'x'; LARGE]).await.unwrap();
    let receiving = receiving(&request);
    head_came.passed().await;
    (scene, request, receiving)
}

#[tokio::test]
async fn d2_a_resend_that_was_dropped_in_the_middle_of_its_body_goes_on_where_it_was() {
    let gate = Gate::new();
    let (scene, request, receiving) = stuck_until(&gate).await;
    receiving.abort();
    assert!(receiving.await.unwrap_err().is_cancelled());
    gate.open();
    patiently("the answer", answered(&request)).await.unwrap();
    assert_eq!(scene.peer.connections(), 2, "it was told once that it is sent again");
    assert!(scene.peer.received(0).ends_with(&scene.peer.received(1)), "the very same");
    assert_eq!(retries(&scene, &request).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn d2_a_handle_can_be_sent_anew_after_cancel_ended_its_dropped_resend() {
    let (scene, request, receiving) = stuck_in_its_resend().await;
    receiving.abort();
    assert!(receiving.await.unwrap_err().is_cancelled());
    request.cancel();
    let error = request.receive_response().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::OperationCancelled);
    assert_eq!(scene.peer.connections(), 2);
    request.send(vec![b'x'; LARGE]).await.unwrap();
    answered(&request).await.unwrap();
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(request.id()).await;
    assert_eq!(scene.recorder.count_of(request.id(), "RequestError"), 1, "of the call that was dropped");
    scene.end().await;
}

#[tokio::test]
async fn d2_an_error_says_how_far_the_request_had_ever_got_and_not_only_on_its_last_wire() {
    let (scene, request, receiving) = stuck_in_its_resend().await;
    request.cancel();
    let error = scene.recorder.failure(request.id(), receiving.await.unwrap());
    assert_eq!((error.code(), error.wire_state()), (ErrorCode::OperationCancelled, WireState::BodySent));
    scene.end().await;
}

#[tokio::test]
async fn d2_a_request_that_was_sent_is_not_called_unsent_because_its_resend_finds_nobody() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin).unwrap();
    let first = connection.open_request(Method::GET, "/").unwrap();
    let (mut stream, sent) = tokio::join!(async { listener.accept().await.unwrap().0 }, first.send(()));
    sent.unwrap();
    // From here on nobody listens; the wire lives until its second request has come.
    drop(listener);
    read_head(&mut stream).await;
    stream.write_all(HELLO.as_bytes()).await.unwrap();
    answered(&first).await.unwrap();
    let second = connection.open_request(Method::GET, "/").unwrap();
    second.send(()).await.unwrap();
    read_head(&mut stream).await;
    drop(stream);
    let error = recorder.failure(second.id(), second.receive_response().await);
    assert_eq!((error.code(), error.wire_state()), (ErrorCode::CannotConnect, WireState::BodySent));
    recorder.finish(session).await;
}

async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut head).await.unwrap() > 0, "the whole head comes");
    }
}

/// A body larger than any socket's buffers.
const LARGE: usize = 64 << 20;

fn large_stream() -> Payload {
    Payload::stream(stream::iter(0..LARGE >> 16).map(|_| Ok::<_, io::Error>(Bytes::from(vec![b'x'; 1 << 16]))))
}

/// Peers that answer after the first octets of the body: one goes on reading, one closes, one resets.
fn early_answers() -> [Script; 3] {
    let answer = || Script::new().read_head().read_exactly(100).send(TOO_LARGE);
    [answer().keep(), answer().close(), answer().reset()]
}

#[tokio::test]
async fn d4_an_answer_during_a_whole_upload_is_delivered_and_not_the_write_error() {
    for script in early_answers() {
        for payload in [(|| Payload::bytes(vec![b'x'; LARGE])) as fn() -> Payload, large_stream] {
            let peer = ScriptedPeer::start_with_default(vec![script.clone()], Script::answering(HELLO)).await;
            let scene = Scene::of(peer, Session::builder());
            let request = scene.request(Method::POST);
            patiently("the send", request.send(payload())).await.unwrap();
            let head = patiently("the answer", request.receive_response()).await.unwrap();
            assert_eq!(head.status(), 413);
            assert_eq!(read_all(&request).await.unwrap(), b"too!");

            // The wire is not used again.
            request.send(()).await.unwrap();
            answered(&request).await.unwrap();
            assert_eq!(scene.peer.connections(), 2);
            scene.end().await;
        }
    }
}

#[tokio::test]
async fn d4_an_answer_between_writes_is_delivered_and_what_is_written_then_discarded() {
    for script in early_answers() {
        for payload in [Payload::chunked as fn() -> Payload, || Payload::begin("", LARGE as u64)] {
            let scene = Scene::with(script.clone()).await;
            let request = scene.request(Method::POST);
            request.send(payload()).await.unwrap();
            for _ in 0..LARGE >> 20 {
                patiently("a write", request.write(vec![b'x'; 1 << 20])).await.unwrap();
            }
            let head = patiently("the answer", request.receive_response()).await.unwrap();
            assert_eq!(head.status(), 413);
            assert_eq!(read_all(&request).await.unwrap(), b"too!");
            scene.end().await;
        }
    }
}

#[tokio::test]
async fn d4_an_answer_on_the_paved_path_is_delivered_too() {
    for script in early_answers() {
        let scene = Scene::with(script).await;
        let send = scene.session.post(scene.peer.url("/")).unwrap().body(vec![b'x'; LARGE]).send();
        let response = patiently("the answer", send).await.unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(response.bytes().await.unwrap(), "too!");
        scene.end().await;
    }
}

#[tokio::test]
async fn d4_a_success_that_comes_early_does_not_stop_the_upload() {
    let early = Script::new().read_head().send(HELLO).read_until("the end");
    let scene = Scene::with(early.keep()).await;
    let request = scene.request(Method::POST);
    request.send(Payload::chunked()).await.unwrap();
    request.write("a piece").await.unwrap();
    request.write("the end").await.unwrap();
    answered(&request).await.unwrap();
    scene.session.close().await.unwrap();
    scene.peer.wait_for_end(0).await;
    assert!(scene.peer.received(0).ends_with(b"0\r\n\r\n"), "the body was ended");
    scene.end().await;
}
