//! Which look-ups are under way, which wait for a thread, and who takes part in them (pure).
//!
//! ```text
//!            join: the first              next: a thread           finish
//!   (none) --------------------> in line ----------------> begun ---------> (none)
//!                                   |                        ^
//!                  leave: the last  v             join: any  |
//!                                (none)             leave: any (what a thread has begun it ends)
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// One look-up per host, in the order in which they were first asked for. `O` is what those who take part watch.
pub(super) struct Line<O> {
    jobs: HashMap<Arc<str>, Job<O>>,
    /// Those that no thread has begun. By number, so that one can leave from the middle of a long line.
    waiting: BTreeMap<u64, Arc<str>>,
    next_number: u64,
}

struct Job<O> {
    outcome: O,
    takers: usize,
    /// Its place in the line; `None` once it was begun.
    place: Option<u64>,
}

impl<O: Clone> Line<O> {
    pub(super) fn new() -> Self {
        Self { jobs: HashMap::new(), waiting: BTreeMap::new(), next_number: 0 }
    }

    /// Somebody wants this host looked up: joins the look-up that there is, or makes one.
    pub(super) fn join(&mut self, host: &str, make: impl FnOnce() -> O) -> O {
        if let Some(job) = self.jobs.get_mut(host) {
            job.takers += 1;
            return job.outcome.clone();
        }
        let (host, outcome, number) = (Arc::<str>::from(host), make(), self.next_number);
        self.next_number += 1;
        self.waiting.insert(number, Arc::clone(&host));
        self.jobs.insert(host, Job { outcome: outcome.clone(), takers: 1, place: Some(number) });
        outcome
    }

    /// Somebody who joined this look-up wants it no more. One that nobody wants and no thread has begun is dropped.
    pub(super) fn leave(&mut self, host: &str, is_same: impl FnOnce(&O) -> bool) {
        let Some(job) = self.jobs.get_mut(host).filter(|job| is_same(&job.outcome)) else { return };
        job.takers -= 1;
        if let (0, Some(place)) = (job.takers, job.place) {
            self.waiting.remove(&place);
            self.jobs.remove(host);
        }
    }

    /// The next look-up for a thread to begin.
    pub(super) fn next(&mut self) -> Option<Arc<str>> {
        let (_, host) = self.waiting.pop_first()?;
        if let Some(job) = self.jobs.get_mut(&host) {
            job.place = None;
        }
        Some(host)
    }

    /// A look-up has ended: who joins from now on begins another.
    pub(super) fn finish(&mut self, host: &str) -> Option<O> {
        self.jobs.remove(host).map(|job| job.outcome)
    }

    /// How many wait for a thread.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Look-ups that are told apart by a number.
    fn line() -> Line<u32> {
        Line::new()
    }

    #[test]
    fn those_who_ask_for_one_host_join_one_look_up_also_when_it_has_begun() {
        let mut line = line();
        assert_eq!(line.join("a", || 1), 1);
        assert_eq!(line.join("a", || 2), 1);
        assert_eq!(line.next().as_deref(), Some("a"));
        assert_eq!(line.join("a", || 3), 1);
        assert_eq!(line.waiting(), 0);
        assert_eq!(line.finish("a"), Some(1));
        assert_eq!(line.join("a", || 4), 4, "what has ended is not asked again");
    }

    #[test]
    fn look_ups_begin_in_the_order_in_which_they_were_asked_for() {
        let mut line = line();
        for host in ["c", "a", "b", "a"] {
            line.join(host, || 0);
        }
        let order: Vec<_> = std::iter::from_fn(|| line.next()).collect();
        assert_eq!(order.iter().map(|host| &**host).collect::<Vec<_>>(), ["c", "a", "b"]);
    }

    #[test]
    fn a_look_up_that_nobody_wants_any_more_is_never_begun() {
        let mut line = line();
        line.join("a", || 1);
        line.join("a", || 1);
        line.join("b", || 2);
        line.leave("a", |_| true);
        assert_eq!(line.waiting(), 2, "one still wants it");
        line.leave("a", |_| true);
        assert_eq!(line.next().as_deref(), Some("b"));
        assert_eq!(line.next(), None);
    }

    #[test]
    fn what_a_thread_has_begun_it_ends_and_who_joins_again_takes_part() {
        let mut line = line();
        line.join("a", || 1);
        line.next();
        line.leave("a", |_| true);
        assert_eq!(line.join("a", || 2), 1);
        assert_eq!(line.finish("a"), Some(1));
    }

    #[test]
    fn who_leaves_a_look_up_that_has_ended_does_not_touch_the_next_one() {
        let mut line = line();
        let first = line.join("a", || 1);
        line.next();
        line.finish("a");
        line.join("a", || 2);
        line.leave("a", |outcome| *outcome == first);
        assert_eq!(line.next().as_deref(), Some("a"));
    }
}
