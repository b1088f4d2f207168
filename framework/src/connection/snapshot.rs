//! How a connection is looked at, and through it its origin.

use std::time::Instant;

use super::{Connection, Inner};
use crate::clock;
use crate::handle::Node;
use crate::origin;
use crate::snapshot::{ConnectionSnapshot, OriginSnapshot, TraceEvent};

impl Connection {
    /// Its origin as it is: the wires, which other handles of the session may use too, and what they have moved. One for each
    /// shard and each kind of dial or of TLS that it is used with; none before the first request.
    pub async fn snapshot(&self) -> Vec<OriginSnapshot> {
        let Inner { services, origin, .. } = &*self.inner;
        let (session, of) = (services.session.id(), origin.clone());
        let looked = services.on_all_shards(move || origin::snapshot_of(session, &of, clock::now())).await;
        looked.into_iter().flatten().collect()
    }
}

/// All that are open below the session.
pub(crate) fn show_all_below(session: &Node, now: Instant) -> Vec<ConnectionSnapshot> {
    let show = |entry: crate::handle::Entry| {
        let inner = entry.upgrade()?.downcast::<Inner>().ok()?;
        let trace = inner.node.subscribers().traced(|noted| TraceEvent::of(noted, now));
        Some(ConnectionSnapshot { id: inner.node.id(), origin: inner.origin.clone(), trace })
    };
    session.entries_below().into_iter().filter_map(show).collect()
}
