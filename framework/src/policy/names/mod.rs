//! What is known of names, for how long, and which of them are being looked up (pure; RFC 1035 3.2.1, RFC 2308, RFC 8767).
//!
//! ```text
//!             ask                 finish            its time is over          `stale_for` is over
//!   (unknown) ----> being looked up ----> fresh ----------------------> stale --------------------> (unknown)
//!                    ^      |              |                              |
//!                    | ask  | give_up      +------- forget, clear --------+-----------------------> (unknown)
//!                    +------+---> (unknown)
//! ```
//!
//! A name is looked up once for all who ask meanwhile, but nobody joins a look-up that hangs, nor one that was begun before a clear:
//! who asks then begins another, and what the first one finds is not kept. What is stale is given to who asks, and looked up again for nobody in
//! particular (`renew`).

mod history;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::network::Answer;
use crate::options::NameOptions;

use history::History;

/// What is known of names. `K` names one, and who is asked for it; `L` is what those watch who wait for a look-up.
///
/// Keys may hold objects of the caller's: what is dropped of them is given out, to be dropped where no lock is held.
#[derive(Debug)]
pub(crate) struct Names<K, L> {
    options: NameOptions,
    known: HashMap<K, Known>,
    /// The one that was asked for longest ago first.
    by_use: BTreeMap<u64, K>,
    /// And since when.
    under_way: HashMap<K, (L, Instant)>,
    next_number: u64,
}

#[derive(Debug)]
struct Known {
    /// `None` once it is not to be used any more.
    current: Option<Resolution>,
    history: History,
    used: u64,
}

/// What a name came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolution {
    /// The addresses, or why there are none.
    pub(crate) found: Result<Arc<[IpAddr]>, Arc<str>>,
    /// `None` if it is not kept.
    pub(crate) kept: Option<Kept>,
}

/// An answer that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Names it, among all answers.
    pub(crate) number: u64,
    pub(crate) runs_out: Instant,
}

/// What somebody gets who asks for a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<L> {
    Fresh(Resolution),
    /// To be taken, and to be renewed.
    Stale(Resolution),
    /// It is being looked up.
    Join(L),
    /// It is to be looked up, by who asks.
    LookUp(L),
}

impl<K: Clone + Eq + Hash, L: Clone> Names<K, L> {
    pub(crate) fn new(options: NameOptions) -> Self {
        let (known, by_use, under_way) = (HashMap::new(), BTreeMap::new(), HashMap::new());
        Self { options, known, by_use, under_way, next_number: 0 }
    }

    /// Somebody wants the addresses of a name.
    pub(crate) fn ask(&mut self, key: &K, now: Instant, make: impl FnOnce() -> L) -> Found<L> {
        self.touch(key);
        let current = self.known.get(key).and_then(|known| known.current.as_ref());
        if let Some((resolution, runs_out)) = current.and_then(|current| Some((current, current.kept?.runs_out))) {
            if now < runs_out {
                return Found::Fresh(resolution.clone());
            }
            let is_stale = |until| resolution.found.is_ok() && now < until;
            if runs_out.checked_add(self.options.stale_for).is_some_and(is_stale) {
                return Found::Stale(resolution.clone());
            }
        }
        self.look_up(key, now, make)
    }

    /// Somebody wants a newer answer than one that is over.
    pub(crate) fn renew(&mut self, key: &K, now: Instant, make: impl FnOnce() -> L) -> Found<L> {
        self.touch(key);
        let current = self.known.get(key).and_then(|known| known.current.as_ref());
        match current.filter(|current| current.kept.is_some_and(|kept| now < kept.runs_out)) {
            Some(fresh) => Found::Fresh(fresh.clone()),
            None => self.look_up(key, now, make),
        }
    }

    fn look_up(&mut self, key: &K, now: Instant, make: impl FnOnce() -> L) -> Found<L> {
        if let Some((under_way, since)) = self.under_way.get(key)
            && now.saturating_duration_since(*since) < JOINED
        {
            return Found::Join(under_way.clone());
        }
        let made = make();
        // One that hangs goes on, for those who wait for it, until their time is over.
        self.under_way.insert(key.clone(), (made.clone(), now));
        Found::LookUp(made)
    }

    /// A look-up has an answer. It is kept if it may be, and if this look-up is still the one that others would join: else it was
    /// begun before a clear, or another took its place. Also: what is to be dropped for it.
    #[must_use]
    pub(crate) fn finish(
        &mut self,
        key: &K,
        is_it: impl FnOnce(&L) -> bool,
        answer: Answer,
        now: Instant,
    ) -> (Resolution, Vec<K>) {
        let ended = self.give_up(key, is_it);
        let lasts = if ended.is_some() { self.lasts(&answer) } else { None };
        let Answer { mut addresses, ttl: _, reason } = answer;
        addresses.truncate(MOST_ADDRESSES);
        let found: Result<Arc<[IpAddr]>, _> = match &addresses[..] {
            [] => Err(reason.as_deref().unwrap_or("the name has no address").into()),
            some => Ok(some.into()),
        };
        let runs_out = lasts.and_then(|lasts| now.checked_add(lasts));
        let number = self.number();
        let resolution = Resolution { found, kept: runs_out.map(|runs_out| Kept { number, runs_out }) };
        let Some((ended, _)) = ended else { return (resolution, Vec::new()) };
        let mut dropped = vec![ended];
        if resolution.kept.is_none() {
            self.spend(key);
            return (resolution, dropped);
        }
        let known = self.known.entry(key.clone()).or_insert_with(|| {
            self.by_use.insert(number, key.clone());
            Known { current: None, history: History::default(), used: number }
        });
        known.history.note(&addresses);
        known.current = Some(resolution.clone());
        while self.known.len() > self.options.capacity
            && let Some((_, eldest)) = self.by_use.pop_first()
        {
            self.known.remove(&eldest);
            dropped.push(eldest);
        }
        (resolution, dropped)
    }

    /// For how long the answer is kept; `None`: not at all.
    fn lasts(&self, answer: &Answer) -> Option<Duration> {
        let NameOptions { min_ttl, max_ttl, assumed_ttl, negative_ttl, capacity, .. } = self.options;
        let lasts = if answer.addresses.is_empty() {
            answer.ttl.or(assumed_ttl).map(|ttl| ttl.min(negative_ttl))
        } else {
            answer.ttl.map(|ttl| ttl.clamp(min_ttl, max_ttl)).or(assumed_ttl)
        };
        lasts.filter(|lasts| !lasts.is_zero() && capacity > 0)
    }

    /// A look-up has failed, or nobody wants it any more: if it is this one it is over, and to be dropped.
    #[must_use]
    pub(crate) fn give_up(&mut self, key: &K, is_it: impl FnOnce(&L) -> bool) -> Option<(K, L)> {
        let is_it = self.under_way.get(key).is_some_and(|(under_way, _)| is_it(under_way));
        let given_up = is_it.then(|| self.under_way.remove_entry(key)).flatten();
        given_up.map(|(key, (under_way, _))| (key, under_way))
    }

    /// None of the addresses of this answer is of any use: who asks next is told anew.
    pub(crate) fn forget(&mut self, key: &K, number: u64) {
        let current = self.known.get(key).and_then(|known| known.current.as_ref()?.kept);
        if current.is_some_and(|kept| kept.number == number) {
            self.spend(key);
        }
    }

    /// What is known is not to be used any more. What addresses the name had is remembered.
    fn spend(&mut self, key: &K) {
        if let Some(known) = self.known.get_mut(key) {
            known.current = None;
        }
    }

    /// Nothing that is known holds any more, nor what is being looked up: that is for those who wait already. To be dropped.
    #[must_use]
    pub(crate) fn clear(&mut self) -> impl Sized + use<K, L> {
        (mem::take(&mut self.known), mem::take(&mut self.by_use), mem::take(&mut self.under_way))
    }

    /// Which of these addresses the name had, and has no more.
    pub(crate) fn left(&self, key: &K, addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
        match self.known.get(key) {
            Some(Known { current: Some(Resolution { found: Ok(_), .. }), history, .. }) => {
                addresses.into_iter().filter(|address| history.has_left(*address)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn touch(&mut self, key: &K) {
        let number = self.number();
        if let Some(known) = self.known.get_mut(key)
            && let Some(key) = self.by_use.remove(&mem::replace(&mut known.used, number))
        {
            self.by_use.insert(number, key);
        }
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

/// A look-up that is under way for so long hangs: nobody joins it any more. As long as `Timeouts::resolve` is by default.
const JOINED: Duration = Duration::from_secs(30);
/// A name with more of them is not reached by trying them all; what strangers say must not fill the memory.
const MOST_ADDRESSES: usize = 256;
