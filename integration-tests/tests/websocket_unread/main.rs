//! What nobody reads: it stops the server, and it fills no memory. In a process of its own, whose memory is measured.

#[allow(dead_code, reason = "the other tests of WebSocket use all of it")]
#[path = "../websocket/place.rs"]
mod place;

use hinternet::{Session, WebSocketOptions};
use integration_tests::scripted_peer::Step;
use integration_tests::websocket::frame;
use integration_tests::{assert_kib, patiently, resident_kib};

use place::Place;

/// More than any socket's buffers hold.
const LARGE: usize = 32 << 20;

#[tokio::test]
async fn an_unread_websocket_stops_the_server() {
    let message = frame(0x82, vec![b'x'; 65_536]);
    let before = resident_kib();
    let place = Place::with(|switched| switched.repeat(message.clone(), LARGE / 65_536).forgetful().keep()).await;
    let (count, length) = (LARGE / 65_536, message.len() - 10);
    assert_eq!(place.websocket.receive_at_most(1).await.unwrap().octets().len(), 1);
    // So many turns in which it could read on.
    for _ in 0..2_000 {
        place.refusal(place.websocket.receive_at_most(0).await);
    }
    let grown = resident_kib().saturating_sub(before);
    assert_kib(grown, 16 * 1024 - 1, "32 MiB that nobody reads");
    let mut octets = 1;
    while octets < count * length {
        octets += patiently("a message", place.websocket.receive()).await.unwrap().octets().len();
    }
    assert_eq!(octets, count * length, "nothing is lost");
    place.end().await;
}

/// The server sends pings, and reads nothing that comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(sanitized, ignore = "a sanitizer's memory is counted too")]
async fn a_million_pings_from_a_server_that_reads_nothing_fill_no_memory() {
    let pings = frame(0x89, vec![b'p'; 125]).repeat(500);
    let before = resident_kib();
    let place = Place::of(Session::builder(), WebSocketOptions::default(), |switched| {
        switched.repeat(pings, 2_000).send(frame(0x81, "done")).forgetful().step(Step::StopReading)
    })
    .await;
    let last = patiently("the last message", place.websocket.receive()).await.unwrap();
    assert_eq!(last.as_text(), Some("done"));
    let grown = resident_kib().saturating_sub(before);
    assert_kib(grown, 16 * 1024 - 1, "a million pings");
    place.end().await;
}
