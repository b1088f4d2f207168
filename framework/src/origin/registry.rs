//! The origins of one shard, and the one task that watches their idle wires.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::key::{Folding, Keyed, Sought, UnderKey};
use super::{Pond, Terms};
use crate::clock;
use crate::id::HandleId;

thread_local! {
    static HERE: RefCell<Origins> = RefCell::default();
}

/// The origins of one shard, as a rule those of a thread.
///
/// Numbered in the order they were met, so that whatever is done to all of them is done in that order: the keys hold addresses
/// in memory, and no run would be like another.
#[derive(Default)]
pub(crate) struct Origins {
    known: HashSet<UnderKey<Rc<Pond>>, Folding>,
    ponds: BTreeMap<u64, Rc<Pond>>,
    next: u64,
    watched: bool,
    /// Of each session that had to make room: its idle wires when it last looked, the one used longest ago at the end.
    resting: HashMap<HandleId, Vec<(Instant, Weak<Pond>)>>,
    /// So many origins may stand here before those are looked for that can be forgotten.
    allowance: usize,
}

impl Origins {
    /// Makes them the thread's until the guard is dropped: for a shard that shares its thread with others.
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        self.swap();
        Entered(self)
    }

    #[inline(never)]
    fn swap(&mut self) {
        // A thread that ends may have dropped its locals before; then there is nothing to put them in the place of.
        let _gone = HERE.try_with(|here| mem::swap(&mut *here.borrow_mut(), self));
    }

    fn remove_if(&mut self, is_over: impl Fn(&Rc<Pond>) -> bool) -> Vec<Rc<Pond>> {
        let over: Vec<_> = self.ponds.iter().filter(|(_, pond)| is_over(pond)).map(|(number, _)| *number).collect();
        let removed = over.iter().filter_map(|number| self.ponds.remove(number)).collect::<Vec<_>>();
        for pond in &removed {
            self.known.remove(pond as &dyn Keyed);
        }
        removed
    }
}

/// While it lives, these origins are the thread's.
pub(crate) struct Entered<'a>(&'a mut Origins);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.swap();
    }
}

impl Keyed for Rc<Pond> {
    fn sought(&self) -> Sought<'_> {
        self.key.sought()
    }
}

/// The origin under this key on this shard.
pub(crate) fn origin(sought: &Sought<'_>, terms: &Arc<Terms>) -> Rc<Pond> {
    let found =
        HERE.with_borrow(|here| here.known.get(sought as &dyn Keyed).map(|pond| (Rc::clone(&pond.0), here.watched)));
    let pond = match found {
        Some((pond, true)) => return pond,
        Some((pond, false)) => pond,
        None => meet(sought, terms),
    };
    watch_origins();
    pond
}

/// The origin under this key, if it is known on this shard.
pub(crate) fn known_origin(sought: &Sought<'_>) -> Option<Rc<Pond>> {
    HERE.with_borrow(|here| here.known.get(sought as &dyn Keyed).map(|pond| Rc::clone(&pond.0)))
}

fn meet(sought: &Sought<'_>, terms: &Arc<Terms>) -> Rc<Pond> {
    let pond = Pond::new(sought.to_key(), Arc::clone(terms));
    HERE.with_borrow_mut(|here| {
        here.known.insert(UnderKey(Rc::clone(&pond)));
        here.ponds.insert(here.next, Rc::clone(&pond));
        here.next += 1;
    });
    // Not under the borrow: it shows objects of the caller's.
    tracing::debug!(fields = ?pond.key.fields(), "new origin");
    forget_the_most_forgettable();
    pond
}

/// The origins of a session on this shard, in the order they were met.
pub(super) fn ponds_of(session: HandleId) -> Vec<Rc<Pond>> {
    HERE.with_borrow(|here| here.ponds.values().filter(|pond| pond.key.session() == session).cloned().collect())
}

/// A session was closed: closes its idle wires on this shard and forgets its origins.
pub(crate) fn forget_session(session: HandleId) {
    let ended = HERE.with_borrow_mut(|here| {
        here.resting.remove(&session);
        here.remove_if(|pond| pond.key.session() == session)
    });
    ended.iter().for_each(|pond| pond.end());
}

/// One origin is not found any more, nor watched.
pub(super) fn forget(pond: &Rc<Pond>) {
    // A thread that ends may have dropped its locals before.
    let forgotten = HERE.try_with(|here| here.borrow_mut().remove_if(|known| Rc::ptr_eq(known, pond)));
    drop(forgotten);
}

/// Closes the idle wire of the session on this shard that was used longest ago, if a place is wanted and there is one.
pub(crate) fn make_room(session: HandleId) -> bool {
    let mut looked = false;
    loop {
        let oldest = HERE.with_borrow_mut(|here| here.resting.get_mut(&session).and_then(Vec::pop));
        match oldest {
            Some((since, weak)) => {
                let Some(pond) = weak.upgrade() else { continue };
                // If it has served since, it is among the youngest.
                if !pond.rests_since(since) {
                    continue;
                }
                if !pond.terms.quota.promise() {
                    // It stays the first to go.
                    HERE.with_borrow_mut(|here| here.resting.entry(session).or_default().push((since, weak)));
                    return false;
                }
                pond.close_for_room(since);
                return true;
            }
            None if looked => {
                HERE.with_borrow_mut(|here| here.resting.remove(&session));
                return false;
            }
            None => {
                looked = true;
                look_for_resting(session);
            }
        }
    }
}

/// One look for as many wires as are idle now: making room for each of many new origins costs no walk over all old ones.
fn look_for_resting(session: HandleId) {
    HERE.with_borrow_mut(|here| {
        let of_session = here.ponds.values().filter(|pond| pond.key.session() == session);
        let mut resting: Vec<_> = of_session
            .flat_map(|pond| pond.resting_since().into_iter().map(|since| (since, Rc::downgrade(pond))))
            .collect();
        // Stable: of those that came to rest together the origin goes first that was met last.
        resting.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        here.resting.insert(session, resting);
    });
}

/// Makes sure that the idle wires of this shard are looked after, and that origins nobody uses are forgotten: a crawler meets
/// more of them than it may remember.
fn watch_origins() {
    let watched = HERE.with_borrow_mut(|here| mem::replace(&mut here.watched, true));
    if !watched {
        actix_rt::spawn(watch(Unwatched));
    }
}

/// Runs while there is an origin to watch. A coarse tick, so that ten thousand idle wires need one timer and not one each: a
/// wire is closed at the first tick after its idle timeout, up to a second late, and never early.
async fn watch(_over: Unwatched) {
    loop {
        tokio::time::sleep(TICK).await;
        let ponds: Vec<_> = HERE.with_borrow(|here| here.ponds.values().cloned().collect());
        if ponds.is_empty() {
            return;
        }
        ponds.iter().for_each(|pond| pond.sweep());
        drop(ponds);
        let now = clock::now();
        let stale = |pond: &Rc<Pond>| unused(pond).is_some_and(|since| now.saturating_duration_since(since) >= MEMORY);
        drop(HERE.with_borrow_mut(|here| here.remove_if(stale)));
    }
}

/// Since when nobody uses the origin, not even a wire.
fn unused(pond: &Rc<Pond>) -> Option<Instant> {
    // The registry has it in its order and under its key.
    if Rc::strong_count(pond) > 2 { None } else { pond.empty_since() }
}

/// An origin that nobody uses is worth remembering for what its next wire saves, but not at any price: of many such, those are
/// forgotten first that nobody has used for the longest time.
fn forget_the_most_forgettable() {
    let forgotten = HERE.with_borrow_mut(|here| {
        if here.ponds.len() <= here.allowance.max(2 * REMEMBERED) {
            return Vec::new();
        }
        let mut since: Vec<_> = here.ponds.values().filter_map(unused).collect();
        let mut forgotten = Vec::new();
        if let Some(too_many) = since.len().checked_sub(REMEMBERED) {
            let (_, eldest_kept, _) = since.select_nth_unstable(too_many);
            let eldest_kept = *eldest_kept;
            forgotten = here.remove_if(|pond| unused(pond).is_some_and(|since| since < eldest_kept));
        }
        // Those in use may be many. The next look is worth its price when as many more have come.
        here.allowance = 2 * here.ponds.len();
        forgotten
    });
    drop(forgotten);
}

/// However the watch ends, be it before it began, the next request starts it again.
struct Unwatched;

impl Drop for Unwatched {
    fn drop(&mut self) {
        // A thread that ends may have dropped its locals before.
        let _gone = HERE.try_with(|here| here.borrow_mut().watched = false);
    }
}

const TICK: Duration = Duration::from_secs(1);
/// How long an origin without a wire is remembered.
const MEMORY: Duration = Duration::from_secs(60);
/// How many such are remembered on a shard.
const REMEMBERED: usize = 1_000;

#[cfg(test)]
mod tests;
