//! Stands between a client and an honest server, and spoils what passes.
//!
//! ```no_run
//! # async fn example() {
//! use integration_tests::fault_proxy::{Direction, Fault, FaultProxy};
//! use integration_tests::origin::{Origin, Reply};
//!
//! let origin = Origin::start(|_| Reply::ok("hello")).await;
//! let proxy = FaultProxy::start(origin.address()).await;
//! proxy.spoil(Direction::ToClient, Fault::Cut { after: 40 });
//! // ... a client calls at proxy.url("/") and gets 40 octets ...
//! # }
//! ```

mod path;
mod pump;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::gate::Gate;
use crate::patience::reached;
use crate::server::Server;

pub use path::Path;

/// A proxy on a loopback port. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    server: Server,
    faults: Arc<Mutex<Vec<(Direction, Fault)>>>,
    connections: watch::Receiver<usize>,
    severed: watch::Sender<u64>,
}

/// Which way the spoiled octets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What is done to the octets of one direction. Counts are octets of that direction on that connection.
#[derive(Clone, Debug)]
pub enum Fault {
    /// So many pass; then both sides see the end of the stream.
    Cut {
        /// Octets that pass.
        after: usize,
    },
    /// So many pass; then both sides see a reset.
    Reset {
        /// Octets that pass.
        after: usize,
    },
    /// So many pass; the rest waits for the gate.
    Hold {
        /// Octets that pass.
        after: usize,
        /// What lets the rest through.
        gate: Gate,
    },
    /// Every piece waits so long before it passes.
    Delay(Duration),
    /// The octets travel: so long each, and so many a second. What is on the way is bounded.
    Path {
        /// From one end to the other.
        takes: Duration,
        /// How many octets set out in a second, at most.
        rate: u32,
    },
    /// One octet is changed.
    Corrupt {
        /// Which one.
        at: usize,
        /// With what it is combined, bit by bit.
        flip: u8,
    },
    /// The octets pass one by one.
    OneByOne,
}

impl FaultProxy {
    /// Listens and passes everything on to this server.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start(server: SocketAddr) -> Self {
        let faults = Arc::new(Mutex::new(Vec::new()));
        let (counter, connections) = watch::channel(0);
        let severed = watch::Sender::new(0);
        let serve = |listener| listen(listener, server, Arc::clone(&faults), counter, severed.clone());
        Self { server: Server::start(serve).await, faults, connections, severed }
    }

    /// Adds a fault for connections that are accepted from now on. Faults of one direction act in the order in which
    /// they were added.
    pub fn spoil(&self, direction: Direction, fault: Fault) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push((direction, fault));
    }

    /// Later connections pass unspoiled.
    pub fn heal(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Resets every connection there is.
    pub fn sever(&self) {
        self.severed.send_modify(|times| *times += 1);
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// Waits until there were so many connections.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for_connections(&self, count: usize) {
        reached("connections", &self.connections, |all| *all >= count).await;
    }
}

impl Deref for FaultProxy {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

async fn listen(
    listener: TcpListener,
    server: SocketAddr,
    faults: Arc<Mutex<Vec<(Direction, Fault)>>>,
    counter: watch::Sender<usize>,
    severed: watch::Sender<u64>,
) {
    let mut passing = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while passing.try_join_next().is_some() {}
        counter.send_modify(|count| *count += 1);
        let faults = faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let of =
            |direction| faults.iter().filter(|(one, _)| *one == direction).map(|(_, fault)| fault.clone()).collect();
        let (to_server, to_client) = (of(Direction::ToServer), of(Direction::ToClient));
        passing.spawn(pass(client, server, to_server, to_client, severed.subscribe()));
    }
}

async fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    to_server: Vec<Fault>,
    to_client: Vec<Fault>,
    mut severed: watch::Receiver<u64>,
) {
    // A server that is not there looks like one that hangs up.
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    for stream in [&client, &server] {
        // What waits here waits because it was told to, not for an acknowledgement. A socket that is gone will say so.
        let _gone = stream.set_nodelay(true);
    }
    let end = {
        let (client_reads, client_writes) = client.split();
        let (server_reads, server_writes) = server.split();
        let up = pump::pump(client_reads, server_writes, to_server);
        let down = pump::pump(server_reads, client_writes, to_client);
        tokio::select! {
            end = pump::both(up, down) => end,
            _ = severed.changed() => pump::End::Reset,
        }
    };
    if end == pump::End::Reset {
        for stream in [&client, &server] {
            // A socket that is gone already needs no reset.
            let _gone = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
}
