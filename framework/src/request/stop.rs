//! The one way into an operation in flight: a flag that its future waits for beside its work.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::clock;

/// Why an operation is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopReason {
    /// `cancel()`.
    Cancelled,
    /// The caller dropped the future of the call.
    Abandoned,
    /// The handle is closing.
    Closing,
    /// The total deadline passed.
    Overdue,
}

/// Lives on one thread, shared by the actor and the operation.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    reason: Cell<Option<StopReason>>,
    waker: RefCell<Option<Waker>>,
}

impl Stop {
    /// Stops the operation; only the first reason counts.
    pub(super) fn fire(&self, reason: StopReason) {
        if self.0.reason.get().is_none() {
            self.0.reason.set(Some(reason));
            if let Some(waker) = self.0.waker.borrow_mut().take() {
                waker.wake();
            }
        }
    }

    /// Runs `work` until it is done, stopped or overdue. A stop wins: a loop whose work is always ready must end too. Work that
    /// is late already does not begin.
    pub(super) async fn or<T>(
        &self,
        deadline: Option<Instant>,
        mut work: impl Future<Output = T> + Unpin,
    ) -> Result<T, StopReason> {
        if deadline.is_some_and(|deadline| deadline <= clock::now()) {
            return Err(StopReason::Overdue);
        }
        let mut work = pin!(clock::until(deadline, &mut work));
        poll_fn(|context| {
            if let Some(reason) = self.0.reason.get() {
                return Poll::Ready(Err(reason));
            }
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done.map_err(|_| StopReason::Overdue));
            }
            let mut waker = self.0.waker.borrow_mut();
            if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                *waker = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}
