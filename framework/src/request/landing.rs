//! Where a flight leaves its answer, and the caller who waits for it finds it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::messages::Reached;
use super::shared::Shared;
use crate::error::Result;
use crate::handle::StopReason;
use crate::notification::wake_late;

/// A place for one answer. It is part of what handle and actor share, so that a flight needs no channel.
#[derive(Default)]
pub(super) struct Landing {
    answer: Mutex<Answer>,
    /// Whoever was to give the answer has done so, and need not look whether it was awaited.
    is_given: AtomicBool,
}

enum Answer {
    /// By this one, if it has asked already.
    Awaited(Option<Waker>),
    Landed(Result<Reached>),
    /// It was taken, or will never come.
    Over,
}

impl Default for Answer {
    fn default() -> Self {
        Self::Awaited(None)
    }
}

impl Landing {
    /// Waits for the answer; `None`: there will be none.
    pub(super) async fn answer(&self) -> Option<Result<Reached>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Option<Result<Reached>>> {
        let mut answer = self.lock();
        match std::mem::replace(&mut *answer, Answer::Over) {
            Answer::Landed(result) => Poll::Ready(Some(result)),
            Answer::Over => Poll::Ready(None),
            Answer::Awaited(Some(waker)) if waker.will_wake(context.waker()) => {
                *answer = Answer::Awaited(Some(waker));
                Poll::Pending
            }
            Answer::Awaited(last) => {
                *answer = Answer::Awaited(Some(context.waker().clone()));
                drop(answer);
                // Outside of the lock: it may be all that is left of a task.
                drop(last);
                Poll::Pending
            }
        }
    }

    /// There will be no answer, if there is none yet.
    pub(super) fn give_up(&self) {
        if self.is_given.load(Ordering::Acquire) {
            return;
        }
        let waiting = {
            let mut answer = self.lock();
            let Answer::Awaited(waiting) = &mut *answer else { return };
            let waiting = waiting.take();
            *answer = Answer::Over;
            waiting
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// The caller has gone. Did the answer come before?
    pub(super) fn leave(&self) -> bool {
        let before = std::mem::replace(&mut *self.lock(), Answer::Over);
        matches!(before, Answer::Landed(_))
    }

    fn lock(&self) -> MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Gives the answer of its flight to whoever waits, who is on this thread unless they are far.
    pub(super) fn lands(&self, result: Result<Reached>, is_far: bool) {
        let landing = &self.landing;
        landing.is_given.store(true, Ordering::Release);
        let waiting = {
            let mut answer = landing.lock();
            let Answer::Awaited(waiting) = &mut *answer else {
                // The caller has gone. If it was too late to stop the flight, what that has left is given up.
                if result.is_ok() {
                    self.node.stop().fire(StopReason::Cancelled);
                }
                return;
            };
            let waiting = waiting.take();
            *answer = Answer::Landed(result);
            waiting
        };
        match waiting {
            Some(waker) if is_far => wake_late(&waker),
            Some(waker) => waker.wake(),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
