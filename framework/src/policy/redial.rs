//! When a dial that failed is tried again by whoever keeps wires ready: later each time, and not all at the same moment.

use std::time::{Duration, Instant};

/// The pause between dials that fail.
#[derive(Debug, Default)]
pub(crate) struct Redial {
    failures: u32,
    not_before: Option<Instant>,
}

impl Redial {
    /// May one be made now?
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|earliest| earliest <= now)
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// `chance` is any number, another one for each who might dial at the same moment.
    pub(crate) fn failed(&mut self, now: Instant, chance: u64) {
        let pause = SHORTEST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        // The golden ratio spreads neighbours.
        let spread = (chance.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32;
        self.not_before = now.checked_add(pause.mul_f64(1.0 - 0.5 * f64::from(spread) / f64::from(u32::MAX)));
    }
}

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
