//! So many a second: a bucket that holds as many, and fills up evenly in a second.
//!
//! Who keeps to the limit in every second never finds it empty; who does not is stopped by twice as many in the first.

use std::time::{Duration, Instant};

/// How many more there may be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    limit: u32,
    /// When it is full again; `None` is now. It is empty if that takes a second.
    full_at: Option<Instant>,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, full_at: None }
    }

    pub(super) fn refill(&mut self) {
        self.full_at = None;
    }

    /// Takes one: was there one?
    pub(super) fn spend(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now)) + SECOND / self.limit.max(1);
        self.full_at = Some(full_at);
        full_at.saturating_duration_since(now) <= SECOND
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }
}

const SECOND: Duration = Duration::from_secs(1);
