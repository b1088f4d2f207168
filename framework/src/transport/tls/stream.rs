//! A secured stream: plain octets on our side, records on the network's.

use std::io::{self, BufRead, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use rustls::ClientConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::failure::TlsFailure;
use super::witness::Witness;
use crate::network::Stream;

/// A secured stream, after its handshake.
pub(super) struct Secured {
    network: Box<dyn Stream>,
    tls: ClientConnection,
    /// What the handshake saw: in TLS 1.3 a server refuses a client without a certificate only afterwards.
    witness: Witness,
    /// How the stream broke, kept until what came before it was taken.
    broken: Option<io::Error>,
}

impl Secured {
    pub(super) fn new(network: Box<dyn Stream>, tls: ClientConnection, witness: Witness) -> Self {
        Self { network, tls, witness, broken: None }
    }

    /// What was decrypted and not yet taken. An empty slice is the end that the peer said; `None` is nothing so far.
    fn decrypted(&mut self) -> io::Result<Option<&[u8]>> {
        match self.tls.reader().into_first_chunk() {
            Ok(octets) => Ok(Some(octets)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.broken.take().map_or(Ok(None), Err),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(unannounced_end()),
            Err(error) => Err(error),
        }
    }

    /// Takes records in; 0 is the end of the network's stream.
    fn take_in(&mut self, read: impl FnMut(&mut dyn Stream, &mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        let count = self.tls.read_tls(&mut Reading { network: &mut *self.network, read })?;
        if let Err(error) = self.tls.process_new_packets() {
            // The peer is told which alert it is; it need not listen any more.
            self.push_now();
            self.broken = Some(io::Error::other(TlsFailure::of_wire(error, &self.witness)));
        }
        Ok(count)
    }

    /// Takes in what the network has, or has its task woken.
    fn take_in_now(&mut self, context: &mut Context<'_>) -> io::Result<usize> {
        // An answer may wait for the last of the request, or for our half of a key update. A write that is broken does not keep
        // from reading what was answered.
        let _ = self.poll_push(context);
        self.take_in(|network, buf| {
            let mut buf = ReadBuf::new(buf);
            match Pin::new(network).poll_read(context, &mut buf) {
                Poll::Ready(read) => read.map(|()| buf.filled().len()),
                Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
            }
        })
    }

    /// Writes the records that wait. Ready when none does.
    fn poll_push(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() {
            let mut writing = Writing { network: &mut *self.network, context };
            match self.tls.write_tls(&mut writing) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what can be written without waiting.
    fn push_now(&mut self) {
        // What could not be written is lost with the stream, or goes with the next write.
        let _ = self.poll_push(&mut Context::from_waker(Waker::noop()));
    }

    /// The write broke. The peer may have said why before it closed.
    fn reason_for(&mut self, broken: io::Error) -> io::Error {
        if let Some(said) = self.broken.take() {
            return said;
        }
        let mut looked_at = 0;
        while looked_at < MOST_WITHOUT_DATA {
            let taken = self.take_in(|network, buf| network.read_now(buf));
            match (taken, self.broken.take()) {
                (Ok(_), Some(said)) => return said,
                (Ok(count @ 1..), None) => looked_at += count,
                (Ok(0) | Err(_), _) => break,
            }
        }
        broken
    }
}

impl AsyncRead for Secured {
    /// Fills the buffer with as many records as are there, of which each holds 16 KiB at most.
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let mut looked_at = 0;
        loop {
            let decrypted = match self.decrypted() {
                Ok(Some(octets)) => {
                    let (count, is_end) = (octets.len().min(buf.remaining()), octets.is_empty());
                    buf.put_slice(&octets[..count]);
                    self.tls.reader().consume(count);
                    if is_end || buf.remaining() == 0 {
                        return Poll::Ready(Ok(()));
                    }
                    looked_at = 0;
                    continue;
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            let has_some = buf.filled().len() > before;
            if looked_at >= MOST_WITHOUT_DATA {
                // Others have their turn too, and among them whoever watches the time.
                context.waker().wake_by_ref();
                return if has_some { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            match decrypted.and_then(|()| self.take_in_now(context)) {
                Ok(count) => looked_at += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return if has_some { Poll::Ready(Ok(())) } else { Poll::Pending };
                }
                Err(error) if has_some => {
                    self.broken = Some(error);
                    return Poll::Ready(Ok(()));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Secured {
    /// Takes no more while records wait, so that as much waits as one call brings: a head, which thus leaves in one write.
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if let Err(broken) = ready!(self.poll_push(context)) {
            return Poll::Ready(Err(self.reason_for(broken)));
        }
        let count = self.tls.writer().write(octets)?;
        match self.poll_push(context) {
            Poll::Ready(Err(broken)) => Poll::Ready(Err(self.reason_for(broken))),
            // What waits goes with the next write, flush or read.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(count)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Err(broken) = ready!(self.poll_push(context)) {
            return Poll::Ready(Err(self.reason_for(broken)));
        }
        Pin::new(&mut self.network).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tls.send_close_notify();
        ready!(self.poll_push(context))?;
        Pin::new(&mut self.network).poll_shutdown(context)
    }
}

impl Stream for Secured {
    /// Through TLS: a session ticket or a key update is no octet, and an idle stream may receive them, if not without end: nobody
    /// else is served while it is looked at.
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut looked_at = 0;
        loop {
            if let Some(octets) = self.decrypted()? {
                let count = octets.len().min(buf.len());
                buf[..count].copy_from_slice(&octets[..count]);
                self.tls.reader().consume(count);
                return Ok(count);
            }
            if looked_at >= MOST_WITHOUT_DATA {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the server sends records without end, and no data",
                ));
            }
            looked_at += self.take_in(|network, buf| network.read_now(buf))?;
            self.push_now();
        }
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.network.remote()
    }

    fn local(&self) -> Option<SocketAddr> {
        self.network.local()
    }
}

impl Drop for Secured {
    /// The peer hears that this was all (RFC 8446 section 6.1), as far as it can be said without waiting.
    fn drop(&mut self) {
        self.tls.send_close_notify();
        self.push_now();
    }
}

/// RFC 9112 section 9.8: without its announcement an end may be anybody's.
fn unannounced_end() -> io::Error {
    let sentence =
        "the stream ended without the TLS announcement of its end (close_notify): what came may be cut short";
    io::Error::new(io::ErrorKind::UnexpectedEof, sentence)
}

/// The network's stream, read as rustls reads.
struct Reading<'a, R> {
    network: &'a mut dyn Stream,
    read: R,
}

impl<R: FnMut(&mut dyn Stream, &mut [u8]) -> io::Result<usize>> Read for Reading<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (self.read)(self.network, buf)
    }
}

/// The network's stream, written as rustls writes.
struct Writing<'a, 'b> {
    network: &'a mut dyn Stream,
    context: &'a mut Context<'b>,
}

impl Writing<'_, '_> {
    fn blocking<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
        match polled {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Writing<'_, '_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Self::blocking(Pin::new(&mut *self.network).poll_write(self.context, octets))
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        Self::blocking(Pin::new(&mut *self.network).poll_write_vectored(self.context, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::blocking(Pin::new(&mut *self.network).poll_flush(self.context))
    }
}

/// Octets of records without data that are taken in at once. A handful of session tickets has a few thousand.
const MOST_WITHOUT_DATA: usize = 64 * 1024;
