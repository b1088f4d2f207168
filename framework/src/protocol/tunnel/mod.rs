//! How a proxy is asked for a tunnel: CONNECT (RFC 9110 section 9.3.6), SOCKS4 and SOCKS5 (RFC 1928, RFC 1929).
//!
//! Each is a machine that is driven in the same way: what it wants written is written, what arrives is handed in, until it says that the
//! tunnel is open or that there will be none.

mod answer;
mod connect;
mod fault;
mod socks4;
mod socks5;
#[cfg(test)]
mod trial;

use bytes::BytesMut;
use zeroize::Zeroizing;

pub use answer::ConnectAnswer;
pub(crate) use connect::Connect;
pub(crate) use fault::{SocksRefusal, TunnelFault};
pub(crate) use socks4::Socks4;
pub(crate) use socks5::Socks5;

/// One conversation with a proxy, up to the tunnel.
pub(crate) trait Negotiation {
    /// What is to be written now. It is taken, and may hold a secret.
    fn output(&mut self) -> Option<Zeroizing<Vec<u8>>>;

    /// Takes what it understands off the front.
    fn handle_input(&mut self, received: &mut BytesMut) -> Result<Step, TunnelFault>;

    /// The proxy closed.
    fn handle_end(&mut self) -> Result<Step, TunnelFault> {
        Err(TunnelFault::Ended)
    }

    /// Has it been refused, and only why is still being said?
    fn is_refused(&self) -> bool {
        false
    }

    /// The time is over, or the stream broke: what was refused by then is a refusal all the same.
    fn handle_failure(&mut self) -> Option<TunnelFault> {
        None
    }
}

/// What one look at the input gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is output.
    Write,
    /// So many octets at most are to be read: what stands behind them may belong to the tunnel.
    NeedMore(usize),
    /// The tunnel is open.
    Open,
}

/// Where a tunnel leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Name(String, u16),
    Address(std::net::SocketAddr),
}
