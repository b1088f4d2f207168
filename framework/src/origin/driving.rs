//! Wires that carry several exchanges have a driver, a task of its own: what it finds out, the origin acts on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt;

use super::ahead::Opener;
use super::register::Berth;
use super::{Kept, Pond};
use crate::handle::Node;
use crate::id::WireId;
use crate::notification::{NotificationMask as Mask, Status};
use crate::reason::{CloseReason, WireHealth};
use crate::wire::{Change, Driver, Http2};

impl Pond {
    /// Drives the wire to its end. It keeps its place among the session's wires so long.
    pub(super) fn drive(self: &Rc<Self>, wire: &Http2, mut driver: Driver, opener: Opener, berth: Berth) {
        let (pond, wire) = (Rc::clone(self), wire.id());
        let is_it = is_wire(wire);
        actix_rt::spawn(async move {
            let reason = loop {
                // What moves here may be a caller's own stream: a panic in it is the end of this wire, and of no other.
                let Ok(change) = AssertUnwindSafe(driver.next()).catch_unwind().await else {
                    driver.condemn();
                    drop(pond.pool.borrow_mut().carries_no_more(is_it));
                    break CloseReason::TransportError;
                };
                if let Change::Health(health) = change {
                    pond.register.note("health", || format!("wire {wire}: {health}"));
                    if let Some(hears) = pond.hears(&opener.owner, health) {
                        hears.emit(Mask::WIRES, || Status::WireHealthChanged { wire, health });
                    }
                    if !matches!(health, WireHealth::Suspect) && !health.takes_requests() {
                        drop(pond.pool.borrow_mut().carries_no_more(is_it));
                    }
                    if let WireHealth::Closed(reason) = health {
                        break reason;
                    }
                }
                pond.perform_assignments();
                pond.replace_if_missed(driver.wire(), driver.wire().health(), &opener);
            };
            tracing::debug!(wire = wire.value(), origin = %pond.key.origin, %reason, "wire closed");
            pond.perform_assignments();
            pond.replace_if_missed(driver.wire(), WireHealth::Closed(reason), &opener);
            // The last words go through that stream too: with a panic in them its place must not be lost.
            // Boxed: a wire that rests has no room for it.
            let _said = AssertUnwindSafe(Box::pin(driver.leave())).catch_unwind().await;
            let hears = pond.hears(&opener.owner, WireHealth::Closed(reason));
            // Whoever hears of the first hears of the second, though the handle closes in between.
            let ends = hears.map(Node::hold);
            if let Some(hears) = hears {
                hears.emit(Mask::CLOSE_CONNECTION, || Status::ClosingConnection { reason });
            }
            berth.ends(reason);
            let _panicked = catch_unwind(AssertUnwindSafe(|| drop(driver)));
            drop(berth);
            pond.pool.borrow_mut().is_over();
            if let Some(hears) = hears {
                hears.emit(Mask::CLOSE_CONNECTION, || Status::ConnectionClosed);
            }
            drop(ends);
            pond.perform_assignments();
            pond.make_room_if_wanted();
        });
    }

    /// Whoever dialed hears of the wire, or the session if that is gone. Nobody is told of the end of a session: all who could
    /// hear are closing too.
    fn hears<'a>(&'a self, owner: &'a Arc<Node>, health: WireHealth) -> Option<&'a Arc<Node>> {
        match health {
            WireHealth::Closed(CloseReason::SessionClosed) => None,
            _ if owner.is_open() => Some(owner),
            _ => Some(&self.terms.session),
        }
    }
}

/// Is it this wire?
pub(super) fn is_wire(wire: WireId) -> impl Fn(&Kept) -> bool + Copy {
    move |kept| kept.wire.id() == wire
}
