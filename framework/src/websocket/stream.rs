//! The receiving half of a WebSocket.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::sync::oneshot;

use super::WebSocket;
use super::messages::{Abandon, TakeBatch, Ticket};
use super::part::MessagePart;
use crate::error::{ErrorCode, Operation, Result};

/// The receiving half of a WebSocket: [`WebSocket::split`].
///
/// Gives whole messages, each like one of [`receive`](WebSocket::receive); the server's close is its end, and
/// [`close_status`](WebSocket::close_status) what that said. An error is an item, and the last one unless it is
/// 12017.
/// Dropping the future of a `next` loses nothing: what was in flight stays so, and is the next one's.
///
/// On another thread than that of the wire it takes what has come, up to 256 KiB, at a time. Dropping it ends what is in flight with
/// 12017 and loses what it had taken to another thread; the WebSocket stays open as long as its other half or a clone is there, and what is not
/// received stops the server.
///
/// An example is at [`WebSocketSink`](crate::WebSocketSink).
///
/// # Errors
/// Those of `receive`.
#[must_use = "streams do nothing unless polled"]
pub struct WebSocketStream {
    websocket: WebSocket,
    ticket: Ticket,
    /// What has come to another thread than that of the wire.
    taken: vec::IntoIter<Result<MessagePart>>,
    comes: Option<oneshot::Receiver<Vec<Result<MessagePart>>>>,
    /// An operation is in flight on the thread of the wire.
    waits: bool,
    ended: bool,
}

impl WebSocketStream {
    pub(super) fn of(websocket: WebSocket) -> Self {
        Self {
            websocket,
            ticket: Ticket::next(),
            taken: vec::IntoIter::default(),
            comes: None,
            waits: false,
            ended: false,
        }
    }

    /// The handle it is of.
    pub fn websocket(&self) -> &WebSocket {
        &self.websocket
    }

    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<MessagePart>> {
        loop {
            if let Some(item) = self.taken.next() {
                return Poll::Ready(item);
            }
            if let Some(comes) = &mut self.comes {
                let come = ready!(Pin::new(comes).poll(context));
                self.comes = None;
                match come {
                    Ok(taken) => self.taken = taken.into_iter(),
                    Err(_) => return Poll::Ready(Err(self.websocket.end(Operation::WebSocketReceive))),
                }
                continue;
            }
            if let Some(local) = self.websocket.local() {
                let ticket = self.ticket;
                let message = local.enter(context, |socket, wire, waker| socket.poll_message(ticket, wire, waker));
                let message = message.unwrap_or(Poll::Pending);
                self.waits = message.is_pending();
                return message;
            }
            let (answer, comes) = oneshot::channel();
            self.comes = Some(comes);
            self.websocket.inner.addr.do_send(TakeBatch { stream: self.ticket, answer });
        }
    }
}

impl Stream for WebSocketStream {
    type Item = Result<MessagePart>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let message = ready!(self.poll_message(context));
        let is_last = match &message {
            Ok(part) => part.is_close(),
            // What was cancelled can be begun again.
            Err(error) => error.code() != ErrorCode::OperationCancelled,
        };
        self.ended = is_last;
        Poll::Ready(Some(message).filter(|message| message.is_err() || !is_last))
    }
}

impl FusedStream for WebSocketStream {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl Drop for WebSocketStream {
    fn drop(&mut self) {
        if !self.waits && self.comes.is_none() {
            return;
        }
        // Here, if it can be: whoever receives next does not find it in flight.
        let left = self.websocket.local().and_then(|local| {
            local.enter_with(self.ticket, |socket, ticket| socket.abandon(ticket)).ok().map(|()| local.nudge())
        });
        if left.is_none() {
            self.websocket.inner.addr.do_send(Abandon(self.ticket));
        }
    }
}

impl fmt::Debug for WebSocketStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebSocketStream({})", self.websocket.inner.node.id())
    }
}
