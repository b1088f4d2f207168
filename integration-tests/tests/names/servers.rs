//! Servers in memory, one at every address, that say at which.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hinternet::Protocols;
use hinternet::network::{Destination, Dialer, Dialing};
use hinternet::transport::MemoryStream;
use integration_tests::{Gate, answering};
use tokio::io::{AsyncRead, AsyncWrite};

/// Answers every request with the address it was sent to. Clones are the same servers.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    speak_http2: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    dead: HashSet<IpAddr>,
    gate: Option<Gate>,
    dialed: Vec<String>,
}

impl Servers {
    pub(crate) fn of_http1() -> Self {
        Self { speak_http2: false, state: Arc::default() }
    }

    pub(crate) fn of_http2() -> Self {
        Self { speak_http2: true, state: Arc::default() }
    }

    pub(crate) fn speak_http2(&self) -> bool {
        self.speak_http2
    }

    pub(crate) fn protocols(&self) -> Protocols {
        if self.speak_http2 { Protocols::RequireHttp2 } else { Protocols::Http1 }
    }

    /// Nobody listens there any more.
    pub(crate) fn dies(&self, address: &str) {
        self.state.lock().unwrap().dead.insert(address.parse().unwrap());
    }

    /// From now on nobody is connected before this gate is open.
    pub(crate) fn are_held_by(&self, gate: &Gate) {
        self.state.lock().unwrap().gate = Some(gate.clone());
    }

    /// Where attempts went, in order.
    pub(crate) fn dialed(&self) -> Vec<String> {
        self.state.lock().unwrap().dialed.clone()
    }
}

impl Dialer for Servers {
    fn dial(&self, to: &Destination) -> Dialing {
        let address = to.address.ip();
        let mut state = self.state.lock().unwrap();
        state.dialed.push(address.to_string());
        if state.dead.contains(&address) {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        }
        let (ours, theirs) = MemoryStream::pair();
        if self.speak_http2 {
            actix::spawn(serve_http2(theirs, address));
        } else {
            actix::spawn(serve_http1(theirs, address));
        }
        let gate = state.gate.clone();
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.passed().await;
            }
            Ok(Box::new(ours) as _)
        })
    }
}

pub(crate) async fn serve_http1(stream: impl AsyncRead + AsyncWrite + Unpin, address: IpAddr) {
    let body = address.to_string();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    // A client that breaks the connection off has no use for the answer.
    let _broken = answering(stream, &answer).await;
}

pub(crate) async fn serve_http2(stream: impl AsyncRead + AsyncWrite + Unpin, address: IpAddr) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let Ok(mut body) = respond.send_response(http::Response::new(()), false) else { continue };
        // A client that reset the stream has no use for it.
        let _reset = body.send_data(Bytes::from(address.to_string()), true);
    }
}
