//! Until when streams wait for a head: the driver's one timer serves for all of a wire, as a timer of its own costs a request more than
//! much that it does.

use std::cell::{Cell, RefCell};
use std::mem::replace;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use slab::Slab;

/// Streams that wait. Nearly all are answered long before: they come and go at no cost, and are looked through when time has passed.
#[derive(Default)]
pub(super) struct Due {
    waiting: RefCell<Slab<Wait>>,
    /// No wait is over before this.
    earliest: Cell<Option<Instant>>,
}

struct Wait {
    until: Instant,
    /// `None` when that is over.
    waker: Option<Waker>,
}

/// The place of a stream that waits, and until when it does.
pub(super) struct Key {
    place: usize,
    until: Instant,
}

impl Due {
    /// Is it over? `key` is there if this was asked before, and is kept for the next time. Whether the driver has to look anew.
    #[inline]
    pub(super) fn poll(&self, key: &mut Option<Key>, until: Instant, context: &Context<'_>) -> (Poll<()>, bool) {
        if let Some(Key { place, .. }) = key.as_ref().filter(|key| key.until == until) {
            let mut waiting = self.waiting.borrow_mut();
            if let Some(Wait { waker: Some(waker), .. }) = waiting.get_mut(*place) {
                let last = (!waker.will_wake(context.waker())).then(|| replace(waker, context.waker().clone()));
                drop(waiting);
                drop(last);
                return (Poll::Pending, false);
            }
            drop(waiting);
            self.forget(key);
            return (Poll::Ready(()), false);
        }
        self.forget(key);
        let place = self.waiting.borrow_mut().insert(Wait { until, waker: Some(context.waker().clone()) });
        *key = Some(Key { place, until });
        let is_first = self.earliest.get().is_none_or(|earliest| until < earliest);
        if is_first {
            self.earliest.set(Some(until));
        }
        (Poll::Pending, is_first)
    }

    /// It is waited for no more.
    pub(super) fn forget(&self, key: &mut Option<Key>) {
        let Some(Key { place, .. }) = key.take() else { return };
        // A waker may be the last of a task, whose end comes here too: nothing is borrowed of this when it is dropped.
        let waited = self.waiting.borrow_mut().try_remove(place);
        drop(waited);
    }

    /// When to look through those who wait: not after the first wait is over.
    pub(super) fn next(&self) -> Option<Instant> {
        if self.waiting.borrow().is_empty() {
            self.earliest.set(None);
        }
        self.earliest.get()
    }

    /// Nobody waits: no room is kept for more.
    pub(super) fn rest(&self) {
        self.waiting.borrow_mut().shrink_to_fit();
    }

    /// Wakes those whose wait is over.
    pub(super) fn wake(&self, now: Instant) {
        if self.earliest.get().is_none_or(|earliest| now < earliest) {
            return;
        }
        let mut over = Vec::new();
        let mut earliest: Option<Instant> = None;
        for (_, wait) in &mut *self.waiting.borrow_mut() {
            if wait.until <= now {
                over.extend(wait.waker.take());
            } else {
                earliest = Some(earliest.map_or(wait.until, |earliest| earliest.min(wait.until)));
            }
        }
        self.earliest.set(earliest);
        over.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A stream that waits.
    #[derive(Default)]
    struct Waits {
        key: Option<Key>,
        woken: Arc<Woken>,
    }

    impl Waits {
        fn until(&mut self, due: &Due, at: Instant) -> (Poll<()>, bool) {
            let waker = Arc::clone(&self.woken).into();
            due.poll(&mut self.key, at, &Context::from_waker(&waker))
        }

        fn woken(&self) -> usize {
            self.woken.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn those_whose_wait_is_over_are_woken_and_no_others() {
        let (due, start) = (Due::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut all: Vec<_> = (0..4).map(|_| Waits::default()).collect();
        // Not in the order in which they are due, and two at the same time.
        for (stream, (waits, seconds)) in all.iter_mut().zip([3, 1, 3, 2]).enumerate() {
            let is_first = stream < 2;
            assert_eq!(waits.until(&due, after(seconds)), (Poll::Pending, is_first), "{stream}");
        }
        assert_eq!(due.next(), Some(after(1)));
        due.wake(after(2));
        assert_eq!(all.iter().map(Waits::woken).collect::<Vec<_>>(), [0, 1, 0, 1]);
        assert_eq!(all[1].until(&due, after(1)), (Poll::Ready(()), false));
        assert_eq!(all[2].until(&due, after(3)), (Poll::Pending, false), "it waits on");
        due.wake(after(3));
        assert_eq!(all.iter().map(Waits::woken).collect::<Vec<_>>(), [1, 1, 1, 1]);
        assert_eq!(due.next(), None);
    }

    #[test]
    fn who_has_been_answered_or_waits_anew_is_not_woken_for_what_was_before() {
        let (due, start) = (Due::default(), Instant::now());
        let (mut answered, mut anew) = (Waits::default(), Waits::default());
        assert!(answered.until(&due, start).0.is_pending() && anew.until(&due, start).0.is_pending());
        due.forget(&mut answered.key);
        due.forget(&mut answered.key);
        let later = start + Duration::from_secs(1);
        assert!(anew.until(&due, later).0.is_pending());
        due.wake(start);
        assert_eq!((answered.woken(), anew.woken()), (0, 0));
        assert_eq!(due.next(), Some(later));
    }

    #[test]
    fn who_waits_when_nobody_else_does_is_the_first() {
        let (due, start) = (Due::default(), Instant::now());
        let (mut answered, mut next) = (Waits::default(), Waits::default());
        assert!(answered.until(&due, start).1);
        due.forget(&mut answered.key);
        assert_eq!(due.next(), None);
        let later = start + Duration::from_secs(1);
        assert!(next.until(&due, later).1);
        assert!(!answered.until(&due, later).1, "the driver knows of that time");
    }

    #[test]
    fn where_nobody_waits_no_room_is_kept() {
        let (due, mut answered) = (Due::default(), Waits::default());
        assert!(answered.until(&due, Instant::now()).0.is_pending());
        due.forget(&mut answered.key);
        assert!(due.waiting.borrow().capacity() > 0);
        due.rest();
        assert_eq!(due.waiting.borrow().capacity(), 0);
    }

    #[test]
    fn the_waker_that_was_given_last_is_woken() {
        let (due, start) = (Due::default(), Instant::now());
        let (mut first, woken) = (Waits::default(), Arc::default());
        assert!(first.until(&due, start).0.is_pending());
        let mut moved = Waits { key: first.key.take(), woken };
        assert!(moved.until(&due, start).0.is_pending());
        due.wake(start);
        assert_eq!((first.woken(), moved.woken()), (0, 1));
    }
}
