//! Requests of HTTP/1.0 (WINHTTP_OPTION_HTTP_VERSION): what they may not say, and what becomes of their wires (RFC 9112 9.3, C.2.2).

use std::time::Duration;

use hinternet::{CloseReason, ErrorCode, Method, Payload, Protocols, Session, Version};
use integration_tests::scripted_peer::Script;

use crate::answer::Scene;
use crate::reasons;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const KEPT: &str = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";

async fn scene(octets: &'static str) -> Scene {
    let script = Script::new().read_request().send(octets).read_request().send(OK).keep();
    Scene::with_session(vec![script], Session::builder().protocols(Protocols::Http10)).await
}

#[tokio::test]
async fn a_wire_serves_again_after_http_1_0_only_if_the_response_says_keep_alive() {
    reasons::listen();
    for (octets, connections) in [(OK, 2), (KEPT, 1)] {
        let scene = scene(octets).await;
        let first = scene.get().await;
        assert_eq!((first.text(), first.head().version()), ("ok", Version::HTTP_11));
        let closed = scene.closed_the_wire(first.id);
        assert_eq!(closed, connections == 2);
        if closed {
            let reason = reasons::of(&scene.recorder, first.id);
            assert_eq!(reason, CloseReason::Http10WithoutKeepAlive.to_string());
        }
        assert!(scene.get().await.status() == 200);
        assert_eq!(scene.peer.connections(), connections);
        let received = String::from_utf8(scene.peer.received(0)).unwrap();
        assert!(received.starts_with("GET / HTTP/1.0\r\nhost: "), "{received}");
        assert!(!received.contains("connection:") && !received.contains("HTTP/1.1"), "{received}");
        scene.end().await;
    }
}

#[tokio::test]
async fn a_body_of_known_length_is_sent_at_once_without_an_expectation() {
    let scene = scene(OK).await;
    let request = scene.request(Method::POST);
    let mut options = request.options();
    options.expect_continue = Some(Duration::from_secs(60));
    request.set_options(options).unwrap();
    let sent = request.send("hello").await;
    assert_eq!(scene.read(request, sent).await.text(), "ok");
    let received = String::from_utf8(scene.peer.received(0)).unwrap();
    assert!(received.starts_with("POST / HTTP/1.0\r\n") && received.ends_with("\r\ncontent-length: 5\r\n\r\nhello"));
    assert!(!received.contains("expect"), "{received}");
    scene.end().await;
}

#[tokio::test]
async fn what_http_1_0_does_not_know_is_refused_before_anything_is_sent() {
    let scene = scene(OK).await;
    let chunked = scene.request(Method::POST);
    let expecting = scene.request(Method::POST);
    expecting.add_header("Expect", "100-continue").unwrap();
    let upgrading = scene.request(Method::GET);
    upgrading.upgrade_to_websocket().unwrap();
    for (request, payload) in
        [(&chunked, Payload::chunked()), (&expecting, Payload::bytes("hello")), (&upgrading, Payload::empty())]
    {
        let error = scene.recorder.refusal(request.id(), request.send(payload).await);
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
    }
    assert_eq!(scene.peer.connections(), 0);
    // Nothing was begun: it can still be sent.
    let sent = chunked.send("hello").await;
    assert_eq!(scene.read(chunked, sent).await.text(), "ok");
    scene.end().await;
}
