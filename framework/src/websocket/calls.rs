//! The waiting calls of a WebSocket handle: each asks the actor, and tells it if the caller goes away.

use std::sync::atomic::{AtomicU64, Ordering};

use actix::dev::ToEnvelope;
use actix::{Addr, Context, Handler, Message};

use super::messages::{Abandon, CloseWebSocket, ReceiveMessage, SendMessage, ShutdownWebSocket, Ticket};
use super::part::MessagePart;
use super::{WebSocket, WebSocketActor};
use crate::error::{Operation, Result};

impl WebSocket {
    /// Sends a message, or a part of one (`WinHttpWebSocketSend`); resolves when the kernel took it. Over HTTP/2 that is when its
    /// stream took it: there is room for it in the windows of both, and the driver of the wire hands it to the kernel.
    ///
    /// A message goes out as one frame, and each part of one as a fragment. Dropping the future gives the message up; if a part
    /// of it has gone out the rest follows all the same, for a frame must be ended.
    ///
    /// # Errors
    /// 87 for a part of another type than the message that is open, for text that is not UTF-8, and for a close; 4317 while another
    /// send is in flight, or when the WebSocket is closed either way; 12002 when the server takes nothing for
    /// [`Timeouts::send`](crate::Timeouts::send), and 12030 when the connection broke: nothing can be sent any more, but what the
    /// server has sent can be received.
    #[doc(alias = "WinHttpWebSocketSend")]
    pub async fn send(&self, part: impl Into<MessagePart>) -> Result<()> {
        let part = part.into();
        self.ask(Operation::WebSocketSend, |ticket| SendMessage { part, ticket }).await
    }

    /// Receives a whole message, in however many fragments it comes; or what is left of one that
    /// [`receive_at_most`](Self::receive_at_most) began (`WinHttpWebSocketReceive`). The last is the server's close. Cancel-safe.
    ///
    /// # Errors
    /// 4317 while another receive is in flight, and after the close was received; 12152 when the server breaks the protocol or
    /// the limits of [`WebSocketOptions`](crate::WebSocketOptions), 12030 when the connection ends without a close frame or
    /// breaks, 12002 when the server gives no sign of life; 12017 when `close` is called meanwhile.
    #[doc(alias = "WinHttpWebSocketReceive")]
    pub async fn receive(&self) -> Result<MessagePart> {
        self.ask(Operation::WebSocketReceive, |ticket| ReceiveMessage { at_most: None, ticket }).await
    }

    /// Receives what has come of a message, up to `max` octets; as soon as there is any. What ends the message has its whole kind,
    /// what comes before that is a fragment. Cancel-safe.
    ///
    /// # Errors
    /// 87 for 0 octets; else as for [`receive`](Self::receive).
    #[doc(alias = "WinHttpWebSocketReceive")]
    pub async fn receive_at_most(&self, max: usize) -> Result<MessagePart> {
        self.ask(Operation::WebSocketReceive, |ticket| ReceiveMessage { at_most: Some(max), ticket }).await
    }

    /// Closes the sending side with a status and a reason (`WinHttpWebSocketShutdown`): nothing is sent after this, and what the
    /// server still sends can be received. Dropping the future does not take it back.
    ///
    /// # Errors
    /// 87 for a status that may not be sent (RFC 6455 7.4; 1005 is a close without one), or a reason of more than 123 octets;
    /// 4317 while a send is in flight, or when it was closed before; 12030 and 12002 as for [`send`](Self::send).
    #[doc(alias = "WinHttpWebSocketShutdown")]
    pub async fn shutdown(&self, code: u16, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        self.ask(Operation::WebSocketShutdown, |ticket| ShutdownWebSocket { code, reason, ticket }).await
    }

    /// Closes the WebSocket with a status and a reason (`WinHttpWebSocketClose`): resolves when the server has closed too. Messages
    /// that still come are thrown away, and a receive in flight fails with 12017. The server's close is answered without it, but a
    /// `close` then tells of the end. The handle stays open.
    ///
    /// # Errors
    /// As for [`shutdown`](Self::shutdown); 12002 when the server does not close within
    /// [`close_timeout`](crate::WebSocketOptions::close_timeout); 12152 and 12030 as for [`receive`](Self::receive).
    #[doc(alias = "WinHttpWebSocketClose")]
    pub async fn close(&self, code: u16, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        self.ask(Operation::WebSocketClose, |ticket| CloseWebSocket { code, reason, ticket }).await
    }

    async fn ask<M, T>(&self, operation: Operation, message: impl FnOnce(Ticket) -> M) -> Result<T>
    where
        M: Message<Result = Result<T>> + Send + 'static,
        T: Send + 'static,
        WebSocketActor: Handler<M>,
        Context<WebSocketActor>: ToEnvelope<WebSocketActor, M>,
    {
        let node = &self.inner.node;
        node.check_open(operation)?;
        let ticket = Ticket::next();
        let presence = Presence { addr: Some(&self.inner.addr), ticket };
        let answer = self.inner.addr.send(message(ticket)).await;
        presence.end();
        // The actor is gone and gave no answer: the handle was closed before it came to this message, or it crashed.
        answer.unwrap_or_else(|_| {
            Err(if node.has_crashed() { node.interrupted(operation) } else { node.gone(operation) })
        })
    }
}

impl Ticket {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The caller waits; when its future is dropped, the actor is told.
struct Presence<'a> {
    addr: Option<&'a Addr<WebSocketActor>>,
    ticket: Ticket,
}

impl Presence<'_> {
    fn end(mut self) {
        self.addr = None;
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if let Some(addr) = self.addr {
            addr.do_send(Abandon(self.ticket));
        }
    }
}
