//! Messages over a stream: within the windows of both sides, and no more than that.

use std::time::Duration;

use bytes::Bytes;
use hinternet::{
    Blame, ErrorCode, Http2Options, MessageKind, MessagePart, Protocols, RequestOptions, Session, WebSocketOptions,
};
use integration_tests::http2_origin::{Settings, builder};
use integration_tests::http2_peer::{Kind, frames};
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::{ScriptedPeer, Split, Wanted};
use integration_tests::websocket::{close, frame};
use integration_tests::{Gate, dropped_after, patiently};

use crate::place::{Place, announcing, asking, converse, data, open, scene, websocket_frames, websocket_url};

#[tokio::test]
async fn text_binary_and_fragments_go_there_and_back() {
    let scene = scene(Settings::new(), builder()).await;
    let websocket = open(&scene).await;
    converse(&websocket, "hello").await;
    converse(&websocket, "").await;
    let octets = Bytes::from((0..=255).collect::<Vec<u8>>());
    websocket.send(octets.clone()).await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().into_octets(), octets);
    websocket.send(MessagePart::new(MessageKind::TextFragment, "in ")).await.unwrap();
    websocket.send(MessagePart::new(MessageKind::TextFragment, "three ")).await.unwrap();
    websocket.send("parts").await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("in three parts"));
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn messages_larger_than_any_window_go_there_and_back() {
    for window in [65_535, 1 << 20] {
        let settings = Settings::new().stream_window(window.min(70_000)).connection_window(window);
        let mut options = Http2Options::default();
        (options.stream_window, options.connection_window, options.adaptive_window) = (65_535, window, false);
        let scene = scene(settings, builder().http2(options)).await;
        let websocket = open(&scene).await;
        let octets = Bytes::from((0..5_000_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>());
        for _ in 0..2 {
            let (sent, received) = tokio::join!(
                patiently("a send", websocket.send(octets.clone())),
                patiently("a message", websocket.receive())
            );
            sent.unwrap();
            assert!(received.unwrap().into_octets() == octets);
        }
        drop(websocket);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_server_that_opens_its_window_octet_by_octet_gets_all_of_it() {
    let small = [(frames::setting::INITIAL_WINDOW_SIZE, 1)];
    let script = announcing(&small).read_streams(1).send(frames::response(1, 200, false));
    // The first octet has room; each of the others waits for its own.
    let octets = frame(0x81, "hello").len() + 4;
    let opens = (1..octets).fold(script, |script, n| {
        let so_far = Wanted::Of(Kind::Data);
        script.read_frames(so_far, n).send(frames::window_update(1, 1))
    });
    let peer = ScriptedPeer::always(opens.keep()).await;
    let scene = Scene::of(peer, builder());
    let websocket = patiently("a WebSocket", asking(&scene.session, &scene.peer).connect()).await.unwrap();
    patiently("a send", websocket.send("hello")).await.unwrap();
    let all = |frames: &[_]| websocket_frames(frames, 1) == [(0x81, b"hello".to_vec())];
    scene.peer.wait_until(|connections| all(&connections[0].frames())).await;
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn frames_are_read_however_data_cuts_them() {
    let octets = [frame(0x81, "hello"), frame(0x89, "ping"), frame(0x01, "in "), frame(0x80, "two"), close(1000, "")];
    let each: Vec<u8> = octets.concat().iter().flat_map(|octet| data([*octet]).to_vec()).collect();
    for split in [Split::Whole, Split::OneOctet] {
        let place = Place::with(|script| script.split(split).send(each.clone()).keep()).await;
        assert_eq!(place.websocket.receive().await.unwrap().as_text(), Some("hello"));
        assert_eq!(place.websocket.receive().await.unwrap().as_text(), Some("in two"));
        assert!(place.websocket.receive().await.unwrap().is_close());
        let frames = place.wait_for_frames(2).await;
        assert_eq!(frames, [(0x8a, b"ping".to_vec()), (0x88, 1000_u16.to_be_bytes().to_vec())]);
        place.end().await;
    }
}

#[tokio::test]
async fn what_breaks_rfc_6455_is_refused_with_its_close_code_and_the_stream_ended() {
    for (octets, code) in [(frame(0xc1, "rsv1"), 1002_u16), (frame(0x81, [0xff]), 1007)] {
        let place = Place::with(|script| script.send(data(octets)).keep()).await;
        let error = place.failure(patiently("an end", place.websocket.receive()).await);
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
        place.wait_for_frame(|frame| frame.stream == 1 && frame.ends_stream()).await;
        assert_eq!(place.frames(), [(0x88, code.to_be_bytes().to_vec())]);
        place.out_of_order(place.websocket.receive().await);
        place.end().await;
    }
}

#[tokio::test]
async fn pings_are_answered_and_sent_and_the_round_trip_is_known() {
    let mut options = WebSocketOptions::default();
    options.ping_every = Some(Duration::from_millis(20));
    let scene = scene(Settings::new(), builder()).await;
    let url = websocket_url(&scene.origin);
    let asking = scene.session.websocket(&url).unwrap().options(options);
    let websocket = patiently("a WebSocket", asking.connect()).await.unwrap();
    let known = async {
        while websocket.round_trip().is_none() {
            tokio::task::yield_now().await;
        }
    };
    patiently("a pong", known).await;
    drop(websocket);
    scene.end().await;
}

#[tokio::test]
async fn a_send_that_the_server_takes_nothing_of_ends_with_its_time_and_what_comes_is_received() {
    let mut options = RequestOptions::default();
    options.timeouts.send = Some(Duration::from_millis(50));
    let builder = Session::builder().request_options(options).protocols(Protocols::RequireHttp2);
    let gate = Gate::new();
    let place = Place::of(builder, |script| script.hold(&gate).send(data(frame(0x81, "late"))).keep()).await;
    // More than the window that the server never opens.
    let error = place.failure(patiently("a timeout", place.websocket.send(vec![0; 200_000])).await);
    assert_eq!(error.code(), ErrorCode::Timeout, "{error}");
    gate.open();
    assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().as_text(), Some("late"));
    place.end().await;
}

#[tokio::test]
async fn a_receive_that_is_dropped_loses_nothing() {
    for polls in 1..6 {
        let gate = Gate::new();
        let place = Place::with(|script| {
            script.send(data(frame(0x01, "be"))).hold(&gate).send(data(frame(0x80, "gun"))).keep()
        })
        .await;
        assert!(dropped_after(polls, place.websocket.receive()).await.is_none());
        gate.open();
        assert_eq!(patiently("a message", place.websocket.receive()).await.unwrap().as_text(), Some("begun"));
        place.end().await;
    }
}

#[tokio::test]
async fn fragments_are_received_as_they_come() {
    let octets = [frame(0x01, "one "), frame(0x80, "two")].concat();
    let place = Place::with(|script| script.send(data(octets)).keep()).await;
    let mut parts = Vec::new();
    for _ in 0..3 {
        let part = place.websocket.receive_at_most(3).await.unwrap();
        parts.push((part.kind(), part.into_octets()));
    }
    let fragment = MessageKind::TextFragment;
    assert_eq!(parts, [(fragment, "one".into()), (fragment, " ".into()), (MessageKind::Text, "two".into())]);
    place.end().await;
}
