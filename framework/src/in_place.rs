//! What is large is made on the heap where it stays (pure): made elsewhere it would be moved there as a whole.

use std::pin::Pin;

/// A box of what is made.
#[inline(always)]
pub(crate) fn boxed<T>(make: impl FnOnce() -> T) -> Box<T> {
    // There is room for it before there is anything to put there.
    Box::write(Box::new_uninit(), make())
}

/// The same of a future.
#[inline(always)]
pub(crate) fn pinned<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::into_pin(boxed(make))
}
