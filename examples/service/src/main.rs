//! `service`: clients of a gRPC service and of a JSON service at work; or a server to call, or a client to call it with.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service::echo_server::{Running, Wall};
use service::{grpc_tour, json_tour};

/// Shows clients of services at work, on servers of its own.
#[derive(Debug, Parser)]
#[command(name = "service", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the echo service until Ctrl-C
    Serve {
        /// Where to listen
        #[arg(default_value = "127.0.0.1:50051")]
        address: SocketAddr,
    },
    /// Call an echo service once a second; on Ctrl-C finish the call under way and say what became of all
    Call {
        /// The server
        #[arg(default_value = "http://127.0.0.1:50051")]
        origin: String,
        /// What to say
        #[arg(default_value = "hello")]
        text: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("service: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Option<Command>) -> Result<(), Box<dyn Error>> {
    match command {
        None => {
            println!("gRPC");
            grpc_tour::show().await?;
            println!("\nJSON");
            json_tour::show().await?;
        }
        Some(Command::Serve { address }) => {
            let server = Running::start(Wall, address).await?;
            println!("listening at {}", server.origin());
            tokio::signal::ctrl_c().await?;
            server.stop().await;
        }
        Some(Command::Call { origin, text }) => {
            grpc_tour::ask_until(&origin, text, tokio::signal::ctrl_c()).await?;
        }
    }
    Ok(())
}
