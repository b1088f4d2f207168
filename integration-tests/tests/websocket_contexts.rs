//! What compressed WebSockets take of the memory (RFC 7692): their contexts, and messages that expand without end. In a process of
//! its own, whose memory is measured.

use std::alloc::System;

use hinternet::{Compression, ErrorCode, Session, WebSocket, WebSocketOptions};
use integration_tests::deflating::{Contexts, Terms, frames};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::frames_of;
use integration_tests::{assert_kib, patiently};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::sync::Mutex;
use zlib_rs::{Deflate, DeflateFlush};

#[global_allocator]
static ALLOCATED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;
/// One at a time: it is the process that is measured.
static ALONE: Mutex<()> = Mutex::const_new(());
/// Less than any context takes.
const LITTLE: usize = 24 * 1024;

fn options(compression: Compression) -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.compression = Some(compression);
    options
}

/// What is allocated now. The figures are read one after another: only where none has moved meanwhile do they belong together. What is
/// reallocated is in both of them.
fn held() -> usize {
    let mut stats = ALLOCATED.stats();
    loop {
        let now = ALLOCATED.stats();
        if now == stats {
            break;
        }
        stats = now;
        std::thread::yield_now();
    }
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

/// How much a WebSocket holds more than before, when it has sent and received a message on these terms.
async fn held_by_one(bits: u8, takeover: bool) -> usize {
    let terms = Terms { client_bits: bits, client_takeover: takeover, server_takeover: takeover, ..Terms::USUAL };
    let says = frames(1, &Contexts::new(terms).compress(b"what the server says"), 0);
    let peer =
        ScriptedPeer::always(Script::new().read_head().send_accepting(terms.switching()).send(says).keep()).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut compression = Compression::default();
    compression.client_window_bits = bits;
    let builder = session.websocket(&format!("ws://{}/", peer.address())).unwrap().options(options(compression));
    let websocket = builder.connect().await.unwrap();
    let before = held();
    websocket.send("what the client says to the server, which is longer than what it hears of it").await.unwrap();
    assert_eq!(websocket.receive().await.unwrap().as_text(), Some("what the server says"));
    if !takeover {
        // The answer may be here before its shard has put away what it took for it.
        let put_away = async {
            while held().saturating_sub(before) >= LITTLE {
                tokio::task::yield_now().await;
            }
        };
        patiently("contexts that are put away", put_away).await;
    }
    let grown = held().saturating_sub(before);
    drop(websocket);
    recorder.finish(session).await;
    grown
}

#[tokio::test]
async fn contexts_take_what_is_said_of_them_and_those_that_are_not_taken_over_nothing() {
    let _alone = ALONE.lock().await;
    for (bits, most) in [(15, 376 + 48), (12, 167 + 48), (9, 140 + 48), (8, 140 + 48)] {
        let with = held_by_one(bits, true).await / 1024;
        let without = held_by_one(bits, false).await / 1024;
        // What the recorder writes down meanwhile is in both.
        let contexts = with.saturating_sub(without);
        assert!((most * 9 / 10..=most).contains(&contexts), "{bits} bits: {contexts} KiB");
        assert!(without < LITTLE / 1024, "{bits} bits: {without} KiB without the takeover");
    }
}

/// A message of so many zeros, in the octets of its frames.
fn bomb(octets: usize) -> Vec<u8> {
    let (mut deflate, zeros) = (Deflate::new(9, false, 15), vec![0; 1 << 20]);
    let mut payload = vec![0; octets / 500 + 64 * 1024];
    for left in (0..octets >> 20).rev() {
        let from = deflate.total_out() as usize;
        let flush = if left > 0 { DeflateFlush::NoFlush } else { DeflateFlush::SyncFlush };
        deflate.compress(&zeros, &mut payload[from..], flush).unwrap();
    }
    payload.truncate(deflate.total_out() as usize - 4);
    frames(2, &payload, 0)
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

async fn connected(session: &Session, peer: &ScriptedPeer, limit: u64) -> WebSocket {
    let mut options = options(Compression::default());
    options.message = limit;
    let builder = session.websocket(&format!("ws://{}/", peer.address())).unwrap().options(options);
    patiently("a handshake", builder.connect()).await.unwrap()
}

#[tokio::test]
async fn a_message_that_expands_to_a_gibibyte_takes_no_more_than_its_limit_and_no_more_than_is_asked_for() {
    let _alone = ALONE.lock().await;
    let (bomb, recorder) = (bomb(1 << 30), Recorder::start());
    assert!(bomb.len() < 2 << 20);
    let script = Script::new().read_head().send_accepting(Terms::USUAL.switching()).send(bomb).keep();
    let peer = ScriptedPeer::always(script).await;
    let session = recorder.session(Session::builder());
    let before = peak_kib();

    let websocket = connected(&session, &peer, 4 << 30).await;
    for _ in 0..1_000 {
        let part = websocket.receive_at_most(10_000).await.unwrap();
        assert!(part.kind().is_fragment() && part.octets().iter().all(|octet| *octet == 0));
    }
    drop(websocket);
    let grown = peak_kib() - before;
    assert_kib(grown, 8 * 1024 - 1, "10,000 octets at a time");

    let websocket = connected(&session, &peer, 8 << 20).await;
    let error = recorder.failure(websocket.id(), websocket.receive().await);
    assert_eq!(error.code(), ErrorCode::InvalidServerResponse, "{error}");
    let close = (0x88, 1009_u16.to_be_bytes().to_vec());
    peer.wait_until(|all| frames_of(&all[1].received).contains(&close)).await;
    let grown = peak_kib() - before;
    assert_kib(grown, 32 * 1024 - 1, "a limit of 8 MiB");
    drop(websocket);
    recorder.finish(session).await;
}
