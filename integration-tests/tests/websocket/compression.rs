//! Compressed messages (RFC 7692), with a server that compresses and with scripted ones.

use hinternet::{
    Blame, Compression, ErrorCode, MessageKind, MessagePart, NotificationMask, OpCode, Session, Status,
    WebSocketOptions,
};
use integration_tests::deflating::{Contexts, DeflatingOrigin, Terms, frames};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{SWITCHING, WebSocketOrigin, close, frame, frames_of};

use crate::place::url;

fn options(compression: Compression) -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.compression = Some(compression);
    options
}

fn compression(windows: (u8, u8), takeovers: (bool, bool)) -> Compression {
    let mut compression = Compression::default();
    (compression.client_window_bits, compression.server_window_bits) = windows;
    (compression.client_context_takeover, compression.server_context_takeover) = takeovers;
    compression.level = 9;
    compression
}

fn text(length: usize) -> String {
    let mut text: String = (0..length).map(|n| format!("{} and {}, ", n % 97, n % 89)).take(length / 8 + 1).collect();
    text.truncate(length);
    text
}

#[tokio::test]
async fn rfc7692_7_1_every_window_with_and_without_takeover_carries_messages_both_ways() {
    let recorder = Recorder::start().with_frames();
    let session = recorder.session(Session::builder());
    for bits in 8..=15 {
        for takeovers in [(true, true), (true, false), (false, true), (false, false)] {
            let windows = (bits, 23 - bits);
            let terms = Terms {
                client_bits: windows.0,
                server_bits: windows.1,
                client_takeover: takeovers.0,
                server_takeover: takeovers.1,
            };
            let origin = DeflatingOrigin::echo(terms, usize::from(bits) * 100).await;
            let builder = session.websocket(&origin.url()).unwrap().options(options(compression(windows, takeovers)));
            let websocket = builder.connect().await.unwrap();
            let agreed = websocket.compression().unwrap();
            assert_eq!((agreed.client_window_bits, agreed.server_window_bits), windows);
            assert_eq!((agreed.client_context_takeover, agreed.server_context_takeover), takeovers);
            for length in [0, 5, 64, 300, 300, 5_000, 200_000] {
                let text = text(length);
                websocket.send(text.as_str()).await.unwrap();
                assert!(websocket.receive().await.unwrap().as_text() == Some(&text), "{length} with {terms:?}");
            }
            let part = |octets| MessagePart::new(MessageKind::BinaryFragment, octets);
            websocket.send(part(vec![7; 1000])).await.unwrap();
            websocket.send(part(vec![])).await.unwrap();
            websocket.send(vec![7; 100_000]).await.unwrap();
            let mut back = 0;
            loop {
                let part = websocket.receive_at_most(999).await.unwrap();
                assert!(part.octets().iter().all(|octet| *octet == 7));
                back += part.octets().len();
                if !part.kind().is_fragment() {
                    break;
                }
            }
            assert_eq!(back, 101_000);
            websocket.close(1000, "").await.unwrap();
            recorder.wait_for_status(websocket.id(), "CloseComplete").await;
            let sent = recorder.frames(websocket.id()).into_iter().filter(|(is_theirs, _)| !is_theirs);
            let compressed = sent.filter(|(_, frame)| frame.rsv1).count();
            assert_eq!(compressed, 6, "all but the two short ones");
        }
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn rfc7692_5_1_a_server_that_does_not_accept_the_offer_is_spoken_to_without() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start().with_frames();
    let session = recorder.session(Session::builder());
    let builder = session.websocket(&origin.url()).unwrap().options(options(Compression::default()));
    let websocket = builder.connect().await.unwrap();
    assert_eq!(websocket.compression(), None);
    websocket.send(text(1000)).await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some(&*text(1000)));
    recorder.wait_for_status(websocket.id(), "WebSocketReadComplete").await;
    let frames = recorder.frames(websocket.id());
    assert!(frames.len() == 2 && frames.iter().all(|(_, frame)| !frame.rsv1), "{frames:?}");
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn rfc7692_5_1_an_answer_that_was_not_offered_is_refused() {
    for (answer, sentence) in [
        ("x-other", "was not offered"),
        ("permessage-deflate, permessage-deflate", "twice"),
        ("permessage-deflate; server_max_window_bits=15", "server_max_window_bits"),
        ("permessage-deflate; server_max_window_bits=10; client_max_window_bits", "client_max_window_bits"),
        ("permessage-deflate; server_max_window_bits=10; mystery", "unknown"),
        ("permessage-deflate", "server_max_window_bits of permessage-deflate was asked for"),
        ("permessage-deflate;;", "9.1"),
    ] {
        let switching = SWITCHING.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {answer}\r\n\r\n"));
        let peer = ScriptedPeer::always(Script::new().read_head().send_accepting(switching).keep()).await;
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        let builder = session.websocket(&url(&peer)).unwrap();
        let result = builder.options(options(compression((15, 10), (true, true)))).connect().await;
        let error = recorder.failure(recorder.request(0).await, result);
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
        assert!(error.to_string().contains(sentence), "{answer}: {error}");
        peer.wait_for_end(0).await;
        recorder.finish(session).await;
    }
}

/// What a server that has agreed to it sends, and how the client ends that.
async fn is_a_fault(octets: Vec<u8>, limit: u64, code: u16) {
    let script = Script::new().read_head().send_accepting(Terms::USUAL.switching()).send(octets).keep();
    let peer = ScriptedPeer::always(script).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut options = options(Compression::default());
    options.message = limit;
    let websocket = session.websocket(&url(&peer)).unwrap().options(options).connect().await.unwrap();
    let error = recorder.failure(websocket.id(), websocket.receive().await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
    let close = (0x88, code.to_be_bytes().to_vec());
    peer.wait_until(|all| frames_of(&all[0].received).contains(&close)).await;
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn rfc7692_6_2_what_a_server_may_not_send_ends_the_websocket_and_it_is_told_why() {
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    is_a_fault(frame(0xc1, [0xff; 4]), 1000, 1007).await;
    is_a_fault(frame(0xc1, &hello[..5]), 1000, 1007).await;
    is_a_fault([frame(0x41, hello), frame(0xc0, "")].concat(), 1000, 1002).await;
    is_a_fault(frame(0xc9, ""), 1000, 1002).await;
    is_a_fault(frame(0xc1, Contexts::new(Terms::USUAL).compress(b"\xff")), 1000, 1007).await;
    is_a_fault(frame(0xc1, hello), 4, 1009).await;
    let bomb = Contexts::new(Terms::USUAL).compress(&vec![0; 16 << 20]);
    is_a_fault(frames(2, &bomb, 100), 1 << 20, 1009).await;
}

#[tokio::test]
async fn rsv1_is_refused_where_nothing_was_agreed_to() {
    let peer = ScriptedPeer::always(
        Script::new()
            .read_head()
            .send_accepting(SWITCHING)
            .send(frame(0xc1, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0]))
            .keep(),
    )
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let builder = session.websocket(&url(&peer)).unwrap().options(options(Compression::default()));
    let websocket = builder.connect().await.unwrap();
    let error = recorder.failure(websocket.id(), websocket.receive().await);
    assert!(error.to_string().contains("reserved bit"), "{error}");
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn what_cannot_be_offered_is_refused_and_nothing_sent() {
    let origin = WebSocketOrigin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut small = Compression::default();
    small.context_memory = 100_000;
    let mut level = Compression::default();
    level.level = 0;
    for wrong in [compression((7, 15), (true, true)), compression((15, 16), (true, true)), small, level] {
        let builder = session.websocket(&origin.url()).unwrap().options(options(wrong));
        let error = builder.connect().await.unwrap_err();
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidParameter, Blame::Caller), "{error}");
    }
    assert_eq!(origin.connections(), 0);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_send_that_is_given_up_leaves_nothing_behind_that_later_messages_refer_to() {
    let origin = DeflatingOrigin::echo(Terms::USUAL, 0).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let builder = session.websocket(&origin.url()).unwrap().options(options(Compression::default()));
    let websocket = builder.connect().await.unwrap();
    for round in 0..40 {
        // It may have gone out or not, whole or not at all.
        let given_up = websocket.send(text(100 + 7 * round));
        tokio::select! {
            biased;
            () = async { for _ in 0..round % 4 { tokio::task::yield_now().await; } } => {}
            sent = given_up => sent.unwrap(),
        }
        let last = text(2_000 + round);
        // A message that was given up may still be going out.
        websocket.send(last.as_str()).await.unwrap();
        while websocket.receive().await.unwrap().as_text() != Some(&last) {}
    }
    drop(websocket);
    recorder.finish(session).await;
}

#[tokio::test]
async fn frames_are_told_to_those_who_ask_for_them_control_frames_too() {
    let hello = frames(1, &Contexts::new(Terms::USUAL).compress(b"Hello"), 4);
    let says = [frame(0x89, "?"), hello, close(1000, "")].concat();
    let script = Script::new().read_head().send_accepting(Terms::USUAL.switching()).send(says).keep();
    let peer = ScriptedPeer::always(script).await;
    let recorder = Recorder::start().with_frames();
    let session = recorder.session(Session::builder());
    let mut tap = session.notifications(NotificationMask::FRAMES).unwrap();
    let builder = session.websocket(&url(&peer)).unwrap().options(options(Compression::default()));
    let websocket = builder.connect().await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("Hello"));
    assert!(websocket.receive().await.unwrap().is_close());
    peer.wait_until(|all| frames_of(&all[0].received).len() == 2).await;
    let id = websocket.id();
    drop(websocket);
    session.close().await.unwrap();
    let (mut received, mut sent) = (Vec::new(), Vec::new());
    while let Some(told) = tap.next().await {
        assert_eq!(told.handle, id);
        match told.status {
            Status::FrameReceived(frame) => received.push((frame.opcode, frame.fin, frame.rsv1, frame.length)),
            Status::FrameSent(frame) => sent.push((frame.opcode, frame.fin, frame.rsv1, frame.length)),
            ref other => panic!("{other:?}"),
        }
    }
    recorder.finish(session).await;
    let first = [(OpCode::Ping, true, false, 1), (OpCode::Text, false, true, 4)];
    let last = [(OpCode::Continuation, true, false, 3), (OpCode::Close, true, false, 2)];
    assert_eq!(received, [first, last].concat());
    assert_eq!(sent, [(OpCode::Pong, true, false, 1), (OpCode::Close, true, false, 2)]);
}
