//! One dial: resolve the name, connect to one of its addresses, secure the stream if the scheme asks for it.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use super::connect::{self, Connected};
use super::dns;
use super::dns::Resolved;
use super::failure::DialFailure;
use super::names::{Heard, Names, Unresolved};
use super::tls::{Shaken, TlsClient};
use super::tunnel::{self, ByProxy, Through};
use crate::clock::{self, within};
use crate::network::{DialDetails, SecurityInfo, Stream};
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
    /// The proxies it goes through, if it does.
    pub(crate) through: Option<&'a Through<'a>>,
    /// What the session knows of names.
    pub(crate) names: &'a Arc<Names>,
    /// What the wire is for.
    pub(crate) steers: &'a dyn Steers,
    /// Hears of every step as it happens.
    pub(crate) report: &'a dyn Fn(Mask, &dyn Fn() -> Status),
}

impl Way<'_> {
    /// What is connected to: the nearest proxy, or the origin itself.
    pub(super) fn nearest(&self) -> (&str, u16) {
        match self.through {
            Some(through) => through.nearest(),
            None => (self.origin.host(), self.origin.port()),
        }
    }

    /// What is looked up to find that. It is the origin's name alone that may be looked up under another.
    pub(super) fn name(&self) -> &str {
        match self.through {
            Some(through) => through.nearest().0,
            None => self.options.name_for(self.origin.host()),
        }
    }
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
    /// The proxy it goes through, if it does.
    pub(crate) by: Option<Rc<ByProxy>>,
    pub(crate) details: Arc<DialDetails>,
}

/// When a dial began and ended its steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialTimes {
    pub(crate) resolve_start: Instant,
    pub(crate) resolve_end: Instant,
    pub(crate) connect_start: Instant,
    pub(crate) connect_end: Instant,
    /// When the last tunnel was open, of those that begin at `connect_end`.
    pub(crate) tunnel_end: Option<Instant>,
    /// Start and end of the handshake of a secure stream.
    pub(crate) tls: Option<(Instant, Instant)>,
}

impl DialTimes {
    /// When the stream was ready.
    pub(crate) fn end(&self) -> Instant {
        self.tls.map_or(self.tunnel_end.unwrap_or(self.connect_end), |(_, end)| end)
    }
}

/// Dials an origin; also says which address the stream goes to.
pub(crate) async fn dial(way: &Way<'_>) -> Result<(Dialed, IpAddr), DialFailure> {
    // Boxed: what goes straight to its server has no room for it.
    if let Some(through) = way.through {
        return Box::pin(tunnel::dial_through(way, through)).await;
    }
    dial_directly(way).await
}

async fn dial_directly(way: &Way<'_>) -> Result<(Dialed, IpAddr), DialFailure> {
    let resolve_start = clock::now();
    let Resolved { addresses, heard } = resolve(way).await?;
    let resolve_end = clock::now();
    // One time limit for all addresses together, or a host with many dead ones would hold a request for minutes; and for the
    // handshake, or a silent server would.
    let deadline = way.timeouts.connect.and_then(|limit| resolve_end.checked_add(limit));
    let Connected { address, stream, failed } = connect::connect(way, &addresses, deadline)
        .await
        .inspect_err(|failure| forget_if_useless(way, heard.as_ref(), addresses.len(), failure))?;
    let connect_end = clock::now();
    let connect_start = resolve_end;
    let times = DialTimes { resolve_start, resolve_end, connect_start, connect_end, tunnel_end: None, tls: None };
    let mut dialed = match way.tls {
        None => Dialed { stream, times, security: None, by: None, details: DialDetails::nothing() },
        // Boxed: a dial without it would have to make room for a handshake.
        Some(client) => Box::pin(secure(way, client, address, stream, times, deadline)).await?,
    };
    if failed > 0 {
        Arc::make_mut(&mut dialed.details).failed_addresses = failed;
    }
    Ok((dialed, address.ip()))
}

/// An answer that led to nobody is not what the next dial shall go by.
pub(super) fn forget_if_useless(way: &Way<'_>, heard: Option<&Heard>, addresses: usize, failure: &DialFailure) {
    if let (DialFailure::NotConnected { tried, .. } | DialFailure::ConnectTimeout { tried, .. }, Some(heard)) =
        (failure, heard)
        && *tried == addresses
    {
        way.names.forget(heard);
    }
}

/// The addresses to try, in order.
pub(super) async fn resolve(way: &Way<'_>) -> Result<Resolved, DialFailure> {
    let Way { options, .. } = way;
    let (name, (_, port)) = (way.name(), way.nearest());
    (way.report)(Mask::RESOLVE_NAME, &|| Status::ResolvingName(name.to_owned()));
    let Resolved { mut addresses, heard } = in_time(way, dns::resolve(options, way.names, name, port)).await?;
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

/// A look-up, for as long as one may take.
pub(super) async fn in_time<T>(
    way: &Way<'_>,
    looking_up: impl Future<Output = Result<T, Unresolved>>,
) -> Result<T, DialFailure> {
    let limit = way.timeouts.resolve;
    match within(limit, pin!(looking_up)).await {
        Ok(Ok(resolved)) => Ok(resolved),
        Ok(Err(Unresolved::Failed(error))) => Err(DialFailure::NotResolved(error)),
        Ok(Err(Unresolved::Panicked(blame))) => Err(DialFailure::Panicked(blame)),
        Err(_) => Err(DialFailure::ResolveTimeout(limit.unwrap_or_default())),
    }
}

/// Keeps the addresses of a host that the policy lets through.
pub(super) fn keep_permitted(way: &Way<'_>, host: &str, addresses: &mut Vec<SocketAddr>) -> Result<(), DialFailure> {
    let Some(policy) = &way.options.address_policy else { return Ok(()) };
    let mut refused = None;
    addresses.retain(|address| match policy.check(host, *address) {
        Ok(()) => true,
        Err(reason) => {
            refused = Some(reason);
            false
        }
    });
    match refused.filter(|_| addresses.is_empty()) {
        Some(reason) => Err(DialFailure::NotAllowed(reason)),
        None => Ok(()),
    }
}

/// Keeps the addresses that may be connected to, and can be.
fn keep_allowed(way: &Way<'_>, addresses: &mut Vec<SocketAddr>) -> Result<(), DialFailure> {
    keep_permitted(way, way.nearest().0, addresses)?;
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
    let start = clock::now();
    let shaken = shake_hands(way, client, way.origin.host(), address, stream, deadline).await?;
    let Shaken { stream, security, legs, exported } = shaken;
    let times = DialTimes { tls: Some((start, clock::now())), ..times };
    let details = Arc::new(DialDetails { tls: Some(legs), exported, ..DialDetails::default() });
    Ok(Dialed { stream, times, security: Some(security), by: None, details })
}

/// The handshake with whoever is at the other end, who has to be this host.
pub(super) async fn shake_hands(
    way: &Way<'_>,
    client: &TlsClient,
    host: &str,
    address: SocketAddr,
    stream: Box<dyn Stream>,
    deadline: Option<Instant>,
) -> Result<Shaken, DialFailure> {
    (way.report)(Mask::TLS_HANDSHAKE, &|| Status::SecuringConnection(host.to_owned()));
    let failure = match clock::until(deadline, pin!(client.secure(stream, host))).await {
        Ok(Ok(shaken)) => {
            (way.report)(Mask::TLS_HANDSHAKE, &|| Status::ConnectionSecured(Arc::clone(&shaken.security)));
            return Ok(shaken);
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
    tell_closed(way);
    Err(failure)
}

/// The stream is gone.
pub(super) fn tell_closed(way: &Way<'_>) {
    let reason = CloseReason::TransportError;
    (way.report)(Mask::CLOSE_CONNECTION, &|| Status::ClosingConnection { reason });
    (way.report)(Mask::CLOSE_CONNECTION, &|| Status::ConnectionClosed);
}
