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
    /// How long calls that were given up have met with silence since the last octet: a `select!` that drops a call every second
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

    /// Waits for the next piece of a body, whose octets [`moved`](Self::moved) then counts.
    pub(crate) async fn piece<T>(&mut self, stage: Stage, wait: impl Future<Output = T> + Unpin) -> Result<T, Failure> {
        self.silence().until(stage, wait).await
    }

    /// From here on the peer is silent, until something moves.
    pub(super) fn silence(&mut self) -> Silence<'_> {
        Silence { since: clock::now(), pace: self }
    }

    /// Octets of the body have moved, or the last of them is through.
    pub(crate) fn moved(&mut self, octets: u64) {
        self.silent = Duration::ZERO;
        if let Some(throughput) = &mut self.throughput {
            throughput.moved(octets);
        }
    }
}

/// The peer is silent. Dropped, by a call that is given up too, it counts so long.
pub(super) struct Silence<'a> {
    since: Instant,
    pace: &'a mut Pace,
}

impl Silence<'_> {
    /// Waits for the peer until the idle limit ends or it has become too slow.
    pub(super) async fn until<T>(&mut self, stage: Stage, wait: impl Future<Output = T> + Unpin) -> Result<T, Failure> {
        let Pace { idle, throughput, silent } = &mut *self.pace;
        let idle_end = idle.and_then(|idle| self.since.checked_add(idle.saturating_sub(*silent)));
        let idle = idle.unwrap_or_default();
        let Some(throughput) = throughput else {
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

    /// Octets have moved: the silence begins anew.
    pub(super) fn moved(&mut self, octets: u64) {
        self.pace.moved(octets);
        self.since = clock::now();
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        self.pace.silent += clock::now().saturating_duration_since(self.since);
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
