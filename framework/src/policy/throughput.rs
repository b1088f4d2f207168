//! Does a peer take or give a body fast enough (pure)? Its clock is the time spent waiting for the peer, and nothing else.
//!
//! ```text
//!   waiting  0 ------------------------------------------------------------->
//!   octets            x    x         x x      x
//!                               [--- within ---]  at least `octets` of them, wherever this window stands
//! ```
//!
//! Only the arrivals that a window needs are kept: once the newer ones make up the octets asked for, the oldest is forgotten.
//! The first of those kept leaves the window at the moment at which the peer has become too slow.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::options::MinimumRate;

/// How a body has come or gone of late.
#[derive(Debug)]
pub(crate) struct Throughput {
    least: MinimumRate,
    /// All the waiting so far.
    waited: Duration,
    /// The newest arrivals, oldest first: just enough of them to make up the octets asked for.
    arrivals: VecDeque<Arrival>,
    /// The octets of `arrivals`.
    recent: u128,
}

/// Octets that came after so much waiting, and what came closely behind.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    first: Duration,
    last: Duration,
    octets: u128,
}

/// The peer was too slow: what it gave or took in the last window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stalled {
    pub(crate) seen: u64,
    pub(crate) least: MinimumRate,
}

impl Throughput {
    pub(crate) fn new(least: MinimumRate) -> Self {
        // As if all had come at the start: the first window begins there.
        let start = Arrival { first: Duration::ZERO, last: Duration::ZERO, octets: least.octets.into() };
        Self { least, waited: Duration::ZERO, arrivals: VecDeque::from([start]), recent: start.octets }
    }

    /// The peer was waited for, for so long.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.waited = self.waited.saturating_add(time);
    }

    /// Octets of the body came, or were taken.
    pub(crate) fn moved(&mut self, octets: u64) {
        if octets == 0 {
            return;
        }
        let octets = u128::from(octets);
        let (now, is_start) = (self.waited, self.arrivals.len() == 1);
        match self.arrivals.back_mut() {
            // A drip of single octets would fill the memory: neighbours count as one, as the last of them, so that nobody is
            // called too slow who is not.
            Some(newest) if !is_start && now - newest.first <= self.least.within / FINENESS => {
                newest.octets += octets;
                newest.last = now;
            }
            _ => self.arrivals.push_back(Arrival { first: now, last: now, octets }),
        }
        self.recent += octets;
        while let Some(first) = self.arrivals.front()
            && self.recent - first.octets >= self.least.octets.into()
        {
            self.recent -= first.octets;
            self.arrivals.pop_front();
        }
    }

    /// How much longer the peer may be waited for if it gives nothing.
    pub(crate) fn patience(&self) -> Duration {
        let first = self.arrivals.front().map_or(Duration::ZERO, |first| first.last);
        first.saturating_add(self.least.within).saturating_sub(self.waited)
    }

    /// What to say when the patience is over.
    pub(crate) fn stalled(&self) -> Stalled {
        let first = self.arrivals.front().map_or(0, |first| first.octets);
        Stalled { seen: u64::try_from(self.recent - first).unwrap_or(u64::MAX), least: self.least }
    }
}

/// So many arrivals are told apart within one window.
const FINENESS: u32 = 128;
