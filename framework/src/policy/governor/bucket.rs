//! How often: a bucket of tokens, kept as the moment at which it is full again (GCRA).

use std::time::{Duration, Instant};

/// Tokens that were taken, each back after its share of the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    pub(super) fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// When there is a token, in a bucket for so many; `None` if that was before the clock began.
    pub(super) fn opens(&self, spacing: Duration, burst: u32) -> Option<Instant> {
        self.full_at.checked_sub(spacing.saturating_mul(burst.saturating_sub(1)))
    }

    /// Tokens come back at another pace, to a bucket for so many: those that are missing now come back at the new one.
    pub(super) fn keep_pace(&mut self, old: Option<Duration>, new: Option<(Duration, u32)>, now: Instant) {
        let Some((old, (spacing, burst))) = old.zip(new) else {
            self.full_at = self.full_at.min(now);
            return;
        };
        let missing = self.full_at.saturating_duration_since(now).as_nanos();
        let (old, new) = (old.as_nanos().max(1), spacing.as_nanos());
        // Whole tokens apart: the product of two long times is more than fits.
        let missing = (missing / old).saturating_mul(new).saturating_add((missing % old).saturating_mul(new) / old);
        let missing = u64::try_from(missing).map_or(Duration::MAX, Duration::from_nanos);
        self.full_at = now + missing.min(spacing.saturating_mul(burst));
    }

    pub(super) fn take(&mut self, spacing: Duration, now: Instant) {
        self.full_at = self.full_at.max(now) + spacing;
    }

    pub(super) fn put_back(&mut self, spacing: Duration) {
        self.full_at = self.full_at.checked_sub(spacing).unwrap_or(self.full_at);
    }

    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }

    /// How many there are now.
    pub(super) fn tokens(&self, spacing: Duration, burst: u32, now: Instant) -> u32 {
        let missing = self.full_at.saturating_duration_since(now).as_nanos().div_ceil(spacing.as_nanos().max(1));
        burst.saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }
}
