//! Echoes over a WebSocket: one message after the other, and many of them under way.

mod both_ways;
mod bare;
mod fast;
mod ours;

use clap::Args;

use super::Failed;
use super::contest::{Contender, Terms};
use super::meter::Sample;
use super::pinned::Pinned;
use super::server::{Endpoint, Server};
use super::table::{self, Column};

/// Messages that come back over one WebSocket.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// Messages in a turn, of 64 octets and one at a time; of small ones together there are 20 times as many, of large ones a quarter
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    /// Octets of a message, two tables for each
    #[arg(long, value_delimiter = ',', default_values_t = [64, 65_536])]
    sizes: Vec<usize>,
    /// Messages under way on the socket
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64])]
    in_flight: Vec<usize>,
}

/// Plays and prints a table for every size and every number in flight.
pub(super) fn measure(options: &Options, server: &Server) -> Result<(), Failed> {
    if options.in_flight.contains(&0) || options.messages < 4 {
        return Err("there is nothing to measure".into());
    }
    let _apart = Pinned::apart(server)?;
    for (&octets, &in_flight) in options.sizes.iter().flat_map(|size| options.in_flight.iter().map(move |n| (size, n)))
    {
        let messages = match (octets > 4096, in_flight > 1) {
            (true, _) => options.messages / 4,
            (false, true) => options.messages * 20,
            (false, false) => options.messages,
        };
        let turn = Turn { endpoint: server.endpoints.plain.clone(), octets, in_flight, messages };
        let results = options.terms.play(&turn, CLIENTS)?;
        let target = if octets <= 64 && in_flight > 1 { "1.25" } else { "1.1" };
        let columns = [
            Column::new("CPU us/message", 2, Sample::cpu_each),
            Column::new("messages/s", 0, Sample::rate),
            Column::optional("allocations", 2, Sample::allocations_each),
            Column::ratio(format!("x {BARE} (on the arbiter <= {target})"), BARE, Sample::cpu_each),
        ];
        let what = format!("Echo of {octets} octets, {in_flight} in flight, {messages} messages");
        table::print(&results, &what, None, &columns);
    }
    Ok(())
}

/// What every client is asked to do.
pub(super) struct Turn {
    endpoint: Endpoint,
    octets: usize,
    in_flight: usize,
    messages: usize,
}

impl Turn {
    /// How many go to and fro before the clock runs.
    fn warm_up(&self) -> usize {
        (self.messages / 10).max(1)
    }

    fn check(&self, octets: usize) -> Result<(), Failed> {
        if octets == self.octets { Ok(()) } else { Err(format!("a message of {octets} octets came").into()) }
    }
}

type Client = Contender<Turn, Sample>;

const CLIENTS: &[Client] = &[
    Client { name: BARE, place: "", run: bare::run },
    Client { name: "fastwebsockets", place: "", run: fast::run },
    Client { name: "hinternet, on the arbiter, halves", place: "", run: ours::halves_on_the_arbiter },
    Client { name: "hinternet, on the arbiter, send and receive", place: "", run: ours::calls_on_the_arbiter },
    Client { name: "hinternet, from another thread, halves", place: "", run: ours::halves_from_another_thread },
];

const BARE: &str = "tokio-tungstenite";
