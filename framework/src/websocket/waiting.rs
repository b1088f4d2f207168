//! The tasks of sinks that wait on the thread of the wire. There may be some: whoever is second waits for room like the first.

use std::task::{Context, Waker};

use super::messages::Ticket;

/// A task, and whose it is.
pub(super) type Waiter = (Ticket, Waker);

/// Those who wait.
#[derive(Default)]
pub(super) struct Waiting {
    first: Option<Waiter>,
    others: Vec<Waiter>,
    due: bool,
}

/// Tasks to be woken when nobody is inside.
#[derive(Default)]
pub(super) struct Woken {
    pub(super) sink: Option<Waiter>,
    pub(super) other_sinks: Vec<Waiter>,
    pub(super) stream: Option<Waiter>,
}

impl Woken {
    pub(super) fn wake(self) {
        let Self { sink, other_sinks, stream } = self;
        sink.into_iter().chain(other_sinks).chain(stream).for_each(|(_, waker)| waker.wake());
    }
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// It waits from now on, if it does not already.
    pub(super) fn add(&mut self, of: Ticket, waker: &Waker) {
        self.forget(of);
        match &self.first {
            None => self.first = Some((of, waker.clone())),
            Some(_) => self.others.push((of, waker.clone())),
        }
    }

    /// It does not wait any more; did it?
    pub(super) fn forget(&mut self, of: Ticket) -> bool {
        let Some((first, _)) = &self.first else { return false };
        if *first == of {
            self.first = self.others.pop();
            // What was due to it alone is due to nobody.
            self.due &= self.first.is_some();
            return true;
        }
        let before = self.others.len();
        self.others.retain(|(other, _)| *other != of);
        self.others.len() < before
    }

    /// All who wait now have something to look at.
    pub(super) fn wake(&mut self) {
        self.due = self.first.is_some();
    }

    pub(super) fn take_due(&mut self) -> (Option<Waiter>, Vec<Waiter>) {
        if std::mem::take(&mut self.due) {
            (self.first.take(), std::mem::take(&mut self.others))
        } else {
            (None, Vec::new())
        }
    }
}

/// A task that does not want to be woken.
pub(super) fn nobody() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
