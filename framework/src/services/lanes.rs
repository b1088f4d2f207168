//! On which of the shards of its origin a request runs, where an origin has several.
//!
//! The first lane serves as long as it keeps up, so that few requests share few wires; the next ones help when requests pile up
//! before it. What is counted is what a session has given to a shard and the shard has not begun: a request costs a shard some
//! microseconds, so a pile says that its core is busy, whatever the server does. To go round instead would spread two requests
//! in turn over two wires; to go by the calling thread would do so where a runtime moves a task from one to the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::Shard;

/// How requests are spread over the lanes of their origins.
#[derive(Debug)]
pub(super) struct Spread {
    lanes: usize,
    /// For each shard: how many requests were given to it and have not begun.
    piles: Arc<[AtomicUsize]>,
}

/// The shard that a request runs on.
pub(crate) struct Place<'a> {
    shard: &'a Shard,
    pile: Option<Waiting>,
}

impl Spread {
    pub(super) fn new(lanes: usize, shards: usize) -> Self {
        Self { lanes, piles: (0..shards).map(|_| AtomicUsize::new(0)).collect() }
    }

    /// The place for a request to an origin whose first lane is on this shard.
    pub(super) fn place<'a>(&self, shards: &'a [Shard], home: usize) -> Place<'a> {
        let index = self.choose(home);
        self.piles[index].fetch_add(1, Ordering::Relaxed);
        Place { shard: &shards[index], pile: Some(Waiting { piles: Arc::clone(&self.piles), index }) }
    }

    /// The first lane that keeps up; if none does, the one with the smallest pile.
    fn choose(&self, home: usize) -> usize {
        let lanes = || (home..home + self.lanes).map(|lane| lane % self.piles.len());
        let pile = |lane: &usize| self.piles[*lane].load(Ordering::Relaxed);
        lanes().find(|lane| pile(lane) < PILE).or_else(|| lanes().min_by_key(pile)).unwrap_or(home)
    }
}

impl<'a> Place<'a> {
    /// The only shard of an origin: nothing is counted.
    pub(super) fn only(shard: &'a Shard) -> Self {
        Self { shard, pile: None }
    }

    /// Has the request begin there. On a shard that has stopped it is dropped.
    pub(crate) fn begin(self, request: impl FnOnce() + Send + 'static) {
        let Self { shard, pile } = self;
        shard.run(move || {
            drop(pile);
            request();
        });
    }
}

/// A request that was given to a shard; dropped when it begins, or with a shard that has stopped.
struct Waiting {
    piles: Arc<[AtomicUsize]>,
    index: usize,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.piles[self.index].fetch_sub(1, Ordering::Relaxed);
    }
}

/// So many requests that wait are no pile yet. Each shard of more that are used is more wires, and more threads to wake.
const PILE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(piles: &[usize], lanes: usize) -> Spread {
        Spread { lanes, piles: piles.iter().map(|pile| AtomicUsize::new(*pile)).collect() }
    }

    #[test]
    fn the_first_lane_serves_while_it_keeps_up_and_then_the_next_one() {
        for (piles, chosen) in [
            ([0, 0, 0, 0], 2),
            ([0, 0, PILE - 1, 0], 2),
            ([0, 0, PILE, 0], 3),
            ([1, 0, PILE, PILE], 0),
            ([PILE, 0, PILE, PILE], 2),
            ([PILE, 0, PILE + 2, PILE + 1], 0),
        ] {
            assert_eq!(spread(&piles, 3).choose(2), chosen, "{piles:?}");
        }
    }

    #[test]
    fn a_request_counts_until_it_begins() {
        let spread = spread(&[0, 0], 2);
        spread.piles[1].fetch_add(1, Ordering::Relaxed);
        drop(Waiting { piles: Arc::clone(&spread.piles), index: 1 });
        assert_eq!(spread.piles[1].load(Ordering::Relaxed), 0);
    }
}
