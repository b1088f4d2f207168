//! An origin as it is: its wires, whoever has them, and what those in the line wait for.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use super::Pond;
use super::quota::WirePlace;
use super::registry::ponds_of;
use crate::error::Stage;
use crate::id::{HandleId, WireId};
use crate::reason::WireHealth;
use crate::snapshot::{OriginSnapshot, Waiting, WireSnapshot};
use crate::target::Origin;
use crate::wire::{Sight, Wire};

/// What those in the lines of a shard's origins wait for.
pub(crate) type Line = HashMap<HandleId, Waiting>;

/// The wires of an origin, whoever has them: those that are lent are not in its pool.
#[derive(Default)]
pub(super) struct Register {
    wires: RefCell<BTreeMap<WireId, Entry>>,
    opened: Cell<u64>,
    /// How many requests have begun on wires that are gone.
    begun: Cell<u64>,
}

struct Entry {
    sight: Sight,
    /// Where it was dialed to.
    address: IpAddr,
}

/// What a wire holds while it lives: its place among the session's, and its line in the register.
pub(super) struct Berth {
    wire: WireId,
    register: Rc<Register>,
    _place: WirePlace,
}

impl Register {
    pub(super) fn enter(self: &Rc<Self>, wire: &Wire, address: IpAddr, place: WirePlace) -> Berth {
        self.opened.set(self.opened.get() + 1);
        self.wires.borrow_mut().insert(wire.id(), Entry { sight: wire.sight(), address });
        Berth { wire: wire.id(), register: Rc::clone(self), _place: place }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wires.borrow().is_empty()
    }

    /// How many requests have begun on any of them.
    pub(super) fn requests_begun(&self) -> u64 {
        self.begun.get() + self.wires.borrow().values().map(|entry| entry.sight.requests_begun()).sum::<u64>()
    }

    /// Where each of them goes.
    pub(super) fn addresses(&self) -> Vec<(WireId, IpAddr)> {
        self.wires.borrow().iter().map(|(wire, entry)| (*wire, entry.address)).collect()
    }

    /// How many go there.
    pub(super) fn load(&self, address: IpAddr) -> usize {
        self.wires.borrow().values().filter(|entry| entry.address == address).count()
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        let gone = self.register.wires.borrow_mut().remove(&self.wire);
        let begun = gone.map_or(0, |entry| entry.sight.requests_begun());
        self.register.begun.set(self.register.begun.get() + begun);
    }
}

impl Pond {
    fn snapshot(&self, now: Instant, line: &mut Line) -> OriginSnapshot {
        self.look_along_the_line(line);
        let pool = self.pool.borrow();
        let resting: HashSet<_> = pool.idle().map(|kept| kept.wire.id()).collect();
        let wires = self.register.wires.borrow();
        let wires: Vec<_> =
            wires.values().map(|Entry { sight, .. }| self.show(sight, resting.contains(&sight.id()), now)).collect();
        OriginSnapshot {
            origin: self.key.origin.clone(),
            waiting: pool.line().count(),
            dialing: pool.dials(),
            wires_opened: self.register.opened.get(),
            requests_begun: self.register.begun.get() + wires.iter().map(|wire| wire.requests_begun).sum::<u64>(),
            wires,
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

/// What those wait for who stand in line for one of the session's origins on this shard.
pub(crate) fn line(session: HandleId, origin: &Origin) -> Line {
    let mut line = Line::new();
    let meant = ponds_of(session).into_iter().filter(|pond| pond.key.origin == *origin);
    meant.for_each(|pond| pond.look_along_the_line(&mut line));
    line
}
