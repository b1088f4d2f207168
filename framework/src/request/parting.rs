//! How a request parts with its wire: it goes back for others to use, or is closed.

use std::time::Instant;

use super::journey::Journey;
use crate::clock;
use crate::origin::Lease;
use crate::reason::CloseReason;
use crate::wire::Exchange;

impl Journey {
    /// The response was complete at this moment: the wire goes back, or is closed for a reason.
    pub(super) fn settle(&mut self, at: Instant) {
        if self.has_switched() {
            return;
        }
        let Some(mut active) = self.active.take() else { return };
        #[cfg(feature = "cache")]
        if active.exchange.is_ended() {
            self.store_recorded();
        }
        self.turns = None;
        self.looks_back(&active.exchange);
        self.has_come(&mut active.exchange, at);
        match active.exchange.reuse(&mut active.lease) {
            Ok(()) => self.part_with(active.lease, at),
            Err(reason) => active.lease.close(&self.shared.node, reason),
        }
    }

    /// A wire that is good for more.
    fn part_with(&mut self, lease: Lease, at: Instant) {
        #[cfg(feature = "negotiate")]
        let Some(lease) = self.keep_wire(lease) else { return };
        let Some(lease) = self.keep_own_wire(lease) else { return };
        lease.give_back(&self.shared.node, at);
    }

    /// The wire is free once the caller has all of the body, or is about to get it: whatever is told of the wire comes before
    /// the completion of the last read, and not before one that only asks (contract C.9). While more of the request is sent it
    /// carries that.
    pub(super) fn settle_if_read(&mut self, at: Option<Instant>) {
        let Some(active) = self.active.as_ref().filter(|active| self.is_read(active)) else { return };
        let is_body_open = active.exchange.is_body_open();
        let at = at.unwrap_or_else(clock::now);
        if !is_body_open {
            self.settle(at);
        } else if let Some(mut active) = self.active.take() {
            self.has_come(&mut active.exchange, at);
            self.active = Some(active);
        }
    }

    /// The response was complete at this moment, if not before.
    fn has_come(&mut self, exchange: &mut Exchange, at: Instant) {
        self.times.body_received.get_or_insert(at);
        if let Some(trailers) = exchange.take_trailers().filter(|trailers| !trailers.is_empty()) {
            self.trailers = Some(Box::new(trailers));
        }
    }

    /// How far the exchange has got, before it is gone.
    fn looks_back(&mut self, exchange: &Exchange) {
        self.shared.is_on(None);
        self.reached = self.reached.max(exchange.wire_state());
        if let Some(ended) = self.sizes.count_beside(exchange) {
            // Beside a call that has never looked.
            self.times.send_end.get_or_insert(ended);
        }
    }

    /// The exchange is over before its end: the wire is closed.
    #[cold]
    pub(super) fn break_off(&mut self, reason: CloseReason) {
        if let Some(away) = self.away.take() {
            away.break_off(reason);
        }
        #[cfg(feature = "negotiate")]
        self.drop_held_wire(reason);
        if let Some(active) = self.active.take() {
            self.looks_back(&active.exchange);
            active.lease.close(&self.shared.node, reason);
        }
    }

    /// The caller is done with a response that was not read to its end. What of it has arrived is skipped, so that the wire
    /// may serve again; nothing is waited for.
    pub(super) fn leave(&mut self) {
        if let Some(failure) = self.failed_ahead.take() {
            return self.break_off(failure.close_reason());
        }
        if self.has_switched() {
            return self.break_off(CloseReason::SwitchedProtocols);
        }
        #[cfg(feature = "cache")]
        self.record_no_more();
        if let Some(away) = self.away.take() {
            return away.leave();
        }
        let Some(active) = &mut self.active else { return };
        match active.exchange.skip_arrived(&mut active.lease, self.options.limits.response_drain) {
            Ok(()) => self.settle(clock::now()),
            Err(reason) => self.break_off(reason),
        }
    }
}
