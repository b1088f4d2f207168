//! Nobody goes for a while: the server said that it is busy, or the program wants it so.

use std::time::{Duration, Instant};

use crate::options::Governor;
use crate::reason::PauseReason;

#[derive(Debug, Default)]
pub(super) struct Pause {
    until: Option<(Instant, PauseReason)>,
    /// Refusals in a row, less one for each success since.
    refusals: u32,
    /// When the last of them came.
    refused: Option<Instant>,
}

impl Pause {
    pub(super) fn until(&self) -> Option<Instant> {
        self.until.map(|(until, _)| until)
    }

    /// The one in force.
    pub(super) fn now(&self, now: Instant) -> Option<(Duration, PauseReason)> {
        let (until, reason) = self.until?;
        let left = until.saturating_duration_since(now);
        (!left.is_zero()).then_some((left, reason))
    }

    /// Lasts so long from now, if no longer one is in force. Is it news?
    pub(super) fn extend(&mut self, length: Duration, reason: PauseReason, now: Instant) -> bool {
        let until = now.checked_add(length.min(A_CENTURY)).unwrap_or(now);
        let longer = until > now && self.until().is_none_or(|before| until > before);
        if longer {
            self.until = Some((until, reason));
        }
        longer
    }

    pub(super) fn lift(&mut self) {
        *self = Self::default();
    }

    /// The server refused a request that left then. `chance` is from 0 to 1. The pause, if it is news.
    pub(super) fn refused(
        &mut self,
        retry_after: Option<Duration>,
        governor: &Governor,
        left: Instant,
        now: Instant,
        chance: f64,
    ) -> Option<(Duration, PauseReason)> {
        // Those that were under way together are refused together: it is one refusal.
        let again = self.is_new(left);
        if again {
            (self.refusals, self.refused) = (self.refusals.saturating_add(1), Some(now));
        }
        let (length, reason) = match retry_after {
            Some(told) => (told, PauseReason::RetryAfter),
            None if again => (back_off(governor.back_off, self.refusals, chance), PauseReason::Busy),
            None => return None,
        };
        let length = length.min(governor.max_pause);
        self.extend(length, reason, now).then_some((length, reason))
    }

    /// The server answered a request well that left then.
    pub(super) fn answered(&mut self, left: Instant) {
        if self.refusals > 0 && self.is_new(left) {
            self.refusals -= 1;
        }
    }

    fn is_new(&self, left: Instant) -> bool {
        self.refused.is_none_or(|refused| left > refused)
    }
}

/// The first one, doubled with each refusal that followed, give or take a quarter.
fn back_off(first: Duration, refusals: u32, chance: f64) -> Duration {
    let doubled = first.saturating_mul(1 << (refusals.saturating_sub(1)).min(MOST_DOUBLINGS));
    doubled.saturating_mul(768 + (512.0 * chance.clamp(0.0, 1.0)) as u32) / 1024
}

const MOST_DOUBLINGS: u32 = 16;
/// Longer than anybody waits, and a moment that every clock can tell.
const A_CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);
