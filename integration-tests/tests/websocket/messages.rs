//! Messages both ways (RFC 6455 5 and 6; facts W-12 to W-20).

use std::collections::BTreeSet;

use hinternet::{Blame, ErrorCode, MessageKind, MessagePart, NotificationMask, Session, Status, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::websocket::{WebSocketOrigin, close, frame, frames_of};
use integration_tests::{Mailbox, patiently};

use crate::place::{Place, honest, switching, url};

#[tokio::test]
async fn messages_of_every_size_and_kind_come_back_from_an_honest_server() {
    let origin = WebSocketOrigin::echo().await;
    let (recorder, session, websocket) = honest(&origin).await;
    for size in [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000] {
        let octets: Vec<u8> = (0..size).map(|n: u32| n as u8).collect();
        websocket.send(octets.clone()).await.unwrap();
        let back = websocket.receive().await.unwrap();
        assert_eq!((back.kind(), back.octets().len()), (MessageKind::Binary, size as usize));
        assert!(back.octets() == &octets, "{size} octets");
        let text = "\u{20ac}".repeat(size as usize / 3);
        websocket.send(text.as_str()).await.unwrap();
        assert_eq!(websocket.receive().await.unwrap().as_text(), Some(text.as_str()));
    }
    websocket.close(1000, "").await.unwrap();
    assert_eq!(websocket.close_status().unwrap().code, 1000);
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn w12_w13_fragments_make_one_message_and_its_type_is_kept() {
    let origin = WebSocketOrigin::echo().await;
    let (recorder, session, websocket) = honest(&origin).await;
    let refused = |result: hinternet::Result<()>| {
        let error = recorder.refusal(websocket.id(), result);
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, Blame::Caller), "{error}");
    };
    let fragment = |octets: &'static [u8]| MessagePart::new(MessageKind::TextFragment, octets);
    websocket.send(fragment(b"caf\xc3")).await.unwrap();
    refused(websocket.send(vec![1]).await);
    refused(websocket.send(MessagePart::new(MessageKind::BinaryFragment, "x")).await);
    refused(websocket.send(fragment(b"\xff")).await);
    refused(websocket.send("").await);
    refused(websocket.send(MessagePart::new(MessageKind::Close, "")).await);
    websocket.send(fragment(b"\xa9")).await.unwrap();
    websocket.send("").await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("caf\u{e9}"));
    refused(websocket.send(MessagePart::new(MessageKind::Text, &b"\xff"[..])).await);
    websocket.send(vec![1]).await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().kind(), MessageKind::Binary);
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn w18_a_message_larger_than_the_buffer_comes_in_fragments_and_ends_with_its_kind() {
    let place = Place::with(|switched| {
        switched.send(frame(0x01, "one ")).send(frame(0x80, "two")).send(frame(0x81, "")).send(frame(0x82, "xyz"))
    })
    .await;
    let websocket = &place.websocket;
    let refused = place.refusal(websocket.receive_at_most(0).await);
    assert_eq!(refused.code(), ErrorCode::InvalidParameter, "W-19");
    let mut parts = Vec::new();
    for _ in 0..3 {
        let part = websocket.receive_at_most(3).await.unwrap();
        parts.push((part.kind(), part.into_octets()));
    }
    let fragment = MessageKind::TextFragment;
    assert_eq!(parts, [(fragment, "one".into()), (fragment, " ".into()), (MessageKind::Text, "two".into())]);
    assert_eq!(websocket.receive_at_most(3).await.unwrap(), "".into());
    assert_eq!(websocket.receive_at_most(1).await.unwrap().kind(), MessageKind::BinaryFragment);
    assert_eq!(websocket.receive().await.unwrap(), vec![b'y', b'z'].into(), "the rest of it");
    place.end().await;
}

#[tokio::test]
async fn b10_a_send_and_a_receive_overlap_and_a_second_of_either_is_refused() {
    let place = Place::with(|switched| switched.read_until("\x05").keep()).await;
    let receiving = place.receiving().await;
    place.websocket.send("hello").await.unwrap();
    assert_eq!(place.wait_for_frames(1).await, [(0x81, b"hello".to_vec())]);
    place.out_of_order(place.websocket.receive().await);
    place.websocket.cancel();
    assert!(place.failure(receiving.await.unwrap()).is_cancelled());
    place.websocket.send("and again").await.unwrap();
    place.end().await;
}

/// The server breaks a rule: typed, told once, and told to the server.
async fn offended(octets: Vec<u8>, code: u16) {
    let place = Place::with(|switched| switched.send(octets.clone()).keep()).await;
    let error = loop {
        match place.websocket.receive().await {
            Ok(_) => {}
            failed => break place.failure(failed),
        }
    };
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
    let frames = place.wait_for_frames(1).await;
    assert_eq!(frames.last().unwrap(), &(0x88, code.to_be_bytes().to_vec()), "{error}");
    place.out_of_order(place.websocket.receive().await);
    place.out_of_order(place.websocket.send("late").await);
    place.end().await;
}

#[tokio::test]
async fn what_breaks_rfc_6455_is_refused_with_its_close_code() {
    offended(frame(0xc1, "rsv1"), 1002).await;
    offended(frame(0x83, "reserved"), 1002).await;
    offended(b"\x81\x85abcdhello".to_vec(), 1002).await;
    offended(b"\x82\x7e\x00\x05hello".to_vec(), 1002).await;
    offended(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(), 1002).await;
    offended(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(), 1009).await;
    offended(frame(0x80, "nothing goes on"), 1002).await;
    offended([frame(0x01, "a"), frame(0x81, "b")].concat(), 1002).await;
    offended(frame(0x09, ""), 1002).await;
    offended(b"\x81\x05a\xff".to_vec(), 1007).await;
    offended([frame(0x81, "fine"), frame(0x88, "x")].concat(), 1002).await;
    offended(close(1005, ""), 1002).await;
    offended(frame(0x88, b"\x03\xe8\xff"), 1007).await;
}

#[tokio::test]
async fn limits_of_message_frame_and_fragments_hold() {
    let mut options = WebSocketOptions::default();
    (options.message, options.frame, options.fragments) = (10, 6, 3);
    for octets in [
        frame(0x82, "1234567"),
        [frame(0x02, "123456"), frame(0x80, "12345")].concat(),
        [frame(0x02, ""), frame(0x00, "").repeat(3)].concat(),
    ] {
        let place = Place::of(Session::builder(), options, |switched| switched.send(octets).keep()).await;
        let error = place.failure(place.websocket.receive().await);
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
        assert_eq!(place.wait_for_frames(1).await[0], (0x88, 1009_u16.to_be_bytes().to_vec()));
        place.end().await;
    }
}

#[tokio::test]
async fn a_flood_of_empty_fragments_ends_at_the_limit() {
    let place =
        Place::with(|switched| switched.send(frame(0x01, "")).repeat(frame(0, "").repeat(2048), 2500).forgetful())
            .await;
    let error = place.failure(patiently("the limit", place.websocket.receive()).await);
    assert!(error.to_string().contains("fragments"), "{error}");
    place.end().await;
}

#[tokio::test]
async fn rfc6455_5_5_2_pings_are_answered_while_somebody_receives_and_while_nobody_does() {
    let pings = [frame(0x89, "one"), frame(0x89, "two")].concat();
    let place = Place::with(|switched| switched.send(pings).split(Split::OneOctet).keep()).await;
    let frames = place.wait_for_frames(1).await;
    assert_eq!(frames.last().unwrap().0, 0x8a);
    place.peer.wait_until(|all| frames_of(&all[0].received).iter().any(|one| one.1 == b"two")).await;
    place.end().await;
}

#[tokio::test]
async fn an_end_without_a_close_frame_is_an_error_after_all_that_came_before() {
    let place = Place::with(|switched| switched.send(frame(0x81, "last words")).close()).await;
    assert_eq!(place.websocket.receive().await.unwrap().as_text(), Some("last words"));
    let error = place.failure(place.websocket.receive().await);
    assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
    for _ in 0..2 {
        place.out_of_order(place.websocket.receive().await);
        place.out_of_order(place.websocket.close(1000, "").await);
    }
    place.end().await;
}

#[tokio::test]
async fn a_loss_that_nobody_waited_for_is_told_by_the_next_operation() {
    for case in 0..3 {
        let place = Place::with(Script::reset).await;
        place.recorder.wait_for_status(place.websocket.id(), "ConnectionClosed").await;
        let websocket = &place.websocket;
        let error = match case {
            0 => place.failure(websocket.receive().await),
            1 => place.failure(websocket.send("hello").await),
            _ => place.failure(websocket.close(1000, "").await),
        };
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        place.out_of_order(websocket.receive().await);
        place.end().await;
    }
}

#[tokio::test]
async fn rfc6455_10_3_every_frame_has_a_mask_of_its_own() {
    let place = Place::with(Script::keep).await;
    for _ in 0..1_000 {
        place.websocket.send("").await.unwrap();
    }
    let received = place.wait_for_frames(1_000).await;
    assert_eq!(received.len(), 1_000);
    let octets = place.peer.received(0);
    let masks: BTreeSet<_> = octets[octets.len() - 6_000..].chunks(6).map(|frame| frame[2..].to_vec()).collect();
    // Two of a thousand are alike once in ten thousand runs.
    assert!(masks.len() >= 998, "{} masks", masks.len());
    place.end().await;
}

#[tokio::test]
async fn c8_a_slow_subscriber_holds_up_new_operations_and_they_say_so() {
    let peer = ScriptedPeer::always(switching().keep()).await;
    let recorder = Recorder::start();
    let mut slow = Mailbox::new();
    let builder = Session::builder().unhandled(1024, 3).subscriber(slow.subscriber(), NotificationMask::WRITE_COMPLETE);
    let session = builder.open().unwrap();
    recorder.join(&session);
    let websocket = session.websocket(&url(&peer)).unwrap().connect().await.unwrap();
    for _ in 0..3 {
        websocket.send("told").await.unwrap();
    }
    let sending = tokio::spawn({
        let websocket = websocket.clone();
        async move { websocket.send("waits").await }
    });
    let queued = recorder.wait_for_status(websocket.id(), "Queued").await;
    assert!(matches!(queued.status, Status::Queued { position: 0 }), "{queued:?}");
    assert!(!sending.is_finished());
    drop(slow.next().await);
    patiently("the send", sending).await.unwrap().unwrap();
    peer.wait_until(|all| frames_of(&all[0].received).len() == 4).await;
    drop((websocket, slow));
    recorder.finish(session).await;
}
