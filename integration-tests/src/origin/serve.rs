//! The server's loop: read a request, ask the handler, write the answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Handler, Log, Reply};
use crate::request::{Parsed, Request};
use crate::tls::{Carrier, Tls};

pub(super) async fn listen(listener: TcpListener, tls: Option<Tls>, log: Log, handler: Arc<Handler>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(Connection::serve(stream, tls.clone(), log.clone(), Arc::clone(&handler)));
    }
}

pub(crate) struct Connection<S> {
    stream: Carrier<S>,
    unread: BytesMut,
    address: SocketAddr,
    number: u64,
    log: Log,
    handler: Arc<Handler>,
}

impl Connection<TcpStream> {
    /// A client that goes away in the middle is no fault of the server's, and nobody to be told of it is there.
    async fn serve(stream: TcpStream, tls: Option<Tls>, log: Log, handler: Arc<Handler>) {
        let Ok(address) = stream.local_addr() else { return };
        let Ok(()) = stream.set_nodelay(true) else { return };
        let number = log.connected(address);
        let Ok(stream) = Carrier::of(stream, tls.as_ref()).await else { return };
        Self::serve_carried(stream, address, number, log, handler).await;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Serves a client whom TLS, if any, has let in already.
    pub(crate) async fn serve_carried(
        stream: Carrier<S>,
        address: SocketAddr,
        number: u64,
        log: Log,
        handler: Arc<Handler>,
    ) {
        let mut connection = Self { stream, unread: BytesMut::new(), address, number, log, handler };
        let _client_is_gone = connection.exchanges().await;
    }

    async fn exchanges(&mut self) -> io::Result<()> {
        while let Some(request) = self.read_request().await? {
            let place = self.log.arrived(self.address, self.number, &request);
            let reply = (self.handler)(&request);
            if let Some(time) = reply.after {
                tokio::time::sleep(time).await;
            }
            if let Some(gate) = &reply.held {
                gate.passed().await;
            }
            let close = reply.ends_connection() || request.wants_close();
            self.write(&request, &reply, place, close).await?;
            if close {
                return self.close().await;
            }
        }
        Ok(())
    }

    async fn read_request(&mut self) -> io::Result<Option<Request>> {
        let mut continued = false;
        loop {
            match Request::parse(&self.unread) {
                Ok(Parsed::Whole(request, length)) => {
                    self.unread.advance(length);
                    return Ok(Some(*request));
                }
                Ok(Parsed::Head { expects_continue: true }) if !continued => {
                    self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                    continued = true;
                }
                Ok(Parsed::Head { .. } | Parsed::Partial) => {}
                Err(malformed) => {
                    let reply = Reply::new(400).body(malformed.0);
                    self.stream.write_all(&reply.encode(false, true)).await?;
                    self.close().await?;
                    return Ok(None);
                }
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn write(&mut self, request: &Request, reply: &Reply, place: usize, close: bool) -> io::Result<()> {
        if reply.dropping {
            self.log.answered(place, reply.status(), reply.body_octets());
            return Ok(());
        }
        let octets = reply.encode(request.method == "HEAD", close);
        let (most, last) = octets.split_at(octets.len().saturating_sub(LAST_PIECE));
        self.stream.write_all(most).await?;
        self.log.answered(place, reply.status(), reply.body_octets());
        self.stream.write_all(last).await?;
        self.stream.flush().await
    }

    /// Says FIN, and reads on so that octets still under way do not turn it into a reset.
    async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        while self.stream.read_buf(&mut self.unread).await? > 0 {
            self.unread.clear();
        }
        Ok(())
    }
}

/// What is written after the log said that the answer ended.
const LAST_PIECE: usize = 4 * 1024;
