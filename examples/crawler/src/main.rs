//! `crawler http://site/`: crawls, shows how far it is, and prints what it found out.

use std::error::Error;
use std::future::Future;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use crawler::arguments::Arguments;
use crawler::crawl::crawl;
use crawler::kept;
use crawler::lab;
use crawler::output::Output;
use crawler::plan::Plan;
use crawler::progress::Bars;
use crawler::report::Report;
use crawler::signals::{Signal, Signals};
use hinternet::Cache;
use integration_tests::lab::{Lab, LabSize};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut plan = arguments.plan();
    let ready = plan.refusal().map_or_else(|| make_ready(&arguments), Err);
    let mut output = match ready {
        Ok((output, cache)) => {
            plan.cache = cache;
            output
        }
        Err(refusal) => {
            eprintln!("crawler: {refusal}");
            return ExitCode::from(REFUSED);
        }
    };
    let bars = if arguments.quiet { None } else { Bars::on_terminal() };
    let ended = if plan.starts.is_empty() {
        crawl_the_lab(&arguments, &plan, bars, &mut output).await
    } else {
        crawl_sites(&plan, bars, &mut output).await
    };
    if let Some(cache) = &plan.cache {
        // What was kept is in its file from here on.
        cache.close().await;
    }
    ended.unwrap_or_else(|error| {
        eprintln!("crawler: {error}");
        ExitCode::FAILURE
    })
}

/// What has to be there before anything is asked.
fn make_ready(arguments: &Arguments) -> Result<(Output, Option<Cache>), String> {
    let cache = arguments.cache.as_deref().map(|folder| kept::open(folder, arguments.body_cap)).transpose()?;
    Ok((Output::open(arguments.json.as_deref())?, cache))
}

async fn crawl_sites(plan: &Plan, bars: Option<Bars>, output: &mut Output) -> Result<ExitCode, Box<dyn Error>> {
    let (report, signal) = crawl_until_signal(plan, bars).await?;
    output.report(&report)?;
    Ok(match signal {
        Some(signal) => ExitCode::from(signal.exit_code()),
        None if report.statuses.is_empty() => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    })
}

async fn crawl_the_lab(
    arguments: &Arguments,
    plan: &Plan,
    bars: Option<Bars>,
    output: &mut Output,
) -> Result<ExitCode, Box<dyn Error>> {
    let lab = Lab::start(LabSize::FULL, LAB_SEED).await;
    let plan = lab::plan_for(&lab, plan);
    let (mut report, signal) = crawl_until_signal(&plan, bars).await?;
    let differences = lab::differences(&lab, &plan, &report);
    report.fetched = report.fetched.filter(|_| arguments.list_pages);
    report.chains = report.chains.filter(|_| arguments.list_pages);
    output.report(&report)?;
    output.line(&format!("the lab      {}", lab::verdict(differences.as_deref())))?;
    let differences = differences.unwrap_or_default();
    differences.iter().for_each(|difference| eprintln!("{difference}"));
    Ok(match signal {
        Some(signal) => ExitCode::from(signal.exit_code()),
        None if differences.is_empty() => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

/// The report, and the signal that ended the crawl, if one did.
async fn crawl_until_signal(plan: &Plan, bars: Option<Bars>) -> Result<(Report, Option<Signal>), hinternet::Error> {
    let first = first_signal(plan.deadline, bars.clone());
    let mut signal = None;
    let report = crawl(plan, bars, async { signal = first.await }).await?;
    Ok((report, signal))
}

/// Resolves at the first signal. The next one, or the first that comes after the crawl, ends the program at once.
fn first_signal(deadline: Duration, bars: Option<Bars>) -> impl Future<Output = Option<Signal>> {
    let (told, heard) = tokio::sync::oneshot::channel();
    let signals = Signals::listen();
    tokio::spawn(async move {
        let Ok(mut signals) = signals else { return std::future::pending().await };
        let mut signal = signals.next().await;
        if told.send(signal).is_ok() {
            let name = signal.name();
            say(bars.as_ref(), &format!("stopping within {deadline:?}; another {name} ends it at once"));
            signal = signals.next().await;
        }
        say(bars.as_ref(), &format!("ended by {}, without a report", signal.name()));
        if let Some(bars) = &bars {
            bars.take_away();
        }
        std::process::exit(signal.exit_code().into());
    });
    async { heard.await.ok() }
}

fn say(bars: Option<&Bars>, sentence: &str) {
    match bars {
        Some(bars) => bars.say(&format!("crawler: {sentence}")),
        // The terminal's echo of the Ctrl-C stands where the line begins.
        None if stderr().is_terminal() => eprintln!("\rcrawler: {sentence}"),
        None => eprintln!("crawler: {sentence}"),
    }
}

const REFUSED: u8 = 2;

const LAB_SEED: u64 = 1;
