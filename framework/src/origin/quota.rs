//! How many wires a session may have in all, to whatever origins: each wire holds a place, and an idle one gives its place up
//! when another is wanted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::registry::make_room;
use crate::id::HandleId;

/// The places for a session's wires, on all shards together.
pub(crate) struct Quota {
    places: Arc<Semaphore>,
    limit: usize,
    /// How many dials wait for a place.
    waiting: AtomicUsize,
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
            waiting: AtomicUsize::new(0),
            ask_all_shards: Box::new(ask_all_shards),
        }
    }

    /// A place for one more wire. If there is none, the idle wire goes that was used longest ago, and until one does the dial
    /// waits: `queued` hears at which place in the line.
    pub(super) async fn place(&self, session: HandleId, queued: impl FnOnce(usize)) -> WirePlace {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return WirePlace(Some(permit));
        }
        let waiting = Waiting::one_more(&self.waiting);
        // Here first, which is a call; the other shards are a message away.
        if !make_room(session) {
            queued(waiting.position);
            (self.ask_all_shards)();
        }
        // Never closed: the error cannot come, and a place too many would be the smaller evil.
        WirePlace(Arc::clone(&self.places).acquire_owned().await.ok())
    }

    /// Do more dials wait than there are places?
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > self.places.available_permits()
    }
}

struct Waiting<'a> {
    counter: &'a AtomicUsize,
    position: usize,
}

impl<'a> Waiting<'a> {
    fn one_more(counter: &'a AtomicUsize) -> Self {
        Self { counter, position: counter.fetch_add(1, Ordering::AcqRel) + 1 }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::AcqRel);
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
