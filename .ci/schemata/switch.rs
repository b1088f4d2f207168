//! Which mutant is on: the one whose number is in `MUTANT`, or none with `MUTANT=none`.
//!
//! What came to a switch is written to the file that `MUTANT_SEEN` names: where one is on, that it was reached; where none is,
//! each switch once for each thread that came to it, with the thread's name, which is the name of the test.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Write as _;
use std::sync::OnceLock;

static ON: OnceLock<Option<u32>> = OnceLock::new();

thread_local! {
    static SEEN: RefCell<HashSet<u32>> = RefCell::new(HashSet::new());
}

pub(crate) fn is_on(number: u32) -> bool {
    let on = *ON.get_or_init(|| std::env::var("MUTANT").ok()?.parse().ok());
    if on.is_none_or(|on| on == number) {
        note(number);
    }
    on == Some(number)
}

/// A thread that is ending has nowhere to remember it, and says it again.
fn note(number: u32) {
    if SEEN.try_with(|seen| seen.borrow_mut().insert(number)).unwrap_or(true) {
        let Some(path) = std::env::var_os("MUTANT_SEEN") else { return };
        let line = format!("{number}\t{}\n", std::thread::current().name().unwrap_or_default());
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        // One write, so that no other thread's comes between.
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("MUTANT_SEEN can be written");
    }
}

/// Of two iterators one: what a function gives that does not name its type.
pub(crate) enum Either<A, B> {
    Left(A),
    Right(B),
}

impl<T, A: Iterator<Item = T>, B: Iterator<Item = T>> Iterator for Either<A, B> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Left(iterator) => iterator.next(),
            Self::Right(iterator) => iterator.next(),
        }
    }
}
