//! The one way into an operation in flight: a flag that its future waits for beside its work.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::task::AtomicWaker;

use crate::clock;
use crate::error::Error;

/// Why an operation is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum StopReason {
    /// `cancel()`.
    Cancelled = 1,
    /// The caller dropped the future of the call.
    Abandoned,
    /// The handle is closing.
    Closing,
    /// The total deadline passed.
    Overdue,
}

/// Fired from any thread, and heard once by the one operation that waits for it.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    /// 0 while nobody has fired it.
    reason: AtomicU8,
    waker: AtomicWaker,
    /// What a cancel is for that no caller asked for.
    cause: Mutex<Option<Error>>,
}

impl Stop {
    /// Stops the operation; only the first reason counts. But what a caller who went away has left is ended by a cancel.
    pub(crate) fn fire(&self, reason: StopReason) {
        let becomes =
            |before: u8| self.reason.compare_exchange(before, reason as u8, Ordering::AcqRel, Ordering::Relaxed);
        if becomes(0).is_ok() || (reason == StopReason::Cancelled && becomes(StopReason::Abandoned as u8).is_ok()) {
            self.waker.wake();
        }
    }

    /// What its caller has given up goes on for another.
    pub(crate) fn is_taken_back(&self) {
        let abandoned = StopReason::Abandoned as u8;
        // A cancel counts all the same.
        let _cancelled = self.reason.compare_exchange(abandoned, 0, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// A cancel that follows is for this.
    pub(crate) fn is_for(&self, cause: Error) {
        *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
    }

    /// What a cancel was for, told once.
    pub(crate) fn take_cause(&self) -> Option<Error> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Has the operation look around, and does not stop it.
    pub(crate) fn nudge(&self) {
        self.waker.wake();
    }

    /// Was it fired, and why first?
    pub(crate) fn reason(&self) -> Option<StopReason> {
        use StopReason::{Abandoned, Cancelled, Closing, Overdue};
        let reason = self.reason.load(Ordering::Acquire);
        [Cancelled, Abandoned, Closing, Overdue].into_iter().find(|known| *known as u8 == reason)
    }

    /// Runs `work` until it is done, stopped or overdue. A stop wins: a loop whose work is always ready must end too. Work that
    /// is late already does not begin.
    pub(crate) async fn or<T>(
        &self,
        deadline: Option<Instant>,
        work: impl Future<Output = T> + Unpin,
    ) -> Result<T, StopReason> {
        let mut work = pin!(in_time(deadline, work));
        poll_fn(|context| self.poll(work.as_mut(), context)).await
    }

    /// The same of work that is [in time](in_time), as far as it gets now.
    #[inline]
    pub(crate) fn poll<T>(
        &self,
        work: Pin<&mut impl Future<Output = Result<T, StopReason>>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<T, StopReason>> {
        if let Some(reason) = self.reason() {
            return Poll::Ready(Err(reason));
        }
        if let Poll::Ready(done) = work.poll(context) {
            return Poll::Ready(done);
        }
        self.waker.register(context.waker());
        // It may have been fired between the look and the registration.
        self.reason().map_or(Poll::Pending, |reason| Poll::Ready(Err(reason)))
    }
}

/// Work until it is done or overdue.
pub(crate) async fn in_time<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = T> + Unpin,
) -> Result<T, StopReason> {
    let Some(deadline) = deadline else { return Ok(work.await) };
    if deadline <= clock::now() {
        return Err(StopReason::Overdue);
    }
    // Boxed: few operations have a deadline, and all would have to hold its timer.
    Box::pin(clock::until(Some(deadline), work)).await.map_err(|_| StopReason::Overdue)
}

#[cfg(test)]
mod tests;
