//! The one way into an operation in flight: a flag that its future waits for beside its work.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Why an operation is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopReason {
    /// `cancel()`.
    Cancelled,
    /// The caller dropped the future of the call.
    Abandoned,
    /// The handle is closing.
    Closing,
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

    /// Runs `work` until it is done or stopped. A stop wins: a loop whose work is always ready must end too.
    pub(super) async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, StopReason> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Some(reason) = self.0.reason.get() {
                return Poll::Ready(Err(reason));
            }
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            *self.0.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}
