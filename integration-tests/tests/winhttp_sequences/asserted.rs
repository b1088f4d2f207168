//! The sequences that a test suite asserts of Windows itself: strict in order, with statuses that may be absent.

use hinternet::messages::ReceiveMessage;
use hinternet::{ErrorCode, Handle, Method, Request, Session, WebSocket};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{SWITCHING, close, frame};

use super::recording;

/// One expected notification.
#[derive(Debug)]
struct Expected {
    status: String,
    required: bool,
}

/// The first `steps` steps of a scenario, end to end.
fn expected(scenarios: &serde_json::Value, id: &str, steps: usize) -> Vec<Expected> {
    let scenario = scenarios.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    let notifications = scenario["steps"].as_array().unwrap().iter().take(steps).flat_map(|step| {
        step["notifications"].as_array().unwrap().iter().map(|one| Expected {
            status: one["status"].as_str().unwrap().replace('_', "").to_lowercase(),
            required: one["required"] == true,
        })
    });
    notifications.collect()
}

/// Is `told` the expected sequence, with any of the optional statuses left out?
fn matches(mut told: &[String], expected: &[Expected]) -> Result<(), String> {
    for one in expected {
        match told.split_first() {
            Some((first, rest)) if *first == one.status => told = rest,
            _ if !one.required => {}
            other => return Err(format!("{} expected, then {:?}", one.status, other.map(|(first, _)| first))),
        }
    }
    if told.is_empty() { Ok(()) } else { Err(format!("not expected: {told:?}")) }
}

fn check(recorder: &Recorder, expected: &[Expected]) {
    let of_winhttp = recorder.log().into_iter().filter(|one| one.status.code().is_some());
    let told: Vec<String> = of_winhttp.map(|one| one.name().to_lowercase()).collect();
    if let Err(difference) = matches(&told, expected) {
        panic!("{difference}\n expected {expected:#?}\n told {told:#?}");
    }
}

fn scenarios(count: usize) -> Option<serde_json::Value> {
    recording("sequences.json", count).map(|text| serde_json::from_str(&text).unwrap())
}

/// The session's own `HandleCreated` comes only to a subscriber of its builder: here it is joined later, as there.
async fn world(reply: fn() -> Reply) -> (Origin, Recorder, Session) {
    let origin = Origin::start(move |_| reply()).await;
    let recorder = Recorder::start();
    let session = Session::builder().unhandled(1 << 20, 1 << 20).open().unwrap();
    recorder.join(&session);
    (origin, recorder, session)
}

#[tokio::test]
async fn cache_async_a_request_closed_with_its_body_unread_leaves_its_wire_for_the_next() {
    let Some(scenarios) = scenarios(1) else { return };
    let (origin, recorder, session) = world(|| Reply::ok("hello")).await;
    let connection = session.connect(&origin.origin()).unwrap();
    for _ in 0..2 {
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        request.close().await.unwrap();
        request.close().await.unwrap();
    }
    connection.close().await.unwrap();
    session.close().await.unwrap();
    session.closed().await;
    // The second half opens a new session: C.9, pools are never shared across sessions.
    let mut wanted = expected(&scenarios, "cache_async", 13);
    let second = wanted.iter().rposition(|one| one.status == "sendingrequest").unwrap();
    let first = wanted[..second].iter().rposition(|one| one.status == "handlecreated").unwrap();
    // "Windows must not": the wire is reused, so nothing connects.
    wanted.drain(first + 1..second);
    check(&recorder, &wanted);
    assert_eq!(origin.connections(), 1);
    recorder.settle().await;
}

#[tokio::test]
async fn async_connection_close_tells_of_the_closed_wire_before_the_last_read_completes() {
    let Some(scenarios) = scenarios(1) else { return };
    let (origin, recorder, session) = world(|| Reply::ok("hello").closing()).await;
    let connection = session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.add_header("connection", "close").unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    // C.9: refused with 12019 instead of accepted and failed.
    let refused = recorder.refusal(request.id(), request.receive_response().await);
    assert!(refused.is_incorrect_state());
    assert_eq!(request.query_data_available().await.unwrap(), 5);
    assert_eq!(request.read().await.unwrap(), "hello");
    request.close().await.unwrap();
    connection.close().await.unwrap();
    session.close().await.unwrap();
    session.closed().await;
    let mut wanted = expected(&scenarios, "async_connection_close", usize::MAX);
    wanted.retain(|one| one.status != "requesterror");
    check(&recorder, &wanted);
    recorder.settle().await;
}

#[tokio::test]
async fn async_keepalive_older_is_the_same_without_a_closed_wire() {
    let Some(scenarios) = scenarios(1) else { return };
    let (origin, recorder, session) = world(|| Reply::ok("hello")).await;
    let connection = session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(request.query_data_available().await.unwrap(), 5);
    assert_eq!(request.read().await.unwrap(), "hello");
    request.close().await.unwrap();
    connection.close().await.unwrap();
    session.close().await.unwrap();
    session.closed().await;
    check(&recorder, &expected(&scenarios, "async_keepalive_older", usize::MAX));
    recorder.settle().await;
}

/// The server of the WebSocket scenarios: it greets, and closes when it is closed.
async fn websocket_world() -> (ScriptedPeer, Recorder, Session) {
    let script = Script::new().read_head().send_accepting(SWITCHING).send(frame(0x81, "hello"));
    let peer = ScriptedPeer::always(script.read_until(&b"\x88"[..]).send(close(1000, "")).keep()).await;
    let recorder = Recorder::start();
    let session = Session::builder().unhandled(1 << 20, 1 << 20).open().unwrap();
    recorder.join(&session);
    (peer, recorder, session)
}

/// As far as all four go together: a WebSocket that was greeted, with a second receive in flight if one is wanted.
async fn greeted(peer: &ScriptedPeer, session: &Session) -> (Request, WebSocket) {
    // The recording begins with the request.
    let connection = session.connect(&peer.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.upgrade_to_websocket().unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 101);
    let websocket = request.complete_upgrade(0).await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("hello"));
    (request, websocket)
}

/// A receive that stays in flight, of which a second one is refused (W-20).
async fn receiving(
    recorder: &Recorder,
    websocket: &WebSocket,
) -> impl Future<Output = hinternet::Result<hinternet::MessagePart>> + use<> {
    let answer = websocket.addr().send(ReceiveMessage::default());
    let second = recorder.refusal(websocket.id(), websocket.receive().await);
    assert_eq!(second.code(), ErrorCode::InvalidOperation);
    async move { answer.await.unwrap() }
}

/// Of the session's, the connection's, and the WinHTTP statuses that a wire's end has here as everywhere, the recording says nothing.
fn check_websocket(
    recorder: &Recorder,
    id: &str,
    scenarios: &serde_json::Value,
    request: &Request,
    websocket: &WebSocket,
) {
    let of = [request.id(), websocket.id()];
    let told = recorder.log().into_iter().filter(|one| of.contains(&one.handle) && one.status.code().is_some());
    let told: Vec<String> = told
        .map(|one| one.name().trim_start_matches("WebSocket").to_lowercase())
        .filter(|name| !matches!(&name[..], "closingconnection" | "connectionclosed"))
        .collect();
    let mut wanted = expected(scenarios, id, usize::MAX);
    let ours = wanted.iter().rposition(|one| one.status == "handleclosing").unwrap();
    // The scenario that closes the connection and the session too goes on.
    let closings = wanted.iter().filter(|one| one.status == "handleclosing").count();
    wanted.drain(ours + 1 - closings.saturating_sub(2)..=ours);
    if let Err(difference) = matches(&told, &wanted) {
        panic!("{id}: {difference}\n expected {wanted:#?}\n told {told:#?}");
    }
}

#[tokio::test]
async fn ws_close_with_receive_pending_fails_the_receive_and_then_completes() {
    let Some(scenarios) = scenarios(1) else { return };
    let (peer, recorder, session) = websocket_world().await;
    let (request, websocket) = greeted(&peer, &session).await;
    let receiving = receiving(&recorder, &websocket).await;
    websocket.close(1000, "").await.unwrap();
    assert!(recorder.failure(websocket.id(), receiving.await).is_cancelled());
    assert_eq!(websocket.close_status().unwrap().code, 1000);
    Handle::close(&websocket).await.unwrap();
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    check_websocket(&recorder, "ws_close_with_receive_pending", &scenarios, &request, &websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn ws_shutdown_with_receive_pending_lets_it_receive_the_close() {
    let Some(scenarios) = scenarios(1) else { return };
    let (peer, recorder, session) = websocket_world().await;
    let (request, websocket) = greeted(&peer, &session).await;
    let receiving = receiving(&recorder, &websocket).await;
    websocket.shutdown(1000, "").await.unwrap();
    assert!(receiving.await.unwrap().is_close());
    assert_eq!(websocket.close_status().unwrap().code, 1000);
    recorder.refusal(websocket.id(), websocket.receive().await);
    websocket.close(1000, "").await.unwrap();
    Handle::close(&websocket).await.unwrap();
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    check_websocket(&recorder, "ws_shutdown_with_receive_pending", &scenarios, &request, &websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn ws_closehandle_with_receive_pending_fails_it_once() {
    let Some(scenarios) = scenarios(1) else { return };
    let (peer, recorder, session) = websocket_world().await;
    let (request, websocket) = greeted(&peer, &session).await;
    let receiving = receiving(&recorder, &websocket).await;
    Handle::close(&websocket).await.unwrap();
    assert!(recorder.failure(websocket.id(), receiving.await).is_cancelled());
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    check_websocket(&recorder, "ws_closehandle_with_receive_pending", &scenarios, &request, &websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn ws_closehandle_with_close_pending_fails_the_close_once() {
    let Some(scenarios) = scenarios(1) else { return };
    let (_, recorder, session) = websocket_world().await;
    // This server does not close.
    let script = Script::new().read_head().send_accepting(SWITCHING).send(frame(0x81, "hello")).keep();
    let peer = ScriptedPeer::always(script).await;
    let (request, websocket) = greeted(&peer, &session).await;
    let receiving = receiving(&recorder, &websocket).await;
    let closing = websocket.addr().send(hinternet::messages::CloseWebSocket::new(1000, ""));
    recorder.failure(websocket.id(), receiving.await);
    Handle::close(&websocket).await.unwrap();
    assert!(recorder.failure(websocket.id(), closing.await.unwrap()).is_cancelled());
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    check_websocket(&recorder, "ws_closehandle_with_close_pending", &scenarios, &request, &websocket);
    recorder.finish(session).await;
}
