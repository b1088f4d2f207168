//! One live connection: a stream, what was received on it and not yet taken, and what it has served.

mod exchange;
mod failure;
mod pace;
mod stock;
#[cfg(test)]
mod tests;
mod upload;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::BytesMut;
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use crate::clock;
use crate::id::WireId;
use crate::network::{SecurityInfo, Stream};
use crate::reason::CloseReason;
use crate::transport::{DialTimes, Dialed};

pub(crate) use exchange::{Exchange, Received, Uploaded};
pub(crate) use failure::Failure;
pub(crate) use pace::Pace;

/// One live connection. It is handed to and fro, so it is small.
pub(crate) struct Wire(Box<Parts>);

struct Parts {
    id: WireId,
    stream: Box<dyn Stream>,
    /// Without a buffer while there is nothing in it.
    received: BytesMut,
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    times: DialTimes,
    security: Option<Arc<SecurityInfo>>,
    exchanges: u64,
    /// How much is asked of the stream at once: doubles while it gives all of it.
    appetite: usize,
}

impl Wire {
    pub(crate) fn new(dialed: Dialed) -> Self {
        let Dialed { stream, times, security } = dialed;
        let (remote, local) = (stream.remote(), stream.local());
        Self(Box::new(Parts {
            id: WireId::next(),
            stream,
            received: BytesMut::new(),
            remote,
            local,
            times,
            security,
            exchanges: 0,
            appetite: SMALLEST_READ,
        }))
    }

    pub(crate) fn id(&self) -> WireId {
        self.0.id
    }

    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.0.remote
    }

    pub(crate) fn local(&self) -> Option<SocketAddr> {
        self.0.local
    }

    pub(crate) fn times(&self) -> DialTimes {
        self.0.times
    }

    /// What is known of it if it is secure.
    pub(crate) fn security(&self) -> Option<&Arc<SecurityInfo>> {
        self.0.security.as_ref()
    }

    /// Has it served an exchange before?
    pub(crate) fn is_used(&self) -> bool {
        self.0.exchanges > 0
    }

    /// Called when an exchange begins on it.
    pub(crate) fn count_exchange(&mut self) {
        self.0.exchanges += 1;
    }

    /// May an idle wire serve again? The peer must have sent nothing since, not even an end.
    ///
    /// What is found is taken: nobody may have a wire that has it.
    pub(crate) fn check_idle(&mut self) -> Result<(), CloseReason> {
        judge_idle(self.0.stream.read_now(&mut [0]))
    }

    /// The same, by what the reactor has seen: of a wire that was read empty a moment ago.
    pub(crate) fn check_idle_as_seen(&mut self) -> Result<(), CloseReason> {
        judge_idle(self.0.stream.read_seen(&mut [0]))
    }

    /// An idle wire holds no buffer.
    pub(crate) fn rest(&mut self) {
        stock::put_back(std::mem::take(&mut self.0.received));
        self.0.appetite = SMALLEST_READ;
    }

    /// What was received and not yet taken.
    pub(crate) fn received(&mut self) -> &mut BytesMut {
        &mut self.0.received
    }

    /// Receives more; 0 is the end. Nothing is lost when the future is dropped.
    async fn fill(&mut self, want: usize) -> io::Result<usize> {
        poll_fn(|context| self.poll_fill(context, want)).await
    }

    /// The same, before the deadline.
    async fn fill_until(&mut self, deadline: Option<Instant>) -> Result<io::Result<usize>, clock::Elapsed> {
        clock::until(deadline, pin!(self.fill(0))).await
    }

    fn poll_fill(&mut self, context: &mut Context<'_>, want: usize) -> Poll<io::Result<usize>> {
        let parts = &mut *self.0;
        parts.make_room(want);
        let spare = parts.spare();
        let polled = poll_read_buf(Pin::new(&mut parts.stream), context, &mut parts.received);
        match polled {
            Poll::Ready(Ok(filled)) if filled == spare => parts.appetite = (parts.appetite * 2).min(LARGEST_READ),
            // A larger one is kept: more is coming, and a new one would have to be paged in.
            Poll::Pending if parts.received.is_empty() && spare <= SMALLEST_READ => {
                stock::put_back(std::mem::take(&mut parts.received));
            }
            _ => {}
        }
        polled
    }

    fn poll_write(&mut self, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.0.stream).poll_write(context, octets) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            other => other,
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.stream).poll_flush(context)
    }
}

fn judge_idle(read: io::Result<usize>) -> Result<(), CloseReason> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Ok(1..) => Err(CloseReason::UnexpectedOctets),
        Ok(0) | Err(_) => Err(CloseReason::PeerClosed),
    }
}

impl Parts {
    fn make_room(&mut self, want: usize) {
        if self.spare() >= want.clamp(1, SMALLEST_READ) || self.received.try_reclaim(self.appetite) {
            return;
        }
        if self.received.is_empty() && self.appetite == SMALLEST_READ {
            self.received = stock::take();
        } else {
            self.received.reserve(self.appetite);
        }
    }

    fn spare(&self) -> usize {
        self.received.capacity() - self.received.len()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.rest();
    }
}

const SMALLEST_READ: usize = stock::SIZE;
const LARGEST_READ: usize = 64 * 1024;
