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
    wires: RefCell<Wires>,
    opened: Cell<u64>,
    /// What the wires have served and moved that are gone.
    gone: Cell<Served>,
    /// `None` where nothing is remembered.
    trace: Option<Box<RefCell<Trace>>>,
}

/// In the order they were opened, in which they come. Most origins have one, and a node of a map has room for eleven.
#[derive(Default)]
struct Wires {
    /// Opened before all others: the next one has its place when all have gone.
    first: Option<(WireId, Entry)>,
    more: BTreeMap<WireId, Box<Entry>>,
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
            trace: (trace > 0).then(|| Box::new(RefCell::new(Trace::new(trace)))),
        })
    }

    pub(super) fn enter(self: &Rc<Self>, wire: &Wire, address: IpAddr, place: WirePlace) -> Berth {
        let id = wire.id();
        self.opened.set(self.opened.get() + 1);
        self.wires.borrow_mut().insert(id, Entry { sight: wire.sight(), address });
        self.note("dialed", || format!("wire {id} to {address}"));
        Berth { wire: id, register: Rc::clone(self), reason: Cell::new(CloseReason::Cancelled), _place: place }
    }

    /// Something happened to a wire, or to one that is none yet.
    pub(super) fn note(&self, what: &'static str, detail: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().note(clock::now(), what, Some(detail().into()));
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
        self.wires.borrow().iter().fold(self.gone.get(), |served, (_, entry)| served.and(&entry.sight))
    }

    /// How many requests have begun on any of them.
    pub(super) fn requests_begun(&self) -> u64 {
        self.served().begun
    }

    /// Where each of them goes.
    pub(super) fn addresses(&self) -> Vec<(WireId, IpAddr)> {
        self.wires.borrow().iter().map(|(wire, entry)| (wire, entry.address)).collect()
    }

    /// How many go there.
    pub(super) fn load(&self, address: IpAddr) -> usize {
        self.wires.borrow().iter().filter(|(_, entry)| entry.address == address).count()
    }

    /// Each as it is, in the order they were opened.
    pub(super) fn all<T>(&self, show: impl FnMut(&Sight) -> T) -> Vec<T> {
        self.wires.borrow().iter().map(|(_, entry)| &entry.sight).map(show).collect()
    }

    /// This one as it is.
    pub(super) fn one<T>(&self, wire: WireId, show: impl FnOnce(&Sight) -> T) -> Option<T> {
        self.wires.borrow().get(wire).map(|entry| show(&entry.sight))
    }

    /// What happened to them last.
    pub(super) fn trace(&self, now: Instant) -> Vec<TraceEvent> {
        let Some(trace) = &self.trace else { return Vec::new() };
        trace.borrow().kept().map(|noted| TraceEvent::of(noted, now)).collect()
    }
}

impl Wires {
    fn insert(&mut self, wire: WireId, entry: Entry) {
        if self.is_empty() {
            self.first = Some((wire, entry));
        } else {
            self.more.insert(wire, Box::new(entry));
        }
    }

    fn remove(&mut self, wire: WireId) -> Option<Entry> {
        match self.first {
            Some((first, _)) if first == wire => self.first.take().map(|(_, entry)| entry),
            _ => {
                let removed = self.more.remove(&wire);
                if self.more.is_empty() {
                    self.more = BTreeMap::new();
                }
                removed.map(|entry| *entry)
            }
        }
    }

    fn get(&self, wire: WireId) -> Option<&Entry> {
        match &self.first {
            Some((first, entry)) if *first == wire => Some(entry),
            _ => self.more.get(&wire).map(Box::as_ref),
        }
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = (WireId, &Entry)> {
        let first = self.first.iter().map(|(wire, entry)| (*wire, entry));
        first.chain(self.more.iter().map(|(wire, entry)| (*wire, &**entry)))
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
        let gone = register.wires.borrow_mut().remove(self.wire);
        if let Some(gone) = gone {
            register.gone.set(register.gone.get().and(&gone.sight));
        }
        register.note("closed", || format!("wire {}: {}", self.wire, self.reason.get()));
    }
}
