//! hyper's bare connections, `client::conn::http1` and `http2`.

use bytes::Bytes;
use hyper::body::Body;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::raw::Raw;
use crate::peers::Failed;
use crate::peers::server::Endpoint;

/// Opens a connection, driven by a task of its own.
pub(in crate::peers) async fn connect<B>(endpoint: &Endpoint) -> Result<http1::SendRequest<B>, Failed>
where
    B: Body<Data = Bytes, Error: Into<Failed>> + Send + 'static,
{
    let stream = Raw::new(endpoint)?.connect().await?;
    let (wire, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the last handle to it, and what goes wrong is told to the request.
    tokio::spawn(connection);
    Ok(wire)
}

/// Opens a connection that speaks HTTP/2, driven by a task of its own.
pub(in crate::peers) async fn connect_http2<B>(endpoint: &Endpoint) -> Result<http2::SendRequest<B>, Failed>
where
    B: Body<Data = Bytes, Error: Into<Failed>> + Send + Unpin + 'static,
{
    let stream = Raw::new(endpoint)?.connect().await?;
    let (wire, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(wire)
}
