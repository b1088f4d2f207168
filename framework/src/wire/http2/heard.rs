//! The stream under HTTP/2, with an ear on what the server sends: the frames that `h2` tells nobody of.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock;
use crate::handle::Node;
use crate::network::Stream;
use crate::options::Http2Options;
use crate::protocol::http2::budget::Budget;
use crate::protocol::http2::fault::WireFault;
use crate::protocol::http2::unread::Unread;
use crate::transport::TlsFailure;
use crate::wire::moved::{Moved, add};

/// What was heard of the server.
pub(super) struct Heard {
    budget: RefCell<Budget>,
    /// What came of bodies, and whether it was read.
    unread: RefCell<Unread<Option<Arc<Node>>>>,
    /// Octets received since the driver looked.
    octets: Cell<u64>,
    /// When the last of them came.
    last: Cell<Option<Instant>>,
    moved: Moved,
    /// What there is to be sent waits until the server takes something.
    blocked: Cell<bool>,
    /// What broke the rules of the connection, as `h2` would not tell it.
    fault: RefCell<Option<WireFault>>,
    tls: RefCell<Option<TlsFailure>>,
}

impl Heard {
    pub(super) fn new(options: &Http2Options) -> Self {
        Self {
            budget: RefCell::new(Budget::new(options.control_frames)),
            unread: RefCell::new(Unread::new()),
            octets: Cell::new(0),
            last: Cell::new(None),
            moved: Moved::default(),
            blocked: Cell::default(),
            fault: RefCell::default(),
            tls: RefCell::default(),
        }
    }

    /// When it was heard of last: what is there to be taken has come by then.
    pub(super) fn last(&self) -> Option<Instant> {
        self.last.get()
    }

    pub(super) fn take_octets(&self) -> u64 {
        self.octets.take()
    }

    /// Octets sent, and received.
    pub(super) fn moved(&self) -> (u64, u64) {
        (self.moved.sent.get(), self.moved.received.get())
    }

    pub(super) fn budget(&self) -> std::cell::Ref<'_, Budget> {
        self.budget.borrow()
    }

    /// A stream is open, whose request takes so many interim responses.
    pub(super) fn opened(&self, stream: u32, interims: usize) {
        self.budget.borrow_mut().opened(stream, interims);
    }

    /// An interim head of this stream is kept no more.
    pub(super) fn interim_taken(&self, stream: u32) {
        self.budget.borrow_mut().interim_taken(stream);
    }

    /// Nobody is interested in the stream any more; who read it.
    #[inline]
    pub(super) fn given_up(&self, stream: u32) -> Option<Option<Arc<Node>>> {
        self.budget.borrow_mut().given_up(stream);
        let given_up = self.unread.borrow_mut().given_up(stream);
        given_up.map(|(reader, _waiting)| reader)
    }

    /// The reader of this stream waits for more of it, and is woken when settings of ours have come into force.
    pub(super) fn waits(&self, stream: u32, waker: &Waker) {
        let before = self.unread.borrow_mut().waits(stream, waker);
        drop(before);
    }

    /// Wakes readers if settings of ours have come into force. While `h2` cannot write it may not have looked yet at what has come.
    pub(super) fn wake_if_acknowledged(&self) {
        if !self.blocked.get() && self.budget.borrow_mut().take_acknowledged() {
            let waiting = self.unread.borrow_mut().take_waiting();
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Streams that the server has ended are open no more.
    pub(super) fn note_ended(&self) {
        let mut unread = self.unread.borrow_mut();
        self.budget.borrow_mut().take_ended().for_each(|(stream, heads)| unread.ended(stream, heads));
    }

    pub(super) fn unread(&self) -> std::cell::RefMut<'_, Unread<Option<Arc<Node>>>> {
        self.unread.borrow_mut()
    }

    /// The wire carries nothing: no room is kept for more.
    pub(super) fn rest(&self) {
        self.budget.borrow_mut().rest();
        self.unread.borrow_mut().rest();
    }

    pub(super) fn fault(&self) -> Option<WireFault> {
        self.fault.borrow().clone()
    }

    /// A piece of a request body was sent.
    pub(super) fn sent(&self, octets: usize) {
        self.budget.borrow_mut().sent(octets);
    }

    /// A stream that takes nothing, and does not say so, would be written to for ever.
    fn taken(&self, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.blocked.set(wrote.is_pending());
        wrote.map(|wrote| match wrote {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(octets) => {
                add(&self.moved.sent, octets);
                Ok(octets)
            }
            Err(error) => Err(error),
        })
    }

    /// Why TLS broke.
    pub(super) fn tls(&self) -> Option<TlsFailure> {
        self.tls.borrow().as_ref().map(TlsFailure::again)
    }
}

/// A stream that is listened to.
pub(super) struct Listening {
    stream: Box<dyn Stream>,
    heard: Rc<Heard>,
}

impl Listening {
    pub(super) fn new(stream: Box<dyn Stream>, heard: Rc<Heard>) -> Self {
        Self { stream, heard }
    }
}

impl AsyncRead for Listening {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buf) {
            Poll::Ready(Ok(())) => {
                let octets = buf.filled().get(before..).unwrap_or_default();
                if octets.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                add(&self.heard.octets, octets.len());
                add(&self.heard.moved.received, octets.len());
                let now = clock::now();
                self.heard.last.set(Some(now));
                let judged = {
                    let (mut budget, mut unread) = (self.heard.budget.borrow_mut(), self.heard.unread.borrow_mut());
                    let judged = budget.handle_input(octets, now);
                    budget.take_bodies().for_each(|(stream, octets)| unread.received(stream, octets as u64));
                    judged
                };
                Poll::Ready(judged.map_err(|fault| {
                    let error = io::Error::new(io::ErrorKind::InvalidData, fault.to_string());
                    *self.heard.fault.borrow_mut() = Some(fault);
                    error
                }))
            }
            Poll::Ready(Err(error)) => {
                let kind = error.kind();
                Poll::Ready(Err(match error.downcast::<TlsFailure>() {
                    // `h2` keeps no more of an error than its words.
                    Ok(failure) => {
                        let words = io::Error::new(kind, failure.to_string());
                        *self.heard.tls.borrow_mut() = Some(failure);
                        words
                    }
                    Err(error) => error,
                }))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Listening {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, octets);
        self.heard.taken(wrote)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.heard.blocked.set(flushed.is_pending());
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, octets);
        self.heard.taken(wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
