//! The actor of one connection handle: opens requests for whoever asks by message, and ends when the tree says so.

use std::sync::{Arc, Weak};

use actix::{Actor, ActorContext, Context, Handler};

use super::messages::OpenRequest;
use super::{Connection, Inner};
use crate::error::{Operation, Result};
use crate::handle::{ActorGuard, Cancel, CloseHandle, Ending, Node};
use crate::request::Request;

/// The actor of one connection handle.
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
