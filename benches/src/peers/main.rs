//! `peers`: what a request costs with `hinternet` and with its peers, in one run against one server.
//!
//! ```text
//! cargo run --release -p benches --bin peers -- --rounds 7 --requests 50000
//! ```
//!
//! Every client has its turn in every round (A B C A B C ...), so that whatever else the machine does meets all of them
//! alike. The server is this program again, as a process of its own: its work is not in the figures. Only ratios of one run
//! mean anything, and they are the medians of the ratios of each round.

mod clients;
mod load;
mod server;
mod table;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use clients::{CLIENTS, Client};
use load::{Sample, Turn};
use server::Server;

/// Compares the CPU time per request of HTTP clients.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often every client has its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Requests in a turn, after the warm-up.
    #[arg(long, default_value_t = 20_000)]
    requests: usize,
    /// Requests in flight, one table for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 256])]
    in_flight: Vec<usize>,
    /// Only the client of this name, or those whose names contain it: for a profile.
    #[arg(long, default_value = "")]
    only: String,
    /// Be the server: the program starts itself with this.
    #[arg(long, hide = true)]
    serve: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = if arguments.serve { server::serve() } else { measure(&arguments) };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let exact = CLIENTS.iter().any(|client| client.name == arguments.only);
    let meant = |name: &str| if exact { name == arguments.only } else { name.contains(&arguments.only) };
    let clients: Vec<&Client> = CLIENTS.iter().filter(|client| meant(client.name)).collect();
    if clients.is_empty() || arguments.in_flight.contains(&0) || arguments.rounds == 0 || arguments.requests == 0 {
        return Err("there is nothing to measure".into());
    }
    let server = Server::start()?;
    for &in_flight in &arguments.in_flight {
        let turn = Turn { server: server.address, in_flight, requests: arguments.requests };
        let rounds = play(&turn, &clients, arguments.rounds)?;
        table::print(&turn, &clients, &rounds);
    }
    Ok(())
}

/// The samples of every round, each in the order of the clients.
fn play(turn: &Turn, clients: &[&Client], rounds: usize) -> Result<Vec<Vec<Sample>>, Box<dyn Error>> {
    let one_turn = |client: &&Client| {
        (client.run)(turn).map_err(|error| format!("{}, {}: {error}", client.name, client.threads).into())
    };
    (0..rounds).map(|_| clients.iter().map(one_turn).collect()).collect()
}
