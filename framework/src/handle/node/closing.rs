//! The end of a handle begins, and of all below it; and who works for a session without a handle of its own hears of that.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{CLOSING, Commands, Node, OPEN};
use crate::handle::messages::CloseHandle;
use crate::handle::{Ending, StopReason};

/// What came of marking a handle as closing.
enum Marked {
    Before,
    /// What its actor is told by, if it has one.
    Now(Option<Commands>),
}

impl Node {
    /// Begins the end, of this handle and of all below it. Only the first call counts.
    ///
    /// All are marked before the first actor is told: what one handle gives up must not go to another that is closing too.
    pub(crate) fn close(self: &Arc<Self>, ending: Ending) {
        if !self.is_open() {
            return;
        }
        // Most have nothing below them, and none is asked to make room for it.
        let mut below = Vec::new();
        let Marked::Now(actor) = self.mark(ending, &mut below) else { return };
        for (node, actor) in below {
            node.hears_that_it_closes(actor);
        }
        self.hears_that_it_closes(actor);
    }

    /// What works for it is done, and it ends with that. Nobody is below it, and it has no actor that would have to be told. Its `Stop` is
    /// not fired: that would only wake who calls, whose waker stays with the node.
    pub(crate) fn ends_by_itself(self: &Arc<Self>) {
        if self.is_open()
            && let Marked::Now(actor) = self.mark(Ending::Dropped, &mut Vec::new())
        {
            debug_assert!(actor.is_none(), "it would not hear of it");
            self.finish_if_last();
        }
    }

    fn hears_that_it_closes(&self, actor: Option<Commands>) {
        self.stop.fire(StopReason::Closing);
        if let Some(actor) = actor {
            actor.close.do_send(CloseHandle);
        }
        self.finish_if_last();
    }

    /// Marks the deepest first, and lists what is below.
    fn mark(self: &Arc<Self>, ending: Ending, listed: &mut Vec<(Arc<Self>, Option<Commands>)>) -> Marked {
        let (children, actor) = {
            let mut life = self.lock();
            if life.ending.is_some() {
                return Marked::Before;
            }
            life.ending = Some(ending);
            // Nobody waits for that of another than a session.
            let order = if self.parent.is_none() { Ordering::SeqCst } else { Ordering::Release };
            self.phase.store(CLOSING, order);
            let children = life.children.all();
            (children, life.actor.take())
        };
        if self.parent.is_none() {
            self.wakes_who_waits();
        }
        let below = match ending {
            Ending::AncestorClosed(..) | Ending::EngineStopped => ending,
            _ => Ending::AncestorClosed(self.kind, self.id),
        };
        for child in children {
            if let Marked::Now(actor) = child.mark(below, listed) {
                listed.push((child, actor));
            }
        }
        Marked::Now(actor)
    }

    /// Resolves when the handle, a session's, begins to close. Whoever waits for it holds the end of the handle up, and lets go then.
    pub(crate) async fn begun_to_close(&self) {
        debug_assert!(self.parent.is_none(), "others wake nobody then");
        self.waits(|phase| phase != OPEN).await;
    }
}
