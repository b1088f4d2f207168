//! One origin on several shards: its lanes, which together have no more wires than the origin may have.
//!
//! Each lane is a pond of its own. It holds a place for each of its wires and dials; what becomes free is given to the lane that
//! wants one, and a bell calls it: the lanes are on different threads, and none may wait for another.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use super::shares::{LaneId, Shares, Spare, Taken};
use super::{Kept, OriginKey, Pond, Terms};
use crate::reason::CloseReason;

/// The origins of a session that are on several shards.
pub(crate) struct Lanes {
    count: usize,
    limit: Option<usize>,
    known: Mutex<HashMap<OriginKey, Weak<Shared>>>,
}

/// What the lanes of one origin have in common.
struct Shared {
    table: Mutex<Table>,
    /// Does a lane want a place? Every wire that is given back asks.
    wanted: AtomicBool,
}

struct Table {
    shares: Shares,
    bells: Vec<Arc<Notify>>,
}

/// A pond's part in it.
pub(super) struct Lane {
    id: LaneId,
    shared: Arc<Shared>,
    bell: Arc<Notify>,
    key: OriginKey,
    terms: Arc<Terms>,
}

impl Lanes {
    /// So many lanes for every origin, which together may have so many wires. One lane is none; so are several with less than
    /// two wires each.
    pub(crate) fn new(count: usize, limit: Option<usize>) -> Self {
        let count = if limit.is_some_and(|limit| limit < 2 * count) { 1 } else { count };
        Self { count, limit, known: Mutex::default() }
    }

    /// How many there are; at least one.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OriginKey, Weak<Shared>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// Another lane of the origin; `None` where there is but one, or nothing to share.
    pub(super) fn join(key: &OriginKey, terms: &Arc<Terms>) -> Option<Self> {
        let Lanes { count, limit, .. } = terms.lanes;
        let limit = limit.filter(|_| count > 1)?;
        let mut known = terms.lanes.lock();
        let shared = known.get(key).and_then(Weak::upgrade).unwrap_or_else(|| {
            let table = Mutex::new(Table { shares: Shares::new(limit, count), bells: Vec::new() });
            let shared = Arc::new(Shared { table, wanted: AtomicBool::new(false) });
            known.insert(key.clone(), Arc::downgrade(&shared));
            shared
        });
        let bell = Arc::new(Notify::new());
        let id = shared.with(|table| {
            let id = table.shares.join();
            table.bells.resize_with(table.bells.len().max(id.0 + 1), Arc::default);
            table.bells[id.0] = Arc::clone(&bell);
            id
        });
        drop(known);
        Some(Self { id, shared, bell, key: key.clone(), terms: Arc::clone(terms) })
    }

    fn is_wanted(&self) -> bool {
        self.shared.wanted.load(Ordering::Acquire)
    }

    /// Gives up a place, once the promise is dropped: until then the wire is closed.
    fn promise(&self, spare: Spare) -> Option<Promise<'_>> {
        let promises = self.is_wanted() && self.shared.with(|table| table.shares.promise(self.id, spare));
        promises.then(|| Promise(self))
    }

    fn take(&self, wanted: usize) -> bool {
        match self.shared.with(|table| table.shares.take(self.id, wanted)) {
            Taken::Yes => true,
            Taken::No { news } => {
                if news {
                    // What rests elsewhere rests in vain.
                    self.shared.ring_all_but(self.id);
                }
                false
            }
        }
    }

    fn take_free(&self) -> bool {
        self.shared.with(|table| table.shares.take_free(self.id))
    }

    fn is_content(&self) {
        if self.is_wanted() {
            self.shared.with(|table| table.shares.is_content(self.id));
        }
    }

    fn put(&self) {
        let heir = self.shared.with(|table| table.shares.put(self.id));
        self.shared.ring(heir);
    }

    fn given(&self) -> usize {
        self.shared.with(|table| table.shares.given(self.id))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // Joined and left under this lock alone: of two that leave at a time, the last one finds that it is.
        let mut known = self.terms.lanes.lock();
        let (heirs, is_last) = self.shared.with(|table| (table.shares.leave(self.id), table.shares.is_empty()));
        if is_last {
            known.remove(&self.key);
        }
        drop(known);
        self.shared.ring(heirs);
        // Whoever answers it finds that the pond is gone.
        self.bell.notify_one();
    }
}

/// A wire of this lane that is being closed so that another lane may have its place.
struct Promise<'a>(&'a Lane);

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        let Lane { id, shared, .. } = self.0;
        let heir = shared.with(|table| table.shares.put_promised(*id));
        shared.ring(heir);
    }
}

impl Shared {
    fn with<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = change(&mut table);
        self.wanted.store(table.shares.is_wanted(), Ordering::Release);
        outcome
    }

    fn ring(&self, lanes: impl IntoIterator<Item = LaneId>) {
        for lane in lanes {
            let bell = self.with(|table| Arc::clone(&table.bells[lane.0]));
            bell.notify_one();
        }
    }

    fn ring_all_but(&self, lane: LaneId) {
        let bells = self.with(|table| table.bells.clone());
        bells.iter().enumerate().filter(|(id, _)| *id != lane.0).for_each(|(_, bell)| bell.notify_one());
    }
}

impl Pond {
    /// Answers the bell while the pond lives.
    pub(super) fn listen(self: &Rc<Self>) {
        let Some(lane) = &self.lane else { return };
        let (bell, pond) = (Arc::clone(&lane.bell), Rc::downgrade(self));
        actix_rt::spawn(async move {
            loop {
                bell.notified().await;
                let Some(pond) = pond.upgrade() else { return };
                // What closes here may be a caller's own: a panic in it is the end of that wire, and not of what comes next.
                if catch_unwind(AssertUnwindSafe(|| pond.answer_bell())).is_err() {
                    bell.notify_one();
                }
            }
        });
    }

    /// Another lane gave a place, or wants one.
    fn answer_bell(self: &Rc<Self>) {
        let Some(lane) = &self.lane else { return };
        self.pool.borrow_mut().may_have_more(lane.given());
        self.perform_assignments();
        self.release_resting(Spare::Resting);
    }

    /// A place for one of so many wires more than the pool may have now.
    pub(super) fn take_place(&self, wanted: usize) -> bool {
        let taken = self.lane.as_ref().is_some_and(|lane| lane.take(wanted));
        let mut pool = self.pool.borrow_mut();
        if taken {
            pool.may_have_more(1)
        } else {
            pool.is_refused()
        }
        taken
    }

    /// A place for a wire that nobody waits for, if one is free: no other has to give one up, and none is wanted afterwards.
    pub(super) fn take_free_place(&self) -> bool {
        let taken = self.lane.as_ref().is_some_and(|lane| lane.take_free());
        if taken {
            self.pool.borrow_mut().may_have_more(1);
        }
        taken
    }

    /// A place that became free here may be due to another lane, though somebody here is in line for it.
    pub(super) fn cede_places(&self) {
        let Some(lane) = &self.lane else { return };
        while self.pool.borrow().spare() > 0
            && let Some(_promise) = lane.promise(Spare::Wanted)
        {
            self.pool.borrow_mut().may_have_less();
        }
    }

    /// The same of a wire that comes back. `None`: it was closed.
    pub(super) fn cede_wire(&self, kept: Kept) -> Option<Kept> {
        let Some(_promise) = self.lane.as_ref().and_then(|lane| lane.promise(Spare::Wanted)) else { return Some(kept) };
        {
            let mut pool = self.pool.borrow_mut();
            pool.lost();
            pool.may_have_less();
        }
        self.close_idle(kept, CloseReason::MadeRoom);
        None
    }

    /// After the last assignment: nothing is kept that nobody here has a use for.
    pub(super) fn release_places(&self, refused: bool) {
        let Some(lane) = &self.lane else { return };
        if !refused {
            lane.is_content();
        }
        self.release_spare();
        self.release_resting(Spare::JustRested);
    }

    /// Wires are gone, and their places with them.
    pub(super) fn release_spare(&self) {
        let Some(lane) = &self.lane else { return };
        while self.pool.borrow().spare() > 0 {
            self.pool.borrow_mut().may_have_less();
            lane.put();
        }
    }

    /// Closes wires that rest here while another lane wants one.
    pub(super) fn release_resting(&self, spare: Spare) {
        let Some(lane) = &self.lane else { return };
        while self.pool.borrow().rests_in_vain()
            && let Some(_promise) = lane.promise(spare)
        {
            let oldest = self.pool.borrow_mut().take_oldest();
            self.pool.borrow_mut().may_have_less();
            if let Some(kept) = oldest {
                self.close_idle(kept, CloseReason::MadeRoom);
            }
        }
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lanes({})", self.count)
    }
}
