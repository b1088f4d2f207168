//! An honest HTTP/2 server: many streams on a connection, 1xx, trailers both ways, `100 Continue`, RST_STREAM and GOAWAY when told, and
//! a record of every frame its clients sent.
//!
//! ```no_run
//! # async fn example() {
//! use integration_tests::http2_origin::{Answer, Http2Origin, Reason};
//! use integration_tests::origin::Reply;
//!
//! let origin = Http2Origin::start(|request| match request.path() {
//!     "/hello" => Reply::ok("hello").into(),
//!     _ => Answer::reset(Reason::REFUSED_STREAM),
//! })
//! .await;
//! // ... a client that knows that it is HTTP/2 calls at origin.url("/hello") ...
//! assert_eq!((origin.log()[0].target.as_str(), origin.wires()[0].streams()), ("/hello", 1));
//! # }
//! ```

mod answer;
mod connection;
mod record;
mod scene;
mod stream;
#[cfg(test)]
mod tests;
mod tunnel;

use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::deflating::{self, Terms};
use crate::http2_peer::Frame;
use crate::origin::{Log, Visit};
use crate::patience::reached;
use crate::request::Request;
use crate::server::Server;
use crate::tls::Tls;

pub use answer::Answer;
pub use h2::Reason;
pub use record::Wire;
pub use scene::{Http2Scene, builder};
#[cfg(feature = "simulation")]
pub(crate) use tunnel::Tunnel;
pub use tunnel::{Duplex, Served};

/// An HTTP/2 server on a loopback address. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct Http2Origin {
    server: Server,
    shared: Arc<Shared>,
}

/// What decides the answers, when the whole request has arrived.
pub type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// What may answer as soon as the head has arrived.
pub type AtHead = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// How a server is to be.
pub struct Settings {
    tls: Option<Tls>,
    http2: h2::server::Builder,
    at_head: Arc<AtHead>,
    websockets: Option<Arc<tunnel::Serve>>,
    extensions: Option<String>,
}

/// What the server, its connections and their streams have in common.
struct Shared {
    log: Log,
    wires: watch::Sender<Vec<Wire>>,
    orders: Mutex<Vec<mpsc::UnboundedSender<Order>>>,
    tls: Option<Tls>,
    http2: h2::server::Builder,
    at_head: Arc<AtHead>,
    websockets: Option<Arc<tunnel::Serve>>,
    /// Of a WebSocket by a stream, what is answered to the offered extensions.
    extensions: Option<String>,
    handler: Arc<Handler>,
}

/// What a connection is told to do.
#[derive(Clone, Copy, Debug)]
enum Order {
    GoAway,
    Break(Reason),
    Cut,
}

impl Http2Origin {
    /// Serves without TLS on a free port of 127.0.0.1: its clients have to know that it speaks HTTP/2.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(Settings::new(), handler).await
    }

    /// Serves over TLS. What it speaks is what `tls` [offers](Tls::offering): `h2`, `http/1.1`, or both. To a client that wants no
    /// protocol by name it speaks HTTP/1.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn secure(tls: &Tls, handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(Settings::new().tls(tls), handler).await
    }

    /// Answers every request with its own body, octet for octet as it comes, and with its trailers.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn echo() -> Self {
        Self::with(Settings::new().at_head(|_| Some(Answer::echo())), |_| Answer::echo()).await
    }

    /// Serves so.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn with(settings: Settings, handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let Settings { tls, http2, at_head, websockets, extensions } = settings;
        let is_secure = tls.is_some();
        let shared = Arc::new(Shared {
            log: Log::new(),
            wires: watch::Sender::new(Vec::new()),
            orders: Mutex::default(),
            tls,
            http2,
            at_head,
            websockets,
            extensions,
            handler: Arc::new(handler),
        });
        let server = Server::start(|listener| connection::listen(listener, Arc::clone(&shared))).await;
        Self { server: if is_secure { server.secure() } else { server }, shared }
    }

    /// What it was asked, in the order of arrival.
    pub fn log(&self) -> Vec<Visit> {
        self.shared.log.visits()
    }

    /// Its connections, in the order in which they were accepted.
    pub fn wires(&self) -> Vec<Wire> {
        self.shared.wires.borrow().clone()
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.shared.log.connections().len()
    }

    /// Waits until so many requests have arrived: whole, or as far as an answer at the head wants them.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for_requests(&self, count: usize) {
        self.shared.log.wait_for_requests(count).await;
    }

    /// Waits until this is true of its connections.
    ///
    /// # Panics
    /// When it does not come true.
    pub async fn wait_for(&self, what: &str, mut is_reached: impl FnMut(&[Wire]) -> bool) {
        reached(what, &self.shared.wires.subscribe(), |wires| is_reached(wires)).await;
    }

    /// Waits until a frame of which this is true came in on the n-th connection (from 0), and gives it.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait_for_frame(&self, n: usize, mut wanted: impl FnMut(&Frame) -> bool) -> Frame {
        let mut found = None;
        self.wait_for("a frame", |wires| {
            found = wires.get(n).and_then(|wire| wire.frames.iter().find(|frame| wanted(frame)).cloned());
            found.is_some()
        })
        .await;
        found.expect("waited for")
    }

    /// Waits until the client has reset a stream of the n-th connection with this code, and gives the stream's id.
    ///
    /// # Panics
    /// When it does not.
    pub async fn wait_for_reset(&self, n: usize, reason: Reason) -> u32 {
        self.wait_for_frame(n, |frame| frame.resets(reason)).await.stream
    }

    /// Waits until the n-th connection has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn wait_for_end(&self, n: usize) {
        self.wait_for("the end of a connection", |wires| wires.get(n).is_some_and(|wire| wire.ended)).await;
    }

    /// All connections there are go away gracefully (RFC 9113 6.8): streams that have begun are served, new ones are not.
    pub fn go_away(&self) {
        self.order(Order::GoAway);
    }

    /// All connections there are say GOAWAY with this code and close: what was not answered is not.
    pub fn break_off(&self, reason: Reason) {
        self.order(Order::Break(reason));
    }

    /// All connections there are end without a word.
    pub fn cut(&self) {
        self.order(Order::Cut);
    }

    fn order(&self, order: Order) {
        for connection in self.shared.orders().iter() {
            // It may have ended.
            let _ended = connection.send(order);
        }
    }
}

impl Settings {
    /// No TLS, h2's own limits and windows, and every request is read to its end before it is answered.
    pub fn new() -> Self {
        Self {
            tls: None,
            http2: h2::server::Builder::new(),
            at_head: Arc::new(|_| None),
            websockets: None,
            extensions: None,
        }
    }

    /// Over TLS.
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub fn max_concurrent_streams(mut self, count: u32) -> Self {
        self.http2.max_concurrent_streams(count);
        self
    }

    /// How much of one request's body may be under way unread: SETTINGS_INITIAL_WINDOW_SIZE.
    pub fn stream_window(mut self, octets: u32) -> Self {
        self.http2.initial_window_size(octets);
        self
    }

    /// How much of all requests' bodies may be under way unread.
    pub fn connection_window(mut self, octets: u32) -> Self {
        self.http2.initial_connection_window_size(octets);
        self
    }

    /// Serves WebSockets so: by streams (RFC 8441), which it announces, and as upgrades to who speaks HTTP/1.1 with it, and then
    /// nothing else. It chooses the subprotocol `chat` if that is offered.
    pub fn websockets<F>(mut self, serve: impl Fn(Served) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.http2.enable_connect_protocol();
        self.websockets =
            Some(Arc::new(move |served| Box::pin(serve(served)) as Pin<Box<dyn Future<Output = ()> + Send>>));
        self
    }

    /// Serves WebSockets by streams alone, and agrees to these terms of permessage-deflate whatever it is asked: it sends every message
    /// back, compressed, in fragments of so many octets; 0 is one frame for each message.
    pub fn deflating(self, terms: Terms, fragment: usize) -> Self {
        let serve = move |served: Served| async move {
            // The client has gone.
            let _over = deflating::echo(&mut served.into_inner(), terms, fragment).await;
        };
        Self { extensions: Some(terms.answer()), ..self.websockets(serve) }
    }

    /// As [`websockets`](Self::websockets) without a word of it in its SETTINGS: by HTTP/1.1 alone.
    pub fn websockets_by_http1<F>(self, serve: impl Fn(Served) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let http2 = self.http2.clone();
        Self { http2, ..self.websockets(serve) }
    }

    /// Answers a request before its body has been read, if this says so by its head.
    pub fn at_head(mut self, at_head: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        self.at_head = Arc::new(at_head);
        self
    }
}

impl Shared {
    fn orders(&self) -> MutexGuard<'_, Vec<mpsc::UnboundedSender<Order>>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Http2Origin {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("tls", &self.tls).field("http2", &self.http2).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("wires", &self.wires).finish_non_exhaustive()
    }
}
