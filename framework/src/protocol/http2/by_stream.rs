//! What is kept of each stream of a wire, under its number. Most wires have one stream at a time, or none: the first one has a
//! place of its own, and a table is made for more. It stays for those who come next, until the wire rests.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What is kept of each stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByStream<T> {
    first: Option<(u32, T)>,
    more: HashMap<u32, T, BuildHasherDefault<ByNumber>>,
}

impl<T> ByStream<T> {
    pub(super) fn new() -> Self {
        Self { first: None, more: HashMap::default() }
    }

    /// In the place of what was there under this number, if anything was.
    #[inline]
    pub(super) fn insert(&mut self, stream: u32, kept: T) {
        match &mut self.first {
            Some((number, first)) if *number == stream => *first = kept,
            // Not beside others: it may be one of them.
            None if self.more.is_empty() => self.first = Some((stream, kept)),
            _ => drop(self.more.insert(stream, kept)),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, stream: u32) -> Option<&mut T> {
        match &mut self.first {
            Some((number, first)) if *number == stream => Some(first),
            _ if self.more.is_empty() => None,
            _ => self.more.get_mut(&stream),
        }
    }

    pub(super) fn contains(&self, stream: u32) -> bool {
        self.first.as_ref().is_some_and(|(number, _)| *number == stream) || self.more.contains_key(&stream)
    }

    #[inline]
    pub(super) fn remove(&mut self, stream: u32) -> Option<T> {
        match &self.first {
            Some((number, _)) if *number == stream => self.first.take().map(|(_, first)| first),
            _ if self.more.is_empty() => None,
            _ => self.more.remove(&stream),
        }
    }

    /// Its wire is found to carry nothing: without a stream no room is kept for more. Kept until then, as whoever sends in bursts
    /// would have it made anew for each.
    pub(super) fn rest(&mut self) {
        if self.len() == 0 {
            self.more = HashMap::default();
        }
    }

    /// For how many streams there is room beside the first.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.more.capacity()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    /// In no order.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.first.iter().map(|(_, first)| first).chain(self.more.values())
    }

    /// In no order.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().map(|(_, first)| first).chain(self.more.values_mut())
    }
}

/// Numbers of streams are ours, odd and given in order: nobody can choose them so that they collide.
#[derive(Debug, Default)]
struct ByNumber(u64);

impl Hasher for ByNumber {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u32(u32::from(*octet)));
    }

    fn write_u32(&mut self, number: u32) {
        // The golden ratio: the table looks at the highest bits and at the lowest.
        let spread = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }
}

#[cfg(test)]
mod tests;
