//! What the handle and its supervisor share: queue, events, figures, and who is waked when they change.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use super::ended::Ended;
use super::figures::{HealingFigures, HealingState};
use super::inbox::{HealingEvent, Inbox};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::Node;
use crate::policy::{Outbox, Room};
use crate::websocket::{MessagePart, WebSocket};

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the supervisor.
    pub(super) supervisor: AtomicWaker,
    /// Wakes the calls that wait.
    pub(super) changed: Notify,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) outbox: Outbox<MessagePart>,
    pub(super) inbox: Inbox,
    pub(super) seen: HealingFigures,
    pub(super) websocket: Option<WebSocket>,
    /// `close` was called: with what the server is told.
    pub(super) close: Option<(u16, String)>,
    /// How `close` has ended: how many messages were left.
    pub(super) closed: Option<Result<u64>>,
    /// Grows when the calls that wait are cancelled.
    cancels: u64,
}

impl Shared {
    pub(super) fn new(room: Room) -> Arc<Self> {
        let state = State {
            outbox: Outbox::new(room),
            inbox: Inbox::default(),
            seen: HealingFigures::default(),
            websocket: None,
            close: None,
            closed: None,
            cancels: 0,
        };
        Arc::new(Self { state: Mutex::new(state), supervisor: AtomicWaker::new(), changed: Notify::new() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `look` finds what the call is for. Dropped before, it has taken nothing.
    pub(super) async fn wait<T>(
        &self,
        node: &Node,
        operation: Operation,
        mut look: impl FnMut(&mut State) -> Option<Result<T>>,
    ) -> Result<T> {
        node.check_open(operation)?;
        let mut cancels = None;
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let mut state = self.lock();
                // Under the lock: whatever the end of the handle leaves here is not seen before the end itself.
                if !node.is_open() {
                    return Err(node.interrupted(operation));
                }
                if *cancels.get_or_insert(state.cancels) != state.cancels {
                    let detail = "the operation was cancelled";
                    let code = ErrorCode::OperationCancelled;
                    return Err(Error::new(code, operation, Stage::State, Blame::Caller, detail));
                }
                if let Some(found) = look(&mut state) {
                    return found;
                }
            }
            changed.await;
        }
    }

    pub(super) fn cancel(&self) {
        self.lock().cancels += 1;
        self.changed.notify_waiters();
    }
}

impl State {
    /// It is over: from here on nothing is taken, and nothing follows the event. What is left is to be dropped behind the lock.
    #[must_use = "dropped behind the lock"]
    pub(super) fn end(&mut self, event: HealingEvent, closed: Result<()>) -> Leavings {
        let left = self.outbox.clear();
        self.closed = Some(closed.map(|()| left.len() as u64));
        self.seen.state = HealingState::Over;
        let untold = self.inbox.put(event);
        Leavings { websocket: self.websocket.take(), _left: left, _untold: untold }
    }

    pub(super) fn figures(&self) -> HealingFigures {
        HealingFigures {
            queued: self.outbox.len(),
            queued_octets: self.outbox.octets(),
            dropped: self.outbox.dropped(),
            round_trip: self.websocket.as_ref().and_then(WebSocket::round_trip),
            ..self.seen.clone()
        }
    }
}

/// What is dropped behind the lock at the end.
#[derive(Debug)]
pub(super) struct Leavings {
    pub(super) websocket: Option<WebSocket>,
    _left: Vec<MessagePart>,
    _untold: Option<Ended>,
}

/// Dropped behind the guard of the supervisor: by then the handle is marked as ended, and who waits is told so.
#[derive(Debug)]
pub(super) struct LastWord(pub(super) Arc<Shared>);

impl Drop for LastWord {
    fn drop(&mut self) {
        // Nobody can receive any more.
        let leavings = {
            let mut state = self.0.lock();
            state.seen.state = HealingState::Over;
            (state.outbox.clear(), std::mem::take(&mut state.inbox), state.websocket.take())
        };
        drop(leavings);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Overflow;

    #[test]
    fn the_end_takes_what_waits_and_takes_nothing_more_under_one_lock() {
        let shared = Shared::new(Room { messages: 9, octets: 99, overflow: Overflow::Refuse });
        let mut state = shared.lock();
        for message in ["a", "b"] {
            state.outbox.put(1, message.into()).unwrap();
        }
        let _leavings = state.end(HealingEvent::Closed, Ok(()));
        // Whoever has the lock next sees that it is over: `send` looks at that.
        assert_eq!((state.seen.state, state.closed.clone().unwrap().unwrap()), (HealingState::Over, 2));
        assert!(state.outbox.is_empty() && state.outbox.was_left(1) && !state.inbox.is_empty());
    }
}
