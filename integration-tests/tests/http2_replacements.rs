//! A wire of HTTP/2 that leaves while it is in use is replaced before anybody has to wait for another (issue: GOAWAY opens the
//! replacement first).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::{DialOptions, Http2Options, Request, Session, SessionBuilder, Status, WireHealth, WireId};
use integration_tests::http2_origin::{Answer, Http2Origin, Http2Scene, Reason, builder};
use integration_tests::http2_peer::frames;
use integration_tests::origin::Reply;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{Gate, patiently};

/// `/held` waits for the gate; anything else is answered.
async fn scene(builder: SessionBuilder) -> (Http2Scene, Gate) {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Http2Origin::start(move |request| match request.path() {
        "/held" => Answer::from(Reply::ok("late").held(&held)),
        _ => Reply::ok("ok").into(),
    })
    .await;
    (Http2Scene::of(origin, builder), gate)
}

/// Waits until the session has so many wires that take requests.
async fn ready(session: &Session, wires: usize) {
    let counted = async {
        loop {
            let snapshot = session.snapshot().await;
            let ready = snapshot.origins.iter().flat_map(|origin| &origin.wires);
            if ready.filter(|wire| wire.health.takes_requests()).count() == wires {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    patiently("a wire that is ready", counted).await;
}

async fn answered(request: &Request) -> Vec<u8> {
    patiently("an answer", request.receive_response()).await.unwrap();
    read_all(request).await.unwrap()
}

/// What carries the request, once it was told so.
async fn wire_of(scene: &Http2Scene, request: &Request) -> WireId {
    let acquired = scene.recorder.wait_for_status(request.id(), "WireAcquired").await;
    let Status::WireAcquired { wire, .. } = acquired.status else { unreachable!("it was waited for by its name") };
    wire
}

/// Is there anything of a dial in what the request was told before it had a wire?
async fn dialed(scene: &Http2Scene, request: &Request) -> bool {
    wire_of(scene, request).await;
    scene.recorder.names(request.id()).iter().any(|name| matches!(*name, "ResolvingName" | "ConnectingToServer"))
}

#[tokio::test]
async fn after_goaway_with_streams_running_the_next_request_finds_a_wire_that_is_open_already() {
    let (scene, gate) = scene(builder()).await;
    let held = scene.sent("/held").await;
    scene.origin.wait_for_requests(1).await;
    scene.origin.go_away();
    let leaves = |status: &Status| matches!(status, Status::WireHealthChanged { health: WireHealth::Draining, .. });
    scene.recorder.wait_for(|one| leaves(&one.status)).await;
    ready(&scene.session, 1).await;
    scene.origin.wait_for("the next connection", |wires| wires.len() == 2).await;
    let next = scene.sent("/").await;
    assert_eq!(answered(&next).await, b"ok");
    assert!(dialed(&scene, &held).await && !dialed(&scene, &next).await);
    assert_ne!(wire_of(&scene, &held).await, wire_of(&scene, &next).await);
    // It was told of to the handle that dialed.
    scene.recorder.wait_for_status(scene.connection.id(), "ConnectedToServer").await;
    gate.open();
    assert_eq!(answered(&held).await, b"late");
    assert_eq!(scene.origin.connections(), 2);
    scene.end().await;
}

#[tokio::test]
async fn a_wire_that_is_expired_or_has_served_enough_is_replaced_where_it_was_in_use() {
    let mut options = hinternet::SessionOptions::default();
    options.wire_max_requests = Some(3);
    let counting = Session::builder().options(options).protocols(hinternet::Protocols::RequireHttp2);
    for (builder, expires) in [(builder(), true), (counting, false)] {
        let (scene, gate) = scene(builder).await;
        let held = scene.sent("/held").await;
        scene.origin.wait_for_requests(1).await;
        for _ in 0..2 {
            assert_eq!(scene.text("/").await.unwrap(), "ok");
        }
        // Not both: the wire that replaces one that has served enough would be expired too.
        if expires {
            scene.connection.expire().await;
        }
        ready(&scene.session, 1).await;
        let next = scene.sent("/").await;
        assert_eq!(answered(&next).await, b"ok");
        assert!(!dialed(&scene, &next).await);
        gate.open();
        assert_eq!(answered(&held).await, b"late");
        assert_eq!(scene.origin.connections(), 2);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_wire_that_nobody_used_lately_or_wants_is_not_replaced() {
    let (scene, _gate) = scene(builder()).await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.session.evict_idle().await, 1);
    scene.origin.wait_for_end(0).await;
    ready(&scene.session, 0).await;
    assert_eq!(scene.session.snapshot().await.origins[0].dialing, 0);
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_wire_that_is_suspect_is_replaced_while_its_requests_wait_for_it() {
    let mut http2 = Http2Options::default();
    http2.ping_every = Some(std::time::Duration::from_millis(20));
    http2.ping_timeout = std::time::Duration::from_secs(1);
    let silent = Script::new().read_preface().send(frames::settings(&[])).stop_reading();
    let serving = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
    let serving = serving.send(frames::answer(1, "hello")).keep().answering_pings();
    let scene = Scene::of(ScriptedPeer::start_with_default(vec![silent], serving).await, builder().http2(http2));
    let swallowed = scene.sent().await;
    scene.peer.wait_for_connections(2).await;
    ready(&scene.session, 1).await;
    let next = scene.sent().await;
    assert_eq!(answered(&next).await, b"hello");
    assert!(!scene.recorder.names(next.id()).contains(&"ConnectingToServer"));
    drop(swallowed);
    scene.end().await;
}

#[tokio::test]
async fn a_replacement_that_is_sent_away_unused_is_not_replaced() {
    let hello = Script::new().read_preface().send(frames::settings(&[]));
    let bye = |last| frames::goaway(last, Reason::NO_ERROR);
    let served = hello.clone().read_streams(1).send([frames::answer(1, "hello"), bye(1)].concat()).keep();
    let drained = hello.send(bye(0)).keep();
    let scene = Scene::of(ScriptedPeer::start_with_default(vec![served], drained).await, builder());
    let request = scene.sent().await;
    assert_eq!(answered(&request).await, b"hello");
    patiently("the last wire's end", async {
        loop {
            let origin = &scene.session.snapshot().await.origins[0];
            // When the first begins to leave, and once more when it is gone.
            assert!(origin.wires_opened <= 3, "{origin:?}");
            if origin.wires_opened > 1 && origin.dialing == 0 && origin.wires.is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    scene.end().await;
}

/// Refuses the second of its dials.
#[derive(Debug, Default)]
struct SecondRefused(AtomicUsize, Arc<Gate>);

impl Dialer for SecondRefused {
    fn dial(&self, to: &Destination) -> Dialing {
        let (count, address, refused) = (self.0.fetch_add(1, Ordering::Relaxed), to.address, Arc::clone(&self.1));
        Box::pin(async move {
            if count == 1 {
                refused.open();
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            Ok(Box::new(tokio::net::TcpStream::connect(address).await?) as Box<dyn Stream>)
        })
    }
}

#[tokio::test]
async fn a_replacement_that_cannot_be_had_is_no_requests_error() {
    let dialer = SecondRefused::default();
    let refused = Arc::clone(&dialer.1);
    let (scene, gate) = scene(builder().dial(DialOptions::default().dialer(dialer))).await;
    let held = scene.sent("/held").await;
    scene.origin.wait_for_requests(1).await;
    scene.origin.go_away();
    patiently("the refusal", refused.passed()).await;
    // It dials as ever, be the other dial over or not.
    let next = scene.sent("/").await;
    assert_eq!(answered(&next).await, b"ok");
    gate.open();
    assert_eq!(answered(&held).await, b"late");
    assert_eq!(scene.origin.connections(), 2);
    scene.end().await;
}
