//! The stream under HTTP/2, with an ear on what the server sends: the frames that `h2` tells nobody of.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock;
use crate::network::Stream;
use crate::options::Http2Options;
use crate::protocol::http2::budget::Budget;
use crate::protocol::http2::fault::WireFault;
use crate::transport::TlsFailure;

/// What was heard of the server.
pub(super) struct Heard {
    budget: RefCell<Budget>,
    /// Octets received since the driver looked.
    octets: Cell<u64>,
    /// What broke the rules of the connection, as `h2` would not tell it.
    fault: RefCell<Option<WireFault>>,
    tls: RefCell<Option<TlsFailure>>,
}

impl Heard {
    pub(super) fn new(options: &Http2Options) -> Self {
        Self {
            budget: RefCell::new(Budget::new(options.control_frames)),
            octets: Cell::new(0),
            fault: RefCell::default(),
            tls: RefCell::default(),
        }
    }

    pub(super) fn take_octets(&self) -> u64 {
        self.octets.take()
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

    /// Nobody is interested in the stream any more.
    pub(super) fn given_up(&self, stream: u32) {
        self.budget.borrow_mut().given_up(stream);
    }

    /// Streams that the server has ended are open no more.
    pub(super) fn forget_ended(&self) {
        self.budget.borrow_mut().take_ended().for_each(drop);
    }

    pub(super) fn fault(&self) -> Option<WireFault> {
        self.fault.borrow().clone()
    }

    /// A piece of a request body was sent.
    pub(super) fn sent(&self, octets: usize) {
        self.budget.borrow_mut().sent(octets);
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
                self.heard.octets.set(self.heard.octets.get() + octets.len() as u64);
                let judged = self.heard.budget.borrow_mut().handle_input(octets, clock::now());
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
        Pin::new(&mut self.stream).poll_write(context, octets).map(taken)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, octets).map(taken)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A stream that takes nothing, and does not say so, would be written to for ever.
fn taken(wrote: io::Result<usize>) -> io::Result<usize> {
    match wrote {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        wrote => wrote,
    }
}
