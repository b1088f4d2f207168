//! What is large is made on the heap where it stays (pure): made elsewhere it would be moved there as a whole.

use std::pin::Pin;
use std::rc::Rc;

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

/// The same for what several will hold.
#[inline(always)]
pub(crate) fn counted<T>(make: impl FnOnce() -> T) -> Rc<T> {
    // Of all ways to make one this alone has the room first.
    Rc::new_cyclic(|_| make())
}
