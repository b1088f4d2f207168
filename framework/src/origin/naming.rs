//! What an origin knows of its name: where its wires go, and that the name is looked up again while they are used.
//!
//! The table of names is the session's; here stand only which answer the origin went by, and what follows from the next one: wires
//! to an address that the name has no more serve no new request.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_rt::task::JoinHandle;

use super::Pond;
use super::pool::Ticket;
use crate::clock;
use crate::id::WireId;
use crate::transport::{Heard, Steers};

/// What an origin knows of its name.
#[derive(Default)]
pub(super) struct Naming {
    /// The last answer; `None` where there is none that is kept.
    heard: RefCell<Option<Heard>>,
    /// How many requests had begun when it was heard.
    begun: Cell<u64>,
    /// Wires to addresses that the name has no more.
    moved: RefCell<BTreeSet<WireId>>,
    renewing: RefCell<Option<Renewing>>,
    /// After a failure: no new look-up before.
    not_before: Cell<Option<Instant>>,
}

impl Naming {
    /// Has the name of the wire's server other addresses now? Asked of every wire that is given back.
    pub(super) fn has_moved(&self, wire: WireId) -> bool {
        self.moved.borrow().contains(&wire)
    }

    /// Nothing is looked up any more.
    pub(super) fn end(&self) {
        let renewing = self.renewing.take();
        drop(renewing);
    }

    /// The machine may be on another network: the answer is over, and what is being looked up is not heard.
    pub(super) fn doubt(&self, now: Instant) {
        self.end();
        self.not_before.set(None);
        if let Some(heard) = &mut *self.heard.borrow_mut() {
            heard.runs_out = heard.runs_out.min(now);
        }
    }

    fn is_due(&self, soon: Instant) -> Option<Heard> {
        if self.renewing.borrow().is_some() || self.not_before.get().is_some_and(|until| soon < until) {
            return None;
        }
        self.heard.borrow().as_ref().filter(|heard| heard.runs_out <= soon).cloned()
    }
}

impl Pond {
    /// Once a second: if the answer is over before the next look and the wires are used, it is renewed when its time comes.
    pub(super) fn watch_name(self: &Rc<Self>) {
        if !self.terms.names.are_renewed() {
            return;
        }
        let soon = clock::now() + TICK;
        if let Some(heard) = self.naming.is_due(soon)
            && !self.register.is_empty()
            && self.register.requests_begun() > self.naming.begun.get()
        {
            self.renew_name(heard);
        }
    }

    /// Looks the name up again, once the answer is over. Nobody waits for it.
    fn renew_name(self: &Rc<Self>, heard: Heard) {
        let (pond, names) = (Rc::downgrade(self), Arc::clone(&self.terms.names));
        let task = async move {
            tokio::time::sleep_until(heard.runs_out.into()).await;
            let renewed = clock::within(Some(LONGEST), pin!(names.renewed(&heard.name))).await;
            let Some(pond) = pond.upgrade() else { return };
            match renewed {
                Ok(Some(newer)) => pond.goes_by(&newer),
                // The wires that there are may be good. Nor is a server of names that is in trouble asked all the time (RFC 8767 5).
                Ok(None) | Err(_) => pond.naming.not_before.set(clock::now().checked_add(RECHECK)),
            }
            // Last: it ends this task.
            drop(pond.naming.renewing.take());
        };
        let task = actix_rt::spawn(task);
        self.naming.renewing.replace(Some(Renewing(task)));
    }

    /// There is an answer, maybe a new one.
    fn goes_by(self: &Rc<Self>, heard: &Heard) {
        let known = self.naming.heard.borrow().as_ref().is_some_and(|known| known.number == heard.number);
        if known {
            return;
        }
        let before = self.naming.heard.replace(Some(heard.clone()));
        // It may hold the last of a resolver of the caller's.
        drop(before);
        self.naming.begun.set(self.register.requests_begun());
        self.naming.not_before.set(None);
        if self.terms.names.are_renewed() {
            self.retire_moved(heard);
        }
    }

    /// A dial may take so long that its address has left meanwhile: has it?
    pub(super) fn has_arrived(&self, wire: WireId, address: IpAddr) -> bool {
        let heard = self.naming.heard.borrow();
        if let Some(heard) = heard.as_ref().filter(|_| self.terms.names.are_renewed())
            && !self.terms.names.left(&heard.name, [address]).is_empty()
        {
            self.naming.moved.borrow_mut().insert(wire);
            return true;
        }
        false
    }

    /// Wires whose address has left the name serve no new request: what rests is closed, what is in use follows.
    fn retire_moved(self: &Rc<Self>, heard: &Heard) {
        let wires = self.register.addresses();
        let addresses: BTreeSet<_> = wires.iter().map(|(_, address)| *address).collect();
        let left = self.terms.names.left(&heard.name, addresses);
        let moved: BTreeSet<_> =
            wires.into_iter().filter(|(_, address)| left.contains(address)).map(|(wire, _)| wire).collect();
        let has_moved = !moved.is_empty();
        if has_moved {
            tracing::debug!(origin = %self.key.origin, wires = moved.len(), "the name has moved");
        }
        self.naming.moved.replace(moved);
        if has_moved {
            self.retire_worn(clock::now());
            self.perform_assignments();
        }
    }
}

/// A dial under way, as far as names and addresses go.
pub(super) struct Aiming<'a> {
    pond: &'a Rc<Pond>,
    ticket: Ticket,
}

impl<'a> Aiming<'a> {
    pub(super) fn new(pond: &'a Rc<Pond>, ticket: Ticket) -> Self {
        Self { pond, ticket }
    }
}

impl Steers for Aiming<'_> {
    fn hears(&self, heard: &Heard) {
        self.pond.goes_by(heard);
        if heard.stale
            && let Some(stale) = self.pond.naming.is_due(clock::now())
        {
            self.pond.renew_name(stale);
        }
    }

    fn load(&self, address: IpAddr) -> usize {
        let dials = self.pond.dials.borrow();
        self.pond.register.load(address) + dials.values().filter(|dial| dial.goes_to(address)).count()
    }

    fn aims_at(&self, address: IpAddr) {
        if let Some(dial) = self.pond.dials.borrow_mut().get_mut(&self.ticket) {
            dial.aims_at(address);
        }
    }
}

/// Ends with the origin.
struct Renewing(JoinHandle<()>);

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How often [`watch_name`](Pond::watch_name) is called.
const TICK: Duration = Duration::from_secs(1);
/// A look-up that nobody waits for is given up after this long.
const LONGEST: Duration = Duration::from_secs(30);
/// So long after a failed one the next is not begun.
const RECHECK: Duration = Duration::from_secs(5);
