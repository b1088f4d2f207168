//! What becomes of a job that has ended: another attempt, or figures, new links and rules.

use std::time::Instant;

use url::Url;

use super::{Crawl, Fetched, HOST_LOST, Trip, add_page};
use crate::fetch::{self, Answer, Body};
use crate::frontier::{Failure, HostId, Job, Purpose, Work};
use crate::report::Led;
use crate::retry::{self, Trouble};
use crate::robots::{MAX_REDIRECTS, Reading, Robots};

impl Crawl {
    pub(super) fn settle(&mut self, fetched: Fetched) {
        let Fetched { number, result } = fetched;
        let Some(Trip { job, url, redirects }) = self.trips.remove(&number) else { return };
        let waits_elsewhere = redirects.last().is_some_and(|last| last.led == Led::Waits);
        if job.work.purpose == Purpose::Page && !redirects.is_empty() {
            self.figures.redirected(redirects);
        }
        let (host, began) = (job.host, result.as_ref().map_or_else(|_| Instant::now(), |answer| answer.began));
        let trouble = match &result {
            Ok(answer) => refusal(job.work.purpose, answer),
            Err(error) => fetch::trouble(error),
        };
        let failure = match trouble {
            Some(trouble) => self.frontier.failed(&job, trouble, fastrand::f64(), Instant::now()),
            None => {
                self.frontier.finished(&job);
                Failure::Final
            }
        };
        match (failure, result) {
            (Failure::Again, _) => self.figures.retried(job.host),
            (_, Ok(answer)) => self.take(&job, &url, answer, waits_elsewhere),
            (_, Err(error)) if fetch::was_stopped(&error) => {
                if job.work.purpose == Purpose::Page {
                    self.figures.was_stopped();
                }
            }
            (Failure::HostLost(others), Err(error)) => {
                let reason = format!("{HOST_LOST}: {error}");
                std::iter::once(job.work).chain(others).for_each(|work| self.give_up(job.host, work, reason.clone()));
            }
            (Failure::Final, Err(error)) => self.give_up(job.host, job.work, error.to_string()),
        }
        // Last, for the answer may have been what asks for the delay.
        self.frontier.asked(host, began);
    }

    /// An answer that counts, whatever it says. If it is a redirect, another job may be about to look there.
    fn take(&mut self, job: &Job, url: &str, answer: Answer, waits_elsewhere: bool) {
        match job.work.purpose {
            Purpose::Page => {
                self.figures.answered(job.host, url, answer.status, answer.octets, answer.latency);
                self.follow(url, job.work.depth.saturating_add(1), answer);
            }
            Purpose::Robots { .. } if waits_elsewhere => {}
            Purpose::Robots { of, redirects } => self.read_robots(of, redirects, &answer),
        }
    }

    fn follow(&mut self, url: &str, depth: u16, answer: Answer) {
        let Ok(page) = Url::parse(url) else { return };
        let found = |url: &Url| {
            add_page(&mut self.frontier, &mut self.figures, url, depth);
        };
        if let Body::Page(links) = &answer.body
            && !links.nofollow
        {
            self.discovery.page(&page, links, found);
        }
        let cut_off = match &answer.body {
            Body::Page(links) => links.cut_off,
            Body::TooLarge => true,
            Body::Robots(_) | Body::Other => false,
        };
        if cut_off {
            self.figures.was_too_large();
        }
    }

    fn read_robots(&mut self, of: HostId, redirects: u8, answer: &Answer) {
        let text = if let Body::Robots(text) = &answer.body { text.as_slice() } else { &[] };
        match Robots::read(answer.status, text) {
            Reading::Rules(robots) => self.frontier.obey(of, robots),
            Reading::Elsewhere if redirects >= MAX_REDIRECTS => self.frontier.obey(of, Robots::allow_all()),
            Reading::Elsewhere | Reading::Unknown => self.do_without_robots(of),
        }
    }

    fn do_without_robots(&mut self, of: HostId) {
        self.figures.robots_unavailable(of);
        self.frontier.obey(of, Robots::disallow_all());
    }

    fn give_up(&mut self, host: HostId, work: Work, reason: String) {
        match work.purpose {
            Purpose::Page => {
                let url = format!("{}{}", self.frontier.origin(host), work.path);
                self.figures.failed(host, url, reason);
            }
            Purpose::Robots { of, .. } => self.do_without_robots(of),
        }
    }
}

/// Is the answer one that asks to come again? Of a robots.txt, any failure of the server is.
fn refusal(purpose: Purpose, answer: &Answer) -> Option<Trouble> {
    let later = match purpose {
        Purpose::Page => retry::means_later(answer.status),
        Purpose::Robots { .. } => matches!(Robots::read(answer.status, &[]), Reading::Unknown),
    };
    later.then_some(Trouble::Broken)
}
