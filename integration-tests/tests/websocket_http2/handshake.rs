//! Asking for a WebSocket by a stream: when it may be asked, what is said, and what may be answered (RFC 8441 3 to 5).

use std::time::{Duration, Instant};

use hinternet::{Blame, ErrorCode, Handle, Method, Protocols, RequestOptions, Session, Stage, Status};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Reason, Settings, builder};
use integration_tests::http2_peer::frames::{self, setting};
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::frame;
use integration_tests::{Gate, patiently};

use crate::place::{Place, announcing, asking, consenting, converse, data, echo, scene, websocket_url};

#[tokio::test]
async fn rfc8441_5_the_request_is_an_extended_connect_and_has_nothing_of_http1() {
    let scene = scene(Settings::new(), builder()).await;
    let url = scene.origin.url("/chat?room=1").replacen("http", "ws", 1);
    let asking = scene.session.websocket(&url).unwrap().protocol("superchat").protocol("chat");
    let websocket = patiently("a WebSocket", asking.header("Origin", "http://here").connect()).await.unwrap();
    assert_eq!(websocket.protocol(), Some("chat"));
    let visit = &scene.origin.log()[0];
    assert_eq!((&*visit.method, &*visit.target), ("CONNECT", "/chat?room=1"));
    let authority = scene.origin.address().to_string();
    let said = [
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":authority", &*authority),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "superchat, chat"),
        ("origin", "http://here"),
    ];
    for (name, value) in said {
        assert_eq!(visit.field(name), Some(value), "{name}");
    }
    for name in ["sec-websocket-key", "upgrade", "connection", "host", "content-length", "te"] {
        assert_eq!(visit.field(name), None, "{name}");
    }
    converse(&websocket, "hello").await;
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_takes_none_by_streams_is_not_asked_and_fails_it_with_12190() {
    let origin = Http2Origin::with(Settings::new().websockets_by_http1(echo), |_| Reply::ok("ok").into()).await;
    let scene = Http2Scene::of(origin, builder());
    for known in [false, true] {
        let url = websocket_url(&scene.origin);
        let result = patiently("an end", scene.session.websocket(&url).unwrap().connect()).await;
        let request = scene.recorder.request(usize::from(known) * 2).await;
        let error = scene.recorder.failure(request, result);
        assert_eq!((error.code(), error.stage()), (ErrorCode::HttpProtocolMismatch, Stage::Upgrade), "{error}");
        assert_eq!(error.blame(), Blame::Peer, "{error}");
        // The wire serves on.
        assert_eq!(scene.text("/").await.unwrap(), "ok");
    }
    assert_eq!((scene.origin.connections(), scene.origin.wires()[0].streams()), (1, 2));
    scene.end().await;
}

#[tokio::test]
async fn rfc8441_3_nothing_is_asked_before_the_servers_settings_have_come() {
    let gate = Gate::new();
    let late =
        Script::new().read_preface().hold(&gate).send(frames::settings(&[(setting::ENABLE_CONNECT_PROTOCOL, 1)]));
    let late = late.read_streams(1).send(frames::response(1, 200, false)).send(data(frame(0x81, "hi"))).keep();
    let scene = Scene::of(ScriptedPeer::always(late).await, builder());
    let asked = tokio::spawn(asking(&scene.session, &scene.peer).connect());
    let request = scene.recorder.request(0).await;
    scene.recorder.wait_for_status(request, "WireAcquired").await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(scene.peer.connection(0).frames().iter().all(|frame| !frame.opens_stream()), "it was asked too early");
    gate.open();
    let websocket = patiently("a WebSocket", asked).await.unwrap().unwrap();
    assert_eq!(patiently("a message", websocket.receive()).await.unwrap().as_text(), Some("hi"));
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn the_wait_for_the_servers_settings_is_no_part_of_sending() {
    let gate = Gate::new();
    let late =
        Script::new().read_preface().hold(&gate).send(frames::settings(&[(setting::ENABLE_CONNECT_PROTOCOL, 1)]));
    let answer = [frames::response(1, 404, false), frames::data(1, "nope", true)].concat();
    let scene = Scene::of(ScriptedPeer::always(late.read_streams(1).send(answer).keep()).await, builder());
    let request = scene.request(Method::GET);
    request.upgrade_to_websocket().unwrap();
    let open = async {
        scene.recorder.wait_for_status(request.id(), "WireAcquired").await;
        let opened = Instant::now();
        gate.open();
        opened
    };
    let (sent, opened) = patiently("a request", async { tokio::join!(request.send(()), open) }).await;
    sent.unwrap();
    assert_eq!(patiently("a head", request.receive_response()).await.unwrap().status(), 404);
    let times = request.timings().unwrap();
    assert!(times.wire_acquired < Some(opened) && Some(opened) < times.send_start, "{times:?}");
    assert!(times.send_start <= times.send_end, "{times:?}");
    assert_eq!(read_all(&request).await.unwrap(), b"nope");
    scene.end().await;
}

#[tokio::test]
async fn settings_that_never_come_are_waited_for_as_long_as_connecting_may_take() {
    let mut options = RequestOptions::default();
    options.timeouts.connect = Some(Duration::from_millis(50));
    let silent = ScriptedPeer::always(Script::new().read_preface().keep()).await;
    let scene = Scene::of(silent, Session::builder().request_options(options).protocols(Protocols::RequireHttp2));
    let result = patiently("an end", asking(&scene.session, &scene.peer).connect()).await;
    let error = scene.recorder.failure(scene.recorder.request(0).await, result);
    assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Upgrade), "{error}");
    assert_eq!(error.waited(), Some(Duration::from_millis(50)));
    scene.end().await;
}

#[tokio::test]
async fn who_waits_for_the_settings_hears_of_the_end_of_the_wire_and_asks_another() {
    let broken = Script::new().read_preface().close();
    let peer = ScriptedPeer::start_with_default(vec![broken], consenting().keep()).await;
    let scene = Scene::of(peer, builder());
    let websocket = patiently("a WebSocket", asking(&scene.session, &scene.peer).connect()).await.unwrap();
    assert_eq!(scene.peer.connections(), 2);
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn who_gives_up_waiting_for_the_settings_leaves_the_wire_to_others() {
    let gate = Gate::new();
    let late = Script::new().read_preface().hold(&gate).send(frames::settings(&[])).read_streams(1);
    let scene = Scene::of(ScriptedPeer::always(late.send(frames::answer(1, "ok")).keep()).await, builder());
    let asked = tokio::spawn(asking(&scene.session, &scene.peer).connect());
    let request = scene.recorder.request(0).await;
    scene.recorder.wait_for_status(request, "WireAcquired").await;
    asked.abort();
    scene.recorder.wait_for_closing(request).await;
    gate.open();
    assert_eq!(read_all(&patiently("an answer", async { scene.reading().await }).await).await.unwrap(), b"ok");
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_server_may_begin_to_take_them_later() {
    let gate = Gate::new();
    let begins = Script::new().read_preface().send(frames::settings(&[])).hold(&gate);
    let begins =
        begins.send(frames::settings(&[(setting::ENABLE_CONNECT_PROTOCOL, 1)])).send(frames::ping(*b"reached?"));
    let begins = begins.read_streams(1).send(frames::response(1, 200, false)).keep();
    let scene = Scene::of(ScriptedPeer::always(begins).await, builder());
    let result = patiently("an end", asking(&scene.session, &scene.peer).connect()).await;
    let error = scene.recorder.failure(scene.recorder.request(0).await, result);
    assert_eq!(error.code(), ErrorCode::HttpProtocolMismatch, "{error}");
    gate.open();
    scene.peer.wait_for_frame(0, |frame| frame.payload.as_ref() == b"reached?").await;
    let websocket = patiently("a WebSocket", asking(&scene.session, &scene.peer).connect()).await.unwrap();
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn an_answer_that_is_no_2xx_is_a_response_and_the_stream_is_ended() {
    let answer = [frames::response(1, 404, false), frames::data(1, "nope", true)].concat();
    let scene = Scene::of(ScriptedPeer::always(announcing(&[]).read_streams(1).send(answer).keep()).await, builder());
    let request = scene.request(Method::GET);
    request.upgrade_to_websocket().unwrap();
    request.send(()).await.unwrap();
    assert_eq!(patiently("a head", request.receive_response()).await.unwrap().status(), 404);
    assert!(!request.is_upgraded());
    let refused = scene.recorder.refusal(request.id(), request.complete_upgrade(0).await);
    assert!(refused.is_incorrect_state(), "{refused}");
    assert_eq!(read_all(&request).await.unwrap(), b"nope");
    let frames = scene.peer.wait_for_frame(0, |frame| frame.stream == 1 && frame.ends_stream()).await;
    assert!(frames.iter().all(|frame| frame.reason().is_none()), "{frames:?}");
    scene.end().await;
}

/// An answer that is no consent, though it looks like one: refused, told, and its stream reset. The wire serves on.
async fn refused(answer: Vec<u8>, sentence: &str) {
    let script = announcing(&[]).read_streams(1).send(answer).read_streams(2).send(frames::answer(3, "ok")).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let result = patiently("an end", asking(&scene.session, &scene.peer).protocol("chat").connect()).await;
    let error = scene.recorder.failure(scene.recorder.request(0).await, result);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
    assert!(error.to_string().contains(sentence), "{error}");
    scene.peer.wait_for_frame(0, |frame| frame.stream == 1 && frame.resets(Reason::CANCEL)).await;
    assert_eq!(read_all(&scene.reading().await).await.unwrap(), b"ok");
    scene.end().await;
}

#[tokio::test]
async fn rfc8441_5_an_answer_that_does_not_fit_is_refused() {
    let with = |name, value| frames::headers(1, &[(":status", "200"), (name, value)], false).to_vec();
    refused(frames::response(1, 101, false).to_vec(), "101").await;
    refused(frames::response(1, 200, true).to_vec(), "ends the stream").await;
    refused(with("sec-websocket-protocol", "other"), "subprotocol").await;
    refused(with("sec-websocket-extensions", "x-unknown"), "extension").await;
}

#[tokio::test]
async fn a_refused_stream_is_asked_for_again() {
    let script = announcing(&[]).read_streams(1).send(frames::rst(1, Reason::REFUSED_STREAM)).read_streams(2);
    let script = script.send(frames::response(3, 200, false)).send(frames::data(3, frame(0x81, "hi"), false)).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let websocket = patiently("a WebSocket", asking(&scene.session, &scene.peer).connect()).await.unwrap();
    assert_eq!(patiently("a message", websocket.receive()).await.unwrap().as_text(), Some("hi"));
    scene.recorder.wait_for(|told| matches!(told.status, Status::Retrying { .. })).await;
    assert_eq!(scene.recorder.count(|status| matches!(status, Status::Retrying { .. })), 1);
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn the_two_steps_work_alike_and_the_websocket_outlives_its_request() {
    let scene = scene(Settings::new(), builder()).await;
    let request = scene.request(Method::GET, "/chat");
    request.upgrade_to_websocket().unwrap();
    let mut websockets = Vec::new();
    for context in [7, 8] {
        request.send(()).await.unwrap();
        assert_eq!(patiently("a head", request.receive_response()).await.unwrap().status(), 200);
        assert!(request.is_upgraded());
        assert_eq!(request.query_data_available().await.unwrap(), 0);
        let websocket = request.complete_upgrade(context).await.unwrap();
        assert_eq!((websocket.parent(), Handle::context(&websocket)), (Some(scene.connection.id()), context));
        assert!(!request.is_upgraded());
        websockets.push(websocket);
    }
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(request.id()).await;
    for websocket in &websockets {
        converse(websocket, "still here").await;
        assert_eq!(scene.recorder.trace_of(websocket.id())[0].split('(').next(), Some("HandleCreated"));
    }
    assert_eq!(scene.origin.connections(), 1);
    drop((request, websockets));
    scene.end().await;
}

#[tokio::test]
async fn a_websocket_nobody_takes_over_ends_with_its_request() {
    let scene = scene(Settings::new(), builder()).await;
    let request = scene.request(Method::GET, "/chat");
    request.upgrade_to_websocket().unwrap();
    request.send(()).await.unwrap();
    patiently("a head", request.receive_response()).await.unwrap();
    request.close().await.unwrap();
    scene.origin.wait_for_reset(0, Reason::CANCEL).await;
    scene.recorder.wait_for_closing(request.id()).await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn frames_that_came_with_the_consent_are_received() {
    let place = Place::with(|script| script.send(data([frame(0x81, "one"), frame(0x82, "two")].concat())).keep()).await;
    assert_eq!(place.websocket.receive().await.unwrap().as_text(), Some("one"));
    assert_eq!(&place.websocket.receive().await.unwrap().octets()[..], b"two");
    place.end().await;
}
