//! When a request to one server may go (pure): how many at once, how often, and who first.
//!
//! ```text
//!   ask --> line --- admit ---> under way ---- answered ---> under way ---- ended --->
//!             |                     |          (the pause between two counts from here)
//!             | withdraw            +--- ended --->  without an answer
//!             v                     +--- unused -->  it did not go after all
//! ```
//!
//! Call [`admit`](Gate::admit) after every event until it returns `None`; then [`next_wake`](Gate::next_wake) says when time alone
//! would let the next one go.

mod bucket;
mod limit;
mod line;
mod overload;
mod pause;
mod retry_after;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::options::{Governor, Priority};
use crate::reason::PauseReason;

use bucket::Bucket;
use limit::Limit;
use line::Line;
use pause::Pause;

pub(crate) use line::Ticket;
pub(crate) use overload::is_overload;
pub(crate) use retry_after::{Verdict, retry_after};

/// One server's gate.
#[derive(Debug)]
pub(crate) struct Gate {
    governor: Governor,
    began: Instant,
    line: Line,
    under_way: usize,
    /// Those of them whose answer has not begun.
    unanswered: usize,
    /// When it was last used.
    since: Instant,
    bucket: Bucket,
    /// When the server last had one for certain.
    arrived: Option<Instant>,
    limit: Limit,
    pause: Pause,
}

/// What is to be known of a request that was let go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leave {
    at: Instant,
    /// It had the last place there was.
    was_last: bool,
}

/// The gate as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) most: Option<usize>,
    pub(crate) under_way: usize,
    pub(crate) waiting: usize,
    /// How many may go at once by the rate.
    pub(crate) tokens: Option<u32>,
    /// When the next one may go, if it is not for one under way to say.
    pub(crate) opens_in: Option<Duration>,
    pub(crate) pause: Option<(Duration, PauseReason)>,
}

impl Gate {
    pub(crate) fn new(governor: Governor, now: Instant) -> Self {
        Self {
            governor,
            began: now,
            line: Line::default(),
            under_way: 0,
            unanswered: 0,
            since: now,
            bucket: Bucket::full(now),
            arrived: None,
            limit: Limit::new(&governor),
            pause: Pause::default(),
        }
    }

    /// From now on it goes by this.
    pub(crate) fn set(&mut self, governor: &Governor, now: Instant) {
        if self.governor != *governor {
            let old = std::mem::replace(&mut self.governor, *governor).spacing();
            let new = governor.spacing().map(|spacing| (spacing, self.burst(spacing)));
            if old != new.map(|(spacing, _)| spacing) {
                self.bucket.keep_pace(old, new, now);
            }
            self.limit.keep_within(governor);
        }
    }

    /// What it goes by.
    pub(crate) fn governor(&self) -> &Governor {
        &self.governor
    }

    /// When it was last used.
    pub(crate) fn unused_since(&self) -> Instant {
        self.since
    }

    /// Somebody wants to go. Tickets grow.
    pub(crate) fn ask(&mut self, ticket: Ticket, priority: Priority) {
        self.line.join(ticket, priority);
    }

    /// Somebody in the line does not want to any more.
    pub(crate) fn withdraw(&mut self, ticket: Ticket, priority: Priority, now: Instant) {
        self.line.leave(ticket, priority);
        self.since = now;
    }

    /// Who goes now.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<(Ticket, Leave)> {
        if self.line.is_empty() || self.opens().is_none_or(|opens| opens > now) {
            return None;
        }
        let ticket = self.line.next()?;
        self.under_way += 1;
        self.unanswered += 1;
        if let Some(spacing) = self.governor.spacing() {
            self.bucket.take(spacing, now);
        }
        let was_last = self.limit.most(&self.governor) == Some(self.under_way);
        Some((ticket, Leave { at: now, was_last }))
    }

    /// When time alone lets the next one go; `None` if nobody waits, or waits for one that is under way.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        if self.line.is_empty() { None } else { self.opens() }
    }

    /// It was let go, and did not go.
    pub(crate) fn unused(&mut self, now: Instant) {
        self.under_way -= 1;
        self.unanswered -= 1;
        self.since = now;
        if let Some(spacing) = self.governor.spacing() {
            self.bucket.put_back(spacing);
        }
    }

    /// The answer to a request begins. `chance` is from 0 to 1. The pause it causes, if it is news.
    pub(crate) fn answered(
        &mut self,
        leave: Leave,
        verdict: Verdict,
        now: Instant,
        chance: f64,
    ) -> Option<(Duration, PauseReason)> {
        self.arrived(now);
        match verdict {
            Verdict::Nothing => None,
            Verdict::Well => {
                self.pause.answered(leave.at);
                if leave.was_last {
                    self.limit.suffices_not(&self.governor, leave.at);
                }
                None
            }
            Verdict::Busy { retry_after } => {
                self.limit.is_too_much(&self.governor, leave.at, now);
                self.pause.refused(retry_after, &self.governor, leave.at, now, chance)
            }
        }
    }

    /// A request came to nothing: time ran out, or the server could not be reached.
    pub(crate) fn failed(&mut self, leave: Leave, now: Instant) {
        self.limit.is_too_much(&self.governor, leave.at, now);
    }

    /// A request is over. `answered`: that its answer began was told before.
    pub(crate) fn ended(&mut self, answered: bool, now: Instant) {
        self.under_way -= 1;
        self.since = now;
        if !answered {
            self.arrived(now);
        }
    }

    /// The program wants nobody to go for so long.
    pub(crate) fn pause_for(&mut self, length: Duration, now: Instant) {
        self.since = now;
        self.pause.extend(length, PauseReason::Program, now);
    }

    /// The program wants no pause to last.
    pub(crate) fn resume(&mut self) {
        self.pause.lift();
    }

    /// Does nobody go now whatever else there is room for?
    pub(crate) fn is_paused(&self, now: Instant) -> bool {
        self.pause.now(now).is_some()
    }

    /// How many turns it takes until it is this one's.
    pub(crate) fn position(&self, ticket: Ticket, priority: Priority) -> Option<usize> {
        self.line.position(ticket, priority)
    }

    /// Has nobody used it for so long, and would one that is new let everybody go who may go here?
    pub(crate) fn can_be_forgotten(&self, unused: Duration, now: Instant) -> bool {
        self.under_way == 0
            && self.line.is_empty()
            && now.saturating_duration_since(self.since) >= unused
            && self.spaced().is_none_or(|spaced| spaced <= now)
            && self.bucket.is_full(now)
            && !self.is_paused(now)
    }

    pub(crate) fn show(&self, now: Instant) -> Shown {
        let tokens = |spacing| self.bucket.tokens(spacing, self.burst(spacing), now);
        Shown {
            most: self.limit.most(&self.governor),
            under_way: self.under_way,
            waiting: self.line.len(),
            tokens: self.governor.spacing().map(tokens),
            opens_in: self.opens().map(|opens| opens.saturating_duration_since(now)),
            pause: self.pause.now(now),
        }
    }

    /// When it opens; `None` while that is for one under way to say.
    fn opens(&self) -> Option<Instant> {
        let is_full = self.limit.most(&self.governor).is_some_and(|most| self.under_way >= most);
        let awaits = self.unanswered > 0 && !self.governor.interval.is_zero();
        if is_full || awaits {
            return None;
        }
        let by_rate = self.governor.spacing().and_then(|spacing| self.bucket.opens(spacing, self.burst(spacing)));
        Some(by_rate.max(self.pause.until()).max(self.spaced()).unwrap_or(self.began))
    }

    /// A timer that is late must not cost tokens: so many go together at least as fall into the time by which it may be.
    fn burst(&self, spacing: Duration) -> u32 {
        let together = TOGETHER.as_nanos() / spacing.as_nanos().max(1);
        self.governor.burst.max(u32::try_from(together).unwrap_or(u32::MAX))
    }

    /// When the pause between two requests is over.
    fn spaced(&self) -> Option<Instant> {
        self.arrived?.checked_add(self.governor.interval)
    }

    /// The server has a request for certain.
    fn arrived(&mut self, now: Instant) {
        self.unanswered -= 1;
        self.arrived = Some(now);
    }
}

/// Several times what a timer may be late by.
const TOGETHER: Duration = Duration::from_millis(10);
