//! The sending half of a WebSocket.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Sink;
use tokio::sync::oneshot;

use super::WebSocket;
use super::messages::{Abandon, SendBatch, Ticket};
use super::part::MessagePart;
use super::waiting::nobody;
use crate::error::{Error, Operation, Result};
use crate::protocol::websocket::fault::SendMisuse;

/// The sending half of a WebSocket: [`WebSocket::split`].
///
/// Each piece that is handed in is an operation, like one of [`send`](WebSocket::send), complete when the kernel took it. They wait in a
/// queue of [`write_queue`](crate::WebSocketOptions::write_queue) octets, and go out when that is full, by a flush, or when the actor
/// comes by. Closing the sink flushes it and closes the sending side as [`shutdown(1000, "")`](WebSocket::shutdown) does; the
/// server's close is not waited for.
///
/// Dropping the sink loses nothing: what it took goes out, and the WebSocket stays open as long as its other half or a clone is there.
/// `cancel` fails what is under way, and what the sink has taken goes out all the same, unless the WebSocket is closed before.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use futures_util::{SinkExt, StreamExt};
///
/// let websocket = session.websocket("ws://www.example.com/")?.connect().await?;
/// let (mut sink, mut stream) = websocket.split();
/// sink.send("hello".into()).await?;
/// let message = stream.next().await.expect("it is open")?;
/// assert_eq!(message.as_text(), Some("hello"));
/// sink.close().await?;
/// assert!(stream.next().await.is_none()); // the server has closed too
/// # session.close().await
/// # }
/// ```
///
/// # Errors
/// Those of `send`. A piece that may not be sent (87) or does not fit (4317) is refused by `start_send` on the thread of the wire; elsewhere
/// by the next flush, and what was handed in behind it is not sent.
#[must_use = "sinks do nothing unless polled"]
pub struct WebSocketSink {
    websocket: WebSocket,
    ticket: Ticket,
    /// What was handed in on another thread than that of the wire.
    batch: Vec<MessagePart>,
    octets: usize,
    /// A batch is under way.
    sent: Option<oneshot::Receiver<Result<()>>>,
    /// Something was handed in on the thread of the wire since the last flush.
    unflushed: bool,
    /// It waits for room on the thread of the wire.
    waits: bool,
    closing: Closing,
}

/// How far the sink is closed.
enum Closing {
    Open,
    Closes(Pin<Box<dyn Future<Output = Result<()>> + Send>>),
    Closed,
}

impl WebSocketSink {
    pub(super) fn of(websocket: WebSocket) -> Self {
        Self {
            websocket,
            ticket: Ticket::next(),
            batch: Vec::new(),
            octets: 0,
            sent: None,
            unflushed: false,
            waits: false,
            closing: Closing::Open,
        }
    }

    /// The handle it is of.
    pub fn websocket(&self) -> &WebSocket {
        &self.websocket
    }

    /// Waits for the batch under way, and hands over the one that was gathered.
    fn poll_batch(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            if let Some(sent) = &mut self.sent {
                let answer = ready!(Pin::new(sent).poll(context));
                self.sent = None;
                answer.unwrap_or_else(|_| Err(self.websocket.end(Operation::WebSocketSend)))?;
            }
            if self.batch.is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let (answer, sent) = oneshot::channel();
        let batch = SendBatch { sink: self.ticket, parts: std::mem::take(&mut self.batch), answer };
        (self.sent, self.octets) = (Some(sent), 0);
        self.websocket.inner.addr.do_send(batch);
    }

    fn put_by(&mut self, part: MessagePart) -> Result<()> {
        let operation = Operation::WebSocketSend;
        self.websocket.inner.node.check_open(operation)?;
        if part.is_close() {
            return Err(Error::parameter(operation, SendMisuse::Close.to_string()));
        }
        // An empty one takes room too.
        self.octets += part.octets().len() + size_of::<MessagePart>();
        self.batch.push(part);
        Ok(())
    }
}

impl Sink<MessagePart> for WebSocketSink {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        let local = if this.batch.is_empty() && this.sent.is_none() { this.websocket.local() } else { None };
        if let Some(local) = local {
            let ticket = this.ticket;
            let ready = local.enter(context, |socket, wire, waker| socket.poll_ready_to_take(ticket, wire, waker));
            let ready = ready.unwrap_or(Poll::Pending);
            this.waits = ready.is_pending();
            return ready;
        }
        if this.octets < this.websocket.inner.write_queue {
            return Poll::Ready(this.websocket.inner.node.check_open(Operation::WebSocketSend));
        }
        if this.sent.is_none() {
            this.hand_over();
        }
        // One batch is under way while the next is gathered.
        let sent = this.poll_batch(context);
        if sent.is_pending() && this.batch.is_empty() { Poll::Ready(Ok(())) } else { sent }
    }

    fn start_send(mut self: Pin<&mut Self>, part: MessagePart) -> Result<()> {
        let this = &mut *self;
        let local = if this.batch.is_empty() && this.sent.is_none() { this.websocket.local() } else { None };
        let ticket = this.ticket;
        match local {
            None => this.put_by(part),
            Some(local) => match local.enter_with(part, |socket, part| socket.take_piece(ticket, part)) {
                Ok(taken) => {
                    this.unflushed |= taken.is_ok();
                    taken
                }
                Err(part) => this.put_by(part),
            },
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        loop {
            ready!(this.poll_batch(context))?;
            if !this.unflushed {
                return Poll::Ready(Ok(()));
            }
            let flushed = match this.websocket.local() {
                Some(local) => {
                    let ticket = this.ticket;
                    let through =
                        local.enter(context, |socket, wire, waker| socket.poll_all_through(ticket, wire, waker));
                    ready!(through.unwrap_or(Poll::Pending))
                }
                None => {
                    this.unflushed = false;
                    // What it took while it was on the thread of the wire.
                    this.hand_over();
                    continue;
                }
            };
            // What failed is told; what went before it may not be through yet.
            this.unflushed = flushed.is_err();
            return Poll::Ready(flushed);
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            match &mut self.closing {
                Closing::Closed => return Poll::Ready(Ok(())),
                Closing::Closes(closes) => {
                    let closed = ready!(closes.as_mut().poll(context));
                    self.closing = if closed.is_ok() { Closing::Closed } else { Closing::Open };
                    return Poll::Ready(closed);
                }
                Closing::Open => {
                    ready!(self.as_mut().poll_flush(context))?;
                    let websocket = self.websocket.clone();
                    self.closing = Closing::Closes(Box::pin(async move { websocket.shutdown(NORMAL, "").await }));
                }
            }
        }
    }
}

impl Drop for WebSocketSink {
    fn drop(&mut self) {
        if !self.batch.is_empty() {
            self.hand_over();
        }
        if !self.unflushed && !self.waits && self.sent.is_none() {
            return;
        }
        let ticket = self.ticket;
        let left =
            self.websocket.local().filter(|_| self.sent.is_none() && !std::thread::panicking()).and_then(|local| {
                // What it took goes out now, as far as it can.
                let left = local.enter(&mut nobody(), |socket, wire, _| socket.sink_is_gone(ticket, wire));
                left.inspect(|()| local.nudge())
            });
        if left.is_none() {
            self.websocket.inner.addr.do_send(Abandon(ticket));
        }
    }
}

impl fmt::Debug for WebSocketSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebSocketSink({})", self.websocket.inner.node.id())
    }
}

/// The status of a close that says that the purpose is fulfilled (RFC 6455 section 7.4.1).
const NORMAL: u16 = 1000;
