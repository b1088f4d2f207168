//! Buffers that a thread keeps for reuse: a wire has one only while something is in it or about to be, so that few serve many
//! wires, and none has to be paged in anew for every response.

use std::cell::RefCell;

use bytes::BytesMut;

/// The sizes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Size {
    /// For a head and what comes with it.
    Small,
    Large,
    /// For a body that fills large ones.
    Larger,
    /// For one that fills those too, where that is worth it.
    Largest,
}

impl Size {
    pub(super) const fn octets(self) -> usize {
        match self {
            Self::Small => 8 * 1024,
            Self::Large => 64 * 1024,
            Self::Larger => 128 * 1024,
            Self::Largest => 256 * 1024,
        }
    }

    pub(super) fn next(self) -> Self {
        match self {
            Self::Small => Self::Large,
            Self::Large => Self::Larger,
            Self::Larger | Self::Largest => Self::Largest,
        }
    }

    /// How many of them a thread keeps.
    const fn most_kept(self) -> usize {
        match self {
            Self::Small => 16,
            Self::Large => 8,
            Self::Larger | Self::Largest => 4,
        }
    }
}

/// An empty buffer of this size.
pub(super) fn take(size: Size) -> BytesMut {
    let kept = STOCK.try_with(|stock| {
        let kept = &mut stock.borrow_mut()[size as usize];
        // The last is the warmest. Of one that came back early a piece may still be held.
        let at = (0..kept.len()).rev().find(|at| is_whole(&mut kept[*at], size))?;
        Some(kept.swap_remove(at))
    });
    kept.ok().flatten().unwrap_or_else(|| BytesMut::with_capacity(size.octets()))
}

/// Keeps it for a later taker, if there is a place for it. It may come before the last piece of it is dropped.
pub(super) fn put_back(mut buffer: BytesMut, size: Size) {
    buffer.clear();
    // As nearly always nobody holds a piece: its taker finds it ready. And one of which all was taken would point behind its memory,
    // for whoever looks for what is lost.
    let _held = is_whole(&mut buffer, size);
    // A thread that ends has dropped its stock already.
    let _gone = STOCK.try_with(|stock| {
        let kept = &mut stock.borrow_mut()[size as usize];
        if kept.len() == size.most_kept() {
            kept.retain_mut(|buffer| is_whole(buffer, size));
        }
        if kept.len() < size.most_kept() {
            kept.push(buffer);
        }
    });
}

/// Would [`put_back`] keep one that is whole?
pub(super) fn has_place(size: Size) -> bool {
    let has_place = |kept: &mut Vec<BytesMut>| {
        kept.len() < size.most_kept() || kept.iter_mut().any(|buffer| !is_whole(buffer, size))
    };
    STOCK.try_with(|stock| has_place(&mut stock.borrow_mut()[size as usize])).unwrap_or(false)
}

/// Does nobody hold a piece of it? Then all of it is room again.
pub(super) fn is_whole(buffer: &mut BytesMut, size: Size) -> bool {
    buffer.is_empty() && buffer.try_reclaim(size.octets())
}

thread_local! {
    static STOCK: RefCell<[Vec<BytesMut>; 4]> = const { RefCell::new([const { Vec::new() }; 4]) };
}

#[cfg(test)]
mod tests {
    use bytes::Buf;

    use super::Size::{Large, Larger, Largest, Small};
    use super::*;

    fn kept(size: Size) -> usize {
        STOCK.with_borrow(|stock| stock[size as usize].len())
    }

    #[test]
    fn a_buffer_comes_back_empty_and_whole() {
        for size in [Small, Large, Larger, Largest] {
            let mut buffer = take(size);
            let place = buffer.as_ptr();
            buffer.extend_from_slice(b"something");
            drop(buffer.split_to(4));
            put_back(buffer, size);
            let again = take(size);
            assert_eq!((again.len(), again.capacity(), again.as_ptr()), (0, size.octets(), place));
        }
    }

    #[test]
    fn a_buffer_of_which_all_was_taken_is_kept_by_its_beginning() {
        for size in [Small, Large, Larger, Largest] {
            let mut buffer = take(size);
            let place = buffer.as_ptr();
            buffer.resize(size.octets(), 0);
            buffer.advance(size.octets());
            put_back(buffer, size);
            STOCK.with_borrow(|stock| assert_eq!(stock[size as usize][0].as_ptr(), place));
        }
    }

    #[test]
    fn a_buffer_is_taken_again_only_when_nobody_holds_a_piece_of_it() {
        let mut buffer = take(Large);
        let place = buffer.as_ptr();
        buffer.extend_from_slice(b"something");
        let held = buffer.split().freeze();
        put_back(buffer, Large);
        let other = take(Large);
        assert_ne!(other.as_ptr(), place);
        assert_eq!((&*held, kept(Large)), (&b"something"[..], 1));
        drop(held);
        assert_eq!((take(Large).as_ptr(), kept(Large)), (place, 0));
    }

    #[test]
    fn no_more_are_kept_than_a_few_and_those_that_are_held_give_way() {
        for size in [Small, Large, Larger, Largest] {
            let mut many: Vec<_> = (0..size.most_kept() + 3).map(|_| take(size)).collect();
            let held: Vec<_> = many
                .iter_mut()
                .map(|buffer| {
                    buffer.extend_from_slice(b"x");
                    buffer.split()
                })
                .collect();
            many.into_iter().for_each(|buffer| put_back(buffer, size));
            assert!((1..=size.most_kept()).contains(&kept(size)));
            let free: Vec<_> = (0..size.most_kept() + 3).map(|_| BytesMut::with_capacity(size.octets())).collect();
            free.into_iter().for_each(|buffer| put_back(buffer, size));
            assert_eq!((kept(size), has_place(size)), (size.most_kept(), false));
            assert!((0..kept(size)).all(|_| take(size).capacity() == size.octets()));
            drop(held);
        }
    }
}
