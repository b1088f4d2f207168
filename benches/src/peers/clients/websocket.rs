//! A bare socket that the server has made a WebSocket of.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::read_head;
use crate::peers::Failed;
use crate::peers::server::Endpoint;

/// Where every WebSocket of the server is.
pub(in crate::peers) const PATH: &str = "/echo";

/// A plain one.
pub(in crate::peers) async fn connect(endpoint: &Endpoint) -> Result<TcpStream, Failed> {
    let stream = TcpStream::connect(endpoint.address).await?;
    stream.set_nodelay(true)?;
    upgraded(stream).await
}

/// Asks for the upgrade. The answer is taken on trust: it is our own server's.
pub(in crate::peers) async fn upgraded<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<S, Failed> {
    let head = format!(
        "GET {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let (answer, end) = read_head(&mut stream).await?;
    if answer.len() > end || !answer.starts_with(b"HTTP/1.1 101 ") {
        return Err("the server did not switch to WebSocket".into());
    }
    Ok(stream)
}
