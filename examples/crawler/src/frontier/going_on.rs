//! A job that goes on elsewhere: its answer redirects there, and what lies there may be fetched now.

use std::time::Instant;

use super::{Frontier, Job, Purpose, Work, index};

impl Frontier {
    /// The answer to a job redirects to this page or robots.txt. If that may be fetched now, the job goes on there: its host has one job
    /// less, the other one more. If not, nothing has changed, and it may be added like anything else.
    pub fn go_on(
        &mut self,
        job: &Job,
        (origin, path): (&str, &str),
        work: (u16, Purpose),
        now: Instant,
    ) -> Option<Job> {
        let (depth, purpose) = work;
        if !self.takes_new_pages() || self.bounds.max_depth.is_some_and(|most| depth > most) {
            return None;
        }
        let to = match purpose {
            Purpose::Page => *self.by_origin.get(origin)?,
            Purpose::Robots { .. } => self.host(origin, now),
        };
        self.hosts[index(job.host)].under_way -= 1;
        let host = &mut self.hosts[index(to)];
        if !host.admits(path, purpose, now) {
            self.hosts[index(job.host)].under_way += 1;
            return None;
        }
        host.under_way += 1;
        let governor = host.governor();
        self.hosts[index(job.host)].reached();
        self.pages_started += usize::from(purpose == Purpose::Page);
        if self.takes_new_pages() {
            self.list(job.host)
        } else {
            self.list_all_anew()
        }
        Some(Job { host: to, work: Work::new(path, depth, purpose), started: now, governor })
    }
}
