//! The last things that happened to something, kept for whoever looks at it (pure).

use std::collections::VecDeque;
use std::time::Instant;

/// The last things that happened to something. What happens several times in a row takes one place.
#[derive(Debug)]
pub(crate) struct Trace {
    most: usize,
    kept: VecDeque<Noted>,
}

/// One thing that happened, or the last of several that are alike.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) at: Instant,
    pub(crate) what: &'static str,
    pub(crate) detail: Option<Box<str>>,
    pub(crate) times: u64,
}

impl Trace {
    /// Keeps so many; the room for them is taken as they come.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: VecDeque::new() }
    }

    /// An empty one of the same size.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.most)
    }

    pub(crate) fn note(&mut self, at: Instant, what: &'static str, detail: Option<Box<str>>) {
        let mut times = 1;
        match self.kept.back() {
            Some(last) if last.what == what => {
                times += last.times;
                self.kept.pop_back();
            }
            _ if self.kept.len() >= self.most => drop(self.kept.pop_front()),
            _ => {}
        }
        if self.most > 0 {
            self.kept.push_back(Noted { at, what, detail, times });
        }
    }

    /// The oldest first.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Noted> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(trace: &Trace) -> Vec<(&'static str, u64)> {
        trace.kept().map(|noted| (noted.what, noted.times)).collect()
    }

    fn noting(most: usize, all: &[&'static str]) -> Trace {
        let (mut trace, now) = (Trace::new(most), Instant::now());
        all.iter().for_each(|what| trace.note(now, what, None));
        trace
    }

    #[test]
    fn the_last_ones_are_kept_and_no_more() {
        assert_eq!(names(&noting(2, &["a", "b", "c"])), [("b", 1), ("c", 1)]);
        assert!(names(&noting(0, &["a", "b"])).is_empty());
        assert!(names(&noting(2, &["a"]).anew()).is_empty());
    }

    #[test]
    fn what_happens_in_a_row_takes_one_place() {
        assert_eq!(names(&noting(2, &["a", "b", "b", "b", "c", "c"])), [("b", 3), ("c", 2)]);
    }
}
