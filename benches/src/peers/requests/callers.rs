//! The load of one turn: so many callers, each with one request after the other, and what that cost.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::peers::Failed;
use crate::peers::meter::{Meter, Sample};
use crate::peers::runtimes::Threads;
use crate::peers::server::{BODY_LENGTH, Endpoint};

/// What every client is asked to do.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) endpoint: Endpoint,
    pub(super) in_flight: usize,
    pub(super) requests: usize,
}

/// What one turn cost.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) cost: Sample,
    /// Of every request, in order of length.
    latencies: Vec<Duration>,
}

impl Answered {
    /// The latency that so many of a hundred requests stay below, in microseconds.
    pub(super) fn quantile(&self, percent: usize) -> f64 {
        let index = self.latencies.len() * percent / 100;
        self.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}

/// Makes one request after the other.
pub(super) trait Caller: 'static {
    /// One request, until its body is read; the length of the body.
    fn call(&mut self) -> impl Future<Output = Result<usize, Failed>>;
}

/// A caller that has a task of its own, and comes back with the latencies.
pub(super) type Running<C> = JoinHandle<Result<(C, Vec<Duration>), Failed>>;

impl Turn {
    pub(super) fn url(&self) -> String {
        self.endpoint.url("/")
    }

    /// Has one caller per request in flight do its share, each as the task that `spawn` makes of [`calls`]; first for a
    /// warm-up, which dials all wires, then measured.
    pub(super) async fn drive<C: Caller>(
        &self,
        callers: Vec<C>,
        spawn: impl Fn(C, usize) -> Running<C>,
    ) -> Result<Answered, Failed> {
        let (callers, _) = all(callers, WARM_UP, &spawn).await?;
        let each = self.requests.div_ceil(self.in_flight);
        let meter = Meter::start()?;
        let (callers, mut latencies) = all(callers, each, &spawn).await?;
        let cost = meter.stop((each * self.in_flight) as u64)?;
        drop(callers);
        latencies.sort_unstable();
        Ok(Answered { cost, latencies })
    }

    /// A turn of callers that need nothing but tokio.
    pub(super) fn with_tokio<C: Caller + Clone>(
        &self,
        threads: Threads,
        make: impl FnOnce() -> C,
        spawn: impl Fn(C, usize) -> Running<C>,
    ) -> Result<Answered, Failed> {
        threads.runtime()?.block_on(async { self.drive(vec![make(); self.in_flight], spawn).await })
    }
}

async fn all<C: Caller>(
    callers: Vec<C>,
    each: usize,
    spawn: &impl Fn(C, usize) -> Running<C>,
) -> Result<(Vec<C>, Vec<Duration>), Failed> {
    let running: Vec<_> = callers.into_iter().map(|caller| spawn(caller, each)).collect();
    let (mut callers, mut latencies) = (Vec::with_capacity(running.len()), Vec::with_capacity(running.len() * each));
    for one in running {
        let (caller, its_latencies) = one.await??;
        callers.push(caller);
        latencies.extend(its_latencies);
    }
    Ok((callers, latencies))
}

/// What a caller's task does.
pub(super) async fn calls<C: Caller>(mut caller: C, count: usize) -> Result<(C, Vec<Duration>), Failed> {
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let length = caller.call().await?;
        latencies.push(start.elapsed());
        if length != BODY_LENGTH {
            return Err(format!("a body of {length} octets").into());
        }
    }
    Ok((caller, latencies))
}

/// Requests per caller before a measurement.
const WARM_UP: usize = 16;
