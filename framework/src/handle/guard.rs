//! The actor's hold on its handle: whatever happens to the actor, the handle ends as the contract says.

use super::node::{Ending, Hold};

/// Made before the actor is started and dropped with it, also by a panic and by the end of the thread it ran on.
#[derive(Debug)]
pub(crate) struct ActorGuard(Hold);

impl ActorGuard {
    /// The hold is what keeps the handle from ending before its actor.
    pub(crate) fn new(hold: Hold) -> Self {
        Self(hold)
    }
}

impl Drop for ActorGuard {
    fn drop(&mut self) {
        // An actor that was asked to end has a reason already, and only the first counts.
        let ending = if std::thread::panicking() { Ending::Crashed } else { Ending::EngineStopped };
        self.0.node().close(ending);
    }
}
