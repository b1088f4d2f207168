//! What keeps a slow subscriber from growing the heap: a permit in every message, handed back when it is handled.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::Notify;

use super::status::Weight;
use super::subscribers::CreditLimits;

/// What one subscription, with all copies its children inherited, has not handled yet.
#[derive(Debug)]
pub(crate) struct Credit {
    limits: CreditLimits,
    unhandled: AtomicUsize,
    unhandled_progress: AtomicUsize,
    freed: Arc<Notify>,
}

impl Credit {
    pub(super) fn new(limits: CreditLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            unhandled: AtomicUsize::new(0),
            unhandled_progress: AtomicUsize::new(0),
            freed: Arc::default(),
        })
    }

    pub(super) fn takes_progress(&self) -> bool {
        self.unhandled_progress.load(Ordering::Relaxed) < self.limits.progress
    }

    fn is_exhausted(&self) -> bool {
        self.unhandled.load(Ordering::Acquire) >= self.limits.total
    }

    /// If no new operation may begin: what to wait for before asking again, credit or a change of the subscriptions.
    pub(super) fn exhausted(&self) -> Option<impl Future<Output = ()> + use<>> {
        if !self.is_exhausted() {
            return None;
        }
        let freed = Arc::clone(&self.freed).notified_owned();
        // It counts from when it was made: what is handed back before this second look would be missed.
        self.is_exhausted().then_some(freed)
    }

    /// A subscription left, which is told under the lock of its table: whoever waits for it looks again for whom to wait.
    pub(super) fn subscription_left(&self) {
        self.freed.notify_waiters();
    }
}

/// What one handle has posted to one subscription that is not handled yet, and how many copies of it below are in the same
/// position.
#[derive(Debug)]
pub(crate) struct Share {
    pub(super) credit: Arc<Credit>,
    /// The share this one was inherited from: it waits for this one too.
    above: Option<Arc<Self>>,
    /// Messages of its own in the low half, shares below that are not empty in the high half. One number, so that what
    /// empties or fills it is one step.
    outstanding: AtomicU64,
    emptied: Notify,
}

impl Share {
    pub(super) fn new(credit: Arc<Credit>) -> Arc<Self> {
        Arc::new(Self { credit, above: None, outstanding: AtomicU64::new(0), emptied: Notify::new() })
    }

    pub(super) fn inherit(self: &Arc<Self>) -> Arc<Self> {
        let (credit, above) = (Arc::clone(&self.credit), Some(Arc::clone(self)));
        Arc::new(Self { credit, above, outstanding: AtomicU64::new(0), emptied: Notify::new() })
    }

    /// Was it not inherited? Then no share above waits for it.
    pub(super) fn is_ones_own(&self) -> bool {
        self.above.is_none()
    }

    pub(super) fn permit(self: &Arc<Self>, weight: Weight) -> Permit {
        self.fill(OWN);
        self.credit.unhandled.fetch_add(1, Ordering::Relaxed);
        if weight == Weight::Progress {
            self.credit.unhandled_progress.fetch_add(1, Ordering::Relaxed);
        }
        Permit { share: Arc::clone(self), weight }
    }

    fn fill(&self, unit: u64) {
        let before = self.outstanding.fetch_add(unit, Ordering::AcqRel);
        if before == 0
            && let Some(above) = &self.above
        {
            above.fill(BELOW);
        }
    }

    fn empty(&self, unit: u64) {
        let before = self.outstanding.fetch_sub(unit, Ordering::AcqRel);
        if before == unit {
            if let Some(above) = &self.above {
                above.empty(BELOW);
            }
            self.emptied.notify_waiters();
        } else if before % BELOW == unit || before / BELOW * BELOW == unit {
            self.emptied.notify_waiters();
        }
    }

    /// Waits until all that the handle itself posted is handled, or its subscriber is dead.
    pub(super) async fn drained(&self) {
        self.until(|outstanding| outstanding % BELOW == 0).await;
    }

    /// The same for the handle and all below it.
    pub(super) async fn drained_to_the_ground(&self) {
        self.until(|outstanding| outstanding == 0).await;
    }

    /// What is left of a subscription whose handle was closed.
    pub(super) fn whole(self: &Arc<Self>) -> Remains {
        Remains { share: Arc::downgrade(self), own: true }
    }

    /// What is left of one that was removed: its copies below. For its own messages the remover can wait.
    pub(super) fn copies_below(self: &Arc<Self>) -> Remains {
        Remains { share: Arc::downgrade(self), own: false }
    }

    async fn until(&self, reached: impl Fn(u64) -> bool) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if reached(self.outstanding.load(Ordering::Acquire)) {
                return;
            }
            emptied.await;
        }
    }
}

/// What may not be handled yet of a subscription that has ended. Weak, since a message that is not handled keeps its share, as a
/// copy below does.
#[derive(Clone, Debug)]
pub(super) struct Remains {
    share: Weak<Share>,
    own: bool,
}

impl Remains {
    pub(super) fn are_left(&self) -> bool {
        self.share.strong_count() > 0
    }

    pub(super) async fn drained(&self) {
        if let Some(share) = self.share.upgrade() {
            share.until(|outstanding| if self.own { outstanding == 0 } else { outstanding < BELOW }).await;
        }
    }
}

/// Travels inside a notification; dropped with it.
#[derive(Debug)]
pub(super) struct Permit {
    share: Arc<Share>,
    weight: Weight,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let credit = &self.share.credit;
        if self.weight == Weight::Progress {
            credit.unhandled_progress.fetch_sub(1, Ordering::Relaxed);
        }
        let before = credit.unhandled.fetch_sub(1, Ordering::AcqRel);
        if before == credit.limits.total {
            credit.freed.notify_waiters();
        }
        self.share.empty(OWN);
    }
}

const OWN: u64 = 1;
const BELOW: u64 = 1 << 32;
