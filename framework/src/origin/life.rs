//! How long wires live: by their age, by what they have served, and by what a caller says of them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::registry::ponds_of;
use super::{Dial, Kept, Pond};
use crate::clock;
use crate::id::{HandleId, WireId};
use crate::reason::CloseReason;
use crate::target::Origin;
use crate::wire::{Sight, Wire};

impl Pond {
    /// Is it not to serve any more, though nothing is wrong with it?
    pub(super) fn is_worn(&self, wire: &impl Ages, now: Instant) -> bool {
        let limits = self.limits();
        let age = |most| now.saturating_duration_since(wire.opened()) >= jittered(most, wire.id());
        limits.wire_max_age.is_some_and(age)
            || limits.wire_max_requests.is_some_and(|most| wire.requests_begun() >= most)
            || wire.requests_begun() >= MOST_STREAMS
            || self.expired.get().is_some_and(|expired| wire.opened() <= expired)
            || self.distrusted.get().is_some_and(|distrusted| wire.begun() <= distrusted)
            || self.naming.has_moved(wire.id())
            || wire.is_expired()
    }

    /// What is said of one that is worn.
    pub(super) fn why_worn(&self, wire: &impl Ages) -> CloseReason {
        if self.naming.has_moved(wire.id()) { CloseReason::NameMoved } else { CloseReason::Retired }
    }

    /// Closes what is worn and not in use; what is in use follows when it comes back.
    pub(super) fn retire_worn(&self, now: Instant) -> usize {
        let worn = self.pool.borrow_mut().take_if(|kept| self.is_worn(&kept.wire, now));
        self.retire(worn)
    }

    /// Those that had them to themselves want no more of them: what is idle is closed, and what is being dialed is given up.
    pub(super) fn is_left(&self) {
        let dials = std::mem::take(&mut *self.dials.borrow_mut());
        dials.into_values().for_each(Dial::give_up);
        let idle = self.pool.borrow_mut().take_idle();
        self.retire(idle);
    }

    fn retire(&self, wires: impl IntoIterator<Item = Kept>) -> usize {
        let close = |kept: Kept| {
            let reason = self.why_worn(&kept.wire);
            self.close_idle(kept, reason);
        };
        let retired = wires.into_iter().map(close).count();
        self.release_spare();
        self.note_if_empty();
        retired
    }
}

/// What a wire is worn by.
pub(super) trait Ages {
    fn id(&self) -> WireId;
    /// When its dial began.
    fn begun(&self) -> Instant;
    fn opened(&self) -> Instant;
    fn requests_begun(&self) -> u64;
    /// Has whoever used it said that nobody else shall?
    fn is_expired(&self) -> bool;
}

impl Ages for Wire {
    fn id(&self) -> WireId {
        self.id()
    }

    fn begun(&self) -> Instant {
        self.facts().times.resolve_start
    }

    fn opened(&self) -> Instant {
        self.facts().times.end()
    }

    fn requests_begun(&self) -> u64 {
        self.exchanges()
    }

    fn is_expired(&self) -> bool {
        self.is_expired()
    }
}

impl Ages for Sight {
    fn id(&self) -> WireId {
        self.id()
    }

    fn begun(&self) -> Instant {
        self.begun()
    }

    fn opened(&self) -> Instant {
        self.opened()
    }

    fn requests_begun(&self) -> u64 {
        self.requests_begun()
    }

    fn is_expired(&self) -> bool {
        self.is_expired()
    }
}

/// Of a session's origins on this shard, or of one of them: no wire that is open now serves another request. How many are
/// closed, or will be once they have served the ones they carry; those that are lent alone are not counted.
pub(crate) fn expire(session: HandleId, origin: Option<&Origin>) -> usize {
    let meant = |pond: &Rc<Pond>| origin.is_none_or(|origin| pond.key.origin == *origin);
    ponds_of(session).into_iter().filter(meant).map(|pond| retire_as_of_now(&pond, &pond.expired)).sum()
}

/// The same of one of the session's wires on this shard. Is it here?
pub(crate) fn expire_wire(session: HandleId, wire: WireId) -> bool {
    let its = ponds_of(session).into_iter().find(|pond| pond.register.one(wire, Sight::expire).is_some());
    let Some(pond) = its else { return false };
    pond.retire_worn(clock::now());
    pond.perform_assignments();
    true
}

/// What was shown to proxies so far counts no more: the same of all origins, and also of wires that are being dialed, which may be
/// tunnels that are open already.
pub(crate) fn distrust_tunnels(session: HandleId) -> usize {
    ponds_of(session).into_iter().map(|pond| retire_as_of_now(&pond, &pond.distrusted)).sum()
}

fn retire_as_of_now(pond: &Rc<Pond>, since: &Cell<Option<Instant>>) -> usize {
    let now = clock::now();
    since.set(Some(now));
    let retired = pond.retire_worn(now);
    pond.perform_assignments();
    retired
}

/// Closes the session's wires on this shard that no request uses. How many there were.
pub(crate) fn evict_idle(session: HandleId) -> usize {
    let evict = |pond: Rc<Pond>| {
        let idle = pond.pool.borrow_mut().expire(clock::now(), Duration::ZERO);
        // What is not wanted is not replaced.
        pond.last_used.set(None);
        pond.retire(idle)
    };
    ponds_of(session).into_iter().map(evict).sum()
}

/// The machine may be on another network: what is idle and carries one request at a time is closed, the others on this shard
/// have to show that they live, and that their name still leads to them. How many were closed, and how many are asked.
pub(crate) fn network_changed(session: HandleId) -> (usize, usize) {
    let ask = |pond: Rc<Pond>| {
        let mut asked = 0;
        pond.naming.doubt(clock::now());
        let idle = pond.pool.borrow_mut().take_if(|kept| match kept.wire.multiplexed() {
            None => true,
            Some(wire) => {
                wire.doubt();
                asked += 1;
                false
            }
        });
        (pond.retire(idle), asked)
    };
    ponds_of(session).into_iter().map(ask).fold((0, 0), |(closed, asked), one| (closed + one.0, asked + one.1))
}

/// Wires that were dialed together do not retire together: each lives between nine and ten tenths of the time.
fn jittered(most: Duration, wire: WireId) -> Duration {
    // Of the number alone, so that a run is like another; the golden ratio spreads neighbours.
    let spread = (wire.value().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32;
    most - most.mul_f64(0.1 * f64::from(spread) / f64::from(u32::MAX))
}

/// The identifiers of streams are half of these, and are not given twice (RFC 9113 5.1.1): before they run out the wire goes.
const MOST_STREAMS: u64 = 1 << 29;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_of_wires_are_spread_over_the_last_tenth() {
        let most = Duration::from_secs(1000);
        let ages: Vec<_> = (0..100).map(|_| jittered(most, WireId::next()).as_secs()).collect();
        assert!(ages.iter().all(|age| (900..=1000).contains(age)), "{ages:?}");
        let tenths = |from| ages.iter().filter(|age| (from..from + 25).contains(*age)).count();
        for from in [900, 925, 950, 975] {
            assert!(tenths(from) > 10, "{ages:?}");
        }
    }
}
