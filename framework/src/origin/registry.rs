//! The origins of one shard, and the one task that watches their idle wires.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

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
        watch_origins();
    }
    pond
}

/// A session was closed: closes its idle wires on this shard and forgets its origins.
pub(crate) fn forget_session(session: HandleId) {
    let ended: Vec<_> = SHARD.with_borrow_mut(|shard| {
        shard.ponds.extract_if(|key, _| key.session() == session).map(|(_, pond)| pond).collect()
    });
    ended.iter().for_each(|pond| pond.end());
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
        SHARD.with_borrow_mut(|shard| {
            shard.ponds.retain(|_, pond| Rc::strong_count(pond) > 1 || !pond.is_deserted(now));
        });
    }
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
