//! The figures of a crawl while it runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::latency::Times;
use super::{Drained, Failed, Fetched, HostReport, RedirectTally, Redirected, Report, Stopped};
use crate::discovery::LinkTally;
use crate::frontier::{Frontier, HostId};
use crate::progress::Tally;

/// The figures of a crawl while it runs.
#[derive(Debug)]
pub struct Figures {
    began: Instant,
    statuses: BTreeMap<u16, u64>,
    times: Times,
    too_large: u64,
    too_deep: u64,
    stopped: u64,
    retries: u64,
    errors: u64,
    hosts: Vec<HostReport>,
    failed: Vec<Failed>,
    fetched: Option<Vec<Fetched>>,
    redirects: RedirectTally,
    chains: Option<Vec<Vec<Redirected>>>,
}

impl Figures {
    /// All nought. With `list_pages` every URL is kept.
    pub fn new(list_pages: bool, now: Instant) -> Self {
        Self {
            began: now,
            statuses: BTreeMap::new(),
            times: Times::default(),
            too_large: 0,
            too_deep: 0,
            stopped: 0,
            retries: 0,
            errors: 0,
            hosts: Vec::new(),
            failed: Vec::new(),
            fetched: list_pages.then(Vec::new),
            redirects: RedirectTally::default(),
            chains: list_pages.then(Vec::new),
        }
    }

    /// A URL got its answer.
    pub fn answered(&mut self, id: HostId, url: &str, status: u16, octets: u64, latency: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        self.times.add(latency);
        let host = self.host(id);
        host.answers += 1;
        host.octets += octets;
        let ms = latency.as_secs_f64() * 1000.0;
        host.mean_ms += (ms - host.mean_ms) / host.answers as f64;
        host.max_ms = host.max_ms.max(ms);
        if let Some(fetched) = &mut self.fetched {
            fetched.push(Fetched { url: url.to_owned(), status, octets });
        }
        if status >= 500 || status == 429 {
            self.failed.push(Failed { url: url.to_owned(), reason: format!("answered {status}") });
        }
    }

    /// A URL will get none.
    pub fn failed(&mut self, id: HostId, url: String, reason: String) {
        self.errors += 1;
        self.host(id).errors += 1;
        self.failed.push(Failed { url, reason });
    }

    /// An attempt failed and will be made again.
    pub fn retried(&mut self, id: HostId) {
        self.retries += 1;
        self.host(id).retries += 1;
    }

    /// An answer was longer than the cap.
    pub fn was_too_large(&mut self) {
        self.too_large += 1;
    }

    /// A link leads too far from the start.
    pub fn was_too_deep(&mut self) {
        self.too_deep += 1;
    }

    /// The crawl ended before the answer to a URL came.
    pub fn was_stopped(&mut self) {
        self.stopped += 1;
    }

    /// A request met these redirects.
    pub fn redirected(&mut self, chain: Vec<Redirected>) {
        chain.iter().for_each(|redirect| self.redirects.count(redirect.led));
        if let Some(chains) = &mut self.chains {
            chains.push(chain);
        }
    }

    /// Nobody knows what the host allows.
    pub fn robots_unavailable(&mut self, id: HostId) {
        self.host(id).robots_unavailable = true;
    }

    /// URLs that are done with, except for those that robots.txt forbids.
    pub fn settled(&self) -> u64 {
        self.statuses.values().sum::<u64>() + self.errors + self.too_deep
    }

    /// Attempts that were made again.
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// URLs that got no answer at all.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// The figures as they are now.
    pub fn report(
        mut self,
        frontier: &Frontier,
        stopped: Stopped,
        links: LinkTally,
        wire: Tally,
        drained: Option<Drained>,
    ) -> Report {
        for (id, disallowed) in frontier.disallowed() {
            let host = self.host(id);
            host.disallowed = disallowed;
            frontier.origin(id).clone_into(&mut host.origin);
        }
        Report {
            stopped,
            seconds: self.began.elapsed().as_secs_f64(),
            pages: self
                .statuses
                .iter()
                .filter(|(status, _)| (200..300).contains(*status))
                .map(|(_, pages)| pages)
                .sum(),
            octets: self.sum(|host| host.octets),
            latency: self.times.clone().percentiles(),
            retries: self.retries,
            errors: self.errors,
            disallowed: self.sum(|host| host.disallowed),
            statuses: self.statuses,
            too_large: self.too_large,
            too_deep: self.too_deep,
            left: frontier.waiting() as u64 + self.stopped,
            links,
            wire,
            hosts: self.hosts,
            failed: self.failed,
            fetched: self.fetched,
            redirects: self.redirects,
            chains: self.chains,
            drained,
        }
    }

    fn host(&mut self, id: HostId) -> &mut HostReport {
        let index = id.0 as usize;
        if self.hosts.len() <= index {
            self.hosts.resize_with(index + 1, HostReport::default);
        }
        &mut self.hosts[index]
    }

    fn sum(&self, figure: impl Fn(&HostReport) -> u64) -> u64 {
        self.hosts.iter().map(figure).sum()
    }
}
