//! RFC 9112 9.3: whether a wire serves again, and the named reason why not.
//!
//! A wire that serves again is told of by `WireReleased`, one that does not by `ClosingConnection` and `ConnectionClosed`.

use std::time::Duration;

use hinternet::{CloseReason, ErrorCode, HandleId, Limits, Method, RequestOptions, Session, Status};
use integration_tests::Gate;
use integration_tests::scripted_peer::Script;

use crate::answer::Scene;
use crate::reasons;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What one answer makes of its wire, and that the next request comes on the same one or on another.
async fn after(first: Script, method: Method) -> Option<String> {
    reasons::listen();
    let scene = Scene::with(vec![first, Script::answering(OK)]).await;
    let answer = scene.ask(method).await;
    let closed = scene.closed_the_wire(answer.id);
    let next = scene.get().await;
    assert_eq!(next.text(), "ok");
    assert_eq!(scene.peer.connections(), if closed { 2 } else { 1 });
    let reason = closed.then(|| reasons::of(&scene.recorder, answer.id));
    scene.end().await;
    reason
}

/// Answers once with these octets, and after that with `OK`, without ever closing by itself.
fn answer(octets: &str) -> Script {
    Script::new().read_request().send(octets.to_owned()).read_request().send(OK).keep()
}

#[tokio::test]
async fn a_wire_serves_again_after_a_response_whose_end_is_known() {
    for (method, octets) in [
        (Method::GET, OK),
        (Method::GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        (Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
        (Method::GET, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
        (Method::GET, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
    ] {
        assert_eq!(after(answer(octets), method).await, None, "{octets:?}");
    }
}

#[tokio::test]
async fn what_the_response_says_or_is_may_cost_the_wire() {
    for (octets, reason) in [
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", CloseReason::ServerAskedToClose),
        ("HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 2\r\n\r\nok", CloseReason::ServerAskedToClose),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", CloseReason::Http10WithoutKeepAlive),
        (
            "HTTP/0.9 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
            CloseReason::Http10WithoutKeepAlive,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", CloseReason::UnexpectedOctets),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil", CloseReason::UnexpectedOctets),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n",
            CloseReason::BothFramings,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", CloseReason::ProtocolError),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", CloseReason::ProtocolError),
    ] {
        assert_eq!(after(answer(octets), Method::GET).await, Some(reason.to_string()), "{octets:?}");
    }
}

#[tokio::test]
async fn how_the_connection_ends_names_the_reason() {
    for (script, reason) in [
        (Script::answering_once("HTTP/1.1 200 OK\r\n\r\nall of it"), CloseReason::BodyRunsUntilClose),
        (Script::answering_once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), CloseReason::PeerClosed),
        (Script::answering_once(""), CloseReason::PeerClosed),
        (Script::new().read_request().reset(), CloseReason::TransportError),
    ] {
        assert_eq!(after(script.clone(), Method::GET).await, Some(reason.to_string()), "{script:?}");
    }
}

#[tokio::test]
async fn the_caller_may_ask_to_close() {
    reasons::listen();
    let scene = Scene::with(vec![answer(OK)]).await;
    let request = scene.request(Method::GET);
    request.add_header("connection", "close").unwrap();
    let answer = scene.play(request).await;
    assert!(scene.closed_the_wire(answer.id));
    assert_eq!(reasons::of(&scene.recorder, answer.id), CloseReason::CallerAskedToClose.to_string());
    assert_eq!(scene.peer.requests()[0].field("connection"), Some("close"));
    scene.end().await;
}

/// The wire's fate when a request closes after reading the head of this answer and nothing of its body.
async fn unread(octets: String, drain: u64) -> Option<String> {
    reasons::listen();
    let mut limits = Limits::default();
    limits.response_drain = drain;
    let scene = Scene::with_session(vec![answer(&octets)], Session::builder().limits(limits)).await;
    let request = scene.request(Method::GET);
    let id = request.id();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(id).await;
    let reason = scene.closed_the_wire(id).then(|| reasons::of(&scene.recorder, id));
    scene.end().await;
    reason
}

#[tokio::test]
async fn an_unread_rest_is_skipped_if_it_has_come_and_is_not_too_long() {
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "x".repeat(100));
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "x".repeat(50));
    assert_eq!(unread(whole.clone(), 100).await, None);
    assert_eq!(unread(whole, 99).await, Some(CloseReason::DrainLimit.to_string()));
    assert_eq!(unread(half, 100).await, Some(CloseReason::ResponseNotRead.to_string()));
}

#[tokio::test]
async fn a_cancelled_exchange_costs_the_wire() {
    reasons::listen();
    let scene = Scene::with(vec![answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")]).await;
    let request = scene.request(Method::GET);
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    request.cancel();
    let error = scene.recorder.refusal(request.id(), request.read().await);
    assert_eq!(error.code(), ErrorCode::OperationCancelled);
    scene.recorder.wait_for_status(request.id(), "ConnectionClosed").await;
    assert_eq!(reasons::of(&scene.recorder, request.id()), CloseReason::Cancelled.to_string());
    scene.end().await;
}

/// The wire of the only request of a scene, idle since its end.
fn wire(scene: &Scene, request: HandleId) -> hinternet::WireId {
    let released = scene.recorder.of(request).into_iter().find_map(|one| match one.status {
        Status::WireReleased { wire } => Some(wire),
        _ => None,
    });
    released.expect("the wire was given back")
}

#[tokio::test]
async fn an_idle_wire_on_which_anything_came_is_not_used_again() {
    reasons::listen();
    let (go_on, done) = (Gate::new(), Gate::new());
    let first = || Script::new().read_request().send(OK).hold(&go_on);
    for (script, reason) in [
        (first().send("HTTP/1.1 408 Time\r\n\r\n").signal(&done).keep(), CloseReason::UnexpectedOctets),
        (first().signal(&done).close(), CloseReason::PeerClosed),
    ] {
        let scene = Scene::with(vec![script, Script::answering(OK)]).await;
        let used = wire(&scene, scene.get().await.id);
        go_on.open();
        // The idle wire's end is told by the connection; nothing was lost on the way.
        scene.recorder.wait_for_status(scene.connection.id(), "ConnectionClosed").await;
        assert_eq!(reasons::of_wire(used), Some(reason.to_string()));
        let next = scene.get().await;
        assert_eq!((next.text(), scene.peer.connections()), ("ok", 2));
        assert_eq!(scene.recorder.count_of(next.id, "Retrying"), 0);
        scene.end().await;
    }
}

#[tokio::test]
async fn an_idle_wire_grows_old() {
    reasons::listen();
    let builder = Session::builder().idle_timeout(Duration::from_millis(1));
    let scene = Scene::with_session(vec![answer(OK)], builder).await;
    let used = wire(&scene, scene.get().await.id);
    scene.recorder.wait_for_status(scene.connection.id(), "ConnectionClosed").await;
    assert_eq!(reasons::of_wire(used), Some(CloseReason::IdleTimeout.to_string()));
    scene.end().await;
}

#[tokio::test]
async fn a_wire_that_dies_under_a_safe_request_costs_a_visible_retry() {
    // The peer takes the second request and closes without a word.
    let dying = Script::new().read_request().send(OK).read_request().close();
    let scene = Scene::with(vec![dying, Script::answering(OK)]).await;
    assert_eq!(scene.get().await.text(), "ok");
    let second = scene.get().await;
    assert_eq!(second.text(), "ok");
    assert_eq!(scene.recorder.count_of(second.id, "Retrying"), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_wire_that_dies_under_any_other_request_is_an_error() {
    let dying = || Script::new().read_request().send(OK).read_request().close();
    let mut never = RequestOptions::default();
    never.resends = 0;
    for (method, options) in [(Method::POST, RequestOptions::default()), (Method::GET, never)] {
        let scene = Scene::with(vec![dying(), Script::answering(OK)]).await;
        assert_eq!(scene.get().await.text(), "ok");
        let request = scene.request(method);
        request.set_options(options).unwrap();
        let second = scene.play(request).await;
        assert_eq!(second.error().code(), ErrorCode::ConnectionError);
        assert_eq!(scene.recorder.count_of(second.id, "Retrying"), 0);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_server_that_speaks_or_closes_before_it_is_asked_is_not_dialed_for_ever() {
    for (script, code) in [
        (Script::new().close(), ErrorCode::ConnectionError),
        (Script::new().send("220 mail.example ESMTP\r\n").keep(), ErrorCode::InvalidServerResponse),
    ] {
        for _ in 0..20 {
            let scene = Scene::with(vec![script.clone()]).await;
            let answer = scene.get().await;
            assert_eq!(answer.error().code(), code);
            assert_eq!(scene.peer.connections(), 1);
            scene.end().await;
        }
    }
}
