//! One dial: resolve the name, connect to one of its addresses, secure the stream if the scheme asks for it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dns::Resolved;
use super::names::{Heard, Names, Unresolved};
use super::tls::{TlsClient, TlsFailure};
use super::{connect, dns};
use crate::clock::{self, within};
use crate::error::Blame;
use crate::network::{SecurityInfo, Stream};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{DialOptions, Limits, Timeouts};
use crate::policy::{interleaved, least_loaded};
use crate::reason::CloseReason;
use crate::target::Origin;

/// How a dial goes about it.
pub(crate) struct Way<'a> {
    pub(crate) origin: &'a Origin,
    pub(crate) timeouts: &'a Timeouts,
    pub(crate) limits: &'a Limits,
    pub(crate) options: &'a DialOptions,
    /// For a secure origin.
    pub(crate) tls: Option<&'a TlsClient>,
    /// What the session knows of names.
    pub(crate) names: &'a Arc<Names>,
    /// What the wire is for.
    pub(crate) steers: &'a dyn Steers,
    /// Hears of every step as it happens.
    pub(crate) report: &'a dyn Fn(Mask, &dyn Fn() -> Status),
}

/// Whoever a wire is for has a say in where it goes.
pub(crate) trait Steers {
    /// What is known of the name now.
    fn hears(&self, heard: &Heard);
    /// How many wires go to this address, or are on their way there.
    fn load(&self, address: IpAddr) -> usize;
    /// This address is tried first.
    fn aims_at(&self, address: IpAddr);
}

/// A stream, and when each step of getting it happened.
pub(crate) struct Dialed {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) times: DialTimes,
    /// Of a secure stream.
    pub(crate) security: Option<Arc<SecurityInfo>>,
}

/// When a dial began and ended its steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialTimes {
    pub(crate) resolve_start: Instant,
    pub(crate) resolve_end: Instant,
    pub(crate) connect_start: Instant,
    pub(crate) connect_end: Instant,
    /// Start and end of the handshake of a secure stream.
    pub(crate) tls: Option<(Instant, Instant)>,
}

impl DialTimes {
    /// When the stream was ready.
    pub(crate) fn end(&self) -> Instant {
        self.tls.map_or(self.connect_end, |(_, end)| end)
    }
}

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
}

impl DialFailure {
    /// Did it fail by what the one who dialed asks for, so that another might fare better?
    pub(crate) fn is_the_askers(&self) -> bool {
        self.is_timeout() || matches!(self, Self::Panicked(_))
    }

    /// Was a limit of time over?
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::ResolveTimeout(_)
            | Self::ConnectTimeout { .. }
            | Self::SecureTimeout(..)
            | Self::PrepareTimeout(_)
            | Self::BeginTimeout(_) => true,
            Self::Panicked(_)
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
}

/// Dials an origin; also says which address the stream goes to.
pub(crate) async fn dial(way: &Way<'_>) -> Result<(Dialed, IpAddr), DialFailure> {
    let resolve_start = clock::now();
    let Resolved { addresses, heard } = resolve(way).await?;
    let resolve_end = clock::now();
    // One time limit for all addresses together, or a host with many dead ones would hold a request for minutes; and for the
    // handshake, or a silent server would.
    let deadline = way.timeouts.connect.and_then(|limit| resolve_end.checked_add(limit));
    let (address, stream) = connect::connect(way, &addresses, deadline)
        .await
        .inspect_err(|failure| forget_if_useless(way, heard.as_ref(), addresses.len(), failure))?;
    let connect_end = clock::now();
    let times = DialTimes { resolve_start, resolve_end, connect_start: resolve_end, connect_end, tls: None };
    let dialed = match way.tls {
        None => Dialed { stream, times, security: None },
        // Boxed: a dial without it would have to make room for a handshake.
        Some(client) => Box::pin(secure(way, client, address, stream, times, deadline)).await?,
    };
    Ok((dialed, address.ip()))
}

/// An answer that led to nobody is not what the next dial shall go by.
fn forget_if_useless(way: &Way<'_>, heard: Option<&Heard>, addresses: usize, failure: &DialFailure) {
    if let (DialFailure::NotConnected { tried, .. } | DialFailure::ConnectTimeout { tried, .. }, Some(heard)) =
        (failure, heard)
        && *tried == addresses
    {
        way.names.forget(heard);
    }
}

/// The addresses to try, in order.
async fn resolve(way: &Way<'_>) -> Result<Resolved, DialFailure> {
    let Way { origin, options, .. } = way;
    let limit = way.timeouts.resolve;
    let name = options.name_for(origin.host());
    (way.report)(Mask::RESOLVE_NAME, &|| Status::ResolvingName(name.to_owned()));
    let resolving = pin!(dns::resolve(options, way.names, origin.host(), origin.port()));
    let Resolved { mut addresses, heard } = match within(limit, resolving).await {
        Ok(Ok(resolved)) => resolved,
        Ok(Err(Unresolved::Failed(error))) => return Err(DialFailure::NotResolved(error)),
        Ok(Err(Unresolved::Panicked(blame))) => return Err(DialFailure::Panicked(blame)),
        Err(_) => return Err(DialFailure::ResolveTimeout(limit.unwrap_or_default())),
    };
    if let Some(heard) = &heard {
        way.steers.hears(heard);
    }
    // Whoever found them, and whenever: what is connected to has been seen by the policy of this dial.
    if options.dialer.as_ref().is_none_or(|dialer| dialer.wants_addresses()) {
        keep_allowed(way, &mut addresses)?;
    }
    if options.least_loaded {
        least_loaded(&mut addresses, |address| way.steers.load(address.ip()));
    }
    let mut addresses = interleaved(addresses);
    addresses.truncate(way.limits.addresses);
    if let Some(first) = addresses.first() {
        way.steers.aims_at(first.ip());
    }
    (way.report)(Mask::RESOLVE_NAME, &|| Status::NameResolved(addresses.clone()));
    Ok(Resolved { addresses, heard })
}

/// Keeps the addresses that may be connected to, and can be.
fn keep_allowed(way: &Way<'_>, addresses: &mut Vec<SocketAddr>) -> Result<(), DialFailure> {
    if let Some(policy) = &way.options.address_policy {
        let mut refused = None;
        addresses.retain(|address| match policy.check(way.origin.host(), *address) {
            Ok(()) => true,
            Err(reason) => {
                refused = Some(reason);
                false
            }
        });
        if let Some(reason) = refused.filter(|_| addresses.is_empty()) {
            return Err(DialFailure::NotAllowed(reason));
        }
    }
    // A dialer of the caller's own binds as it likes.
    if let (Some(local), None) = (way.options.local_address, &way.options.dialer) {
        addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
        if addresses.is_empty() {
            return Err(DialFailure::NotOfFamily(local));
        }
    }
    Ok(())
}

async fn secure(
    way: &Way<'_>,
    client: &TlsClient,
    address: SocketAddr,
    stream: Box<dyn Stream>,
    times: DialTimes,
    deadline: Option<Instant>,
) -> Result<Dialed, DialFailure> {
    let host = way.origin.host();
    let start = clock::now();
    (way.report)(Mask::TLS_HANDSHAKE, &|| Status::SecuringConnection(host.to_owned()));
    let failure = match clock::until(deadline, pin!(client.secure(stream, host))).await {
        Ok(Ok((stream, security))) => {
            (way.report)(Mask::TLS_HANDSHAKE, &|| Status::ConnectionSecured(Arc::clone(&security)));
            let times = DialTimes { tls: Some((start, clock::now())), ..times };
            return Ok(Dialed { stream, times, security: Some(security) });
        }
        Ok(Err(failure)) => DialFailure::NotSecured(failure),
        Err(_) => DialFailure::SecureTimeout(address, way.timeouts.connect.unwrap_or_default()),
    };
    if let DialFailure::NotSecured(failure) = &failure
        && let Some(flags) = failure.flags()
    {
        (way.report)(Mask::SECURE_FAILURE, &|| Status::SecureFailure(flags));
    }
    // The stream is gone with the handshake.
    let reason = CloseReason::TransportError;
    (way.report)(Mask::CLOSE_CONNECTION, &|| Status::ClosingConnection { reason });
    (way.report)(Mask::CLOSE_CONNECTION, &|| Status::ConnectionClosed);
    Err(failure)
}
