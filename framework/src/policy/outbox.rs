//! What waits to be sent while nobody can take it: bounded, in order, and nothing sent twice.
//!
//! ```text
//!   put ---> waiting ---> begin ---> in the air ---> sent
//!               |  ^                     |  |
//!     dropped <-+  +---- not_sent -------+  +--> given_up
//! ```
//!
//! A message may be the caller's own memory, whose drop is the caller's code, and the outbox is kept under a lock. So nothing is dropped
//! here: what is removed is given back.

use std::collections::VecDeque;

use crate::options::Overflow;

/// Messages in the order they were put in.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    waiting: VecDeque<Entry<T>>,
    octets: u64,
    /// The one that is being sent. It takes no room of the others.
    in_the_air: Option<Entry<T>>,
    /// How many were ever put in.
    put: u64,
    dropped: u64,
    /// The first that was left when it was cleared.
    first_left: Option<u64>,
    room: Room,
}

#[derive(Debug)]
struct Entry<T> {
    number: u64,
    octets: u64,
    message: T,
}

/// How much may wait, and what becomes of what is more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) messages: usize,
    pub(crate) octets: u64,
    pub(crate) overflow: Overflow,
}

impl<T: Clone> Outbox<T> {
    pub(crate) fn new(room: Room) -> Self {
        Self { waiting: VecDeque::new(), octets: 0, in_the_air: None, put: 0, dropped: 0, first_left: None, room }
    }

    /// Takes it, if there is room or room can be made, and gives back those that made room.
    pub(crate) fn put(&mut self, octets: u64, message: T) -> Result<Vec<T>, T> {
        let makes_room = self.room.overflow == Overflow::DropOldest && self.could_hold(octets);
        let mut oldest = Vec::new();
        while !self.has_room(octets) {
            if !makes_room {
                return Err(message);
            }
            let Some(entry) = self.waiting.pop_front() else { return Err(message) };
            self.octets -= entry.octets;
            oldest.push(entry.message);
        }
        self.dropped += oldest.len() as u64;
        self.put += 1;
        self.octets += octets;
        self.waiting.push_back(Entry { number: self.put, octets, message });
        Ok(oldest)
    }

    /// The next one to send, if none is in the air. It comes back by one of the three that follow.
    pub(crate) fn begin(&mut self) -> Option<T> {
        if self.in_the_air.is_some() {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.octets -= next.octets;
        Some(self.in_the_air.insert(next).message.clone())
    }

    /// It is out.
    pub(crate) fn sent(&mut self) -> Option<T> {
        self.in_the_air.take().map(|entry| entry.message)
    }

    /// It did not get out: it is the next one again.
    pub(crate) fn not_sent(&mut self) {
        if let Some(entry) = self.in_the_air.take() {
            self.octets += entry.octets;
            self.waiting.push_front(entry);
        }
    }

    /// Nobody knows whether it got out, and it is not sent again.
    pub(crate) fn given_up(&mut self) -> Option<T> {
        let given_up = self.sent();
        self.dropped += u64::from(given_up.is_some());
        given_up
    }

    /// All that is left will not be sent.
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.not_sent();
        self.first_left = self.first_left.or(self.waiting.front().map(|entry| entry.number));
        let left: Vec<_> = std::mem::take(&mut self.waiting).into_iter().map(|entry| entry.message).collect();
        (self.octets, self.dropped) = (0, self.dropped + left.len() as u64);
        left
    }

    /// Is nothing left of what was put in up to then?
    pub(crate) fn is_through(&self, up_to: u64) -> bool {
        self.in_the_air.iter().chain(self.waiting.front()).all(|entry| entry.number > up_to)
    }

    /// Was any of what was put in up to then left when it was cleared?
    pub(crate) fn was_left(&self, up_to: u64) -> bool {
        self.first_left.is_some_and(|first| first <= up_to)
    }

    /// Would it ever fit?
    pub(crate) fn could_hold(&self, octets: u64) -> bool {
        octets <= self.room.octets
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are, the one in the air included.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.in_the_air.is_some())
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.room.overflow
    }

    /// Octets of those that wait.
    pub(crate) fn octets(&self) -> u64 {
        self.octets
    }

    /// How many were ever put in.
    pub(crate) fn put_so_far(&self) -> u64 {
        self.put
    }

    /// How many were dropped or given up.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn has_room(&self, octets: u64) -> bool {
        self.waiting.len() < self.room.messages && self.octets.saturating_add(octets) <= self.room.octets
    }
}

#[cfg(test)]
mod tests;
