//! hyper's bare connections and no pool: `client::conn::http1`, one for every caller, and `http2`, one for all.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;
use crate::peers::clients::hyper_conn::connect_http2;
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    let make = || HyperConn { server: turn.endpoint.address, wire: None };
    turn.with_tokio(threads, make, |caller, each| tokio::spawn(calls(caller, each)))
}

struct HyperConn {
    server: SocketAddr,
    wire: Option<http1::SendRequest<Empty<Bytes>>>,
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

async fn dial(server: SocketAddr) -> Result<http1::SendRequest<Empty<Bytes>>, Failed> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (wire, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the last handle to it, and what goes wrong is told to the request.
    tokio::spawn(connection);
    Ok(wire)
}

pub(super) fn run_http2(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    threads.runtime()?.block_on(async {
        let caller = HyperHttp2 { wire: connect_http2(&turn.endpoint).await?, url: turn.url().parse()? };
        turn.drive(vec![caller; turn.in_flight], |caller, each| tokio::spawn(calls(caller, each))).await
    })
}

#[derive(Clone)]
struct HyperHttp2 {
    wire: http2::SendRequest<Empty<Bytes>>,
    url: Uri,
}

impl Caller for HyperHttp2 {
    async fn call(&mut self) -> Result<usize, Failed> {
        self.wire.ready().await?;
        let request = Request::get(self.url.clone())
            .header(http::header::USER_AGENT, "hyper")
            .header(http::header::ACCEPT, "*/*")
            .body(Empty::new())?;
        let response = self.wire.send_request(request).await?;
        Ok(response.into_body().collect().await?.to_bytes().len())
    }
}
