//! Boxes whose memory their thread keeps for the next of their kind.
//!
//! Requests end in crowds: a wire brings many answers at a time. What each of them leaves is more than an allocator has at hand,
//! so that it puts the pieces together, and takes them apart again for the requests that follow.

use std::cell::RefCell;
use std::iter::once_with;
use std::mem::take;
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

/// A box that finds its memory where one of its kind has left it, on this thread.
pub(crate) struct Reused<T: Reusable>(Vec<T>);

/// What is boxed so.
pub(crate) trait Reusable: Sized + 'static {
    /// Where this thread keeps it.
    fn stock() -> &'static LocalKey<Stock<Self>>;
}

/// Memory for one each.
pub(crate) type Stock<T> = RefCell<Vec<Vec<T>>>;

impl<T: Reusable> Reused<T> {
    /// Makes it where it stays: it is large.
    #[inline(always)]
    pub(crate) fn new(make: impl FnOnce() -> T) -> Self {
        let left = T::stock().try_with(|stock| stock.borrow_mut().pop());
        let mut room = left.ok().flatten().unwrap_or_else(|| Vec::with_capacity(1));
        room.extend(once_with(make));
        Self(room)
    }

    /// Moves it out, and not what is in it. What is left behind is to be overwritten.
    pub(crate) fn taken(&mut self) -> Self {
        Self(take(&mut self.0))
    }
}

impl<T: Reusable> Deref for Reused<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0[0]
    }
}

impl<T: Reusable> DerefMut for Reused<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0[0]
    }
}

impl<T: Reusable> Drop for Reused<T> {
    #[inline]
    fn drop(&mut self) {
        let mut room = take(&mut self.0);
        if room.is_empty() {
            return;
        }
        // First: what is dropped with it may be boxed so too.
        room.clear();
        // A thread that ends has dropped its stock already.
        let _gone = T::stock().try_with(|stock| {
            let mut stock = stock.borrow_mut();
            if stock.len() < MOST_KEPT {
                stock.push(room);
            }
        });
    }
}

/// Of each kind, and as many as a busy thread has use for: together less than 100 KiB.
const MOST_KEPT: usize = 64;

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    use super::*;

    /// Holds another of its kind, or nothing.
    struct Large {
        octets: [u8; 1_000],
        _held: Option<(Arc<()>, Option<Reused<Self>>)>,
    }

    impl Reusable for Large {
        fn stock() -> &'static LocalKey<Stock<Self>> {
            thread_local! {
                static STOCK: Stock<Large> = const { RefCell::new(Vec::new()) };
            }
            &STOCK
        }
    }

    fn large(octet: u8) -> Reused<Large> {
        Reused::new(|| Large { octets: [octet; 1_000], _held: None })
    }

    fn kept() -> usize {
        Large::stock().with_borrow(Vec::len)
    }

    #[test]
    fn the_next_of_a_kind_has_the_memory_of_the_last_and_nothing_else_of_it() {
        let held = Arc::new(());
        let first = Reused::new(|| Large { octets: [1; 1_000], _held: Some((Arc::clone(&held), None)) });
        let place = &raw const *first;
        drop(first);
        assert_eq!((Arc::strong_count(&held), kept()), (1, 1));
        let mut next = large(2);
        assert_eq!((&raw const *next, next.octets, kept()), (place, [2; 1_000], 0));
        next.octets[0] = 3;
        assert_eq!(next.octets[..2], [3, 2]);
    }

    #[test]
    fn what_is_in_it_is_dropped_before_its_memory_is_there_for_others() {
        let inner = large(1);
        drop(Reused::new(|| Large { octets: [2; 1_000], _held: Some((Arc::new(()), Some(inner))) }));
        assert_eq!(kept(), 2);
    }

    #[test]
    fn it_is_moved_without_what_is_in_it() {
        let mut first = large(1);
        let place = &raw const *first;
        let moved = first.taken();
        drop(first);
        assert_eq!((&raw const *moved, moved.octets[0], kept()), (place, 1, 0));
    }

    #[test]
    fn a_thread_keeps_no_more_than_it_has_use_for() {
        let many: Vec<_> = (0..2 * MOST_KEPT).map(|_| large(1)).collect();
        drop(many);
        assert_eq!(kept(), MOST_KEPT);
    }

    #[test]
    fn one_that_could_not_be_made_leaves_nothing() {
        drop(large(1));
        assert!(catch_unwind(AssertUnwindSafe(|| Reused::<Large>::new(|| panic!("it explodes")))).is_err());
        assert_eq!(kept(), 0);
    }

    #[test]
    fn one_that_outlives_the_stock_of_its_thread_is_dropped_all_the_same() {
        thread_local! {
            static LAST: RefCell<Option<Reused<Large>>> = const { RefCell::new(None) };
        }
        let held = Arc::new(());
        let moved = Arc::clone(&held);
        let thread = std::thread::spawn(move || {
            // Used before the stock, it is dropped behind that.
            LAST.set(None);
            LAST.set(Some(Reused::new(|| Large { octets: [1; 1_000], _held: Some((moved, None)) })));
        });
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
