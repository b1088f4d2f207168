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
    throughput: Option<Box<Throughput>>,
    /// How long calls that were given up have met with silence since the last octet: a `select!` that drops a call every second
    /// must meet the limit too.
    silent: Duration,
}

impl Pace {
    pub(crate) fn new(idle: Option<Duration>, least: Option<MinimumRate>) -> Self {
        Self { idle, throughput: least.map(|least| Box::new(Throughput::new(least))), silent: Duration::ZERO }
    }

    /// The idle limit alone, for what is no body.
    pub(crate) fn idle(&self) -> Self {
        Self { idle: self.idle, throughput: None, silent: Duration::ZERO }
    }

    /// Waits for the next piece of a body, whose octets [`moved`](Self::moved) then counts.
    pub(crate) async fn piece<T>(&mut self, stage: Stage, wait: impl Future<Output = T> + Unpin) -> Result<T, Failure> {
        self.silence().until(stage, wait).await
    }

    /// What is waited for from here on is silence of the peer's, until something moves.
    pub(super) fn silence(&mut self) -> Silence<'_> {
        Silence { since: None, pace: self }
    }

    /// Octets of the body have moved, or the last of them is through.
    pub(crate) fn moved(&mut self, octets: u64) {
        self.silent = Duration::ZERO;
        if let Some(throughput) = &mut self.throughput {
            throughput.moved(octets);
        }
    }
}

/// The peer is silent, since it was first waited for. Dropped, by a call that is given up too, it counts so long.
pub(super) struct Silence<'a> {
    since: Option<Instant>,
    pace: &'a mut Pace,
}

impl Silence<'_> {
    /// Waits for the peer until the idle limit ends or it has become too slow. A peer that is not waited for costs no look at the
    /// clock.
    pub(super) async fn until<T>(&mut self, stage: Stage, wait: impl Future<Output = T> + Unpin) -> Result<T, Failure> {
        let Self { since, pace } = self;
        let Pace { idle, throughput, silent } = &mut **pace;
        let mut waiting = Waiting { since: None, throughput: throughput.as_deref_mut() };
        let mut is_idle = true;
        let end = || {
            let now = clock::now();
            let since = *since.get_or_insert(now);
            let idle_end = idle.and_then(|idle| since.checked_add(idle.saturating_sub(*silent)));
            let slow = waiting.begin(now);
            is_idle = match (idle_end, slow) {
                (Some(idle), Some(slow)) => idle <= slow,
                (idle, _) => idle.is_some(),
            };
            if is_idle { idle_end } else { slow }
        };
        let waited = clock::until_end(end, wait).await;
        drop(waiting);
        match (waited, throughput) {
            (Ok(done), _) => Ok(done),
            (Err(_), Some(throughput)) if !is_idle => Err(Failure::Stalled(stage, throughput.stalled())),
            (Err(_), _) => Err(Failure::Timeout(stage, idle.unwrap_or_default())),
        }
    }

    /// Octets have moved: the silence is over.
    pub(super) fn moved(&mut self, octets: u64) {
        self.pace.moved(octets);
        self.since = None;
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if let Some(since) = self.since {
            self.pace.silent += clock::now().saturating_duration_since(since);
        }
    }
}

/// The peer is being waited for, if it has begun.
struct Waiting<'a> {
    since: Option<Instant>,
    throughput: Option<&'a mut Throughput>,
}

impl Waiting<'_> {
    /// When the peer will have become too slow.
    fn begin(&mut self, now: Instant) -> Option<Instant> {
        let throughput = self.throughput.as_ref()?;
        self.since = Some(now);
        now.checked_add(throughput.patience())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let (Some(since), Some(throughput)) = (self.since, &mut self.throughput) {
            throughput.waited(clock::now().saturating_duration_since(since));
        }
    }
}
