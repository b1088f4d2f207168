//! Is a request sent again by the policy of its caller, and after which pause (pure)?

use std::time::{Duration, Instant};

use http::{Method, StatusCode};

use crate::error::{Error, Stage, WireState};
use crate::options::{RetryBudget, RetryPolicy};

/// What is known of an attempt that came to nothing.
#[derive(Debug, Clone)]
pub(crate) struct Fruitless<'a> {
    pub(crate) method: &'a Method,
    pub(crate) cause: Cause<'a>,
    pub(crate) wire_state: WireState,
    /// All of the body can be given again.
    pub(crate) replayable: bool,
    /// Which attempt it was; the first is 1.
    pub(crate) attempt: u32,
    /// How long until the total deadline.
    pub(crate) time_left: Option<Duration>,
}

/// Why it came to nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'a> {
    Answered { status: StatusCode, retry_after: Option<Duration> },
    Failed(&'a Error),
}

/// How long to wait before it is sent again; `None`: it is not. `chance` is from 0 to 1.
///
/// That it is paid for ([`Budget::take`]) is asked last, by who would send it again.
pub(crate) fn pause_before_retry(policy: &RetryPolicy, it: &Fruitless<'_>, chance: f64) -> Option<Duration> {
    let (is_reason, asked_for) = match it.cause {
        Cause::Answered { status, retry_after } => (policy.statuses.contains(&status), retry_after),
        // A place in a line is this side's to give.
        Cause::Failed(error) => (policy.failures && error.is_retryable() && error.stage() != Stage::Queue, None),
    };
    let is_unseen = matches!(it.wire_state, WireState::NotSent | WireState::RefusedByPeer);
    let is_safe = policy.any_method || it.method.is_idempotent() || is_unseen;
    if !is_reason || !is_safe || !it.replayable || it.attempt >= policy.attempts {
        return None;
    }
    let longest = policy.first_pause.saturating_mul(1 << (it.attempt - 1).min(30)).min(policy.longest_pause);
    let asked_for = asked_for.unwrap_or_default().min(policy.longest_retry_after);
    let pause = asked_for.saturating_add(longest.mul_f64(chance.clamp(0.0, 1.0)));
    it.time_left.is_none_or(|left| pause < left).then_some(pause)
}

/// What the retries of all requests to one origin are paid from.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: f64,
    since: Instant,
}

impl Budget {
    /// It is full at first.
    pub(crate) fn new(terms: &RetryBudget, now: Instant) -> Self {
        Self { tokens: terms.most, since: now }
    }

    /// A request is sent for the first time.
    pub(crate) fn request(&mut self, terms: &RetryBudget, now: Instant) {
        self.refill(terms, now);
        self.tokens = (self.tokens + terms.per_request).min(terms.most);
    }

    /// Is there one for a retry?
    pub(crate) fn take(&mut self, terms: &RetryBudget, now: Instant) -> bool {
        self.refill(terms, now);
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }

    /// When anything was done with it.
    pub(crate) fn used_at(&self) -> Instant {
        self.since
    }

    fn refill(&mut self, terms: &RetryBudget, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.tokens = (self.tokens + passed * terms.per_second).min(terms.most);
        self.since = self.since.max(now);
    }
}

#[cfg(test)]
mod tests;
