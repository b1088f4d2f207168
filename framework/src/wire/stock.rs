//! Buffers that a thread keeps for reuse: reading takes one only for as long as something is in it, so that few serve many wires.

use std::cell::RefCell;

use bytes::BytesMut;

/// The size of a buffer in stock.
pub(super) const SIZE: usize = 8 * 1024;

/// An empty buffer of [`SIZE`].
pub(super) fn take() -> BytesMut {
    let kept = STOCK.try_with(|stock| stock.borrow_mut().pop());
    kept.ok().flatten().unwrap_or_else(|| BytesMut::with_capacity(SIZE))
}

/// Keeps it for the next taker, unless it is of another size, a piece of it is still held, or there are enough.
pub(super) fn put_back(mut buffer: BytesMut) {
    buffer.clear();
    if buffer.try_reclaim(SIZE) && buffer.capacity() == SIZE {
        // A thread that ends has dropped its stock already.
        let _gone = STOCK.try_with(|stock| {
            let mut stock = stock.borrow_mut();
            if stock.len() < MOST_KEPT {
                stock.push(buffer);
            }
        });
    }
}

/// Fills a buffer of the thread's, and hands out an exact copy of what `fill` put there.
pub(super) fn written<T>(fill: impl FnOnce(&mut BytesMut) -> T) -> (T, BytesMut) {
    let mut buffer = take();
    let given = fill(&mut buffer);
    let copy = BytesMut::from(&*buffer);
    put_back(buffer);
    (given, copy)
}

const MOST_KEPT: usize = 16;

thread_local! {
    static STOCK: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> usize {
        STOCK.with_borrow(Vec::len)
    }

    #[test]
    fn a_buffer_comes_back_empty_and_whole() {
        let mut buffer = take();
        let place = buffer.as_ptr();
        buffer.extend_from_slice(b"something");
        let _taken = buffer.split_to(4);
        drop(_taken);
        put_back(buffer);
        let again = take();
        assert_eq!((again.len(), again.capacity(), again.as_ptr()), (0, SIZE, place));
    }

    #[test]
    fn a_buffer_that_is_held_by_somebody_or_of_another_size_is_not_kept() {
        let mut buffer = take();
        buffer.extend_from_slice(b"something");
        let held = buffer.split_to(4);
        put_back(buffer);
        put_back(BytesMut::with_capacity(2 * SIZE));
        put_back(BytesMut::with_capacity(SIZE / 2));
        put_back(BytesMut::new());
        assert_eq!((kept(), &*held), (0, &b"some"[..]));
    }

    #[test]
    fn no_more_are_kept_than_a_few() {
        let many: Vec<_> = (0..MOST_KEPT + 3).map(|_| take()).collect();
        many.into_iter().for_each(put_back);
        assert_eq!(kept(), MOST_KEPT);
    }

    #[test]
    fn what_is_written_is_handed_out_in_no_more_memory_than_it_needs() {
        let ((), copy) = written(|buffer| buffer.extend_from_slice(b"a head"));
        assert_eq!((&*copy, copy.capacity(), kept()), (&b"a head"[..], 6, 1));
    }
}
