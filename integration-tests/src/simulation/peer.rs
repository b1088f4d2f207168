//! The server's side of the simulated network: it does what scripts say.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use turmoil::net::{TcpListener, TcpStream};

use super::http2::{self, Conduct, LookedAt};
use super::websocket::{self, Heard, Ledger, Talk};
use crate::origin::{Connection as Served, Handler, Log, Visit};
use crate::scripted_peer::{Connection, Ending, Record, Script, Socket, play_one};
use crate::tls::Carrier;

/// A port of the server, and what happens there.
pub struct SimulatedPeer {
    port: u16,
    speaks: Speaks,
    connections: Arc<watch::Sender<Vec<Connection>>>,
    looked_at: LookedAt,
    heard: Ledger,
    log: Log,
}

/// What the n-th connection (from 0) gets.
pub(super) enum Speaks {
    Script(Box<dyn Fn(usize) -> Script>),
    /// An answer for each request, on whichever connection.
    Site(Arc<Handler>),
    Http2(Box<dyn Fn(usize) -> Conduct>),
    WebSocket(Box<dyn Fn(usize) -> Talk>),
}

impl SimulatedPeer {
    pub(super) fn new(port: u16, speaks: Speaks) -> Self {
        let (looked_at, heard, log) = (LookedAt::default(), Ledger::default(), Log::new());
        Self { port, speaks, connections: Arc::new(watch::Sender::new(Vec::new())), looked_at, heard, log }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The octets that scripts have read, connection by connection.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.connections.borrow().iter().map(|connection| connection.received.clone()).collect()
    }

    /// What a site was asked, in the order of arrival.
    pub fn visits(&self) -> Vec<Visit> {
        self.log.visits()
    }

    /// Which connections (from 0) have not ended on the server's side.
    pub fn open_connections(&self) -> Vec<usize> {
        let connections = self.connections.borrow();
        let open = connections.iter().enumerate().filter(|(_, connection)| connection.ending.is_none());
        open.map(|(n, _)| n).collect()
    }

    /// What the fields `x-once` said of the POST requests over HTTP/2 that it has looked at.
    pub fn looked_at(&self) -> Vec<String> {
        self.looked_at.borrow().clone()
    }

    /// What it has seen of the WebSockets, by the numbers that are their paths.
    pub fn heard(&self) -> BTreeMap<u64, Heard> {
        self.heard.borrow().clone()
    }

    async fn listen(&self) -> io::Result<()> {
        let listener = TcpListener::bind(("0.0.0.0", self.port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let record = Record::begin(&self.connections);
            match &self.speaks {
                Speaks::Script(scripts) => {
                    let script = scripts(record.n());
                    tokio::task::spawn_local(play_one(script, Slow(stream), record));
                }
                Speaks::Site(handler) => {
                    let (address, handler, log) = (stream.local_addr()?, Arc::clone(handler), self.log.clone());
                    tokio::task::spawn_local(async move {
                        let number = log.connected(address);
                        Served::serve_carried(Carrier::Plain(stream), address, number, log, handler).await;
                        record.ends(Ending::ClientClosed);
                    });
                }
                Speaks::Http2(conducts) => {
                    tokio::task::spawn_local(http2::serve(
                        conducts(record.n()),
                        stream,
                        record,
                        Rc::clone(&self.looked_at),
                        Rc::clone(&self.heard),
                    ));
                }
                Speaks::WebSocket(talks) => {
                    let (talk, ledger) = (talks(record.n()), Rc::clone(&self.heard));
                    tokio::task::spawn_local(websocket::serve(talk, stream, record, ledger));
                }
            }
        }
    }
}

/// Serves all of them, until the simulation ends.
pub(super) async fn serve(peers: &[SimulatedPeer]) {
    let listening = peers.iter().map(|peer| async move {
        if let Err(error) = peer.listen().await {
            panic!("the simulated server on port {} failed: {error}", peer.port);
        }
    });
    let mut listening: Vec<_> = listening.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        for one in &mut listening {
            let _never = one.as_mut().poll(context);
        }
        Poll::<()>::Pending
    })
    .await;
}

/// Takes few octets at a time. A simulated connection is reset when it is dropped with octets unread, so a script that is to
/// reset it reads less than was sent.
struct Slow(TcpStream);

impl Socket for Slow {
    fn write_at_once(&self) -> io::Result<()> {
        Ok(())
    }

    fn reset_when_dropped(&self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Slow {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut few = [0; 16];
        let octets = few.len().min(buf.remaining());
        let mut few = ReadBuf::new(&mut few[..octets]);
        let polled = Pin::new(&mut self.get_mut().0).poll_read(context, &mut few);
        buf.put_slice(few.filled());
        polled
    }
}

impl AsyncWrite for Slow {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}

impl std::fmt::Debug for SimulatedPeer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedPeer").field("port", &self.port).finish_non_exhaustive()
    }
}
