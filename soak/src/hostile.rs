//! Two thousand origins, each asked at its own pace; once they are all good, once a fifth of them is hostile. The good ones must not
//! feel the others: each of their requests succeeds, and the slowest of a hundred takes no more than twice its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use hinternet::{Engine, Session, Timeouts};
use integration_tests::Seeded;
use integration_tests::recorder::Recorder;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Failed;
use crate::process::{Figures, allow_descriptors, cpu_time, runtime};
use crate::servers::{PORT, Servers, address, is_hostile};

/// How many, and how often.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    #[arg(long, default_value_t = 2_000)]
    origins: usize,
    /// To each of them
    #[arg(long, default_value_t = 50)]
    requests: usize,
    /// Milliseconds from one to the next
    #[arg(long, default_value_t = 500)]
    pace: u64,
    /// Runs of either kind, in turn
    #[arg(long, default_value_t = 3)]
    turns: usize,
}

/// What a run gave.
struct Run {
    /// How long the requests to the origins took that are good in every run, in order.
    good: Vec<Duration>,
    failed: Vec<String>,
    hostile: usize,
    hostile_failed: usize,
}

pub(crate) fn run(options: &Options) -> Result<(), Failed> {
    allow_descriptors(options.origins as u64 * 2 + 512)?;
    runtime()?.block_on(compare(options))
}

async fn compare(options: &Options) -> Result<(), Failed> {
    let engine = Engine::builder().shards(2).start()?;
    let (mut all_good, mut mixed) = (Vec::new(), Vec::new());
    for _ in 0..options.turns {
        all_good.push(ask(options, &engine, 0).await?);
        mixed.push(ask(options, &engine, EVERY).await?);
    }
    let median = |runs: &[Run]| {
        let mut slowest: Vec<_> = runs.iter().map(|run| run.at(99)).collect();
        slowest.sort();
        slowest[slowest.len() / 2]
    };
    let (before, beside) = (median(&all_good), median(&mixed));
    let ratio = beside.as_secs_f64() / before.as_secs_f64();
    let failed: Vec<_> = all_good.iter().chain(&mixed).flat_map(|run| &run.failed).collect();
    println!(
        "hostile: {} origins, {} requests to good ones, {} of them failed; p99 {:.2} ms when all are good, {:.2} ms beside {} hostile: {ratio:.2} x",
        options.origins,
        all_good.iter().chain(&mixed).map(|run| run.good.len() + run.failed.len()).sum::<usize>(),
        failed.len(),
        before.as_secs_f64() * 1e3,
        beside.as_secs_f64() * 1e3,
        options.origins / EVERY,
    );
    if let Some(first) = failed.first() {
        return Err(format!("{} requests to good origins failed, the first: {first}", failed.len()).into());
    }
    if ratio > 2.0 {
        return Err("the hostile ones are felt".into());
    }
    Ok(())
}

/// Asks all of them, every so many-th of which is hostile.
async fn ask(options: &Options, engine: &Engine, hostile: usize) -> Result<Run, Failed> {
    let servers = Servers::hosts(hostile).await?;
    let recorder = Recorder::on(engine).forgetting();
    // What a caller would set who knows that its peers may be hostile.
    let mut timeouts = Timeouts::all(Duration::from_secs(5));
    timeouts.total = Some(Duration::from_secs(10));
    let session = recorder.session(Session::builder().engine(engine.clone()).timeouts(timeouts));
    let session = Arc::new(session);
    let (cpu, began) = (cpu_time()?, Instant::now());
    let mut origins = JoinSet::new();
    for n in 0..options.origins {
        let (session, options) = (Arc::clone(&session), *options);
        let url = format!("http://{}:{}/", address(n), servers.told(PORT));
        origins.spawn(async move {
            let (mut times, mut failed) = (Vec::with_capacity(options.requests), Vec::new());
            let mut chance = Seeded::new(n as u64);
            sleep(Duration::from_millis(chance.below(options.pace as usize) as u64)).await;
            for _ in 0..options.requests {
                let asked = Instant::now();
                match async { session.get(&url)?.send().await?.text().await }.await {
                    Ok(text) if text == "hello" => times.push(asked.elapsed()),
                    Ok(text) => failed.push(format!("{url} gave {text:?}")),
                    Err(error) => failed.push(error.to_string()),
                }
                sleep(Duration::from_millis(options.pace).saturating_sub(asked.elapsed())).await;
            }
            (n, times, failed)
        });
    }
    let mut run = Run { good: Vec::new(), failed: Vec::new(), hostile: 0, hostile_failed: 0 };
    while let Some(ended) = origins.join_next().await {
        let (n, times, failed) = ended?;
        if is_hostile(n, hostile) {
            run.hostile += times.len() + failed.len();
            run.hostile_failed += failed.len();
        } else if is_hostile(n, EVERY) {
            // Good this time alone.
            run.failed.extend(failed);
        } else {
            run.good.extend(times);
            run.failed.extend(failed);
        }
    }
    run.good.sort();
    let (cpu, took) = (cpu_time()?.saturating_sub(cpu), began.elapsed());
    session.close().await?;
    session.closed().await;
    drop(session);
    recorder.settle().await;
    println!(
        "  {:<9} {} good requests, p50 {:.2} ms, p99 {:.2} ms, slowest {:.1} ms; {} to hostile ones, {} of them failed; {:.0} s, CPU {:.1} s, {}",
        if hostile > 0 { "hostile" } else { "all good" },
        run.good.len(),
        run.at(50).as_secs_f64() * 1e3,
        run.at(99).as_secs_f64() * 1e3,
        run.at(100).as_secs_f64() * 1e3,
        run.hostile,
        run.hostile_failed,
        took.as_secs_f64(),
        cpu.as_secs_f64(),
        Figures::now()?,
    );
    Ok(run)
}

impl Run {
    /// So many of a hundred take no longer.
    fn at(&self, percent: usize) -> Duration {
        let place = (self.good.len() * percent / 100).min(self.good.len().saturating_sub(1));
        self.good.get(place).copied().unwrap_or_default()
    }
}

/// A fifth.
const EVERY: usize = 5;
