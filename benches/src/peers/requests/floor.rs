//! The floor: a socket and a parser.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::callers::{Answered, Caller, Turn, calls};
use crate::floor::FloorWire;
use crate::peers::Failed;
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    let make = || Floor { server: turn.endpoint.address, wire: None };
    turn.with_tokio(threads, make, |caller, each| tokio::spawn(calls(caller, each)))
}

struct Floor {
    server: SocketAddr,
    wire: Option<FloorWire<TcpStream>>,
}

/// Every caller has a connection of its own.
impl Clone for Floor {
    fn clone(&self) -> Self {
        Self { server: self.server, wire: None }
    }
}

impl Caller for Floor {
    async fn call(&mut self) -> Result<usize, Failed> {
        let wire = match &mut self.wire {
            Some(wire) => wire,
            none => {
                let stream = TcpStream::connect(self.server).await?;
                stream.set_nodelay(true)?;
                none.insert(FloorWire::new(stream))
            }
        };
        Ok(wire.get("127.0.0.1", "/").await?.len())
    }
}
