//! The calls of a self-healing WebSocket. None of them goes through the mailbox, and each may be dropped at any moment.

use std::sync::Arc;

use futures_util::{Stream, stream};

use super::figures::HealingState;
use super::inbox::HealingEvent;
use super::shared::{Shared, State};
use super::{Inner, SelfHealing};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::Node;
use crate::options::Overflow;
use crate::protocol::websocket::closing::CloseFrame;
use crate::websocket::MessagePart;

impl SelfHealing {
    /// Puts a whole message into the queue, from which it goes out as soon as there is a WebSocket. With [`Overflow::Wait`] that may
    /// take until there is room; else it is decided at once.
    ///
    /// # Errors
    /// 87 for a part of a message, for text that is not UTF-8, for a close, and for a message that is larger than the queue; 1816
    /// when there is no room, with [`Overflow::Refuse`]; 4317 after `close` was called or it gave up; 12017 and 6 when it is
    /// cancelled or closed meanwhile.
    pub async fn send(&self, message: impl Into<MessagePart>) -> Result<()> {
        let message = message.into();
        put(&self.inner.shared, &self.inner.node, message).await
    }

    /// The next event: a message, or what became of the connection. The last is [`HealingEvent::GaveUp`] or
    /// [`HealingEvent::Closed`]. Several may wait at once; each event goes to one of them. Cancel-safe.
    ///
    /// # Errors
    /// 4317 after the last event; 12017 and 6 when it is cancelled or closed meanwhile.
    pub async fn receive(&self) -> Result<HealingEvent> {
        receive(&self.inner.shared, &self.inner.node).await
    }

    /// The events as a `Stream`, which ends behind the last one, or when the handle is closed.
    pub fn events(&self) -> impl Stream<Item = HealingEvent> + Send + use<> {
        stream::unfold(self.clone(), async |this| Some((this.receive().await.ok()?, this)))
    }

    /// Resolves when nothing waits any more of what was sent before: it is out, or was dropped.
    ///
    /// # Errors
    /// 4317 when it gave up or was closed with any of those left; 12017 and 6 when it is cancelled or closed meanwhile.
    pub async fn flush(&self) -> Result<()> {
        let operation = Operation::WebSocketSend;
        let Inner { shared, node, .. } = &*self.inner;
        let up_to = shared.lock().outbox.put_so_far();
        let look = |state: &mut State| {
            if state.outbox.was_left(up_to) {
                return Some(Err(over(operation)));
            }
            state.outbox.is_through(up_to).then_some(Ok(()))
        };
        shared.wait(node, operation, look).await
    }

    /// Closes it with a status and a reason: takes no more messages, lets those that wait go out over the WebSocket that lives, and
    /// closes that by a handshake. Without one it ends at once. How many messages were left that will not be sent.
    ///
    /// Dropping the future does not take it back. The handle stays open.
    ///
    /// # Errors
    /// 87 for a status that may not be sent or a reason that is too long (see [`WebSocket::close`](crate::WebSocket::close));
    /// 12002, 12030 and 12152 when the handshake failed; 12017 and 6 when it is cancelled or closed meanwhile. After it gave up:
    /// the messages that were left then.
    pub async fn close(&self, code: u16, reason: &str) -> Result<u64> {
        close(&self.inner.shared, &self.inner.node, code, reason.to_owned()).await
    }
}

pub(super) async fn put(shared: &Arc<Shared>, node: &Arc<Node>, message: MessagePart) -> Result<()> {
    let operation = Operation::WebSocketSend;
    let octets = message.octets().len() as u64;
    let misuse = match message.kind() {
        kind if kind.is_fragment() => {
            Some("a self-healing WebSocket sends whole messages: a part of one might be cut off")
        }
        _ if message.is_close() => Some("a close frame is sent by `close`"),
        kind if kind.is_text() && message.as_text().is_none() => Some("a text message must be UTF-8"),
        _ if !shared.lock().outbox.could_hold(octets) => Some("the message is larger than the queue"),
        _ => None,
    };
    if let Some(misuse) = misuse {
        return Err(Error::parameter(operation, misuse));
    }
    // What is not sent is dropped behind the lock.
    let (mut message, mut oldest) = (Some(message), Vec::new());
    let look = |state: &mut State| {
        if state.seen.state == HealingState::Over || state.close.is_some() {
            return Some(Err(over(operation)));
        }
        match state.outbox.put(octets, message.take()?) {
            Ok(made_room) => {
                oldest = made_room;
                Some(Ok(()))
            }
            Err(back) => {
                message = Some(back);
                (state.outbox.overflow() != Overflow::Wait).then(|| Err(no_room(state)))
            }
        }
    };
    shared.wait(node, operation, look).await?;
    if !oldest.is_empty() {
        // Somebody may flush them.
        shared.changed.notify_waiters();
    }
    shared.supervisor.wake();
    Ok(())
}

pub(super) async fn receive(shared: &Arc<Shared>, node: &Arc<Node>) -> Result<HealingEvent> {
    let operation = Operation::WebSocketReceive;
    let look = |state: &mut State| match state.inbox.take() {
        Some(event) => Some(Ok(event)),
        None => (state.seen.state == HealingState::Over).then(|| Err(over(operation))),
    };
    let event = shared.wait(node, operation, look).await?;
    // There is room for the next one.
    shared.supervisor.wake();
    Ok(event)
}

pub(super) async fn close(shared: &Arc<Shared>, node: &Arc<Node>, code: u16, reason: String) -> Result<u64> {
    let operation = Operation::WebSocketClose;
    CloseFrame::new(code, &reason).map_err(|misuse| Error::parameter(operation, misuse.to_string()))?;
    node.check_open(operation)?;
    shared.lock().close.get_or_insert((code, reason));
    shared.supervisor.wake();
    // Those that wait for room will find none.
    shared.changed.notify_waiters();
    shared.wait(node, operation, |state| state.closed.clone()).await
}

fn over(operation: Operation) -> Error {
    let detail = "the self-healing WebSocket was closed, or gave up";
    Error::new(ErrorCode::InvalidOperation, operation, Stage::State, Blame::Caller, detail)
}

fn no_room(state: &State) -> Error {
    let (messages, octets) = (state.outbox.len(), state.outbox.octets());
    let detail = format!("{messages} messages of {octets} octets wait to be sent already");
    let operation = Operation::WebSocketSend;
    Error::new(ErrorCode::NotEnoughQuota, operation, Stage::Queue, Blame::Caller, detail)
}
