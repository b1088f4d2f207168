//! How long the peer takes nothing of what is to go out.

use std::time::{Duration, Instant};

/// Since when nothing has gone on, if anything waits.
#[derive(Debug, Default)]
pub(crate) struct Stall {
    since: Option<Instant>,
    flushing: bool,
}

impl Stall {
    /// The stream takes no octet.
    pub(crate) fn is_blocked(&mut self, now: impl FnOnce() -> Instant) {
        self.since.get_or_insert_with(now);
    }

    /// The stream took octets. If it holds some that wait to be flushed, it has only put these behind them.
    pub(crate) fn has_taken(&mut self) {
        if !self.flushing {
            self.since = None;
        }
    }

    /// What the stream took does not go on.
    pub(crate) fn waits_for_flush(&mut self, now: impl FnOnce() -> Instant) {
        self.flushing = true;
        self.since.get_or_insert_with(now);
    }

    /// All that the stream took is through.
    pub(crate) fn is_through(&mut self) {
        *self = Self::default();
    }

    /// An operation begins: what was held up before is not charged to it.
    pub(crate) fn begin(&mut self, now: impl FnOnce() -> Instant) {
        if let Some(since) = &mut self.since {
            *since = now();
        }
    }

    /// When it has lasted for so long; `None`: nothing is held up.
    pub(crate) fn ends(&self, patience: Duration) -> Option<Instant> {
        self.since?.checked_add(patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stall_lasts_from_its_first_moment_until_octets_are_taken() {
        let (start, mut stall) = (Instant::now(), Stall::default());
        assert_eq!(stall.ends(SECOND), None);
        stall.is_blocked(|| start);
        stall.is_blocked(|| start + SECOND);
        assert_eq!(stall.ends(SECOND), Some(start + SECOND));
        stall.has_taken();
        assert_eq!(stall.ends(SECOND), None);
    }

    #[test]
    fn octets_put_behind_what_waits_to_be_flushed_end_no_stall() {
        let (start, mut stall) = (Instant::now(), Stall::default());
        stall.has_taken();
        stall.waits_for_flush(|| start);
        stall.has_taken();
        stall.waits_for_flush(|| start + SECOND);
        assert_eq!(stall.ends(SECOND), Some(start + SECOND));
        stall.is_through();
        assert_eq!(stall.ends(SECOND), None);
        stall.is_blocked(|| start);
        stall.has_taken();
        assert_eq!(stall.ends(SECOND), None);
    }

    #[test]
    fn an_operation_has_its_whole_time_behind_what_was_abandoned() {
        let (start, mut stall) = (Instant::now(), Stall::default());
        stall.begin(|| start);
        assert_eq!(stall.ends(SECOND), None);
        stall.is_blocked(|| start);
        stall.begin(|| start + 5 * SECOND);
        stall.is_blocked(|| start + 6 * SECOND);
        assert_eq!(stall.ends(SECOND), Some(start + 6 * SECOND));
    }
}
