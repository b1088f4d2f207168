//! A TCP stream of a dialer of the test's own, with what the test wants to hear of it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hinternet::network::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream that does something before each read, and maybe before each write. What that holds is dropped with the stream.
pub struct WatchedStream {
    stream: TcpStream,
    before_read: Box<dyn FnMut()>,
    before_write: Box<Ready>,
}

type Ready = dyn FnMut(&mut Context<'_>) -> Poll<()>;

impl WatchedStream {
    /// This is done before each read.
    pub fn new(stream: TcpStream, before_read: impl FnMut() + 'static) -> Self {
        Self { stream, before_read: Box::new(before_read), before_write: Box::new(|_| Poll::Ready(())) }
    }

    /// This has to be ready before each write.
    pub fn before_write(mut self, before_write: impl FnMut(&mut Context<'_>) -> Poll<()> + 'static) -> Self {
        self.before_write = Box::new(before_write);
        self
    }
}

impl Stream for WatchedStream {
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.read_now(buf)
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.stream.remote()
    }

    fn local(&self) -> Option<SocketAddr> {
        self.stream.local()
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        (self.before_read)();
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        ready!((self.before_write)(context));
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl fmt::Debug for WatchedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedStream").field("stream", &self.stream).finish_non_exhaustive()
    }
}
