//! RFC 9113 8.1, contract D.4: how a stream ends while its request is still being sent, and what is told of it.

use hinternet::{Blame, Bytes, ErrorCode, HeaderMap, Method, Operation, Payload, Request};
use integration_tests::http2_origin::{Reason, builder};
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::scene::{Scene, read_all, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Wanted};
use integration_tests::{Gate, patiently};

use super::duplex::spoken;

/// A server that says this when it has a head, and then goes on.
async fn then(begun: Vec<u8>, go_on: impl FnOnce(Script) -> Script) -> Scene {
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(begun);
    let scene = Scene::of(ScriptedPeer::always(go_on(script)).await, builder());
    scene.recorder.sending_and_receiving_overlap();
    scene
}

/// A stream is reset, and what tells that this was heard.
fn reset(script: Script, reason: Reason) -> Script {
    script.send([frames::rst(1, reason), frames::ping(*b"hinternt")].concat()).keep()
}

async fn is_heard(scene: &Scene) {
    scene.peer.wait_for_frame(0, |frame| frame.kind == Kind::Ping && frame.is_ack()).await;
}

/// A response whole, in two pieces, with or without trailers.
fn whole(trailers: bool) -> Vec<u8> {
    let first = [frames::response(1, 200, false), frames::data(1, "one, ", false)].concat();
    let last = [frames::data(1, "two", !trailers)];
    let trailers = trailers.then(|| frames::headers(1, &[("sum", "8")], true));
    [first, last.concat(), trailers.unwrap_or_default().to_vec()].concat()
}

/// A request whose body is open and whose head has come.
async fn open(scene: &Scene) -> Request {
    let request = scene.request(Method::POST);
    request.send(Payload::duplex()).await.unwrap();
    assert_eq!(patiently("the head", request.receive_response()).await.unwrap().status(), 200);
    request
}

const A_PIECE: Wanted = Wanted::Of(Kind::Data);

/// More than there is room for.
fn too_much() -> Bytes {
    vec![b'x'; 1 << 20].into()
}

#[tokio::test]
async fn d4_a_response_that_the_server_has_ended_is_whole_whatever_reset_the_stream() {
    for (reason, trailers) in [(Reason::CANCEL, false), (Reason::INTERNAL_ERROR, true), (Reason::NO_ERROR, false)] {
        let scene = then(whole(trailers), |script| reset(script.read_frames(A_PIECE, 1), reason)).await;
        let request = open(&scene).await;
        patiently("the write", request.write(too_much())).await.unwrap();
        assert_eq!(patiently("the body", read_all(&request)).await.unwrap(), b"one, two", "{reason:?}");
        assert_eq!(request.trailers().contains_key("sum"), trailers);
        assert!(request.timings().unwrap().send_end.is_some());
        scene.end().await;
    }
}

#[tokio::test]
async fn d4_the_same_when_the_wire_ends_behind_it() {
    for trailers in [false, true] {
        let scene = then(whole(trailers), Script::close).await;
        let request = open(&scene).await;
        patiently("the write", request.write(too_much())).await.unwrap();
        assert_eq!(patiently("the body", read_all(&request)).await.unwrap(), b"one, two");
        assert_eq!(request.trailers().contains_key("sum"), trailers);
        scene.end().await;
    }
}

#[tokio::test]
async fn d4_a_response_that_comes_early_and_whole_is_delivered_when_the_wire_ends_behind_it() {
    let scene = then(whole(false), Script::close).await;
    let request = scene.request(Method::POST);
    patiently("the send", request.send(too_much())).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(patiently("the body", read_all(&request)).await.unwrap(), b"one, two");
    scene.end().await;
}

#[tokio::test]
async fn d4_the_same_when_nobody_was_writing() {
    let gate = Gate::new();
    let scene = then(whole(false), |script| reset(script.hold(&gate), Reason::CANCEL)).await;
    let request = open(&scene).await;
    gate.open();
    is_heard(&scene).await;
    request.finish(HeaderMap::new()).await.unwrap();
    assert_eq!(patiently("the body", read_all(&request)).await.unwrap(), b"one, two");
    scene.end().await;
}

#[tokio::test]
async fn d4_the_same_while_a_stream_has_nothing_to_say() {
    let gate = Gate::new();
    let scene = then(whole(false), |script| reset(script.hold(&gate), Reason::CANCEL)).await;
    let (say, pieces) = spoken();
    let request = scene.request(Method::POST);
    let sending = sending(&request, Payload::stream(pieces));
    scene.recorder.wait_for_status(request.id(), "RequestSent").await;
    patiently("the head", request.receive_response()).await.unwrap();
    assert_eq!(patiently("a piece", request.read_exact(3)).await.unwrap(), "one");
    gate.open();
    patiently("the send", sending).await.unwrap().unwrap();
    patiently("the stream to be dropped", say.closed()).await;
    assert_eq!(patiently("the body", read_all(&request)).await.unwrap(), b", two");
    scene.end().await;
}

/// The head, and a piece of the body that nobody reads.
fn begun() -> Vec<u8> {
    [frames::response(1, 200, false), frames::data(1, "begun", false)].concat()
}

/// The only call in flight fails by this, and whatever is asked then.
async fn fails(scene: Scene, request: Request, call: hinternet::Result<()>, blame: Blame, code: Option<u32>) {
    let error = scene.recorder.failure(request.id(), call);
    assert_eq!((error.code(), error.operation()), (ErrorCode::ConnectionError, Operation::Write), "{error}");
    assert_eq!((error.blame(), error.http2_error_code()), (blame, code), "{error}");
    let later = scene.recorder.refusal(request.id(), request.read().await);
    assert_eq!((later.code(), later.blame(), later.http2_error_code()), (error.code(), blame, code), "{later}");
    scene.end().await;
}

#[tokio::test]
async fn b10_a_write_that_waits_for_room_tells_why_the_stream_was_reset() {
    let scene = then(begun(), |script| reset(script.read_frames(A_PIECE, 1), Reason::ENHANCE_YOUR_CALM)).await;
    let request = open(&scene).await;
    let written = patiently("the write", request.write(too_much())).await;
    fails(scene, request, written, Blame::Peer, Some(11)).await;
}

#[tokio::test]
async fn b10_a_finish_tells_why_the_stream_was_reset() {
    let gate = Gate::new();
    let scene = then(begun(), |script| reset(script.hold(&gate), Reason::ENHANCE_YOUR_CALM)).await;
    let request = open(&scene).await;
    gate.open();
    is_heard(&scene).await;
    let finished = patiently("the end", request.finish(HeaderMap::new())).await;
    fails(scene, request, finished, Blame::Peer, Some(11)).await;
}

#[tokio::test]
async fn b10_a_write_that_waits_for_room_tells_that_the_network_broke() {
    let scene = then(begun(), |script| script.read_frames(A_PIECE, 1).reset()).await;
    let request = open(&scene).await;
    let written = patiently("the write", request.write(too_much())).await;
    fails(scene, request, written, Blame::Network, None).await;
}

#[tokio::test]
async fn rfc9113_6_8_a_stream_above_the_last_one_was_refused_with_the_code_of_the_farewell() {
    // A farewell that has all that matters, and whose debug data never come.
    let code = u32::from(Reason::ENHANCE_YOUR_CALM);
    let farewell = frames::frame(Kind::GoAway, 0, 0, &[&[0; 4], &code.to_be_bytes()[..], &[b'x'; 100]].concat());
    let gate = Gate::new();
    let scene = then(Vec::new(), |script| script.hold(&gate).send(farewell.slice(..40)).close()).await;
    let request = scene.request(Method::POST);
    request.send(Payload::duplex()).await.unwrap();
    gate.open();
    let error = scene.recorder.failure(request.id(), patiently("the head", request.receive_response()).await);
    assert_eq!((error.blame(), error.http2_error_code()), (Blame::Peer, Some(code)), "{error}");
    assert_eq!(error.wire_state(), hinternet::WireState::RefusedByPeer);
    scene.end().await;
}
