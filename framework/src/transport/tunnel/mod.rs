//! A dial through proxies: connect to the nearest, and go on from each to the next, up to the server.

mod login;
mod negotiate;
mod prefixed;
mod way;

use std::fmt;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use http::HeaderMap;

use super::tls::TlsClient;
use crate::network::Proxy;
use crate::options::AuthSchemes;
use crate::policy::auth::Keyring;
use crate::policy::proxy::Plan;
use crate::protocol::tunnel::TunnelFault;

pub(super) use way::dial_through;

/// The proxies that a dial goes through.
pub(crate) struct Through<'a> {
    pub(crate) proxy: &'a Proxy,
    pub(crate) plan: Plan<'a>,
    /// What secures each of them that is secured, in the order of the plan.
    pub(crate) clients: Vec<Option<Rc<TlsClient>>>,
    /// Who else is shown what, where a proxy has no credentials of its own.
    pub(crate) keyring: &'a Keyring,
    /// By which schemes.
    pub(crate) schemes: AuthSchemes,
    /// Fields that CONNECT has unless the proxy's own name them.
    pub(crate) defaults: &'a HeaderMap,
    /// Whoever is behind may speak before it is spoken to: HTTP/2 without TLS.
    pub(crate) may_be_spoken_to: bool,
}

impl Through<'_> {
    pub(super) fn nearest(&self) -> (&str, u16) {
        let nearest = self.plan.0.first().map_or(self.proxy, |leg| leg.proxy);
        (nearest.host(), nearest.port())
    }
}

/// What is known of the proxy of a wire.
#[derive(Debug)]
pub(crate) struct ByProxy {
    pub(crate) proxy: Proxy,
    /// It is handed whole requests, each with these fields; `None` where it is a tunnel.
    pub(crate) forwards: Option<HeaderMap>,
}

/// Why a proxy that was reached opened no tunnel.
pub(crate) enum NoTunnel {
    Fault(TunnelFault),
    Broken(io::Error),
    /// There was no answer in time.
    Timeout(Duration),
}

impl fmt::Debug for NoTunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoTunnel({self})")
    }
}

impl fmt::Display for NoTunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fmt::Display::fmt(fault, f),
            Self::Broken(error) => write!(f, "the connection to it broke: {error}"),
            Self::Timeout(waited) => write!(f, "no answer from it after {waited:?}"),
        }
    }
}
