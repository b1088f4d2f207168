//! Who is next: a line for each priority, and a share of the turns for each line (stride scheduling).
//!
//! Each line has a moment, in turns, at which its first is due. Who is due first goes, and its line is due again a stride later:
//! a short one for those who shall go often. Within a line the first to come is the first to go.

use std::collections::VecDeque;

use crate::options::Priority;

/// A place that somebody has; the numbers grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

#[derive(Debug)]
pub(super) struct Line {
    /// The first to go first.
    classes: [Class; 3],
    /// When the last one to go was due.
    reached: u64,
}

#[derive(Debug)]
struct Class {
    priority: Priority,
    /// Turns between two of it, where all lines are wanted.
    stride: u64,
    waiting: VecDeque<Ticket>,
    /// When the first of them is due.
    due: u64,
}

impl Default for Line {
    /// Shares of 8, 4 and 1.
    fn default() -> Self {
        let class = |priority, stride| Class { priority, stride, waiting: VecDeque::new(), due: 0 };
        Self { classes: [class(Priority::High, 1), class(Priority::Normal, 2), class(Priority::Low, 8)], reached: 0 }
    }
}

impl Line {
    pub(super) fn join(&mut self, ticket: Ticket, priority: Priority) {
        let reached = self.reached;
        let Some(class) = self.class(priority) else { return };
        if class.waiting.is_empty() {
            // Turns that nobody wanted are not saved up.
            class.due = reached + class.stride;
        }
        class.waiting.push_back(ticket);
    }

    pub(super) fn leave(&mut self, ticket: Ticket, priority: Priority) {
        let Some(class) = self.class(priority) else { return };
        if let Ok(index) = class.waiting.binary_search(&ticket) {
            class.waiting.remove(index);
        }
    }

    pub(super) fn next(&mut self) -> Option<Ticket> {
        let waiting = self.classes.iter_mut().filter(|class| !class.waiting.is_empty());
        let class = waiting.min_by_key(|class| class.due)?;
        self.reached = class.due;
        class.due += class.stride;
        class.waiting.pop_front()
    }

    /// How many go before it if nobody else comes, and itself: 1 is next.
    pub(super) fn position(&self, ticket: Ticket, priority: Priority) -> Option<usize> {
        let own = self.classes.iter().find(|class| class.priority == priority)?;
        let index = own.waiting.binary_search(&ticket).ok()?;
        let due = own.due + index as u64 * own.stride;
        let others = self.classes.iter().filter(|class| class.priority != priority);
        let before = others.map(|class| {
            // Of those that are due at the same time the higher priority goes first.
            let turns = (due + u64::from(class.priority < priority)).saturating_sub(class.due).div_ceil(class.stride);
            class.waiting.len().min(turns as usize)
        });
        Some(index + 1 + before.sum::<usize>())
    }

    fn class(&mut self, priority: Priority) -> Option<&mut Class> {
        self.classes.iter_mut().find(|class| class.priority == priority)
    }

    pub(super) fn len(&self) -> usize {
        self.classes.iter().map(|class| class.waiting.len()).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.classes.iter().all(|class| class.waiting.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Priority::{High, Low, Normal};

    fn line(priorities: &[Priority]) -> Line {
        let mut line = Line::default();
        (0..).zip(priorities).for_each(|(n, priority)| line.join(Ticket(n), *priority));
        line
    }

    fn all(mut line: Line) -> Vec<u64> {
        std::iter::from_fn(|| line.next()).map(|ticket| ticket.0).collect()
    }

    #[test]
    fn the_first_to_come_is_the_first_to_go() {
        for priority in [High, Normal, Low] {
            assert_eq!(all(line(&[priority; 4])), [0, 1, 2, 3]);
        }
    }

    #[test]
    fn of_thirteen_eight_are_high_four_normal_and_one_low() {
        let mut line = Line::default();
        let of = |n: u64| [High, Normal, Low][(n % 3) as usize];
        (0..300).for_each(|n| line.join(Ticket(n), of(n)));
        for _ in 0..7 {
            let went: Vec<_> = (0..13).filter_map(|_| line.next()).map(|ticket| of(ticket.0)).collect();
            let count = |priority| went.iter().filter(|went| **went == priority).count();
            assert_eq!((count(High), count(Normal), count(Low)), (8, 4, 1), "{went:?}");
        }
    }

    #[test]
    fn a_low_one_goes_though_high_ones_never_end() {
        let mut line = line(&[Low, High]);
        let turns = (2..).take_while(|n| {
            line.join(Ticket(*n), High);
            line.next() != Some(Ticket(0))
        });
        assert_eq!(turns.count(), 8);
    }

    #[test]
    fn turns_that_nobody_wanted_are_not_saved_up() {
        let mut line = Line::default();
        for n in 0..100 {
            line.join(Ticket(n), Low);
            line.next();
        }
        line.join(Ticket(100), Low);
        line.join(Ticket(101), High);
        assert_eq!(all(line), [101, 100]);
    }

    #[test]
    fn a_position_is_how_many_turns_it_takes() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..300 {
            let mut line = Line::default();
            let of: Vec<_> = (0..random.usize(1..40)).map(|_| *random.choice(&[High, Normal, Low]).unwrap()).collect();
            (0..).zip(&of).for_each(|(n, priority)| line.join(Ticket(n), *priority));
            for _ in 0..random.usize(0..of.len()) {
                if random.bool() {
                    line.next();
                } else {
                    let leaves = random.usize(0..of.len());
                    line.leave(Ticket(leaves as u64), of[leaves]);
                }
            }
            let told: Vec<_> = (0..).zip(&of).filter_map(|(n, of)| Some((line.position(Ticket(n), *of)?, n))).collect();
            assert_eq!(told.len(), line.len());
            let mut sorted = told.clone();
            sorted.sort_unstable();
            let places: Vec<_> = sorted.iter().map(|(position, _)| *position).collect();
            assert_eq!(places, (1..=told.len()).collect::<Vec<_>>());
            assert_eq!(all(line), sorted.iter().map(|(_, n)| *n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_that_left_is_not_called() {
        let mut line = line(&[Normal, Normal, Low]);
        line.leave(Ticket(0), Normal);
        line.leave(Ticket(7), Normal);
        assert_eq!((line.position(Ticket(0), Normal), line.position(Ticket(1), Normal)), (None, Some(1)));
        assert_eq!(all(line), [1, 2]);
    }
}
