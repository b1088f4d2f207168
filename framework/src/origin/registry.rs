//! The origins of one shard, and the one task that watches their idle wires.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{OriginKey, Pond, Terms};
use crate::clock;
use crate::id::HandleId;

thread_local! {
    static SHARD: RefCell<Shard> = RefCell::default();
}

#[derive(Default)]
struct Shard {
    ponds: HashMap<OriginKey, Rc<Pond>>,
    watched: bool,
    /// Of each session that had to make room: its idle wires when it last looked, the one used longest ago at the end.
    resting: HashMap<HandleId, Vec<(Instant, Weak<Pond>)>>,
    /// So many origins may stand here before those are looked for that can be forgotten.
    allowance: usize,
}

/// The origin under this key on this shard.
pub(crate) fn origin(key: OriginKey, terms: &Arc<Terms>) -> Rc<Pond> {
    let (pond, new) = SHARD.with_borrow_mut(|shard| {
        let before = shard.ponds.len();
        let make = |key: &OriginKey| {
            tracing::debug!(fields = ?key.fields(), "new origin");
            Pond::new(key.clone(), Arc::clone(terms))
        };
        (Rc::clone(shard.ponds.entry(key).or_insert_with_key(make)), shard.ponds.len() > before)
    });
    if new {
        forget_the_most_forgettable();
        watch_origins();
    }
    pond
}

/// A session was closed: closes its idle wires on this shard and forgets its origins.
pub(crate) fn forget_session(session: HandleId) {
    let ended: Vec<_> = SHARD.with_borrow_mut(|shard| {
        shard.resting.remove(&session);
        shard.ponds.extract_if(|key, _| key.session() == session).map(|(_, pond)| pond).collect()
    });
    ended.iter().for_each(|pond| pond.end());
}

/// Closes the idle wire of the session on this shard that was used longest ago, if a place is wanted and there is one.
pub(crate) fn make_room(session: HandleId) -> bool {
    let mut looked = false;
    loop {
        let oldest = SHARD.with_borrow_mut(|shard| shard.resting.get_mut(&session).and_then(Vec::pop));
        match oldest {
            Some((since, pond)) => {
                let Some(pond) = pond.upgrade() else { continue };
                if !pond.terms.quota.is_wanted() {
                    return false;
                }
                // Not if it has served since: then it is among the youngest.
                if pond.close_for_room(since) {
                    return true;
                }
            }
            None if looked => return false,
            None => {
                looked = true;
                look_for_resting(session);
            }
        }
    }
}

/// One look for as many wires as are idle now: making room for each of many new origins costs no walk over all old ones.
fn look_for_resting(session: HandleId) {
    SHARD.with_borrow_mut(|shard| {
        let of_session = shard.ponds.iter().filter(|(key, _)| key.session() == session);
        let mut resting: Vec<_> = of_session
            .flat_map(|(_, pond)| pond.resting_since().into_iter().map(|since| (since, Rc::downgrade(pond))))
            .collect();
        resting.sort_unstable_by_key(|(since, _)| std::cmp::Reverse(*since));
        shard.resting.insert(session, resting);
    });
}

/// Makes sure that the idle wires of this shard are looked after, and that origins nobody uses are forgotten: a crawler meets
/// more of them than it may remember.
fn watch_origins() {
    let watched = SHARD.with_borrow_mut(|shard| std::mem::replace(&mut shard.watched, true));
    if !watched {
        actix_rt::spawn(watch());
    }
}

/// Runs while there is an origin to watch. A coarse tick: a wire may outlive its idle timeout by one.
async fn watch() {
    let _restart = Unwatched;
    loop {
        tokio::time::sleep(TICK).await;
        let ponds: Vec<_> = SHARD.with_borrow(|shard| shard.ponds.values().cloned().collect());
        if ponds.is_empty() {
            return;
        }
        ponds.iter().for_each(|pond| pond.sweep());
        drop(ponds);
        let now = clock::now();
        let stale = |pond: &Rc<Pond>| unused(pond).is_some_and(|since| now.saturating_duration_since(since) >= MEMORY);
        SHARD.with_borrow_mut(|shard| shard.ponds.retain(|_, pond| !stale(pond)));
    }
}

/// Since when nobody uses the origin, not even a wire.
fn unused(pond: &Rc<Pond>) -> Option<Instant> {
    // The one reference is the registry's.
    if Rc::strong_count(pond) > 1 { None } else { pond.empty_since() }
}

/// An origin that nobody uses is worth remembering for what its next wire saves, but not at any price: of many such, those are
/// forgotten first that nobody has used for the longest time.
fn forget_the_most_forgettable() {
    SHARD.with_borrow_mut(|shard| {
        if shard.ponds.len() <= shard.allowance.max(2 * REMEMBERED) {
            return;
        }
        let mut since: Vec<_> = shard.ponds.values().filter_map(unused).collect();
        if since.len() > REMEMBERED {
            let from = since.len() - REMEMBERED;
            let (_, eldest_kept, _) = since.select_nth_unstable(from);
            let eldest_kept = *eldest_kept;
            shard.ponds.retain(|_, pond| unused(pond).is_none_or(|since| since >= eldest_kept));
        }
        // Those in use may be many. The next look is worth its price when as many more have come.
        shard.allowance = 2 * shard.ponds.len();
    });
}

/// However the watch ends, the next idle wire starts it again.
struct Unwatched;

impl Drop for Unwatched {
    fn drop(&mut self) {
        // A thread that ends may have dropped its locals before.
        let _gone = SHARD.try_with(|shard| shard.borrow_mut().watched = false);
    }
}

const TICK: Duration = Duration::from_secs(1);
/// How long an origin without a wire is remembered.
const MEMORY: Duration = Duration::from_secs(60);
/// How many such are remembered on a shard.
const REMEMBERED: usize = 1_000;
