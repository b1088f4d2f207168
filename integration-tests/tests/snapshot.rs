//! A session can be looked at: its origins, their wires and its requests, and what each request waits for (issue: snapshot).

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use hinternet::tls::TlsOptions;
use hinternet::{
    Connection, DialOptions, ErrorCode, HandleId, Http2Options, MessageKind, MessagePart, Method,
    NotificationMask as Mask, OriginSnapshot, Payload, Request, RequestSnapshot, Session, SessionBuilder, Snapshot,
    Status, Version, Waiting, WebSocketSnapshot, WireHealth, WireSnapshot,
};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Settings, builder};
use integration_tests::http2_peer::frames;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all, receiving, sending};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::websocket::WebSocketOrigin;
use integration_tests::{FakeDialer, FakeResolver, Gate, patiently};

/// An HTTP/1.1 server that holds `/held`, and a watched session.
struct World {
    origin: Origin,
    recorder: Recorder,
    session: Session,
    connection: Connection,
    gate: Gate,
}

impl World {
    async fn new(builder: SessionBuilder) -> Self {
        let gate = Gate::new();
        let held = gate.clone();
        let origin = Origin::start(move |request| match request.path() {
            "/held" => Reply::ok("late").held(&held),
            _ => Reply::ok("ok"),
        })
        .await;
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        let connection = session.connect(&origin.origin()).unwrap();
        Self { origin, recorder, session, connection, gate }
    }

    fn request(&self, path: &str) -> Request {
        self.connection.open_request(Method::GET, path).unwrap()
    }

    async fn sent(&self, path: &str) -> Request {
        let request = self.request(path);
        request.send(()).await.unwrap();
        request
    }

    async fn text(&self, path: &str) -> String {
        self.session.get(self.origin.url(path)).unwrap().send().await.unwrap().text().await.unwrap()
    }

    async fn end(self) {
        let Self { recorder, session, connection, .. } = self;
        drop(connection);
        recorder.finish(session).await;
    }
}

/// The only origin there is.
fn origin_of(snapshot: &Snapshot) -> &OriginSnapshot {
    let [origin] = &snapshot.origins[..] else { panic!("{snapshot:#?}") };
    origin
}

/// The only wire there is.
fn wire_of(snapshot: &Snapshot) -> &WireSnapshot {
    let [wire] = &origin_of(snapshot).wires[..] else { panic!("{snapshot:#?}") };
    wire
}

/// The one that was opened first: another is dialed in its place as soon as it takes no more requests.
fn first_wire_of(snapshot: &Snapshot) -> &WireSnapshot {
    &origin_of(snapshot).wires[0]
}

fn request_of(snapshot: &Snapshot, id: HandleId) -> &RequestSnapshot {
    snapshot.requests.iter().find(|request| request.id == id).unwrap_or_else(|| panic!("{id} in {snapshot:#?}"))
}

/// What the snapshot and the request's own answer say that it waits for; they agree.
async fn waits_for(session: &Session, request: &Request) -> Option<Waiting> {
    let said = request_of(&session.snapshot().await, request.id()).waits_for;
    assert_eq!(request.why_waiting().await, said);
    said
}

/// Looks until it is so.
async fn seen(session: &Session, what: &str, mut is_so: impl FnMut(&Snapshot) -> bool) -> Snapshot {
    patiently(what, async {
        loop {
            let snapshot = session.snapshot().await;
            if is_so(&snapshot) {
                return snapshot;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_session_that_did_nothing_has_nothing_to_show() {
    let world = World::new(Session::builder()).await;
    let snapshot = world.session.snapshot().await;
    assert_eq!(snapshot.session, world.session.id());
    assert!(snapshot.origins.is_empty() && snapshot.requests.is_empty(), "{snapshot:#?}");
    world.end().await;
}

#[tokio::test]
async fn an_idle_wire_of_http1_is_shown_with_what_it_has_served() {
    let world = World::new(Session::builder()).await;
    for _ in 0..3 {
        assert_eq!(world.text("/").await, "ok");
    }
    let snapshot = world.session.snapshot().await;
    let (origin, wire) = (origin_of(&snapshot), wire_of(&snapshot));
    assert_eq!(origin.origin.to_string(), world.origin.origin());
    assert_eq!((origin.waiting, origin.dialing, origin.wires_opened, origin.requests_begun), (0, 0, 1, 3));
    assert_eq!((wire.protocol, wire.health, wire.requests_begun), (Version::HTTP_11, WireHealth::Idle, 3));
    assert_eq!((wire.open_streams, wire.stream_limit), (0, 1));
    assert_eq!((wire.remote, wire.secure.is_none(), wire.http2.is_none()), (Some(world.origin.address()), true, true));
    assert!(snapshot.requests.is_empty());
    world.session.evict_idle().await;
    let snapshot = world.session.snapshot().await;
    let origin = origin_of(&snapshot);
    assert_eq!((origin.wires.len(), origin.wires_opened, origin.requests_begun), (0, 1, 3), "counters outlive wires");
    world.end().await;
}

#[tokio::test]
async fn a_request_in_flight_is_shown_with_its_wire() {
    let world = World::new(Session::builder()).await;
    let request = world.sent("/held").await;
    assert_eq!(waits_for(&world.session, &request).await, Some(Waiting::Consumer), "nobody asked for the answer");
    let answer = receiving(&request);
    let snapshot =
        seen(&world.session, "the call", |now| request_of(now, request.id()).waits_for == Some(Waiting::Server)).await;
    let shown = request_of(&snapshot, request.id());
    assert_eq!((shown.state, shown.parent), ("receiving", Some(world.connection.id())));
    assert_eq!((&shown.method, shown.origin.to_string()), (&Method::GET, world.origin.origin()));
    let wire = wire_of(&snapshot);
    assert_eq!((shown.wire, wire.health, wire.open_streams), (Some(wire.id), WireHealth::Active, 1));
    assert!(shown.age.is_some_and(|age| age <= snapshot.age));
    world.gate.open();
    answer.await.unwrap().unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"late");
    let snapshot = world.session.snapshot().await;
    let shown = request_of(&snapshot, request.id());
    assert_eq!((shown.state, shown.wire, shown.waits_for), ("done", None, None));
    world.end().await;
}

#[tokio::test]
async fn what_a_program_says_of_a_request_is_shown_with_it() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let shown = async || request_of(&session.snapshot().await, request.id()).annotation.clone();
    assert_eq!((request.annotation(), shown().await), (None, None));
    request.annotate("the order of Ada").unwrap();
    assert_eq!(
        (request.annotation().as_deref(), shown().await.as_deref()),
        (Some("the order of Ada"), Some("the order of Ada"))
    );
    let too_long = request.annotate(&"x".repeat(64_001)).unwrap_err();
    assert_eq!(too_long.code(), ErrorCode::InvalidParameter);
    request.send(()).await.unwrap();
    assert_eq!(shown().await.as_deref(), Some("the order of Ada"), "nothing was taken away");
    request.receive_response().await.unwrap();
    assert!(request.timings().unwrap().is_first_on_wire());
    while !request.read().await.unwrap().is_empty() {}
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert!(!request.timings().unwrap().is_first_on_wire(), "the wire serves again");
    request.annotate("").unwrap();
    assert_eq!(request.annotation(), None);
    request.close().await.unwrap();
    assert_eq!(request.annotate("late").unwrap_err().code(), ErrorCode::InvalidHandle);
    drop(request);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_request_that_was_not_sent_waits_for_nothing_and_one_whose_body_is_due_for_the_program() {
    let world = World::new(Session::builder()).await;
    let opened = world.request("/");
    let uploading = world.connection.open_request(Method::POST, "/").unwrap();
    uploading.send(Payload::begin("", 4)).await.unwrap();
    let snapshot = world.session.snapshot().await;
    let shown = request_of(&snapshot, opened.id());
    assert_eq!((shown.state, shown.age, shown.wire, shown.waits_for), ("opened", None, None, None));
    assert_eq!(request_of(&snapshot, uploading.id()).state, "uploading");
    assert_eq!(waits_for(&world.session, &opened).await, None);
    assert_eq!(waits_for(&world.session, &uploading).await, Some(Waiting::Consumer));
    uploading.write("body").await.unwrap();
    uploading.receive_response().await.unwrap();
    assert_eq!(read_all(&uploading).await.unwrap(), b"ok");
    world.end().await;
}

#[tokio::test]
async fn those_in_line_for_a_wire_are_shown_with_their_places() {
    let world = World::new(Session::builder().wires_per_origin(1)).await;
    let first = world.sent("/held").await;
    let mut line = Vec::new();
    for position in 1..=3 {
        let request = world.request("/");
        let sent = sending(&request, ());
        world.recorder.wait_for_status(request.id(), "Queued").await;
        assert_eq!(waits_for(&world.session, &request).await, Some(Waiting::WireLimit { position }));
        line.push((request, sent));
    }
    let snapshot = world.session.snapshot().await;
    assert_eq!((origin_of(&snapshot).waiting, origin_of(&snapshot).dialing), (3, 0));
    assert!(line.iter().all(|(request, _)| request_of(&snapshot, request.id()).wire.is_none()));
    line[0].0.cancel();
    line.remove(0).1.await.unwrap().unwrap_err();
    assert_eq!(waits_for(&world.session, &line[0].0).await, Some(Waiting::WireLimit { position: 1 }));
    world.gate.open();
    first.receive_response().await.unwrap();
    assert_eq!(read_all(&first).await.unwrap(), b"late");
    for (request, sent) in line {
        patiently("the send", sent).await.unwrap().unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"ok");
    }
    world.end().await;
}

#[tokio::test]
async fn a_request_whose_wire_is_dialed_waits_for_the_connection() {
    const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let (dialer, mut attempts) = FakeDialer::new();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(DialOptions::default().dialer(dialer)));
    let connection = session.connect("http://127.0.0.1:9").unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let sent = sending(&request, ());
    let attempt = attempts.next().await;
    assert_eq!(waits_for(&session, &request).await, Some(Waiting::Connect));
    let snapshot = session.snapshot().await;
    assert_eq!((origin_of(&snapshot).waiting, origin_of(&snapshot).dialing), (1, 1));
    assert!(origin_of(&snapshot).wires.is_empty());
    attempt.connect(HELLO);
    patiently("the send", sent).await.unwrap().unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_request_whose_server_is_looked_up_waits_for_its_address() {
    let (gate, origin) = (Gate::new(), Origin::start(|_| Reply::ok("ok")).await);
    let resolver = FakeResolver::held_by(&gate).and("server.example", &["127.0.0.1"]);
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(DialOptions::default().resolver(resolver)));
    let connection = session.connect(&format!("http://server.example:{}", origin.address().port())).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let sent = sending(&request, ());
    recorder.wait_for_status(request.id(), "ResolvingName").await;
    assert_eq!(waits_for(&session, &request).await, Some(Waiting::Resolve));
    gate.open();
    patiently("the send", sent).await.unwrap().unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_request_whose_connection_is_secured_waits_for_tls() {
    let gate = Gate::new();
    // It takes the ClientHello, and says nothing to it.
    let mute = ScriptedPeer::always(Script::new().hold(&gate).close()).await.secure();
    let scene = Scene::of(mute, Session::builder());
    let request = scene.request(Method::GET);
    let sent = sending(&request, ());
    scene.recorder.wait_for_status(request.id(), "SecuringConnection").await;
    assert_eq!(waits_for(&scene.session, &request).await, Some(Waiting::Tls));
    gate.open();
    scene.recorder.failure(request.id(), patiently("the send", sent).await.unwrap());
    scene.end().await;
}

#[tokio::test]
async fn a_request_whose_body_fills_the_servers_window_waits_for_more_of_it() {
    const BODY: usize = 1 << 20;
    // Its window is what it is without a word (RFC 9113 6.5.2): less than the body and all that may lie in between.
    let script = Script::new().read_preface().send(frames::settings(&[])).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let request = scene.request(Method::POST);
    let sent = sending(&request, vec![0; BODY]);
    let is_stuck = |now: &Snapshot| request_of(now, request.id()).waits_for == Some(Waiting::SendWindow);
    seen(&scene.session, "a full window", is_stuck).await;
    assert_eq!(request.why_waiting().await, Some(Waiting::SendWindow));
    request.cancel();
    scene.recorder.failure(request.id(), patiently("the send", sent).await.unwrap());
    scene.end().await;
}

#[tokio::test]
async fn a_secure_wire_shows_what_was_agreed_on_and_how_long_it_took() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"]))).offering(&["h2"]);
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    let scene = Http2Scene::of(
        Http2Origin::secure(&tls, |_| Reply::ok("ok").into()).await,
        Session::builder().dial(EveryName::here()).tls(trusting),
    );
    let request = scene.reading("/").await;
    let wire = request.wire().await.expect("its body was not read");
    let secure = wire.secure.as_ref().expect("it is secure");
    assert_eq!((secure.protocol, secure.resumed), ("TLS 1.3", false));
    assert_eq!(secure.application_protocol.as_deref(), Some("h2"));
    assert!(secure.cipher_suite.starts_with("TLS_"), "{secure:?}");
    let timings = request.timings().unwrap();
    assert_eq!([Some(wire.connecting), wire.securing], [timings.connecting(), timings.securing()]);
    assert!(wire.securing > Some(Duration::ZERO) && wire.connecting > Duration::ZERO, "{wire:#?}");
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    scene.end().await;
}

#[tokio::test]
async fn one_that_waits_for_a_place_among_the_sessions_wires_is_told_so() {
    let world = World::new(Session::builder().wires_per_session(1)).await;
    let first = world.sent("/held").await;
    // Another origin: the same server by another name.
    let other = world.session.connect(&world.origin.origin().replace("127.0.0.1", "localhost")).unwrap();
    let request = other.open_request(Method::GET, "/").unwrap();
    let sent = sending(&request, ());
    world.recorder.wait_for_status(request.id(), "Queued").await;
    assert_eq!(waits_for(&world.session, &request).await, Some(Waiting::SessionLimit));
    assert_eq!(world.session.snapshot().await.origins.len(), 2);
    world.gate.open();
    first.receive_response().await.unwrap();
    assert_eq!(read_all(&first).await.unwrap(), b"late");
    patiently("the send", sent).await.unwrap().unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    drop(other);
    world.end().await;
}

#[tokio::test]
async fn a_wire_that_is_in_use_and_serves_no_more_is_retiring() {
    let world = World::new(Session::builder()).await;
    let request = world.sent("/held").await;
    world.connection.expire().await;
    assert_eq!(wire_of(&world.session.snapshot().await).health, WireHealth::Retiring);
    world.gate.open();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"late");
    assert!(origin_of(&world.session.snapshot().await).wires.is_empty());
    world.end().await;
}

/// Over HTTP/2, `/held` waits for the gate.
async fn http2_scene(settings: Settings, builder: SessionBuilder) -> (Http2Scene, Gate) {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Http2Origin::with(settings, move |request| match request.path() {
        "/held" => Reply::ok("late").held(&held).into(),
        _ => Reply::ok("ok").into(),
    })
    .await;
    (Http2Scene::of(origin, builder), gate)
}

#[tokio::test]
async fn a_wire_of_http2_is_shown_with_its_streams_its_windows_and_its_round_trip() {
    let mut options = Http2Options::default();
    options.adaptive_window = false;
    let settings = Settings::new().max_concurrent_streams(7);
    let (scene, gate) = http2_scene(settings, builder().http2(options)).await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(wire_of(&scene.session.snapshot().await).health, WireHealth::Idle);
    let requests = [scene.sent("/held").await, scene.sent("/held").await];
    // Every wire is asked for a sign of life.
    assert_eq!(scene.session.network_changed().await.asked, 1);
    let has_round_trip = |now: &Snapshot| wire_of(now).http2.as_ref().is_some_and(|http2| http2.round_trip.is_some());
    let snapshot = seen(&scene.session, "a pong", has_round_trip).await;
    let wire = wire_of(&snapshot);
    assert_eq!((wire.protocol, wire.health, wire.requests_begun), (Version::HTTP_2, WireHealth::Active, 3));
    assert_eq!((wire.open_streams, wire.stream_limit), (2, 7));
    let http2 = wire.http2.as_ref().unwrap();
    assert_eq!(http2.last_round_trip, http2.round_trip, "there was but one");
    assert_eq!((http2.stream_window, http2.connection_window), (options.stream_window, options.connection_window));
    assert_eq!(http2.data_octets_received, 2);
    assert!(http2.frames_received >= 4 && http2.control_frames_received >= 1, "{http2:?}");
    for request in &requests {
        assert_eq!(request_of(&snapshot, request.id()).wire, Some(wire.id));
    }
    gate.open();
    for request in &requests {
        request.receive_response().await.unwrap();
        assert_eq!(read_all(request).await.unwrap(), b"late");
    }
    assert_eq!(wire_of(&scene.session.snapshot().await).health, WireHealth::Idle);
    scene.end().await;
}

#[tokio::test]
async fn those_in_line_for_a_stream_are_shown_with_their_places() {
    let settings = Settings::new().max_concurrent_streams(1);
    let (scene, gate) = http2_scene(settings, builder().wires_per_origin(1)).await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    let first = scene.sent("/held").await;
    let request = scene.request(Method::GET, "/");
    let sent = sending(&request, ());
    scene.recorder.wait_for_status(request.id(), "Queued").await;
    assert_eq!(waits_for(&scene.session, &request).await, Some(Waiting::StreamLimit { position: 1 }));
    gate.open();
    first.receive_response().await.unwrap();
    assert_eq!(read_all(&first).await.unwrap(), b"late");
    patiently("the send", sent).await.unwrap().unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    scene.end().await;
}

#[tokio::test]
async fn all_who_count_on_the_one_dial_for_http2_wait_for_the_connection() {
    let (dialer, mut attempts) = FakeDialer::new();
    let recorder = Recorder::start();
    let session = recorder.session(builder().dial(DialOptions::default().dialer(dialer)));
    let connection = session.connect("http://127.0.0.1:9").unwrap();
    let requests: Vec<_> = (0..3).map(|_| connection.open_request(Method::GET, "/").unwrap()).collect();
    let mut sent = Vec::new();
    for request in &requests {
        sent.push(sending(request, ()));
    }
    let attempt = attempts.next().await;
    let snapshot = seen(&session, "all in line", |now| origin_of(now).waiting == 3).await;
    assert_eq!(origin_of(&snapshot).dialing, 1);
    for request in &requests {
        assert_eq!(waits_for(&session, request).await, Some(Waiting::Connect));
    }
    attempt.refuse();
    for (request, sent) in requests.iter().zip(sent) {
        recorder.failure(request.id(), sent.await.unwrap());
    }
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_wire_whose_server_goes_away_is_draining_until_its_last_stream_ends() {
    let (scene, gate) = http2_scene(Settings::new(), builder()).await;
    let request = scene.sent("/held").await;
    scene.origin.wait_for_requests(1).await;
    scene.origin.go_away();
    let told = |status: &Status| matches!(status, Status::WireHealthChanged { health: WireHealth::Draining, .. });
    scene.recorder.wait_for(|one| told(&one.status)).await;
    let snapshot = scene.session.snapshot().await;
    let wire = first_wire_of(&snapshot);
    assert_eq!((wire.health, wire.open_streams), (WireHealth::Draining, 1));
    assert_eq!(request_of(&snapshot, request.id()).wire, Some(wire.id));
    gate.open();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"late");
    let is_gone = |now: &Snapshot| origin_of(now).wires.iter().all(|other| other.id != wire.id);
    seen(&scene.session, "the end of the wire", is_gone).await;
    scene.end().await;
}

#[tokio::test]
async fn a_wire_on_which_nothing_is_heard_is_suspect() {
    let mut http2 = Http2Options::default();
    http2.ping_every = Some(Duration::from_millis(50));
    http2.ping_timeout = Duration::from_secs(2);
    let silent = Script::new().read_preface().send(frames::settings(&[])).stop_reading();
    let scene = Scene::of(ScriptedPeer::always(silent).await, builder().http2(http2));
    let _request = scene.sent().await;
    let told = |status: &Status| matches!(status, Status::WireHealthChanged { health: WireHealth::Suspect, .. });
    scene.recorder.wait_for(|one| told(&one.status)).await;
    assert_eq!(first_wire_of(&scene.session.snapshot().await).health, WireHealth::Suspect);
    scene.end().await;
}

#[tokio::test]
async fn no_secret_is_shown_and_what_is_serialised_is_plain() {
    let world = World::new(Session::builder()).await;
    let request = world.request("/held?token=sesame");
    request.add_header("authorization", "Bearer sesame").unwrap();
    request.send(()).await.unwrap();
    let snapshot = world.session.snapshot().await;
    let json = serde_json::to_value(&snapshot).unwrap();
    for shown in [format!("{snapshot:?}"), json.to_string()] {
        assert!(!shown.contains("sesame") && !shown.contains("held") && !shown.contains("authorization"), "{shown}");
    }
    let (wire, shown) = (&json["origins"][0]["wires"][0], &json["requests"][0]);
    assert_eq!(json["session"], world.session.id().value());
    assert_eq!(json["origins"][0]["origin"], world.origin.origin());
    assert_eq!((&wire["protocol"], &wire["health"]), (&"HTTP/1.1".into(), &"active".into()));
    assert_eq!(wire["remote"], world.origin.address().to_string());
    assert!(wire["age"].is_f64());
    assert_eq!((&shown["id"], &shown["wire"]), (&request.id().value().into(), &wire["id"]));
    assert_eq!((&shown["method"], &shown["waits_for"]), (&"GET".into(), &"consumer".into()));
    world.gate.open();
    request.receive_response().await.unwrap();
    world.end().await;
}

/// The only WebSocket there is.
fn websocket_of(snapshot: &Snapshot) -> &WebSocketSnapshot {
    let [websocket] = &snapshot.websockets[..] else { panic!("{snapshot:#?}") };
    websocket
}

/// Messages and octets that were sent, and that were received.
fn counted(snapshot: &Snapshot) -> [(u64, u64); 2] {
    let one = websocket_of(snapshot);
    [(one.messages_sent, one.octets_sent), (one.messages_received, one.octets_received)]
}

/// Is a send or shutdown in flight, a receive, a close?
fn in_flight(snapshot: &Snapshot) -> [bool; 3] {
    let one = websocket_of(snapshot);
    [one.sending, one.receiving, one.closing]
}

#[tokio::test]
async fn what_went_over_a_websocket_is_counted_and_what_is_in_flight_is_shown() {
    const LARGE: usize = 15_000_000;
    let gates = [Gate::new(), Gate::new()];
    let held = gates.clone();
    let origin = WebSocketOrigin::start(move |mut stream| {
        let [first, second] = held.clone();
        async move {
            for _ in 0..2 {
                let Some(Ok(message)) = stream.next().await else { panic!("a message comes") };
                stream.send(message).await.unwrap();
            }
            first.passed().await;
            assert_eq!(stream.next().await.unwrap().unwrap().into_data().len(), LARGE);
            second.passed().await;
            while let Some(Ok(_)) = stream.next().await {}
        }
    })
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let websocket = session.websocket(&origin.url()).unwrap().connect().await.unwrap();
    assert_eq!(counted(&session.snapshot().await), [(0, 0), (0, 0)]);
    websocket.send("hello").await.unwrap();
    websocket.send(MessagePart::new(MessageKind::TextFragment, "tw")).await.unwrap();
    assert_eq!(counted(&session.snapshot().await), [(1, 7), (0, 0)], "a part is no message");
    websocket.send("o").await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("hello"));
    assert_eq!(websocket.receive_at_most(2).await.unwrap().as_text(), Some("tw"));
    assert_eq!(counted(&session.snapshot().await), [(2, 8), (1, 7)]);
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("o"));
    assert_eq!(counted(&session.snapshot().await), [(2, 8), (2, 8)]);
    seen(&session, "nothing in flight", |now| in_flight(now) == [false; 3]).await;

    let (receives, sends) = (websocket.clone(), websocket.clone());
    let received = tokio::spawn(async move { receives.receive().await });
    seen(&session, "a receive in flight", |now| in_flight(now) == [false, true, false]).await;
    let sent = tokio::spawn(async move { sends.send(vec![7; LARGE]).await });
    let snapshot = seen(&session, "a send in flight", |now| in_flight(now) == [true, true, false]).await;
    assert_eq!(counted(&snapshot)[0], (2, 8), "it has not gone out");
    gates[0].open();
    patiently("the send", sent).await.unwrap().unwrap();
    let snapshot = seen(&session, "no send in flight", |now| in_flight(now) == [false, true, false]).await;
    assert_eq!(counted(&snapshot), [(3, 8 + LARGE as u64), (2, 8)]);
    let closes = websocket.clone();
    let closed = tokio::spawn(async move { closes.close(1000, "").await });
    seen(&session, "a close in flight", |now| in_flight(now) == [false, false, true]).await;
    recorder.failure(websocket.id(), received.await.unwrap());
    gates[1].open();
    patiently("the close", closed).await.unwrap().unwrap();
    let snapshot = seen(&session, "nothing in flight", |now| in_flight(now) == [false; 3]).await;
    assert_eq!(counted(&snapshot), [(3, 8 + LARGE as u64), (2, 8)], "closes are no messages");
    assert_eq!(websocket_of(&snapshot).state, "closed_by_server");
    drop(websocket);
    recorder.finish(session).await;
}

#[test]
fn what_goes_by_the_halves_of_a_websocket_is_counted_like_what_goes_by_calls() {
    async fn halves(session: &Session) {
        let origin = WebSocketOrigin::echo().await;
        let (mut sink, mut stream) = session.websocket(&origin.url()).unwrap().connect().await.unwrap().split();
        for round in 1..=3 {
            for _ in 0..100 {
                sink.feed("hello".into()).await.unwrap();
            }
            sink.feed(MessagePart::new(MessageKind::BinaryFragment, vec![1; 3])).await.unwrap();
            sink.send(vec![2; 200_000].into()).await.unwrap();
            assert_eq!(counted(&session.snapshot().await)[0], (round * 101, round * 200_503));
            for _ in 0..101 {
                patiently("a message", stream.next()).await.unwrap().unwrap();
            }
            assert_eq!(counted(&session.snapshot().await)[1], (round * 101, round * 200_503));
        }
        seen(session, "nothing in flight", |now| in_flight(now) == [false; 3]).await;
    }
    async fn watched_or_not(builder: fn() -> SessionBuilder) {
        let recorder = Recorder::start();
        let session = recorder.session(builder());
        halves(&session).await;
        recorder.finish(session).await;
        // Nobody hears of the single piece.
        let session = builder().open().unwrap();
        halves(&session).await;
        session.close().await.unwrap();
    }
    actix::System::new().block_on(watched_or_not(|| Session::builder().on_current_arbiter()));
    tokio::runtime::Runtime::new().unwrap().block_on(watched_or_not(Session::builder));
}

#[tokio::test]
async fn what_is_serialised_of_a_websocket_is_plain() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let websocket = session.websocket(&origin.url()).unwrap().protocol("chat").connect().await.unwrap();
    websocket.send("sesame").await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("sesame"));
    let snapshot = seen(&session, "nothing in flight", |now| in_flight(now) == [false; 3]).await;
    let text = serde_json::to_string(&snapshot).unwrap();
    assert!(!text.contains("sesame"), "{text}");
    let mut back: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(back, serde_json::to_value(&snapshot).unwrap());
    let shown = back["websockets"][0].as_object_mut().unwrap();
    assert!(shown.remove("age").unwrap().is_f64());
    let expected = serde_json::json!({
        "id": websocket.id().value(), "parent": session.id().value(), "wire": websocket_of(&snapshot).wire.value(),
        "state": "open", "subprotocol": "chat", "round_trip": null, "messages_sent": 1, "octets_sent": 6,
        "messages_received": 1, "octets_received": 6, "sending": false, "receiving": false, "closing": false, "trace": [],
    });
    assert_eq!(serde_json::Value::Object(shown.clone()), expected);
    drop(websocket);
    recorder.finish(session).await;
}

const MANY: usize = 10_000;

/// Looks while all are in flight, ten times; what it costs is printed.
async fn look(session: &Session, protocol: &str) -> Snapshot {
    let mut costs = Vec::new();
    let mut snapshot = session.snapshot().await;
    for _ in 0..10 {
        let began = Instant::now();
        snapshot = session.snapshot().await;
        costs.push(began.elapsed());
    }
    costs.sort_unstable();
    println!("{protocol}: {} requests: {:?} (fastest {:?}, slowest {:?})", MANY, costs[5], costs[0], costs[9]);
    snapshot
}

fn is_complete(recorder: &Recorder, snapshot: &Snapshot) {
    let created = recorder.log().into_iter().filter_map(|one| match one.status {
        Status::HandleCreated(id) if id != snapshot.session => Some(id),
        _ => None,
    });
    let mut created: Vec<_> = created.collect();
    created.sort_unstable();
    assert_eq!(created.len(), MANY);
    assert!(snapshot.requests.iter().map(|request| request.id).eq(created), "{}", snapshot.requests.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_in_flight_over_two_hundred_wires_of_http1_are_all_shown() {
    const WIRES: usize = 200;
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Origin::start(move |_| Reply::ok("hello").held(&held)).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().wires_per_origin(WIRES));
    let mut told = session.notifications(Mask::QUEUED).unwrap();
    let url = origin.url("/");
    let all = join_all((0..MANY).map(|_| async { session.get(&url)?.send().await?.text().await }));
    let looked = async {
        patiently("every wire to carry a request", origin.wait_for_requests(WIRES)).await;
        for _ in WIRES..MANY {
            patiently("a place in the line", told.next()).await.unwrap();
        }
        let snapshot = look(&session, "HTTP/1.1").await;
        is_complete(&recorder, &snapshot);
        let shown = origin_of(&snapshot);
        assert_eq!((shown.waiting, shown.wires.len()), (MANY - WIRES, WIRES));
        let mut places: Vec<_> = snapshot
            .requests
            .iter()
            .filter_map(|request| match request.waits_for {
                Some(Waiting::WireLimit { position }) => Some(position),
                _ => None,
            })
            .collect();
        places.sort_unstable();
        assert!(places.into_iter().eq(1..=MANY - WIRES), "each place in the line is somebody's");
        gate.open();
    };
    let (texts, ()) = tokio::join!(all, looked);
    assert!(texts.iter().all(|text| text.as_ref().is_ok_and(|text| text == "hello")));
    drop(told);
    recorder.finish(session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_streams_of_one_wire_are_all_shown() {
    let gate = Gate::new();
    let held = gate.clone();
    let settings = Settings::new().max_concurrent_streams(MANY as u32);
    let origin = Http2Origin::with(settings, move |_| Reply::ok("hello").held(&held).into()).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder().wires_per_origin(1));
    let url = origin.url("/");
    let all = join_all((0..MANY).map(|_| async { session.get(&url)?.send().await?.text().await }));
    let looked = async {
        patiently("every request to arrive", origin.wait_for_requests(MANY)).await;
        let snapshot = look(&session, "HTTP/2").await;
        is_complete(&recorder, &snapshot);
        let wire = wire_of(&snapshot);
        assert_eq!((wire.open_streams, wire.requests_begun), (MANY, MANY as u64));
        assert!(snapshot.requests.iter().all(|request| request.wire == Some(wire.id)));
        assert!(snapshot.requests.iter().all(|request| request.waits_for == Some(Waiting::Server)));
        gate.open();
    };
    let (texts, ()) = tokio::join!(all, looked);
    assert!(texts.iter().all(|text| text.as_ref().is_ok_and(|text| text == "hello")));
    recorder.finish(session).await;
}
