//! A request as it is seen by those who do not work for it, and what it waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use super::shared::Shared;
use super::state::{SendSide, Standing, State};
use super::{Inner, Request};
use crate::clock;
use crate::engine::thread_number;
use crate::error::Stage;
use crate::handle::Node;
use crate::id::{HandleId, WireId};
use crate::network::{ChannelBinding, DialDetails};
use crate::origin::{self, Line};
use crate::snapshot::{RequestSnapshot, TraceEvent, Waiting, WireSnapshot};
use crate::transport::server_end_point;

/// A request that was found in the tree.
pub(crate) struct Found {
    shared: Arc<Shared>,
    shard: Option<u64>,
}

/// What an operation in flight waits for, as far as it knows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Awaits {
    Nothing,
    Subscriber,
    /// The caller's own source of the body.
    Source,
    /// The line before its origin's gate knows more.
    Turn,
    /// The line of its origin knows more.
    Wire,
    Window,
    Server,
}

impl Found {
    /// All that are open below the session.
    pub(crate) fn all_below(session: &Node) -> Vec<Self> {
        let found = |entry: crate::handle::Entry| {
            let inner = entry.upgrade()?.downcast::<Inner>().ok()?;
            let shared = Arc::clone(&inner.shared);
            Some(Self { shard: shared.shard(), shared })
        };
        session.entries_below().into_iter().filter_map(found).collect()
    }

    pub(crate) fn id(&self) -> HandleId {
        self.shared.node.id()
    }

    /// The thread that works for it; `None`: nobody does.
    pub(crate) fn shard(&self) -> Option<u64> {
        self.shard
    }

    /// As it is now. What works for it, if anything does, is on this thread.
    pub(crate) fn show(&self, line: &Line, now: Instant) -> RequestSnapshot {
        let shared = &self.shared;
        let is_open = shared.node.is_open();
        // Locked once: in the expression below a lock would be held to its end.
        let (begun, annotation) = {
            let draft = shared.draft();
            (draft.begun, draft.annotation.as_deref().map(str::to_owned))
        };
        RequestSnapshot {
            id: shared.node.id(),
            parent: shared.node.parent(),
            method: shared.method.clone(),
            origin: shared.last_target().origin().clone(),
            state: if is_open { shared.state().word() } else { "closing" },
            age: begun.map(|begun| now.saturating_duration_since(begun)),
            wire: WireId::known(shared.wire.load(Ordering::Relaxed)),
            waits_for: if is_open { shared.waits_for(line) } else { None },
            annotation,
            trace: shared.node.subscribers().traced(|noted| TraceEvent::of(noted, now)),
        }
    }
}

impl Request {
    /// What the request waits for; `None` if for nothing. Told by the shard that works for it, and only asked there while it waits
    /// for a wire or its turn: its place in the line is counted for the answer.
    pub async fn why_waiting(&self) -> Option<Waiting> {
        let shared = Arc::clone(&self.inner.shared);
        let here = shared.shard()?;
        if !shared.awaits(Awaits::Wire) && !shared.awaits(Awaits::Turn) {
            return shared.waits_for(&Line::new());
        }
        let (session, terms) = (self.inner.shared.services.session.id(), Arc::clone(&self.inner.shared.services.terms));
        let look = move || {
            let (is_here, target) = (here == thread_number(), shared.last_target());
            let origin = target.origin();
            is_here.then(|| {
                let mut line = origin::line(session, origin);
                terms.governors.lines_of(origin, &mut line, clock::now());
                shared.waits_for(&line)
            })
        };
        self.inner.shared.services.on_all_shards(look).await.into_iter().flatten().next().flatten()
    }
}

impl Request {
    /// The wire that carries the request, as it is now (`WINHTTP_OPTION_CONNECTION_STATS_V1` and its like); `None` if none does.
    #[doc(alias = "WINHTTP_OPTION_CONNECTION_STATS_V2")]
    #[doc(alias("WINHTTP_OPTION_CONNECTION_STATS_V0", "WINHTTP_OPTION_CONNECTION_STATS_V1"))]
    pub async fn wire(&self) -> Option<WireSnapshot> {
        let shared = &self.inner.shared;
        let (wire, here) = (WireId::known(shared.wire.load(Ordering::Relaxed))?, shared.shard()?);
        let session = self.inner.shared.services.session.id();
        let look = move || (here == thread_number()).then(|| origin::wire(session, wire, clock::now())).flatten();
        self.inner.shared.services.on_all_shards(look).await.into_iter().flatten().next()
    }

    /// How the wire of the last exchange was dialed, beyond the points of [`timings`](Self::timings); `None` where it had served another
    /// exchange before, and before there was one. One that was dialed ahead tells it to the first request that it serves.
    #[doc(alias = "WINHTTP_OPTION_REQUEST_STATS")]
    pub fn dial_details(&self) -> Option<Arc<DialDetails>> {
        let facts = self.inner.shared.facts()?;
        facts.wire_if_first().map(|wire| Arc::clone(&wire.details))
    }

    /// What binds an authentication of the program's own, inside the secure wire that carried the last exchange, to that wire
    /// (`WINHTTP_OPTION_SERVER_CBT`): for [`send`](Self::send) to show in a next request on it. `None` without TLS to the server, before
    /// there was a wire, and where there is no such binding. NTLM and Negotiate (feature `negotiate`) bind themselves.
    ///
    /// A proxy's own TLS is none of it: through a tunnel the wire leads to the server.
    #[doc(alias = "WINHTTP_OPTION_SERVER_CBT")]
    pub fn channel_binding(&self, kind: ChannelBinding) -> Option<Vec<u8>> {
        let facts = self.inner.shared.facts()?;
        let wire = facts.wire.as_ref()?;
        match kind {
            ChannelBinding::ServerEndPoint => server_end_point(wire.security.as_ref()?.certificates.first()?),
            ChannelBinding::Exporter => Some(wire.details.exported?.0.to_vec()),
        }
    }

    /// The wire that carries the request, or has carried its last exchange, serves no other from now on: it is closed when it has
    /// carried what it carries now, or at once (`WINHTTP_OPTION_EXPIRE_CONNECTION`). `false` if there is none, or none any more.
    ///
    /// Over HTTP/2 the other requests that are on it go on. All wires of an origin: [`Connection::expire`](crate::Connection::expire).
    #[doc(alias = "WINHTTP_OPTION_EXPIRE_CONNECTION")]
    pub async fn expire_wire(&self) -> bool {
        let shared = &self.inner.shared;
        let carries = WireId::known(shared.wire.load(Ordering::Relaxed));
        let has_carried = || shared.facts().and_then(|facts| Some(facts.wire.as_ref()?.id));
        let Some(wire) = carries.or_else(has_carried) else { return false };
        let session = self.inner.shared.services.session.id();
        self.inner.shared.services.on_all_shards(move || origin::expire_wire(session, wire)).await.contains(&true)
    }
}

impl Shared {
    fn shard(&self) -> Option<u64> {
        // Threads are numbered from 1.
        Some(self.shard.load(Ordering::Acquire)).filter(|shard| *shard > 0)
    }

    /// What works for it is on this thread.
    pub(super) fn works_here(&self) {
        self.shard.store(thread_number(), Ordering::Release);
    }

    /// The operation in flight is about to wait for this, if it has to wait at all.
    pub(super) fn now_awaits(&self, what: Awaits) {
        self.awaits.store(what as u8, Ordering::Relaxed);
    }

    /// The same for one that sends beside the response.
    pub(super) fn sender_awaits(&self, what: Awaits) {
        self.sender_awaits.store(what as u8, Ordering::Relaxed);
    }

    /// This wire carries it, or none does.
    pub(super) fn is_on(&self, wire: Option<WireId>) {
        self.wire.store(wire.map_or(0, WireId::value), Ordering::Relaxed);
    }

    /// What an exchange on another shard is about, as far as that can be seen from here.
    pub(super) fn stage_afar(&self) -> Stage {
        let known = [
            (Awaits::Subscriber, Stage::Queue),
            (Awaits::Turn, Stage::Queue),
            (Awaits::Wire, Stage::Connect),
            (Awaits::Source, Stage::SendBody),
            (Awaits::Window, Stage::SendBody),
        ];
        let has_head = self.head().is_some();
        let stage = known.into_iter().find(|(what, _)| self.awaits(*what)).map(|(_, stage)| stage);
        stage.unwrap_or(if has_head { Stage::Body } else { Stage::FirstByte })
    }

    fn awaits(&self, what: Awaits) -> bool {
        self.awaits.load(Ordering::Relaxed) == what as u8
    }

    /// `line` is of the origins on its shard.
    fn waits_for(&self, line: &Line) -> Option<Waiting> {
        let Standing { state, send_side } = self.standing();
        match state {
            State::Uploading | State::Body | State::Done if send_side == SendSide::Busy => found(&self.sender_awaits),
            State::Opened | State::Done | State::Failed | State::Broken => None,
            State::Uploading | State::Sent | State::Body | State::Upgraded => Some(Waiting::Consumer),
            // One that was served and has not looked yet waits for nothing.
            State::Sending | State::Writing | State::Receiving | State::Reading => {
                found(&self.awaits).or_else(|| line.get(&self.node.id()).copied())
            }
        }
    }
}

fn found(awaits: &AtomicU8) -> Option<Waiting> {
    let known = [
        (Awaits::Subscriber, Waiting::Subscriber),
        (Awaits::Source, Waiting::Consumer),
        (Awaits::Window, Waiting::SendWindow),
        (Awaits::Server, Waiting::Server),
    ];
    let awaits = awaits.load(Ordering::Relaxed);
    known.into_iter().find_map(|(what, waiting)| (awaits == what as u8).then_some(waiting))
}
