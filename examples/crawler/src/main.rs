//! `crawler http://site/`: crawls, shows how far it is, and prints what it found out.

use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use crawler::arguments::Arguments;
use crawler::crawl::crawl;
use crawler::lab;
use crawler::plan::Plan;
use crawler::progress::Display;
use crawler::report::{Report, Stopped};
use integration_tests::lab::{Lab, LabSize};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = arguments.plan();
    if let Some(refusal) = plan.refusal() {
        eprintln!("crawler: {refusal}");
        return ExitCode::from(REFUSED);
    }
    let ended = if plan.starts.is_empty() {
        crawl_the_lab(&arguments, &plan).await
    } else {
        crawl_sites(&arguments, &plan).await
    };
    ended.unwrap_or_else(|error| {
        eprintln!("crawler: {error}");
        ExitCode::FAILURE
    })
}

async fn crawl_sites(arguments: &Arguments, plan: &Plan) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let report = crawl(plan, display(arguments), interrupted()).await?;
    publish(arguments, &report)?;
    Ok(match report.stopped {
        Stopped::Interrupted => ExitCode::from(INTERRUPTED),
        _ if report.statuses.is_empty() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

async fn crawl_the_lab(arguments: &Arguments, plan: &Plan) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let lab = Lab::start(LabSize::FULL, LAB_SEED).await;
    let plan = lab::plan_for(&lab, plan);
    let mut report = crawl(&plan, display(arguments), interrupted()).await?;
    let differences = lab::differences(&lab, &plan, &report);
    report.fetched = report.fetched.filter(|_| arguments.list_pages);
    publish(arguments, &report)?;
    let Some(differences) = differences else {
        eprintln!("the lab: not checked, for this crawl was not to see all of it");
        return Ok(if report.stopped == Stopped::Interrupted {
            ExitCode::from(INTERRUPTED)
        } else {
            ExitCode::SUCCESS
        });
    };
    Ok(verdict(&differences))
}

fn verdict(differences: &[String]) -> ExitCode {
    if differences.is_empty() {
        println!("the lab      this report equals its ground truth, and its log shows a polite crawl");
        return ExitCode::SUCCESS;
    }
    println!("the lab      {} differences from its ground truth; the first: {}", differences.len(), differences[0]);
    differences.iter().for_each(|difference| eprintln!("{difference}"));
    ExitCode::FAILURE
}

fn publish(arguments: &Arguments, report: &Report) -> Result<(), Box<dyn std::error::Error>> {
    let to_stdout = arguments.json.as_deref() == Some(Path::new("-"));
    if let Some(file) = &arguments.json {
        let mut json = serde_json::to_string_pretty(report)?;
        json.push('\n');
        let written = if to_stdout { std::io::stdout().write_all(json.as_bytes()) } else { std::fs::write(file, json) };
        written.map_err(|error| format!("the report could not be written to {}: {error}", file.display()))?;
    }
    if !to_stdout {
        write!(std::io::stdout(), "{report}")?;
    }
    Ok(())
}

fn display(arguments: &Arguments) -> Display {
    if arguments.quiet { Display::Hidden } else { Display::Bars }
}

/// Resolves at the first Ctrl-C. The second ends the program at once.
fn interrupted() -> impl Future<Output = ()> {
    let (told, heard) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return std::future::pending().await;
        }
        let _ = told.send(());
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(INTERRUPTED.into());
        }
    });
    async {
        let _ = heard.await;
    }
}

const REFUSED: u8 = 2;

/// As a shell says of a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

const LAB_SEED: u64 = 1;
