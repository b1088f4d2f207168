//! C.6, C.9: an exchange over HTTP/2 is told as one over HTTP/1.1 is, and the end of a wire that many share is told once.

use std::time::Duration;

use hinternet::{Blame, HandleId, Http2Options, Protocols, RequestOptions, Session, Status, WireHealth};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, builder};
use integration_tests::http2_peer::frames;
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all, receiving};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, patiently};

const CREATED: [&str; 1] = ["HandleCreated"];
const NEW_WIRE: [&str; 4] = ["ResolvingName", "NameResolved", "ConnectingToServer", "ConnectedToServer"];
const SEND: [&str; 3] = ["SendingRequest", "RequestSent", "SendRequestComplete"];
const RECEIVE: [&str; 3] = ["ReceivingResponse", "ResponseReceived", "HeadersAvailable"];
const READS: [&str; 3] = ["ReadComplete", "ReadComplete", "HandleClosing"];

/// Sends, receives and reads all of one GET; gives what was told of it by then.
async fn get(scene: &Http2Scene, path: &str) -> (HandleId, Vec<&'static str>) {
    let request = scene.reading(path).await;
    let id = request.id();
    read_all(&request).await.unwrap();
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(id).await;
    (id, scene.recorder.winhttp_names(id))
}

/// Was the wire used before, and which was it?
fn acquired(scene: &Http2Scene, request: HandleId) -> (bool, hinternet::WireId) {
    let told = scene.recorder.of(request);
    let acquired = told.iter().find_map(|one| match one.status {
        Status::WireAcquired { wire, reused, .. } => Some((reused, wire)),
        _ => None,
    });
    acquired.expect("every request gets a wire")
}

#[tokio::test]
async fn c9_a_request_on_a_new_wire_resolves_and_connects() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    let (id, names) = get(&scene, "/").await;
    assert_eq!(names, [&CREATED[..], &NEW_WIRE, &SEND, &RECEIVE, &READS].concat());
    assert!(!acquired(&scene, id).0);
    assert_eq!(scene.recorder.count_of(id, "WireReleased"), 1);
    scene.end().await;
}

#[tokio::test]
async fn c9_a_request_on_a_pooled_wire_begins_with_sending_request() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").into()).await;
    let (first, _) = get(&scene, "/").await;
    let (second, names) = get(&scene, "/").await;
    assert_eq!(names, [&CREATED[..], &SEND, &RECEIVE, &READS].concat());
    let (_, wire) = acquired(&scene, first);
    assert_eq!(acquired(&scene, second), (true, wire));
    scene.end().await;
}

#[tokio::test]
async fn c9_requests_that_overlap_share_a_wire_and_each_gives_its_share_back() {
    let gate = Gate::new();
    let held = gate.clone();
    let scene = Http2Scene::with(move |request| match request.path() {
        "/held" => Reply::ok("ok").held(&held).into(),
        _ => Reply::ok("ok").into(),
    })
    .await;
    get(&scene, "/").await;
    let requests = [scene.sent("/held").await, scene.sent("/held").await, scene.sent("/held").await];
    scene.origin.wait_for_requests(4).await;
    gate.open();
    for request in &requests {
        request.receive_response().await.unwrap();
        read_all(request).await.unwrap();
        request.close().await.unwrap();
        scene.recorder.wait_for_closing(request.id()).await;
        assert_eq!(acquired(&scene, request.id()), acquired(&scene, requests[0].id()));
        for name in ["WireAcquired", "WireReleased", "SendRequestComplete", "HeadersAvailable"] {
            assert_eq!(scene.recorder.count_of(request.id(), name), 1, "{name}");
        }
        for name in ["ClosingConnection", "ConnectionClosed", "ResolvingName", "ConnectingToServer"] {
            assert_eq!(scene.recorder.count_of(request.id(), name), 0, "{name}");
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn c9_interim_responses_come_between_receiving_and_headers_available() {
    let scene = Http2Scene::with(|_| Reply::ok("ok").interim(103).interim(102).into()).await;
    let (_, names) = get(&scene, "/").await;
    let place = |name| names.iter().position(|one| *one == name).unwrap();
    let (begin, end) = (place("ReceivingResponse"), place("HeadersAvailable"));
    let interims: Vec<_> = names.iter().enumerate().filter(|(_, name)| **name == "IntermediateResponse").collect();
    assert_eq!(interims.len(), 2);
    assert!(interims.iter().all(|(place, _)| (begin..end).contains(place)), "{names:?}");
    scene.end().await;
}

#[tokio::test]
async fn c9_body_reads_emit_no_receiving_pairs() {
    let scene = Http2Scene::with(|_| Reply::new(200).chunked(["a", "b", "c"]).into()).await;
    let (id, _) = get(&scene, "/").await;
    assert_eq!(scene.recorder.count_of(id, "ReceivingResponse"), 1);
    assert_eq!(scene.recorder.count_of(id, "ResponseReceived"), 1);
    scene.end().await;
}

#[tokio::test]
async fn c6_the_end_of_a_wire_that_many_share_is_told_once_and_each_of_them_has_one_error() {
    for break_off in [true, false] {
        let mut options = RequestOptions::default();
        options.resends = 0;
        let gate = Gate::new();
        let held = gate.clone();
        let origin = Http2Origin::start(move |_| Reply::ok("late").held(&held).into()).await;
        let scene =
            Http2Scene::of(origin, Session::builder().request_options(options).protocols(Protocols::RequireHttp2));
        let requests = [scene.sent("/").await, scene.sent("/").await, scene.sent("/").await];
        scene.origin.wait_for_requests(3).await;
        let calls = requests.each_ref().map(receiving);
        for request in &requests {
            scene.recorder.wait_for_status(request.id(), "ReceivingResponse").await;
        }
        if break_off {
            scene.origin.break_off(Reason::INTERNAL_ERROR)
        } else {
            scene.origin.cut()
        }
        for (request, call) in requests.iter().zip(calls) {
            let error = scene.recorder.failure(request.id(), patiently("the end", call).await.unwrap());
            assert!(matches!(error.blame(), Blame::Peer | Blame::Network), "{error}");
            request.close().await.unwrap();
            scene.recorder.wait_for_closing(request.id()).await;
            let names = scene.recorder.names(request.id());
            assert_eq!(names.iter().filter(|name| **name == "RequestError").count(), 1, "{names:?}");
            for name in ["ClosingConnection", "ConnectionClosed"] {
                assert!(!names.contains(&name), "the wire was not this request's alone: {names:?}");
            }
        }
        scene.recorder.wait_for(|one| matches!(one.status, Status::ConnectionClosed)).await;
        gate.open();
        assert_eq!(scene.recorder.count(|status| matches!(status, Status::ClosingConnection { .. })), 1);
        assert_eq!(scene.recorder.count(|status| matches!(status, Status::ConnectionClosed)), 1);
        scene.end().await;
    }
}

#[tokio::test]
async fn c9_a_reset_stream_is_an_error_and_no_end_of_a_wire() {
    let scene = Http2Scene::with(|request| match request.path() {
        "/reset" => Answer::reset(Reason::INTERNAL_ERROR),
        _ => Reply::ok("ok").into(),
    })
    .await;
    let request = scene.sent("/reset").await;
    scene.recorder.failure(request.id(), request.receive_response().await);
    request.close().await.unwrap();
    scene.recorder.wait_for_closing(request.id()).await;
    let names = scene.recorder.names(request.id());
    assert!(names.contains(&"WireReleased") && !names.contains(&"ClosingConnection"), "{names:?}");
    get(&scene, "/").await;
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

/// What the connection's handle was told of the end of a wire, and before that of its health.
fn told_of_wires(scene: &Http2Scene) -> Vec<String> {
    let told = scene.recorder.of(scene.connection.id());
    let end = told.iter().filter_map(|one| match &one.status {
        Status::WireHealthChanged { health, .. } => Some(format!("{health:?}")),
        Status::ClosingConnection { .. } | Status::ConnectionClosed => Some(one.name().to_owned()),
        _ => None,
    });
    end.collect()
}

#[tokio::test]
async fn c6_a_wire_that_expires_is_retiring_while_it_carries_something_and_closed_then() {
    let gate = Gate::new();
    let held = gate.clone();
    let scene = Http2Scene::with(move |_| Reply::ok("late").held(&held).into()).await;
    let request = scene.sent("/").await;
    scene.origin.wait_for_requests(1).await;
    assert_eq!(scene.connection.expire().await, 1);
    let retiring = |status: &Status| matches!(status, Status::WireHealthChanged { health: WireHealth::Retiring, .. });
    scene.recorder.wait_for(|one| retiring(&one.status)).await;
    assert_eq!(told_of_wires(&scene), ["Retiring"]);
    gate.open();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"late");
    scene.recorder.wait_for(|one| matches!(one.status, Status::ConnectionClosed)).await;
    assert_eq!(told_of_wires(&scene), ["Retiring", "Closed(Retired)", "ClosingConnection", "ConnectionClosed"]);
    scene.end().await;
}

#[tokio::test]
async fn c6_a_suspect_wire_that_is_heard_again_is_told_of_as_well() {
    let mut http2 = Http2Options::default();
    http2.ping_every = Some(Duration::from_millis(50));
    http2.ping_timeout = Duration::from_secs(2);
    let gate = Gate::new();
    // It answers no ping, and in the end the request.
    let script = Script::new().read_preface().send(frames::settings(&[])).read_streams(1).hold(&gate);
    let late = script.send(frames::answer(1, "late")).keep();
    let scene = Scene::of(ScriptedPeer::always(late).await, builder().http2(http2));
    let request = scene.sent().await;
    let first = scene.recorder.wait_for(|one| matches!(one.status, Status::WireHealthChanged { .. })).await;
    let Status::WireHealthChanged { wire, health } = first.status else { panic!("{first:?}") };
    assert_eq!((first.handle, health), (scene.connection.id(), WireHealth::Suspect));
    gate.open();
    let again = |status: &Status| matches!(status, Status::WireHealthChanged { wire: it, health } if *it == wire && health.takes_requests());
    scene.recorder.wait_for(|one| again(&one.status)).await;
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"late");
    scene.end().await;
}
