//! The orderly end of one connection handle, as B.8 has it for a session: no new work, time for the old, and a report; all others go
//! on.

use std::time::Duration;

use hinternet::messages::Drain;
use hinternet::{Connection, ErrorCode, Method, Session, ShutdownReport, WireState};
use integration_tests::scene::{Scene, read_all, receiving, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, patiently};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);
/// The deadline has passed when nothing else happens.
const SHORT: Duration = Duration::from_millis(50);

fn counts(report: ShutdownReport) -> (u64, u64, u64) {
    (report.completed, report.cancelled, report.never_sent)
}

async fn drained(connection: &Connection, deadline: Duration) -> (u64, u64, u64) {
    counts(patiently("the report", connection.drain(deadline)).await)
}

#[tokio::test]
async fn b8_work_in_flight_on_it_may_finish_and_no_new_work_is_taken() {
    let gate = Gate::new();
    let scene = Scene::with(Script::new().read_request().hold(&gate).send(HELLO).again()).await;
    let busy = scene.sent().await;
    let unsent = scene.request(Method::GET);
    let report = scene.connection.drain(LONG);
    let refused = [scene.connection.open_request(Method::GET, "/").err(), unsent.send(()).await.err()];
    for error in refused {
        let error = error.expect("it was taken");
        assert_eq!(error.code(), ErrorCode::Shutdown, "{error}");
        assert!(error.to_string().contains("connection"), "{error}");
        scene.recorder.refusal(unsent.id(), Err::<(), _>(error));
    }
    gate.open();
    busy.receive_response().await.unwrap();
    assert_eq!(read_all(&busy).await.unwrap(), b"hello");
    assert_eq!(counts(patiently("the report", report).await), (1, 0, 0));
    assert!(!scene.connection.is_open() && !unsent.is_open() && scene.session.is_open());
    scene.end().await;
}

#[tokio::test]
async fn b8_other_connections_and_the_wires_go_on() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    read_all(&scene.reading().await).await.unwrap();
    let other = scene.session.connect(&scene.peer.origin()).unwrap();
    let others = other.open_request(Method::GET, "/").unwrap();
    others.send(()).await.unwrap();
    assert_eq!(drained(&scene.connection, LONG).await, (0, 0, 0), "nothing of its own is under way");
    others.receive_response().await.unwrap();
    assert_eq!(read_all(&others).await.unwrap(), b"hello");
    let paved = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
    assert_eq!(paved.bytes().await.unwrap(), "hello");
    assert_eq!(scene.peer.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn b8_at_the_deadline_the_rest_is_cancelled_and_what_never_got_a_wire_is_never_sent() {
    let peer = ScriptedPeer::always(Script::new().read_request().keep()).await;
    let scene = Scene::of(peer, Session::builder().wires_per_origin(1));
    let first = scene.sent().await;
    let call = receiving(&first);
    let waiting = scene.request(Method::POST);
    let queued = sending(&waiting, "body");
    scene.recorder.wait_for_status(waiting.id(), "Queued").await;
    assert_eq!(drained(&scene.connection, SHORT).await, (0, 1, 1));
    let error = scene.recorder.failure(first.id(), call.await.unwrap());
    assert_eq!(error.code(), ErrorCode::InvalidHandle);
    let error = scene.recorder.failure(waiting.id(), queued.await.unwrap());
    assert_eq!(error.wire_state(), WireState::NotSent);
    scene.end().await;
}

#[tokio::test]
async fn b8_a_shutdown_of_the_session_waits_for_what_a_connection_drains_and_counts_it() {
    let gate = Gate::new();
    let scene = Scene::with(Script::new().read_request().hold(&gate).send(HELLO).again()).await;
    let busy = scene.sent().await;
    let drain = scene.connection.drain(LONG);
    let shutdown = scene.session.shutdown(LONG);
    gate.open();
    busy.receive_response().await.unwrap();
    read_all(&busy).await.unwrap();
    assert_eq!(counts(patiently("the one report", drain).await), (1, 0, 0));
    assert_eq!(counts(patiently("the other report", shutdown).await), (1, 0, 0));
    scene.end().await;
}

#[tokio::test]
async fn b8_a_drain_goes_on_when_nobody_waits_for_its_report() {
    let gate = Gate::new();
    let scene = Scene::with(Script::new().read_request().hold(&gate).send(HELLO).again()).await;
    let busy = scene.sent().await;
    drop(scene.connection.drain(LONG));
    assert!(scene.connection.is_open(), "it waits for the work in flight");
    gate.open();
    busy.receive_response().await.unwrap();
    read_all(&busy).await.unwrap();
    scene.recorder.wait_for_closing(scene.connection.id()).await;
    scene.end().await;
}

#[tokio::test]
async fn b8_a_connection_is_drained_by_message_too() {
    let gate = Gate::new();
    let scene = Scene::with(Script::new().read_request().hold(&gate).send(HELLO).again()).await;
    let busy = scene.sent().await;
    let report = tokio::spawn(scene.connection.addr().send(Drain { deadline: LONG }));
    // The message is there when it shows.
    patiently("a refusal", async {
        while scene.connection.open_request(Method::GET, "/").is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(scene.connection.is_open(), "it waits for the work in flight");
    gate.open();
    busy.receive_response().await.unwrap();
    read_all(&busy).await.unwrap();
    let report = patiently("the report", report).await.unwrap();
    assert_eq!(counts(report.expect("the actor is there until it has answered")), (1, 0, 0));
    scene.recorder.wait_for_closing(scene.connection.id()).await;
    scene.end().await;
}
