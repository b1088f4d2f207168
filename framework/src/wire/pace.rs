//! How long one half of an exchange may wait for the peer: an idle limit, and how much has to move meanwhile.

use std::future::Future;
use std::time::{Duration, Instant};

use super::Failure;
use crate::clock;
use crate::error::Stage;
use crate::options::MinimumRate;
use crate::policy::Throughput;

/// What is asked of the peer while one half of an exchange moves.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    idle: Option<Duration>,
    throughput: Option<Throughput>,
    /// How long calls that were given up have met with silence since the last octet: a `select!` that drops a read every second
    /// must meet the limit too.
    silent: Duration,
}

impl Pace {
    pub(crate) fn new(idle: Option<Duration>, least: Option<MinimumRate>) -> Self {
        Self { idle, throughput: least.map(Throughput::new), silent: Duration::ZERO }
    }

    /// The idle limit alone, for what is no body.
    pub(crate) fn idle(&self) -> Self {
        Self { idle: self.idle, throughput: None, silent: Duration::ZERO }
    }

    /// When the idle limit ends, counted from now.
    pub(super) fn idle_end(&self) -> Option<Instant> {
        clock::now().checked_add(self.idle?)
    }

    /// Waits for the next piece of a body, whose octets [`moved`](Self::moved) then counts.
    pub(crate) async fn piece<T>(&mut self, stage: Stage, wait: impl Future<Output = T> + Unpin) -> Result<T, Failure> {
        let since = clock::now();
        let idle_end = self.idle.and_then(|idle| since.checked_add(idle.saturating_sub(self.silent)));
        let mut given_up = GivenUp { since, pace: self, done: false };
        let waited = given_up.pace.until(idle_end, stage, wait).await;
        given_up.done = true;
        waited
    }

    /// Waits for the peer until the idle limit ends or it has become too slow. A wait that is given up counts too.
    pub(super) async fn until<T>(
        &mut self,
        idle_end: Option<Instant>,
        stage: Stage,
        wait: impl Future<Output = T> + Unpin,
    ) -> Result<T, Failure> {
        let idle = self.idle.unwrap_or_default();
        let Some(throughput) = &mut self.throughput else {
            return clock::until(idle_end, wait).await.map_err(|_| Failure::Timeout(stage, idle));
        };
        let waiting = Waiting { since: clock::now(), throughput };
        let slow = waiting.since.checked_add(waiting.throughput.patience());
        let (end, is_idle) = match (idle_end, slow) {
            (Some(idle), Some(slow)) => (Some(idle.min(slow)), idle <= slow),
            (idle, slow) => (idle.or(slow), idle.is_some()),
        };
        let waited = clock::until(end, wait).await;
        drop(waiting);
        waited.map_err(|_| {
            if is_idle { Failure::Timeout(stage, idle) } else { Failure::Stalled(stage, throughput.stalled()) }
        })
    }

    /// Octets of the body have moved.
    pub(crate) fn moved(&mut self, octets: u64) {
        self.silent = Duration::ZERO;
        if let Some(throughput) = &mut self.throughput {
            throughput.moved(octets);
        }
    }
}

/// A wait that counts as silence if it is given up.
struct GivenUp<'a> {
    since: Instant,
    pace: &'a mut Pace,
    done: bool,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.pace.silent += clock::now().saturating_duration_since(self.since);
        }
    }
}

/// The peer is being waited for.
struct Waiting<'a> {
    since: Instant,
    throughput: &'a mut Throughput,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.throughput.waited(clock::now().saturating_duration_since(self.since));
    }
}
