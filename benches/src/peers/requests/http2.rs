//! Small GETs over HTTP/2: all that are in flight are streams of one connection.

use clap::Args;

use super::callers::{Answered, Turn};
use super::{HYPER_UTIL, REQWEST, columns, hyper_conn, hyper_util, ours, raw_h2, reqwest};
use crate::peers::Failed;
use crate::peers::contest::{Contender, Terms};
use crate::peers::runtimes::{ONE_THREAD, TWO_WORKERS, Threads};
use crate::peers::server::Server;
use crate::peers::table;

/// Small GETs over HTTP/2.
#[derive(Clone, Debug, Args)]
pub(in crate::peers) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Requests in a turn, after the warm-up
    #[arg(long, default_value_t = 50_000)]
    requests: usize,
    /// Streams of the one connection, a table for each number
    #[arg(long, value_delimiter = ',', default_values_t = [64])]
    streams: Vec<usize>,
}

/// Plays and prints a table for every number of streams.
pub(in crate::peers) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    if options.streams.contains(&0) || options.requests == 0 {
        return Err("there is nothing to measure".into());
    }
    for &in_flight in &options.streams {
        let turn = Turn { endpoint: server.endpoints.http2.clone(), in_flight, requests: options.requests };
        let results = options.terms.play(&turn, CLIENTS)?;
        let ratios = [("x h2", RAW), ("x hyper-util", HYPER_UTIL), ("x reqwest", REQWEST)];
        let what = format!("HTTP/2, {in_flight} streams on one connection, {} requests", options.requests);
        table::print(&results, &what, Some("callers"), &columns(ratios));
    }
    Ok(())
}

type Client = Contender<Turn, Answered>;

/// In the order of their turns.
const CLIENTS: &[Client] = &[
    Client { name: RAW, place: ONE_THREAD, run: |turn| raw_h2::run(turn, Threads::One) },
    Client { name: "hyper conn", place: ONE_THREAD, run: |turn| hyper_conn::run_http2(turn, Threads::One) },
    Client { name: HYPER_UTIL, place: ONE_THREAD, run: |turn| hyper_util::run(turn, Threads::One) },
    Client { name: REQWEST, place: ONE_THREAD, run: |turn| reqwest::run(turn, Threads::One) },
    Client {
        name: "hinternet, on the arbiter",
        place: ONE_THREAD,
        run: |turn| ours::on_the_arbiter(turn, ours::UNHEARD),
    },
    Client {
        name: "hinternet, on the arbiter, all notifications",
        place: ONE_THREAD,
        run: |turn| ours::on_the_arbiter(turn, ours::HEARD_ON_THE_ARBITER),
    },
    Client { name: RAW, place: TWO_WORKERS, run: |turn| raw_h2::run(turn, Threads::Two) },
    Client { name: "hyper conn", place: TWO_WORKERS, run: |turn| hyper_conn::run_http2(turn, Threads::Two) },
    Client { name: HYPER_UTIL, place: TWO_WORKERS, run: |turn| hyper_util::run(turn, Threads::Two) },
    Client { name: REQWEST, place: TWO_WORKERS, run: |turn| reqwest::run(turn, Threads::Two) },
    Client { name: "hinternet", place: TWO_WORKERS, run: |turn| ours::from_outside(turn, ours::UNHEARD) },
    Client {
        name: "hinternet, all notifications",
        place: TWO_WORKERS,
        run: |turn| ours::from_outside(turn, ours::HEARD),
    },
];

const RAW: &str = "h2 (raw)";
