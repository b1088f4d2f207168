//! Wires that carry several exchanges have a driver, a task of its own: what it finds out, the origin acts on.

use std::rc::Rc;
use std::sync::Arc;

use super::{Kept, Pond, WirePlace};
use crate::handle::Node;
use crate::notification::{NotificationMask as Mask, Status};
use crate::reason::CloseReason;
use crate::wire::{Change, Driver, Http2};

impl Pond {
    /// Drives the wire to its end. It keeps its place among the session's wires so long.
    pub(super) fn drive(self: &Rc<Self>, wire: Http2, mut driver: Driver, owner: Arc<Node>, place: WirePlace) {
        let pond = Rc::clone(self);
        actix_rt::spawn(async move {
            let id = wire.id();
            // From here on the driver alone has a hold that is nobody's exchange, and the pool another.
            drop(wire);
            let is_it = |kept: &Box<Kept>| kept.wire.id() == id;
            let reason = loop {
                match driver.next().await {
                    Change::Streams | Change::Suspect | Change::Recovered => {}
                    Change::GoingAway => drop(pond.pool.borrow_mut().carries_no_more(is_it)),
                    Change::Ended(reason) => break reason,
                }
                pond.perform_assignments();
            };
            drop(pond.pool.borrow_mut().carries_no_more(is_it));
            tracing::debug!(wire = id.value(), origin = %pond.key.origin, %reason, "wire closed");
            // Nobody is told of the end of a session: all who could hear are closing too.
            let hears = match reason {
                CloseReason::SessionClosed => None,
                _ if owner.is_open() => Some(&owner),
                _ => Some(&pond.terms.session),
            };
            let tell = |status: &dyn Fn() -> Status| hears.into_iter().for_each(|hears| hears.emit(Mask::CLOSE_CONNECTION, status));
            tell(&|| Status::ClosingConnection { reason });
            drop((driver, place));
            tell(&|| Status::ConnectionClosed);
            pond.perform_assignments();
            pond.make_room_if_wanted();
        });
    }
}
