//! How a request gets the wire for an exchange, and what it learns of it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::journey::Journey;
use super::showing::Awaits;
use crate::clock;
use crate::error::{Error, Operation, Result, Stage};
use crate::in_place::pinned;
use crate::notification::{NotificationMask as Mask, Status};
use crate::origin::{Asking, Lease, OwnOrigin, Sought, origin};
use crate::reason::CloseReason;

impl Journey {
    /// Borrows a wire of the target's origin, waiting until `end` at most.
    pub(super) async fn acquire(&mut self, fresh: bool, end: Option<Instant>) -> Result<Lease> {
        let looked = self.looked.take();
        if !self.shared.services.session.is_open() {
            // Its origins are being forgotten, and must not be made anew. That this request ends too may not be marked yet.
            return Err(self.shared.services.session.gone(Operation::Send));
        }
        #[cfg(feature = "negotiate")]
        if let Some(lease) = self.held_wire(fresh) {
            return Ok(lease);
        }
        let found = match self.options.dial.proxy.resolver() {
            None => None,
            Some(_) => Box::pin(self.find_routes()).await?,
        };
        let found = self.wire_of_its_own(found.as_ref().unwrap_or(&self.options)).or(found);
        let options = found.as_ref().unwrap_or(&self.options);
        let sought = Sought::new(self.shared.services.session.id(), self.target().origin(), options);
        let pond = origin(&sought, &self.shared.services.terms);
        if options.dial.own.is_some() && !self.own_origin.as_ref().is_some_and(|own| own.is(&pond)) {
            self.own_origin = Some(OwnOrigin::of(&pond));
        }
        let started = looked.filter(|_| found.is_none()).unwrap_or_else(clock::now);
        let shared =
            if self.upgrade.is_some() && options.dial.own.is_none() { self.lend_to_upgrade(fresh) } else { None };
        let at_once = if fresh || shared.is_some() { shared } else { pond.lend_at_once(&self.shared.node) };
        let (mut lease, now) = match at_once {
            Some(lease) => (lease, started),
            None => {
                self.shared.now_awaits(Awaits::Wire);
                let asking = Rc::new(Asking {
                    request: Arc::clone(&self.shared.node),
                    owner: Arc::clone(self.shared.owner()),
                    options: Arc::clone(options),
                    fresh,
                    stage: Cell::new(Stage::Queue),
                });
                self.asking = Some(Rc::clone(&asking));
                // Boxed: most have a wire at once.
                let acquired = clock::until(end, pinned(|| pond.acquire(asking))).await;
                self.asking = None;
                let waited = self.options.timeouts.queue.unwrap_or_default();
                let late = |_| Error::timeout(Operation::Send, Stage::Queue, waited);
                (acquired.map_err(late)??, clock::now())
            }
        };
        // The end is a flag first and a message second: a wire that came in between is not used.
        if !self.shared.node.is_open() {
            lease.close(&self.shared.node, CloseReason::Cancelled);
            return Err(self.shared.node.interrupted(Operation::Send));
        }
        self.times.wire_acquired = Some(now);
        self.wire = Some(Arc::clone(lease.facts()));
        let reused = lease.is_reused();
        self.times.is_first_on_wire = !reused;
        let (wire, waited) = (lease.id(), now.saturating_duration_since(started));
        lease.is_told_of();
        self.emit(Mask::WIRES, || Status::WireAcquired { wire, reused, waited });
        Ok(lease)
    }
}
