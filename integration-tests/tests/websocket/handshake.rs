//! Becoming a WebSocket: what is asked, what may be answered, and what becomes of the handles (RFC 6455 4.1, contract B.1).

use hinternet::tls::TlsOptions;
use hinternet::{AnyHandle, Blame, ErrorCode, Handle, HandleKind, Method, Payload, Session, Status};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::recorder::Recorder;
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::websocket::{SWITCHING, WebSocketOrigin, frame};

use crate::place::{Place, honest, switching, url};

#[tokio::test]
async fn w03_the_request_asks_for_an_upgrade_and_the_subprotocol_is_the_servers_choice() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let offered = session.websocket(&origin.url()).unwrap().protocol("superchat").protocol("chat");
    let chosen = offered.connect().await.unwrap();
    assert_eq!(chosen.protocol(), Some("chat"));
    let other = session.websocket(&origin.url()).unwrap().protocol("other").connect().await.unwrap();
    assert_eq!(other.protocol(), None, "it may choose none");
    drop((chosen, other));
    recorder.finish(session).await;

    let place = Place::with(Script::keep).await;
    let head = String::from_utf8(place.peer.received(0)).unwrap();
    for line in ["GET / HTTP/1.1", "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"] {
        assert!(head.lines().any(|one| one == line), "{line} in {head}");
    }
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    assert_eq!(field("host: "), place.peer.origin().trim_start_matches("http://"));
    assert_eq!(field("sec-websocket-key: ").len(), 24);
    place.end().await;
}

/// An answer that is no handshake: refused, told, and its wire closed.
async fn refused(answer: &str, sentence: &str) {
    let peer = ScriptedPeer::always(Script::new().read_head().send_accepting(answer.to_owned()).keep()).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let result = session.websocket(&url(&peer)).unwrap().protocol("chat").connect().await;
    let error = recorder.failure(recorder.request(0).await, result);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
    assert!(error.to_string().contains(sentence), "{error}");
    peer.wait_for_end(0).await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn rfc6455_4_1_a_101_that_is_not_the_answer_is_refused() {
    let rest = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    refused(&format!("HTTP/1.1 101 x\r\n{rest}\r\n"), "Sec-WebSocket-Accept").await;
    refused(&format!("HTTP/1.1 101 x\r\n{rest}Sec-WebSocket-Accept: AAAA\r\n\r\n"), "Sec-WebSocket-Accept").await;
    refused(&SWITCHING.replace("1.1 101", "1.0 101"), "HTTP/1.1").await;
    refused(&SWITCHING.replace("Upgrade: websocket", "Upgrade: h2c"), "Upgrade field").await;
    refused(&SWITCHING.replace("Connection: Upgrade", "Connection: keep-alive"), "Connection field").await;
    let with = |field: &str| SWITCHING.replace("\r\n\r\n", &format!("\r\n{field}\r\n\r\n"));
    refused(&with("Sec-WebSocket-Extensions: permessage-deflate"), "extension").await;
    refused(&with("Sec-WebSocket-Protocol: other"), "subprotocol").await;
}

#[tokio::test]
async fn an_answer_that_is_no_101_is_a_response_and_no_websocket() {
    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope";
    let scene = Scene::with(Script::answering(answer)).await;
    let error = scene.session.websocket(&url(&scene.peer)).unwrap().connect().await.unwrap_err();
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidOperation, Blame::Peer));
    assert!(error.to_string().contains("404"), "{error}");

    let request = scene.request(Method::GET);
    request.upgrade_to_websocket().unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 404);
    let refused = scene.recorder.refusal(request.id(), request.complete_upgrade(0).await);
    assert!(refused.is_incorrect_state(), "{refused}");
    assert_eq!(integration_tests::scene::read_all(&request).await.unwrap(), b"nope");
    scene.end().await;
}

#[tokio::test]
async fn what_no_upgrade_can_be_asked_with_is_refused_and_nothing_sent() {
    let scene = Scene::with(switching().keep()).await;
    let wrong = |result: hinternet::Result<()>| {
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, Blame::Caller), "{error}");
    };
    wrong(scene.request(Method::POST).upgrade_to_websocket());
    for name in ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"] {
        let request = scene.request(Method::GET);
        request.upgrade_to_websocket().unwrap();
        request.add_header(name, "x").unwrap();
        wrong(request.send(()).await);
    }
    let request = scene.request(Method::GET);
    request.upgrade_to_websocket().unwrap();
    wrong(request.send("a body").await);
    wrong(request.send(Payload::chunked()).await);
    for protocol in ["a b", "", "a\r\nx: y"] {
        wrong(scene.session.websocket(&url(&scene.peer)).unwrap().protocol(protocol).connect().await.map(drop));
    }
    assert_eq!(scene.peer.connections(), 0);
    scene.end().await;
}

#[tokio::test]
async fn w05_to_w09_the_request_stays_and_the_websocket_outlives_it() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin.origin()).unwrap().context(1);
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.upgrade_to_websocket().unwrap();
    let mut websockets = Vec::new();
    for context in [7, 8] {
        request.send(()).await.unwrap();
        let head = request.receive_response().await.unwrap();
        assert_eq!(head.status(), 101);
        let field = |name: &str| head.headers().get(name).map(|value| value.as_bytes().to_ascii_lowercase());
        assert_eq!(field("upgrade").as_deref(), Some(&b"websocket"[..]));
        assert_eq!(field("connection").as_deref(), Some(&b"upgrade"[..]));
        assert_eq!(field("content-length"), None);
        assert_eq!(request.query_data_available().await.unwrap(), 0);
        let websocket = request.complete_upgrade(context).await.unwrap();
        assert_eq!((websocket.parent(), Handle::context(&websocket)), (Some(connection.id()), context));
        assert_eq!(request.head().unwrap().status(), 101, "the request stays");
        let again = recorder.refusal(request.id(), request.complete_upgrade(0).await);
        assert!(again.is_incorrect_state(), "{again}");
        websockets.push(websocket);
    }
    assert_ne!(websockets[0].id(), websockets[1].id(), "W-08");
    assert_eq!(origin.connections(), 2, "W-31: a wire that has switched serves nobody else");
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    drop((request, connection));
    for websocket in &websockets {
        websocket.send("still here").await.unwrap();
        assert_eq!(websocket.receive().await.unwrap().as_text(), Some("still here"));
        let Some(AnyHandle::WebSocket(found)) = session.handle(websocket.id()) else { panic!("it is in the tree") };
        assert_eq!((found.id(), found.kind()), (websocket.id(), HandleKind::WebSocket));
    }
    let first = &recorder.of(websockets[0].id())[0];
    assert!(matches!(first.status, Status::HandleCreated(_)) && first.context == 7, "N-42: {first:?}");
    drop(websockets);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_websocket_nobody_takes_over_ends_with_its_request() {
    let scene = Scene::with(switching().keep()).await;
    let request = scene.request(Method::GET);
    request.upgrade_to_websocket().unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    request.close().await.unwrap();
    scene.peer.wait_for_end(0).await;
    scene.recorder.wait_for_closing(request.id()).await;
    assert!(scene.recorder.trace_of(request.id()).iter().any(|one| one.contains("ClosingConnection")));
    scene.end().await;
}

#[tokio::test]
async fn a_websockets_wire_counts_until_it_is_closed() {
    let peer = ScriptedPeer::always(switching().keep()).await;
    let scene = Scene::of(peer, Session::builder().wires_per_origin(1));
    let first = scene.session.websocket(&url(&scene.peer)).unwrap().connect().await.unwrap();
    let session = scene.session.clone();
    let second_url = url(&scene.peer);
    let second = tokio::spawn(async move { session.websocket(&second_url).unwrap().connect().await });
    let waits = scene.recorder.request(1).await;
    scene.recorder.wait_for_status(waits, "Queued").await;
    assert_eq!(scene.peer.connections(), 1);
    Handle::close(&first).await.unwrap();
    second.await.unwrap().unwrap();
    scene.end().await;
}

#[tokio::test]
async fn ws_frames_glued_to_the_101_are_received_however_it_is_cut() {
    for split in [Split::Whole, Split::OneOctet] {
        let answer = [SWITCHING.as_bytes(), &frame(0x81, "hello"), &frame(0x89, "ping"), &frame(0x82, "x")].concat();
        let script = Script::new().read_head().send_accepting(answer).keep().split(split);
        let scene = Scene::with(script).await;
        let websocket = scene.session.websocket(&url(&scene.peer)).unwrap().connect().await.unwrap();
        assert_eq!(websocket.receive().await.unwrap().as_text(), Some("hello"));
        assert_eq!(websocket.receive().await.unwrap().into_octets(), "x");
        drop(websocket);
        scene.end().await;
    }
}

#[tokio::test]
async fn wss_speaks_tls_and_offers_http1_alone() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["chat.example"]))).offering(&["h2", "http/1.1"]);
    let script = Script::new().start_tls(&tls).read_head().send_accepting(SWITCHING).send(frame(0x81, "safe")).keep();
    let peer = ScriptedPeer::always(script).await;
    let recorder = Recorder::start();
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    let session = recorder.session(Session::builder().dial(EveryName::here()).tls(trusting));
    let url = format!("wss://chat.example:{}/", peer.address().port());
    let websocket = session.websocket(&url).unwrap().connect().await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("safe"));
    assert_eq!(tls.seen()[0].application_protocol.as_deref(), Some("http/1.1"));
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn b5_a_closed_session_takes_no_websocket() {
    let origin = WebSocketOrigin::echo().await;
    let (recorder, session, websocket) = honest(&origin).await;
    session.close().await.unwrap();
    assert!(session.websocket(&origin.url()).unwrap_err().is_invalid_handle());
    let error = recorder.refusal(websocket.id(), websocket.send("late").await);
    assert!(error.is_invalid_handle() && error.to_string().contains("session"), "{error}");
    recorder.finish(session).await;
}

#[tokio::test]
async fn subprotocols_offered_by_header_and_by_name_are_all_offered_in_one_line() {
    let scene = Scene::with(switching().keep()).await;
    let builder = scene.session.websocket(&url(&scene.peer)).unwrap();
    let builder = builder.header("Sec-WebSocket-Protocol", "a").header("Sec-WebSocket-Protocol", "b").protocol("c");
    drop(builder.connect().await.unwrap());
    let head = String::from_utf8(scene.peer.received(0)).unwrap();
    assert!(head.lines().any(|line| line == "sec-websocket-protocol: a, b, c"), "{head}");
    scene.end().await;
}

#[tokio::test]
async fn rfc6455_4_1_a_request_that_is_sent_again_has_another_key() {
    let used = Script::new().read_request().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").read_head().close();
    let peer = ScriptedPeer::start(vec![used, switching().keep()]).await;
    let scene = Scene::of(peer, Session::builder());
    let first = scene.request(Method::GET);
    first.send(()).await.unwrap();
    first.receive_response().await.unwrap();
    integration_tests::scene::read_all(&first).await.unwrap();
    drop(scene.session.websocket(&url(&scene.peer)).unwrap().connect().await.unwrap());
    assert_eq!(scene.peer.connections(), 2);
    let keys = [0, 1].map(|n| {
        let head = String::from_utf8_lossy(&scene.peer.received(n)).into_owned();
        head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ").map(str::to_owned)).expect("a key")
    });
    assert_ne!(keys[0], keys[1]);
    scene.end().await;
}
