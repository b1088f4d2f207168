//! Streams for another protocol (RFC 8441): what a client opened one for is served over it as over a connection of its own.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderValue, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::connection::Connection;
use super::stream::as_read;
use crate::websocket::chooses_chat;

/// What a WebSocket is carried by: a stream of HTTP/2, or a connection of HTTP/1.1.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// One WebSocket, as the server has it.
pub type Served = WebSocketStream<Box<dyn Duplex>>;

/// What serves a WebSocket.
pub(super) type Serve = dyn Fn(Served) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// Consents, and serves.
pub(super) async fn serve(
    connection: Connection,
    address: SocketAddr,
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    serve: Arc<Serve>,
) {
    let (head, body) = request.into_parts();
    let mut read = as_read(&head);
    if let Some(protocol) = head.extensions.get::<h2::ext::Protocol>() {
        read.fields.insert(0, (":protocol".to_owned(), protocol.as_str().to_owned()));
    }
    let log = connection.shared.log.clone();
    let place = log.arrived(address, connection.number, &read);
    let mut answer = Response::new(());
    if chooses_chat(&head.headers) {
        answer.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("chat"));
    }
    if let Some(extensions) = &connection.shared.extensions {
        let value = HeaderValue::from_str(extensions).expect("terms are a value");
        answer.headers_mut().insert("sec-websocket-extensions", value);
    }
    let Ok(out) = respond.send_response(answer, false) else { return };
    let tunnel: Box<dyn Duplex> = Box::new(Tunnel::of(body, out));
    serve(WebSocketStream::from_raw_socket(tunnel, Role::Server, None).await).await;
    log.answered(place, 200, 0);
}

/// A stream as octets both ways. Dropped, it ends its side, as a socket would, and leaves the other to the client.
pub(crate) struct Tunnel {
    /// There is one until it is dropped.
    body: Option<RecvStream>,
    out: SendStream<Bytes>,
    rest: Bytes,
}

impl Tunnel {
    pub(crate) fn of(body: RecvStream, out: SendStream<Bytes>) -> Self {
        Self { body: Some(body), out, rest: Bytes::new() }
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let tunnel = self.get_mut();
        let Some(body) = &mut tunnel.body else { return Poll::Ready(Ok(())) };
        while tunnel.rest.is_empty() {
            match ready!(body.poll_data(context)) {
                None => return Poll::Ready(Ok(())),
                Some(data) => tunnel.rest = data.map_err(io::Error::other)?,
            }
        }
        let octets = tunnel.rest.len().min(buf.remaining());
        buf.put_slice(&tunnel.rest[..octets]);
        tunnel.rest.advance(octets);
        body.flow_control().release_capacity(octets).map_err(io::Error::other)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let out = &mut self.get_mut().out;
        out.reserve_capacity(octets.len());
        let room = match out.capacity() {
            0 => match ready!(out.poll_capacity(context)) {
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                Some(room) => room.map_err(io::Error::other)?,
            },
            room => room,
        };
        let room = room.min(octets.len());
        out.send_data(Bytes::copy_from_slice(&octets[..room]), false).map_err(io::Error::other)?;
        Poll::Ready(Ok(room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _over = self.get_mut().out.send_data(Bytes::new(), true);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _over = self.out.send_data(Bytes::new(), true);
        if let (Some(mut body), Ok(runtime)) = (self.body.take(), tokio::runtime::Handle::try_current()) {
            // Dropped at once, it would be reset.
            runtime.spawn(async move { while let Some(Ok(_)) = body.data().await {} });
        }
    }
}
