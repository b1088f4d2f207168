//! The actor's hold on its handle: whatever happens to the actor, the handle ends as the contract says.

use std::sync::Arc;

use super::node::{Ending, Hold, Node};

/// Made before the actor is started and dropped with it, also by a panic and by the end of the thread it ran on.
#[derive(Debug)]
pub(crate) struct ActorGuard {
    node: Arc<Node>,
    _hold: Hold,
}

impl ActorGuard {
    /// The hold is what keeps the handle from ending before its actor.
    pub(crate) fn new(node: &Arc<Node>, hold: Hold) -> Self {
        Self { node: Arc::clone(node), _hold: hold }
    }
}

impl Drop for ActorGuard {
    fn drop(&mut self) {
        // An actor that was asked to end has a reason already, and only the first counts.
        let ending = if std::thread::panicking() { Ending::Crashed } else { Ending::EngineStopped };
        self.node.close(ending);
    }
}
