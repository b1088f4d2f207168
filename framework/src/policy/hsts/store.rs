//! The hosts that have said so (RFC 6797 8.1, 8.2), each with an entry of its own.

use std::collections::HashMap;

use super::field::Wish;
use crate::policy::domains;

/// The hosts that are asked by https only.
#[derive(Debug, Default)]
pub(crate) struct Store {
    hosts: HashMap<Box<str>, Kept>,
    /// Counts what happens, to tell what was of use last.
    tick: u64,
}

#[derive(Debug)]
struct Kept {
    /// Seconds since 1970.
    expires: i64,
    include_subdomains: bool,
    used: u64,
}

/// What is known of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) host: Box<str>,
    /// Seconds since 1970.
    pub(crate) expires: i64,
    pub(crate) include_subdomains: bool,
}

impl Store {
    /// Notes what a host wants; whether it is kept. An address cannot want anything (RFC 6797 8.1.1).
    pub(crate) fn note(&mut self, host: &str, wish: Wish, now: i64) -> bool {
        let age = i64::try_from(wish.max_age).unwrap_or(i64::MAX);
        // Further off than a file can say is for ever too.
        let expires = now.saturating_add(age.min(LONGEST));
        self.keep(Entry { host: host.into(), expires, include_subdomains: wish.include_subdomains }, now)
    }

    /// The same, with a time of its own. One whose time is over removes the entry, and that of no other host.
    pub(crate) fn keep(&mut self, entry: Entry, now: i64) -> bool {
        let Entry { host, expires, include_subdomains } = entry;
        if domains::has_empty_label(&host) || host.len() > LONGEST_NAME || domains::is_address(&host) {
            return false;
        }
        if expires <= now {
            self.hosts.remove(&host);
            return true;
        }
        self.tick += 1;
        self.hosts.insert(host, Kept { expires, include_subdomains, used: self.tick });
        if self.hosts.len() > MOST {
            self.make_room(now);
        }
        true
    }

    /// Several at once: what is over, then what was of use longest ago.
    fn make_room(&mut self, now: i64) {
        let worth = |kept: &Kept| (kept.expires > now, kept.used);
        let mut worths: Vec<_> = self.hosts.values().map(worth).collect();
        let (_, &mut last, _) = worths.select_nth_unstable(self.hosts.len() - MOST + ROOM - 1);
        self.hosts.retain(|_, kept| worth(kept) > last);
    }

    /// Is the host to be asked by https only? Its own entry says so, or that of a host above it which means those below.
    pub(crate) fn has(&mut self, host: &str, now: i64) -> bool {
        // No name is longer, and each of its labels costs a look.
        if host.len() > LONGEST_NAME || domains::is_address(host) {
            return false;
        }
        self.tick += 1;
        let tick = self.tick;
        let (mut name, mut is_own) = (Some(host), true);
        while let Some(looked_for) = name {
            if let Some(kept) = self.hosts.get_mut(looked_for)
                && kept.expires > now
                && (is_own || kept.include_subdomains)
            {
                kept.used = tick;
                return true;
            }
            (name, is_own) = (domains::parent(looked_for), false);
        }
        false
    }

    /// All that are not over, by name.
    pub(crate) fn all(&self, now: i64) -> Vec<Entry> {
        let entries = self.hosts.iter().filter(|(_, kept)| kept.expires > now).map(|(host, kept)| Entry {
            host: host.clone(),
            expires: kept.expires,
            include_subdomains: kept.include_subdomains,
        });
        let mut all: Vec<_> = entries.collect();
        all.sort_unstable_by(|a, b| a.host.cmp(&b.host));
        all
    }

    pub(crate) fn remove(&mut self, host: &str) -> bool {
        self.hosts.remove(host).is_some()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many there are, with those that are over.
    pub(crate) fn len(&self) -> usize {
        self.hosts.len()
    }
}

/// Hosts in all.
const MOST: usize = 8192;
/// For how many more room is made when it is made.
const ROOM: usize = 256;
/// Octets of a name (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 253;
/// Seconds: a hundred years.
const LONGEST: i64 = 100 * 366 * 24 * 60 * 60;
