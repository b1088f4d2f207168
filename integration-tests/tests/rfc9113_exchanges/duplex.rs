//! Contract B.10: over HTTP/2 one call that sends and one that receives may overlap.

use std::io;

use futures_util::{Stream, stream};
use hinternet::{Bytes, HeaderMap, Http2Options, Method, NotificationMask, Payload, Request, Session, SessionBuilder};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, Settings, builder};
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::origin::Reply;
use integration_tests::recorder::Recorder;
use integration_tests::request::Request as Asked;
use integration_tests::scene::{Scene, read_all, receiving, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, Mailbox, patiently};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// As little as a client may take.
fn narrow() -> SessionBuilder {
    let mut http2 = Http2Options::default();
    (http2.stream_window, http2.connection_window, http2.adaptive_window) = (65_535, 65_535, false);
    builder().http2(http2)
}

fn content(octets: usize) -> Bytes {
    (0..octets).map(|n| (n * 7 + n / 251) as u8).collect::<Vec<_>>().into()
}

/// A server that answers each piece as it comes: the recorder is told that sending and receiving may overlap.
pub(crate) async fn echoing() -> Http2Scene {
    let settings = Settings::new().stream_window(10_000).connection_window(65_535).at_head(|_| Some(Answer::echo()));
    let scene = Http2Scene::of(Http2Origin::with(settings, |_| Answer::echo()).await, narrow());
    scene.recorder.sending_and_receiving_overlap();
    scene
}

/// An echo of a stream that is being sent, with its head.
async fn echo(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> (Http2Scene, Request, JoinHandle<hinternet::Result<()>>) {
    let scene = echoing().await;
    let request = scene.request(Method::POST, "/");
    let sending = sending(&request, Payload::stream(pieces));
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    patiently("the head", request.receive_response()).await.unwrap();
    (scene, request, sending)
}

/// A body that a test gives piece by piece.
pub(crate) fn spoken()
-> (mpsc::UnboundedSender<io::Result<Bytes>>, impl Stream<Item = io::Result<Bytes>> + Send + 'static) {
    let (say, said) = mpsc::unbounded_channel::<io::Result<Bytes>>();
    (say, stream::unfold(said, async |mut said| Some((said.recv().await?, said))))
}

#[tokio::test]
async fn b10_each_message_is_answered_before_the_next_is_sent() {
    let (say, pieces) = spoken();
    let (scene, request, sending) = echo(pieces).await;
    for n in 0..10 {
        let message = Bytes::from(format!("message {n}"));
        say.send(Ok(message.clone())).unwrap();
        assert_eq!(patiently("the echo", request.read_exact(message.len())).await.unwrap(), message);
    }
    drop(say);
    assert_eq!(patiently("the end", read_all(&request)).await.unwrap(), b"");
    patiently("the send", sending).await.unwrap().unwrap();
    scene.end().await;
}

#[tokio::test]
async fn b10_more_than_any_window_holds_is_under_way_both_ways() {
    let whole = content(1 << 20);
    let pieces: Vec<_> = whole.chunks(50_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let (scene, request, sending) = echo(stream::iter(pieces)).await;
    assert!(patiently("the echo", read_all(&request)).await.unwrap() == whole);
    patiently("the send", sending).await.unwrap().unwrap();
    scene.end().await;
}

#[tokio::test]
async fn b10_the_paved_path_gives_the_response_while_its_request_is_still_being_sent() {
    let scene = echoing().await;
    let (say, pieces) = spoken();
    let call = scene.session.post(scene.origin.url("/")).unwrap().body(Payload::stream(pieces)).send();
    let mut response = patiently("the head", call).await.unwrap();
    assert_eq!(response.status(), 200);
    for n in 0..10 {
        let message = Bytes::from(format!("message {n}"));
        say.send(Ok(message.clone())).unwrap();
        let mut echoed = Vec::new();
        while echoed.len() < message.len() {
            echoed.extend_from_slice(&patiently("the echo", response.chunk()).await.unwrap().unwrap());
        }
        assert_eq!(echoed, message);
    }
    drop(say);
    assert_eq!(patiently("the end", response.chunk()).await.unwrap(), None);
    let request = response.handle().clone();
    scene.recorder.wait_for_status(request.id(), "SendRequestComplete").await;
    scene.recorder.wait_for_status(request.id(), "WireReleased").await;
    drop((response, request));
    scene.end().await;
}

/// A server that sends this when it has the head of a request, and then listens.
pub(crate) async fn saying(octets: impl Into<Bytes>) -> Scene {
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(octets).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, narrow());
    scene.recorder.sending_and_receiving_overlap();
    scene
}

/// A response whole, with its trailers.
fn answered() -> Vec<u8> {
    let trailers = frames::headers(1, &[("grpc-status", "0")], true);
    [frames::response(1, 200, false), frames::data(1, "done", false), trailers].concat()
}

#[tokio::test]
async fn rfc9113_8_1_a_response_may_end_with_its_trailers_before_its_request() {
    let scene = saying(answered()).await;
    let (say, pieces) = spoken();
    let call = scene.session.post(scene.peer.url("/")).unwrap().body(Payload::stream(pieces)).send();
    let mut response = patiently("the head", call).await.unwrap();
    let request = response.handle().id();
    assert_eq!(patiently("the body", response.chunk()).await.unwrap().unwrap(), "done");
    assert_eq!(patiently("the end", response.chunk()).await.unwrap(), None);
    assert_eq!(response.trailers()["grpc-status"], "0");
    // What is sent now may still be of use to the server, who is told when it ends: with the response.
    say.send(Ok(Bytes::from_static(b"more"))).unwrap();
    scene.peer.wait_for_frame(0, |frame| frame.kind == Kind::Data && frame.length == 4).await;
    drop(response);
    scene.recorder.wait_for_closing(request).await;
    scene.peer.wait_for_frame(0, |frame| frame.resets(Reason::CANCEL)).await;
    patiently("the stream to be dropped", say.closed()).await;
    scene.end().await;
}

#[tokio::test]
async fn rfc9113_8_1_a_server_that_has_answered_may_want_no_more() {
    let answered = [answered(), frames::rst(1, Reason::NO_ERROR).to_vec()].concat();
    let scene = saying(answered).await;
    let (say, pieces) = spoken();
    let call = scene.session.post(scene.peer.url("/")).unwrap().body(Payload::stream(pieces)).send();
    let mut response = patiently("the head", call).await.unwrap();
    // It is no error that the rest is not sent.
    scene.recorder.wait_for_status(response.handle().id(), "SendRequestComplete").await;
    patiently("the stream to be dropped", say.closed()).await;
    assert_eq!(patiently("the body", response.chunk()).await.unwrap().unwrap(), "done");
    assert_eq!(patiently("the end", response.chunk()).await.unwrap(), None);
    assert_eq!(response.trailers()["grpc-status"], "0");
    drop(response);
    scene.end().await;
}

/// Says so, and waits until it has come back.
async fn says(request: &Request, message: &str) {
    patiently("the write", request.write(message.to_owned())).await.unwrap();
    assert_eq!(patiently("the echo", request.read_exact(message.len())).await.unwrap(), message);
}

#[tokio::test]
async fn b10_writes_go_on_beside_the_response_until_they_are_finished() {
    let scene = echoing().await;
    let request = scene.request(Method::POST, "/");
    request.send(Payload::duplex()).await.unwrap();
    // Nothing was written yet, and asking for the head ends nothing.
    assert_eq!(patiently("the head", request.receive_response()).await.unwrap().status(), 200);
    for n in 0..10 {
        says(&request, &format!("message {n}")).await;
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("sum", "10".parse().unwrap());
    request.finish(trailers).await.unwrap();
    assert_eq!(patiently("the end", read_all(&request)).await.unwrap(), b"");
    assert_eq!(request.trailers()["sum"], "10");
    assert_eq!((request.sizes().request_body, request.sizes().response_body), (90, 90));
    assert!(scene.recorder.refusal(request.id(), request.write("late").await).is_incorrect_state());
    scene.end().await;
}

#[tokio::test]
async fn b10_a_write_that_waits_for_room_does_not_keep_the_response_back() {
    let scene = echoing().await;
    let whole = content(300_000);
    let request = scene.request(Method::POST, "/");
    request.send(Payload::duplex()).await.unwrap();
    let writing = {
        let (request, whole) = (request.clone(), whole.clone());
        tokio::spawn(async move { request.write(whole).await })
    };
    // Far more than all windows: without its response being read it never ends.
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    scene.origin.wait_for_frame(0, |frame| frame.kind == Kind::Data).await;
    patiently("the head", request.receive_response()).await.unwrap();
    let echoed = patiently("the echo", request.read_exact(whole.len())).await.unwrap();
    assert!(echoed == whole);
    patiently("the write", writing).await.unwrap().unwrap();
    // It was open when its head was asked for, and is still.
    says(&request, "and more").await;
    request.finish(HeaderMap::new()).await.unwrap();
    assert_eq!(patiently("the end", read_all(&request)).await.unwrap(), b"");
    scene.end().await;
}

#[tokio::test]
async fn b11_asking_for_the_response_ends_a_body_that_nobody_is_writing() {
    let scene = echoing().await;
    let request = scene.request(Method::POST, "/");
    request.send(Payload::chunked()).await.unwrap();
    request.write("whole").await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(patiently("the echo", read_all(&request)).await.unwrap(), b"whole");
    scene.end().await;
}

/// A server that answers behind the whole request, with its length, and has little room for it.
async fn measuring() -> Http2Scene {
    let settings = Settings::new().stream_window(10_000);
    let measured = |request: &Asked| Reply::ok(request.body.len().to_string()).into();
    let scene = Http2Scene::of(Http2Origin::with(settings, measured).await, narrow());
    scene.recorder.sending_and_receiving_overlap();
    scene
}

#[tokio::test]
async fn b11_asking_for_the_response_ends_a_body_behind_the_write_in_flight() {
    let scene = measuring().await;
    let request = scene.request(Method::POST, "/");
    request.send(Payload::chunked()).await.unwrap();
    let both = async { tokio::join!(request.write(content(300_000)), request.receive_response()) };
    let (written, received) = patiently("both", both).await;
    written.unwrap();
    assert_eq!(received.unwrap().status(), 200);
    assert!(scene.recorder.refusal(request.id(), request.write("late").await).is_incorrect_state());
    assert_eq!(patiently("the body", read_all(&request)).await.unwrap(), b"300000");
    scene.recorder.wait_for_status(request.id(), "WriteComplete").await;
    assert_eq!(scene.recorder.count_of(request.id(), "WriteComplete"), 1);
    scene.end().await;
}

#[tokio::test]
async fn b11_a_body_of_an_announced_length_is_ended_by_its_last_octet_alone() {
    let scene = measuring().await;
    let request = scene.request(Method::POST, "/");
    request.send(Payload::begin("", 300_000)).await.unwrap();
    let first = {
        let request = request.clone();
        tokio::spawn(async move { request.write(content(200_000)).await })
    };
    scene.origin.wait_for_frame(0, |frame| frame.kind == Kind::Data).await;
    let head = receiving(&request);
    patiently("the first write", first).await.unwrap().unwrap();
    patiently("the last write", request.write(content(100_000))).await.unwrap();
    assert_eq!(patiently("the head", head).await.unwrap().unwrap().status(), 200);
    assert_eq!(patiently("the body", read_all(&request)).await.unwrap(), b"300000");
    scene.end().await;
}

#[tokio::test]
async fn a_request_has_its_end_among_its_times_though_it_ended_beside_a_read() {
    let scene = echoing().await;
    let request = scene.request(Method::POST, "/");
    request.send(Payload::duplex()).await.unwrap();
    patiently("the head", request.receive_response()).await.unwrap();
    says(&request, "message").await;
    let (end, finished) = tokio::join!(read_all(&request), request.finish(HeaderMap::new()));
    finished.unwrap();
    assert_eq!(end.unwrap(), b"");
    let times = request.timings().unwrap();
    assert!(times.send_end > times.send_start && times.send_end <= times.body_received, "{times:?}");
    scene.end().await;
}

#[tokio::test]
async fn c8_a_slow_subscriber_holds_the_response_up_and_not_what_is_being_sent() {
    let gate = Gate::new();
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).hold(&gate);
    let peer = ScriptedPeer::always(script.send(frames::response(1, 200, false)).keep()).await;
    let (recorder, slow) = (Recorder::start(), Mailbox::new());
    let builder = builder().unhandled(1024, 40).subscriber(slow.subscriber(), NotificationMask::ALL_NOTIFICATIONS);
    let session = builder.open().unwrap();
    recorder.join(&session);
    recorder.sending_and_receiving_overlap();
    let (say, pieces) = spoken();
    let call = session.post(peer.url("/")).unwrap().body(Payload::stream(pieces)).send();
    let calling = tokio::spawn(call);
    let request = recorder.request(0).await;
    recorder.wait_for_status(request, "RequestSent").await;
    // All that may be unhandled.
    let others: Vec<_> = (0..40).map(|n| session.connect(&format!("http://{n}.example")).unwrap()).collect();
    gate.open();
    recorder.wait_for_status(request, "Queued").await;
    say.send(Ok("more".into())).unwrap();
    peer.wait_for_frame(0, |frame| frame.kind == Kind::Data && frame.length == 4).await;
    // It ends meanwhile too.
    drop(say);
    peer.wait_for_frame(0, |frame| frame.ends_stream()).await;
    assert!(!calling.is_finished());
    drop(slow);
    let response = patiently("the head", calling).await.unwrap().unwrap();
    recorder.wait_for_status(request, "SendRequestComplete").await;
    drop((response, others));
    recorder.finish(session).await;
}

#[tokio::test]
async fn b10_over_http1_the_response_is_received_behind_the_request() {
    let script = Script::new().read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, Session::builder());
    let request = scene.request(Method::POST);
    request.send(Payload::duplex()).await.unwrap();
    request.write("a").await.unwrap();
    let refused = scene.recorder.refusal(request.id(), request.receive_response().await);
    assert!(refused.is_incorrect_state() && refused.to_string().contains("HTTP/2"), "{refused}");
    request.write("b").await.unwrap();
    request.finish(HeaderMap::new()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    assert_eq!(scene.peer.requests()[0].body, "ab");
    scene.end().await;
}
