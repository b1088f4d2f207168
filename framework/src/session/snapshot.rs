//! How a session is looked at: the tree is walked here, the rest is seen on the shards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::Session;
use crate::clock;
use crate::connection;
use crate::engine::thread_number;
use crate::origin::{self, Line};
use crate::request::Found;
use crate::snapshot::{Snapshot, TraceEvent};
use crate::websocket;

impl Session {
    /// The session as it is: its origins, their wires and its requests, with what each request waits for.
    ///
    /// What one shard has is of one moment. Nothing is stopped for it: each shard takes the time to look at its own, in the
    /// order of a microsecond for ten requests. A request that is closed meanwhile may be missing, or be shown as `closing`.
    /// Ids are never used twice, so that two snapshots can be compared.
    #[doc(alias = "WinHttpQueryConnectionGroup")]
    pub async fn snapshot(&self) -> Snapshot {
        let services = &self.inner.services;
        let session = self.inner.node.id();
        let found: Arc<[Found]> = Found::all_below(&self.inner.node).into();
        let (here, opened, terms) = (Arc::clone(&found), services.opened, Arc::clone(&services.terms));
        // They are of no shard: the first to look tells of them, and walks along their lines for all.
        let governed = Arc::new((OnceLock::new(), AtomicBool::new(false)));
        let look = move || {
            let (now, shard) = (clock::now(), Some(thread_number()));
            let (origins, mut line) = origin::snapshot(session, now);
            let (turns, shown) = &*governed;
            let turns = turns.get_or_init(|| terms.governors.all_lines(now));
            let governors =
                if shown.swap(true, Ordering::Relaxed) { Vec::new() } else { terms.governors.snapshot(now) };
            let found = here.iter().filter(|request| request.shard() == shard);
            let show = |request: &Found| {
                if let Some(turn) = turns.get(&request.id()) {
                    line.insert(request.id(), *turn);
                }
                request.show(&line, now)
            };
            let requests = found.map(show).collect::<Vec<_>>();
            (now.saturating_duration_since(opened), origins, governors, requests)
        };
        let looked = services.on_all_shards(look).await;
        let age = looked.iter().map(|(age, ..)| *age).max().unwrap_or_default();
        let now = clock::now();
        let nobodys = found.iter().filter(|request| request.shard().is_none());
        let mut requests: Vec<_> = nobodys.map(|request| request.show(&Line::new(), now)).collect();
        let (mut origins, mut governors) = (Vec::new(), Vec::new());
        for (_, some_origins, some_governors, some_requests) in looked {
            origins.extend(some_origins);
            governors.extend(some_governors);
            requests.extend(some_requests);
        }
        requests.sort_unstable_by_key(|request| request.id);
        let connections = connection::show_all_below(&self.inner.node, now);
        let websockets = websocket::show_all_below(&self.inner.node, now);
        let trace = self.inner.node.subscribers().traced(|noted| TraceEvent::of(noted, now));
        Snapshot { session, age, connections, origins, governors, requests, websockets, trace }
    }
}
