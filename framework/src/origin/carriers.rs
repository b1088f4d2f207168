//! Wires that carry several exchanges at a time (pure): each exchange goes to the one that carries the fewest.

use std::time::{Duration, Instant};

use super::pooled::Pooled;

/// The wires of one origin that carry several exchanges at a time.
#[derive(Debug)]
pub(super) struct Carriers<W>(Vec<Carrier<W>>);

#[derive(Debug)]
struct Carrier<W> {
    wire: W,
    lent: usize,
    /// Since when it carries as many.
    since: Instant,
}

impl<W> Carrier<W> {
    fn rests(&self) -> bool {
        self.lent == 0
    }
}

impl<W: Pooled> Carriers<W> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn add(&mut self, wire: W, now: Instant) {
        // As a rule one is all there is.
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.push(Carrier { wire, lent: 0, since: now });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A hold of the wire that carries the fewest, if one may carry one more.
    pub(super) fn lend(&mut self) -> Option<W> {
        self.lend_if(|_| true)
    }

    /// The same of those that this is true of.
    pub(super) fn lend_if(&mut self, is_fit: impl Fn(&W) -> bool) -> Option<W> {
        let with_room = self.0.iter_mut().filter(|carrier| is_fit(&carrier.wire) && carrier.wire.room() > Some(0));
        let carrier = with_room.min_by_key(|carrier| (carrier.wire.is_burdened(), carrier.lent))?;
        let shared = carrier.wire.share()?;
        carrier.lent += 1;
        Some(shared)
    }

    /// One more would help: none may carry another exchange, and it is not the servers' will that nothing is sent at all, nor only
    /// our ignorance of what they take.
    pub(super) fn are_full(&self) -> bool {
        self.0.iter().all(|Carrier { wire, lent, .. }| match wire.room() {
            None => true,
            // One without room that carries nothing is to a server that takes no streams at all.
            Some(room) => room == 0 && *lent > 0 && !wire.may_carry_more(),
        })
    }

    /// Does none carry anything?
    pub(super) fn rest(&self) -> bool {
        self.0.iter().all(Carrier::rests)
    }

    /// Does one take requests, though it may have to have room for them first?
    pub(super) fn serve(&self) -> bool {
        self.0.iter().any(|carrier| carrier.wire.room().is_some())
    }

    /// May one carry one more, and is well off with it?
    pub(super) fn welcome(&self) -> bool {
        self.0.iter().any(|Carrier { wire, .. }| {
            !wire.is_burdened() && (wire.room() > Some(0) || wire.room().is_some() && wire.may_carry_more())
        })
    }

    /// An exchange on it is over. `false` if the wire is not here any more.
    pub(super) fn one_less(&mut self, is_it: impl Fn(&W) -> bool, now: Instant) -> bool {
        let Some(carrier) = self.0.iter_mut().find(|carrier| is_it(&carrier.wire)) else { return false };
        (carrier.lent, carrier.since) = (carrier.lent.saturating_sub(1), now);
        true
    }

    pub(super) fn find(&self, is_it: impl Fn(&W) -> bool) -> Option<&W> {
        self.0.iter().map(|carrier| &carrier.wire).find(|wire| is_it(wire))
    }

    /// Those that this is true of are lent no more. What they carry goes on.
    pub(super) fn take_if(&mut self, mut is_so: impl FnMut(&W) -> bool) -> impl Iterator<Item = W> {
        self.0.extract_if(.., move |carrier| is_so(&carrier.wire)).map(|carrier| carrier.wire)
    }

    /// It is lent no more. What it carries goes on.
    pub(super) fn remove(&mut self, is_it: impl Fn(&W) -> bool) -> Option<W> {
        let index = self.0.iter().position(|carrier| is_it(&carrier.wire))?;
        Some(self.0.remove(index).wire)
    }

    /// Those that have carried nothing for too long.
    pub(super) fn expire(&mut self, now: Instant, idle_timeout: Duration) -> impl Iterator<Item = W> {
        let expired = move |carrier: &mut Carrier<W>| {
            carrier.rests() && now.saturating_duration_since(carrier.since) >= idle_timeout
        };
        self.0.extract_if(.., expired).map(|carrier| carrier.wire)
    }

    /// Those that carry nothing.
    pub(super) fn resting(&self) -> impl Iterator<Item = &W> {
        self.0.iter().filter(|carrier| carrier.rests()).map(|carrier| &carrier.wire)
    }

    /// Since when each that carries nothing has done so.
    pub(super) fn resting_since(&self) -> impl Iterator<Item = Instant> {
        self.0.iter().filter(|carrier| carrier.rests()).map(|carrier| carrier.since)
    }

    pub(super) fn take_resting(&mut self, since: Instant) -> Option<W> {
        let index = self.0.iter().position(|carrier| carrier.rests() && carrier.since == since)?;
        Some(self.0.remove(index).wire)
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = W> {
        self.0.drain(..).map(|carrier| carrier.wire)
    }
}

#[cfg(test)]
mod tests;
