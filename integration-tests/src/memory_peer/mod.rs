//! A network in memory: scripted peers behind pipes, with no socket and no thread.
//!
//! A clock that is paused jumps whenever nobody has anything to do, and would jump while the kernel carries an octet from one
//! socket to another. Here nothing is carried by a kernel, so time passes only where somebody waits for it to pass.

mod scene;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use hinternet::DialOptions;
use hinternet::network::{Destination, Dialer, Dialing, Lookup, Resolver};
use hinternet::transport::MemoryStream;
use tokio::sync::watch;

use crate::scripted_peer::{Connection, Record, Script, play_one};

pub use scene::MemoryScene;

/// Resolves every name, accepts every connection and plays a script on it: as far as it goes.
#[derive(Clone, Debug)]
pub struct MemoryPeer {
    /// The n-th connection gets the n-th; further ones the last.
    scripts: Vec<Script>,
    reach: Reach,
    in_flight: usize,
    connections: Arc<watch::Sender<Vec<Connection>>>,
}

/// How far a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Everything,
    /// A look-up never ends.
    NoName,
    /// A connection attempt never ends.
    NoStream,
    /// A connection attempt is refused.
    Refused,
}

impl MemoryPeer {
    /// Plays the script on every connection.
    pub fn playing(script: Script) -> Self {
        Self::reaching(Reach::Everything, script)
    }

    /// Names of which nothing is ever heard.
    pub fn that_never_resolves() -> Self {
        Self::reaching(Reach::NoName, Script::new())
    }

    /// A black hole: addresses of which nothing is ever heard.
    pub fn that_never_connects() -> Self {
        Self::reaching(Reach::NoStream, Script::new())
    }

    /// Addresses that take no connection.
    pub fn that_refuses() -> Self {
        Self::reaching(Reach::Refused, Script::new())
    }

    fn reaching(reach: Reach, script: Script) -> Self {
        let scripts = vec![script];
        Self { scripts, reach, in_flight: 64 * 1024, connections: Arc::new(watch::Sender::new(Vec::new())) }
    }

    /// From the next connection on it is this script.
    pub fn then(mut self, script: Script) -> Self {
        self.scripts.push(script);
        self
    }

    /// How many octets can be under way in each direction before a write has to wait. Without: 64 KiB.
    pub fn in_flight(mut self, octets: usize) -> Self {
        self.in_flight = octets;
        self
    }

    /// What a session needs in order to live in this network.
    pub fn dial(&self) -> DialOptions {
        DialOptions::default().resolver(self.clone()).dialer(self.clone())
    }

    /// What happened on each connection so far.
    pub fn connections(&self) -> Vec<Connection> {
        self.connections.borrow().clone()
    }

    fn open(&self) -> MemoryStream {
        let (client, server) = MemoryStream::pair_holding(self.in_flight);
        let n = self.connections.borrow().len().min(self.scripts.len() - 1);
        actix::spawn(play_one(self.scripts[n].clone(), server, Record::begin(&self.connections)));
        client
    }
}

impl Resolver for MemoryPeer {
    fn resolve(&self, _: &str) -> Lookup {
        match self.reach {
            Reach::NoName => Box::pin(std::future::pending()),
            _ => Box::pin(std::future::ready(Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]))),
        }
    }
}

impl Dialer for MemoryPeer {
    fn dial(&self, _: &Destination) -> Dialing {
        match self.reach {
            Reach::NoStream => Box::pin(std::future::pending()),
            Reach::Refused => Box::pin(std::future::ready(Err(std::io::ErrorKind::ConnectionRefused.into()))),
            _ => {
                let stream = self.open();
                Box::pin(async move { Ok(Box::new(stream) as _) })
            }
        }
    }
}

/// Runs a test on one thread whose clock is paused: when nobody has anything to do, it jumps to the next timer.
///
/// # Panics
/// When the test does, or it does not end within a day of its own time, or no runtime can be made.
pub fn in_virtual_time(test: impl Future<Output = ()>) {
    let paused = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().expect("a runtime can be made")
    };
    let ended = async {
        let in_time = tokio::time::timeout(DAY, test).await;
        assert!(in_time.is_ok(), "the test waits for what never comes");
    };
    actix::System::with_tokio_rt(paused).block_on(ended);
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
