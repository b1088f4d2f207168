//! What keeps a slow subscriber from growing the heap: a permit in every message, handed back when it is handled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::status::Weight;
use super::subscribers::CreditLimits;

/// What one subscription, with all copies its children inherited, has not handled yet.
#[derive(Debug)]
pub(crate) struct Credit {
    limits: CreditLimits,
    unhandled: AtomicUsize,
    unhandled_progress: AtomicUsize,
    freed: Notify,
}

impl Credit {
    pub(super) fn new(limits: CreditLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            unhandled: AtomicUsize::new(0),
            unhandled_progress: AtomicUsize::new(0),
            freed: Notify::new(),
        })
    }

    pub(super) fn takes_progress(&self) -> bool {
        self.unhandled_progress.load(Ordering::Relaxed) < self.limits.progress
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.unhandled.load(Ordering::Acquire) >= self.limits.total
    }

    /// Waits until new operations may begin.
    pub(crate) async fn available(&self) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before the look, or a permit handed back in between would be missed.
            freed.as_mut().enable();
            if !self.is_exhausted() {
                return;
            }
            freed.await;
        }
    }
}

/// What one handle has posted to one subscription that is not handled yet.
#[derive(Debug)]
pub(crate) struct Share {
    pub(super) credit: Arc<Credit>,
    outstanding: AtomicUsize,
    emptied: Notify,
}

impl Share {
    pub(super) fn new(credit: Arc<Credit>) -> Arc<Self> {
        Arc::new(Self { credit, outstanding: AtomicUsize::new(0), emptied: Notify::new() })
    }

    pub(super) fn permit(self: &Arc<Self>, weight: Weight) -> Permit {
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        self.credit.unhandled.fetch_add(1, Ordering::Relaxed);
        if weight == Weight::Progress {
            self.credit.unhandled_progress.fetch_add(1, Ordering::Relaxed);
        }
        Permit { share: Arc::clone(self), weight }
    }

    /// Waits until all that was posted is handled, or its subscriber is dead.
    pub(super) async fn drained(&self) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.outstanding.load(Ordering::Acquire) == 0 {
                return;
            }
            emptied.await;
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
        let Share { credit, outstanding, emptied } = &*self.share;
        if self.weight == Weight::Progress {
            credit.unhandled_progress.fetch_sub(1, Ordering::Relaxed);
        }
        let before = credit.unhandled.fetch_sub(1, Ordering::AcqRel);
        if before == credit.limits.total {
            credit.freed.notify_waiters();
        }
        if outstanding.fetch_sub(1, Ordering::AcqRel) == 1 {
            emptied.notify_waiters();
        }
    }
}
