//! Which entry goes when there is no room: the one that was used longest ago.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// An entry: of this URL, this variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) url: Arc<str>,
    pub(crate) variant: Arc<str>,
}

/// The order of use, and what is taken up.
#[derive(Debug)]
pub(crate) struct Lru {
    most: usize,
    taken: usize,
    clock: u64,
    entries: HashMap<Key, Place>,
    pub(super) order: BTreeMap<u64, Key>,
    pub(super) by_url: HashMap<Arc<str>, Vec<Arc<str>>>,
}

#[derive(Debug)]
struct Place {
    used: u64,
    size: usize,
}

impl Lru {
    pub(crate) fn new(most: usize) -> Self {
        let (entries, order, by_url) = Default::default();
        Self { most, taken: 0, clock: 0, entries, order, by_url }
    }

    /// It is there now, and was used last. Gives back what has to go for it.
    pub(crate) fn insert(&mut self, key: Key, size: usize) -> Vec<Key> {
        self.remove(&key);
        let mut gone = Vec::new();
        // Of one URL there are not as many as its server likes.
        if let Some([oldest, ..]) =
            self.by_url.get(&key.url).filter(|all| all.len() >= MOST_VARIANTS).map(Vec::as_slice)
        {
            gone.push(Key { url: Arc::clone(&key.url), variant: Arc::clone(oldest) });
        }
        gone.iter().for_each(|key| self.remove(key));
        self.clock += 1;
        self.taken += size;
        self.order.insert(self.clock, key.clone());
        self.by_url.entry(Arc::clone(&key.url)).or_default().push(Arc::clone(&key.variant));
        self.entries.insert(key, Place { used: self.clock, size });
        while self.taken > self.most {
            let Some((_, oldest)) = self.order.first_key_value() else { break };
            let oldest = oldest.clone();
            self.remove(&oldest);
            gone.push(oldest);
        }
        gone
    }

    /// It was used.
    pub(crate) fn touch(&mut self, key: &Key) {
        if let Some(place) = self.entries.get_mut(key) {
            self.order.remove(&place.used);
            self.clock += 1;
            place.used = self.clock;
            self.order.insert(self.clock, key.clone());
        }
    }

    pub(crate) fn remove(&mut self, key: &Key) {
        let Some(place) = self.entries.remove(key) else { return };
        self.taken -= place.size;
        self.order.remove(&place.used);
        if let Some(all) = self.by_url.get_mut(&key.url) {
            all.retain(|variant| *variant != key.variant);
            if all.is_empty() {
                self.by_url.remove(&key.url);
            }
        }
    }

    /// What there is of a URL, the eldest first.
    pub(crate) fn of_url(&self, url: &str) -> Vec<Key> {
        let Some((url, variants)) = self.by_url.get_key_value(url) else { return Vec::new() };
        variants.iter().map(|variant| Key { url: Arc::clone(url), variant: Arc::clone(variant) }).collect()
    }

    /// Is there anything of a URL?
    pub(crate) fn has_url(&self, url: &str) -> bool {
        self.by_url.contains_key(url)
    }

    /// Octets that all of it takes.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

const MOST_VARIANTS: usize = 16;
