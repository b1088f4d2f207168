//! A stream of which the first octets were received already.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::network::Stream;

/// A stream of which the first octets were received already, behind the answer of a proxy.
pub(super) struct Prefixed {
    first: BytesMut,
    stream: Box<dyn Stream>,
}

impl Prefixed {
    /// The stream as it is, if nothing was.
    pub(super) fn stream(first: BytesMut, stream: Box<dyn Stream>) -> Box<dyn Stream> {
        if first.is_empty() { stream } else { Box::new(Self { first, stream }) }
    }
}

impl AsyncRead for Prefixed {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buf);
        }
        let count = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first[..count]);
        self.first.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prefixed {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Stream for Prefixed {
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.first.is_empty() {
            return self.stream.read_now(buf);
        }
        let count = self.first.len().min(buf.len());
        buf[..count].copy_from_slice(&self.first[..count]);
        self.first.advance(count);
        Ok(count)
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.stream.remote()
    }

    fn local(&self) -> Option<SocketAddr> {
        self.stream.local()
    }
}
