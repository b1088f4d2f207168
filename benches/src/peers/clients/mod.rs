//! The clients that are compared, and what each of them runs on.

mod floor;
mod hyper;
mod ours;
mod reqwest;

use tokio::runtime::{Builder, Runtime};

use crate::load::{Caller, Failed, Sample, Turn};

/// One client, on one kind of runtime.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// Where its callers run; peers are compared on the same.
    pub(crate) threads: Threads,
    pub(crate) run: fn(&Turn) -> Result<Sample, Failed>,
}

/// Where callers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// Caller and client on one thread: a current-thread runtime, or an actix arbiter.
    One,
    /// A multi-thread runtime with two workers, as under `#[tokio::main]`.
    Two,
}

impl std::fmt::Display for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::One => "one thread",
            Self::Two => "2 workers",
        })
    }
}

/// In the order of their turns. The floor and the two peers are what ratios are taken to, on the same threads.
pub(crate) const CLIENTS: [Client; 10] = [
    Client { name: FLOOR, threads: Threads::One, run: |turn| floor::run(turn, Threads::One) },
    Client { name: HYPER, threads: Threads::One, run: |turn| hyper::run(turn, Threads::One) },
    Client { name: REQWEST, threads: Threads::One, run: |turn| reqwest::run(turn, Threads::One) },
    Client { name: "hinternet, on the arbiter", threads: Threads::One, run: |turn| ours::on_the_arbiter(turn, false) },
    Client {
        name: "hinternet, on the arbiter, all notifications",
        threads: Threads::One,
        run: |turn| ours::on_the_arbiter(turn, true),
    },
    Client { name: FLOOR, threads: Threads::Two, run: |turn| floor::run(turn, Threads::Two) },
    Client { name: HYPER, threads: Threads::Two, run: |turn| hyper::run(turn, Threads::Two) },
    Client { name: REQWEST, threads: Threads::Two, run: |turn| reqwest::run(turn, Threads::Two) },
    Client { name: "hinternet", threads: Threads::Two, run: |turn| ours::from_outside(turn, false) },
    Client { name: "hinternet, all notifications", threads: Threads::Two, run: |turn| ours::from_outside(turn, true) },
];

pub(crate) const FLOOR: &str = "socket loop + httparse (floor)";
pub(crate) const HYPER: &str = "hyper-util";
pub(crate) const REQWEST: &str = "reqwest";

impl Threads {
    fn runtime(self) -> Result<Runtime, Failed> {
        let mut builder = match self {
            Self::One => Builder::new_current_thread(),
            Self::Two => Builder::new_multi_thread(),
        };
        Ok(builder.worker_threads(2).enable_all().build()?)
    }
}

/// A turn of callers that need nothing but tokio.
fn with_tokio<C: Caller + Clone>(turn: &Turn, threads: Threads, make: impl FnOnce() -> C) -> Result<Sample, Failed> {
    threads.runtime()?.block_on(async {
        let callers = vec![make(); turn.in_flight];
        turn.drive(callers, tokio::spawn).await
    })
}
