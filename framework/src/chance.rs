//! The one place that chances come from, so that the seed of a simulation reaches everything.

use std::cell::RefCell;
#[cfg(any(test, feature = "seeded"))]
use std::hash::DefaultHasher;
use std::hash::{BuildHasher, RandomState};
#[cfg(any(test, feature = "seeded"))]
use std::{cell::Cell, hash::Hasher, marker::PhantomData, rc::Rc};

/// A number that is another one in every process, to spread pauses by.
pub(crate) fn number() -> u64 {
    #[cfg(any(test, feature = "seeded"))]
    if let Some(number) = by_the_seed() {
        return number;
    }
    RandomState::new().hash_one(())
}

/// One that keeps strangers from choosing what falls together in a table. A table may be made once for a thread, whichever seed is the
/// first to need it: it takes nothing of what a seed gives.
pub(crate) fn secret() -> u64 {
    #[cfg(any(test, feature = "seeded"))]
    if let Some((seed, _)) = SEEDED.get() {
        return mixed(seed, u64::MAX);
    }
    RandomState::new().hash_one(())
}

/// Octets that nobody can foretell.
pub(crate) fn fill(octets: &mut [u8]) -> Result<(), NoChance> {
    #[cfg(any(test, feature = "seeded"))]
    if SEEDED.get().is_some() {
        for eight in octets.chunks_mut(8) {
            let number = by_the_seed().unwrap_or_default().to_le_bytes();
            eight.copy_from_slice(&number[..eight.len()]);
        }
        return Ok(());
    }
    aws_lc_rs::rand::fill(octets).map_err(|_| NoChance)
}

/// The same, so many.
pub(crate) fn octets<const N: usize>() -> Result<[u8; N], NoChance> {
    let mut octets = [0; N];
    fill(&mut octets).map(|()| octets)
}

/// Four of them, where four are asked for again and again.
pub(crate) fn four() -> Result<[u8; 4], NoChance> {
    STOCK.with_borrow_mut(|(stock, used)| {
        if *used == stock.len() {
            // Many at once: asking costs more than masking a short message.
            fill(stock)?;
            *used = 0;
        }
        // What is out is not kept.
        let (place, mut four) = (*used, [0; 4]);
        four.swap_with_slice(&mut stock[place..place + 4]);
        *used += 4;
        Ok(four)
    })
}

thread_local! {
    static STOCK: RefCell<([u8; 256], usize)> = const { RefCell::new(([0; 256], 256)) };
}

/// The system gives no random octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random octets")]
pub(crate) struct NoChance;

/// While it lives, all chances of this thread come from a seed.
///
/// ```
/// let seeded = hinternet::seeded(7);
/// // What is left to chance here comes out alike in each run.
/// drop(seeded);
/// ```
#[cfg(any(test, feature = "seeded"))]
#[derive(Debug)]
pub struct Seeded {
    before: Option<(u64, u64)>,
    /// It is this thread's.
    _here: PhantomData<Rc<()>>,
}

#[cfg(any(test, feature = "seeded"))]
thread_local! {
    /// The seed, and how many numbers it has given.
    static SEEDED: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
}

/// From here on all chances of this thread come from this seed, until what this gives is dropped: pauses, nonces, masks,
/// boundaries, secrets of tables. For simulations, in which the same seed is to be the same run; no program wants it.
#[cfg(any(test, feature = "seeded"))]
#[must_use = "dropped at once, it does nothing"]
pub fn seeded(seed: u64) -> Seeded {
    forget_the_stock();
    Seeded { before: SEEDED.replace(Some((seed, 0))), _here: PhantomData }
}

#[cfg(any(test, feature = "seeded"))]
impl Drop for Seeded {
    fn drop(&mut self) {
        SEEDED.set(self.before);
        forget_the_stock();
    }
}

#[cfg(any(test, feature = "seeded"))]
fn forget_the_stock() {
    STOCK.with_borrow_mut(|(stock, used)| *used = stock.len());
}

/// The next number of the seed, if there is one.
#[cfg(any(test, feature = "seeded"))]
fn by_the_seed() -> Option<u64> {
    let (seed, given) = SEEDED.get()?;
    SEEDED.set(Some((seed, given + 1)));
    Some(mixed(seed, given))
}

#[cfg(any(test, feature = "seeded"))]
fn mixed(seed: u64, nth: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(seed);
    hasher.write_u64(nth);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> (u64, [u8; 20], [u8; 4]) {
        (number(), octets().unwrap(), four().unwrap())
    }

    fn by(seed: u64) -> [(u64, [u8; 20], [u8; 4]); 2] {
        let _seeded = seeded(seed);
        [all(), all()]
    }

    #[test]
    fn a_secret_takes_nothing_of_what_a_seed_gives() {
        let seeded = seeded(7);
        let secret = secret();
        assert_eq!((super::secret(), all()), (secret, by(7)[0]));
        drop(seeded);
        assert_ne!(super::secret(), secret);
    }

    #[test]
    fn the_same_seed_gives_the_same_and_another_gives_others() {
        let [first, second] = by(7);
        assert_eq!(by(7), [first, second]);
        for other in [second, by(8)[0], all()] {
            assert!(first.0 != other.0 && first.1 != other.1 && first.2 != other.2, "{first:?} and {other:?}");
        }
    }

    #[test]
    fn without_a_seed_nothing_is_foretold() {
        let first = all();
        drop(seeded(7));
        let second = all();
        assert!(first.0 != second.0 && first.1 != second.1 && first.2 != second.2, "{first:?} and {second:?}");
    }

    #[test]
    fn within_a_seed_another_may_begin_and_end() {
        let [first, second] = by(7);
        let _outer = seeded(7);
        assert_eq!(all(), first);
        by(8);
        // What four octets are taken from has begun anew, the numbers go on.
        assert_ne!(all().0, first.0);
        assert_ne!(second.0, first.0);
    }
}
