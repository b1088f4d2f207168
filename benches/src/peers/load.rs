//! The load of one turn: so many callers, each with one request after the other, and what that cost.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::task::JoinHandle;

use crate::server::BODY_LENGTH;

/// What every client is asked to do.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) server: SocketAddr,
    pub(crate) in_flight: usize,
    pub(crate) requests: usize,
}

/// What one turn cost.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) requests: usize,
    /// User and system time of the whole process.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    /// Of every request, in order of length.
    pub(crate) latencies: Vec<Duration>,
    /// `None` when the program was built without counting them.
    pub(crate) allocations: Option<usize>,
}

/// Makes one request after the other.
pub(crate) trait Caller: Send + 'static {
    /// One request, until its body is read; the length of the body.
    fn call(&mut self) -> impl Future<Output = Result<usize, Failed>> + Send;
}

pub(crate) type Failed = Box<dyn Error + Send + Sync>;
/// What a caller does: handed to whatever runs it.
pub(crate) type Calls<C> = Pin<Box<dyn Future<Output = Result<(C, Vec<Duration>), Failed>> + Send>>;
type Running<C> = JoinHandle<Result<(C, Vec<Duration>), Failed>>;

impl Turn {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.server)
    }

    /// Has one caller per request in flight do its share, each as a task of its own; first for a warm-up, which dials all
    /// wires, then measured.
    pub(crate) async fn drive<C: Caller>(
        &self,
        callers: Vec<C>,
        spawn: impl Fn(Calls<C>) -> Running<C>,
    ) -> Result<Sample, Failed> {
        let (callers, _) = all(callers, WARM_UP, &spawn).await?;
        let each = self.requests.div_ceil(self.in_flight);
        let (allocations, cpu, start) = (allocations(), cpu_time()?, Instant::now());
        let (callers, mut latencies) = all(callers, each, &spawn).await?;
        let (wall, cpu) = (start.elapsed(), cpu_time()?.saturating_sub(cpu));
        let allocations = self::allocations().zip(allocations).map(|(after, before)| after - before);
        drop(callers);
        latencies.sort_unstable();
        Ok(Sample { requests: each * self.in_flight, cpu, wall, latencies, allocations })
    }
}

async fn all<C: Caller>(
    callers: Vec<C>,
    each: usize,
    spawn: &impl Fn(Calls<C>) -> Running<C>,
) -> Result<(Vec<C>, Vec<Duration>), Failed> {
    let running: Vec<_> = callers.into_iter().map(|caller| spawn(Box::pin(calls(caller, each)))).collect();
    let (mut callers, mut latencies) = (Vec::with_capacity(running.len()), Vec::with_capacity(running.len() * each));
    for one in running {
        let (caller, its_latencies) = one.await??;
        callers.push(caller);
        latencies.extend(its_latencies);
    }
    Ok((callers, latencies))
}

async fn calls<C: Caller>(mut caller: C, count: usize) -> Result<(C, Vec<Duration>), Failed> {
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

fn cpu_time() -> Result<Duration, Failed> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.try_into()?))
}

#[cfg(feature = "allocations")]
fn allocations() -> Option<usize> {
    let stats = counting::ALLOCATOR.stats();
    Some(stats.allocations + stats.reallocations)
}

#[cfg(not(feature = "allocations"))]
fn allocations() -> Option<usize> {
    None
}

#[cfg(feature = "allocations")]
mod counting {
    //! The system's allocator, counted.

    use std::alloc::System;

    use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

    #[global_allocator]
    pub(super) static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;
}

/// Requests per caller before a measurement.
const WARM_UP: usize = 16;
