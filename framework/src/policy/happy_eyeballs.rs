//! Which address is tried when, until one connects: happy eyeballs, version 2 (pure; RFC 8305).
//!
//! ```text
//!   +--> Attempt(address)   one is left, and none is under way, or the last is silent for the delay, or one failed
//!   |       |
//!   |       v
//!   +--- Wait(until)        attempts are under way: until the delay of the last is over, or for as long as they take
//!   |       |
//!   |       +--> handle_connected: the others are given up
//!   |       +--> handle_failed ----+
//!   +------------------------------+--> Lost     none is left and none is under way
//! ```

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The order of the attempts (section 4): each address once, the families in turn, beginning with that of the first, and within
/// a family as the resolver gave them.
pub(crate) fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = match addresses[..] {
        [] | [_] => return addresses,
        [first, ..] => first.is_ipv6(),
    };
    let count = addresses.len();
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut order = Vec::with_capacity(count);
    loop {
        let (one, other) = (first.next(), second.next());
        if one.is_none() && other.is_none() {
            return order;
        }
        for address in one.into_iter().chain(other) {
            if !order.contains(&address) {
                order.push(address);
            }
        }
    }
}

/// The same addresses with those first, within each family, that carry the least; the families in the order in which they were.
pub(crate) fn least_loaded(addresses: &mut [SocketAddr], load: impl Fn(&SocketAddr) -> usize) {
    if let [first, _, ..] = *addresses {
        addresses.sort_by_cached_key(|address| (address.is_ipv6() != first.is_ipv6(), load(address)));
    }
}

/// Attempts to connect to the addresses of one host, of which the first to succeed wins.
#[derive(Debug)]
pub(crate) struct Race {
    delay: Duration,
    left: VecDeque<SocketAddr>,
    under_way: Vec<SocketAddr>,
    /// When the next attempt begins if those under way stay silent.
    next_at: Option<Instant>,
    tried: usize,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Begin an attempt.
    Attempt(SocketAddr),
    /// Wait for an attempt to end, at most until then.
    Wait(Option<Instant>),
    /// No address connected.
    Lost,
}

impl Race {
    /// A race between these addresses, in this order.
    pub(crate) fn new(addresses: impl IntoIterator<Item = SocketAddr>, delay: Duration) -> Self {
        let left = addresses.into_iter().collect();
        Self { delay, left, under_way: Vec::new(), next_at: None, tried: 0 }
    }

    /// What is to be done now; call again after each attempt begun.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        let due = self.next_at.is_none_or(|at| at <= now);
        if let Some(address) = due.then(|| self.left.pop_front()).flatten() {
            self.under_way.push(address);
            self.tried += 1;
            self.next_at = now.checked_add(self.delay);
            return Next::Attempt(address);
        }
        if self.under_way.is_empty() {
            return Next::Lost;
        }
        Next::Wait(self.next_at.filter(|_| !self.left.is_empty()))
    }

    /// The attempt failed: the next one does not wait for its time (section 5).
    pub(crate) fn handle_failed(&mut self, address: SocketAddr) {
        self.under_way.retain(|other| *other != address);
        self.next_at = None;
    }

    /// The attempt succeeded: these others are to be given up.
    pub(crate) fn handle_connected(&mut self, address: SocketAddr) -> Vec<SocketAddr> {
        self.under_way.retain(|other| *other != address);
        self.give_up()
    }

    /// The race is over: these attempts are to be given up.
    pub(crate) fn give_up(&mut self) -> Vec<SocketAddr> {
        self.left.clear();
        std::mem::take(&mut self.under_way)
    }

    /// How many addresses were tried so far.
    pub(crate) fn tried(&self) -> usize {
        self.tried
    }
}

#[cfg(test)]
mod tests;
