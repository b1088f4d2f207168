//! Everything at once, for as long as is wanted: all protocols, all that a session does for its caller, servers and networks that
//! fail, calls that are given up, handles that are closed at any level.
//!
//! It goes by rounds, each with servers of its own and sessions that are closed at its end. The first one is there to warm up; what
//! the process has afterwards, it must have at the end: memory, files and sockets, threads, tasks.

mod closing;
mod exchanges;
mod kinds;
mod spoiled;
mod streams;
mod verdict;
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use hinternet::Engine;
use integration_tests::Seeded;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Failed;
use crate::process::{Figures, allow_descriptors, runtime};
use crate::servers::Servers;
use kinds::KINDS;
use verdict::{Ended, Verdict};
use world::World;

/// How long, and how much at a time.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// After the round that warms up
    #[arg(default_value_t = 60)]
    seconds: u64,
    /// Exchanges at a time
    #[arg(long, default_value_t = 64)]
    at_once: u64,
    /// Of all that is chosen by chance
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What became of the exchanges.
#[derive(Debug, Default)]
struct Tally {
    exchanges: u64,
    failures: u64,
    unexpected: u64,
    kinds: BTreeMap<&'static str, (u64, u64)>,
    told: Vec<String>,
}

/// Prints the line that says how it went.
pub(crate) fn run(options: &Options) -> Result<(), Failed> {
    allow_descriptors(1_024)?;
    runtime()?.block_on(endure(options))
}

async fn endure(options: &Options) -> Result<(), Failed> {
    let engine = Engine::builder().shards(2).start()?;
    let tally = Arc::new(Mutex::new(Tally::default()));
    let seconds = Duration::from_secs(options.seconds);
    let mut notifications = round(options, 0, WARM_UP, &engine, &tally).await?;
    let before = settled(None).await?;
    println!("warm:  {before}");
    let (began, mut after, mut highest) = (Instant::now(), before, before.rss);
    for n in 1.. {
        let left = seconds.saturating_sub(began.elapsed());
        if left.is_zero() {
            break;
        }
        notifications += round(options, n, left.min(ROUND), &engine, &tally).await?;
        after = settled(Some(&before)).await?;
        highest = highest.max(after.rss);
        println!("{:>5}: {after}", began.elapsed().as_secs());
    }
    report(&tally.lock().unwrap_or_else(PoisonError::into_inner), notifications, &before, &after)
}

/// Servers, sessions, and exchanges until the time is over. How many notifications were checked.
async fn round(
    options: &Options,
    n: u64,
    time: Duration,
    engine: &Engine,
    tally: &Arc<Mutex<Tally>>,
) -> Result<u64, Failed> {
    let world = Arc::new(World::open(engine.clone(), Servers::of_everything().await?)?);
    let (ends, number) = (Instant::now() + time, Arc::new(AtomicU64::new(n << 32)));
    let mut workers = JoinSet::new();
    for _ in 0..options.at_once {
        let (world, tally, number, seed) = (Arc::clone(&world), Arc::clone(tally), Arc::clone(&number), options.seed);
        workers.spawn(async move {
            while Instant::now() < ends {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let mut chance = Seeded::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let (name, perform) = kinds::pick(&mut chance);
                let verdict = timeout(HANG, perform(Arc::clone(&world), chance, number)).await;
                let verdict = verdict.unwrap_or_else(|_| Err(format!("it did not end within {HANG:?}")));
                tally.lock().unwrap_or_else(PoisonError::into_inner).take(name, verdict);
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    Arc::into_inner(world).ok_or("somebody still has the world")?.close().await
}

impl Tally {
    fn take(&mut self, name: &'static str, verdict: Verdict) {
        self.exchanges += 1;
        let kind = self.kinds.entry(name).or_default();
        kind.0 += 1;
        match verdict {
            Ok(Ended::Well) => {}
            Ok(Ended::AsExpected) => {
                self.failures += 1;
                kind.1 += 1;
            }
            Err(told) => {
                self.unexpected += 1;
                if self.told.len() < 20 {
                    println!("unexpected: {name}: {told}");
                    self.told.push(told);
                }
            }
        }
    }
}

/// What the process has, when what is closed is gone: no more than before of what can be counted.
async fn settled(before: Option<&Figures>) -> Result<Figures, Failed> {
    let mut figures = Figures::now()?;
    let began = Instant::now();
    while began.elapsed() < SETTLING {
        let last = figures;
        tokio::time::sleep(Duration::from_millis(500)).await;
        figures = Figures::now()?;
        let is_still = figures.threads == last.threads && figures.descriptors == last.descriptors;
        if before.map_or(is_still && began.elapsed() > PAUSE, |before| figures.is_within(before)) {
            break;
        }
    }
    Ok(figures)
}

fn report(tally: &Tally, notifications: u64, before: &Figures, after: &Figures) -> Result<(), Failed> {
    println!("\n{:<28} {:>9} {:>18}", "", "exchanges", "expected failures");
    for (name, (exchanges, failures)) in &tally.kinds {
        println!("{name:<28} {exchanges:>9} {failures:>18}");
    }
    println!("{notifications} notifications, all in order\n");
    println!(
        "soak: {} exchanges, {} expected failures, {} unexpected, RSS {:.1} -> {:.1} MiB, fds {} -> {}, threads {} -> {}, tasks {} -> {}",
        tally.exchanges,
        tally.failures,
        tally.unexpected,
        before.mebibytes(),
        after.mebibytes(),
        before.descriptors,
        after.descriptors,
        before.threads,
        after.threads,
        before.tasks,
        after.tasks,
    );
    let missing: Vec<_> = KINDS.iter().map(|kind| kind.1).filter(|name| !tally.kinds.contains_key(name)).collect();
    if tally.unexpected > 0 {
        return Err(format!("{} exchanges ended as they must not", tally.unexpected).into());
    }
    if !missing.is_empty() {
        return Err(format!("never came to {missing:?}").into());
    }
    if !after.is_within(before) {
        return Err("something is left".into());
    }
    if after.rss as f64 > before.rss as f64 * 1.05 + SLACK {
        return Err("memory has grown".into());
    }
    if after.heap > before.heap + HEAP_SLACK {
        return Err(format!("the heap has grown from {} to {} octets", before.heap, after.heap).into());
    }
    Ok(())
}

/// By then everything that is bounded has reached its bound.
const WARM_UP: Duration = Duration::from_secs(10);
/// The servers remember all that they are asked.
const ROUND: Duration = Duration::from_secs(60);
/// An exchange that takes so long hangs.
const HANG: Duration = Duration::from_secs(60);
/// Threads for files and for look-ups end some time after their last work.
const SETTLING: Duration = Duration::from_secs(30);
/// Longer than any of them lives without.
const PAUSE: Duration = Duration::from_secs(12);
/// In KiB: what the allocator keeps of one round more than of another.
const SLACK: f64 = 8.0 * 1024.0;
/// In octets: tables that have grown with what they once held.
const HEAP_SLACK: u64 = 3 * 1024 * 1024;
