//! `peers`: what work costs with `hinternet` and with its peers, in one run against one server.
//!
//! ```text
//! cargo run --release -p benches --bin peers -- --rounds 7 --requests 50000
//! cargo run --release -p benches --bin peers -- download --octets 1GiB
//! cargo run --release -p benches --bin peers-counting -- memory
//! ```
//!
//! Every client has its turn in every round (A B C A B C ...), so that whatever else the machine does meets all of them
//! alike. The server is this program again, as a process of its own: its work is not in the figures. Only ratios of one run
//! mean anything, and they are the medians of the ratios of each round. It is written for Linux: what a process holds is read from
//! `/proc`, and all of 127.0.0.0/8 has to be this machine.
//!
//! | module | is |
//! |---|---|
//! | `requests` | small GETs over wires that are kept, and over the streams of one |
//! | `download`, `upload` | one long body |
//! | `slow_reader` | streams of one wire, beside responses that are not read |
//! | `handshakes` | a new TLS connection for each request |
//! | `origins` | one request to each of many |
//! | `websocket` | messages that come back |
//! | `memory` | what is held: wires, WebSockets, requests |
//! | `crawl` | a whole site, by two crawlers |
//! | `contest`, `table` | whose turn it is, and the figures of all turns |
//! | `meter`, `runtimes`, `child`, `descriptors`, `size` | what a turn cost, on what it ran, in which process, with how many sockets |
//! | `clients` | the clients, ready for TLS |
//! | `server` | the other side |

mod child;
mod clients;
mod contest;
mod crawl;
mod descriptors;
mod download;
mod handshakes;
mod memory;
mod meter;
mod origins;
mod pinned;
mod requests;
mod runtimes;
mod server;
mod size;
mod slow_reader;
mod table;
mod upload;
mod websocket;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use server::Server;

pub use meter::count_allocations;

/// Compares what HTTP clients cost. Without the name of a work it is `requests`.
#[derive(Debug, Parser)]
#[command(name = "peers", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    work: Option<Work>,

    #[command(flatten)]
    requests: requests::Options,

    /// Be the server: the program starts itself with this
    #[arg(long, hide = true)]
    serve: bool,

    /// The folder whose files the server gives
    #[arg(long, hide = true, requires = "serve")]
    site: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Small GETs over wires that are kept: CPU time, throughput, latency
    Requests(requests::Options),
    /// Small GETs over HTTP/2, as streams of one connection
    Http2(requests::Http2Options),
    /// One long body: plain and over TLS, by HTTP/1.1 and HTTP/2
    Download(download::Options),
    /// One long body, sent
    Upload(download::Options),
    /// Streams of HTTP/2 beside responses that are not read
    SlowReader(slow_reader::Options),
    /// A new TLS connection for each request: resumed, and not
    Handshakes(handshakes::Options),
    /// One request to each of many origins
    Origins(origins::Options),
    /// Messages over a WebSocket, which its server sends back
    Websocket(websocket::Options),
    /// What is held: memory per idle wire, idle WebSocket, open request, and request under way
    Memory(memory::Options),
    /// A site, by the crawler of the examples and by one written by hand
    Crawl(crawl::Options),
    /// All of these, one after the other, each as it is by default
    All,
}

/// The whole program.
pub fn main() -> ExitCode {
    let Arguments { work, requests, serve, site } = Arguments::parse();
    // What reqwest takes; it fails only where there is one already.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let ended = if serve { server::serve(site) } else { measure(work.unwrap_or(Work::Requests(requests))) };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(work: Work) -> Result<(), Failed> {
    match work {
        Work::Requests(options) => requests::measure(&options, &Server::start()?),
        Work::Http2(options) => requests::measure_http2(&options, &Server::start()?),
        Work::Download(options) => download::measure(&options, &Server::start()?),
        Work::Upload(options) => upload::measure(&options, &Server::start()?),
        Work::SlowReader(options) => slow_reader::measure(&options, &Server::start()?),
        Work::Handshakes(options) => handshakes::measure(&options, &Server::start()?),
        Work::Origins(options) => origins::measure(&options, &Server::start()?),
        Work::Websocket(options) => websocket::measure(&options, &Server::start()?),
        Work::Memory(options) => memory::measure(&options),
        Work::Crawl(options) => crawl::measure(&options),
        Work::All => {
            let names = [
                "requests",
                "http2",
                "download",
                "upload",
                "slow-reader",
                "handshakes",
                "origins",
                "websocket",
                "memory",
                "crawl",
            ];
            names
                .iter()
                .try_for_each(|name| measure(Arguments::try_parse_from(["peers", name])?.work.ok_or("no work")?))
        }
    }
}

type Failed = Box<dyn Error + Send + Sync>;
