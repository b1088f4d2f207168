//! permessage-deflate (RFC 7692) with Node's `ws` and Python's `websockets`: every window and takeover, each way, whoever asks for it.

use hinternet::{Compression, MessageKind, MessagePart, WebSocket, WebSocketOptions};
use integration_tests::Seeded;

use crate::messages::{all_kinds_come_back, comes_back};
use crate::place::{Visit, World, receive};
use crate::servers::{LIBRARIES, Library, start};

#[derive(Clone, Copy, Debug)]
struct Terms {
    client_bits: u8,
    server_bits: u8,
    client_forgets: bool,
    server_forgets: bool,
}

/// All there are.
fn all_terms() -> impl Iterator<Item = Terms> {
    (0..256).map(|n: u16| Terms {
        client_bits: 8 + (n % 8) as u8,
        server_bits: 8 + (n / 8 % 8) as u8,
        client_forgets: n & 64 > 0,
        server_forgets: n & 128 > 0,
    })
}

fn with(compression: Compression) -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.compression = Some(compression);
    options
}

impl Terms {
    /// The client asks for them.
    fn asked(self) -> WebSocketOptions {
        let mut compression = Compression::default();
        (compression.client_window_bits, compression.server_window_bits) = (self.client_bits, self.server_bits);
        (compression.client_context_takeover, compression.server_context_takeover) =
            (!self.client_forgets, !self.server_forgets);
        with(compression)
    }

    /// The server asks for them.
    fn path(self) -> String {
        let Self { client_bits, server_bits, client_forgets, server_forgets } = self;
        let mut path = format!("/echo?deflate&client_bits={client_bits}&server_bits={server_bits}");
        path.push_str(if client_forgets { "&client_forgets" } else { "" });
        path.push_str(if server_forgets { "&server_forgets" } else { "" });
        path
    }

    fn are_agreed(self, websocket: &WebSocket) {
        let agreed = websocket.compression().unwrap_or_else(|| panic!("{self:?}: nothing was agreed"));
        assert!(agreed.client_window_bits <= self.client_bits, "{self:?}: {agreed:?}");
        assert!(agreed.server_window_bits <= self.server_bits, "{self:?}: {agreed:?}");
        assert!(!(self.client_forgets && agreed.client_context_takeover), "{self:?}: {agreed:?}");
        assert!(!(self.server_forgets && agreed.server_context_takeover), "{self:?}: {agreed:?}");
    }
}

/// Words, which are worth compressing, farther apart than any window, and what is not worth it.
fn contents() -> [Vec<u8>; 4] {
    let mut chance = Seeded::new(7692);
    let words: Vec<_> = (0..4_000).map(|_| format!("{:05}", chance.below(90_000))).collect();
    let text = |count: usize| (0..count).map(|n| &*words[n % words.len()]).collect::<Vec<_>>().join(" ").into_bytes();
    let noise = (0..5_000).map(|_| chance.below(256) as u8).collect();
    [text(20), text(60), text(12_000), noise]
}

async fn hold_a_conversation(websocket: &WebSocket) {
    for octets in contents() {
        // The second time it is known already, where a context is taken over.
        for _ in 0..2 {
            comes_back(websocket, octets.clone()).await;
        }
    }
    let [_, text, ..] = contents();
    let (first, second) = text.split_at(100);
    websocket.send(MessagePart::new(MessageKind::TextFragment, first.to_vec())).await.unwrap();
    websocket.send(MessagePart::new(MessageKind::TextFragment, "")).await.unwrap();
    websocket.send(MessagePart::new(MessageKind::Text, second.to_vec())).await.unwrap();
    assert_eq!(receive(websocket).await.octets(), &text);
    comes_back(websocket, "").await;
}

/// Neither can make a window of 8 bits: `ws` makes one of 9 and says 8, which any window of 9 bits expands; `websockets` fails.
fn can(library: Library, terms: Terms) -> bool {
    library == Library::Ws || terms.server_bits > 8
}

async fn with_all_terms(library: Library, visit: &Visit, open: impl AsyncFn(Terms) -> WebSocket) {
    let mut count = 0;
    for terms in all_terms().filter(|terms| can(library, *terms)) {
        let websocket = open(terms).await;
        terms.are_agreed(&websocket);
        hold_a_conversation(&websocket).await;
        websocket.close(1000, "").await.unwrap();
        count += 1;
    }
    let frames = visit.recorder.log();
    let compressed = frames.iter().filter(|one| format!("{:?}", one.status).contains("rsv1: true")).count();
    assert!(compressed > count * 10, "{library:?}: {compressed} frames of {count} WebSockets are compressed");
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn rfc7692_7_1_every_window_and_takeover_that_the_client_asks_for() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[0].visit_with_frames();
        with_all_terms(library, &visit, async |terms| visit.open_with("/echo?deflate", terms.asked()).await).await;
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn rfc7692_7_1_every_window_and_takeover_that_the_server_asks_for() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[0].visit_with_frames();
        let options = with(Compression::default());
        with_all_terms(library, &visit, async |terms| visit.open_with(&terms.path(), options).await).await;
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn compression_that_a_server_does_not_want_is_not_used_and_large_messages_are_compressed_with_tls_too() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[1].visit();
        for (path, agreed) in [("/echo", false), ("/echo?deflate", true), ("/pieces?size=3000&deflate", true)] {
            let websocket = visit.open_with(path, with(Compression::default())).await;
            assert_eq!(websocket.compression().is_some(), agreed, "{library:?} {path}");
            all_kinds_come_back(&websocket).await;
            hold_a_conversation(&websocket).await;
            drop(websocket);
        }
        visit.end().await;
    }
}
