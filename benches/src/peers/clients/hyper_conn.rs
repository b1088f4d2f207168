//! hyper's bare connection, `client::conn::http1`.

use bytes::Bytes;
use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use super::raw::Raw;
use crate::peers::Failed;
use crate::peers::server::Endpoint;

/// Opens a connection, driven by a task of its own.
pub(in crate::peers) async fn connect<B>(endpoint: &Endpoint) -> Result<SendRequest<B>, Failed>
where
    B: Body<Data = Bytes, Error: Into<Failed>> + Send + 'static,
{
    let stream = Raw::new(endpoint)?.connect().await?;
    let (wire, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the last handle to it, and what goes wrong is told to the request.
    tokio::spawn(connection);
    Ok(wire)
}
