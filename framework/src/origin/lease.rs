//! A borrowed wire: it goes back to the pool, or it is closed, but it is never forgotten.

use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::{Kept, Pond};
use crate::clock;
use crate::handle::Node;
use crate::id::WireId;
use crate::notification::{NotificationMask as Mask, Status};
use crate::reason::CloseReason;
use crate::wire::{Http2, Wire};

/// A borrowed wire. Dropped without a word, by a crash or with its thread, it is closed: its state is nobody's to guess.
pub(crate) struct Lease {
    kept: Kept,
    loan: Loan,
    reused: bool,
}

/// The pool's claim on a lent wire.
struct Loan {
    pond: Rc<Pond>,
    /// Who hears of the wire's end if nobody tells of it.
    borrower: Option<Arc<Node>>,
    /// The wire, if it is one that carries several exchanges.
    carrier: Option<WireId>,
    /// Does the borrower's subscriber know that it has it?
    told: bool,
    settled: bool,
}

impl Lease {
    pub(super) fn new(pond: Rc<Pond>, kept: Kept, borrower: Arc<Node>) -> Self {
        let reused = kept.wire.is_used();
        let carrier = kept.wire.multiplexed().inspect(|wire| wire.is_for(&borrower)).map(Http2::id);
        Self { kept, loan: Loan { pond, borrower: Some(borrower), carrier, told: false, settled: false }, reused }
    }

    /// Had the wire served before it was lent?
    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Its borrower has kept it for another exchange.
    #[cfg(feature = "negotiate")]
    pub(crate) fn serves_again(&mut self) {
        self.reused = true;
    }

    /// Was it dialed for one request, and for no other to have after it?
    pub(crate) fn is_of_one_request(&self) -> bool {
        self.loan.pond.key.dial().own.is_some()
    }

    /// Its borrower is about to be told that it has it.
    pub(crate) fn is_told_of(&mut self) {
        self.loan.told = true;
    }

    /// The request has become something else, whose handle hears of the wire from now on.
    pub(crate) fn pass_to(&mut self, heir: &Arc<Node>) {
        self.loan.borrower = Some(Arc::clone(heir));
    }

    /// Gives the wire back for others to use, at this moment.
    pub(crate) fn give_back(self, hears: &Node, at: Instant) {
        let Self { kept, mut loan, .. } = self;
        let wire = kept.wire.id();
        hears.emit(Mask::WIRES, || Status::WireReleased { wire });
        loan.settled = true;
        loan.pond.give_back(kept, at);
    }

    /// Closes the wire. One that carries several exchanges serves on: only this one is over.
    pub(crate) fn close(self, hears: &Node, reason: CloseReason) {
        let Self { kept, mut loan, .. } = self;
        loan.borrower = None;
        if let Some(wire) = kept.wire.multiplexed() {
            if matches!(reason, CloseReason::TimedOut | CloseReason::PingTimeout) {
                wire.doubt();
            }
            loan.release(hears);
            // Before the loan: until then it takes the place of a stream.
            return drop(kept);
        }
        tracing::debug!(wire = kept.wire.id().value(), origin = %loan.pond.key.origin, %reason, "wire closed");
        hears.emit(Mask::CLOSE_CONNECTION, || Status::ClosingConnection { reason });
        kept.ends(reason);
        drop(kept);
        hears.emit(Mask::CLOSE_CONNECTION, || Status::ConnectionClosed);
    }
}

impl Loan {
    /// The wire serves on, and this exchange has no more to do with it.
    fn release(&self, hears: &Node) {
        if let Some(wire) = self.carrier.filter(|_| self.told) {
            hears.emit(Mask::WIRES, || Status::WireReleased { wire });
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let (false, Some(wire)) = (self.settled, self.carrier) {
            if let Some(borrower) = self.borrower.take() {
                self.release(&borrower);
            }
            self.pond.stream_is_over(wire, clock::now());
        } else if !self.settled {
            if let Some(borrower) = self.borrower.take() {
                let reason = CloseReason::Cancelled;
                borrower.emit(Mask::CLOSE_CONNECTION, || Status::ClosingConnection { reason });
                borrower.emit(Mask::CLOSE_CONNECTION, || Status::ConnectionClosed);
            }
            self.pond.lose();
        }
    }
}

impl Deref for Lease {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.kept.wire
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Wire {
        &mut self.kept.wire
    }
}
