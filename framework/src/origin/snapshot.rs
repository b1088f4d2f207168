//! An origin as it is: its wires, whoever has them, and what those in the line wait for.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::time::Instant;

use super::Pond;
use super::quota::WirePlace;
use super::registry::ponds_of;
use crate::clock;
use crate::error::Stage;
use crate::id::{HandleId, WireId};
use crate::reason::{CloseReason, WireHealth};
use crate::snapshot::{OriginSnapshot, TraceEvent, Waiting, WireSnapshot};
use crate::target::Origin;
use crate::trace::Trace;
use crate::wire::{Sight, Wire};

/// What those in the lines of a shard's origins wait for.
pub(crate) type Line = HashMap<HandleId, Waiting>;

/// The wires of an origin, whoever has them: those that are lent are not in its pool.
pub(super) struct Register {
    /// Boxed: a node of the map has room for eleven, and most origins have one.
    wires: RefCell<BTreeMap<WireId, Box<Sight>>>,
    opened: Cell<u64>,
    /// What the wires have served and moved that are gone.
    gone: Cell<Served>,
    trace: RefCell<Trace>,
    is_traced: bool,
}

/// How many requests have begun, and how many octets were sent and received.
#[derive(Clone, Copy, Default)]
struct Served {
    begun: u64,
    sent: u64,
    received: u64,
}

impl Served {
    fn and(self, one: &Sight) -> Self {
        let (sent, received) = one.octets();
        Self { begun: self.begun + one.requests_begun(), sent: self.sent + sent, received: self.received + received }
    }
}

/// What a wire holds while it lives: its place among the session's, and its line in the register.
pub(super) struct Berth {
    wire: WireId,
    register: Rc<Register>,
    /// What it is closed for; until that is said it is nothing but let go of.
    reason: Cell<CloseReason>,
    _place: WirePlace,
}

impl Register {
    /// `trace` is how much it remembers.
    pub(super) fn new(trace: usize) -> Rc<Self> {
        Rc::new(Self {
            wires: RefCell::default(),
            opened: Cell::new(0),
            gone: Cell::default(),
            trace: RefCell::new(Trace::new(trace)),
            is_traced: trace > 0,
        })
    }

    pub(super) fn enter(self: &Rc<Self>, wire: &Wire, place: WirePlace) -> Berth {
        let id = wire.id();
        self.opened.set(self.opened.get() + 1);
        self.wires.borrow_mut().insert(id, Box::new(wire.sight()));
        self.note("dialed", || match wire.remote() {
            Some(remote) => format!("wire {id} to {remote}"),
            None => format!("wire {id}"),
        });
        Berth { wire: id, register: Rc::clone(self), reason: Cell::new(CloseReason::Cancelled), _place: place }
    }

    /// Something happened to a wire, or to one that is none yet.
    pub(super) fn note(&self, what: &'static str, detail: impl FnOnce() -> String) {
        if self.is_traced {
            self.trace.borrow_mut().note(clock::now(), what, Some(detail().into()));
        }
    }
}

impl Berth {
    /// Why the wire is about to be closed.
    pub(super) fn ends(&self, reason: CloseReason) {
        self.reason.set(reason);
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        let register = &self.register;
        if let Some(gone) = register.wires.borrow_mut().remove(&self.wire) {
            register.gone.set(register.gone.get().and(&gone));
        }
        register.note("closed", || format!("wire {}: {}", self.wire, self.reason.get()));
    }
}

impl Pond {
    fn snapshot(&self, now: Instant, line: &mut Line) -> OriginSnapshot {
        self.look_along_the_line(line);
        let pool = self.pool.borrow();
        let resting: HashSet<_> = pool.idle().map(|kept| kept.wire.id()).collect();
        let wires = self.register.wires.borrow();
        let served = wires.values().fold(self.register.gone.get(), |served, sight| served.and(sight));
        let wires: Vec<_> = wires.values().map(|sight| self.show(sight, resting.contains(&sight.id()), now)).collect();
        OriginSnapshot {
            origin: self.key.origin.clone(),
            waiting: pool.line().count(),
            dialing: pool.dials(),
            wires_opened: self.register.opened.get(),
            requests_begun: served.begun,
            octets_sent: served.sent,
            octets_received: served.received,
            wires,
            trace: self.register.trace.borrow().kept().map(|noted| TraceEvent::of(noted, now)).collect(),
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

/// One of the session's origins on this shard, once for each kind of wires.
pub(crate) fn snapshot_of(session: HandleId, origin: &Origin, now: Instant) -> Vec<OriginSnapshot> {
    let meant = ponds_of(session).into_iter().filter(|pond| pond.key.origin == *origin);
    meant.map(|pond| pond.snapshot(now, &mut Line::new())).collect()
}

/// One of the session's wires on this shard.
pub(crate) fn wire(session: HandleId, wire: WireId, now: Instant) -> Option<WireSnapshot> {
    ponds_of(session).into_iter().find_map(|pond| {
        let rests = pond.pool.borrow().idle().any(|kept| kept.wire.id() == wire);
        pond.register.wires.borrow().get(&wire).map(|sight| pond.show(sight, rests, now))
    })
}

/// What those wait for who stand in line for one of the session's origins on this shard.
pub(crate) fn line(session: HandleId, origin: &Origin) -> Line {
    let mut line = Line::new();
    let meant = ponds_of(session).into_iter().filter(|pond| pond.key.origin == *origin);
    meant.for_each(|pond| pond.look_along_the_line(&mut line));
    line
}
