//! The bare `h2` crate over a socket.

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use hinternet::Http2Options;
use http::Request;

use super::raw::Raw;
use crate::peers::Failed;
use crate::peers::server::Endpoint;

/// Opens a connection with the windows that hinternet has by default, driven by a task of its own.
pub(in crate::peers) async fn connect(endpoint: &Endpoint) -> Result<SendRequest<Bytes>, Failed> {
    let stream = Raw::new(endpoint)?.connect().await?;
    let options = Http2Options::default();
    let handshake = Builder::new()
        .enable_push(false)
        .initial_window_size(options.stream_window)
        .initial_connection_window_size(options.connection_window)
        .handshake(stream);
    let (wire, connection) = handshake.await?;
    // It ends with the last handle to it, and what goes wrong is told to the streams.
    tokio::spawn(connection);
    Ok(wire)
}

/// A GET, until its body is read; the length of the body.
pub(in crate::peers) async fn get(wire: SendRequest<Bytes>, url: &str) -> Result<u64, Failed> {
    let mut wire = wire.ready().await?;
    let request =
        Request::get(url).header(http::header::USER_AGENT, "h2").header(http::header::ACCEPT, "*/*").body(())?;
    let (response, _) = wire.send_request(request, true)?;
    count(response.await?.into_body()).await
}

/// Reads a body away, and lets the server send as much again of what was read.
async fn count(mut body: RecvStream) -> Result<u64, Failed> {
    let mut received = 0;
    while let Some(data) = body.data().await {
        let length = data?.len();
        received += length as u64;
        body.flow_control().release_capacity(length)?;
    }
    Ok(received)
}
