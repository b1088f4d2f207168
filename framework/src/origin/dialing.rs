//! Dials for an origin: tasks of their own, since a wire that comes too late for one request serves another.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_rt::task::JoinHandle;
use futures_util::FutureExt;

use super::ahead::{Ahead, Opener};
use super::failing::into_error;
use super::line::remove;
use super::naming::Aiming;
use super::pool::Ticket;
use super::{Asking, Kept, Pond};
use crate::clock;
use crate::error::{Blame, Operation, Stage};
use crate::handle::Node;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{Timeouts, TlsOptions};
use crate::transport::{DialFailure, Dialed, TlsClient, TlsFailure, Way, dial};
use crate::wire::{Driver, Wire};

/// Who hears of a dial: the request that started it while it waits, then the handle above it, then the session.
pub(super) struct Reporter {
    request: RefCell<Option<Arc<Node>>>,
    owner: Arc<Node>,
    session: Arc<Node>,
}

impl Reporter {
    pub(super) fn new(request: Option<&Arc<Node>>, owner: &Arc<Node>, session: &Arc<Node>) -> Self {
        Self { request: RefCell::new(request.cloned()), owner: Arc::clone(owner), session: Arc::clone(session) }
    }

    pub(super) fn request_left(&self) {
        self.request.borrow_mut().take();
    }

    fn report(&self, mask: Mask, status: &dyn Fn() -> Status) {
        let request = self.request.borrow();
        let hears = match request.as_ref() {
            Some(request) => request,
            None if self.owner.is_open() => &self.owner,
            None => &self.session,
        };
        hears.emit(mask, status);
    }
}

/// A dial under way.
pub(super) struct Dial {
    task: JoinHandle<()>,
    /// Has it a place for its wire? Before that nothing was done that could serve another.
    begun: Rc<Cell<bool>>,
    /// Does it end by itself, whatever the network does?
    ends: bool,
    /// Where it goes, once that is known.
    aim: Option<IpAddr>,
}

impl Dial {
    pub(super) fn has_begun(&self) -> bool {
        self.begun.get()
    }

    pub(super) fn give_up(self) {
        self.task.abort();
    }

    pub(super) fn aims_at(&mut self, address: IpAddr) {
        self.aim = Some(address);
    }

    pub(super) fn goes_to(&self, address: IpAddr) -> bool {
        self.aim == Some(address)
    }
}

impl Pond {
    /// Whoever wanted this dial was served by another. Once it has begun it goes on, for others.
    pub(super) fn give_up_if_not_begun(&self, ticket: Ticket) {
        self.give_up_if(ticket, |dial| !dial.begun.get());
    }

    /// Whoever wanted this dial is gone. It goes on all the same, but not if no limit of time would end it: a black hole would
    /// keep its place for ever.
    pub(super) fn give_up_if_endless(&self, ticket: Ticket) {
        self.give_up_if(ticket, |dial| !dial.begun.get() || !dial.ends);
    }

    fn give_up_if(&self, ticket: Ticket, pointless: impl FnOnce(&Dial) -> bool) {
        let given_up = self.dials.borrow().get(&ticket).is_some_and(pointless);
        if given_up && let Some(dial) = remove(&mut self.dials.borrow_mut(), ticket) {
            dial.give_up();
            self.pool.borrow_mut().dial_failed(ticket);
        }
    }

    pub(super) fn dial(self: &Rc<Self>, ticket: Ticket) {
        let mut waiting = self.waiting.borrow_mut();
        let Some(waiter) = waiting.get_mut(&ticket) else { return };
        let asking = Rc::clone(&waiter.request);
        if !asking.request.is_open() {
            drop(waiting);
            // A handle that closes frees a place for others that close with it: nothing is dialed for those.
            if self.pool.borrow_mut().dial_failed(ticket) {
                self.settle(ticket, Err(asking.request.interrupted(Operation::Send)));
            }
            return;
        }
        let reporter = Rc::new(Reporter::new(Some(&asking.request), &asking.owner, &self.terms.session));
        waiter.reporter = Some(Rc::clone(&reporter));
        drop(waiting);
        self.begin_dial(ticket, asking, reporter, None);
    }

    /// Dials in a task of its own. One that nobody waits for has somebody who is `told`, or nobody at all.
    pub(super) fn begin_dial(
        self: &Rc<Self>,
        ticket: Ticket,
        asking: Rc<Asking>,
        reporter: Rc<Reporter>,
        ahead: Option<Ahead>,
    ) {
        let pond = Rc::clone(self);
        let Timeouts { resolve, connect, .. } = asking.options.timeouts;
        let ends = resolve.is_some() && connect.is_some();
        let (told, place) = ahead.map(|Ahead { told, place }| (told, place)).unzip();
        let begun = Rc::new(Cell::new(place.is_some()));
        let begins = Rc::clone(&begun);
        let task = async move {
            let queued = |position| {
                let position = usize::try_from(position).unwrap_or(usize::MAX);
                reporter.report(Mask::QUEUED, &|| Status::Queued { position });
            };
            let place = match place {
                Some(place) => place,
                None => pond.terms.quota.place(pond.key.session(), queued).await,
            };
            begins.set(true);
            // What resolves and dials may be the caller's own: a panic in it is the end of this dial, not a wait without end.
            let dial = AssertUnwindSafe(pond.dial_as(ticket, &asking, &reporter)).catch_unwind();
            let dialed = dial.await.unwrap_or_else(|_| {
                let is_custom = pond.key.dial().is_custom() || pond.key.tls().is_some_and(TlsOptions::is_custom);
                let blame = if is_custom { Blame::Caller } else { Blame::Library };
                Err(DialFailure::Panicked(blame))
            });
            drop(remove(&mut pond.dials.borrow_mut(), ticket));
            let mut is_late = false;
            let outcome = match dialed {
                Ok((wire, driver, address)) => {
                    tracing::debug!(wire = wire.id().value(), origin = %pond.key.origin, "dialed");
                    let owner = Some(Arc::clone(&asking.owner));
                    is_late = pond.has_arrived(wire.id(), address);
                    let berth = pond.register.enter(&wire, address, place);
                    let berth = match (wire.multiplexed(), driver) {
                        (Some(wire), Some(driver)) => {
                            pond.drive(wire, driver, Opener::of(&asking), berth);
                            None
                        }
                        _ => Some(Box::new(berth)),
                    };
                    let kept = Kept { wire, owner, berth };
                    pond.pool.borrow_mut().dialed(ticket, kept, clock::now());
                    Ok(())
                }
                Err(failure) => {
                    // Those who wait while a wire is dialed ahead dial for themselves.
                    let spares_others = failure.is_the_askers() || told.is_some();
                    let operation = if told.is_some() { Operation::Connect } else { Operation::Send };
                    let error = into_error(failure, &pond.key, operation);
                    tracing::debug!(origin = %pond.key.origin, %error, "dial failed");
                    pond.register.note("dial failed", || error.code().to_string());
                    let (left, all) = {
                        let mut pool = pond.pool.borrow_mut();
                        let left = pool.dial_failed(ticket).then_some(ticket);
                        (left, if spares_others { Vec::new() } else { pool.take_all_who_wait() })
                    };
                    left.into_iter().chain(all).for_each(|ticket| pond.settle(ticket, Err(error.clone())));
                    Err(error)
                }
            };
            pond.perform_assignments();
            if is_late {
                // Those who waited for it are served. Nobody else is, where the name no longer is.
                pond.retire_worn(clock::now());
                pond.perform_assignments();
            }
            if let Some(told) = told {
                told(&outcome);
            }
            pond.ready.dial_is_over();
            pond.make_room_if_wanted();
        };
        // Boxed: a task moves what it runs several times, and this is large.
        let task = actix_rt::spawn(Box::pin(task));
        self.dials.borrow_mut().insert(ticket, Dial { task, begun, ends, aim: None });
    }
}

impl Pond {
    /// Dials; and once more, if the server had spoken with us before and broke the handshake off: a server that is restarted closes
    /// its old listener with whatever waits there unaccepted. Nothing was sent yet, so nothing is done twice.
    async fn dial_as(
        self: &Rc<Self>,
        ticket: Ticket,
        asking: &Asking,
        reporter: &Reporter,
    ) -> Result<(Wire, Option<Driver>, IpAddr), DialFailure> {
        let (mut timeouts, resolved) = (asking.options.timeouts, Cell::new(None));
        let broke_off = match self.dial_once(ticket, asking, reporter, &timeouts, &resolved).await {
            Err(failure) if failure.broke_off() && self.register.opened() > 0 => failure,
            dialed => return dialed,
        };
        // The time for connecting is that of both. It has run since the name was resolved.
        if let (Some(limit), Some(since)) = (&mut timeouts.connect, resolved.get()) {
            *limit = limit.saturating_sub(clock::now().saturating_duration_since(since));
            if limit.is_zero() {
                return Err(broke_off);
            }
        }
        self.register.note("dials again", || "the handshake was broken off".to_owned());
        match self.dial_once(ticket, asking, reporter, &timeouts, &resolved).await {
            // It had less than the time that was asked for: what the server did before says more.
            Err(failure) if failure.is_timeout() => Err(broke_off),
            dialed => dialed,
        }
    }

    async fn dial_once(
        self: &Rc<Self>,
        ticket: Ticket,
        asking: &Asking,
        reporter: &Reporter,
        timeouts: &Timeouts,
        resolved: &Cell<Option<Instant>>,
    ) -> Result<(Wire, Option<Driver>, IpAddr), DialFailure> {
        let options = &asking.options;
        // The machine's authorities are read from its disk, which may be slow.
        let limit = timeouts.connect;
        let tls = match clock::within(limit, pin!(self.tls_client())).await {
            Ok(made) => made.map_err(DialFailure::NotSecured)?,
            Err(_) => return Err(DialFailure::PrepareTimeout(limit.unwrap_or_default())),
        };
        let way = Way {
            origin: &self.key.origin,
            timeouts,
            limits: &options.limits,
            options: self.key.dial(),
            tls: tls.as_deref(),
            through: None,
            names: &self.terms.names,
            steers: &Aiming::new(self, ticket),
            report: &|mask, status| {
                asking.stage.set(step(mask).unwrap_or(asking.stage.get()));
                if mask == Mask::RESOLVE_NAME {
                    // The last report of it is that it is done.
                    resolved.set(Some(clock::now()));
                }
                reporter.report(mask, status);
            },
        };
        let dialed =
            if way.options.proxy.is_direct() { dial(&way).await } else { Box::pin(self.dial_by_routes(&way)).await };
        let (dialed, address) = dialed.map_err(|failure| match failure {
            DialFailure::NotSecured(failure) if failure.is_about_protocols() && self.requires_http2() => {
                DialFailure::NotHttp2(None)
            }
            failure => failure,
        })?;
        let (wire, driver) = self.begin(dialed, limit).await?;
        Ok((wire, driver, address))
    }

    fn requires_http2(&self) -> bool {
        self.key.http2().is_some_and(|terms| terms.required)
    }

    /// Begins to speak the protocol that the server chose, or is known to speak.
    async fn begin(&self, dialed: Dialed, limit: Option<Duration>) -> Result<(Wire, Option<Driver>), DialFailure> {
        let chosen = dialed.security.as_ref().map(|security| security.application_protocol.as_deref());
        let terms = match (self.key.http2(), chosen) {
            (Some(terms), None | Some(Some(HTTP2))) => terms,
            (Some(terms), Some(chosen)) if terms.required => {
                return Err(DialFailure::NotHttp2(chosen.map(str::to_owned)));
            }
            _ => return Ok((Wire::http1(dialed), None)),
        };
        match clock::within(limit, pin!(Wire::http2(dialed, terms.options, terms.response_head))).await {
            Ok(Ok((wire, driver))) => Ok((wire, Some(driver))),
            Ok(Err(error)) => Err(DialFailure::NotBegun(error)),
            Err(_) => Err(DialFailure::BeginTimeout(limit.unwrap_or_default())),
        }
    }

    /// What secures the wires of this origin, made by the first who needs it.
    async fn tls_client(&self) -> Result<Option<Rc<TlsClient>>, TlsFailure> {
        let Some(options) = self.key.tls() else { return Ok(None) };
        if let Some(client) = &*self.tls.borrow() {
            return Ok(Some(Rc::clone(client)));
        }
        let made = Rc::new(TlsClient::new(options, self.key.http2().map(|terms| terms.required)).await?);
        // Of two who made one at a time, the first counts: its tickets are everybody's.
        Ok(Some(Rc::clone(self.tls.borrow_mut().get_or_insert(made))))
    }
}

/// The step of a dial that a report is of.
fn step(mask: Mask) -> Option<Stage> {
    STEPS.into_iter().find_map(|(of, stage)| (of == mask).then_some(stage))
}

/// As ALPN names it (RFC 9113 3.1).
const HTTP2: &str = "h2";
const STEPS: [(Mask, Stage); 4] = [
    (Mask::RESOLVE_NAME, Stage::Resolve),
    (Mask::CONNECT_TO_SERVER, Stage::Connect),
    (Mask::TUNNELS, Stage::Tunnel),
    (Mask::TLS_HANDSHAKE, Stage::Tls),
];
