//! A subscriber that is a closure: an actor with a queue of its own beside its mailbox.
//!
//! A message through an actix mailbox is two allocations. What this crate posts to an actor of its own goes through a plain queue
//! instead, which the actor empties whenever it runs. Its mailbox stays open for whoever else has its address.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Poll, Waker};

use actix::dev::AsyncContextParts;
use actix::{Actor, ActorFuture, AsyncContext, Context, Handler, Recipient};

use super::Notification;
use super::sink::Dead;

/// The actor that calls the closure, one notification at a time.
pub(crate) struct Closure<F> {
    handle: F,
    queue: Arc<Queue>,
}

impl<F: FnMut(Notification) + Unpin + 'static> Closure<F> {
    pub(crate) fn new(handle: F) -> Self {
        Self { handle, queue: Arc::default() }
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }
}

impl<F: FnMut(Notification) + Unpin + 'static> Actor for Closure<F> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.spawn(Emptying { taken: VecDeque::new() });
    }
}

impl<F: FnMut(Notification) + Unpin + 'static> Handler<Notification> for Closure<F> {
    type Result = ();

    fn handle(&mut self, notification: Notification, _: &mut Context<Self>) {
        (self.handle)(notification);
    }
}

/// Also when the closure panicked, and when its thread ended or never took the actor.
impl<F> Drop for Closure<F> {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// The part of the actor that empties the queue, for as long as somebody has its address.
struct Emptying {
    taken: VecDeque<Notification>,
}

impl<F: FnMut(Notification) + Unpin + 'static> ActorFuture<Closure<F>> for Emptying {
    type Output = ();

    fn poll(
        mut self: Pin<&mut Self>,
        actor: &mut Closure<F>,
        context: &mut Context<Closure<F>>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        // Asked before the last look: whoever lets go has posted by then, and wakes the actor by it.
        let is_held = context.parts().connected();
        while actor.queue.take(&mut self.taken, task.waker()) {
            while let Some(notification) = self.taken.pop_front() {
                (actor.handle)(notification);
            }
            self.taken.shrink_to(KEPT);
        }
        // Every subscription keeps the address. The last one that goes wakes the actor.
        if is_held { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// What was posted to a closure and is not taken yet.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Where the actor's mailbox is.
    place: OnceLock<usize>,
}

#[derive(Default)]
struct State {
    posted: VecDeque<Notification>,
    /// There while the actor waits: it is woken once, however much is posted before it runs.
    waiting: Option<Waker>,
    closed: bool,
}

impl Queue {
    /// Makes it known as the queue of this recipient's actor.
    pub(crate) fn stands_beside(self: &Arc<Self>, recipient: &Recipient<Notification>) {
        let place = *self.place.get_or_init(|| place_of(recipient));
        let mut queues = queues();
        if self.is_open() {
            queues.insert(place, Arc::downgrade(self));
        }
    }

    /// The queue of this recipient's actor, if that is a closure of ours and lives.
    pub(super) fn beside(recipient: &Recipient<Notification>) -> Option<Arc<Self>> {
        let queue = queues().get(&place_of(recipient))?.upgrade();
        queue.filter(|queue| queue.is_open())
    }

    pub(super) fn is_open(&self) -> bool {
        !self.lock().closed
    }

    #[inline]
    pub(super) fn post(&self, notification: Notification) -> Result<(), Dead> {
        let mut state = self.lock();
        if state.closed {
            return Err(Dead);
        }
        state.posted.push_back(notification);
        let waiting = state.waiting.take();
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
        Ok(())
    }

    /// Moves all there is into `taken`, which is empty. `false`: there is nothing, and `waker` is woken when there is.
    fn take(&self, taken: &mut VecDeque<Notification>, waker: &Waker) -> bool {
        let mut state = self.lock();
        if state.posted.is_empty() {
            state.waiting = Some(waker.clone());
            state.posted.shrink_to(KEPT);
            return false;
        }
        mem::swap(&mut state.posted, taken);
        true
    }

    fn close(self: &Arc<Self>) {
        let left = {
            let mut state = self.lock();
            state.closed = true;
            mem::take(&mut state.posted)
        };
        drop(left);
        if let Some(place) = self.place.get() {
            let mut queues = queues();
            // Its place may have been given to another by now.
            if queues.get(place).is_some_and(|queue| queue.as_ptr() == Arc::as_ptr(self)) {
                queues.remove(place);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queues of all closures by the places of their mailboxes. A recipient tells nothing of its actor but that.
fn queues() -> MutexGuard<'static, BTreeMap<usize, Weak<Queue>>> {
    static QUEUES: Mutex<BTreeMap<usize, Weak<Queue>>> = Mutex::new(BTreeMap::new());
    QUEUES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the recipient's mailbox is, which actix gives to hashers alone.
fn place_of(recipient: &Recipient<Notification>) -> usize {
    let mut place = Place(0);
    recipient.hash(&mut place);
    place.0
}

struct Place(usize);

impl Hasher for Place {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_shl(8) | usize::from(*byte);
        }
    }

    fn write_usize(&mut self, place: usize) {
        self.0 = place;
    }

    fn finish(&self) -> u64 {
        self.0 as u64
    }
}

/// So many places a queue keeps when it is empty.
const KEPT: usize = 64;

#[cfg(test)]
mod tests;
