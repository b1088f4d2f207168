//! What the retries of a session to each of its origins are paid from, and the chances by which their pauses are spread.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Folding;
use crate::chance;
use crate::clock;
use crate::options::RetryBudget;
use crate::policy::{Budget, Chances};
use crate::target::Origin;

/// The budgets of a session's origins.
#[derive(Debug)]
pub(crate) struct Budgets(Mutex<Known>);

#[derive(Debug)]
struct Known {
    budgets: HashMap<Origin, Budget, Folding>,
    chances: Chances,
}

impl Budgets {
    pub(crate) fn new() -> Self {
        // Other chances in every process, which is what they are for.
        let chances = Chances::seeded(chance::number());
        Self(Mutex::new(Known { budgets: HashMap::default(), chances }))
    }

    /// A request that may be sent again is sent for the first time.
    pub(crate) fn request(&self, origin: &Origin, terms: &RetryBudget) {
        let now = clock::now();
        self.lock().of(origin, terms, now).request(terms, now);
    }

    /// May a request to this origin be sent again?
    pub(crate) fn take(&self, origin: &Origin, terms: &RetryBudget) -> bool {
        let now = clock::now();
        self.lock().of(origin, terms, now).take(terms, now)
    }

    /// From 0 to 1.
    pub(crate) fn chance(&self) -> f64 {
        self.lock().chances.next()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn of(&mut self, origin: &Origin, terms: &RetryBudget, now: Instant) -> &mut Budget {
        if !self.budgets.contains_key(origin) {
            if self.budgets.len() >= MOST {
                self.make_room(now);
            }
            self.budgets.insert(origin.clone(), Budget::new(terms, now));
        }
        // It is there: the closure is never called.
        self.budgets.entry(origin.clone()).or_insert_with(|| Budget::new(terms, now))
    }

    /// Those go that nobody has used for a while, or else the half that was used longest ago: links that lead to ever new hosts must
    /// not fill the memory.
    fn make_room(&mut self, now: Instant) {
        self.budgets.retain(|_, budget| now.saturating_duration_since(budget.used_at()) < MEMORY);
        if self.budgets.len() >= MOST {
            let mut times: Vec<_> = self.budgets.values().map(Budget::used_at).collect();
            let (_, middle, _) = times.select_nth_unstable(MOST / 2);
            let middle = *middle;
            self.budgets.retain(|_, budget| budget.used_at() > middle);
        }
    }
}

const MOST: usize = 4096;
/// By then one second brings back what most budgets hold.
const MEMORY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_origin_has_its_own_and_all_of_its_requests_share_that() {
        let (budgets, terms) = (Budgets::new(), RetryBudget { per_request: 0.0, per_second: 0.0, most: 2.0 });
        let (one, other) = (Origin::parse("http://a").unwrap(), Origin::parse("http://b").unwrap());
        let taken = |origin| (0..5).filter(|_| budgets.take(origin, &terms)).count();
        assert_eq!((taken(&one), taken(&one), taken(&other)), (2, 0, 2));
    }

    #[tokio::test]
    async fn ever_new_origins_take_no_more_memory() {
        let (budgets, terms) = (Budgets::new(), RetryBudget::default());
        for nth in 0..3 * MOST {
            budgets.request(&Origin::parse(&format!("http://host-{nth}")).unwrap(), &terms);
            assert!(budgets.lock().budgets.len() <= MOST);
        }
    }
}
