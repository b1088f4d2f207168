//! A snapshot tells what happened last, where a trace is asked for, and what the wires have moved (issue: snapshot, statistics).

use hinternet::{Method, Session, TraceEvent, Version};
use integration_tests::http2_origin::{Answer, Http2Scene};
use integration_tests::origin::Reply;
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Nobody, Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nSet-Cookie: sesame\r\nContent-Length: 2\r\n\r\nok";
const LAST_ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

async fn traced(most: usize, answer: &'static [u8]) -> Scene {
    Scene::of(ScriptedPeer::always(Script::answering(answer)).await, Session::builder().trace(most))
}

fn names(trace: &[TraceEvent]) -> Vec<&'static str> {
    trace.iter().map(|event| event.what).collect()
}

#[tokio::test]
async fn nothing_is_kept_where_no_trace_is_asked_for() {
    let scene = Scene::with(Script::answering(ANSWER)).await;
    let request = scene.reading().await;
    let snapshot = scene.session.snapshot().await;
    let mut traces = snapshot.origins.iter().map(|it| &it.trace).chain(snapshot.requests.iter().map(|it| &it.trace));
    assert!(traces.all(Vec::is_empty) && snapshot.trace.is_empty(), "{snapshot:#?}");
    read_all(&request).await.unwrap();
    scene.end().await;
}

#[tokio::test]
async fn a_request_shows_what_it_was_told_of_last_though_nobody_listens() {
    let scene = traced(64, ANSWER).await;
    let request = scene.connection.open_request(Method::GET, "/secret?token=sesame").unwrap();
    request.clear_subscriber().await.unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    let snapshot = scene.session.snapshot().await;
    let trace = &snapshot.requests[0].trace;
    let told = names(trace);
    assert_eq!(told[0], "HandleCreated");
    for name in ["ConnectedToServer", "WireAcquired", "RequestSent", "SendRequestComplete", "HeadersAvailable"] {
        assert!(told.contains(&name), "{name} in {trace:?}");
    }
    let connected = trace.iter().find(|event| event.what == "ConnectedToServer").unwrap();
    assert_eq!(connected.detail.as_deref(), Some(&*scene.peer.address().to_string()));
    assert!(trace.is_sorted_by(|one, next| one.ago >= next.ago), "{trace:?}");
    assert!(!format!("{snapshot:?}").contains("sesame"), "{snapshot:?}");
    assert_eq!(names(&snapshot.connections[0].trace), ["HandleCreated"]);
    read_all(&request).await.unwrap();
    let shown = scene.session.snapshot().await.requests[0].trace.clone();
    assert_eq!(shown.iter().filter(|event| event.what == "ReadComplete").map(|event| event.times).sum::<u64>(), 2);
    // It stopped to listen, and has to say no last word to anybody.
    request.close().await.unwrap();
    scene.end().await;
}

#[tokio::test]
async fn a_trace_is_never_longer_than_was_asked_for() {
    let scene = traced(4, ANSWER).await;
    let request = scene.reading().await;
    read_all(&request).await.unwrap();
    let snapshot = scene.session.snapshot().await;
    let trace = &snapshot.requests[0].trace;
    assert_eq!((trace.len(), trace.last().unwrap().what), (4, "ReadComplete"), "{trace:?}");
    scene.end().await;
    let refused = Session::builder().trace(1025).open().unwrap_err();
    assert_eq!(refused.code().number(), 87);
}

#[tokio::test]
async fn an_origin_shows_what_happened_to_its_wires_and_why_they_were_closed() {
    let scene = traced(16, LAST_ANSWER).await;
    let request = scene.reading().await;
    read_all(&request).await.unwrap();
    let snapshot = scene.connection.snapshot().await;
    let [origin] = &snapshot[..] else { panic!("{snapshot:#?}") };
    assert_eq!(names(&origin.trace), ["dialed", "closed"]);
    let closed = origin.trace[1].detail.as_deref().unwrap();
    assert!(closed.contains("the server asked to close the connection"), "{closed}");
    assert!(origin.wires.is_empty());
    scene.end().await;
}

#[tokio::test]
async fn an_origin_shows_dials_that_failed() {
    let nobody = Nobody::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().trace(16));
    let connection = session.connect(&nobody.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap_err();
    let [origin] = &connection.snapshot().await[..] else { panic!("one origin was met") };
    assert_eq!(names(&origin.trace), ["dial failed"]);
    assert!(origin.trace[0].detail.as_deref().unwrap().contains("12029"), "{:?}", origin.trace);
    drop((request, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn octets_of_a_wire_are_counted_and_outlive_it() {
    let scene = Scene::with(Script::answering(ANSWER)).await;
    for _ in 0..3 {
        let request = scene.reading().await;
        read_all(&request).await.unwrap();
    }
    let asked = scene.peer.received(0).len() as u64;
    let [before] = &scene.connection.snapshot().await[..] else { panic!("one origin was met") };
    let [wire] = &before.wires[..] else { panic!("{before:#?}") };
    assert_eq!((wire.octets_sent, wire.octets_received), (asked, 3 * ANSWER.len() as u64));
    assert_eq!(wire.securing, None);
    scene.session.evict_idle().await;
    let [after] = &scene.connection.snapshot().await[..] else { panic!("it is still known") };
    assert!(after.wires.is_empty());
    assert_eq!((after.octets_sent, after.octets_received), (asked, 3 * ANSWER.len() as u64));
    scene.end().await;
}

#[tokio::test]
async fn a_request_shows_the_wire_that_carries_it() {
    let scene = Http2Scene::with(|_| Answer::from(Reply::ok("some body"))).await;
    let request = scene.reading("/").await;
    let wire = request.wire().await.expect("its body was not read");
    assert_eq!((wire.protocol, wire.requests_begun, wire.remote), (Version::HTTP_2, 1, Some(scene.origin.address())));
    // Preface and SETTINGS are more than this, either way.
    assert!(wire.octets_sent > 24 && wire.octets_received > 9, "{wire:#?}");
    read_all(&request).await.unwrap();
    assert!(request.wire().await.is_none(), "it is over");
    scene.end().await;
}

#[tokio::test]
async fn what_happened_to_a_request_that_was_never_sent_is_as_old_as_it_is() {
    let scene = traced(16, ANSWER).await;
    let request = scene.request(Method::GET);
    let created = scene.recorder.wait_for_status(request.id(), "HandleCreated").await;
    let least = std::time::Instant::now().duration_since(created.at);
    let snapshot = scene.session.snapshot().await;
    let event = &snapshot.requests[0].trace[0];
    assert!(event.ago >= least && event.ago > std::time::Duration::ZERO, "{event:?}");
    drop(request);
    scene.end().await;
}
