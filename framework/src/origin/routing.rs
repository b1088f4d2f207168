//! The routes to an origin: which there are, in which order they are tried, and what is remembered of those that failed.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue};

use super::Pond;
use crate::clock;
use crate::error::Error;
use crate::network::{Proxy, Route};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{DialOptions, ProxySettings, Timeouts};
use crate::policy::proxy::{BadProxies, Budget, Plan, Verdict, routes, text_of};
use crate::transport::{DialFailure, Dialed, Through, TlsClient, Way, dial, find_routes};

/// What a session knows of proxies, and tells them.
#[derive(Default)]
pub(crate) struct Proxies {
    bad: Mutex<BadProxies>,
    /// What every CONNECT has.
    fields: HeaderMap,
}

impl Proxies {
    pub(crate) fn new(user_agent: Option<&HeaderValue>) -> Self {
        let fields = user_agent.map(|value| (USER_AGENT, value.clone())).into_iter().collect();
        Self { bad: Mutex::default(), fields }
    }

    fn bad(&self) -> MutexGuard<'_, BadProxies> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("bad", &self.bad).finish_non_exhaustive()
    }
}

/// What secures the wires to the proxies of one origin, with the tickets of each: no origin behind a proxy shares them with another,
/// nor with the proxy.
#[derive(Default)]
pub(super) struct SecureProxies(RefCell<Vec<(Proxy, Rc<TlsClient>)>>);

impl Pond {
    /// Dials by one route after the other, until one works or no other would.
    pub(super) async fn dial_by_routes(&self, way: &Way<'_>) -> Result<(Dialed, IpAddr), DialFailure> {
        let mut routes = self.routes(way.timeouts.resolve).await.map_err(DialFailure::NoRoute)?;
        self.terms.proxies.bad().put_last(&mut routes, clock::now());
        let mut budget = Budget::new(way.timeouts.connect, routes.len());
        let (mut last, mut in_vain, mut is_looking) = (None, 0, false);
        for route in &routes {
            let share = budget.share();
            if last.is_some() && share.is_some_and(|share| share.is_zero()) {
                // Nothing is known of those that could not be tried.
                break;
            }
            if is_looking {
                // It has ended, with nothing.
                (way.report)(Mask::RESOLVE_NAME, &|| Status::NameResolved(Vec::new()));
            }
            let timeouts = Timeouts { connect: share, ..*way.timeouts };
            let looked_up = LookedUp::default();
            let report = |mask, status: &dyn Fn() -> Status| {
                looked_up.note(mask, clock::now());
                (way.report)(mask, status);
            };
            let begun = clock::now();
            let dialed = self.dial_by(route, &Way { timeouts: &timeouts, report: &report, ..*way }).await;
            budget.spent(looked_up.connecting(begun, clock::now()));
            is_looking = looked_up.is_looking();
            let failure = match dialed {
                Ok((mut dialed, address)) => {
                    if let Some(proxy) = route.proxy() {
                        self.terms.proxies.bad().worked(proxy);
                    }
                    if in_vain > 0 {
                        Arc::make_mut(&mut dialed.details).failed_routes = in_vain;
                    }
                    return Ok((dialed, address));
                }
                Err(failure) => failure,
            };
            let verdict = failure.verdict();
            if let (Verdict::Bad, Some(proxy)) = (verdict, route.proxy()) {
                self.terms.proxies.bad().failed(proxy, clock::now());
            }
            if verdict == Verdict::Final {
                return Err(failure);
            }
            self.register.note("route failed", || route.to_string());
            in_vain += 1;
            last = Some(failure);
        }
        Err(last.unwrap_or_else(|| DialFailure::NotResolved(std::io::ErrorKind::NotFound.into())))
    }

    /// The routes to this origin, in order.
    async fn routes(&self, limit: Option<Duration>) -> Result<Vec<Route>, Error> {
        let origin = &self.key.origin;
        if let Some(resolver) = self.key.dial().proxy.resolver() {
            // A request has them found for its own URL; only what is dialed for nobody comes here.
            return find_routes(resolver, origin, &format!("{origin}/"), limit).await;
        }
        let settings = match &self.key.dial().proxy {
            ProxySettings::FromEnvironment | ProxySettings::System => {
                ProxySettings::from_variables(|name| text_of(std::env::var(name)))?
            }
            known => known.clone(),
        };
        Ok(match &settings {
            ProxySettings::Named(named) => routes(named, origin),
            _ => vec![Route::Direct],
        })
    }

    async fn dial_by(&self, route: &Route, way: &Way<'_>) -> Result<(Dialed, IpAddr), DialFailure> {
        let Some(proxy) = route.proxy() else { return dial(way).await };
        let is_http2 = self.key.http2().is_some_and(|terms| terms.required) && !self.key.origin.is_secure();
        let DialOptions { always_tunnel, .. } = way.options;
        let forwarded = !self.key.origin.is_secure() && !is_http2 && !always_tunnel;
        let plan = Plan::through(proxy, forwarded);
        let mut clients = Vec::with_capacity(plan.0.len());
        for leg in &plan.0 {
            clients.push(match leg.secures {
                true => Some(self.secures(leg.proxy, way.timeouts.connect).await?),
                false => None,
            });
        }
        let defaults = &self.terms.proxies.fields;
        let keyring = &*self.terms.keyring;
        let schemes = self.key.proxy_schemes();
        let through = Through { proxy, plan, clients, keyring, schemes, defaults, may_be_spoken_to: is_http2 };
        dial(&Way { through: Some(&through), ..*way }).await
    }

    async fn secures(&self, proxy: &Proxy, limit: Option<Duration>) -> Result<Rc<TlsClient>, DialFailure> {
        let known = |proxies: &SecureProxies| {
            proxies.0.borrow().iter().find(|(known, _)| known == proxy).map(|(_, client)| Rc::clone(client))
        };
        if let Some(client) = known(&self.secure_proxies) {
            return Ok(client);
        }
        let at_proxy = |failure| DialFailure::AtProxy(proxy.clone(), Box::new(failure));
        // The machine's authorities are read from its disk, which may be slow.
        let made = match clock::within(limit, pin!(TlsClient::new(&self.key.dial().proxy_tls, None))).await {
            Ok(made) => Rc::new(made.map_err(|failure| at_proxy(DialFailure::NotSecured(failure)))?),
            Err(_) => return Err(at_proxy(DialFailure::PrepareTimeout(limit.unwrap_or_default()))),
        };
        // Of two who made one at a time, the first counts: its tickets are everybody's.
        if let Some(client) = known(&self.secure_proxies) {
            return Ok(client);
        }
        let mut all = self.secure_proxies.0.borrow_mut();
        if all.len() >= MOST_SECURED {
            all.remove(0);
        }
        all.push((proxy.clone(), Rc::clone(&made)));
        Ok(made)
    }
}

/// When a dial knew all addresses that it needs: each look-up is told of when it begins, and when it is done.
#[derive(Default)]
struct LookedUp(Cell<(bool, Option<Instant>)>);

impl LookedUp {
    fn note(&self, mask: Mask, now: Instant) {
        if mask == Mask::RESOLVE_NAME {
            let (is_looking, _) = self.0.get();
            self.0.set((!is_looking, Some(now)));
        }
    }

    /// Has a look-up begun that came to nothing?
    fn is_looking(&self) -> bool {
        self.0.get().0
    }

    /// How long it has been connecting: looking up names has a limit of its own.
    fn connecting(&self, begun: Instant, now: Instant) -> Duration {
        match self.0.get() {
            (true, _) => Duration::ZERO,
            (false, since) => now.saturating_duration_since(since.unwrap_or(begun)),
        }
    }
}

/// Proxies of one origin whose tickets are kept.
const MOST_SECURED: usize = 32;
