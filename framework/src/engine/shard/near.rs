//! What a shard is told on its own thread: it needs no channel that takes from any, and one wake-up for all that is told at a time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

use tokio::task::coop::has_budget_remaining;

use super::Job;

/// Jobs from the thread of a shard, in the order they came.
pub(super) struct Near {
    shard: u64,
    jobs: RefCell<VecDeque<Job>>,
    /// Of the shard, while it waits for more.
    waker: Cell<Option<Waker>>,
}

impl Near {
    /// From now on what this thread tells the shard comes here.
    pub(super) fn here(shard: u64) -> Rc<Self> {
        let near = Rc::new(Self { shard, jobs: RefCell::default(), waker: Cell::default() });
        SHARDS.with_borrow_mut(|shards| {
            shards.retain(|known| known.strong_count() > 0);
            shards.push(Rc::downgrade(&near));
        });
        near
    }

    /// Gives a job to the shard of this number, if that is on this thread; else the job comes back.
    #[inline]
    pub(super) fn give(shard: u64, job: Job) -> Result<(), Job> {
        let here = |shards: &RefCell<Vec<Weak<Self>>>| {
            shards.borrow().iter().filter_map(Weak::upgrade).find(|near| near.shard == shard)
        };
        let Ok(Some(near)) = SHARDS.try_with(here) else { return Err(job) };
        near.jobs.borrow_mut().push_back(job);
        if let Some(waker) = near.waker.take() {
            waker.wake();
        }
        Ok(())
    }

    /// Does what it was told, as far as may be done in one turn of its task, which is woken for the rest and for what comes. Is it over?
    pub(super) fn work(&self, context: &Context<'_>, mut is_over: impl FnMut(Job) -> bool) -> bool {
        // What these tell in turn does not keep the other tasks of the thread waiting.
        let told = self.jobs.borrow().len().min(AT_ONCE);
        for _ in 0..told {
            let next = self.jobs.borrow_mut().pop_front();
            if next.is_some_and(&mut is_over) {
                return true;
            }
            if !has_budget_remaining() {
                break;
            }
        }
        let mut jobs = self.jobs.borrow_mut();
        if !jobs.is_empty() {
            context.waker().wake_by_ref();
            return false;
        }
        if jobs.capacity() > AT_ONCE {
            *jobs = VecDeque::new();
        }
        self.waker.set(Some(context.waker().clone()));
        false
    }
}

/// As many as a channel would give in one turn.
const AT_ONCE: usize = 128;

thread_local! {
    static SHARDS: RefCell<Vec<Weak<Near>>> = RefCell::default();
}
