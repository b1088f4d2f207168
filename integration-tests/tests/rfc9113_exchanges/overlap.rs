//! Contract B.10, B.5, B.7: what ends one of two calls that overlap, and what becomes of the other.

use std::io;
use std::task::Poll;

use futures_util::{Stream, stream};
use hinternet::{Blame, Bytes, ErrorCode, HeaderMap, Method, Operation, Payload, Request, Session, Waiting};
use integration_tests::http2_origin::{Http2Scene, Reason, builder};
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::scene::{Scene, receiving, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Wanted};
use integration_tests::{Gate, dropped_after, patiently};
use tokio::task::{JoinHandle, yield_now};

use super::duplex::{echoing, saying, spoken};

type Call<T> = JoinHandle<hinternet::Result<T>>;

fn reading(request: &Request) -> Call<Bytes> {
    let request = request.clone();
    tokio::spawn(async move { request.read().await })
}

fn writing(request: &Request, data: Vec<u8>) -> Call<()> {
    let request = request.clone();
    tokio::spawn(async move { request.write(data).await })
}

/// A head, and nothing more: what is sent is never answered, and soon there is no room for it either.
async fn silent() -> Scene {
    saying(frames::response(1, 200, false)).await
}

const LARGE: usize = 1 << 20;

/// A read and a write in flight, which nothing ends.
async fn both_in_flight() -> (Scene, Request, Call<Bytes>, Call<()>) {
    let scene = silent().await;
    let request = scene.request(Method::POST);
    request.send(Payload::duplex()).await.unwrap();
    patiently("the head", request.receive_response()).await.unwrap();
    let (reading, writing) = (reading(&request), writing(&request, vec![b'x'; LARGE]));
    scene.peer.wait_for_frame(0, |frame| frame.kind == Kind::Data).await;
    // The read was posted before the write, which has begun.
    (scene, request, reading, writing)
}

/// Both have failed with this code, each once, and the stream was reset.
async fn both_failed(scene: &Scene, request: &Request, code: ErrorCode, reading: Call<Bytes>, writing: Call<()>) {
    let read = scene.recorder.failure(request.id(), patiently("the read", reading).await.unwrap());
    let written = scene.recorder.failure(request.id(), patiently("the write", writing).await.unwrap());
    assert_eq!((read.code(), read.operation()), (code, Operation::Read), "{read}");
    assert_eq!((written.code(), written.operation()), (code, Operation::Write), "{written}");
}

/// The end of a request of which two operations have failed, and no more.
async fn ends(scene: Scene, request: Request) {
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(request.id()).await;
    assert_eq!(scene.recorder.count_of(request.id(), "RequestError"), 2);
    scene.end().await;
}

#[tokio::test]
async fn b10_a_second_call_of_either_side_is_refused_with_12019() {
    let (scene, request, reading, writing) = both_in_flight().await;
    let refused = |error: hinternet::Error| assert!(error.is_incorrect_state(), "{error}");
    refused(scene.recorder.refusal(request.id(), request.read().await));
    refused(scene.recorder.refusal(request.id(), request.query_data_available().await));
    refused(scene.recorder.refusal(request.id(), request.receive_response().await));
    refused(scene.recorder.refusal(request.id(), request.write("more").await));
    refused(scene.recorder.refusal(request.id(), request.finish(HeaderMap::new()).await));
    refused(scene.recorder.refusal(request.id(), request.send(()).await));
    refused(scene.recorder.refusal(request.id(), request.add_header("x-late", "1")));
    assert_eq!(request.head().unwrap().status(), 200);
    request.cancel();
    both_failed(&scene, &request, ErrorCode::OperationCancelled, reading, writing).await;
    ends(scene, request).await;
}

#[tokio::test]
async fn b7_cancel_stops_both() {
    let (scene, request, reading, writing) = both_in_flight().await;
    request.cancel();
    both_failed(&scene, &request, ErrorCode::OperationCancelled, reading, writing).await;
    scene.peer.wait_for_frame(0, |frame| frame.resets(Reason::CANCEL)).await;
    assert!(request.is_open());
    ends(scene, request).await;
}

#[tokio::test]
async fn b5_close_ends_both() {
    let (scene, request, reading, writing) = both_in_flight().await;
    request.close().await.unwrap();
    both_failed(&scene, &request, ErrorCode::OperationCancelled, reading, writing).await;
    scene.peer.wait_for_frame(0, |frame| frame.resets(Reason::CANCEL)).await;
    ends(scene, request).await;
}

#[tokio::test]
async fn b5_closing_a_parent_ends_both_with_6() {
    let (scene, request, reading, writing) = both_in_flight().await;
    scene.connection.close().await.unwrap();
    both_failed(&scene, &request, ErrorCode::InvalidHandle, reading, writing).await;
    ends(scene, request).await;
}

#[tokio::test]
async fn b7_a_write_that_is_dropped_cancels_both() {
    let (scene, request, reading, writing) = both_in_flight().await;
    writing.abort();
    let read = scene.recorder.failure(request.id(), patiently("the read", reading).await.unwrap());
    assert_eq!(read.code(), ErrorCode::OperationCancelled, "{read}");
    scene.peer.wait_for_frame(0, |frame| frame.resets(Reason::CANCEL)).await;
    ends(scene, request).await;
}

#[tokio::test]
async fn b10_a_stream_that_is_reset_ends_both() {
    let begun = [frames::response(1, 200, false), frames::data(1, "begun", false)].concat();
    let both = Gate::new();
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(begun);
    let script = script.read_frames(Wanted::Of(Kind::Data), 1).hold(&both).send(frames::rst(1, Reason::INTERNAL_ERROR));
    let scene = Scene::of(ScriptedPeer::always(script.keep()).await, builder());
    scene.recorder.sending_and_receiving_overlap();
    let request = scene.request(Method::POST);
    request.send(Payload::duplex()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(request.read().await.unwrap(), "begun");
    let (reading, writing) = (reading(&request), writing(&request, vec![b'x'; LARGE]));
    scene.peer.wait_for_frame(0, |frame| frame.kind == Kind::Data).await;
    both.open();
    both_failed(&scene, &request, ErrorCode::ConnectionError, reading, writing).await;
    // Whatever is asked afterwards has the same reason.
    let late = request.read().await.unwrap_err();
    assert_eq!((late.code(), late.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{late}");
    ends(scene, request).await;
}

#[tokio::test]
async fn b10_a_body_that_fails_fails_the_response_too() {
    let scene = echoing().await;
    let (say, pieces) = spoken();
    let request = scene.request(Method::POST, "/");
    let sending = sending(&request, Payload::stream(pieces));
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    patiently("the head", request.receive_response()).await.unwrap();
    let reading = reading(&request);
    say.send(Ok("hello".into())).unwrap();
    assert_eq!(patiently("the echo", reading).await.unwrap().unwrap(), "hello");
    let reading = self::reading(&request);
    // One that came later would be refused by what has happened, and not fail with it.
    let is_read = async || request.why_waiting().await == Some(Waiting::Server);
    patiently("the read", async {
        while !is_read().await {
            yield_now().await
        }
    })
    .await;
    say.send(Err(io::Error::other("the source is dry"))).unwrap();
    let sent = scene.recorder.failure(request.id(), patiently("the send", sending).await.unwrap());
    let read = scene.recorder.failure(request.id(), patiently("the read", reading).await.unwrap());
    for error in [&sent, &read] {
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, Blame::Caller), "{error}");
        assert!(error.to_string().contains("the source is dry"), "{error}");
    }
    assert_eq!((sent.operation(), read.operation()), (Operation::Send, Operation::Read));
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 1);
    scene.end().await;
}

#[tokio::test]
async fn b10_a_body_that_fails_on_the_paved_path_is_told_by_the_response() {
    let scene = echoing().await;
    let (say, pieces) = spoken();
    let call = scene.session.post(scene.origin.url("/")).unwrap().body(Payload::stream(pieces)).send();
    let mut response = patiently("the head", call).await.unwrap();
    say.send(Err(io::Error::other("the source is dry"))).unwrap();
    let request = response.handle().id();
    scene.recorder.wait_for_status(request, "RequestError").await;
    let error = patiently("the chunk", response.chunk()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
    assert!(error.to_string().contains("the source is dry"), "{error}");
    assert_eq!(scene.origin.wait_for_reset(0, Reason::CANCEL).await, 1);
    drop(response);
    scene.end().await;
}

#[tokio::test]
async fn b7_cancel_stops_a_send_beside_which_a_response_is_received() {
    let scene = saying("").await;
    let (say, pieces) = spoken();
    let request = scene.request(Method::POST);
    let sending = sending(&request, Payload::stream(pieces));
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    let receiving = receiving(&request);
    scene.recorder.wait_for_status(request.id(), "ReceivingResponse").await;
    request.cancel();
    for error in [
        scene.recorder.failure(request.id(), patiently("the send", sending).await.unwrap()),
        scene.recorder.failure(request.id(), patiently("the head", receiving).await.unwrap()),
    ] {
        assert!(error.is_cancelled(), "{error}");
    }
    patiently("the stream to be dropped", say.closed()).await;
    ends(scene, request).await;
}

/// A body that does this with the session when it is woken by the head.
fn that_does(
    session: &Session,
    head: &Gate,
    deed: impl Fn(&Session) + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (session, head, mut done) = (session.clone(), head.clone(), false);
    stream::poll_fn(move |_| {
        if head.is_open() && !std::mem::replace(&mut done, true) {
            deed(&session);
        }
        Poll::Pending
    })
}

/// The paved path comes to its end while its request is stopped: how, and in which order that is told.
async fn stopped_at_the_end(deed: impl Fn(&Session) + Clone + Send + 'static) {
    for n in 0..100 {
        let head = Gate::new();
        // Whatever else wakes the body has come before the head is sent.
        let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
        let script = script.send(frames::ping(*b"hinternt")).read_frames(Wanted::Ack(Kind::Ping), 1);
        let script = script.signal(&head).send(frames::response(1, 200, false)).keep();
        let scene = Scene::of(ScriptedPeer::always(script).await, builder());
        scene.recorder.sending_and_receiving_overlap();
        let body = that_does(&scene.session, &head, deed.clone());
        let calling = tokio::spawn(scene.session.post(scene.peer.url("/")).unwrap().body(Payload::stream(body)).send());
        let called = patiently("the call", calling).await.unwrap();
        let request = scene.recorder.request(0).await;
        let names = match called {
            Ok(response) => {
                scene.recorder.wait_for_status(request, "RequestError").await;
                drop(response);
                scene.recorder.names(request)
            }
            // It was woken by something else before.
            Err(_) if n < 99 => {
                scene.end().await;
                continue;
            }
            Err(error) => panic!("it never came to its end: {error}"),
        };
        let place = |name: &str| names.iter().position(|told| *told == name).unwrap();
        assert!(place("WireReleased") < place("RequestError"), "{names:?}");
        return scene.end().await;
    }
}

#[tokio::test]
async fn c9_of_a_send_that_is_cancelled_between_flight_and_actor_is_told_behind_its_wire() {
    stopped_at_the_end(Session::cancel).await;
}

#[tokio::test]
async fn c9_of_a_send_that_is_closed_between_flight_and_actor_is_told_behind_its_wire() {
    stopped_at_the_end(|session| drop(session.close())).await;
}

/// Runs with every count of polls after which a call can be given up, until no call is.
async fn for_every_poll(mut run: impl AsyncFnMut(&Http2Scene, usize) -> bool) {
    let scene = echoing().await;
    let mut polls = 0;
    while patiently("a run", run(&scene, polls)).await {
        // One by one for as many as a machine needs that has nothing else to do. On a busy one a poll may find nothing any number of
        // times: from there on the steps grow, so that they come to an end.
        polls += 1 + polls / 1_000 * 1_000;
    }
    scene.end().await;
}

#[tokio::test]
async fn b7_calls_that_receive_are_given_up_at_any_poll_and_lose_nothing_while_others_send() {
    for_every_poll(async |scene, polls| {
        let request = scene.request(Method::POST, "/");
        request.send(Payload::duplex()).await.unwrap();
        let writer = {
            let request = request.clone();
            tokio::spawn(async move {
                for n in 0..20 {
                    request.write(format!("message {n:>2}, ").repeat(100)).await.unwrap();
                }
                request.finish(HeaderMap::new()).await.unwrap();
            })
        };
        let expected: String = (0..20).map(|n| format!("message {n:>2}, ").repeat(100)).collect();
        let mut given_up = dropped_after(polls, request.receive_response()).await.is_none();
        if given_up {
            request.receive_response().await.unwrap();
        }
        let mut read = Vec::new();
        loop {
            // Once in vain, as far as that goes, and once in earnest.
            let piece = match dropped_after(polls, request.read_at_most(777)).await {
                Some(piece) => piece,
                None => {
                    given_up = true;
                    request.read_at_most(777).await
                }
            };
            let piece = piece.unwrap();
            if piece.is_empty() {
                break;
            }
            read.extend_from_slice(&piece);
        }
        assert!(read == expected.as_bytes(), "after {polls} polls: {} octets", read.len());
        writer.await.unwrap();
        given_up
    })
    .await;
}

#[tokio::test]
async fn b7_calls_that_send_are_given_up_at_any_poll_and_end_both() {
    for_every_poll(async |scene, polls| {
        let (say, pieces) = spoken();
        say.send(Ok(Bytes::from_static(b"hello"))).unwrap();
        let request = scene.request(Method::POST, "/");
        let sending = {
            let (request, payload) = (request.clone(), Payload::stream(pieces));
            tokio::spawn(async move { dropped_after(polls, request.send(payload)).await })
        };
        let error = loop {
            let received = async {
                request.receive_response().await?;
                request.read_exact(6).await
            };
            match received.await {
                // It is refused until the head has gone out.
                Err(error) if error.is_incorrect_state() && !sending.is_finished() => tokio::task::yield_now().await,
                received => break received.expect_err("only five octets were sent"),
            }
        };
        assert!(error.is_cancelled() || error.is_incorrect_state(), "{error}");
        assert!(patiently("the end", sending).await.unwrap().is_none());
        patiently("the stream to be dropped", say.closed()).await;
        drop(request);
        polls < 40
    })
    .await;
}
