//! What a turn cost this process.

use std::alloc::System;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use stats_alloc::{Stats, StatsAlloc};

use super::Failed;

/// What one turn cost.
#[derive(Debug)]
pub(super) struct Sample {
    /// How much of the work was done: requests, octets, pages.
    pub(super) done: u64,
    /// User and system time of the whole process.
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
    /// `None` when they are not counted.
    pub(super) allocations: Option<u64>,
}

impl Sample {
    /// CPU time of one piece of the work, in microseconds.
    pub(super) fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.done as f64
    }

    /// Pieces of the work in a second.
    pub(super) fn rate(&self) -> f64 {
        self.done as f64 / self.wall.as_secs_f64()
    }

    /// Allocations for one piece of the work.
    pub(super) fn allocations_each(&self) -> Option<f64> {
        self.allocations.map(|count| count as f64 / self.done as f64)
    }
}

/// Runs from the start of the work to its end.
#[derive(Debug)]
pub(super) struct Meter {
    allocations: Option<u64>,
    cpu: Duration,
    start: Instant,
}

impl Meter {
    pub(super) fn start() -> Result<Self, Failed> {
        Ok(Self { allocations: allocations(), cpu: cpu_time()?, start: Instant::now() })
    }

    pub(super) fn stop(self, done: u64) -> Result<Sample, Failed> {
        let (wall, cpu) = (self.start.elapsed(), cpu_time()?.saturating_sub(self.cpu));
        let allocations = allocations().zip(self.allocations).map(|(after, before)| after - before);
        Ok(Sample { done, cpu, wall, allocations })
    }
}

/// User and system time of this process until now.
fn cpu_time() -> Result<Duration, Failed> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.try_into()?))
}

/// Tells that this is the program's allocator, so that there is something to count.
pub fn count_allocations(allocator: &'static StatsAlloc<System>) {
    // Told once, at the start of the program.
    let _first = COUNTED.set(allocator);
}

fn stats() -> Option<Stats> {
    COUNTED.get().map(|allocator| allocator.stats())
}

fn allocations() -> Option<u64> {
    stats().map(|stats| (stats.allocations + stats.reallocations) as u64)
}

/// Octets of the heap that are in use; `None` when they are not counted.
pub(super) fn heap() -> Option<u64> {
    stats().map(|stats| (stats.bytes_allocated - stats.bytes_deallocated) as u64)
}

/// The value in KiB of a line of a file that the kernel makes.
pub(super) fn kibibytes(file: &str, line: &str) -> Result<u64, Failed> {
    let text = std::fs::read_to_string(file)?;
    let value =
        text.lines().find_map(|found| found.strip_prefix(line)).ok_or_else(|| format!("{file} has no {line}"))?;
    Ok(value.trim().trim_end_matches("kB").trim_end().parse()?)
}

static COUNTED: OnceLock<&'static StatsAlloc<System>> = OnceLock::new();
