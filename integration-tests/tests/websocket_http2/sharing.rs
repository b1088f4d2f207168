//! A WebSocket beside the other streams of its wire, and which wires it gets.

use std::time::Duration;

use futures_util::SinkExt;
use hinternet::tls::TlsOptions;
use hinternet::{
    ErrorCode, Handle, Http2Options, Method, Protocols, Session, SessionBuilder, StalledReader, Status, WebSocket,
};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Served, Settings, builder};
use integration_tests::http2_peer::frames::{self, setting};
use integration_tests::http2_peer::{Frame, Kind};
use integration_tests::origin::Reply;
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::{Script, ScriptedPeer, Wanted};
use integration_tests::tls::{EveryName, Tls};
use integration_tests::websocket::{Message, frame};
use integration_tests::{Gate, dropped_after, patiently};
use tokio::task::JoinSet;

use crate::place::{Place, announcing, asking, converse, data, echo, open, scene, websocket_url};

/// A server's settings over TLS that offer both protocols, and a session that trusts it and prefers HTTP/2.
fn preferring() -> (Settings, SessionBuilder) {
    let authority = Authority::new("The test's own authority");
    let identity = authority.issue(Leaf::for_names(["127.0.0.1"]));
    let tls = Tls::new(&identity).offering(&["h2", "http/1.1"]);
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    (Settings::new().tls(&tls), Session::builder().dial(EveryName::here()).tls(trusting))
}

async fn preferred(scene: &Http2Scene) -> WebSocket {
    let asking = scene.session.websocket(&websocket_url(&scene.origin)).unwrap();
    patiently("a WebSocket", asking.connect()).await.unwrap()
}

/// How many connections of HTTP/1.1 there were, and of HTTP/2.
fn spoken(scene: &Http2Scene) -> (usize, usize) {
    let wires = scene.origin.wires();
    let http1 = wires.iter().filter(|wire| wire.is_http1).count();
    (http1, wires.len() - http1)
}

#[tokio::test]
async fn preferred_http2_is_used_where_a_wire_that_takes_websockets_is_open_and_none_is_dialed_for_it() {
    let (settings, builder) = preferring();
    let scene = scene(settings, builder).await;
    let alone = preferred(&scene).await;
    converse(&alone, "over HTTP/1.1").await;
    assert_eq!(spoken(&scene), (1, 0), "nothing was open");
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    let shared = preferred(&scene).await;
    converse(&shared, "by a stream").await;
    assert_eq!(spoken(&scene), (1, 1));
    let url = websocket_url(&scene.origin);
    let asking = scene.session.websocket(&url).unwrap().protocols(Protocols::Http1);
    let other = patiently("a WebSocket", asking.connect()).await.unwrap();
    converse(&other, "as it was asked for").await;
    assert_eq!(spoken(&scene), (2, 1));
    let asking = scene.session.websocket(&url).unwrap().protocols(Protocols::RequireHttp2);
    let required = patiently("a WebSocket", asking.connect()).await.unwrap();
    converse(&required, "as it was required").await;
    assert_eq!(spoken(&scene).0, 2);
    drop((alone, shared, other, required));
    scene.end().await;
}

#[tokio::test]
async fn preferred_http2_falls_back_to_http1_where_the_server_takes_none_by_streams() {
    let (settings, builder) = preferring();
    let origin = Http2Origin::with(settings.websockets_by_http1(echo), |_| Reply::ok("ok").into()).await;
    let scene = Http2Scene::of(origin, builder);
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    let websocket = preferred(&scene).await;
    converse(&websocket, "over HTTP/1.1").await;
    assert_eq!(spoken(&scene), (1, 1));
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn preferred_http2_goes_over_http1_where_the_wire_has_no_room() {
    let (settings, builder) = preferring();
    let scene = scene(settings.max_concurrent_streams(1), builder).await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    let first = preferred(&scene).await;
    let second = preferred(&scene).await;
    assert_eq!(spoken(&scene), (1, 1));
    for websocket in [&first, &second] {
        converse(websocket, "hello").await;
    }
    drop((first, second));
    scene.end().await;
}

#[tokio::test]
async fn required_http2_over_tls_is_dialed_and_its_settings_waited_for() {
    let (settings, builder) = preferring();
    let scene = scene(settings, builder.protocols(Protocols::RequireHttp2)).await;
    let websocket = preferred(&scene).await;
    converse(&websocket, "by a stream").await;
    assert_eq!(spoken(&scene), (0, 1));
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn a_hundred_on_one_wire_converse_at_once() {
    let scene = scene(Settings::new(), builder()).await;
    let mut all = JoinSet::new();
    // What the server allows is known from then on.
    let first = open(&scene).await;
    for n in 0..99 {
        let websocket = open(&scene).await;
        all.spawn(async move {
            for round in 0..20 {
                converse(&websocket, &format!("{n} says {round}")).await;
            }
            websocket
        });
    }
    let mut websockets = vec![first];
    while let Some(websocket) = patiently("all", all.join_next()).await {
        websockets.push(websocket.unwrap());
    }
    assert_eq!((scene.origin.connections(), websockets.len()), (1, 100));
    drop(websockets);
    scene.end().await;
}

#[tokio::test]
async fn it_takes_the_place_of_a_stream_until_it_ends() {
    let scene = scene(Settings::new().max_concurrent_streams(1), builder().wires_per_origin(1)).await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    let websocket = open(&scene).await;
    let waiting = tokio::spawn({
        let (session, url) = (scene.session.clone(), scene.origin.url("/"));
        async move { session.get(url).unwrap().send().await.unwrap().text().await.unwrap() }
    });
    let queued = scene.recorder.wait_for(|told| matches!(told.status, Status::Queued { .. })).await;
    assert!(matches!(queued.status, Status::Queued { position: 1 }), "{queued:?}");
    converse(&websocket, "meanwhile").await;
    patiently("a close", websocket.close(1000, "")).await.unwrap();
    assert_eq!(patiently("an answer", waiting).await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    drop(websocket);
    scene.end().await;
}

/// Large messages without end.
async fn flood(mut served: Served) {
    while served.send(Message::binary(vec![b'x'; 32 * 1024])).await.is_ok() {}
}

#[tokio::test]
async fn one_that_is_not_read_stops_its_server_and_hinders_no_other_stream() {
    let mut options = Http2Options::default();
    (options.stream_window, options.connection_window, options.adaptive_window) = (65_535, 100_000, false);
    let body = bytes::Bytes::from(vec![b'x'; 100_000]);
    let origin = Http2Origin::with(Settings::new().websockets(flood), move |_| Reply::ok(body.clone()).into()).await;
    let scene = Http2Scene::of(origin, builder().http2(options));
    let unread = [open(&scene).await, open(&scene).await, open(&scene).await];
    let mut siblings = JoinSet::new();
    for _ in 0..20 {
        let (session, url) = (scene.session.clone(), scene.origin.url("/"));
        siblings.spawn(async move {
            for _ in 0..3 {
                let body = session.get(&url).unwrap().send().await.unwrap().bytes().await.unwrap();
                assert_eq!(body.len(), 100_000);
            }
        });
    }
    while let Some(sibling) = patiently("a sibling", siblings.join_next()).await {
        sibling.unwrap();
    }
    let snapshot = scene.session.snapshot().await;
    let unread_octets = snapshot.origins[0].wires[0].http2.as_ref().unwrap().unread;
    assert!(unread_octets <= 3 * 65_535, "{unread_octets} octets");
    assert_eq!(scene.origin.connections(), 1);
    for websocket in &unread {
        // What was held is given, and what follows it.
        for _ in 0..10 {
            assert_eq!(patiently("a message", websocket.receive()).await.unwrap().octets().len(), 32 * 1024);
        }
    }
    drop(unread);
    scene.end().await;
}

#[tokio::test]
async fn one_that_is_not_read_for_long_is_told_of_and_lives_whatever_is_done_about_requests() {
    for policy in [StalledReader::Shrink, StalledReader::Abort] {
        let mut options = Http2Options::default();
        (options.stream_window, options.adaptive_window) = (65_535, false);
        (options.stalled_after, options.stalled_reader) = (Duration::from_millis(50), policy);
        let origin = Http2Origin::with(Settings::new().websockets(flood), |_| Reply::ok("ok").into()).await;
        let scene = Http2Scene::of(origin, builder().http2(options));
        let websocket = open(&scene).await;
        let told = scene.recorder.wait_for_status(websocket.id(), "ReaderStalled").await;
        assert!(matches!(told.status, Status::ReaderStalled { unread, .. } if unread >= 32_767), "{told:?}");
        for _ in 0..10 {
            assert_eq!(patiently("a message", websocket.receive()).await.unwrap().octets().len(), 32 * 1024);
        }
        drop(websocket);
        scene.end().await;
    }
}

/// DATA on the stream, as far as it has come.
fn octets_on(frames: &[Frame], stream: u32) -> usize {
    frames.iter().filter(|frame| frame.kind == Kind::Data && frame.stream == stream).map(|frame| frame.length).sum()
}

#[tokio::test]
async fn one_whose_send_was_out_of_time_keeps_no_room_from_others() {
    // The window of the whole wire is 65,535, those of its streams are larger.
    let script = announcing(&[(setting::INITIAL_WINDOW_SIZE, 1 << 20)]);
    let consents =
        (1..=3).fold(script, |script, n| script.read_streams(n).send(frames::response(2 * n as u32 - 1, 200, false)));
    let script = consents.read_frames(Wanted::Of(Kind::Reset), 1).send(frames::window_update(0, 1_000)).keep();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let (patient, mut hasty) = (scene.session.options(), scene.session.options());
    hasty.timeouts.send = Some(Duration::from_millis(50));
    let mut websockets = Vec::new();
    for options in [&patient, &hasty, &patient] {
        scene.session.set_options(options.clone()).unwrap();
        websockets.push(patiently("a WebSocket", asking(&scene.session, &scene.peer).connect()).await.unwrap());
    }
    let sending = |n: usize, octets| {
        let websocket = websockets[n].clone();
        tokio::spawn(async move { websocket.send(vec![0; octets]).await })
    };
    let takes_all = sending(0, 100_000);
    scene.peer.wait_until(|all| octets_on(&all[0].frames(), 1) == 65_535).await;
    let late = patiently("a timeout", sending(1, 900)).await.unwrap();
    let late = scene.recorder.failure(websockets[1].id(), late);
    assert_eq!(late.code(), ErrorCode::Timeout, "{late}");
    let waits = sending(2, 900);
    Handle::close(&websockets[0]).await.unwrap();
    assert!(takes_all.await.unwrap().is_err());
    patiently("the last one's send", waits).await.unwrap().unwrap();
    scene.peer.wait_until(|all| octets_on(&all[0].frames(), 5) == 908).await;
    assert_eq!(octets_on(&scene.peer.connection(0).frames(), 3), 0);
    drop(websockets);
    scene.end().await;
}

#[tokio::test]
async fn a_place_is_free_again_wherever_asking_for_one_is_given_up() {
    let scene = scene(Settings::new().max_concurrent_streams(1), builder().wires_per_origin(1)).await;
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    for polls in 0..40 {
        let asking = scene.session.websocket(&websocket_url(&scene.origin)).unwrap();
        drop(dropped_after(polls, asking.connect()).await);
    }
    let websocket = open(&scene).await;
    converse(&websocket, "the only one").await;
    drop(websocket);
    assert_eq!(scene.text("/").await.unwrap(), "ok");
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn the_stream_gets_no_more_window_than_was_taken() {
    let mut options = Http2Options::default();
    (options.stream_window, options.connection_window, options.adaptive_window) = (65_535, 1 << 20, false);
    let message = frame(0x82, vec![b'x'; 16_000]);
    // All that a window of 65,535 holds, less what is short of a frame.
    let held = (0..4).flat_map(|_| data(&message).to_vec()).collect::<Vec<_>>();
    let place =
        Place::of(builder().http2(options), |script: Script| script.send(held).send(frames::ping(*b"all sent")).keep())
            .await;
    place.wait_for_frame(|frame| frame.kind == Kind::Ping && frame.is_ack()).await;
    let updated = |frames: &[Frame]| -> u32 {
        let updates = frames.iter().filter(|frame| frame.kind == Kind::WindowUpdate && frame.stream == 1);
        updates.map(|frame| u32::from_be_bytes(frame.payload[..4].try_into().unwrap())).sum()
    };
    assert!(updated(&place.peer.connection(0).frames()) <= 16_384, "one frame at most was looked into");
    for _ in 0..4 {
        assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().octets().len(), 16_000);
    }
    place.peer.wait_until(|all| updated(&all[0].frames()) > 32_000).await;
    place.end().await;
}

#[tokio::test]
async fn rfc9113_6_9_2_messages_go_on_when_the_windows_are_made_small_for_a_response_that_nobody_reads() {
    let read = Gate::new();
    let mut options = Http2Options::default();
    (options.stream_window, options.connection_window, options.adaptive_window) = (400_000, 4 << 20, false);
    options.unread_limit = 200_000;
    let place = Place::of(builder().http2(options), |script| {
        let script = script.send(frames::settings_ack()).read_streams(2).send(frames::response(3, 200, false));
        let script = script.repeat(data(frame(0x82, [b'x'; 996])), 100).hold(&read);
        let script = script.repeat(frames::data(3, [b'x'; 10_000], false), 20);
        let script = script.read_frames(Wanted::Of(Kind::Settings), 2).send(frames::settings_ack());
        // The first one is of the connection's window, before anything else.
        script.read_frames(Wanted::Of(Kind::WindowUpdate), 2).send(data(frame(0x81, "end"))).keep()
    })
    .await;
    let connection = place.session.connect(&place.peer.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    for _ in 0..100 {
        assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().into_octets().len(), 996);
    }
    read.open();
    assert_eq!(patiently("the last message", place.websocket.receive()).await.unwrap().as_text(), Some("end"));
    drop((request, connection));
    place.end().await;
}
