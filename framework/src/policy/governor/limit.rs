//! How many at once: a number that is set, or one that is found (additive increase, multiplicative decrease).

use std::time::Instant;

use crate::options::Governor;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    found: usize,
    /// Answers since the last change, of requests that had the last place there was.
    answers: usize,
    lowered: Option<Instant>,
}

impl Limit {
    pub(super) fn new(governor: &Governor) -> Self {
        let mut limit = Self { found: governor.concurrency.unwrap_or_default(), answers: 0, lowered: None };
        limit.keep_within(governor);
        limit
    }

    /// The bounds are others now.
    pub(super) fn keep_within(&mut self, governor: &Governor) {
        match governor.adaptive {
            Some((floor, ceiling)) => self.found = self.found.clamp(floor, ceiling),
            None => self.found = governor.concurrency.unwrap_or_default(),
        }
    }

    pub(super) fn most(&self, governor: &Governor) -> Option<usize> {
        if governor.adaptive.is_some() { Some(self.found) } else { governor.concurrency }
    }

    /// A request that left then, and had the last place, was answered well.
    pub(super) fn suffices_not(&mut self, governor: &Governor, left: Instant) {
        let Some((_, ceiling)) = governor.adaptive.filter(|_| self.is_new(left)) else { return };
        self.answers += 1;
        if self.answers >= self.found {
            (self.found, self.answers) = ((self.found + 1).min(ceiling), 0);
        }
    }

    /// A request that left then was too much for the server.
    pub(super) fn is_too_much(&mut self, governor: &Governor, left: Instant, now: Instant) {
        let Some((floor, _)) = governor.adaptive.filter(|_| self.is_new(left)) else { return };
        *self = Self { found: (self.found / 2).max(floor), answers: 0, lowered: Some(now) };
    }

    /// Those that left before the last decrease say nothing new.
    fn is_new(&self, left: Instant) -> bool {
        self.lowered.is_none_or(|lowered| left > lowered)
    }
}
