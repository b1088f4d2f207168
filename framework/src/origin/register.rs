//! The wires of an origin, whoever has them: what is known of each, and what those served that are gone.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use super::quota::WirePlace;
use crate::clock;
use crate::id::WireId;
use crate::reason::CloseReason;
use crate::snapshot::TraceEvent;
use crate::trace::Trace;
use crate::wire::{Sight, Wire};

/// The wires of an origin, whoever has them: those that are lent are not in its pool.
pub(super) struct Register {
    /// Boxed: a node of the map has room for eleven, and most origins have one.
    wires: RefCell<BTreeMap<WireId, Box<Entry>>>,
    opened: Cell<u64>,
    /// What the wires have served and moved that are gone.
    gone: Cell<Served>,
    trace: RefCell<Trace>,
    is_traced: bool,
}

struct Entry {
    sight: Sight,
    /// Where it was dialed to.
    address: IpAddr,
}

/// How many requests have begun, and how many octets were sent and received.
#[derive(Clone, Copy, Default)]
pub(super) struct Served {
    pub(super) begun: u64,
    pub(super) sent: u64,
    pub(super) received: u64,
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

    pub(super) fn enter(self: &Rc<Self>, wire: &Wire, address: IpAddr, place: WirePlace) -> Berth {
        let id = wire.id();
        self.opened.set(self.opened.get() + 1);
        self.wires.borrow_mut().insert(id, Box::new(Entry { sight: wire.sight(), address }));
        self.note("dialed", || format!("wire {id} to {address}"));
        Berth { wire: id, register: Rc::clone(self), reason: Cell::new(CloseReason::Cancelled), _place: place }
    }

    /// Something happened to a wire, or to one that is none yet.
    pub(super) fn note(&self, what: &'static str, detail: impl FnOnce() -> String) {
        if self.is_traced {
            self.trace.borrow_mut().note(clock::now(), what, Some(detail().into()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.wires.borrow().is_empty()
    }

    /// How many there have been.
    pub(super) fn opened(&self) -> u64 {
        self.opened.get()
    }

    /// What all of them have served and moved.
    pub(super) fn served(&self) -> Served {
        self.wires.borrow().values().fold(self.gone.get(), |served, entry| served.and(&entry.sight))
    }

    /// How many requests have begun on any of them.
    pub(super) fn requests_begun(&self) -> u64 {
        self.served().begun
    }

    /// Where each of them goes.
    pub(super) fn addresses(&self) -> Vec<(WireId, IpAddr)> {
        self.wires.borrow().iter().map(|(wire, entry)| (*wire, entry.address)).collect()
    }

    /// How many go there.
    pub(super) fn load(&self, address: IpAddr) -> usize {
        self.wires.borrow().values().filter(|entry| entry.address == address).count()
    }

    /// Each as it is, in the order they were opened.
    pub(super) fn all<T>(&self, show: impl FnMut(&Sight) -> T) -> Vec<T> {
        self.wires.borrow().values().map(|entry| &entry.sight).map(show).collect()
    }

    /// This one as it is.
    pub(super) fn one<T>(&self, wire: WireId, show: impl FnOnce(&Sight) -> T) -> Option<T> {
        self.wires.borrow().get(&wire).map(|entry| show(&entry.sight))
    }

    /// What happened to them last.
    pub(super) fn trace(&self, now: Instant) -> Vec<TraceEvent> {
        self.trace.borrow().kept().map(|noted| TraceEvent::of(noted, now)).collect()
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
            register.gone.set(register.gone.get().and(&gone.sight));
        }
        register.note("closed", || format!("wire {}: {}", self.wire, self.reason.get()));
    }
}
