//! What a wire has served and moved, seen by others too, and what they want of it.

use std::cell::Cell;

/// What a wire has served and moved.
#[derive(Default)]
pub(super) struct Moved {
    /// How many exchanges have begun.
    pub(super) begun: Cell<u64>,
    /// Octets of the protocol.
    pub(super) sent: Cell<u64>,
    pub(super) received: Cell<u64>,
    /// It is to serve no other exchange.
    pub(super) is_expired: Cell<bool>,
}

/// Counts some more.
pub(super) fn add(count: &Cell<u64>, more: usize) {
    count.set(count.get() + more as u64);
}
