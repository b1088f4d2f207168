//! What all handles to one server share: its wires, their limit, and the line that waits for them.
//!
//! An origin is no handle and no actor but an object of one shard: the requests that use it live on the same thread and borrow
//! wires by a call.

mod ahead;
mod budgets;
mod carriers;
mod dialing;
mod driving;
mod failing;
mod gates;
mod governing;
mod kept;
mod key;
mod lane;
mod lease;
mod life;
mod line;
mod naming;
mod own;
mod pool;
mod pooled;
mod overrides;
mod quota;
mod ready;
mod register;
mod registry;
mod routing;
mod shares;
mod snapshot;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::clock;
use crate::handle::Node;
use crate::id::WireId;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::PoolLimits;
use crate::policy::auth::Keyring;
use crate::reason::CloseReason;
use crate::transport::{Names, TlsClient};
use crate::wire::Http2;

use dialing::Dial;
use driving::is_wire;
use kept::Kept;
use key::OriginKey;
use lane::Lane;
use line::Waiting;
use naming::Naming;
use pool::{Assignment, Pool, Ticket};
use ready::Ready;
use register::Register;
use routing::SecureProxies;
use shares::Spare;

pub(crate) use budgets::Budgets;
pub(crate) use gates::Governors;
pub(crate) use governing::{Governed, Turn, Turns};
pub(crate) use key::{Folding, Sought};
pub(crate) use lane::Lanes;
pub(crate) use lease::Lease;
pub(crate) use life::{distrust_tunnels, evict_idle, expire, expire_wire, network_changed};
pub(crate) use line::Asking;
pub(crate) use overrides::Overrides;
pub(crate) use own::OwnOrigin;
pub(crate) use quota::Quota;
pub(crate) use ready::{Standing, keep_ready, prewarm};
pub(crate) use registry::{Origins, forget_session, known_origin, make_room, origin};
pub(crate) use routing::Proxies;
pub(crate) use snapshot::{Line, line, snapshot, snapshot_of, wire};

/// The wires to one server, and who waits for them.
pub(crate) struct Pond {
    key: OriginKey,
    terms: Arc<Terms>,
    /// Where they are not those of all.
    otherwise: Option<Box<PoolLimits>>,
    pool: RefCell<Pool<Kept>>,
    waiting: RefCell<BTreeMap<Ticket, Box<Waiting>>>,
    /// In the order they began, in which they are given up too.
    dials: RefCell<BTreeMap<Ticket, Dial>>,
    next_ticket: Cell<u64>,
    register: Rc<Register>,
    naming: Naming,
    tls: RefCell<Option<Rc<TlsClient>>>,
    /// What secures the wires to its proxies.
    secure_proxies: SecureProxies,
    /// No wire that was open then serves another request.
    expired: Cell<Option<Instant>>,
    /// Nor one whose dial had begun by then.
    distrusted: Cell<Option<Instant>>,
    /// Since when there is neither a wire nor anybody who wants one.
    empty_since: Cell<Option<Instant>>,
    /// When an exchange ended last on a wire that carries several.
    last_used: Cell<Option<Instant>>,
    /// Who wants wires to be ready, and what came of it.
    ready: Ready,
    /// What it shares with the same origin on other shards. The last to be dropped: the wires are closed by then.
    lane: Option<Box<Lane>>,
}

/// What a session lays down for all its origins.
#[derive(Debug)]
pub(crate) struct Terms {
    /// Hears of wires that no other handle is left for.
    pub(crate) session: Arc<Node>,
    pub(crate) limits: PoolLimits,
    /// What is otherwise for some of them.
    pub(crate) overrides: Overrides,
    pub(crate) lanes: Lanes,
    /// How much of what happens to wires is remembered.
    pub(crate) trace: usize,
    pub(crate) quota: Quota,
    pub(crate) names: Arc<Names>,
    pub(crate) governors: Governors,
    /// What requests that are sent again are paid from.
    pub(crate) budgets: Budgets,
    pub(crate) proxies: Proxies,
    /// Who is shown which credentials.
    pub(crate) keyring: Arc<Keyring>,
}

impl Pond {
    fn new(key: OriginKey, terms: Arc<Terms>) -> Rc<Self> {
        let (lane, otherwise) =
            (Lane::join(&key, &terms).map(Box::new), terms.other_limits_of(&key.origin).map(Box::new));
        let wires = otherwise.as_deref().unwrap_or(&terms.limits).wires_per_origin;
        let pool = if lane.is_some() { Pool::sharing() } else { Pool::new(wires) };
        let pool = RefCell::new(if key.http2().is_some() { pool.dialing_one_at_a_time() } else { pool });
        let (waiting, dials) = (RefCell::default(), RefCell::default());
        let register = Register::new(terms.trace);
        let pond = Rc::new(Self {
            key,
            terms,
            otherwise,
            pool,
            waiting,
            dials,
            next_ticket: Cell::new(0),
            register,
            naming: Naming::default(),
            tls: RefCell::default(),
            secure_proxies: SecureProxies::default(),
            expired: Cell::new(None),
            distrusted: Cell::new(None),
            empty_since: Cell::new(None),
            last_used: Cell::new(None),
            ready: Ready::default(),
            lane,
        });
        pond.listen();
        pond
    }

    /// How many wires it may have, and how long they live.
    fn limits(&self) -> &PoolLimits {
        self.otherwise.as_deref().unwrap_or(&self.terms.limits)
    }

    /// Borrows an idle wire, if there is one and nobody stands in line: what most requests find. Whatever else a request may need
    /// is [`acquire`](Self::acquire)'s.
    pub(crate) fn lend_at_once(self: &Rc<Self>, request: &Arc<Node>) -> Option<Lease> {
        loop {
            let mut reason = CloseReason::MadeRoom;
            let is_sound = |kept: &mut Kept| kept.wire.check_idle().map_err(|found| reason = found).is_ok();
            // A statement of its own: the pool must not be borrowed while a wire is closed.
            let next = self.pool.borrow_mut().lend_at_once(is_sound)?;
            match next {
                Ok(kept) => return Some(Lease::new(Rc::clone(self), kept, Arc::clone(request))),
                Err(kept) => {
                    self.close_idle(kept, reason);
                    self.release_spare();
                }
            }
        }
    }

    /// A share of a wire whose server has said that it takes WebSockets by a stream, if one has room and nobody stands in line for it.
    pub(crate) fn lend_to_websocket(self: &Rc<Self>, request: &Arc<Node>) -> Option<Lease> {
        let kept =
            self.pool.borrow_mut().lend_share(|kept| kept.wire.multiplexed().is_some_and(Http2::takes_websockets))?;
        Some(Lease::new(Rc::clone(self), kept, Arc::clone(request)))
    }

    /// Does what the pool says until it has nothing more to say.
    fn perform_assignments(self: &Rc<Self>) {
        let mut wants_places = false;
        self.cede_places();
        loop {
            // A statement of its own: the pool must not be borrowed while the assignment is performed.
            let next = self.pool.borrow_mut().assign();
            match next {
                None => break,
                Some(Assignment::Lend(ticket, kept)) => {
                    self.give_up_if_not_begun(ticket);
                    self.settle(ticket, Ok(kept));
                }
                Some(Assignment::Dial(ticket)) => self.dial(ticket),
                Some(Assignment::Discard(mut kept)) => {
                    let reason = kept.wire.check_idle().err().unwrap_or(CloseReason::MadeRoom);
                    self.close_idle(kept, reason);
                }
                Some(Assignment::TakePlace(wanted)) => wants_places = !self.take_place(wanted),
            }
        }
        self.release_places(wants_places);
        self.note_if_empty();
    }

    /// An idle wire is closed: its owner hears of it, or the session if that is gone.
    fn close_idle(&self, kept: Kept, reason: CloseReason) {
        if let Some(wire) = kept.wire.multiplexed() {
            // Its driver says the last words, and tells of it.
            return wire.retire(reason);
        }
        tracing::debug!(wire = kept.wire.id().value(), origin = %self.key.origin, %reason, "idle wire closed");
        let hears = kept.owner.as_ref().filter(|owner| owner.is_open()).unwrap_or(&self.terms.session);
        // Whoever hears of the first hears of the second, though the handle closes in between.
        let _hold = hears.hold();
        hears.emit(Mask::CLOSE_CONNECTION, || Status::ClosingConnection { reason });
        kept.ends(reason);
        drop(kept.wire);
        hears.emit(Mask::CLOSE_CONNECTION, || Status::ConnectionClosed);
    }

    fn give_back(self: &Rc<Self>, mut kept: Kept, now: Instant) {
        if let Some(wire) = kept.wire.multiplexed().map(Http2::id) {
            // First: until then it takes the place of a stream.
            drop(kept);
            return self.stream_is_over(wire, now);
        }
        if self.is_worn(&kept.wire, now) {
            let reason = self.why_worn(&kept.wire);
            self.close_idle(kept, reason);
            return self.lose();
        }
        kept.wire.rest();
        if self.pool.borrow().has_no_line() {
            self.pool.borrow_mut().gave_back(kept, now);
            self.release_resting(Spare::JustRested);
        } else {
            if let Some(kept) = self.cede_wire(kept) {
                self.pool.borrow_mut().gave_back(kept, now);
            }
            self.perform_assignments();
        }
        self.make_room_if_wanted();
    }

    /// An exchange is over on a wire that carries several.
    fn stream_is_over(self: &Rc<Self>, wire: WireId, now: Instant) {
        let is_it = is_wire(wire);
        self.last_used.set(Some(now));
        let worn = {
            let mut pool = self.pool.borrow_mut();
            pool.carries_one_less(is_it, now);
            pool.carrier(is_it).is_some_and(|kept| self.is_worn(&kept.wire, now)).then(|| pool.carries_no_more(is_it))
        };
        if let Some(kept) = worn.flatten() {
            let reason = self.why_worn(&kept.wire);
            self.close_idle(kept, reason);
        }
        if !self.pool.borrow().has_no_line() {
            self.perform_assignments();
        }
        self.make_room_if_wanted();
    }

    /// A wire may have come to rest here that holds a place another waits for.
    fn make_room_if_wanted(&self) {
        if self.terms.quota.is_wanted() {
            make_room(self.key.session());
        }
    }

    /// When each of its idle wires came to rest.
    fn resting_since(&self) -> Vec<Instant> {
        self.pool.borrow().resting_since().collect()
    }

    /// Has a wire been idle since then?
    fn rests_since(&self, since: Instant) -> bool {
        self.pool.borrow().resting_since().any(|at| at == since)
    }

    /// Closes the wire that has been idle since then.
    fn close_for_room(&self, since: Instant) {
        let kept = self.pool.borrow_mut().take_resting(since);
        if let Some(kept) = kept {
            self.close_idle(kept, CloseReason::MadeRoom);
            self.release_spare();
            self.note_if_empty();
        }
    }

    fn lose(self: &Rc<Self>) {
        self.pool.borrow_mut().lost();
        self.perform_assignments();
    }

    /// Closes the wires that were idle for too long, or that the peer closed or wrote on.
    fn sweep(self: &Rc<Self>) {
        let expired = self.pool.borrow_mut().expire_but(self.kept_ready(), clock::now(), self.limits().idle_timeout);
        for mut kept in expired {
            let reason = kept.wire.check_idle().err().unwrap_or(CloseReason::IdleTimeout);
            self.close_idle(kept, reason);
        }
        self.pool.borrow().resting_carriers().filter_map(|kept| kept.wire.multiplexed()).for_each(Http2::rest);
        self.retire_worn(clock::now());
        self.watch_name();
        self.terms.governors.sweep(clock::now());
        self.release_resting(Spare::Resting);
        self.top_up(clock::now());
        self.note_if_empty();
    }

    /// The session is closed: its idle wires go with it, and nothing is dialed any more.
    fn end(&self) {
        self.naming.end();
        std::mem::take(&mut *self.dials.borrow_mut()).into_values().for_each(Dial::give_up);
        self.ready.dial_is_over();
        for kept in self.pool.borrow_mut().take_idle() {
            let (wire, reason) = (kept.wire.id().value(), CloseReason::SessionClosed);
            if let Some(wire) = kept.wire.multiplexed() {
                wire.retire(reason);
            }
            // Nobody is told: WinHTTP tells nobody, and all who could hear are closing too.
            tracing::debug!(wire, origin = %self.key.origin, %reason, "idle wire closed");
        }
    }

    fn note_if_empty(&self) {
        if self.pool.borrow().is_empty() && self.empty_since.get().is_none() {
            self.empty_since.set(Some(clock::now()));
        }
    }

    fn empty_since(&self) -> Option<Instant> {
        // What is to have wires again is not forgotten meanwhile.
        self.empty_since.get().filter(|_| !self.is_kept_ready())
    }
}
