//! How WebSockets are looked at. Nobody is asked for it: what is shown lies beside the actor.

use std::time::Instant;

use super::{Inner, WebSocket};
use crate::handle::{Entry, Node};
use crate::snapshot::{TraceEvent, WebSocketSnapshot};

/// All that are open below the session, sorted by id.
pub(crate) fn show_all_below(session: &Node, now: Instant) -> Vec<WebSocketSnapshot> {
    let show = |entry: Entry| Some(show(&WebSocket::from_inner(entry.upgrade()?.downcast::<Inner>().ok()?), now));
    let mut all: Vec<_> = session.entries_below().into_iter().filter_map(show).collect();
    all.sort_unstable_by_key(|one| one.id);
    all
}

fn show(websocket: &WebSocket, now: Instant) -> WebSocketSnapshot {
    let Inner { node, shared, protocol, wire, opened, .. } = &*websocket.inner;
    let state = match shared.closed_by_peer.get() {
        _ if !node.is_open() => "closing",
        Some(_) => "closed_by_server",
        None => "open",
    };
    let [(messages_sent, octets_sent), (messages_received, octets_received)] = shared.traffic.counted();
    let [sending, receiving, closing] = shared.traffic.in_flight();
    WebSocketSnapshot {
        id: node.id(),
        parent: node.parent(),
        wire: *wire,
        state,
        age: now.saturating_duration_since(*opened),
        subprotocol: protocol.as_deref().map(str::to_owned),
        round_trip: websocket.round_trip(),
        messages_sent,
        octets_sent,
        messages_received,
        octets_received,
        sending,
        receiving,
        closing,
        trace: node.subscribers().traced(|noted| TraceEvent::of(noted, now)),
    }
}
