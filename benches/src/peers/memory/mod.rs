//! What is held: memory per idle wire, per idle WebSocket, per open request, and per request that waits for its answer.
//!
//! Two columns: what the process grew by (`Rss` of `/proc/self/smaps_rollup`), in which the allocator keeps what the answered
//! requests needed; and, when allocations are counted, the octets of the heap that are in use. What the kernel holds for a socket
//! is in neither.

mod http2;
mod open;
mod waiting;
mod websockets;
mod wires;

use std::future::Future;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::contest::{Contender, Terms};
use super::server::{Endpoint, Endpoints, Server};
use super::table::{self, Column};
use super::{Failed, child, descriptors, meter};

/// What is held, and not done.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// How many wires, WebSockets or requests
    #[arg(long, default_value_t = 2000)]
    count: u32,
    /// Only have a turn: the program starts itself with this
    #[arg(long, hide = true, requires_all = ["held", "server"])]
    turn: Option<usize>,
    #[arg(long, hide = true, value_enum)]
    held: Option<Held>,
    #[arg(long, hide = true)]
    server: Option<String>,
}

/// What is held.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Held {
    IdleWires,
    IdleSecureWires,
    IdleOrigins,
    IdleHttp2Wires,
    IdleSecureHttp2Wires,
    IdleWebSockets,
    IdleSecureWebSockets,
    WaitingRequests,
    OpenRequests,
}

/// Prints a table for each kind of thing that is held, or has a turn.
pub(super) fn measure(options: &Options) -> Result<(), Failed> {
    let allowed = descriptors::raise()?;
    if u64::from(options.count) + SPARE > allowed {
        return Err(
            format!("{} sockets are more than the {allowed} descriptors of a process allow", options.count).into()
        );
    }
    if let (Some(turn), Some(held), Some(server)) = (options.turn, options.held, &options.server) {
        return have_turn(options.count, turn, held, server);
    }
    let server = Server::start()?;
    for held in Held::value_variants().iter().filter(|held| options.terms.admit(held.clients())) {
        let turn = |row: usize| {
            let (count, row) = (options.count.to_string(), row.to_string());
            let value = held.to_possible_value().ok_or("a name")?;
            let line = server.endpoints.line();
            let arguments =
                ["memory", "--count", &count, "--turn", &row, "--held", value.get_name(), "--server", &line];
            Grown::from_figures(&child::run(&arguments.map(str::to_owned))?)
        };
        let results = options.terms.play_by(held.clients(), |row, _| turn(row))?;
        let columns = [
            Column::new("RSS KiB each", 2, |grown: &Grown| grown.rss / 1024.0),
            Column::optional("heap KiB each", 2, |grown: &Grown| Some(grown.heap? / 1024.0)),
        ];
        table::print(&results, &format!("{}, {} of them", held.name(), options.count), None, &columns);
    }
    if meter::heap().is_none() {
        println!("\nThe heap is counted by peers-counting.");
    }
    Ok(())
}

fn have_turn(count: u32, turn: usize, held: Held, server: &str) -> Result<(), Failed> {
    let endpoints = Endpoints::parse(server)?;
    let endpoint = match held {
        Held::IdleSecureWires | Held::IdleSecureWebSockets => endpoints.secure,
        Held::IdleHttp2Wires => endpoints.http2,
        Held::IdleSecureHttp2Wires => endpoints.secure_http2,
        Held::IdleWires | Held::IdleOrigins | Held::IdleWebSockets | Held::WaitingRequests | Held::OpenRequests => {
            endpoints.plain
        }
    };
    let client = held.clients().get(turn).ok_or("there is no such client")?;
    let grown = (client.run)(&Job { endpoint, count, many_origins: matches!(held, Held::IdleOrigins) })?;
    child::tell(&[grown.rss, grown.heap.unwrap_or(f64::NAN)]);
    Ok(())
}

type Client = Contender<Job, Grown>;

impl Held {
    fn clients(self) -> &'static [Client] {
        match self {
            Self::IdleWires | Self::IdleSecureWires | Self::IdleOrigins => &wires::CLIENTS,
            Self::IdleHttp2Wires | Self::IdleSecureHttp2Wires => &http2::CLIENTS,
            Self::IdleWebSockets | Self::IdleSecureWebSockets => &websockets::CLIENTS,
            Self::WaitingRequests => &waiting::CLIENTS,
            Self::OpenRequests => &open::CLIENTS,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::IdleWires => "Idle wires",
            Self::IdleSecureWires => "Idle wires, TLS 1.3",
            Self::IdleOrigins => "Idle wires, each of another origin, dialed one after the other",
            Self::IdleHttp2Wires => "Idle wires, HTTP/2, each of another origin with hinternet",
            Self::IdleSecureHttp2Wires => "Idle wires, HTTP/2, TLS 1.3, each of another origin with hinternet",
            Self::IdleWebSockets => "Idle WebSockets (target: hinternet <= 8 KiB)",
            Self::IdleSecureWebSockets => "Idle WebSockets, TLS 1.3 (target: hinternet <= 16 KiB)",
            Self::WaitingRequests => "Requests that wait for their answer, each with its wire and its task",
            Self::OpenRequests => "Open requests with 6 header fields, not sent",
        }
    }
}

/// How many of them, and with whom.
struct Job {
    endpoint: Endpoint,
    count: u32,
    many_origins: bool,
}

impl Job {
    /// By how much the process grows, for each, while `fill` makes them. What it returns is kept until that is known.
    async fn growth<T>(&self, fill: impl Future<Output = Result<T, Failed>>) -> Result<Grown, Failed> {
        let before = (resident()?, meter::heap());
        let kept = fill.await?;
        // Answered requests give their wires back in tasks of their own.
        tokio::time::sleep(QUIET).await;
        let after = (resident()?, meter::heap());
        drop(kept);
        let each = |after: u64, before: u64| (after as f64 - before as f64) / f64::from(self.count);
        Ok(Grown {
            rss: each(after.0, before.0),
            heap: after.1.zip(before.1).map(|(after, before)| each(after, before)),
        })
    }
}

/// What a process grew by, in octets for each.
struct Grown {
    rss: f64,
    heap: Option<f64>,
}

impl Grown {
    fn from_figures(figures: &[f64]) -> Result<Self, Failed> {
        match figures {
            &[rss, heap] => Ok(Self { rss, heap: (!heap.is_nan()).then_some(heap) }),
            other => Err(format!("its process told {} figures", other.len()).into()),
        }
    }
}

/// Octets of this process that are in memory.
fn resident() -> Result<u64, Failed> {
    meter::kibibytes("/proc/self/smaps_rollup", "Rss:").map(|kib| kib * 1024)
}

const QUIET: Duration = Duration::from_millis(50);
/// Descriptors for everything else.
const SPARE: u64 = 100;
