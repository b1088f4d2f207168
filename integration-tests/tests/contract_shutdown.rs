//! The orderly end of a session: no new work, time for the old, and a report (contract B.8).

use std::time::Duration;

use hinternet::{ErrorCode, HeaderMap, Method, Payload, Session, ShutdownReport, Status};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, Scene, read_all, receiving};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, patiently};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);
/// The deadline has passed when nothing else happens.
const SHORT: Duration = Duration::from_millis(50);

fn held(gate: &Gate) -> Script {
    Script::new().read_request().hold(gate).send(HELLO).again()
}

fn counts(report: ShutdownReport) -> (u64, u64, u64) {
    (report.completed, report.cancelled, report.never_sent)
}

async fn shut(session: &Session, deadline: Duration) -> (u64, u64, u64) {
    counts(patiently("the report", session.shutdown(deadline)).await)
}

#[tokio::test]
async fn b8_work_in_flight_may_finish_and_is_reported_completed() {
    let gate = Gate::new();
    let scene = Scene::with(held(&gate)).await;
    let paved = tokio::spawn(scene.session.get(scene.peer.url("/")).unwrap().send());
    let stepwise = scene.sent().await;
    scene.peer.wait_for_requests(2).await;

    let report = scene.session.shutdown(LONG);
    gate.open();
    assert_eq!(paved.await.unwrap().unwrap().bytes().await.unwrap(), "hello");
    stepwise.receive_response().await.unwrap();
    assert_eq!(read_all(&stepwise).await.unwrap(), b"hello");
    assert_eq!(counts(patiently("the report", report).await), (2, 0, 0));
    assert!(!scene.session.is_open());
    scene.end().await;
}

#[tokio::test]
async fn b8_an_upload_in_flight_may_be_written_to_its_end() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::POST);
    request.send(Payload::chunked()).await.unwrap();
    let report = scene.session.shutdown(LONG);
    request.write("piece").await.unwrap();
    request.finish(HeaderMap::new()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    assert_eq!(counts(patiently("the report", report).await), (1, 0, 0));
    assert_eq!(scene.peer.requests()[0].body, "piece");
    scene.end().await;
}

#[tokio::test]
async fn b8_no_new_work_is_taken() {
    let gate = Gate::new();
    let scene = Scene::with(held(&gate)).await;
    let busy = scene.sent().await;
    let (fresh, builder) = (scene.request(Method::GET), scene.session.get(scene.peer.url("/")).unwrap());
    let report = scene.session.shutdown(LONG);

    let refused = [
        scene.session.connect("http://h").err(),
        scene.session.get("http://h/").err(),
        scene.connection.open_request(Method::GET, "/").err(),
        fresh.send(()).await.err(),
        builder.send().await.err(),
    ];
    for (n, error) in refused.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("call {n} was taken"));
        assert_eq!(error.code(), ErrorCode::Shutdown, "call {n}: {error}");
        scene.recorder.refusal(fresh.id(), Err::<(), _>(error));
    }
    gate.open();
    busy.receive_response().await.unwrap();
    read_all(&busy).await.unwrap();
    assert_eq!(counts(patiently("the report", report).await), (1, 0, 0));
    assert_eq!(scene.peer.requests().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn b8_at_the_deadline_the_rest_is_cancelled_by_the_cascade() {
    let scene = Scene::with(Script::new().read_request().keep()).await;
    let paved = tokio::spawn(scene.session.get(scene.peer.url("/")).unwrap().send());
    let stepwise = scene.sent().await;
    let call = receiving(&stepwise);
    scene.peer.wait_for_requests(2).await;
    assert_eq!(shut(&scene.session, SHORT).await, (0, 2, 0));
    let error = scene.recorder.failure(stepwise.id(), call.await.unwrap());
    assert_eq!(error.code(), ErrorCode::InvalidHandle);
    assert!(paved.await.unwrap().unwrap_err().is_invalid_handle());
    scene.end().await;
}

#[tokio::test]
async fn b8_a_request_that_never_got_a_wire_is_reported_never_sent() {
    let peer = ScriptedPeer::always(Script::new().read_request().keep()).await;
    let scene = Scene::of(peer, Session::builder().wires_per_origin(1));
    let first = scene.sent().await;
    let waiting = scene.request(Method::POST);
    let call = tokio::spawn({
        let waiting = waiting.clone();
        async move { waiting.send("body").await }
    });
    scene.recorder.wait_for_status(waiting.id(), "Queued").await;
    let report = shut(&scene.session, SHORT).await;
    assert_eq!(report, (0, 1, 1), "{:?}", scene.recorder.trace_of(waiting.id()));
    let error = scene.recorder.failure(waiting.id(), call.await.unwrap());
    assert_eq!(error.wire_state(), hinternet::WireState::NotSent);
    assert_eq!(scene.peer.requests().len(), 1);
    drop(first);
    scene.end().await;
}

#[tokio::test]
async fn b8_what_fails_or_is_given_up_while_draining_ends_the_wait() {
    let gate = Gate::new();
    let scene = Scene::with(Script::new().read_request().hold(&gate).close()).await;
    let (failing, given_up) = (scene.sent().await, scene.sent().await);
    scene.peer.wait_for_requests(2).await;
    let report = scene.session.shutdown(LONG);
    drop(given_up);
    gate.open();
    scene.recorder.failure(failing.id(), failing.receive_response().await);
    assert_eq!(counts(patiently("the report", report).await), (0, 2, 0));
    scene.end().await;
}

#[tokio::test]
async fn b8_what_ended_before_is_not_in_the_report() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    read_all(&scene.reading().await).await.unwrap();
    let refused = scene.session.connect(&Nobody::new().origin()).unwrap().open_request(Method::GET, "/").unwrap();
    scene.recorder.failure(refused.id(), refused.send(()).await);
    let unsent = scene.request(Method::GET);
    assert_eq!(shut(&scene.session, LONG).await, (0, 0, 0), "nothing was under way");
    assert!(!unsent.is_open());
    scene.end().await;
}

#[tokio::test]
async fn b8_a_shutdown_goes_on_when_its_future_is_dropped() {
    let gate = Gate::new();
    let scene = Scene::with(held(&gate)).await;
    let request = scene.sent().await;
    drop(scene.session.shutdown(LONG));
    assert!(scene.session.is_open(), "it waits for the work in flight");
    gate.open();
    request.receive_response().await.unwrap();
    read_all(&request).await.unwrap();
    scene.recorder.wait_for_closing(scene.session.id()).await;
    scene.end().await;
}

#[tokio::test]
async fn b8_a_close_cuts_a_shutdown_short_and_both_resolve() {
    let scene = Scene::with(Script::new().read_request().keep()).await;
    let request = scene.sent().await;
    let report = tokio::spawn(scene.session.shutdown(LONG));
    scene.session.close().await.unwrap();
    assert_eq!(counts(patiently("the report", report).await.unwrap()), (0, 1, 0));
    assert_eq!(counts(patiently("another report", scene.session.shutdown(LONG)).await).0, 0, "legal after the end");
    drop(request);
    scene.end().await;
}

#[tokio::test]
async fn b8_shutdown_is_legal_in_a_handler() {
    let recorder = Recorder::start();
    let peer = ScriptedPeer::always(Script::answering(HELLO)).await;
    let session = recorder.session(Session::builder());
    let (handle, told) = (session.clone(), Gate::new());
    let seen = told.clone();
    let subscriber = hinternet::subscriber(move |one| {
        if matches!(one.status, Status::SendRequestComplete) {
            drop(handle.shutdown(LONG));
            seen.open();
        }
    });
    session.subscribe(subscriber, hinternet::NotificationMask::ALL_NOTIFICATIONS).unwrap();
    let request = session.connect(&peer.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    told.passed().await;
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    recorder.wait_for_closing(session.id()).await;
    recorder.finish(session).await;
}
