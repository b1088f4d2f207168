//! How a proxy, and what it is reached through, is gone through: one leg after the other.
//!
//! ```text
//!  connect -> [TLS with the proxy] -> reach the next proxy -> ... -> reach the server | forward
//! ```

use crate::network::{Proxy, ProxyProtocol};

/// All legs, the one that is connected to first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan<'a>(pub(crate) Vec<Leg<'a>>);

/// One proxy, and how what lies behind it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leg<'a> {
    pub(crate) proxy: &'a Proxy,
    /// TLS with the proxy itself comes first.
    pub(crate) secures: bool,
    pub(crate) reach: Reach,
    /// The proxy that lies behind it; `None` is the server.
    pub(crate) next: Option<&'a Proxy>,
}

/// How a proxy is asked to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It is sent whole requests (RFC 9112 section 3.2.2). Only the last of a chain, for plain HTTP/1.1.
    Forward,
    /// CONNECT (RFC 9110 section 9.3.6).
    Connect,
    Socks4,
    Socks5,
}

impl<'a> Plan<'a> {
    /// The way through a proxy. What may be `forwarded` is: plain HTTP/1.1, and no WebSocket.
    pub(crate) fn through(proxy: &'a Proxy, forwarded: bool) -> Self {
        let chain = proxy.chain();
        let legs = chain.iter().enumerate().map(|(at, &proxy)| {
            let next = chain.get(at + 1).copied();
            let reach = match proxy.protocol() {
                ProxyProtocol::Http | ProxyProtocol::Https if forwarded && next.is_none() => Reach::Forward,
                ProxyProtocol::Http | ProxyProtocol::Https => Reach::Connect,
                ProxyProtocol::Socks4 | ProxyProtocol::Socks4a => Reach::Socks4,
                ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => Reach::Socks5,
            };
            Leg { proxy, secures: proxy.protocol() == ProxyProtocol::Https, reach, next }
        });
        Self(legs.collect())
    }
}
