//! The actor of a session: the supervisor at the root of the tree.
//!
//! A child that crashes takes nothing with it: its handle closes, by its own guard, and the next `connect` or `get` makes a new
//! one. So there is nobody to restart here. What is left to supervise is the end: all children before the session, then its
//! idle wires on every shard, then `HandleClosing`.

use std::sync::{Arc, Weak};

use actix::{Actor, ActorContext, Context, Handler, ResponseFuture};

use super::messages::{Connect, Shutdown};
use super::{Inner, Session};
use crate::connection::Connection;
use crate::error::{Operation, Result};
use crate::handle::{ActorGuard, Cancel, CloseHandle, Ending};
use crate::origin::forget_session;
use crate::services::{Services, ShutdownReport, drain};

/// The actor of a session.
///
/// An example is at [`messages`](crate::messages).
pub struct SessionActor {
    services: Arc<Services>,
    /// Weak: an actor must not keep its own handle open.
    handle: Weak<Inner>,
    _guard: ActorGuard,
}

impl SessionActor {
    pub(super) fn new(services: Arc<Services>, handle: Weak<Inner>, guard: ActorGuard) -> Self {
        Self { services, handle, _guard: guard }
    }
}

impl Actor for SessionActor {
    type Context = Context<Self>;
}

impl Handler<Connect> for SessionActor {
    type Result = Result<Connection>;

    fn handle(&mut self, message: Connect, _: &mut Context<Self>) -> Result<Connection> {
        match self.handle.upgrade() {
            Some(inner) => Session { inner }.connect(&message.origin),
            None => Err(self.services.session.gone(Operation::Connect)),
        }
    }
}

impl Handler<Shutdown> for SessionActor {
    type Result = ResponseFuture<ShutdownReport>;

    fn handle(&mut self, message: Shutdown, _: &mut Context<Self>) -> ResponseFuture<ShutdownReport> {
        // Not a future of this actor's own: it ends before the report is made.
        let Services { work, session, .. } = &*self.services;
        Box::pin(drain(Arc::clone(work), Arc::clone(session), message.deadline))
    }
}

impl Handler<Cancel> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Cancel, _: &mut Context<Self>) {
        self.services.session.cancel();
    }
}

impl Handler<CloseHandle> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: CloseHandle, context: &mut Context<Self>) {
        self.services.session.close(Ending::Closed);
        context.stop();
    }
}

impl Drop for SessionActor {
    fn drop(&mut self) {
        let session = self.services.session.id();
        for shard in self.services.engine.all_shards() {
            // `HandleClosing` waits for every shard; one that has stopped drops the closure, and the hold with it.
            let hold = self.services.session.hold();
            let _stopped = shard.run(move || {
                forget_session(session);
                drop(hold);
            });
        }
    }
}

impl std::fmt::Debug for SessionActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionActor")
    }
}
