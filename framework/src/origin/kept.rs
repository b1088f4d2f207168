//! A wire as the pool keeps it, and what the pool may know of it.

use std::sync::Arc;

use super::pooled::Pooled;
use super::register::Berth;
use crate::handle::Node;
use crate::reason::CloseReason;
use crate::wire::{Http2, Wire};

/// A wire and what the pool keeps with it.
pub(super) struct Kept {
    pub(super) wire: Wire,
    /// The handle that hears of it while no request uses it; `None` for a share, which is never closed on its own.
    pub(super) owner: Option<Arc<Node>>,
    /// One that carries several exchanges has its place with its driver.
    pub(super) berth: Option<Box<Berth>>,
}

impl Kept {
    /// Why it is about to be closed.
    pub(super) fn ends(&self, reason: CloseReason) {
        if let Some(berth) = &self.berth {
            berth.ends(reason);
        }
    }
}

impl Pooled for Kept {
    fn is_used(&self) -> bool {
        self.wire.is_used()
    }

    fn is_sound(&mut self) -> bool {
        self.wire.check_idle().is_ok()
    }

    fn room(&self) -> Option<usize> {
        self.wire.multiplexed().and_then(Http2::room)
    }

    fn carries_several(&self) -> bool {
        self.wire.multiplexed().is_some()
    }

    fn is_burdened(&self) -> bool {
        self.wire.multiplexed().is_some_and(Http2::is_burdened)
    }

    fn may_carry_more(&self) -> bool {
        self.wire.multiplexed().is_some_and(|wire| !wire.has_greeted())
    }

    fn share(&self) -> Option<Self> {
        let wire = self.wire.share()?;
        Some(Self { wire, owner: None, berth: None })
    }
}
