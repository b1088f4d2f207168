//! What is to be fetched, and what of it next: the crawl's one decision, made without waiting for anything.
//!
//! Call [`next`](Frontier::next) until it no longer says `Start`; report how each job ended (`finished` or `failed`). Time is an
//! argument.

mod going_on;
mod host;
#[cfg(test)]
mod tests;
mod work;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

use crate::politeness;
use crate::retry::Trouble;
use crate::robots::Robots;
use host::Host;

pub use work::{HostId, Job, Purpose, Work};

/// All hosts and what waits for them.
#[derive(Debug)]
pub struct Frontier {
    bounds: Bounds,
    hosts: Vec<Host>,
    by_origin: HashMap<Box<str>, HostId>,
    /// When which host is worth a look: possibly too early, never too late.
    agenda: BinaryHeap<Reverse<(Instant, u64, HostId)>>,
    /// Makes hosts that are due at the same moment take turns.
    turn: u64,
    under_way: usize,
    pages_started: usize,
    disallowed: u64,
}

/// What the crawl must not exceed.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Requests to one host at once.
    pub per_host: usize,
    /// Requests at once.
    pub in_flight: usize,
    /// The pause between two requests to one host; `None` is [`politeness::default_delay`].
    pub delay: Option<Duration>,
    /// The pause before the second attempt at something; see [`retry::back_off`](crate::retry::back_off).
    pub back_off: Duration,
    /// Pages that are fetched at most.
    pub max_pages: Option<usize>,
    /// Links from a start URL to a page, at most.
    pub max_depth: Option<u16>,
}

/// What to do now.
#[derive(Debug)]
pub enum Next {
    /// Start this, and ask again.
    Start(Job),
    /// Ask again then, or when something has happened.
    Wait(Instant),
    /// Ask again when something has happened.
    Idle,
    /// Nothing is left to do, or nothing more may be done.
    Over,
}

/// What becomes of a link that is handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It waits for its turn.
    Waits,
    /// It lies deeper than the crawl goes.
    TooDeep,
    /// Its host was given up.
    HostLost(HostId),
}

/// What becomes of a job that failed.
#[derive(Debug)]
pub enum Failure {
    /// It will be tried again.
    Again,
    /// It will not.
    Final,
    /// It will not, and neither will anything else on that host.
    HostLost(Vec<Work>),
}

impl Frontier {
    /// With nothing to do.
    pub fn new(bounds: Bounds) -> Self {
        let (hosts, by_origin, agenda) = (Vec::new(), HashMap::new(), BinaryHeap::new());
        Self { bounds, hosts, by_origin, agenda, turn: 0, under_way: 0, pages_started: 0, disallowed: 0 }
    }

    /// A page to fetch. The first one of a host makes its robots.txt be fetched before.
    pub fn add_page(&mut self, origin: &str, path: &str, depth: u16, now: Instant) -> Added {
        if self.bounds.max_depth.is_some_and(|most| depth > most) {
            return Added::TooDeep;
        }
        let host = self.host(origin, now);
        if !std::mem::replace(&mut self.hosts[index(host)].is_asked_for_rules, true) {
            self.add(host, Work::new("/robots.txt", 0, Purpose::Robots { of: host, redirects: 0 }));
        }
        self.add(host, Work::new(path, depth, Purpose::Page))
    }

    /// A robots.txt of the host `of` is said to be here.
    pub fn add_robots(&mut self, origin: &str, path: &str, of: HostId, redirects: u8, now: Instant) -> Added {
        let host = self.host(origin, now);
        self.add(host, Work::new(path, 0, Purpose::Robots { of, redirects }))
    }

    // ANCHOR: next
    /// What to do now.
    pub fn next(&mut self, now: Instant) -> Next {
        while self.under_way < self.bounds.in_flight {
            let Some(Reverse((due, _, id))) = self.agenda.peek().copied() else { break };
            if due > now {
                return Next::Wait(due);
            }
            self.agenda.pop();
            if let Some(job) = self.start_on(id, now) {
                return Next::Start(job);
            }
        }
        if self.under_way > 0 {
            return Next::Idle;
        }
        debug_assert!(self.waiting() == 0 || !self.takes_new_pages(), "a host was forgotten");
        Next::Over
    }
    // ANCHOR_END: next

    /// A job is done.
    pub fn finished(&mut self, job: &Job) {
        self.hosts[index(job.host)].reached();
        self.end(job);
    }

    /// A job failed. `chance` is a random number from 0 to 1.
    pub fn failed(&mut self, job: &Job, trouble: Trouble, chance: f64, now: Instant) -> Failure {
        let failure = self.hosts[index(job.host)].failed(job, trouble, chance, now);
        self.end(job);
        failure
    }

    /// The rules of a host are known.
    pub fn obey(&mut self, host: HostId, robots: Robots) {
        self.hosts[index(host)].obey(robots);
        self.list(host);
    }

    /// The server of a host had a request at this moment: what the host's delay asks for begins there.
    pub fn asked(&mut self, host: HostId, at: Instant) {
        let delay = self.hosts[index(host)].delay;
        self.rest(host, at + delay);
    }

    /// Nothing starts on a host before then: it would wait inside the framework, and take the place of another.
    pub fn rest(&mut self, host: HostId, until: Instant) {
        let host = &mut self.hosts[index(host)];
        host.rests_until = host.rests_until.max(until);
    }

    /// Scheme, host and port.
    pub fn origin(&self, host: HostId) -> &str {
        &self.hosts[index(host)].origin
    }

    /// Pages that robots.txt forbade, by host.
    pub fn disallowed(&self) -> impl Iterator<Item = (HostId, u64)> {
        self.hosts.iter().zip(0..).map(|(host, id)| (HostId(id), host.disallowed))
    }

    /// The same for all hosts together.
    pub fn all_disallowed(&self) -> u64 {
        self.disallowed
    }

    /// Pages that wait for their turn, or for another attempt.
    pub fn waiting(&self) -> usize {
        self.hosts.iter().map(Host::waiting).sum()
    }

    fn host(&mut self, origin: &str, now: Instant) -> HostId {
        if let Some(id) = self.by_origin.get(origin) {
            return *id;
        }
        let id = HostId(self.hosts.len().try_into().expect("fewer than 2^32 hosts"));
        let delay = self.bounds.delay.unwrap_or_else(|| politeness::default_delay(origin));
        self.hosts.push(Host::new(origin, &self.bounds, delay, now));
        self.by_origin.insert(origin.into(), id);
        id
    }

    fn add(&mut self, id: HostId, work: Work) -> Added {
        let host = &mut self.hosts[index(id)];
        if host.is_lost() {
            return Added::HostLost(id);
        }
        host.add(work);
        self.list(id);
        Added::Waits
    }

    fn start_on(&mut self, id: HostId, now: Instant) -> Option<Job> {
        let new_pages = self.takes_new_pages();
        let host = &mut self.hosts[index(id)];
        host.listed = None;
        let disallowed = host.disallowed;
        let work = host.due(new_pages).filter(|due| *due <= now).and_then(|_| host.take(new_pages, now));
        self.disallowed += host.disallowed - disallowed;
        if let Some(work) = &work {
            host.under_way += 1;
            self.under_way += 1;
            self.pages_started += usize::from(work.purpose == Purpose::Page && work.tries == 0);
        }
        let governor = host.governor();
        if new_pages && !self.takes_new_pages() {
            self.list_all_anew();
        }
        self.list(id);
        work.map(|work| Job { host: id, work, started: now, governor })
    }

    fn end(&mut self, job: &Job) {
        self.under_way -= 1;
        self.hosts[index(job.host)].under_way -= 1;
        self.list(job.host);
    }

    /// When the crawl has had its fill, most of what is listed is worth no look any more, and nobody must wait for it.
    fn list_all_anew(&mut self) {
        self.agenda.clear();
        self.hosts.iter_mut().for_each(|host| host.listed = None);
        (0..self.hosts.len() as u32).for_each(|id| self.list(HostId(id)));
    }

    /// Notes when the host is worth a look.
    fn list(&mut self, id: HostId) {
        let new_pages = self.takes_new_pages();
        let host = &mut self.hosts[index(id)];
        let Some(due) = host.due(new_pages) else { return };
        if host.listed.is_none_or(|listed| due < listed) {
            host.listed = Some(due);
            self.turn += 1;
            self.agenda.push(Reverse((due, self.turn, id)));
        }
    }

    fn takes_new_pages(&self) -> bool {
        self.bounds.max_pages.is_none_or(|most| self.pages_started < most)
    }
}

fn index(host: HostId) -> usize {
    host.0 as usize
}
