//! Halves whose messages are compressed (RFC 7692): what goes out, what comes, and what is told of each frame.

use futures_util::{SinkExt, StreamExt};
use hinternet::{Compression, Frame, OpCode, WebSocketOptions};
use integration_tests::deflating::{Contexts, DeflatingOrigin, Terms, frames};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{close, frame, frames_of};

use crate::on_both_sides;
use crate::place::url;

fn options(write_queue: usize) -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    (options.compression, options.write_queue) = (Some(Compression::default()), write_queue);
    options
}

fn text(number: usize) -> String {
    let length = [5, 400, 1, 3_000, 40_000][number % 5] + number;
    (number..).flat_map(|n| format!("{} and {}, ", n % 97, n % 89).into_bytes()).map(char::from).take(length).collect()
}

/// The first octet of a frame, and the length of its payload.
fn on_the_wire(frame: &Frame) -> (u8, u64) {
    let opcode = match frame.opcode {
        OpCode::Continuation => 0,
        OpCode::Text => 1,
        OpCode::Binary => 2,
        OpCode::Close => 8,
        OpCode::Ping => 9,
        OpCode::Pong => 10,
    };
    (u8::from(frame.fin) << 7 | u8::from(frame.rsv1) << 6 | opcode, frame.length)
}

#[test]
fn every_frame_of_compressing_halves_is_told_as_it_is_on_the_wire() {
    const COUNT: usize = 15;
    on_both_sides(|builder| async move {
        for write_queue in [1, 65_536] {
            let mut contexts = Contexts::new(Terms::USUAL);
            let compressed = (0..COUNT).flat_map(|number| {
                let payload = contexts.compress(text(number).as_bytes());
                [frames(1, &payload, 100), frame(0x89, number.to_string())].concat()
            });
            let says = [compressed.collect(), close(1000, "")].concat();
            let script = Script::new().read_head().send_accepting(Terms::USUAL.switching());
            let peer = ScriptedPeer::always(script.read_until(&b"\x88"[..]).send(says.clone()).keep()).await;
            let recorder = Recorder::start().with_frames();
            let session = recorder.session(builder());
            let asking = session.websocket(&url(&peer)).unwrap().options(options(write_queue));
            let (mut sink, mut stream) = asking.connect().await.unwrap().split();
            for number in 0..COUNT {
                patiently("room", sink.feed(text(number).into())).await.unwrap();
            }
            patiently("the close", sink.close()).await.unwrap();
            for number in 0..COUNT {
                let part = patiently("a message", stream.next()).await.unwrap().unwrap();
                assert!(part.as_text() == Some(&text(number)), "message {number}");
            }
            assert!(patiently("the end", stream.next()).await.is_none());
            let id = sink.websocket().id();
            drop((sink, stream));
            recorder.wait_for_closing(id).await;
            let got = frames_of(&peer.received(0));
            let mut contexts = Contexts::new(Terms::USUAL);
            for (number, (first, payload)) in got[..COUNT].iter().enumerate() {
                let message = if first & 0x40 == 0 { payload.clone() } else { contexts.expand(payload) };
                assert!(message == text(number).as_bytes(), "message {number}");
                assert_eq!(*first, if text(number).len() < 64 { 0x81 } else { 0xc1 }, "message {number}");
            }
            let told = recorder.frames(id);
            let told_of = |theirs| {
                let frames = told.iter().filter(move |(is_theirs, _)| *is_theirs == theirs);
                frames.map(|(_, frame)| on_the_wire(frame)).collect::<Vec<_>>()
            };
            assert_eq!(
                told_of(false),
                got.iter().map(|(first, payload)| (*first, payload.len() as u64)).collect::<Vec<_>>()
            );
            assert_eq!(told_of(true), of_the_server(&says));
            recorder.finish(session).await;
        }
    });
}

/// The frames of a server's octets: first octet and length.
fn of_the_server(mut octets: &[u8]) -> Vec<(u8, u64)> {
    let mut all = Vec::new();
    while let [first, length @ 0..=125, rest @ ..] = octets {
        all.push((*first, u64::from(*length)));
        octets = &rest[usize::from(*length)..];
    }
    assert!(octets.is_empty());
    all
}

#[test]
fn what_compressing_halves_send_comes_back_whatever_the_terms() {
    on_both_sides(|builder| async move {
        for takeover in [true, false] {
            let terms = Terms { client_takeover: takeover, server_takeover: takeover, ..Terms::USUAL };
            let origin = DeflatingOrigin::echo(terms, 1000).await;
            let recorder = Recorder::start();
            let session = recorder.session(builder());
            let asking = session.websocket(&origin.url()).unwrap().options(options(65_536));
            let (mut sink, mut stream) = asking.connect().await.unwrap().split();
            let sending = async {
                for number in 0..100 {
                    sink.feed(text(number).into()).await.unwrap();
                }
                sink.flush().await.unwrap();
            };
            let receiving = async {
                for number in 0..100 {
                    assert!(stream.next().await.unwrap().unwrap().as_text() == Some(&text(number)), "message {number}");
                }
            };
            patiently("all messages", async { tokio::join!(sending, receiving) }).await;
            drop((sink, stream));
            recorder.finish(session).await;
        }
    });
}
