//! A wire that speaks HTTP/1.1: a stream, what was received on it and not yet taken, and what it has served.

mod exchange;
mod stock;
#[cfg(test)]
mod tests;
mod upload;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::BytesMut;
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use crate::clock;
use crate::network::Stream;
use crate::reason::CloseReason;
use crate::transport::{ByProxy, Dialed};

use super::moved::{Moved, add};
use super::{Failure, Pace, Received, Uploaded, WireFacts};
use stock::Size;

pub(super) use exchange::Exchange;

/// A wire that speaks HTTP/1.1. It is handed to and fro, so it is small.
pub(crate) struct Http1(Box<Parts>);

struct Parts {
    facts: Arc<WireFacts>,
    stream: Box<dyn Stream>,
    /// Without a buffer while there is nothing in it.
    received: BytesMut,
    by: Option<Rc<ByProxy>>,
    /// Seen by others too.
    moved: Rc<Moved>,
    /// What `received` is; `None` when it has grown out of all sizes.
    size: Option<Size>,
    /// What to read into next: grows while the stream fills it and more is to come.
    appetite: Size,
    /// What that may grow to while the stream fills it. A plain stream is read best into what the processor's cache holds; to
    /// decrypt, and to hand on to another thread, larger pieces are worth more.
    most: Size,
}

impl Http1 {
    pub(super) fn new(dialed: Dialed) -> Self {
        let facts = WireFacts::new(&dialed);
        let Dialed { stream, security, by, .. } = dialed;
        Self(Box::new(Parts {
            facts,
            stream,
            received: BytesMut::new(),
            most: Parts::most(security.is_some()),
            by,
            moved: Rc::default(),
            size: None,
            appetite: Size::Small,
        }))
    }

    pub(super) fn facts(&self) -> &Arc<WireFacts> {
        &self.0.facts
    }

    /// The proxy it goes through, if it does.
    pub(super) fn by(&self) -> Option<&Rc<ByProxy>> {
        self.0.by.as_ref()
    }

    pub(super) fn is_expired(&self) -> bool {
        self.0.moved.is_expired.get()
    }

    pub(super) fn exchanges(&self) -> u64 {
        self.0.moved.begun.get()
    }

    /// Called when an exchange begins on it.
    pub(super) fn count_exchange(&mut self) {
        add(&self.0.moved.begun, 1);
    }

    /// What it has served and moved, now and later.
    pub(super) fn moved(&self) -> Rc<Moved> {
        Rc::clone(&self.0.moved)
    }

    /// May an idle wire serve again? The peer must have sent nothing since, not even an end.
    ///
    /// What is found is taken: nobody may have a wire that has it.
    pub(super) fn check_idle(&mut self) -> Result<(), CloseReason> {
        match self.0.stream.read_now(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Ok(1..) => Err(CloseReason::UnexpectedOctets),
            Ok(0) | Err(_) => Err(CloseReason::PeerClosed),
        }
    }

    /// An idle wire holds no buffer.
    pub(super) fn rest(&mut self) {
        self.0.give_buffer_back();
        self.0.appetite = Size::Small;
        self.0.most = Parts::most(self.0.facts.security.is_some());
    }

    /// Nobody waits for what comes next: it needs no buffer of its own until it does, be a piece of the last one held or not.
    pub(crate) fn lay_down(&mut self) {
        if self.0.received.is_empty() && self.0.may_do_without() {
            self.0.give_buffer_back();
        }
    }

    /// Whoever reads its response is on another thread.
    pub(super) fn serve_from_afar(&mut self) {
        self.0.most = Size::Largest;
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

    /// The same as a poll. `want` is how much is known to come, or 0.
    pub(crate) fn poll_fill(&mut self, context: &mut Context<'_>, want: usize) -> Poll<io::Result<usize>> {
        let parts = &mut *self.0;
        parts.make_room(want);
        let spare = parts.spare();
        let polled = poll_read_buf(Pin::new(&mut parts.stream), context, &mut parts.received);
        if let Poll::Ready(Ok(filled)) = polled {
            add(&parts.moved.received, filled);
        }
        match polled {
            Poll::Ready(Ok(filled)) if filled == spare && want > spare => {
                parts.appetite = parts.appetite.next().min(parts.most)
            }
            // If a piece of it is held, the next one may as well come from the same buffer.
            Poll::Pending if parts.is_whole() && parts.may_do_without() => parts.give_buffer_back(),
            _ => {}
        }
        polled
    }

    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.0.stream).poll_write(context, octets) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(wrote)) => {
                add(&self.0.moved.sent, wrote);
                Poll::Ready(Ok(wrote))
            }
            other => other,
        }
    }

    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.stream).poll_flush(context)
    }
}

impl Parts {
    fn most(secure: bool) -> Size {
        if secure { Size::Largest } else { Size::Larger }
    }

    /// `want` is how much is known to come, or `usize::MAX` where more is to come than anybody knows.
    fn make_room(&mut self, want: usize) {
        let small = Size::Small.octets();
        if want > small && want != usize::MAX {
            self.appetite = self.appetite.max(Size::Large);
        }
        let is_too_small = self.received.is_empty() && self.size < Some(self.appetite);
        if !is_too_small && (self.is_whole() || self.spare() >= want.clamp(1, small)) {
            return;
        }
        while self.received.len() + small > self.appetite.octets() && self.appetite < Size::Largest {
            self.appetite = self.appetite.next();
        }
        if self.received.len() + small > self.appetite.octets() {
            self.received.reserve(small);
            self.size = None;
            return;
        }
        let mut fresh = stock::take(self.appetite);
        fresh.extend_from_slice(&self.received);
        self.give_buffer_back();
        (self.received, self.size) = (fresh, Some(self.appetite));
    }

    fn is_whole(&mut self) -> bool {
        self.size.is_some_and(|size| stock::is_whole(&mut self.received, size))
    }

    /// A larger one that nobody would keep is better kept here than paged in anew for the next piece.
    fn may_do_without(&self) -> bool {
        self.size.is_none_or(|size| size == Size::Small || stock::has_place(size))
    }

    fn give_buffer_back(&mut self) {
        let buffer = std::mem::take(&mut self.received);
        if let Some(size) = self.size.take() {
            stock::put_back(buffer, size);
        }
    }

    fn spare(&self) -> usize {
        self.received.capacity() - self.received.len()
    }
}

impl Drop for Http1 {
    fn drop(&mut self) {
        self.rest();
    }
}
