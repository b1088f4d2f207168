//! Why a dial gave no stream.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::tls::TlsFailure;
use super::tunnel::NoTunnel;
use crate::error::{Blame, Error};
use crate::network::Proxy;
use crate::policy::proxy::Verdict;

/// Why a dial gave no stream.
#[derive(Debug)]
pub(crate) enum DialFailure {
    NotResolved(io::Error),
    ResolveTimeout(Duration),
    /// The address policy lets none of the addresses through; its word on the last one.
    NotAllowed(String),
    /// No address is of the family of the local address that was asked for.
    NotOfFamily(IpAddr),
    /// Every address refused; the last one and its reason.
    NotConnected {
        address: SocketAddr,
        tried: usize,
        error: io::Error,
    },
    /// The time was over; the address that was tried last.
    ConnectTimeout {
        address: SocketAddr,
        tried: usize,
        waited: Duration,
    },
    NotSecured(TlsFailure),
    /// What secures the stream could not be made in time.
    PrepareTimeout(Duration),
    /// Something panicked: what the caller put in the network's place, or this library.
    Panicked(Blame),
    /// HTTP/2 is required, and the server chose this.
    NotHttp2(Option<String>),
    /// Not a word of the protocol could be said in time.
    BeginTimeout(Duration),
    /// The stream broke before a word of the protocol was said.
    NotBegun(io::Error),
    /// The handshake had not ended when the time for connecting was over.
    SecureTimeout(SocketAddr, Duration),
    /// A step up to this proxy failed, itself included: it was not reached, or not secured.
    AtProxy(Proxy, Box<Self>),
    /// This proxy opened no tunnel.
    NoTunnel(Proxy, NoTunnel),
    /// It is not known through which proxy to go.
    NoRoute(Error),
}

impl DialFailure {
    /// Did it fail by what the one who dialed asks for, so that another might fare better?
    pub(crate) fn is_the_askers(&self) -> bool {
        match self {
            Self::Panicked(_) => true,
            Self::AtProxy(_, failure) => failure.is_the_askers(),
            _ => self.is_timeout(),
        }
    }

    /// Was a limit of time over?
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::ResolveTimeout(_)
            | Self::ConnectTimeout { .. }
            | Self::SecureTimeout(..)
            | Self::PrepareTimeout(_)
            | Self::BeginTimeout(_)
            | Self::NoTunnel(_, NoTunnel::Timeout(_)) => true,
            Self::AtProxy(_, failure) => failure.is_timeout(),
            Self::NoTunnel(..)
            | Self::NoRoute(_)
            | Self::Panicked(_)
            | Self::NotResolved(_)
            | Self::NotConnected { .. }
            | Self::NotAllowed(_)
            | Self::NotOfFamily(_)
            | Self::NotSecured(_)
            | Self::NotHttp2(_)
            | Self::NotBegun(_) => false,
        }
    }

    /// Was it connected to, and the stream broken before either side had said what it is?
    pub(crate) fn broke_off(&self) -> bool {
        match self {
            Self::NotSecured(failure) => failure.is_of_network(),
            Self::NotBegun(_) => true,
            _ => false,
        }
    }

    /// What follows, where there are other ways than through this proxy.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            // That the caller's own policy, code or options are in the way holds for any other too.
            Self::AtProxy(_, failure) => match **failure {
                Self::Panicked(_) | Self::NotAllowed(_) | Self::NotOfFamily(_) | Self::PrepareTimeout(_) => {
                    Verdict::Final
                }
                _ => Verdict::Bad,
            },
            Self::NoTunnel(_, NoTunnel::Fault(fault)) => fault.verdict(),
            Self::NoTunnel(..) => Verdict::Bad,
            // Straight to the server, or to its address behind a proxy: another route may know a way.
            Self::NotResolved(_)
            | Self::ResolveTimeout(_)
            | Self::NotConnected { .. }
            | Self::ConnectTimeout { .. } => Verdict::NotThere,
            _ => Verdict::Final,
        }
    }
}
