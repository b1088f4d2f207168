//! Whether the calling thread does the work of a shard among its other tasks: then it must not wait for what it has to do itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A shard that is on a thread of the caller's, as long as it has not ended.
pub(super) struct Hosted(Arc<AtomicUsize>);

impl Hosted {
    /// On the calling thread.
    pub(super) fn here() -> Self {
        let shards = SHARDS.with(Arc::clone);
        shards.fetch_add(1, Ordering::Relaxed);
        Self(shards)
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Is there one on the calling thread, also while nothing runs it?
#[cfg(feature = "blocking")]
pub(crate) fn hosts_a_shard() -> bool {
    SHARDS.try_with(|shards| shards.load(Ordering::Relaxed) > 0).unwrap_or(false)
}

thread_local! {
    /// How many. Not a plain number: a shard may be dropped elsewhere than it ran.
    static SHARDS: Arc<AtomicUsize> = Arc::default();
}
