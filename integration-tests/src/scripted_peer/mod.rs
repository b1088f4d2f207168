//! A peer that does what its scripts say, octet by octet, and writes down what it saw.
//!
//! ```no_run
//! # async fn example() {
//! use integration_tests::scripted_peer::{Script, ScriptedPeer};
//!
//! let short = Script::new().read_request().send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel").close();
//! let peer = ScriptedPeer::start(vec![short]).await;
//! // ... a client calls at peer.url("/") ...
//! peer.wait_for_end(0).await;
//! assert!(peer.received(0).starts_with(b"GET / HTTP/1.1\r\n"));
//! # }
//! ```

mod play;
mod script;
mod socket;
mod split;
#[cfg(test)]
mod tests;

use std::ops::Deref;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http2_peer::Frame;
use crate::patience::reached;
use crate::request::Request;
use crate::server::Server;

pub use script::{Script, Step, Wanted};
pub(crate) use socket::Socket;
pub use split::Split;

/// A server on a loopback port. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct ScriptedPeer {
    server: Server,
    connections: watch::Receiver<Vec<Connection>>,
}

/// What happened on one connection.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// All octets that were read.
    pub received: Vec<u8>,
    /// All octets that were written.
    pub sent: Vec<u8>,
    /// What `ReadRequest` steps have read.
    pub requests: Vec<Request>,
    /// How the script ended; `None` while it plays.
    pub ending: Option<Ending>,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its own `Close` or `Reset`.
    Played,
    /// The client closed first.
    ClientClosed,
    /// The socket failed, as it does when the client resets it.
    Broken(std::io::ErrorKind),
}

impl Connection {
    /// What was read, as frames of HTTP/2; without a frame that is not whole.
    pub fn frames(&self) -> Vec<Frame> {
        Frame::all(&self.received)
    }
}

impl ScriptedPeer {
    /// Listens; the n-th connection gets the n-th script, further ones are closed at once.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start(scripts: Vec<Script>) -> Self {
        Self::start_with_default(scripts, Script::new().close()).await
    }

    /// Listens; every connection gets the same script.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn always(script: Script) -> Self {
        Self::start_with_default(Vec::new(), script).await
    }

    /// Listens; the n-th connection gets the n-th script, further ones the default.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start_with_default(scripts: Vec<Script>, default: Script) -> Self {
        let (sender, connections) = watch::channel(Vec::new());
        let server = Server::start(|listener| listen(listener, scripts, default, Arc::new(sender))).await;
        Self { server, connections }
    }

    /// Its URLs are `https`. That it speaks TLS is the script's to say.
    pub fn secure(self) -> Self {
        Self { server: self.server.secure(), ..self }
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.borrow().len()
    }

    /// What happened on the n-th connection (from 0).
    ///
    /// # Panics
    /// When there was none.
    pub fn connection(&self, n: usize) -> Connection {
        self.connections.borrow()[n].clone()
    }

    /// The octets read on the n-th connection.
    ///
    /// # Panics
    /// When there was none.
    pub fn received(&self, n: usize) -> Vec<u8> {
        self.connection(n).received
    }

    /// The octets written on the n-th connection.
    ///
    /// # Panics
    /// When there was none.
    pub fn sent(&self, n: usize) -> Vec<u8> {
        self.connection(n).sent
    }

    /// The requests that `ReadRequest` steps have read, by connection.
    pub fn requests(&self) -> Vec<Request> {
        self.connections.borrow().iter().flat_map(|connection| connection.requests.clone()).collect()
    }

    /// Waits until there were so many connections.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for_connections(&self, count: usize) {
        self.wait_for("connections", |connections| connections.len() >= count).await;
    }

    /// Waits until the n-th connection's script has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn wait_for_end(&self, n: usize) -> Ending {
        self.wait_for("the end of a script", |all| all.get(n).is_some_and(|one| one.ending.is_some())).await;
        self.connection(n).ending.expect("waited for")
    }

    /// Waits until so many requests were read, on all connections together.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for_requests(&self, count: usize) {
        let all = |connections: &[Connection]| connections.iter().map(|one| one.requests.len()).sum::<usize>();
        self.wait_for("requests", |connections| all(connections) >= count).await;
    }

    /// Waits until the n-th connection has received this much.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait_for_octets(&self, n: usize, count: usize) {
        self.wait_for("octets", |all| all.get(n).is_some_and(|one| one.received.len() >= count)).await;
    }

    /// Waits until a frame of HTTP/2 of which this is true was read on the n-th connection, and gives all that were.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait_for_frame(&self, n: usize, wanted: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        self.wait_for("a frame", |all| all.get(n).is_some_and(|one| one.frames().iter().any(&wanted))).await;
        self.connection(n).frames()
    }

    /// Waits until this is true of the connections.
    ///
    /// # Panics
    /// When it does not come true.
    pub async fn wait_until(&self, is_reached: impl FnMut(&[Connection]) -> bool) {
        self.wait_for("what was expected", is_reached).await;
    }

    async fn wait_for(&self, what: &str, mut is_reached: impl FnMut(&[Connection]) -> bool) {
        reached(what, &self.connections, |all| is_reached(all)).await;
    }
}

impl Deref for ScriptedPeer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// The record of one connection, shared with who looks at it.
pub(crate) struct Record {
    connections: Arc<watch::Sender<Vec<Connection>>>,
    n: usize,
}

impl Record {
    /// The next connection begins.
    pub(crate) fn begin(connections: &Arc<watch::Sender<Vec<Connection>>>) -> Self {
        let n = connections.borrow().len();
        connections.send_modify(|all| all.push(Connection::default()));
        Self { connections: Arc::clone(connections), n }
    }

    /// Which connection it is, from 0.
    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// The connection has ended.
    pub(crate) fn ends(&self, ending: Ending) {
        self.change(|connection| connection.ending = Some(ending));
    }

    fn change(&self, change: impl FnOnce(&mut Connection)) {
        self.connections.send_modify(|connections| change(&mut connections[self.n]));
    }

    fn look<T>(&self, look: impl FnOnce(&Connection) -> T) -> T {
        look(&self.connections.borrow()[self.n])
    }
}

async fn listen(
    listener: TcpListener,
    scripts: Vec<Script>,
    default: Script,
    connections: Arc<watch::Sender<Vec<Connection>>>,
) {
    let mut playing = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let record = Record::begin(&connections);
        let script = scripts.get(record.n()).unwrap_or(&default).clone();
        playing.spawn(play_one(script, stream, record));
    }
}

/// Plays a script on one connection, to its end.
pub(crate) async fn play_one(script: Script, stream: impl Socket, record: Record) {
    let ending = play::play(&script, stream, &record).await;
    record.ends(ending);
}
