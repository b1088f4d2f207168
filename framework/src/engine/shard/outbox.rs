//! Wake-ups for other threads, held back until the shard has done what there is to do at once.
//!
//! To wake a thread costs about as much as a request. One that is awake meets all that has come for it meanwhile, so the wake-ups
//! of one turn go out together.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

thread_local! {
    static HERE: RefCell<Option<Rc<Outbox>>> = const { RefCell::new(None) };
}

/// The wake-ups of one shard.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    held_back: RefCell<Vec<Waker>>,
    /// The task that sends them: it comes after all that was ready before it.
    carrier: RefCell<Option<Waker>>,
    /// That task is over.
    closed: Cell<bool>,
}

impl Outbox {
    /// The outbox of the shard whose job this is.
    pub(crate) fn here() -> Option<Rc<Self>> {
        HERE.with_borrow(Clone::clone)
    }

    /// Wakes somebody on another thread before this one rests.
    pub(crate) fn wake(&self, waker: Waker) {
        if self.closed.get() {
            return waker.wake();
        }
        let mut held_back = self.held_back.borrow_mut();
        if held_back.is_empty()
            && let Some(carrier) = &*self.carrier.borrow()
        {
            carrier.wake_by_ref();
        }
        held_back.push(waker);
    }

    /// Sends what is held back, and has the calling task polled when there is more.
    pub(super) fn send(&self, context: &Context<'_>) {
        let mut carrier = self.carrier.borrow_mut();
        if !carrier.as_ref().is_some_and(|carrier| carrier.will_wake(context.waker())) {
            *carrier = Some(context.waker().clone());
        }
        drop(carrier);
        self.send_all();
    }

    fn send_all(&self) {
        let mut held_back = self.held_back.take();
        held_back.drain(..).for_each(Waker::wake);
        // Nothing is lost if something came in between: it is the allocation that is kept.
        let mut now = self.held_back.borrow_mut();
        if now.is_empty() {
            *now = held_back;
        }
    }

    /// Runs a job of this shard.
    pub(super) fn during(self: &Rc<Self>, job: impl FnOnce()) {
        let before = HERE.replace(Some(Rc::clone(self)));
        let _restored = Restored(before);
        job();
    }
}

struct Restored(Option<Rc<Outbox>>);

impl Drop for Restored {
    fn drop(&mut self) {
        HERE.set(self.0.take());
    }
}

/// The end of the task that sends: what is held back goes out, and whatever comes later goes out at once.
pub(super) struct Carrier(pub(super) Rc<Outbox>);

impl Drop for Carrier {
    fn drop(&mut self) {
        self.0.closed.set(true);
        self.0.send_all();
    }
}
