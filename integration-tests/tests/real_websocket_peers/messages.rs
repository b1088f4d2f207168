//! Messages both ways, at Node's `ws` and Python's `websockets`, with TLS and without.

use std::time::Duration;

use hinternet::{MessageKind, MessagePart, WebSocket, WebSocketOptions};
use integration_tests::patiently;

use crate::place::{Visit, World, content, receive};
use crate::servers::{LIBRARIES, start};

/// What an honest server sends back.
pub(crate) async fn comes_back(websocket: &WebSocket, part: impl Into<MessagePart>) {
    let part = part.into();
    let sending = websocket.send(part.clone());
    // At once, for a large one is on its way both ways at a time.
    let (sent, received) = patiently("an echo", async { tokio::join!(sending, websocket.receive()) }).await;
    sent.unwrap();
    assert!(received.unwrap() == part, "{part:?}");
}

/// Text, octets, fragments, a large message.
pub(crate) async fn all_kinds_come_back(websocket: &WebSocket) {
    comes_back(websocket, "").await;
    comes_back(websocket, "caf\u{e9} \u{1f980}").await;
    comes_back(websocket, Vec::new()).await;
    for octets in [1, 125, 126, 65_535, 65_536, 1 << 20] {
        comes_back(websocket, content(octets)).await;
    }
    for (kind, octets) in [
        (MessageKind::TextFragment, &b"caf\xc3"[..]),
        (MessageKind::TextFragment, b""),
        (MessageKind::Text, b"\xa9 in three"),
    ] {
        websocket.send(MessagePart::new(kind, octets)).await.unwrap();
    }
    assert_eq!(receive(websocket).await.as_text(), Some("caf\u{e9} in three"));
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn messages_come_back_as_they_were_sent() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        for site in &server.sites {
            let visit = site.visit();
            let websocket = visit.open("/echo").await;
            assert_eq!(websocket.protocol(), None);
            all_kinds_come_back(&websocket).await;
            websocket.close(1000, "").await.unwrap();
            drop(websocket);
            visit.end().await;
        }
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn fragments_of_the_server_are_one_message() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[0].visit();
        for size in [1, 100, 70_000] {
            let websocket = visit.open(&format!("/pieces?size={size}")).await;
            for octets in [0, 1, 1_000, 300_000 * usize::from(size > 1)] {
                comes_back(&websocket, content(octets)).await;
            }
            drop(websocket);
        }
        // As they come, if that is asked for.
        let websocket = visit.open("/pieces?size=5").await;
        websocket.send("one, two, three").await.unwrap();
        let (mut text, mut kinds) = (Vec::new(), Vec::new());
        while kinds.last() != Some(&MessageKind::Text) {
            let part = patiently("a part", websocket.receive_at_most(5)).await.unwrap();
            kinds.push(part.kind());
            text.extend_from_slice(part.octets());
        }
        assert_eq!(text, b"one, two, three", "{library:?}");
        assert!(kinds.len() >= 3, "{kinds:?}");
        drop(websocket);
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn pings_of_both_sides_are_answered() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[1].visit();
        let websocket = visit.open("/ping").await;
        assert_eq!(receive(&websocket).await.as_text(), Some("answered are you there?"), "{library:?}");
        drop(websocket);
        let mut options = WebSocketOptions::default();
        options.ping_every = Some(Duration::from_millis(20));
        let websocket = visit.open_with("/echo", options).await;
        while websocket.round_trip().is_none() {
            comes_back(&websocket, "still there").await;
        }
        drop(websocket);
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn of_the_subprotocols_that_are_offered_the_server_chooses_one_or_none() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[0].visit();
        let asked = visit.asking("/echo").protocol("superchat").protocol("chat").connect();
        let websocket = patiently("a handshake", asked).await.unwrap();
        assert_eq!(websocket.protocol(), Some("chat"), "{library:?}");
        comes_back(&websocket, "hello").await;
        drop(websocket);
        let none = patiently("a handshake", visit.asking("/echo").protocol("other").connect()).await.unwrap();
        assert_eq!(none.protocol(), None);
        drop(none);
        visit.end().await;
    }
}

/// The server says that it waits, and afterwards nothing of what it sent is missing.
pub(crate) async fn is_stopped_by_who_does_not_read(visit: &Visit) {
    const COUNT: usize = 512;
    let watch = visit.watch().await;
    let websocket = visit.open(&format!("/flood?count={COUNT}&size=65536")).await;
    let line = watch.hears("stuck").await;
    let before: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(before < COUNT / 2, "{before} messages are where nobody reads");
    for n in 0..COUNT {
        let part = receive(&websocket).await;
        assert!(part.octets().len() == 65_536 && part.octets().iter().all(|octet| usize::from(*octet) == n % 251));
    }
    watch.hears("flooded").await;
    drop((watch, websocket));
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn a_server_is_stopped_by_who_does_not_read_and_nothing_is_lost() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        for site in &server.sites {
            let visit = site.visit();
            is_stopped_by_who_does_not_read(&visit).await;
            visit.end().await;
        }
    }
}
