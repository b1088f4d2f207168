//! How many wires a session may have in all, to whatever origins: each wire holds a place, and an idle one gives its place up
//! when another is wanted.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::registry::make_room;
use crate::id::HandleId;

/// The places for a session's wires, on all shards together.
pub(crate) struct Quota {
    places: Arc<Semaphore>,
    limit: usize,
    demand: Demand,
    /// Has every shard look for an idle wire that can go.
    ask_all_shards: Box<dyn Fn() + Send + Sync>,
}

/// What a wire holds while it lives.
#[derive(Debug)]
pub(super) struct WirePlace(#[expect(dead_code, reason = "it is held to be dropped")] Option<OwnedSemaphorePermit>);

impl Quota {
    pub(crate) fn new(limit: Option<usize>, ask_all_shards: impl Fn() + Send + Sync + 'static) -> Self {
        let limit = limit.unwrap_or_else(default_limit).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            demand: Demand::default(),
            ask_all_shards: Box::new(ask_all_shards),
        }
    }

    /// A place for one more wire. If there is none, the idle wire goes that was used longest ago, and until one does the dial
    /// waits: `queued` hears at which place in the line.
    pub(super) async fn place(&self, session: HandleId, queued: impl FnOnce(u32)) -> WirePlace {
        // In line before anybody hears of it: what becomes free for those who wait must not go to somebody who came later.
        let mut place = pin!(Arc::clone(&self.places).acquire_owned());
        if let Some(had) = place.as_mut().now_or_never() {
            return WirePlace(had.ok());
        }
        let waiting = self.demand.one_more();
        // Here first, which is a call; the other shards are a message away. What became free may have gone to somebody who has
        // waited longer.
        let had = if make_room(session) { place.as_mut().now_or_never() } else { None };
        let had = match had {
            Some(had) => had,
            None => {
                queued(waiting.position);
                (self.ask_all_shards)();
                place.await
            }
        };
        // Never closed: the error cannot come, and a place too many would be the smaller evil.
        WirePlace(had.ok())
    }

    /// A place that is free: no idle wire goes for it, and nobody waits.
    pub(super) fn free_place(&self) -> Option<WirePlace> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(|place| WirePlace(Some(place)))
    }

    /// Do more dials wait than wires have made room for?
    pub(super) fn is_wanted(&self) -> bool {
        self.demand.is_open(self.demand.0.load(Ordering::Acquire))
    }

    /// Promises a place to somebody who waits; the wire that makes room must go now. `false` if no more are wanted.
    pub(super) fn promise(&self) -> bool {
        let promise = |demand| self.demand.is_open(demand).then_some(demand + PROMISED);
        self.demand.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, promise).is_ok()
    }
}

/// How many dials wait for a place, in the high half, and how many wires have made room for them, in the low half. One number,
/// so that no more make room than wait, from any thread.
#[derive(Default)]
struct Demand(AtomicU64);

const PROMISED: u64 = 1;
const WAITING: u64 = 1 << 32;

impl Demand {
    fn one_more(&self) -> Waiting<'_> {
        let before = self.0.fetch_add(WAITING, Ordering::AcqRel) / WAITING;
        Waiting { demand: self, position: u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1) }
    }

    fn is_open(&self, demand: u64) -> bool {
        demand / WAITING > demand % WAITING
    }
}

struct Waiting<'a> {
    demand: &'a Demand,
    position: u32,
}

impl Drop for Waiting<'_> {
    /// Whoever has a place, or wants none any more, waits for no promise. A promise too few costs a wire that need not have gone;
    /// one too many would be a wait without end, so there are never more than waiters.
    fn drop(&mut self) {
        let one_less = |demand: u64| {
            let (waiting, promised) = (demand / WAITING - 1, (demand % WAITING).saturating_sub(1));
            Some(waiting * WAITING + promised.min(waiting))
        };
        let _never_refused = self.demand.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quota({} of {} free)", self.places.available_permits(), self.limit)
    }
}

/// 4,096, or four fifths of the file descriptors this process may have: the rest is the program's own.
fn default_limit() -> usize {
    const MOST: usize = 4_096;
    descriptors().map_or(MOST, |descriptors| MOST.min(descriptors / 5 * 4))
}

#[cfg(unix)]
fn descriptors() -> Option<usize> {
    use nix::sys::resource::{Resource, getrlimit};
    let (soft, _hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some(usize::try_from(soft).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn descriptors() -> Option<usize> {
    None
}
