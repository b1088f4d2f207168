//! The origins of one shard, and the one task that watches their idle wires.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{OriginKey, Pond, Terms};
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
    numbers: HashMap<OriginKey, u64>,
    ponds: BTreeMap<u64, Rc<Pond>>,
    next: u64,
    watched: bool,
}

impl Origins {
    /// Makes them the thread's until the guard is dropped: for a shard that shares its thread with others.
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        self.swap();
        Entered(self)
    }

    fn swap(&mut self) {
        // A thread that ends may have dropped its locals before; then there is nothing to put them in the place of.
        let _gone = HERE.try_with(|here| mem::swap(&mut *here.borrow_mut(), self));
    }

    fn remove_if(&mut self, is_over: impl Fn(&Rc<Pond>) -> bool) -> Vec<Rc<Pond>> {
        let over: Vec<_> = self.ponds.iter().filter(|(_, pond)| is_over(pond)).map(|(number, _)| *number).collect();
        let removed = over.iter().filter_map(|number| self.ponds.remove(number)).collect::<Vec<_>>();
        for pond in &removed {
            self.numbers.remove(&pond.key);
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

/// The origin under this key on this shard.
pub(crate) fn origin(key: OriginKey, terms: &Arc<Terms>) -> Rc<Pond> {
    let (pond, new) = HERE.with_borrow_mut(|here| {
        if let Some(pond) = here.numbers.get(&key).and_then(|number| here.ponds.get(number)) {
            return (Rc::clone(pond), false);
        }
        tracing::debug!(fields = ?key.fields(), "new origin");
        let pond = Pond::new(key.clone(), Arc::clone(terms));
        here.numbers.insert(key, here.next);
        here.ponds.insert(here.next, Rc::clone(&pond));
        here.next += 1;
        (pond, true)
    });
    if new {
        watch_origins();
    }
    pond
}

/// A session was closed: closes its idle wires on this shard and forgets its origins.
pub(crate) fn forget_session(session: HandleId) {
    let ended = HERE.with_borrow_mut(|here| here.remove_if(|pond| pond.key.session() == session));
    ended.iter().for_each(|pond| pond.end());
}

/// Makes sure that the idle wires of this shard are looked after, and that origins nobody uses are forgotten: a crawler meets
/// more of them than it may remember.
fn watch_origins() {
    let watched = HERE.with_borrow_mut(|here| mem::replace(&mut here.watched, true));
    if !watched {
        actix_rt::spawn(watch());
    }
}

/// Runs while there is an origin to watch. A coarse tick: a wire may outlive its idle timeout by one.
async fn watch() {
    let _restart = Unwatched;
    loop {
        tokio::time::sleep(TICK).await;
        let ponds: Vec<_> = HERE.with_borrow(|here| here.ponds.values().cloned().collect());
        if ponds.is_empty() {
            return;
        }
        ponds.iter().for_each(|pond| pond.sweep());
        drop(ponds);
        let unused = |pond: &Rc<Pond>| Rc::strong_count(pond) == 1 && pond.is_idle();
        drop(HERE.with_borrow_mut(|here| here.remove_if(unused)));
    }
}

/// However the watch ends, the next idle wire starts it again.
struct Unwatched;

impl Drop for Unwatched {
    fn drop(&mut self) {
        // A thread that ends may have dropped its locals before.
        let _gone = HERE.try_with(|here| here.borrow_mut().watched = false);
    }
}

const TICK: Duration = Duration::from_secs(1);
