//! The actor of one connection handle: opens requests for whoever asks by message, and ends when the tree says so.

use std::sync::{Arc, Weak};

use actix::{Actor, ActorContext, Context, Handler, ResponseFuture};

use super::messages::{Drain, OpenRequest, Prewarm};
use super::{Connection, Inner, Prewarmed};
use crate::error::{Operation, Result};
use crate::handle::{ActorGuard, Cancel, CloseHandle, Ending, Node};
use crate::request::Request;
use crate::services::ShutdownReport;

/// The actor of one connection handle.
///
/// An example is at [`messages`](crate::messages).
pub struct ConnectionActor {
    node: Arc<Node>,
    /// Weak: an actor must not keep its own handle open.
    handle: Weak<Inner>,
    _guard: ActorGuard,
}

impl ConnectionActor {
    pub(super) fn new(node: Arc<Node>, handle: Weak<Inner>, guard: ActorGuard) -> Self {
        Self { node, handle, _guard: guard }
    }
}

impl Actor for ConnectionActor {
    type Context = Context<Self>;
}

impl Handler<OpenRequest> for ConnectionActor {
    type Result = Result<Request>;

    fn handle(&mut self, message: OpenRequest, _: &mut Context<Self>) -> Result<Request> {
        match self.handle.upgrade() {
            Some(inner) => Connection { inner }.open_request(message.method, &message.path),
            None => Err(self.node.gone(Operation::OpenRequest)),
        }
    }
}

impl Handler<Prewarm> for ConnectionActor {
    type Result = ResponseFuture<Result<Prewarmed>>;

    fn handle(&mut self, message: Prewarm, _: &mut Context<Self>) -> Self::Result {
        let connection = self.handle.upgrade().map(|inner| Connection { inner });
        let gone = self.node.gone(Operation::Connect);
        // Not a future of this actor's own: it would be woken with all others.
        Box::pin(async move { connection.ok_or(gone)?.prewarm(message.wires).await })
    }
}

impl Handler<Drain> for ConnectionActor {
    type Result = ResponseFuture<ShutdownReport>;

    fn handle(&mut self, message: Drain, _: &mut Context<Self>) -> ResponseFuture<ShutdownReport> {
        match self.handle.upgrade() {
            Some(inner) => Box::pin(Connection { inner }.drain(message.deadline)),
            None => Box::pin(async { ShutdownReport::default() }),
        }
    }
}

impl Handler<Cancel> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, _: Cancel, _: &mut Context<Self>) {
        self.node.cancel();
    }
}

impl Handler<CloseHandle> for ConnectionActor {
    type Result = ();

    fn handle(&mut self, _: CloseHandle, context: &mut Context<Self>) {
        self.node.close(Ending::Closed);
        context.stop();
    }
}

impl std::fmt::Debug for ConnectionActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectionActor")
    }
}
