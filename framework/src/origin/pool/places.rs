//! How many wires there may be (pure): the limit, what of it is shared with others, and wires that are there before they are asked
//! for.

use std::time::{Duration, Instant};

use super::{Idle, Pool};
use crate::origin::pooled::Pooled;

impl<W: Pooled> Pool<W> {
    /// A pool that shares its limit with others: it begins with no place at all.
    pub(in crate::origin) fn sharing() -> Self {
        Self { sharing: true, ..Self::new(Some(0)) }
    }

    /// It got so many places more.
    pub(in crate::origin) fn may_have_more(&mut self, places: usize) {
        self.limit = self.limit.map(|limit| limit + places);
    }

    /// It gave up a place.
    pub(in crate::origin) fn may_have_less(&mut self) {
        self.limit = self.limit.map(|limit| limit.saturating_sub(1));
    }

    /// There is no place to be had.
    pub(in crate::origin) fn is_refused(&mut self) {
        self.refused = true;
    }

    /// How many of the shared places it has no wire and no dial for.
    pub(in crate::origin) fn spare(&self) -> usize {
        if self.sharing { self.limit.unwrap_or(0).saturating_sub(self.places()) } else { 0 }
    }

    pub(super) fn places(&self) -> usize {
        self.idle.len() + self.carriers.len() + self.lent + self.dials
    }

    /// Is there an idle wire that nobody is in line for?
    pub(in crate::origin) fn rests_in_vain(&self) -> bool {
        self.line.is_empty() && self.resting_since().next().is_some()
    }

    /// The wire that was idle for the longest time, to be closed.
    pub(in crate::origin) fn take_oldest(&mut self) -> Option<W> {
        let oldest = self.resting_since().min()?;
        self.take_resting(oldest)
    }

    /// No more wires may be dialed.
    pub(in crate::origin) fn is_full(&self) -> bool {
        // Those that are leaving keep nobody waiting, but as many as they like they may not be.
        let leaving = self.driven.saturating_sub(self.carriers.len());
        self.limit.is_some_and(|limit| self.places() >= limit || self.places() + leaving >= 2 * limit)
    }

    /// A dial begins that nobody waits for. Whoever comes next counts on it.
    pub(in crate::origin) fn dial_ahead(&mut self) {
        self.dials += 1;
        self.ahead += 1;
    }

    /// How many dials are under way.
    pub(in crate::origin) fn dials(&self) -> usize {
        self.dials
    }

    /// Called when it is no waiter's own any more.
    pub(super) fn dial_is_over(&mut self) {
        self.dials -= 1;
        if self.ahead > 0 {
            // What is left may be the dials of those who wait: nobody else counts on those.
            let own = self.line.iter().filter(|waiter| waiter.own_dial).count();
            self.ahead = self.ahead.min(self.dials.saturating_sub(own));
        }
    }

    /// Would the next request have to wait for a dial, or have a wire it is not well off with, where nothing is being dialed?
    pub(in crate::origin) fn wants_carrier(&self) -> bool {
        self.one_at_a_time && self.dials == 0 && !self.carriers.welcome()
    }

    /// How many wires are there for the next requests. One that carries several is as good as any number.
    pub(in crate::origin) fn standing(&self) -> usize {
        if self.carriers.serve() { usize::MAX } else { self.idle.len() }
    }

    /// How many they are.
    pub(in crate::origin) fn wires_standing(&self) -> usize {
        self.idle.len() + if self.carriers.serve() { self.carriers.len() } else { 0 }
    }

    /// As [`standing`](Self::standing), with those that requests have and those that are being dialed.
    pub(in crate::origin) fn ready(&self) -> usize {
        self.standing().saturating_add(self.lent + self.dials)
    }

    /// How many of so many missing ones may be dialed at a time. Until it is known what a wire carries, it is one.
    pub(in crate::origin) fn to_dial(&self, missing: usize) -> usize {
        match self.one_at_a_time {
            true if self.dials > 0 => 0,
            true => missing.min(1),
            false => missing,
        }
    }

    /// As [`expire`](Self::expire), but so many wires stay that are sound, the youngest ones.
    pub(in crate::origin) fn expire_but(&mut self, keep: usize, now: Instant, idle_timeout: Duration) -> Vec<W> {
        let mut expired = self.expire(now, Duration::MAX);
        let may_go = |since: Instant| now.saturating_duration_since(since) >= idle_timeout;
        let spare = (self.idle.len() + self.lent).saturating_sub(keep);
        let old = self.idle.iter().filter(|idle| may_go(idle.since)).count().min(spare);
        // The longest idle ones come first.
        expired.extend(self.idle.drain(..old).map(|Idle { wire, .. }| wire));
        let spare = self.carriers.len().saturating_sub(keep.min(1));
        expired.extend(self.carriers.expire(now, idle_timeout).take(spare));
        expired
    }
}
