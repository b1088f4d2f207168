//! What would change the meaning of what is sent is refused with 87 before anything is sent, and never mended in silence.

use hinternet::{ErrorCode, HeaderMap, HeaderValue, Method, Payload, Session};
use integration_tests::scripted_peer::Script;

use crate::answer::Scene;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BREAKERS: [&str; 5] = ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "a\x7fb"];

#[tokio::test]
async fn header_fields_cannot_break_the_head() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    let request = scene.request(Method::GET);
    let names = ["", "a b", "a:b", "a\r\nb", "a\0", "\u{e9}"];
    let pairs = BREAKERS.map(|value| ("x", value)).into_iter().chain(names.map(|name| (name, "v")));
    for (name, value) in pairs {
        let error = scene.recorder.refusal(request.id(), request.add_header(name, value));
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{name:?}: {value:?}");
        let error =
            scene.session.get(scene.peer.url("/").as_str()).unwrap().header(name, value).send().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{name:?}: {value:?}");
        let error = Session::builder().default_header(name, value).open().unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{name:?}: {value:?}");
    }
    assert!(request.headers().is_empty());
    assert_eq!(scene.peer.connections(), 0);
    scene.end().await;
}

#[tokio::test]
async fn targets_cannot_break_the_head() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    for path in ["/a\r\nX: y", "/a\nb", "/a\rb", "/a\0b"] {
        let error = scene.connection.open_request(Method::GET, path).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{path:?}");
        let error = scene.session.get(scene.peer.url(path).as_str()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{path:?}");
    }
    assert_eq!(scene.peer.connections(), 0);
    scene.end().await;
}

#[tokio::test]
async fn hosts_and_user_agents_cannot_break_the_head() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    for host in ["http://a b", "http://a\r\nb", "http://a\0b", "http://user:password@a"] {
        assert!(scene.session.connect(host).is_err(), "{host:?}");
    }
    for value in BREAKERS {
        assert_eq!(Session::builder().user_agent(value).open().unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    scene.end().await;
}

/// Header fields a caller sets by hand.
type Fields = &'static [(&'static str, &'static str)];

#[tokio::test]
async fn framing_fields_are_the_librarys_or_equal_to_the_body() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    let refused: [(Fields, fn() -> Payload); 7] = [
        (&[("transfer-encoding", "chunked")], || Payload::bytes("hello")),
        (&[("Transfer-Encoding", "identity")], Payload::chunked),
        (&[("content-length", "4")], || Payload::bytes("hello")),
        (&[("content-length", "5"), ("Content-Length", "5")], || Payload::bytes("hello")),
        (&[("content-length", "5")], Payload::chunked),
        (&[("content-length", "4")], || Payload::begin("", 5)),
        (&[("host", "a"), ("host", "b")], Payload::empty),
    ];
    for (fields, payload) in refused {
        let request = scene.request(Method::POST);
        fields.iter().for_each(|(name, value)| request.add_header(name, value).unwrap());
        let error = scene.recorder.refusal(request.id(), request.send(payload()).await);
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{fields:?}");
    }
    assert_eq!(scene.peer.connections(), 0, "nothing was sent, and nothing dialed");

    let request = scene.request(Method::POST);
    request.add_header("content-length", "5").unwrap();
    let sent = request.send("hello").await;
    assert_eq!(scene.read(request, sent).await.text(), "ok");
    assert_eq!(scene.peer.requests()[0].fields_named("content-length"), ["5"]);
    scene.end().await;
}

#[tokio::test]
async fn fields_of_send_with_obey_the_same_rules() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    let request = scene.request(Method::POST);
    let headers = HeaderMap::from_iter([(hinternet::HeaderName::from_static("content-length"), HeaderValue::from(4))]);
    let error = scene.recorder.refusal(request.id(), request.send_with(headers, "hello", 0).await);
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
    assert_eq!(scene.peer.connections(), 0);
    scene.end().await;
}

#[tokio::test]
async fn trailers_cannot_frame_route_or_authenticate() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    let request = scene.request(Method::POST);
    request.send(Payload::chunked()).await.unwrap();
    request.write("hello").await.unwrap();
    for name in ["content-length", "transfer-encoding", "host", "authorization", "cookie", "trailer"] {
        let name = hinternet::HeaderName::from_static(name);
        let trailers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("1"))]);
        let error = scene.recorder.refusal(request.id(), request.finish(trailers).await);
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{name}");
    }
    // The refusals changed nothing: the body can still be ended properly.
    let digest = hinternet::HeaderName::from_static("x-digest");
    request.finish(HeaderMap::from_iter([(digest, HeaderValue::from_static("abc"))])).await.unwrap();
    assert_eq!(scene.read(request, Ok(())).await.text(), "ok");
    let received = &scene.peer.requests()[0];
    assert_eq!(received.body, "hello");
    assert_eq!(received.trailers, [("x-digest".to_owned(), "abc".to_owned())]);
    scene.end().await;
}

#[tokio::test]
async fn a_written_body_is_neither_longer_nor_shorter_than_announced() {
    let scene = Scene::with(vec![Script::answering(OK)]).await;
    let request = scene.request(Method::POST);
    request.send(Payload::begin("he", 5)).await.unwrap();
    let longer = scene.recorder.refusal(request.id(), request.write("llo, world").await);
    assert_eq!(longer.code(), ErrorCode::InvalidParameter);
    let shorter = scene.recorder.refusal(request.id(), request.receive_response().await);
    assert_eq!(shorter.code(), ErrorCode::InvalidParameter);
    request.write("llo").await.unwrap();
    assert_eq!(scene.read(request, Ok(())).await.text(), "ok");
    assert_eq!(scene.peer.requests()[0].body, "hello");
    scene.end().await;
}
