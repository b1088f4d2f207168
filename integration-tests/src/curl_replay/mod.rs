//! The server of curl's own test suite, as far as its cases need it: `tests/server/sws.c` of curl, by the rules in curl-replay's
//! PROVENANCE.md.
//!
//! It answers by number: the digits after the last slash of the target name a test, and above 10,000 the last four of them name
//! the part of its reply. Its second port is an HTTP proxy that tunnels to the first, whatever host it was asked for.

mod incoming;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the server says and how.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// The replies by their names: `data`, `data1`, `connect`, ...
    pub replies: HashMap<String, Vec<u8>>,
    /// A request with a body is answered before the body has come, unless it shows credentials (`auth_required`).
    pub wants_credentials: bool,
    /// So much of a body is left unread (`skip`).
    pub skipped: usize,
    /// A connection closes after each reply (`swsclose`).
    pub closes: bool,
    /// How long a connection stays as it is after a reply (`wait`).
    pub waits: Duration,
}

/// A request as it came, and where.
#[derive(Clone, Debug)]
pub struct Heard {
    /// All of its octets; of one that was not read to the end, those that were.
    pub octets: Vec<u8>,
    /// The connection it came on, counted from 0.
    pub connection: usize,
}

/// Ports that listen; nobody is answered yet.
#[derive(Debug)]
pub struct Replayer {
    listener: TcpListener,
    proxy: TcpListener,
}

/// A server at work. Dropped, it stops.
#[derive(Debug)]
pub struct Replaying {
    server: Arc<Stage>,
    proxy: Arc<Stage>,
    _tasks: JoinSet<()>,
}

/// What the connections of one port share.
#[derive(Debug)]
struct Stage {
    part: Part,
    /// Where a proxy's tunnels lead.
    beyond: Option<u16>,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    heard: Vec<Heard>,
    connections: usize,
    /// The part that was served last, if it asked for the next one in its place (`swsbounce`).
    bounced: Option<u32>,
}

impl Replayer {
    /// Listens.
    ///
    /// # Panics
    /// When the machine has no port left.
    pub async fn bind() -> Self {
        let (server, proxy) = (TcpListener::bind("127.0.0.1:0").await, TcpListener::bind("127.0.0.1:0").await);
        Self { listener: server.expect("a port is free"), proxy: proxy.expect("a port is free") }
    }

    /// The port of the server.
    pub fn port(&self) -> u16 {
        port(&self.listener)
    }

    /// The port of the proxy.
    pub fn proxy_port(&self) -> u16 {
        port(&self.proxy)
    }

    /// Plays its part.
    pub fn play(self, part: Part) -> Replaying {
        let beyond = Some(self.port());
        let server = Arc::new(Stage { part: part.clone(), beyond: None, said: Mutex::default() });
        let proxy = Arc::new(Stage { part, beyond, said: Mutex::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::listen(self.listener, Arc::clone(&server)));
        tasks.spawn(serve::listen(self.proxy, Arc::clone(&proxy)));
        Replaying { server, proxy, _tasks: tasks }
    }
}

impl Replaying {
    /// What the server heard so far, in order.
    pub fn heard(&self) -> Vec<Heard> {
        self.server.said().heard.clone()
    }

    /// What the proxy heard so far; not what it carried.
    pub fn heard_by_proxy(&self) -> Vec<Heard> {
        self.proxy.said().heard.clone()
    }
}

impl Stage {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connected(&self) -> usize {
        let mut said = self.said();
        said.connections += 1;
        said.connections - 1
    }

    fn heard(&self, octets: &[u8], connection: usize) {
        self.said().heard.push(Heard { octets: octets.to_vec(), connection });
    }

    /// The part to serve where this one was asked for, by what the last reply said.
    fn bounce(&self, part: u32) -> u32 {
        self.said().bounced.take().map_or(part, |last| last + 1)
    }
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("it is bound").port()
}
