//! How a request obeys the retry policy of its caller: what `policy/retry.rs` decides is told, paid for and waited for here.

use std::time::Duration;

use super::follow_up::{FollowUp, Following, Next};
use super::journey::Journey;
use crate::clock;
use crate::error::{Answered, Blame, Error, ErrorCode, Operation, Result, Stage, WireState};
use crate::notification::{NotificationMask as Mask, Status};
use crate::policy::governor::retry_after;
use crate::policy::{Cause, Fruitless, pause_before_retry};
use crate::protocol::http1::ResponseHead;

impl Journey {
    /// It is sent for the first time, which pays for a part of a retry.
    pub(super) fn pays_for_retries(&self) {
        if let Some(terms) = self.options.retry.as_ref().and_then(|policy| policy.budget) {
            self.shared.services.terms.budgets.request(self.target().origin(), &terms);
        }
    }

    /// Could its policy want it to be sent again after this?
    pub(super) fn may_be_retried(&self, head: &ResponseHead) -> bool {
        self.options.retry.as_ref().is_some_and(|policy| policy.statuses.contains(&head.status()))
    }

    /// The answer is none that its policy is content with: it is sent again, if it may be.
    pub(super) fn retries_after(&mut self, head: &ResponseHead) -> FollowUp {
        let (status, wall) = (head.status(), clock::time_of_day());
        let retry_after = retry_after(head.headers(), wall);
        let Some(pause) = self.pause(Cause::Answered { status, retry_after }, self.wire_state()) else {
            return FollowUp::Deliver;
        };
        let detail = format!("the server answered {status}");
        let (code, operation) = (ErrorCode::InvalidServerResponse, Operation::Receive);
        let error = Error::new(code, operation, Stage::Head, Blame::Peer, detail);
        let error = self.name(error.with_source(Answered { status, retry_after }));
        self.attempt += 1;
        let told = Status::Retrying { attempt: self.attempt, pause, error };
        let (told, after) = (Some(told), Some(pause));
        FollowUp::Again(Box::new(Next { told, moved: None, headers: None, options: None, drops_body: false, after }))
    }

    /// An attempt has failed: it is sent again after a pause, if it may be; else the failure is the caller's.
    #[cold]
    pub(super) fn prepare_retry(&mut self, error: Error) -> Result<()> {
        let Some(pause) = self.pause(Cause::Failed(&error), error.wire_state()) else { return Err(error) };
        // Whoever waits holds no place that another could have.
        self.came_to(Some(&error));
        self.turns = None;
        self.attempt += 1;
        let attempt = self.attempt;
        self.emit(Mask::RETRYING, || Status::Retrying { attempt, pause, error });
        let not_before = clock::now().checked_add(pause);
        self.follow_up = Some(Box::new(Following::Waiting { not_before }));
        Ok(())
    }

    /// How long it waits before it is sent again, which is paid for; `None`: it is not.
    fn pause(&self, cause: Cause<'_>, wire_state: WireState) -> Option<Duration> {
        // A WebSocket that is made anew has terms of its own.
        let policy = self.options.retry.as_ref().filter(|_| self.upgrade.is_none())?;
        let budgets = &self.shared.services.terms.budgets;
        let it = Fruitless {
            method: self.method(),
            cause,
            wire_state,
            replayable: self.payload.0.is_replayable(),
            attempt: self.attempt,
            time_left: self.deadline().map(|end| end.saturating_duration_since(clock::now())),
        };
        let pause = pause_before_retry(policy, &it, budgets.chance())?;
        let is_paid = policy.budget.is_none_or(|terms| budgets.take(self.target().origin(), &terms));
        is_paid.then_some(pause)
    }
}

/// What a request is told that takes the place of one that failed.
pub(super) struct Renewed {
    pub(super) attempt: u32,
    /// How long it waits, before anything is done for it.
    pub(super) pause: Duration,
    pub(super) error: Error,
}

impl Journey {
    /// It takes the place of a request that failed. Until its time has come it waits as one that is sent again does.
    #[cold]
    pub(super) fn takes_the_place_of(&mut self, renewed: Renewed) {
        let Renewed { attempt, pause, error } = renewed;
        let not_before = clock::now().checked_add(pause);
        // The pause is none of its own time.
        self.times.started = not_before.unwrap_or(self.times.started);
        self.follow_up = Some(Box::new(Following::Waiting { not_before }));
        self.emit(Mask::RETRYING, || Status::Retrying { attempt, pause, error });
    }
}
