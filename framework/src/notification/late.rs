//! Wakes of other threads, put off to the end of what a shard does in one go.
//!
//! A shard tells a subscriber of many things in one go: several of each request, and those of all requests that had something to
//! read; and it answers the callers of all of these. To wake a thread for every one of them costs more than all else about them,
//! and it would sleep again in between. So on the thread of a shard such a wake only joins a list, which a task of its own goes
//! through when those before it in the line have run. Nothing else is put off: what is told lies in the mailbox from the moment
//! it is posted.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

thread_local! {
    /// There while a [`Waking`] runs on this thread.
    static LIST: RefCell<Option<List>> = const { RefCell::new(None) };
}

struct List {
    wakers: Vec<Waker>,
    task: Waker,
}

/// The task of a shard that wakes whom the others have told something. It runs as long as its thread.
#[derive(Default)]
pub(crate) struct Waking {
    is_in_charge: bool,
    spare: Vec<Waker>,
}

impl Future for Waking {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut spare = mem::take(&mut self.spare);
        let in_charge = LIST.with_borrow_mut(|list| match list {
            Some(list) if self.is_in_charge => {
                mem::swap(&mut list.wakers, &mut spare);
                true
            }
            // Another one does it already.
            Some(_) => false,
            None => {
                *list = Some(List { wakers: Vec::new(), task: context.waker().clone() });
                true
            }
        });
        if !in_charge {
            return Poll::Ready(());
        }
        self.is_in_charge = true;
        spare.drain(..).for_each(wake);
        self.spare = spare;
        Poll::Pending
    }
}

/// A waker is whose task it wakes, and may be anybody's: a panic in it must not cost the others their wake.
fn wake(waker: Waker) {
    let _fault = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}

impl Drop for Waking {
    fn drop(&mut self) {
        if self.is_in_charge
            && let Ok(Some(list)) = LIST.try_with(|list| list.borrow_mut().take())
        {
            list.wakers.into_iter().for_each(wake);
        }
    }
}

/// A future of a subscriber, which is woken late by shards.
pub(crate) struct WokenLate<F> {
    future: F,
    waker: LateWaker,
}

impl<F> WokenLate<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future, waker: LateWaker::default() }
    }
}

impl<F: Future + Unpin> Future for WokenLate<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        Pin::new(&mut this.future).poll(&mut this.waker.over(context))
    }
}

/// The waker a subscriber leaves behind, made once for the task it is polled by.
#[derive(Debug, Default)]
pub(super) struct LateWaker(Option<(Arc<Late>, Waker)>);

impl LateWaker {
    pub(super) fn over<'a>(&'a mut self, context: &Context<'_>) -> Context<'a> {
        let made = self.0.take().filter(|(late, _)| late.0.will_wake(context.waker()));
        let (_, waker) = self.0.insert(made.unwrap_or_else(|| {
            let late = Arc::new(Late(context.waker().clone()));
            (Arc::clone(&late), Waker::from(late))
        }));
        Context::from_waker(waker)
    }
}

#[derive(Debug)]
struct Late(Waker);

impl Wake for Late {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        wake_late(&self.0);
    }
}

/// Wakes at the end of what this thread's shard does in one go; at once where there is none.
pub(crate) fn wake_late(waker: &Waker) {
    let put_off = LIST.try_with(|list| {
        let Ok(mut list) = list.try_borrow_mut() else { return false };
        let Some(List { wakers, task }) = &mut *list else { return false };
        if wakers.is_empty() {
            task.wake_by_ref();
        }
        wakers.push(waker.clone());
        true
    });
    if !put_off.unwrap_or(false) {
        waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests;
