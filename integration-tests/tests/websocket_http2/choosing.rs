//! Which wire a WebSocket is asked for by, when there are several, or one that did not take it.

use std::time::Duration;

use hinternet::tls::TlsOptions;
use hinternet::{Governor, Method, Protocols, Session, SessionBuilder, Status};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Reason, Settings, builder};
use integration_tests::http2_peer::frames::{self, setting};
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all, receiving};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::websocket::{SWITCHING, frame};
use integration_tests::{Gate, patiently};

use crate::place::{announcing, asking, echo, scene, websocket_url};

/// A server over TLS whose first wire answers a request and then this to a WebSocket, and whose second switches over HTTP/1.1.
async fn that_wants_http1(answer: impl FnOnce(Script) -> Script) -> Scene {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"])));
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    let by_stream =
        Script::new().start_tls(&tls.clone().offering(&["h2", "http/1.1"])).answering_pings().read_preface();
    let by_stream = by_stream.send(frames::settings(&[(setting::ENABLE_CONNECT_PROTOCOL, 1)]));
    let by_stream = answer(by_stream.read_streams(1).send(frames::answer(1, "ok")).read_streams(2));
    let alone = Script::new().start_tls(&tls.offering(&["http/1.1"])).read_head().send_accepting(SWITCHING);
    let alone = alone.send(frame(0x81, "over HTTP/1.1")).keep();
    let peer = ScriptedPeer::start_with_default(vec![by_stream], alone).await.secure();
    let builder: SessionBuilder = Session::builder().dial(EveryName::here()).tls(trusting);
    Scene::of(peer, builder)
}

/// It is asked for by a stream, and then over HTTP/1.1.
async fn goes_to_http1(answer: impl FnOnce(Script) -> Script) {
    let scene = that_wants_http1(answer).await;
    assert_eq!(read_all(&scene.reading().await).await.unwrap(), b"ok");
    let url = format!("{}/chat", scene.peer.origin().replacen("http", "ws", 1));
    let websocket = patiently("a WebSocket", scene.session.websocket(&url).unwrap().connect()).await.unwrap();
    assert_eq!(patiently("a message", websocket.receive()).await.unwrap().as_text(), Some("over HTTP/1.1"));
    scene.recorder.wait_for(|told| matches!(told.status, Status::Retrying { .. })).await;
    assert_eq!(scene.recorder.count(|status| matches!(status, Status::Retrying { .. })), 1);
    assert_eq!(scene.peer.connections(), 2);
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn preferred_http2_goes_over_http1_once_a_stream_was_refused() {
    goes_to_http1(|script| script.send(frames::rst(3, Reason::REFUSED_STREAM)).keep()).await;
}

#[tokio::test]
async fn preferred_http2_goes_over_http1_when_its_wire_has_broken() {
    goes_to_http1(Script::close).await;
}

#[tokio::test]
async fn rfc9113_7_preferred_http2_goes_over_http1_where_the_server_requires_that() {
    goes_to_http1(|script| script.send(frames::rst(3, Reason::HTTP_1_1_REQUIRED)).keep()).await;
}

#[tokio::test]
async fn rfc9113_7_a_server_that_requires_http1_fails_a_websocket_that_requires_http2() {
    let script = announcing(&[]).read_streams(1).send(frames::rst(1, Reason::HTTP_1_1_REQUIRED)).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let result = patiently("an end", asking(&scene.session, &scene.peer).connect()).await;
    let error = scene.recorder.failure(scene.recorder.request(0).await, result);
    assert!(error.to_string().contains("HTTP_1_1_REQUIRED"), "{error}");
    assert_eq!((scene.peer.connections(), scene.recorder.count(|it| matches!(it, Status::Retrying { .. }))), (1, 0));
    scene.end().await;
}

#[tokio::test]
async fn required_http2_takes_a_wire_that_takes_websockets_though_another_carries_less() {
    let (gate, more) = (Gate::new(), Gate::new());
    let takes = announcing(&[(setting::MAX_CONCURRENT_STREAMS, 1)]).read_streams(1).send(frames::answer(1, "ok"));
    let takes = takes.read_streams(2).hold(&more).send(frames::settings(&[(setting::MAX_CONCURRENT_STREAMS, 9)]));
    let takes = takes.send(frames::ping(*b"so many!")).read_streams(3).send(frames::response(5, 200, false));
    let takes =
        takes.send(frames::data(5, frame(0x81, "hi"), false)).hold(&gate).send(frames::answer(3, "late")).keep();
    let takes_none = Script::new().read_preface().send(frames::settings(&[])).answering_pings();
    let takes_none = takes_none.read_streams(1).send(frames::answer(1, "ok")).keep();
    let scene = Scene::of(ScriptedPeer::start_with_default(vec![takes], takes_none).await, builder());
    // What the server allows is known from then on.
    assert_eq!(read_all(&scene.reading().await).await.unwrap(), b"ok");
    let late = scene.sent().await;
    let late_head = receiving(&late);
    assert_eq!(read_all(&scene.reading().await).await.unwrap(), b"ok");
    assert_eq!(scene.peer.connections(), 2);
    more.open();
    scene.peer.wait_for_frame(0, |frame| frame.is_ack() && frame.payload.as_ref() == b"so many!").await;
    let websocket = patiently("a WebSocket", asking(&scene.session, &scene.peer).connect()).await.unwrap();
    assert_eq!(patiently("a message", websocket.receive()).await.unwrap().as_text(), Some("hi"));
    gate.open();
    patiently("a head", late_head).await.unwrap().unwrap();
    assert_eq!(read_all(&late).await.unwrap(), b"late");
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn a_websocket_takes_its_turn_no_longer_than_it_is_a_request() {
    let scene = scene(Settings::new(), builder().governor(Governor::new().concurrency(1))).await;
    let request = scene.request(Method::GET, "/chat");
    request.upgrade_to_websocket().unwrap();
    request.send(()).await.unwrap();
    patiently("a head", request.receive_response()).await.unwrap();
    let websocket = request.complete_upgrade(0).await.unwrap();
    assert_eq!(scene.session.snapshot().await.governors[0].under_way, 0);
    assert_eq!(patiently("an answer", scene.text("/")).await.unwrap(), "ok");
    drop((request, websocket));
    scene.end().await;
}

#[tokio::test]
async fn one_that_was_never_asked_for_spends_nothing_of_the_rate() {
    let governor = Governor::new().rate(1, Duration::from_secs(3_600)).burst(1);
    let origin = Http2Origin::with(Settings::new().websockets_by_http1(echo), |_| Reply::ok("ok").into());
    let scene = Http2Scene::of(origin.await, builder().governor(governor));
    let asking = scene.session.websocket(&websocket_url(&scene.origin)).unwrap().protocols(Protocols::RequireHttp2);
    let result = patiently("an end", asking.connect()).await;
    scene.recorder.failure(scene.recorder.request(0).await, result);
    assert_eq!(patiently("an answer", scene.text("/")).await.unwrap(), "ok");
    scene.end().await;
}
