//! How many requests at a time each lane of an origin has room for, where its wires are limited.
//!
//! The rooms follow the wires: a lane grows as long as there are places for more, and then takes from the largest what it lacks
//! of its share. One that has all its room taken is passed over for one that has not: there a wire rests. Where all have, more
//! than the limit are under way, and wait in line where they are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The rooms of the lanes of one origin, and of those whose hash is like its own.
#[derive(Debug)]
pub(super) struct Rooms {
    limit: usize,
    lanes: Box<[Room]>,
    /// Held while a lane grows.
    growing: Mutex<()>,
}

/// One lane's; apart from those of the others, which are counted on other threads.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Room {
    size: AtomicUsize,
    taken: AtomicUsize,
}

impl Rooms {
    pub(super) fn new(lanes: usize, limit: usize) -> Self {
        Self { limit, lanes: (0..lanes).map(|_| Room::default()).collect(), growing: Mutex::new(()) }
    }

    /// Takes room in this lane, or in the first of the others that has some. Which lane that was.
    fn take(&self, preferred: usize) -> usize {
        if self.take_or_grow(preferred) {
            return preferred;
        }
        let mut others = (0..self.lanes.len()).filter(|lane| *lane != preferred);
        others.find(|lane| self.lanes[*lane].take()).unwrap_or_else(|| {
            self.lanes[preferred].taken.fetch_add(1, Ordering::Relaxed);
            preferred
        })
    }

    fn take_or_grow(&self, lane: usize) -> bool {
        loop {
            if self.lanes[lane].take() {
                return true;
            }
            if !self.grow(lane) {
                return false;
            }
        }
    }

    /// Room for one more. What a lane has beyond its share is its own as long as no other wants its share.
    fn grow(&self, lane: usize) -> bool {
        let _alone = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let share = self.limit / self.lanes.len();
        let is_free = self.lanes.iter().map(Room::size).sum::<usize>() < self.limit;
        if !is_free {
            if self.lanes[lane].size() >= share {
                return false;
            }
            let Some(largest) = self.lanes.iter().max_by_key(|lane| lane.size()) else { return false };
            largest.size.fetch_sub(1, Ordering::Relaxed);
        }
        self.lanes[lane].size.fetch_add(1, Ordering::Relaxed);
        true
    }
}

impl Room {
    fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    fn take(&self) -> bool {
        let one_more = |taken| (taken < self.size()).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }
}

/// Room that a request takes, until it is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    lots: Arc<[Rooms]>,
    lot: usize,
    lane: usize,
}

impl Taken {
    pub(super) fn new(lots: &Arc<[Rooms]>, lot: usize, preferred: usize) -> Self {
        Self { lots: Arc::clone(lots), lot, lane: lots[lot].take(preferred) }
    }

    /// Where it is: 0 is the first.
    pub(super) fn lane(&self) -> usize {
        self.lane
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.lots[self.lot].lanes[self.lane].taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(rooms: &Rooms, lane: usize, count: usize) -> Vec<usize> {
        (0..count).map(|_| rooms.take(lane)).collect()
    }

    fn leave(rooms: &Rooms, lane: usize, count: usize) {
        rooms.lanes[lane].taken.fetch_sub(count, Ordering::Relaxed);
    }

    #[test]
    fn one_lane_may_have_all_room_that_no_other_wants_and_is_then_passed_over() {
        let rooms = Rooms::new(2, 4);
        assert_eq!(fill(&rooms, 0, 4), [0; 4]);
        assert_eq!(fill(&rooms, 1, 3), [1; 3], "its share, and a line");
        assert_eq!(rooms.lanes.iter().map(Room::size).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn a_request_goes_where_a_wire_rests_rather_than_where_one_would_have_to_be_taken_from_another_lane() {
        let rooms = Rooms::new(2, 4);
        fill(&rooms, 0, 2);
        fill(&rooms, 1, 2);
        leave(&rooms, 1, 1);
        assert_eq!(fill(&rooms, 0, 2), [1, 0], "then both are full, and it waits where it would rather be");
    }

    #[test]
    fn room_that_was_left_is_taken_again() {
        let lots: Arc<[Rooms]> = Arc::new([Rooms::new(2, 2)]);
        let (one, other) = (Taken::new(&lots, 0, 0), Taken::new(&lots, 0, 1));
        drop(one);
        assert_eq!((Taken::new(&lots, 0, 1).lane(), other.lane()), (0, 1));
    }
}
