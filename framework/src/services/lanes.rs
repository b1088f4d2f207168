//! On which of the shards of its origin a request runs, where an origin has several.
//!
//! The first lane serves as long as it keeps up, so that few requests share few wires; the next ones help when requests pile up
//! before it. What is counted is what a session has given to a shard and the shard has not begun: a request costs a shard some
//! microseconds, so a pile says that its core is busy, whatever the server does. To go round instead would spread two requests
//! in turn over two wires; to go by the calling thread would do so where a runtime moves a task from one to the other.
//!
//! Where the wires of an origin are limited a lane is also given no more requests at a time than it has [room] for: a wire
//! that is closed here and dialed there costs more than any core would save.

mod room;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::{Crew, Shard};

use room::{Rooms, Taken};

/// How requests are spread over the lanes of their origins.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    lanes: usize,
    /// For each shard: how many requests were given to it and have not begun.
    piles: Arc<[Count]>,
    /// Where the wires of an origin are limited: one for the origins of one hash.
    rooms: Option<Arc<[Rooms]>>,
}

/// A count of its own lines in the caches of the processors: those beside it are counted on other threads.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Count(AtomicUsize);

/// The shard that a request runs on.
pub(crate) struct Place<'a> {
    shard: &'a Shard,
    /// Boxed: most origins have one lane.
    load: Option<Box<Load>>,
}

impl Spread {
    /// So many lanes of an origin, which together may have so many wires.
    pub(super) fn new(lanes: usize, shards: usize, limit: Option<usize>) -> Self {
        let piles = (0..shards).map(|_| Count::default()).collect();
        let rooms = limit.map(|limit| (0..LOTS).map(|_| Rooms::new(lanes, limit)).collect());
        Self { lanes, piles, rooms }
    }

    /// The place for a request to an origin of this hash.
    pub(super) fn place<'a>(&self, shards: &'a [Shard], hash: u64) -> Place<'a> {
        let home = (hash % shards.len() as u64) as usize;
        let preferred = self.choose(home);
        let count = shards.len();
        let room = self.rooms.as_ref().map(|lots| {
            let lot = (hash >> 32) as usize % LOTS;
            Taken::new(lots, lot, (preferred + count - home) % count)
        });
        let index = room.as_ref().map_or(preferred, |room| (home + room.lane()) % count);
        let pile = Waiting::new(&self.piles, index);
        Place { shard: &shards[index], load: Some(Box::new(Load { pile: Some(pile), room })) }
    }

    /// Has an origin of this hash a lane on this very thread?
    pub(super) fn serves_here(&self, shards: &[Shard], hash: u64) -> bool {
        let home = (hash % shards.len() as u64) as usize;
        self.lanes_from(home).any(|lane| shards[lane].is_here())
    }

    fn lanes_from(&self, home: usize) -> impl Iterator<Item = usize> + use<> {
        let count = self.piles.len();
        (home..home + self.lanes).map(move |lane| lane % count)
    }

    /// The first lane that keeps up; if none does, the one with the smallest pile.
    fn choose(&self, home: usize) -> usize {
        let lanes = || self.lanes_from(home);
        let pile = |lane: &usize| self.piles[*lane].0.load(Ordering::Relaxed);
        lanes().find(|lane| pile(lane) < PILE).or_else(|| lanes().min_by_key(pile)).unwrap_or(home)
    }
}

impl<'a> Place<'a> {
    /// The only shard of an origin: nothing is counted.
    pub(super) fn only(shard: &'a Shard) -> Self {
        Self { shard, load: None }
    }

    /// Has the request begin there, with what it is to its lane as long as it is under way. On a shard that has stopped it is
    /// dropped.
    pub(crate) fn begin(self, request: impl FnOnce(Option<Box<Load>>, &Crew) + Send + 'static) {
        let Self { shard, mut load } = self;
        shard.run_with_crew(move |crew| {
            if let Some(load) = &mut load {
                load.pile = None;
            }
            request(load, crew);
        });
    }
}

/// What a request is to its lane, until it is dropped.
#[derive(Debug)]
pub(crate) struct Load {
    pile: Option<Waiting>,
    #[expect(dead_code, reason = "it is held")]
    room: Option<Taken>,
}

/// A request that was given to a shard; dropped when it begins, or with a shard that has stopped.
#[derive(Debug)]
struct Waiting {
    piles: Arc<[Count]>,
    index: usize,
}

impl Waiting {
    fn new(piles: &Arc<[Count]>, index: usize) -> Self {
        piles[index].0.fetch_add(1, Ordering::Relaxed);
        Self { piles: Arc::clone(piles), index }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.piles[self.index].0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// So many requests that wait are no pile yet. Each shard of more that are used is more wires, and more threads to wake.
const PILE: usize = 4;
/// So many kinds of origins are told apart by their hashes.
const LOTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(piles: &[usize], lanes: usize) -> Spread {
        let piles = piles.iter().map(|pile| Count(AtomicUsize::new(*pile))).collect();
        Spread { piles, ..Spread::new(lanes, 0, None) }
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
        let waiting = Waiting::new(&spread.piles, 1);
        assert_eq!(spread.piles[1].0.load(Ordering::Relaxed), 1);
        drop(waiting);
        assert_eq!(spread.piles[1].0.load(Ordering::Relaxed), 0);
    }
}
