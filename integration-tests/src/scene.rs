//! A scene: one scripted peer, one watched session, and a connection handle from one to the other.

use std::net::SocketAddr;
use std::sync::Arc;

use hinternet::{Connection, Method, Payload, Request, ResponseHead, Session, SessionBuilder};
use tokio::task::JoinHandle;

use crate::recorder::Recorder;
use crate::scripted_peer::{Script, ScriptedPeer};

/// One scripted peer, one session with its recorder, and a connection handle from one to the other.
#[derive(Debug)]
pub struct Scene {
    /// Watches the session.
    pub recorder: Recorder,
    /// The session.
    pub session: Session,
    /// A handle to the peer.
    pub connection: Connection,
    /// The peer.
    pub peer: ScriptedPeer,
}

impl Scene {
    /// Every connection to the peer gets this script.
    pub async fn with(script: Script) -> Self {
        Self::of(ScriptedPeer::always(script).await, Session::builder())
    }

    /// With this peer, and a session of this kind.
    ///
    /// # Panics
    /// When the session does not open.
    pub fn of(peer: ScriptedPeer, builder: SessionBuilder) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        let connection = session.connect(&peer.origin()).expect("the peer's origin is one");
        Self { recorder, session, connection, peer }
    }

    /// A new request for `/`.
    ///
    /// # Panics
    /// When the connection is closed.
    pub fn request(&self, method: Method) -> Request {
        self.connection.open_request(method, "/").expect("the connection is open")
    }

    /// A GET that was sent.
    ///
    /// # Panics
    /// When it fails.
    pub async fn sent(&self) -> Request {
        let request = self.request(Method::GET);
        request.send(()).await.expect("the peer listens");
        request
    }

    /// A GET that has its response head.
    ///
    /// # Panics
    /// When it fails.
    pub async fn reading(&self) -> Request {
        let request = self.sent().await;
        request.receive_response().await.expect("the peer answers");
        request
    }

    /// Closes the session and checks all that was recorded.
    pub async fn end(self) {
        let Self { recorder, session, connection, peer } = self;
        drop(connection);
        recorder.finish(session).await;
        drop(peer);
    }
}

/// Reads to the end of the body.
///
/// # Errors
/// What a read failed with.
pub async fn read_all(request: &Request) -> hinternet::Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let piece = request.read().await?;
        if piece.is_empty() {
            return Ok(whole);
        }
        whole.extend_from_slice(&piece);
    }
}

/// Begins to send, beside the test.
pub fn sending(request: &Request, payload: impl Into<Payload>) -> JoinHandle<hinternet::Result<()>> {
    let (request, payload) = (request.clone(), payload.into());
    tokio::spawn(async move { request.send(payload).await })
}

/// Begins to receive the response, beside the test.
pub fn receiving(request: &Request) -> JoinHandle<hinternet::Result<Arc<ResponseHead>>> {
    let request = request.clone();
    tokio::spawn(async move { request.receive_response().await })
}

/// A loopback port that belongs to us and where nobody listens: connecting to it is refused.
#[derive(Debug)]
pub struct Nobody {
    address: SocketAddr,
    socket: socket2::Socket,
}

impl Nobody {
    /// Takes a port.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub fn new() -> Self {
        let socket = socket();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a loopback port is free");
        let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("the socket is bound");
        Self { address, socket }
    }

    /// Where nobody listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Default for Nobody {
    fn default() -> Self {
        Self::new()
    }
}

/// A server whose line of connections not yet accepted is full: connecting to it takes until it has room.
#[derive(Debug)]
pub struct Busy {
    server: Nobody,
    in_line: Vec<socket2::Socket>,
}

impl Busy {
    /// Takes a port, listens, and fills the line.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub fn new() -> Self {
        let server = Nobody::new();
        server.socket.listen(0).expect("a bound socket listens");
        // The line takes the first; the others, and whoever comes then, are not answered.
        let in_line = (0..4).map(|_| {
            let waiting = socket();
            waiting.set_nonblocking(true).expect("a socket may be non-blocking");
            let _under_way = waiting.connect(&server.address().into());
            waiting
        });
        let in_line = in_line.collect();
        Self { server, in_line }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// Makes room: the next attempt of who is in line succeeds.
    ///
    /// # Panics
    /// When the socket cannot be made non-blocking.
    pub fn make_room(&mut self) {
        self.server.socket.set_nonblocking(true).expect("a socket may be non-blocking");
        self.in_line.clear();
        while self.server.socket.accept().is_ok() {}
    }
}

impl Default for Busy {
    fn default() -> Self {
        Self::new()
    }
}

fn socket() -> socket2::Socket {
    socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket")
}
