//! Compressed messages (RFC 7692) over a stream (RFC 8441 section 5: extensions are agreed to as over HTTP/1.1).

use hinternet::{Compression, OpCode, Protocols, WebSocketOptions};
use integration_tests::deflating::Terms;
use integration_tests::http2_origin::{Http2Origin, Http2Scene, Settings, builder};
use integration_tests::origin::Reply;
use integration_tests::patiently;
use integration_tests::recorder::Recorder;

use crate::place::{converse, websocket_url};

const NARROW: Terms = Terms { client_bits: 9, server_bits: 10, client_takeover: false, server_takeover: false };

fn text(length: usize) -> String {
    (0..).flat_map(|n| format!("{} and {}, ", n % 97, n % 89).into_bytes()).map(char::from).take(length).collect()
}

#[tokio::test]
async fn rfc7692_messages_are_compressed_over_a_stream_as_over_a_connection() {
    for (terms, fragment) in [(Terms::USUAL, 0), (Terms::USUAL, 100), (NARROW, 0), (NARROW, 100)] {
        let settings = Settings::new().deflating(terms, fragment);
        let origin = Http2Origin::with(settings, |_| Reply::ok("ok").into()).await;
        let recorder = Recorder::start().with_frames();
        let session = recorder.session(builder());
        let connection = session.connect(&origin.origin()).unwrap();
        let scene = Http2Scene { recorder, session, connection, origin };
        let mut options = WebSocketOptions::default();
        let mut compression = Compression::default();
        (compression.client_window_bits, compression.server_window_bits) = (terms.client_bits, terms.server_bits);
        (compression.client_context_takeover, compression.server_context_takeover) =
            (terms.client_takeover, terms.server_takeover);
        options.compression = Some(compression);
        let asking = scene.session.websocket(&websocket_url(&scene.origin)).unwrap().options(options);
        let websocket = patiently("a WebSocket", asking.protocols(Protocols::RequireHttp2).connect()).await.unwrap();
        let agreed = websocket.compression().expect("the server has agreed");
        assert_eq!((agreed.client_window_bits, agreed.server_window_bits), (terms.client_bits, terms.server_bits));
        let texts = [5, 300, 300, 20_000, 1_000_000].map(text);
        for text in &texts {
            converse(&websocket, text).await;
        }
        patiently("the close", websocket.close(1000, "")).await.unwrap();
        let (id, wires) = (websocket.id(), scene.origin.wires());
        drop(websocket);
        scene.recorder.wait_for_closing(id).await;
        let (received, sent): (Vec<_>, Vec<_>) = scene.recorder.frames(id).into_iter().partition(|(theirs, _)| *theirs);
        // A large one goes out in several frames, of which the first has the bit.
        let messages: Vec<_> = sent.split_inclusive(|(_, frame)| frame.fin).collect();
        let told: Vec<_> = messages.iter().map(|frames| (frames[0].1.opcode, frames[0].1.rsv1)).collect();
        let compressed = (OpCode::Text, true);
        let [short, close] = [(OpCode::Text, false), (OpCode::Close, false)];
        assert_eq!(told, [short, compressed, compressed, compressed, compressed, close], "{terms:?}");
        for (frames, text) in messages[1..5].iter().zip(&texts[1..]) {
            assert!(frames[1..].iter().all(|(_, frame)| frame.opcode == OpCode::Continuation && !frame.rsv1));
            let octets: u64 = frames.iter().map(|(_, frame)| frame.length).sum();
            assert!(octets < text.len() as u64 * 3 / 4, "{octets} of {}", text.len());
        }
        // What was told of is what went out: headers, masks and payloads.
        let whole = |length: u64| length + 4 + [2, 4, 10][usize::from(length > 125) + usize::from(length > 0xffff)];
        let data: usize = wires[0].data(1).into_iter().sum();
        assert_eq!(data as u64, sent.iter().map(|(_, frame)| whole(frame.length)).sum::<u64>());
        let begun = received.iter().filter(|(_, frame)| frame.opcode == OpCode::Text);
        assert!(begun.clone().count() == 5 && begun.clone().all(|(_, frame)| frame.rsv1), "{terms:?}");
        let has_fragments = received.iter().any(|(_, frame)| frame.opcode == OpCode::Continuation && !frame.rsv1);
        assert_eq!(has_fragments, fragment > 0);
        scene.end().await;
    }
}
