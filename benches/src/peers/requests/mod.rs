//! Small GETs over wires that are kept: the clients that are compared, and their table.

mod awc;
mod callers;
mod floor;
mod http2;
mod hyper_conn;
mod hyper_util;
mod ours;
mod raw_h2;
mod reqwest;

use clap::Args;

use super::Failed;
use super::contest::{Contender, Terms};
use super::runtimes::{ONE_THREAD, TWO_WORKERS, Threads};
use super::server::Server;
use super::table::{self, Column};
use callers::{Answered, Turn};

pub(super) use http2::{Options as Http2Options, measure as measure_http2};

/// Small GETs over wires that are kept.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Requests in a turn, after the warm-up
    #[arg(long, default_value_t = 20_000)]
    requests: usize,
    /// Requests in flight, one table for each
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    in_flight: Vec<usize>,
}

/// Plays and prints a table for every number in flight.
pub(super) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    if options.in_flight.contains(&0) || options.requests == 0 {
        return Err("there is nothing to measure".into());
    }
    for &in_flight in &options.in_flight {
        let turn = Turn { endpoint: server.endpoints.plain.clone(), in_flight, requests: options.requests };
        let results = options.terms.play(&turn, CLIENTS)?;
        let ratios = [("x floor", FLOOR), ("x hyper-util", HYPER_UTIL), ("x reqwest", REQWEST)];
        let what = format!("{in_flight} in flight, {} requests", options.requests);
        table::print(&results, &what, Some("callers"), &columns(ratios));
    }
    Ok(())
}

/// The figures of small GETs, and their ratios to these.
fn columns(ratios: [(&str, &'static str); 3]) -> Vec<Column<'static, Answered>> {
    let cpu = |answered: &Answered| answered.cost.cpu_each();
    let mut columns = vec![
        Column::new("CPU us/request", 2, cpu),
        Column::new("requests/s", 0, |answered: &Answered| answered.cost.rate()),
        Column::new("p50 us", 0, |answered: &Answered| answered.quantile(50)),
        Column::new("p99 us", 0, |answered: &Answered| answered.quantile(99)),
        Column::optional("allocations", 1, |answered: &Answered| answered.cost.allocations_each()),
    ];
    columns.extend(ratios.map(|(title, base)| Column::ratio(title, base, cpu)));
    columns
}

type Client = Contender<Turn, Answered>;

/// In the order of their turns. A row for an option of a session is one line here.
const CLIENTS: &[Client] = &[
    Client { name: FLOOR, place: ONE_THREAD, run: |turn| floor::run(turn, Threads::One) },
    Client { name: "hyper conn", place: ONE_THREAD, run: |turn| hyper_conn::run(turn, Threads::One) },
    Client { name: HYPER_UTIL, place: ONE_THREAD, run: |turn| hyper_util::run(turn, Threads::One) },
    Client { name: REQWEST, place: ONE_THREAD, run: |turn| reqwest::run(turn, Threads::One) },
    Client { name: "awc", place: ONE_THREAD, run: awc::run },
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
    Client { name: FLOOR, place: TWO_WORKERS, run: |turn| floor::run(turn, Threads::Two) },
    Client { name: "hyper conn", place: TWO_WORKERS, run: |turn| hyper_conn::run(turn, Threads::Two) },
    Client { name: HYPER_UTIL, place: TWO_WORKERS, run: |turn| hyper_util::run(turn, Threads::Two) },
    Client { name: REQWEST, place: TWO_WORKERS, run: |turn| reqwest::run(turn, Threads::Two) },
    Client { name: "hinternet", place: TWO_WORKERS, run: |turn| ours::from_outside(turn, ours::UNHEARD) },
    Client {
        name: "hinternet, all notifications",
        place: TWO_WORKERS,
        run: |turn| ours::from_outside(turn, ours::HEARD),
    },
    Client { name: "hinternet, 2 lanes", place: TWO_WORKERS, run: |turn| ours::from_outside(turn, |on| on.lanes(2)) },
];

const FLOOR: &str = "socket loop + httparse (floor)";
const HYPER_UTIL: &str = "hyper-util";
const REQWEST: &str = "reqwest";
