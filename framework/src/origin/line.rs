//! Those who wait for a wire of an origin, each at its place in the line.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::dialing::Reporter;
use super::pool::Ticket;
use super::{Kept, Lease, Pond};
use crate::clock;
use crate::error::{Error, Operation, Stage};
use crate::handle::Node;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{SharedOptions, Timeouts};

/// Who asks for a wire.
pub(crate) struct Asking {
    /// The request, which hears of the dial while it waits.
    pub(crate) request: Arc<Node>,
    /// The handle above it, which hears of wires from then on.
    pub(crate) owner: Arc<Node>,
    pub(crate) options: SharedOptions,
    /// Only a wire that never served will do.
    pub(crate) fresh: bool,
    /// What it waits for: in line, or for a step of the dial it started.
    pub(crate) stage: Cell<Stage>,
}

/// Somebody in the line.
pub(super) struct Waiting {
    pub(super) request: Rc<Asking>,
    pub(super) reporter: Option<Rc<Reporter>>,
    waker: Option<Waker>,
    outcome: Option<Result<Kept, Error>>,
}

impl Pond {
    /// Borrows a wire: an idle one, or the first that is dialed or given back. Dropping the future leaves the line.
    pub(crate) async fn acquire(self: &Rc<Self>, asking: Rc<Asking>) -> Result<Lease, Error> {
        let ticket = self.next_ticket();
        let fresh = asking.fresh;
        let request = Arc::clone(&asking.request);
        let waiting = Waiting { request: Rc::clone(&asking), reporter: None, waker: None, outcome: None };
        self.waiting.borrow_mut().insert(ticket, Box::new(waiting));
        self.pool.borrow_mut().ask(ticket, fresh);
        self.empty_since.set(None);
        let place = Place { pond: self, ticket };
        let patience = self.patience(&asking);
        self.perform_assignments();
        if let Some(position) = self.pool.borrow().position(ticket) {
            request.emit(Mask::QUEUED, || Status::Queued { position });
        }
        let mut served = pin!(poll_fn(|context| place.poll(context.waker())));
        let end = patience.and_then(|patience| clock::now().checked_add(patience));
        let kept = match clock::until(end, served.as_mut()).await {
            Ok(kept) => kept?,
            Err(_) if self.pool.borrow().waits_for_anothers_dial(ticket) => {
                return Err(Error::timeout(Operation::Send, Stage::Connect, patience.unwrap_or_default()));
            }
            Err(_) => served.await?,
        };
        Ok(Lease::new(Rc::clone(self), kept, request))
    }

    /// How long somebody waits for a dial that was made for another: no longer than a dial of their own might have taken.
    fn patience(&self, asking: &Asking) -> Option<Duration> {
        let Timeouts { resolve, connect, .. } = asking.options.timeouts;
        self.key.http2()?;
        Some(resolve? + connect?)
    }

    /// A name that nobody had before.
    pub(super) fn next_ticket(&self) -> Ticket {
        Ticket(self.next_ticket.replace(self.next_ticket.get() + 1))
    }

    pub(super) fn settle(&self, ticket: Ticket, outcome: Result<Kept, Error>) {
        let mut waiting = self.waiting.borrow_mut();
        let Some(waiter) = waiting.get_mut(&ticket) else { return };
        if let Some(reporter) = waiter.reporter.take() {
            reporter.request_left();
        }
        waiter.outcome = Some(outcome);
        if let Some(waker) = waiter.waker.take() {
            waker.wake();
        }
    }
}

/// Takes one out. The last one leaves no node behind, which has room for eleven.
pub(super) fn remove<T>(of: &mut BTreeMap<Ticket, T>, ticket: Ticket) -> Option<T> {
    let removed = of.remove(&ticket);
    if of.is_empty() {
        *of = BTreeMap::new();
    }
    removed
}

/// A place in the line; dropped, it is given up.
struct Place<'a> {
    pond: &'a Rc<Pond>,
    ticket: Ticket,
}

impl Place<'_> {
    fn poll(&self, waker: &Waker) -> Poll<Result<Kept, Error>> {
        let mut waiting = self.pond.waiting.borrow_mut();
        let Some(waiter) = waiting.get_mut(&self.ticket) else { return Poll::Pending };
        match waiter.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                waiter.waker = Some(waker.clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let left = remove(&mut self.pond.waiting.borrow_mut(), self.ticket);
        let Some(mut waiting) = left else { return };
        if let Some(reporter) = waiting.reporter.take() {
            reporter.request_left();
        }
        match waiting.outcome.take() {
            // It was served and did not look: the next in line shall have the wire.
            Some(Ok(kept)) => self.pond.give_back(kept, clock::now()),
            Some(Err(_)) => {}
            None => {
                self.pond.give_up_if_endless(self.ticket);
                self.pond.pool.borrow_mut().withdraw(self.ticket);
                self.pond.perform_assignments();
            }
        }
    }
}
