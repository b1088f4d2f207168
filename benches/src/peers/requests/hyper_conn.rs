//! hyper's bare connection, `client::conn::http1`: one for every caller, and no pool.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    let make = || HyperConn { server: turn.server, wire: None };
    turn.with_tokio(threads, make, |caller, each| tokio::spawn(calls(caller, each)))
}

struct HyperConn {
    server: SocketAddr,
    wire: Option<SendRequest<Empty<Bytes>>>,
}

/// Every caller has a connection of its own.
impl Clone for HyperConn {
    fn clone(&self) -> Self {
        Self { server: self.server, wire: None }
    }
}

impl Caller for HyperConn {
    async fn call(&mut self) -> Result<usize, Failed> {
        let wire = match &mut self.wire {
            Some(wire) => wire,
            none => none.insert(dial(self.server).await?),
        };
        wire.ready().await?;
        let request = Request::get("/")
            .header(http::header::HOST, "127.0.0.1")
            .header(http::header::USER_AGENT, "hyper")
            .header(http::header::ACCEPT, "*/*")
            .body(Empty::new())?;
        let response = wire.send_request(request).await?;
        Ok(response.into_body().collect().await?.to_bytes().len())
    }
}

async fn dial(server: SocketAddr) -> Result<SendRequest<Empty<Bytes>>, Failed> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (wire, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the last handle to it, and what goes wrong is told to the request.
    tokio::spawn(connection);
    Ok(wire)
}
