//! What can be asked of a WebSocket's actor: every operation as a message. The reply is what the method would have returned, and the
//! notification comes too.

use std::fmt;

use actix::Message;
use tokio::sync::oneshot;

use super::part::MessagePart;
use crate::error::Result;

/// Names a call made through a handle, so that dropping its future reaches the right operation; 0 is no such call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ticket(pub(super) u64);

/// Sends a message, or a part of one: [`WebSocket::send`](crate::WebSocket::send).
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpWebSocketSend")]
#[derive(Debug, Message)]
#[rtype(result = "Result<()>")]
pub struct SendMessage {
    pub(super) part: MessagePart,
    pub(super) ticket: Ticket,
}

impl SendMessage {
    /// Sends this.
    pub fn new(part: impl Into<MessagePart>) -> Self {
        Self { part: part.into(), ticket: Ticket::default() }
    }
}

/// Receives a message: [`WebSocket::receive`](crate::WebSocket::receive) and its kin.
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpWebSocketReceive")]
#[derive(Debug, Default, Message)]
#[rtype(result = "Result<MessagePart>")]
pub struct ReceiveMessage {
    pub(super) at_most: Option<usize>,
    pub(super) ticket: Ticket,
}

impl ReceiveMessage {
    /// A part of a message, of at most so many octets.
    pub fn at_most(octets: usize) -> Self {
        Self { at_most: Some(octets), ticket: Ticket::default() }
    }
}

/// Closes the sending side: [`WebSocket::shutdown`](crate::WebSocket::shutdown).
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpWebSocketShutdown")]
#[derive(Message)]
#[rtype(result = "Result<()>")]
pub struct ShutdownWebSocket {
    pub(super) code: u16,
    pub(super) reason: String,
    pub(super) ticket: Ticket,
}

impl ShutdownWebSocket {
    /// With this status and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), ticket: Ticket::default() }
    }
}

impl fmt::Debug for ShutdownWebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShutdownWebSocket({})", self.code)
    }
}

/// Closes the WebSocket by a closing handshake: [`WebSocket::close`](crate::WebSocket::close).
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpWebSocketClose")]
#[derive(Message)]
#[rtype(result = "Result<()>")]
pub struct CloseWebSocket {
    pub(super) code: u16,
    pub(super) reason: String,
    pub(super) ticket: Ticket,
}

impl CloseWebSocket {
    /// With this status and reason.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), ticket: Ticket::default() }
    }
}

impl fmt::Debug for CloseWebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseWebSocket({})", self.code)
    }
}

/// What was handed to a sink on another thread: it goes out piece by piece, and the answer comes when all is through.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct SendBatch {
    pub(super) sink: Ticket,
    pub(super) parts: Vec<MessagePart>,
    pub(super) answer: oneshot::Sender<Result<()>>,
}

/// A stream on another thread wants what has come, as soon as there is any.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TakeBatch {
    pub(super) stream: Ticket,
    pub(super) answer: oneshot::Sender<Vec<Result<MessagePart>>>,
}

/// The future of a call was dropped.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Abandon(pub(super) Ticket);
