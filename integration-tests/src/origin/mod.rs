//! An honest HTTP/1.1 server: keep-alive, chunked both ways, `100 Continue`, HEAD, and a log of what it was asked.
//!
//! ```no_run
//! # async fn example() {
//! use integration_tests::origin::{Origin, Reply};
//!
//! let origin = Origin::start(|request| match request.path() {
//!     "/hello" => Reply::ok("hello"),
//!     _ => Reply::new(404),
//! })
//! .await;
//! // ... a client calls at origin.url("/hello") ...
//! assert_eq!(origin.log()[0].target, "/hello");
//! # }
//! ```

mod reply;
mod serve;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::patience::reached;
use crate::request::Request;
use crate::server::Server;
use crate::tls::Tls;

pub(crate) use reply::Body;
pub use reply::Reply;
pub(crate) use serve::Connection;

/// A server on a loopback address. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct Origin {
    server: Server,
    log: Log,
}

/// One request that was served.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The address it came in at.
    pub address: SocketAddr,
    /// Which connection of the origin it came on, from 1.
    pub connection: u64,
    /// Its method.
    pub method: String,
    /// Its target.
    pub target: String,
    /// Its fields.
    pub fields: Vec<(String, String)>,
    /// Octets of its body.
    pub body_octets: u64,
    /// The status that was answered; 0 if the connection was dropped instead.
    pub status: u16,
    /// Octets of the answer's body.
    pub octets: u64,
    /// When it had arrived.
    pub started: Instant,
    /// Just before the last octets of the answer were handed over, so that a client that sees the end and begins the
    /// next request at once does not look as if it did both at the same time. `None` while it is being answered.
    pub ended: Option<Instant>,
}

impl Visit {
    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A log that several origins may share.
#[derive(Clone, Debug)]
pub struct Log(Arc<watch::Sender<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    visits: Vec<Visit>,
    connections: Vec<SocketAddr>,
}

/// What decides the answers.
pub type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

impl Origin {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        Self::serve(listener, Log::new(), handler)
    }

    /// Answers every request with its own body and content type.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn echo() -> Self {
        Self::start(|request| {
            let reply = Reply::ok(request.body.clone());
            request.field("content-type").into_iter().fold(reply, |reply, kind| reply.field("content-type", kind))
        })
        .await
    }

    /// Serves on this listener and writes into this log.
    ///
    /// # Panics
    /// When the listener has no address.
    pub fn serve(listener: TcpListener, log: Log, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let server = Server::on(listener, |listener| serve::listen(listener, None, log.clone(), Arc::new(handler)));
        Self { server, log }
    }

    /// Serves over TLS, on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn secure(tls: &Tls, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let (log, tls) = (Log::new(), Some(tls.clone()));
        let server = Server::start(|listener| serve::listen(listener, tls, log.clone(), Arc::new(handler))).await;
        Self { server: server.secure(), log }
    }

    /// What it was asked, in the order of arrival.
    pub fn log(&self) -> Vec<Visit> {
        self.log.visits()
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.log.connections().len()
    }

    /// Waits until so many requests have arrived.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for_requests(&self, count: usize) {
        self.log.wait_for_requests(count).await;
    }
}

impl Deref for Origin {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Log {
    /// An empty log.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Entries::default())))
    }

    /// The requests, in the order of arrival.
    pub fn visits(&self) -> Vec<Visit> {
        self.0.borrow().visits.clone()
    }

    /// Of every connection, the address it came in at.
    pub fn connections(&self) -> Vec<SocketAddr> {
        self.0.borrow().connections.clone()
    }

    /// Waits until so many requests have arrived.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for_requests(&self, count: usize) {
        reached("requests", &self.0.subscribe(), |entries| entries.visits.len() >= count).await;
    }

    pub(crate) fn connected(&self, address: SocketAddr) -> u64 {
        let mut number = 0;
        self.0.send_modify(|entries| {
            entries.connections.push(address);
            number = entries.connections.len() as u64;
        });
        number
    }

    pub(crate) fn arrived(&self, address: SocketAddr, connection: u64, request: &Request) -> usize {
        let visit = Visit {
            address,
            connection,
            method: request.method.clone(),
            target: request.target.clone(),
            fields: request.fields.clone(),
            body_octets: request.body.len() as u64,
            status: 0,
            octets: 0,
            started: Instant::now(),
            ended: None,
        };
        let mut place = 0;
        self.0.send_modify(|entries| {
            place = entries.visits.len();
            entries.visits.push(visit);
        });
        place
    }

    pub(crate) fn answered(&self, place: usize, status: u16, octets: u64) {
        self.0.send_modify(|entries| {
            let visit = &mut entries.visits[place];
            (visit.status, visit.octets, visit.ended) = (status, octets, Some(Instant::now()));
        });
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}
