//! What keeps a slow subscriber from growing the heap: a permit in every message, handed back when it is handled.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};

use tokio::sync::Notify;

use super::subscribers::CreditLimits;
use super::table::Weight;

/// What one subscription, with all copies its children inherited, has not handled yet.
#[derive(Debug)]
pub(crate) struct Credit {
    limits: CreditLimits,
    /// Messages in the low half, those of them that tell progress in the high half. One number, so that a message is one step.
    unhandled: AtomicU64,
    freed: Arc<Notify>,
}

impl Credit {
    pub(super) fn new(limits: CreditLimits) -> Arc<Self> {
        Arc::new(Self { limits, unhandled: AtomicU64::new(0), freed: Arc::default() })
    }

    pub(super) fn takes_progress(&self) -> bool {
        self.unhandled.load(Ordering::Relaxed) / PROGRESS < self.limits.progress as u64
    }

    fn is_exhausted(&self) -> bool {
        self.unhandled.load(Ordering::Acquire) % PROGRESS >= self.limits.total as u64
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

/// What one handle has posted to one subscription that is not handled yet, or what the handles below it have.
///
/// Nothing is counted: it is there as long as somebody holds it, and that is the subscription until it ends, every message that
/// is not handled, and every share below. So a message costs one reference, whatever the depth of the tree.
#[derive(Debug)]
pub(crate) struct Share {
    pub(super) credit: Arc<Credit>,
    /// What waits for the copies that the handle above gave away, this one among them.
    above: Option<Arc<Self>>,
    /// Made by the first who waits for its end: almost nobody does.
    watched: OnceLock<Arc<Notify>>,
}

impl Share {
    pub(super) fn new(credit: Arc<Credit>) -> Arc<Self> {
        Arc::new(Self { credit, above: None, watched: OnceLock::new() })
    }

    /// The share of a copy, for whose end `above` is to wait.
    pub(super) fn under(above: &Arc<Self>) -> Arc<Self> {
        let (credit, above) = (Arc::clone(&above.credit), Some(Arc::clone(above)));
        Arc::new(Self { credit, above, watched: OnceLock::new() })
    }

    /// Another one at the same place in the tree.
    pub(super) fn beside(&self) -> Arc<Self> {
        Arc::new(Self { credit: Arc::clone(&self.credit), above: self.above.clone(), watched: OnceLock::new() })
    }

    /// Was it not inherited? Then no share above waits for it.
    pub(super) fn is_ones_own(&self) -> bool {
        self.above.is_none()
    }

    pub(super) fn permit(self: &Arc<Self>, weight: Weight) -> Permit {
        self.credit.unhandled.fetch_add(units(weight), Ordering::Relaxed);
        Permit { share: Arc::clone(self), weight }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(watched) = self.watched.get() {
            watched.notify_waiters();
        }
    }
}

/// What may not be handled yet of a subscription that has ended.
#[derive(Clone, Debug)]
pub(super) struct Remains {
    own: Weak<Share>,
    below: Weak<Share>,
}

impl Remains {
    /// Of what the handle itself posted, and of its copies below if there are any.
    pub(super) fn new(own: &Arc<Share>, below: Option<&Arc<Share>>) -> Self {
        Self { own: Arc::downgrade(own), below: below.map_or_else(Weak::new, Arc::downgrade) }
    }

    /// Without what the handle itself posted.
    pub(super) fn below(&self) -> Self {
        Self { own: Weak::new(), below: self.below.clone() }
    }

    pub(super) fn are_left(&self) -> bool {
        self.own.strong_count() > 0 || self.below.strong_count() > 0
    }

    /// Waits until all that the handle itself posted is handled, or its subscriber is dead.
    pub(super) async fn drained(&self) {
        gone(&self.own).await;
    }

    /// The same for the handle and all below it.
    pub(super) async fn drained_to_the_ground(&self) {
        gone(&self.own).await;
        gone(&self.below).await;
    }
}

async fn gone(share: &Weak<Share>) {
    // Held for a moment only: it would be waited for too.
    let watched = share.upgrade().map(|share| Arc::clone(share.watched.get_or_init(Arc::default)));
    if let Some(watched) = watched {
        let gone = watched.notified();
        tokio::pin!(gone);
        gone.as_mut().enable();
        if share.strong_count() > 0 {
            gone.await;
        }
    }
    // The count is read without one: what was done with the messages is to be seen by who waited for them.
    fence(Ordering::Acquire);
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
        let before = credit.unhandled.fetch_sub(units(self.weight), Ordering::AcqRel);
        if before % PROGRESS == credit.limits.total as u64 {
            credit.freed.notify_waiters();
        }
    }
}

fn units(weight: Weight) -> u64 {
    match weight {
        Weight::Progress => MESSAGE + PROGRESS,
        Weight::Promise => MESSAGE,
    }
}

const MESSAGE: u64 = 1;
const PROGRESS: u64 = 1 << 32;

/// Subscriptions of a handle or of those below it that have ended, and may have messages which are not handled yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departed(pub(super) Vec<Remains>);

impl Departed {
    /// Keeps no more than what is still to be waited for.
    pub(super) fn add(&mut self, more: impl IntoIterator<Item = Remains>) {
        self.0.retain(Remains::are_left);
        self.0.extend(more);
    }
}
