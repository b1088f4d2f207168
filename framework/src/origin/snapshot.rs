//! An origin as it is: its wires, whoever has them, and what those in the line wait for.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::Pond;
use super::registry::ponds_of;
use crate::error::Stage;
use crate::id::{HandleId, WireId};
use crate::reason::WireHealth;
use crate::snapshot::{OriginSnapshot, Waiting, WireSnapshot};
use crate::target::Origin;
use crate::wire::Sight;

/// What those in the lines of a shard's origins wait for.
pub(crate) type Line = HashMap<HandleId, Waiting>;

impl Pond {
    fn snapshot(&self, now: Instant, line: &mut Line) -> OriginSnapshot {
        self.look_along_the_line(line);
        let pool = self.pool.borrow();
        let resting: HashSet<_> = pool.idle().map(|kept| kept.wire.id()).collect();
        let served = self.register.served();
        let wires = self.register.all(|sight| self.show(sight, resting.contains(&sight.id()), now));
        OriginSnapshot {
            origin: self.key.origin.clone(),
            waiting: pool.line().count(),
            dialing: pool.dials(),
            wires_opened: self.register.opened(),
            requests_begun: served.begun,
            octets_sent: served.sent,
            octets_received: served.received,
            wires,
            trace: self.register.trace(now),
        }
    }

    fn show(&self, sight: &Sight, rests: bool, now: Instant) -> WireSnapshot {
        let mut shown = sight.show(rests, now);
        if shown.health == WireHealth::Active && self.is_worn(sight, now) {
            shown.health = WireHealth::Retiring;
        }
        shown
    }

    fn look_along_the_line(&self, line: &mut Line) {
        let (pool, waiting, dials) = (self.pool.borrow(), self.waiting.borrow(), self.dials.borrow());
        let stage = |ticket| waiting.get(ticket).map(|waiter| waiter.request.stage.get());
        // Made for all, in the name of somebody who may have gone.
        let for_all = pool
            .dials_for_all()
            .then(|| dials.iter().next())
            .flatten()
            .map(|(ticket, dial)| step(stage(ticket).unwrap_or(Stage::Connect), dial.has_begun()));
        for (index, (ticket, dialing)) in pool.line().enumerate() {
            let Some(waiter) = waiting.get(&ticket) else { continue };
            let position = index + 1;
            let why = match (dials.get(&ticket).filter(|_| dialing), for_all) {
                (Some(dial), _) => step(waiter.request.stage.get(), dial.has_begun()),
                (None, Some(step)) => step,
                (None, None) if pool.has_carriers() => Waiting::StreamLimit { position },
                (None, None) => Waiting::WireLimit { position },
            };
            line.insert(waiter.request.request.id(), why);
        }
    }
}

/// How far a dial has come.
fn step(stage: Stage, begun: bool) -> Waiting {
    match stage {
        _ if !begun => Waiting::SessionLimit,
        Stage::Connect => Waiting::Connect,
        Stage::Tunnel => Waiting::Tunnel,
        Stage::Tls => Waiting::Tls,
        _ => Waiting::Resolve,
    }
}

/// The session's origins on this shard, in the order they were met.
pub(crate) fn snapshot(session: HandleId, now: Instant) -> (Vec<OriginSnapshot>, Line) {
    let mut line = Line::new();
    let origins = ponds_of(session).iter().map(|pond| pond.snapshot(now, &mut line)).collect();
    (origins, line)
}

/// One of the session's origins on this shard, once for each kind of wires.
pub(crate) fn snapshot_of(session: HandleId, origin: &Origin, now: Instant) -> Vec<OriginSnapshot> {
    let meant = ponds_of(session).into_iter().filter(|pond| pond.key.origin == *origin);
    meant.map(|pond| pond.snapshot(now, &mut Line::new())).collect()
}

/// One of the session's wires on this shard.
pub(crate) fn wire(session: HandleId, wire: WireId, now: Instant) -> Option<WireSnapshot> {
    ponds_of(session).into_iter().find_map(|pond| {
        let rests = pond.pool.borrow().idle().any(|kept| kept.wire.id() == wire);
        pond.register.one(wire, |sight| pond.show(sight, rests, now))
    })
}

/// What those wait for who stand in line for one of the session's origins on this shard.
pub(crate) fn line(session: HandleId, origin: &Origin) -> Line {
    let mut line = Line::new();
    let meant = ponds_of(session).into_iter().filter(|pond| pond.key.origin == *origin);
    meant.for_each(|pond| pond.look_along_the_line(&mut line));
    line
}
