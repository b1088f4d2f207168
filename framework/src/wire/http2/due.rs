//! Until when streams wait for a head: the driver's one timer serves for all of a wire, as a timer of its own costs a request more than
//! much that it does.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem::replace;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Streams that wait, by when that is over: nearly always in the order in which they began to.
#[derive(Default)]
pub(super) struct Due(RefCell<VecDeque<(Key, Waker)>>);

/// When, and which stream.
pub(super) type Key = (Instant, u32);

impl Due {
    /// Is it over? `key` is there if this was asked before, and is kept for the next time. Whether the driver has to look anew.
    pub(super) fn poll(&self, key: &mut Option<Key>, next: Key, context: &Context<'_>) -> (Poll<()>, bool) {
        if *key == Some(next) {
            let mut waiting = self.0.borrow_mut();
            return match place(&waiting, next).ok().and_then(|place| waiting.get_mut(place)) {
                Some((_, waker)) => {
                    let last = (!waker.will_wake(context.waker())).then(|| replace(waker, context.waker().clone()));
                    drop(waiting);
                    drop(last);
                    (Poll::Pending, false)
                }
                None => {
                    *key = None;
                    (Poll::Ready(()), false)
                }
            };
        }
        self.forget(key);
        *key = Some(next);
        let mut waiting = self.0.borrow_mut();
        let place = place(&waiting, next).unwrap_or_else(|place| place);
        waiting.insert(place, (next, context.waker().clone()));
        (Poll::Pending, place == 0)
    }

    /// It is waited for no more.
    pub(super) fn forget(&self, key: &mut Option<Key>) {
        let Some(key) = key.take() else { return };
        // A waker may be the last of a task, whose end comes here too: nothing is borrowed of this when it is dropped.
        let waiting = {
            let mut waiting = self.0.borrow_mut();
            place(&waiting, key).ok().and_then(|place| waiting.remove(place))
        };
        drop(waiting);
    }

    /// When the first wait is over.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.borrow().front().map(|((at, _), _)| *at)
    }

    /// Nobody waits: no room is kept for more.
    pub(super) fn rest(&self) {
        self.0.borrow_mut().shrink_to_fit();
    }

    /// Wakes those whose wait is over.
    pub(super) fn wake(&self, now: Instant) {
        while self.next().is_some_and(|at| at <= now) {
            let first = self.0.borrow_mut().pop_front();
            if let Some((_, waker)) = first {
                waker.wake();
            }
        }
    }
}

/// Where it stands, or would.
fn place(waiting: &VecDeque<(Key, Waker)>, key: Key) -> Result<usize, usize> {
    // One that begins to wait now is the last, and one that is answered is often the first.
    match (waiting.front(), waiting.back()) {
        (Some((first, _)), _) if *first == key => Ok(0),
        (_, Some((last, _))) if *last < key => Err(waiting.len()),
        _ => waiting.binary_search_by_key(&key, |(key, _)| *key),
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
        fn until(&mut self, due: &Due, at: Instant, stream: u32) -> (Poll<()>, bool) {
            let waker = Arc::clone(&self.woken).into();
            due.poll(&mut self.key, (at, stream), &Context::from_waker(&waker))
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
            assert_eq!(waits.until(&due, after(seconds), stream as u32), (Poll::Pending, is_first), "{stream}");
        }
        assert_eq!(due.next(), Some(after(1)));
        due.wake(after(2));
        assert_eq!(all.iter().map(Waits::woken).collect::<Vec<_>>(), [0, 1, 0, 1]);
        assert_eq!(all[1].until(&due, after(1), 1), (Poll::Ready(()), false));
        assert_eq!(all[2].until(&due, after(3), 2), (Poll::Pending, false), "it waits on");
        due.wake(after(3));
        assert_eq!(all.iter().map(Waits::woken).collect::<Vec<_>>(), [1, 1, 1, 1]);
        assert_eq!(due.next(), None);
    }

    #[test]
    fn who_has_been_answered_or_waits_anew_is_not_woken_for_what_was_before() {
        let (due, start) = (Due::default(), Instant::now());
        let (mut answered, mut anew) = (Waits::default(), Waits::default());
        assert!(answered.until(&due, start, 1).0.is_pending() && anew.until(&due, start, 3).0.is_pending());
        due.forget(&mut answered.key);
        due.forget(&mut answered.key);
        let later = start + Duration::from_secs(1);
        assert!(anew.until(&due, later, 3).0.is_pending());
        due.wake(start);
        assert_eq!((answered.woken(), anew.woken()), (0, 0));
        assert_eq!(due.next(), Some(later));
    }

    #[test]
    fn the_waker_that_was_given_last_is_woken() {
        let (due, start) = (Due::default(), Instant::now());
        let (mut first, woken) = (Waits::default(), Arc::default());
        assert!(first.until(&due, start, 1).0.is_pending());
        let mut moved = Waits { key: first.key.take(), woken };
        assert!(moved.until(&due, start, 1).0.is_pending());
        due.wake(start);
        assert_eq!((first.woken(), moved.woken()), (0, 1));
    }
}
