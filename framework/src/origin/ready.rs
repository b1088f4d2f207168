//! Wires that are there before a request comes: so many as a caller asks for once, and so many as an origin is to have.

use std::cell::{OnceCell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::select;
use tokio::sync::Notify;

use super::ahead::Opener;
use super::{Pond, Sought, Terms, origin};
use crate::clock;
use crate::error::{Error, Operation};
use crate::handle::Node;
use crate::options::SharedOptions;
use crate::policy::Redial;
use crate::target::Origin;

/// Who wants wires to be ready, and what came of it. Most origins have nobody who does, and no room for it.
#[derive(Default)]
pub(super) struct Ready(OnceCell<Box<Wanted>>);

#[derive(Default)]
struct Wanted {
    /// The handles for whose sake they are kept.
    keepers: RefCell<Vec<Rc<Opener>>>,
    redial: RefCell<Redial>,
    dial_over: Notify,
}

/// What stands after wires were dialed ahead.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) wires: usize,
    pub(crate) failure: Option<Error>,
}

impl Ready {
    /// Whoever waits for one looks again.
    pub(super) fn dial_is_over(&self) {
        if let Some(wanted) = self.0.get() {
            wanted.dial_over.notify_waiters();
        }
    }

    fn wanted(&self) -> &Wanted {
        self.0.get_or_init(Box::default)
    }
}

/// From now on the origin is kept ready, as long as the handle is open and is not drained.
pub(crate) fn keep_ready(at: &Origin, terms: &Arc<Terms>, owner: Arc<Node>, options: SharedOptions) {
    let pond = origin(&Sought::new(terms.session.id(), at, &options), terms);
    pond.ready.wanted().keepers.borrow_mut().push(Rc::new(Opener { owner, options }));
    pond.top_up(clock::now());
}

/// Dials until so many wires stand that no request uses; over HTTP/2 until one does that takes requests.
pub(crate) async fn prewarm(
    at: Origin,
    terms: Arc<Terms>,
    owner: Arc<Node>,
    options: SharedOptions,
    wanted: usize,
) -> Standing {
    let pond = origin(&Sought::new(terms.session.id(), &at, &options), &terms);
    let opener = Opener { owner, options };
    let failure: Rc<RefCell<Option<Error>>> = Rc::default();
    loop {
        let mut over = pin!(pond.ready.wanted().dial_over.notified());
        over.as_mut().enable();
        if !opener.owner.is_open() {
            failure.borrow_mut().get_or_insert_with(|| opener.owner.gone(Operation::Connect));
        }
        let (standing, under_way) = (pond.pool.borrow().standing(), pond.pool.borrow().dials());
        let has_failed = failure.borrow().is_some();
        if standing >= wanted || (has_failed && (under_way == 0 || !opener.owner.is_open())) {
            break;
        }
        if !has_failed {
            let missing = wanted.saturating_sub(standing.saturating_add(under_way));
            let to_dial = pond.pool.borrow().to_dial(missing);
            for _ in 0..to_dial {
                let failed = Rc::clone(&failure);
                let told = move |outcome: &Result<(), Error>| {
                    if let Err(error) = outcome {
                        failed.borrow_mut().get_or_insert_with(|| error.clone());
                    }
                };
                if !pond.dial_ahead(&opener, Box::new(told)) {
                    break;
                }
            }
        }
        if pond.pool.borrow().dials() == 0 {
            // No more are allowed.
            break;
        }
        // A dial may take its time, and whoever closes the handle wants nothing more of it.
        select(over, pin!(opener.owner.closing_posted())).await;
    }
    let failure = failure.borrow_mut().take();
    Standing { wires: pond.pool.borrow().wires_standing(), failure }
}

impl Pond {
    /// Is somebody there for whose sake it has wires ready?
    pub(super) fn is_kept_ready(&self) -> bool {
        self.limits().min_wires > 0
            && self.ready.wanted().keepers.borrow().iter().any(|keeper| keeper.owner.is_in_use())
    }

    /// How many wires an idle timeout leaves.
    pub(super) fn kept_ready(&self) -> usize {
        if self.is_kept_ready() { self.limits().min_wires } else { 0 }
    }

    /// Dials what is missing of the wires that are to be ready.
    pub(super) fn top_up(self: &Rc<Self>, now: Instant) {
        if self.limits().min_wires == 0 {
            return;
        }
        let wanted = self.ready.wanted();
        // A statement of its own: what a handle that is gone leaves is not dropped under the borrow.
        let gone: Vec<_> = wanted.keepers.borrow_mut().extract_if(.., |keeper| !keeper.owner.is_in_use()).collect();
        drop(gone);
        let keeper = wanted.keepers.borrow().first().cloned();
        let Some(keeper) = keeper.filter(|_| wanted.redial.borrow().is_due(now)) else { return };
        let missing = self.limits().min_wires.saturating_sub(self.pool.borrow().ready());
        let to_dial = self.pool.borrow().to_dial(missing);
        for _ in 0..to_dial {
            let (pond, whose) = (Rc::downgrade(self), keeper.owner.id().value());
            let told = move |outcome: &Result<(), Error>| {
                let Some(pond) = pond.upgrade() else { return };
                match outcome {
                    Ok(()) => {
                        pond.ready.wanted().redial.borrow_mut().succeeded();
                        pond.top_up(clock::now());
                    }
                    Err(_) => {
                        let chance = whose.wrapping_add(pond.next_ticket().0 << 32);
                        let (mut redial, now) = (pond.ready.wanted().redial.borrow_mut(), clock::now());
                        // Of those that were dialed together one counts: a pause is for a server, not for a number of wires.
                        if redial.is_due(now) {
                            redial.failed(now, chance);
                        }
                    }
                }
            };
            if !self.dial_ahead(&keeper, Box::new(told)) {
                return;
            }
        }
    }
}
