//! C.9: the sequences of WinHTTP, as far as this version goes.

use hinternet::{HandleId, Method, Session};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, Scene, read_all};
use integration_tests::scripted_peer::Script;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CREATED: [&str; 1] = ["HandleCreated"];
const NEW_WIRE: [&str; 4] = ["ResolvingName", "NameResolved", "ConnectingToServer", "ConnectedToServer"];
const SEND: [&str; 3] = ["SendingRequest", "RequestSent", "SendRequestComplete"];
const RECEIVE: [&str; 3] = ["ReceivingResponse", "ResponseReceived", "HeadersAvailable"];

/// Sends, receives and reads all of one GET; gives what was told of it by then.
async fn get(scene: &Scene) -> (HandleId, Vec<&'static str>) {
    let request = scene.reading().await;
    let id = request.id();
    read_all(&request).await.unwrap();
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(id).await;
    (id, scene.recorder.winhttp_names(id))
}

#[tokio::test]
async fn c9_a_request_on_a_new_wire_resolves_even_an_address_and_connects() {
    let scene = Scene::with(Script::answering(OK)).await;
    let (_, names) = get(&scene).await;
    let reads = ["ReadComplete", "ReadComplete", "HandleClosing"];
    assert_eq!(names, [&CREATED[..], &NEW_WIRE, &SEND, &RECEIVE, &reads].concat());
    scene.end().await;
}

#[tokio::test]
async fn c9_a_request_on_a_pooled_wire_begins_with_sending_request() {
    let scene = Scene::with(Script::answering(OK)).await;
    get(&scene).await;
    let (_, names) = get(&scene).await;
    let reads = ["ReadComplete", "ReadComplete", "HandleClosing"];
    assert_eq!(names, [&CREATED[..], &SEND, &RECEIVE, &reads].concat());
    scene.end().await;
}

#[tokio::test]
async fn c9_interim_responses_come_between_receiving_and_headers_available() {
    let octets = format!("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n{OK}");
    let scene = Scene::with(Script::answering(octets)).await;
    let (_, names) = get(&scene).await;
    let begin = names.iter().position(|name| *name == "ReceivingResponse").unwrap();
    let end = names.iter().position(|name| *name == "HeadersAvailable").unwrap();
    let interims: Vec<_> = names.iter().enumerate().filter(|(_, name)| **name == "IntermediateResponse").collect();
    assert_eq!(interims.len(), 2);
    assert!(interims.iter().all(|(place, _)| (begin..end).contains(place)), "{names:?}");
    scene.end().await;
}

#[tokio::test]
async fn c9_body_reads_emit_no_receiving_pairs() {
    let octets = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n";
    let scene = Scene::with(Script::new().read_request().send(octets).send(chunks).keep()).await;
    let (id, _) = get(&scene).await;
    assert_eq!(scene.recorder.count_of(id, "ReceivingResponse"), 1);
    assert_eq!(scene.recorder.count_of(id, "ResponseReceived"), 1);
    scene.end().await;
}

#[tokio::test]
async fn c9_connection_close_is_told_before_the_completion_of_the_last_read() {
    let octets = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    let scene = Scene::with(Script::answering_once(octets)).await;
    let (_, names) = get(&scene).await;
    let from = names.iter().position(|name| *name == "HeadersAvailable").unwrap();
    let expected =
        ["HeadersAvailable", "ClosingConnection", "ConnectionClosed", "ReadComplete", "ReadComplete", "HandleClosing"];
    assert_eq!(names[from..], expected);
    scene.end().await;
}

#[tokio::test]
async fn c9_a_second_receive_response_is_refused_instead_of_failing() {
    let scene = Scene::with(Script::answering(OK)).await;
    let request = scene.reading().await;
    let refused = scene.recorder.refusal(request.id(), request.receive_response().await);
    assert!(refused.is_incorrect_state(), "{refused}");
    assert_eq!(read_all(&request).await.unwrap(), b"ok", "and nothing changed");
    scene.end().await;
}

#[tokio::test]
async fn c9_a_send_that_finds_no_server_ends_in_one_request_error() {
    let nobody = Nobody::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = session.connect(&nobody.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    recorder.failure(request.id(), request.send(()).await);
    recorder.wait_for_status(request.id(), "RequestError").await;
    assert_eq!(
        recorder.winhttp_names(request.id()),
        ["HandleCreated", "ResolvingName", "NameResolved", "ConnectingToServer", "RequestError"]
    );
    recorder.finish(session).await;
}
