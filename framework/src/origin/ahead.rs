//! Wires that are dialed before anybody waits for them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Pond;
use super::dialing::Reporter;
use super::line::Asking;
use super::quota::WirePlace;
use crate::clock;
use crate::error::{Error, Stage};
use crate::handle::Node;
use crate::options::{RequestOptions, SharedOptions, Timeouts};
use crate::reason::{CloseReason, WireHealth};
use crate::wire::Http2;

/// In whose name a wire was dialed, and how: another like it is dialed in its place.
pub(super) struct Opener {
    pub(super) owner: Arc<Node>,
    pub(super) options: SharedOptions,
}

/// Hears what became of a dial that nobody waits for.
pub(super) type Told = Box<dyn FnOnce(&Result<(), Error>)>;

/// What is made ready for a dial that nobody waits for.
pub(super) struct Ahead {
    pub(super) told: Told,
    pub(super) place: WirePlace,
}

impl Opener {
    pub(super) fn of(asking: &Asking) -> Self {
        Self { owner: Arc::clone(&asking.owner), options: Arc::clone(&asking.options) }
    }
}

impl Pond {
    /// A wire that carries several exchanges is on its way out, or carries too much: where it was in use, and no other takes its
    /// part, the next one is dialed before anybody has to wait for it. That it cannot be had is nobody's error.
    pub(super) fn replace_if_missed(self: &Rc<Self>, wire: &Http2, health: WireHealth, opener: &Opener) {
        let leaves = match health {
            WireHealth::Closed(CloseReason::GoingAway | CloseReason::Retired | CloseReason::NameMoved) => true,
            WireHealth::Closed(_) => false,
            health => !health.takes_requests() || wire.is_burdened(),
        };
        let was_used = |at| clock::now().saturating_duration_since(at) < JUST_NOW;
        // One that never served is missed by nobody: a server that sends each new connection away would be dialed for ever.
        let served = wire.exchanges() > 0 && self.last_used.get().is_some_and(was_used);
        let is_missed = leaves && (wire.open_streams() > 0 || served);
        if is_missed && self.pool.borrow().wants_carrier() {
            self.dial_ahead(opener, Box::new(|_| ()));
        }
    }

    /// Dials, in nobody's name who waits; `false` if no more wires are allowed, or all of the session's places are taken.
    pub(super) fn dial_ahead(self: &Rc<Self>, opener: &Opener, told: Told) -> bool {
        if !self.terms.session.is_in_use() {
            return false;
        }
        // What nobody waits for takes no place of another: two that are to be ready would take each other's for ever.
        let Some(place) = self.terms.quota.free_place() else { return false };
        if self.pool.borrow().is_full() && !self.take_free_place() {
            return false;
        }
        self.pool.borrow_mut().dial_ahead();
        self.empty_since.set(None);
        let Opener { owner, options } = opener;
        let asking = Asking {
            request: Arc::clone(owner),
            owner: Arc::clone(owner),
            options: that_end(options),
            fresh: false,
            stage: Cell::new(Stage::Queue),
        };
        let reporter = Reporter::new(None, owner, &self.terms.session);
        self.begin_dial(self.next_ticket(), Rc::new(asking), Rc::new(reporter), Some(Ahead { told, place }));
        true
    }
}

/// Nobody who waits could give such a dial up: it ends, though the requests whose options these are wait for ever. Until it does
/// no other is made where a wire may come to serve all.
fn that_end(options: &SharedOptions) -> SharedOptions {
    let Timeouts { resolve, connect, .. } = options.timeouts;
    if resolve.is_some() && connect.is_some() {
        return Arc::clone(options);
    }
    let mut options = RequestOptions::clone(options);
    let usual = Timeouts::default();
    options.timeouts.resolve = resolve.or(usual.resolve);
    options.timeouts.connect = connect.or(usual.connect);
    Arc::new(options)
}

/// A wire that carried something so short a time ago is likely to be asked for again.
const JUST_NOW: Duration = Duration::from_secs(1);
