//! The paved path from a connection handle: as from a session, with the connection as the request's parent (contract B.5, C.4).

use std::time::Duration;

use hinternet::{ErrorCode, HandleKind, Method, Status};
use integration_tests::http2_origin::Http2Scene;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::{Gate, patiently};

#[tokio::test]
async fn c4_a_paved_request_of_a_connection_copies_from_it() {
    let scene = Http2Scene::with(|request| Reply::ok(format!("{} {}", request.method, request.target)).into()).await;
    let connection = scene.connection.clone().context(7);
    let mut options = connection.options();
    options.request.timeouts.total = Some(Duration::from_secs(77));
    connection.set_options(options).unwrap();
    for (n, (request, method)) in [
        (connection.get("a?b=c d"), "GET"),
        (connection.post("/a?b=c%20d"), "POST"),
        (connection.put("/a?b=c d"), "PUT"),
        (connection.patch("/a?b=c d"), "PATCH"),
        (connection.delete("/a?b=c d"), "DELETE"),
        (connection.request(Method::from_bytes(b"PURGE").unwrap(), "/a?b=c d"), "PURGE"),
    ]
    .into_iter()
    .enumerate()
    {
        let response = patiently("an answer", request.unwrap().send()).await.unwrap();
        let handle = response.handle().clone();
        assert_eq!(handle.options().timeouts.total, Some(Duration::from_secs(77)));
        assert_eq!(patiently("a body", response.text()).await.unwrap(), format!("{method} /a?b=c%20d"));
        let id = scene.recorder.request(n).await;
        let created = scene.recorder.of(id).remove(0);
        assert!(matches!(created.status, Status::HandleCreated(_)));
        assert_eq!((created.kind, created.parent), (HandleKind::Request, Some(connection.id())));
        assert_eq!(created.context, 7);
    }
    let head = patiently("an answer", connection.head("/").unwrap().send()).await.unwrap();
    assert_eq!(head.content_length(), Some(6));
    drop((head, connection));
    scene.end().await;
}

#[tokio::test]
async fn b12_what_is_no_path_is_refused_at_once() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    let whole = scene.connection.get("http://www.example.com/").unwrap_err();
    assert_eq!(whole.code(), ErrorCode::InvalidUrl, "{whole}");
    let injected = scene.connection.get("/a\r\nb").unwrap_err();
    assert_eq!(injected.code(), ErrorCode::InvalidParameter, "{injected}");
    assert_eq!(scene.origin.log().len(), 0);
    scene.end().await;
}

#[tokio::test]
async fn b5_closing_the_connection_ends_its_paved_requests_and_no_others() {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Origin::start(move |request| match request.path() {
        "/held" => Reply::ok("late").held(&held),
        _ => Reply::ok("ok"),
    })
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(hinternet::Session::builder());
    let (closed, other) = (session.connect(&origin.origin()).unwrap(), session.connect(&origin.origin()).unwrap());
    let call = |connection: &hinternet::Connection| tokio::spawn(connection.get("/held").unwrap().send());
    let (ends, stays) = (call(&closed), call(&other));
    origin.wait_for_requests(2).await;
    closed.close().await.unwrap();
    let error = patiently("the end", ends).await.unwrap().unwrap_err();
    assert!(error.is_invalid_handle(), "{error}");
    assert!(closed.get("/").unwrap_err().is_invalid_handle());
    gate.open();
    assert_eq!(patiently("an answer", stays).await.unwrap().unwrap().text().await.unwrap(), "late");
    drop((closed, other));
    recorder.finish(session).await;
}

#[tokio::test]
async fn b8_a_session_that_drains_takes_none() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    let draining = scene.session.shutdown(Duration::from_secs(5));
    let error = scene.connection.get("/").map(drop).unwrap_err();
    assert!(matches!(error.code(), ErrorCode::Shutdown | ErrorCode::InvalidHandle), "{error}");
    patiently("the drain", draining).await;
    scene.end().await;
}
