//! One host of the crawl: what waits for it, and what of that may start.
//!
//! ```text
//!   first link        /robots.txt was read, or can be done without
//!  ------------> Unknown ------------------------------------------> Known      pages are fetched
//!                   |                                                  |
//!                   +---- no connection, ATTEMPTS times or for good ----+--> Lost   nothing is
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use hinternet::Governor;

use super::{Bounds, Failure, Job, Purpose, Work};
use crate::politeness;
use crate::retry::{ATTEMPTS, Trouble, back_off};
use crate::robots::Robots;

#[derive(Debug)]
pub(super) struct Host {
    pub(super) origin: Box<str>,
    /// Jobs at once, and those there are.
    pub(super) at_once: usize,
    pub(super) under_way: usize,
    /// The pause between two requests.
    pub(super) delay: Duration,
    /// The moment for which the agenda has an entry.
    pub(super) listed: Option<Instant>,
    pub(super) disallowed: u64,
    /// Was it asked what it allows, or is it going to be? One that only holds the rules of another is not.
    pub(super) is_asked_for_rules: bool,
    access: Access,
    /// Robots files: they need nobody's leave, and go first.
    errands: VecDeque<Work>,
    waiting: VecDeque<Work>,
    again: BinaryHeap<Reverse<Again>>,
    silence: Silence,
    /// It was asked just now, is busy, or could not be reached: nothing starts before then.
    pub(super) rests_until: Instant,
    back_off: Duration,
}

#[derive(Debug)]
enum Access {
    Unknown,
    Known(Robots),
    Lost,
}

impl Host {
    pub(super) fn new(origin: &str, bounds: &Bounds, delay: Duration, now: Instant) -> Self {
        Self {
            origin: origin.into(),
            at_once: bounds.per_host,
            under_way: 0,
            delay,
            listed: None,
            disallowed: 0,
            is_asked_for_rules: false,
            access: Access::Unknown,
            errands: VecDeque::new(),
            waiting: VecDeque::new(),
            again: BinaryHeap::new(),
            silence: Silence { attempts: 0, since: now },
            rests_until: now,
            back_off: bounds.back_off,
        }
    }

    pub(super) fn add(&mut self, work: Work) {
        match work.purpose {
            Purpose::Page => self.waiting.push_back(work),
            Purpose::Robots { .. } => self.errands.push_back(work),
        }
    }

    /// From when on something may start. Once the crawl has had its fill, and wants no `new_pages`, that is only a page
    /// that was tried before: nobody needs rules for pages that are not fetched.
    pub(super) fn due(&self, new_pages: bool) -> Option<Instant> {
        let opens = self.has_room().then_some(self.rests_until)?;
        let again = if new_pages {
            self.again.peek().map(|Reverse(again)| again.due)
        } else {
            self.pages_again().map(|again| again.due).min()
        };
        let at_once = !self.errands.is_empty() || (self.is_known() && !self.waiting.is_empty());
        if new_pages && at_once { Some(opens) } else { again.map(|due| due.max(opens)) }
    }

    /// May this start now, before all that waits?
    pub(super) fn admits(&self, path: &str, purpose: Purpose, now: Instant) -> bool {
        let may_be_fetched = match (&self.access, purpose) {
            (Access::Lost, _) | (Access::Unknown, Purpose::Page) => false,
            (Access::Known(robots), Purpose::Page) => robots.allows(path),
            (_, Purpose::Robots { .. }) => true,
        };
        may_be_fetched && self.has_room() && self.rests_until <= now
    }

    /// What its requests are held to.
    pub(super) fn governor(&self) -> Governor {
        politeness::governor(self.at_once, self.delay)
    }

    /// What starts now, if `due` has come. On the way it drops what robots.txt forbids.
    pub(super) fn take(&mut self, new_pages: bool, now: Instant) -> Option<Work> {
        if !new_pages {
            self.errands.clear();
            self.again.retain(|Reverse(again)| again.work.purpose == Purpose::Page);
        }
        if self.again.peek().is_some_and(|Reverse(again)| again.due <= now) {
            return self.again.pop().map(|Reverse(again)| again.work);
        }
        if let Some(errand) = self.errands.pop_front() {
            return Some(errand);
        }
        let Access::Known(robots) = &self.access else { return None };
        while new_pages && let Some(page) = self.waiting.pop_front() {
            if robots.allows(&page.path) {
                return Some(page);
            }
            self.disallowed += 1;
        }
        None
    }

    pub(super) fn obey(&mut self, robots: Robots) {
        // A host can only ask for more.
        self.delay = self.delay.max(robots.crawl_delay().unwrap_or_default());
        if !self.is_lost() {
            self.access = Access::Known(robots);
        }
    }

    pub(super) fn reached(&mut self) {
        self.silence.attempts = 0;
    }

    /// What becomes of a job on this host that failed.
    pub(super) fn failed(&mut self, job: &Job, trouble: Trouble, chance: f64, now: Instant) -> Failure {
        let mut work = job.work.clone();
        work.tries = work.tries.saturating_add(1);
        match trouble {
            Trouble::Unreachable => return self.unreachable(work, job.started, chance, now),
            Trouble::Refused if self.is_lost() => return Failure::Final,
            Trouble::Refused => return Failure::HostLost(self.lose()),
            Trouble::Broken => {}
        }
        let pause = back_off(self.back_off, work.failures + 1, chance);
        self.reached();
        work.failures += 1;
        if self.is_lost() || work.failures >= ATTEMPTS {
            return Failure::Final;
        }
        self.again.push(Reverse(Again { due: now + pause, work }));
        Failure::Again
    }

    /// Nothing starts on the host for a while. What started before that pause began fails for the same reason: it is
    /// no further attempt.
    fn unreachable(&mut self, work: Work, started: Instant, chance: f64, now: Instant) -> Failure {
        if self.is_lost() {
            return Failure::Final;
        }
        if self.silence.attempts == 0 || started > self.silence.since {
            self.silence = Silence { attempts: self.silence.attempts + 1, since: now };
            self.rests_until = self.rests_until.max(now + back_off(self.back_off, self.silence.attempts, chance));
        }
        if self.silence.attempts >= ATTEMPTS {
            return Failure::HostLost(self.lose());
        }
        self.again.push(Reverse(Again { due: now, work }));
        Failure::Again
    }

    /// Gives up all that waits.
    fn lose(&mut self) -> Vec<Work> {
        self.access = Access::Lost;
        let again = std::mem::take(&mut self.again).into_vec().into_iter().map(|Reverse(again)| again.work);
        again.chain(std::mem::take(&mut self.errands)).chain(std::mem::take(&mut self.waiting)).collect()
    }

    pub(super) fn is_lost(&self) -> bool {
        matches!(self.access, Access::Lost)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len() + self.pages_again().count()
    }

    fn pages_again(&self) -> impl Iterator<Item = &Again> {
        self.again.iter().map(|Reverse(again)| again).filter(|again| again.work.purpose == Purpose::Page)
    }

    fn has_room(&self) -> bool {
        // Where a pause follows each answer a second job would only wait for that of the first.
        self.under_way < if self.delay.is_zero() { self.at_once } else { 1 }
    }

    fn is_known(&self) -> bool {
        matches!(self.access, Access::Known(_))
    }
}

/// Attempts in a row to reach the host that failed, and when the last of them did.
#[derive(Debug)]
struct Silence {
    attempts: u8,
    since: Instant,
}

#[derive(Debug)]
struct Again {
    due: Instant,
    work: Work,
}

impl Ord for Again {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl PartialOrd for Again {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Again {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Again {}
