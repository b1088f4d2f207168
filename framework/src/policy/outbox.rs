//! What waits to be sent while nobody can take it: bounded, in order, and nothing sent twice.
//!
//! ```text
//!   put ---> waiting ---> begin ---> in the air ---> sent
//!               |  ^                     |  |
//!     dropped <-+  +---- not_sent -------+  +--> given_up
//! ```

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
        Self { waiting: VecDeque::new(), octets: 0, in_the_air: None, put: 0, dropped: 0, room }
    }

    /// Takes it, if there is room or room can be made.
    pub(crate) fn put(&mut self, octets: u64, message: T) -> Result<(), T> {
        while !self.has_room(octets) {
            match self.room.overflow {
                Overflow::DropOldest if !self.waiting.is_empty() => self.drop_oldest(),
                _ => return Err(message),
            }
        }
        self.put += 1;
        self.octets += octets;
        self.waiting.push_back(Entry { number: self.put, octets, message });
        Ok(())
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
    pub(crate) fn sent(&mut self) {
        self.in_the_air = None;
    }

    /// It did not get out: it is the next one again.
    pub(crate) fn not_sent(&mut self) {
        if let Some(entry) = self.in_the_air.take() {
            self.octets += entry.octets;
            self.waiting.push_front(entry);
        }
    }

    /// Nobody knows whether it got out, and it is not sent again.
    pub(crate) fn given_up(&mut self) {
        self.dropped += u64::from(self.in_the_air.take().is_some());
    }

    /// All that is left is dropped; how many those are.
    pub(crate) fn clear(&mut self) -> u64 {
        self.not_sent();
        let left = self.waiting.len() as u64;
        self.waiting = VecDeque::new();
        (self.octets, self.dropped) = (0, self.dropped + left);
        left
    }

    /// Is nothing left of what was put in up to then?
    pub(crate) fn is_through(&self, up_to: u64) -> bool {
        self.in_the_air.iter().chain(self.waiting.front()).all(|entry| entry.number > up_to)
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

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.waiting.pop_front() {
            self.octets -= oldest.octets;
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests;
