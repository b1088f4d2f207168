//! From a host name to a stream of octets: look-up, then one connection attempt after the other.

mod dial;
mod dns;
mod tcp;

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use dial::{DialFailure, DialTimes, Dialed, dial};

/// A connected stream of octets, whatever carries it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Looks, without waiting, at what an idle stream must not have: octets, or an end.
    fn peek(&self) -> Peek;

    /// The address of the other side.
    fn remote(&self) -> SocketAddr;

    /// The address of this side.
    fn local(&self) -> Option<SocketAddr>;
}

/// What a look at an idle stream showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peek {
    /// Open and silent.
    Silent,
    /// Octets nobody asked for.
    Octets,
    /// The other side has closed, or the stream is broken.
    Ended,
}
