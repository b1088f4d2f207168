//! A stand-in for a handle, for what works for it out of step: what it would tell is kept until somebody tells it in the handle's name.

use std::sync::Arc;

use super::Node;
use crate::notification::{CreditLimits, NotificationMask as Mask, Notifications, Subscribers};

impl Node {
    /// A node that goes by the same id and is in no tree, and what it says. If nobody listens to the handle, it says nothing.
    pub(crate) fn stand_in(&self) -> (Arc<Self>, Notifications) {
        let subscribers = Subscribers::new(CreditLimits { progress: UNBOUNDED, total: UNBOUNDED });
        let heard = if self.wants(Mask::EVERYTHING) { Mask::EVERYTHING } else { Mask::empty() };
        let told = subscribers.stream(heard);
        let node = Self::new(self.kind, self.parent.clone(), self.context(), subscribers);
        (Arc::new(Self { id: self.id, ..node }), told)
    }
}

/// Whoever tells it has the credit of the handle's subscribers to go by.
const UNBOUNDED: usize = 1 << 30;
