//! `soak`: load and endurance of hinternet, each with figures and with what must hold.
//!
//! | command | is |
//! |---|---|
//! | `mixed SECONDS` | everything at once, with faults, cancels and closes: nothing unexpected, and at the end all is as it was |
//! | `in-flight` | ten thousand requests at a time, over HTTP/1.1 and over HTTP/2: not one of their last words is lost |
//! | `hostile` | two thousand origins of which a fifth is hostile: the others do not feel it |
//! | `idle SECONDS` | five thousand idle wires and as many idle WebSockets: what they weigh, and that they cost no time |
//!
//! The servers are processes of their own, this program once more, so that what is measured is the client's. Each command ends
//! with failure when something is not as it must be, and with a line that counts it as the suites count their cases.

mod hostile;
mod idle;
mod in_flight;
mod mixed;
mod octets;
mod process;
mod servers;

use std::alloc::System;
use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Why a run could not be made, or what was not as it must be.
type Failed = Box<dyn Error + Send + Sync>;

/// Load and endurance of hinternet.
#[derive(Debug, Parser)]
#[command(name = "soak", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything at once: nothing unexpected, and at the end all is as it was
    Mixed(mixed::Options),
    /// Requests at a time, over HTTP/1.1 and over HTTP/2
    InFlight(in_flight::Options),
    /// Many origins of which a fifth is hostile, beside the same that are all good
    Hostile(hostile::Options),
    /// Idle wires and idle WebSockets
    Idle(idle::Options),
    /// Be the servers: the program starts itself with this
    #[command(hide = true)]
    Serve(servers::Role),
}

fn main() -> ExitCode {
    let (run, ended) = match Arguments::parse().command {
        Command::Serve(role) => (None, servers::serve(role)),
        // What is free shall not count, as far as the allocator lets go of it; that can only be said at a program's start.
        _ if !process::lets_go() => (None, process::once_more()),
        Command::Mixed(options) => (Some("mixed"), mixed::run(&options)),
        Command::InFlight(options) => (Some("in-flight"), in_flight::run(&options)),
        Command::Hostile(options) => (Some("hostile"), hostile::run(&options)),
        Command::Idle(options) => (Some("idle"), idle::run(&options)),
    };
    if let Err(failed) = &ended {
        println!("soak: failed: {failed}");
    }
    if let Some(run) = run {
        let failed = usize::from(ended.is_err());
        println!("soak-{run}: {} passed, {failed} failed, 0 skipped", 1 - failed);
    }
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
