//! The way from the nearest proxy to the server, leg by leg.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use http::StatusCode;

use super::login::Login;
use super::negotiate::negotiate;
use super::prefixed::Prefixed;
use super::{ByProxy, NoTunnel, Through};
use crate::clock;
use crate::network::{DialDetails, Proxy, Stream};
use crate::notification::{NotificationMask as Mask, Status};
use crate::policy::interleaved;
use crate::policy::proxy::{Leg, Reach};
use crate::protocol::tunnel::{Connect, ConnectAnswer, Goal, Negotiation, Socks4, Socks5, TunnelFault};
use crate::transport::DialFailure;
use crate::transport::connect::{self, Connected};
use crate::transport::dial::{
    DialTimes, Dialed, Way, forget_if_useless, in_time, keep_permitted, resolve, shake_hands, tell_closed,
};
use crate::transport::dns::{self, Resolved};
use crate::transport::tls::Shaken;

/// A dial of the server through these proxies.
pub(in crate::transport) async fn dial_through(
    way: &Way<'_>,
    through: &Through<'_>,
) -> Result<(Dialed, IpAddr), DialFailure> {
    let mut route = Route::new(way, through).await?;
    let at_nearest = |failure| route_failure(through.plan.0.first().map_or(through.proxy, |leg| leg.proxy), failure);
    let resolve_start = clock::now();
    let Resolved { addresses, heard } = resolve(way).await.map_err(at_nearest)?;
    let resolve_end = clock::now();
    // Of all legs together.
    let deadline = way.timeouts.connect.and_then(|limit| resolve_end.checked_add(limit));
    let mut in_vain = 0;
    loop {
        let connected = connect::connect(way, &addresses, deadline).await;
        let Connected { address, stream, failed } = connected
            .inspect_err(|failure| forget_if_useless(way, heard.as_ref(), addresses.len(), failure))
            .map_err(at_nearest)?;
        in_vain += failed;
        let (connect_start, connect_end) = (resolve_end, clock::now());
        let times = DialTimes { resolve_start, resolve_end, connect_start, connect_end, tunnel_end: None, tls: None };
        match route.follow(address, stream, deadline).await {
            Ok((stream, by)) => {
                let tunnel_end = by.forwards.is_none().then(clock::now);
                let times = DialTimes { tunnel_end, ..times };
                route.details.failed_addresses = in_vain;
                return Ok((route.secure(address, stream, times, by, deadline).await?, address.ip()));
            }
            Err(End::Again) => {}
            Err(End::Failed(failure)) => return Err(failure),
        }
    }
}

/// What is known of the way, over all streams that are opened for it.
struct Route<'a> {
    way: &'a Way<'a>,
    through: &'a Through<'a>,
    /// Of each proxy of HTTP.
    logins: Vec<Login>,
    /// Where each leg leads; of several the next one is tried when the last was not reached.
    goals: Vec<Vec<Goal>>,
    /// Of the last stream.
    details: DialDetails,
}

enum End {
    /// On a new stream it may get on.
    Again,
    Failed(DialFailure),
}

impl<'a> Route<'a> {
    async fn new(way: &'a Way<'a>, through: &'a Through<'a>) -> Result<Self, DialFailure> {
        let mut goals = Vec::with_capacity(through.plan.0.len());
        for leg in &through.plan.0 {
            goals.push(goals_of(way, leg).await?);
        }
        let logins = through.plan.0.iter().map(|leg| Login::new(leg.proxy, through.keyring, through.schemes)).collect();
        Ok(Self { way, through, logins, goals, details: DialDetails::default() })
    }

    /// From the nearest proxy to where it speaks with the server, or with who forwards to it.
    async fn follow(
        &mut self,
        address: SocketAddr,
        mut stream: Box<dyn Stream>,
        deadline: Option<Instant>,
    ) -> Result<(Box<dyn Stream>, Rc<ByProxy>), End> {
        let (way, through) = (self.way, self.through);
        let mut forwards = None;
        self.details = DialDetails::default();
        for (at, leg) in through.plan.0.iter().enumerate() {
            if let Some(client) = through.clients.get(at).and_then(Option::as_ref) {
                let secured = shake_hands(way, client, leg.proxy.host(), address, stream, deadline).await;
                let shaken = secured.map_err(|failure| End::Failed(route_failure(leg.proxy, failure)))?;
                if self.details.proxy_tls.is_none() {
                    self.details.proxy_tls = Some(shaken.legs);
                    self.details.proxy_tls_resumed = shaken.security.resumed;
                }
                stream = shaken.stream;
            }
            if leg.reach == Reach::Forward {
                forwards = Some(self.logins[at].fields(leg.proxy));
                break;
            }
            (way.report)(Mask::TUNNELS, &|| Status::OpeningTunnel {
                proxy: leg.proxy.to_string(),
                to: self.goal_of(at, leg),
            });
            match self.open(at, leg, stream, deadline).await {
                Ok(open) => {
                    stream = open;
                    (way.report)(Mask::TUNNELS, &|| Status::TunnelOpened { proxy: leg.proxy.to_string() });
                }
                Err(failure) => {
                    let reason = failure.to_string();
                    (way.report)(Mask::TUNNELS, &|| Status::TunnelFailed {
                        proxy: leg.proxy.to_string(),
                        reason: reason.clone(),
                    });
                    // The stream is gone with it.
                    tell_closed(way);
                    return Err(self.end(at, leg, failure).await);
                }
            }
        }
        Ok((stream, Rc::new(ByProxy { proxy: through.proxy.clone(), forwards })))
    }

    /// A tunnel from this proxy on.
    async fn open(
        &mut self,
        at: usize,
        leg: &Leg<'_>,
        mut stream: Box<dyn Stream>,
        deadline: Option<Instant>,
    ) -> Result<Box<dyn Stream>, NoTunnel> {
        let limit = self.way.timeouts.connect.unwrap_or_default();
        let mut received = BytesMut::new();
        loop {
            let mut machine = self.machine(at, leg).map_err(NoTunnel::Fault)?;
            let opened = negotiate(&mut stream, &mut *machine, &mut received, deadline, limit).await;
            match opened {
                Ok(()) => break,
                Err(NoTunnel::Fault(TunnelFault::Refused(answer))) if answer.may_go_on() => {
                    if !self.answers(at, leg, &answer).await {
                        return Err(NoTunnel::Fault(TunnelFault::Refused(answer)));
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        let is_secured_next = match leg.next {
            Some(next) => next.protocol() == crate::network::ProxyProtocol::Https,
            None => self.way.tls.is_some() || self.through.may_be_spoken_to,
        };
        if !received.is_empty() && !is_secured_next {
            return Err(NoTunnel::Fault(TunnelFault::Unasked { octets: received.len() }));
        }
        Ok(Prefixed::stream(received, stream))
    }

    fn machine(&self, at: usize, leg: &Leg<'_>) -> Result<Box<dyn Negotiation>, TunnelFault> {
        let secret = leg.proxy.secret();
        let goal = self.goals[at].first().ok_or(TunnelFault::Ended)?;
        Ok(match leg.reach {
            Reach::Socks4 => Box::new(Socks4::new(goal, secret)?),
            Reach::Socks5 => Box::new(Socks5::new(goal, secret)?),
            Reach::Connect | Reach::Forward => {
                let fields = self.logins[at].fields(leg.proxy);
                Box::new(Connect::new(leg.proxy.version(), &self.goal_of(at, leg), &fields, self.through.defaults)?)
            }
        })
    }

    /// No tunnel came of it: does another stream make sense?
    async fn end(&mut self, at: usize, leg: &Leg<'_>, failure: NoTunnel) -> End {
        match &failure {
            NoTunnel::Fault(TunnelFault::Refused(answer))
                if !answer.may_go_on() && self.answers(at, leg, answer).await =>
            {
                return End::Again;
            }
            NoTunnel::Fault(fault) if fault.is_about_the_address() && self.goals[at].len() > 1 => {
                self.goals[at].remove(0);
                return End::Again;
            }
            _ => {}
        }
        End::Failed(DialFailure::NoTunnel(leg.proxy.clone(), failure))
    }

    /// It asks who we are: can it be told what it was not told yet?
    async fn answers(&mut self, at: usize, leg: &Leg<'_>, answer: &ConnectAnswer) -> bool {
        if answer.head().status() != StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return false;
        }
        let authority = self.goal_of(at, leg);
        Box::pin(self.logins[at].answers(answer.head().headers(), &authority, answer.may_go_on())).await
    }

    /// `host:port` that this leg leads to.
    fn goal_of(&self, at: usize, leg: &Leg<'_>) -> String {
        match self.goals[at].first() {
            Some(Goal::Address(address)) => address.to_string(),
            _ => {
                let (host, port) = behind(self.way, leg);
                format!("{host}:{port}")
            }
        }
    }

    /// TLS with the server, at the end of the tunnel.
    async fn secure(
        self,
        address: SocketAddr,
        stream: Box<dyn Stream>,
        times: DialTimes,
        by: Rc<ByProxy>,
        deadline: Option<Instant>,
    ) -> Result<Dialed, DialFailure> {
        let (by, mut details) = (Some(by), self.details);
        let Some(client) = self.way.tls else {
            return Ok(Dialed { stream, times, security: None, by, details: Arc::new(details) });
        };
        let (start, host) = (clock::now(), self.way.origin.host());
        let shaken = shake_hands(self.way, client, host, address, stream, deadline).await?;
        let Shaken { stream, security, legs, exported } = shaken;
        let times = DialTimes { tls: Some((start, clock::now())), ..times };
        (details.tls, details.exported) = (Some(legs), exported);
        Ok(Dialed { stream, times, security: Some(security), by, details: Arc::new(details) })
    }
}

fn route_failure(proxy: &Proxy, failure: DialFailure) -> DialFailure {
    DialFailure::AtProxy(proxy.clone(), Box::new(failure))
}

/// Host and port that a leg leads to.
fn behind<'a>(way: &'a Way<'_>, leg: &Leg<'a>) -> (&'a str, u16) {
    match leg.next {
        Some(next) => (next.host(), next.port()),
        None => (way.origin.host(), way.origin.port()),
    }
}

/// Where a leg leads: to addresses, if the proxy takes nothing else, or the host is one; else to its name, which the proxy looks up.
///
/// The address policy has a say in what is known here. What a proxy makes of a name it cannot know.
async fn goals_of(way: &Way<'_>, leg: &Leg<'_>) -> Result<Vec<Goal>, DialFailure> {
    let (host, port) = behind(way, leg);
    let at = |address: SocketAddr| Goal::Address(address);
    if let Some(address) = dns::literal(host) {
        let mut addresses = vec![SocketAddr::new(address, port)];
        keep_permitted(way, host, &mut addresses)?;
        return Ok(addresses.into_iter().map(at).collect());
    }
    if !leg.proxy.protocol().resolves_here() {
        return Ok(vec![Goal::Name(host.to_owned(), port)]);
    }
    let name = if leg.next.is_none() { way.options.name_for(host) } else { host };
    (way.report)(Mask::RESOLVE_NAME, &|| Status::ResolvingName(name.to_owned()));
    let looking_up = dns::look_up(way.options, way.names, name, port);
    let Resolved { mut addresses, .. } = in_time(way, looking_up).await?;
    keep_permitted(way, host, &mut addresses)?;
    if leg.reach == Reach::Socks4 {
        // It takes no others; if there are none, that is what the error says.
        let of_version_4 = addresses.iter().copied().filter(SocketAddr::is_ipv4).collect::<Vec<_>>();
        if !of_version_4.is_empty() {
            addresses = of_version_4;
        }
    }
    let mut addresses = interleaved(addresses);
    addresses.truncate(way.limits.addresses);
    (way.report)(Mask::RESOLVE_NAME, &|| Status::NameResolved(addresses.clone()));
    Ok(addresses.into_iter().map(at).collect())
}
