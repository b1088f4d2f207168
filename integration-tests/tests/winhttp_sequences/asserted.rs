//! The sequences that a test suite asserts of Windows itself: strict in order, with statuses that may be absent.

use hinternet::{Method, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

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
