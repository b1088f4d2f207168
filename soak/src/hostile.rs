//! Two thousand origins, each asked at its own pace; once they are all good, once a fifth of them is hostile. The good ones must not
//! feel the others: each of their requests succeeds, and the slowest of a hundred takes no more than twice its time.

use std::sync::{Arc, Mutex, PoisonError};
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
    #[arg(long, default_value_t = 1_000)]
    pace: u64,
    /// Runs of either kind, in turn
    #[arg(long, default_value_t = 3)]
    turns: usize,
}

/// What a run gave.
#[derive(Default)]
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
    if mixed.iter().any(|run| run.hostile == 0) {
        return Err("no hostile one was asked".into());
    }
    if mixed.iter().any(|run| run.hostile_failed < run.hostile) {
        return Err("a hostile one has answered as it should".into());
    }
    if ratio > 2.0 {
        return Err("the hostile ones are felt".into());
    }
    Ok(())
}

/// Asks all of them, every so many-th of which is hostile.
async fn ask(options: &Options, engine: &Engine, hostile: usize) -> Result<Run, Failed> {
    // The fifth has a process of its own: it is the client that must not feel it, and not who answers beside it.
    let (known, strangers) = (Servers::hosts(0).await?, Servers::hosts(hostile).await?);
    let recorder = Recorder::on(engine).forgetting();
    // What a caller would set who knows that its peers may be hostile.
    let mut timeouts = Timeouts::all(Duration::from_secs(5));
    timeouts.total = Some(Duration::from_secs(10));
    let session = recorder.session(Session::builder().engine(engine.clone()).timeouts(timeouts));
    let session = Arc::new(session);
    let (cpu, began) = (cpu_time()?, Instant::now());
    let (mut good, mut evil) = (JoinSet::new(), JoinSet::new());
    let run = Arc::new(Mutex::new(Run::default()));
    for n in 0..options.origins {
        let (session, run, options) = (Arc::clone(&session), Arc::clone(&run), *options);
        let is_evil = is_hostile(n, hostile);
        // Good in every run, so that the runs can be compared.
        let is_timed = !is_hostile(n, EVERY);
        let servers = if is_timed { &known } else { &strangers };
        let url = format!("http://{}:{}/", address(n), servers.told(PORT));
        let asks = async move {
            let pace = Duration::from_millis(options.pace);
            sleep(pace.mul_f64(Seeded::new(n as u64).below(1_000) as f64 / 1_000.0)).await;
            // A hostile one keeps its caller waiting: it is asked as long as the others are.
            for _ in 0..if is_evil { usize::MAX } else { options.requests } {
                let asked = Instant::now();
                let answer = async { session.get(&url)?.send().await?.text().await }.await;
                let took = asked.elapsed();
                run.lock().unwrap_or_else(PoisonError::into_inner).take(answer, took, is_evil, is_timed);
                sleep(pace.saturating_sub(took)).await;
            }
        };
        if is_evil {
            evil.spawn(asks)
        } else {
            good.spawn(asks)
        };
    }
    while let Some(ended) = good.join_next().await {
        ended?;
    }
    // What is under way is given up.
    evil.shutdown().await;
    let session = Arc::into_inner(session).ok_or("somebody still has the session")?;
    let mut run = std::mem::take(&mut *run.lock().unwrap_or_else(PoisonError::into_inner));
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
    fn take(&mut self, answer: hinternet::Result<String>, took: Duration, is_evil: bool, is_timed: bool) {
        let wrong = match answer {
            Ok(text) if text == "hello" => None,
            Ok(text) => Some(format!("{text:?} was answered")),
            Err(error) => Some(error.to_string()),
        };
        if is_evil {
            self.hostile += 1;
            self.hostile_failed += usize::from(wrong.is_some());
        } else if let Some(wrong) = wrong {
            self.failed.push(wrong);
        } else if is_timed {
            self.good.push(took);
        }
    }

    /// So many of a hundred take no longer.
    fn at(&self, percent: usize) -> Duration {
        let place = (self.good.len() * percent / 100).min(self.good.len().saturating_sub(1));
        self.good.get(place).copied().unwrap_or_default()
    }
}

/// A fifth.
const EVERY: usize = 5;
