//! Responses in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::CacheFigures;
use crate::policy::cache::{Asked, Key, Lru, Stored, chosen};

pub(super) struct Memory(Mutex<Held>);

struct Held {
    most: usize,
    lru: Lru,
    responses: HashMap<Key, Arc<Stored>>,
}

impl Memory {
    pub(super) fn new(most: usize) -> Self {
        Self(Mutex::new(Held { most, lru: Lru::new(most), responses: HashMap::new() }))
    }

    pub(super) fn look_up(&self, url: &str, asked: &Asked) -> Option<Arc<Stored>> {
        let found: Vec<_> = {
            let held = self.lock();
            held.lru.of_url(url).iter().filter_map(|key| held.responses.get(key).cloned()).collect()
        };
        chosen(found, asked)
    }

    pub(super) fn used(&self, url: &str, stored: &Stored) {
        self.lock().lru.touch(&Key { url: url.into(), variant: stored.variant().into() });
    }

    pub(super) fn store(&self, url: &str, stored: Stored) {
        let key = Key { url: url.into(), variant: stored.variant().into() };
        let size = stored.size() + 2 * (key.url.len() + key.variant.len());
        let mut held = self.lock();
        let gone = held.lru.insert(key.clone(), size);
        // Dropped after the lock.
        let mut dropped: Vec<_> = held.responses.insert(key, Arc::new(stored)).into_iter().collect();
        dropped.extend(gone.iter().filter_map(|key| held.responses.remove(key)));
        drop(held);
    }

    pub(super) fn remove(&self, url: &str) {
        let mut held = self.lock();
        for key in held.lru.of_url(url) {
            held.lru.remove(&key);
            held.responses.remove(&key);
        }
    }

    pub(super) fn clear(&self) {
        let mut held = self.lock();
        let most = held.most;
        let dropped = std::mem::replace(&mut *held, Held { most, lru: Lru::new(most), responses: HashMap::new() });
        drop(held);
        drop(dropped);
    }

    pub(super) fn figures(&self) -> CacheFigures {
        let held = self.lock();
        CacheFigures { entries: held.lru.len(), octets: held.lru.taken() }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
