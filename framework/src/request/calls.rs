//! The waiting calls of a request handle: each asks whoever works for it, and tells them if the caller goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::dev::ToEnvelope;
use actix::{Addr, Context, Handler, Message};
use bytes::Bytes;
use http::HeaderMap;

use super::messages::{
    Abandon, Amount, FinishBody, QueryDataAvailable, Reached, ReadData, ReceiveResponse, SendRequest, Ticket, WriteData,
};
use super::payload::Payload;
use super::{Request, RequestActor};
use crate::engine::thread_number;
use crate::error::{Error, Operation, Result};
use crate::handle::StopReason;
use crate::protocol::http1::ResponseHead;

impl Request {
    /// Sends the request and the body its payload holds (`WinHttpSendRequest`).
    ///
    /// Finds a wire, resolving and connecting if none is idle, and writes the head. With [`Payload::begin`] and
    /// [`Payload::chunked`] the body follows by [`write`](Self::write). After a completed response the request can be sent
    /// again. Dropping the future cancels the operation.
    ///
    /// # Errors
    /// 87 for what may not be sent, with nothing sent; 12019 out of order; 6 on a closed handle; 12007, 12029, 12002 for the
    /// way to the server; 12030 when the wire broke; 12012 while the session shuts down.
    #[doc(alias = "WinHttpSendRequest")]
    pub async fn send(&self, payload: impl Into<Payload>) -> Result<()> {
        self.send_with(HeaderMap::new(), payload, 0).await
    }

    /// [`send`](Self::send) with further header fields, which replace those of the same name, and a context, which replaces
    /// the stored one unless it is 0.
    ///
    /// # Errors
    /// See [`send`](Self::send).
    pub async fn send_with(&self, headers: HeaderMap, payload: impl Into<Payload>, context: u64) -> Result<()> {
        let payload = payload.into();
        self.ask(Operation::Send, |ticket| SendRequest { headers, payload, context, ticket }).await
    }

    /// Writes the next piece of the body (`WinHttpWriteData`); resolves when the kernel took it.
    ///
    /// If the server has refused the request in the meantime the octets are discarded, and `receive_response` gives its answer.
    /// Dropping the future cancels the operation.
    ///
    /// # Errors
    /// 87 beyond the announced length, with nothing written; 12019 out of order; 12030 and 12002 when the wire broke or
    /// stalled.
    #[doc(alias = "WinHttpWriteData")]
    pub async fn write(&self, data: impl Into<Bytes>) -> Result<()> {
        let data = data.into();
        self.ask(Operation::Write, |ticket| WriteData { data, ticket }).await
    }

    /// Ends a chunked body, with trailer fields if there are any. Without trailers `receive_response` does it too.
    ///
    /// # Errors
    /// 87 for a field that may not be a trailer (RFC 9110 6.5.1), or before the announced length is written; 12019 out of
    /// order.
    pub async fn finish(&self, trailers: HeaderMap) -> Result<()> {
        self.ask(Operation::Write, |ticket| FinishBody { trailers, ticket }).await
    }

    /// Receives the response head (`WinHttpReceiveResponse`). Ends a chunked body that is still open. Cancel-safe.
    ///
    /// Over HTTP/2 it is taken while the body is being sent or written, and the response is received beside that: the body is
    /// ended behind the call in flight. One that was begun with [`Payload::duplex`] is not ended, and goes on beside the response.
    ///
    /// # Errors
    /// 87 before the announced length is written; 12019 out of order; 12152, 12181, 12182 for an answer that is not proper
    /// HTTP or too large; 12030 and 12002 when the wire broke or the server was silent.
    #[doc(alias = "WinHttpReceiveResponse")]
    pub async fn receive_response(&self) -> Result<Arc<ResponseHead>> {
        self.ask(Operation::Receive, |ticket| ReceiveResponse { ticket }).await
    }

    /// How many octets the next [`read`](Self::read) gives, waiting for the first; 0 is the end of the body
    /// (`WinHttpQueryDataAvailable`). Cancel-safe.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    #[doc(alias = "WinHttpQueryDataAvailable")]
    pub async fn query_data_available(&self) -> Result<u64> {
        self.ask(Operation::QueryDataAvailable, |ticket| QueryDataAvailable { ticket }).await
    }

    /// Reads from the body (`WinHttpReadData`): exactly what `query_data_available` announced; without it, what there is.
    /// Empty is the end. Cancel-safe.
    ///
    /// # Errors
    /// 12019 out of order; 12030 when the wire broke or the body was cut short, which is never taken for its end; 12152 and
    /// 12183 for broken framing; 12002 after a silence.
    #[doc(alias = "WinHttpReadData")]
    #[doc(alias = "WinHttpReadDataEx")]
    pub async fn read(&self) -> Result<Bytes> {
        self.read_amount(Amount::Available).await
    }

    /// Reads what there is, up to `max` octets. Cancel-safe.
    ///
    /// # Errors
    /// 87 for 0 octets, which could not be told from the end; else as for [`read`](Self::read).
    pub async fn read_at_most(&self, max: usize) -> Result<Bytes> {
        self.read_amount(Amount::AtMost(max)).await
    }

    /// Reads `length` octets; fewer only at the end of the body. Cancel-safe.
    ///
    /// # Errors
    /// 87 for 0 octets; else as for [`read`](Self::read).
    #[doc(alias = "WinHttpReadDataEx")]
    #[doc(alias = "WINHTTP_READ_DATA_EX_FLAG_FILL_BUFFER")]
    pub async fn read_exact(&self, length: usize) -> Result<Bytes> {
        self.read_amount(Amount::Exactly(length)).await
    }

    async fn read_amount(&self, amount: Amount) -> Result<Bytes> {
        let caller = Some(thread_number());
        self.ask(Operation::Read, |ticket| ReadData { amount, ticket, caller }).await
    }

    /// The paved path: the answer of the flight that was launched.
    pub(super) async fn landed(&self) -> Result<Reached> {
        let presence = Presence { present: true, leave: || self.give_up() };
        let answer = self.inner.shared.landing.answer().await;
        presence.end();
        answer.unwrap_or_else(|| Err(self.lost(Operation::Send)))
    }

    async fn ask<M, T>(&self, operation: Operation, message: impl FnOnce(Ticket) -> M) -> Result<T>
    where
        M: Message<Result = Result<T>> + Send + 'static,
        T: Send + 'static,
        RequestActor: Handler<M>,
        Context<RequestActor>: ToEnvelope<RequestActor, M>,
    {
        self.inner.shared.node.check_open(operation)?;
        let ticket = Ticket::next();
        let addr = self.inner.addr();
        let presence = Presence { present: true, leave: || abandon(addr, ticket) };
        let answer = addr.send(message(ticket)).await;
        presence.end();
        answer.unwrap_or_else(|_| Err(self.lost(operation)))
    }

    /// Nobody waits for the flight any more, nor for its answer if that has come.
    fn give_up(&self) {
        if self.inner.shared.landing.leave() {
            self.inner.shared.node.cancel();
        } else {
            self.inner.shared.node.stop().fire(StopReason::Abandoned);
        }
    }

    /// The actor is gone and gave no answer: the handle was closed before it came to this message, or it crashed.
    pub(super) fn lost(&self, operation: Operation) -> Error {
        let node = &self.inner.shared.node;
        if node.has_crashed() { node.interrupted(operation) } else { node.gone(operation) }
    }
}

impl Ticket {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

fn abandon(addr: &Addr<RequestActor>, ticket: Ticket) {
    addr.do_send(Abandon(ticket));
}

/// The caller waits; when its future is dropped, whoever works for it is told.
struct Presence<L: Fn()> {
    present: bool,
    leave: L,
}

impl<L: Fn()> Presence<L> {
    fn end(mut self) {
        self.present = false;
    }
}

impl<L: Fn()> Drop for Presence<L> {
    fn drop(&mut self) {
        if self.present {
            (self.leave)();
        }
    }
}
