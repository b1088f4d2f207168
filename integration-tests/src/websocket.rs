//! The server's side of WebSocket: an honest server, and frames for scripted peers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::patience::reached;
use crate::server::Server;

pub use tokio_tungstenite::tungstenite::Message;

/// An honest WebSocket server, which is tokio-tungstenite. It chooses the subprotocol `chat` if that is offered.
#[derive(Debug)]
pub struct WebSocketOrigin {
    server: Server,
    connections: Arc<AtomicUsize>,
    open: Arc<watch::Sender<usize>>,
}

/// One connection, as the server has it.
pub type Served = WebSocketStream<TcpStream>;

impl WebSocketOrigin {
    /// Every connection is served by this.
    pub async fn start<F>(serve: impl Fn(Served) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let open = Arc::new(watch::Sender::new(0));
        let opened = Arc::clone(&open);
        let server = Server::start(|listener| async move {
            let mut serving = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let (serve, is_open) = (serve.clone(), IsOpen::of(&opened));
                serving.spawn(async move {
                    let _until_it_ends = is_open;
                    if let Ok(stream) = accept_choosing_chat(stream).await {
                        serve(stream).await;
                    }
                });
            }
        });
        Self { server: server.await, connections, open }
    }

    /// Sends every message back, and closes when the client does.
    pub async fn echo() -> Self {
        Self::start(|mut stream| async move {
            while let Some(Ok(message)) = stream.next().await {
                if (message.is_text() || message.is_binary()) && stream.send(message).await.is_err() {
                    return;
                }
            }
        })
        .await
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("ws://{}/", self.server.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Waits until there is no connection any more.
    ///
    /// # Panics
    /// When one stays.
    pub async fn wait_for_ends(&self) {
        reached("the end of every connection", &self.open.subscribe(), |open| *open == 0).await;
    }
}

/// Counts one connection while it is open.
struct IsOpen(Arc<watch::Sender<usize>>);

impl IsOpen {
    fn of(open: &Arc<watch::Sender<usize>>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(Arc::clone(open))
    }
}

impl Drop for IsOpen {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// The server's side of an upgrade.
pub(crate) async fn accept_choosing_chat<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
) -> Result<WebSocketStream<S>, tokio_tungstenite::tungstenite::Error> {
    accept_hdr_async(stream, choose_chat).await
}

/// Is the subprotocol offered that it chooses?
pub(crate) fn chooses_chat(headers: &http::HeaderMap) -> bool {
    let offered = headers.get("sec-websocket-protocol").and_then(|value| value.to_str().ok());
    offered.is_some_and(|offered| offered.split(',').any(|name| name.trim() == "chat"))
}

#[expect(clippy::result_large_err, clippy::unnecessary_wraps, reason = "tungstenite's signature")]
fn choose_chat(
    request: &Request,
    mut response: Response,
) -> Result<Response, tokio_tungstenite::tungstenite::handshake::server::ErrorResponse> {
    if chooses_chat(request.headers()) {
        response.headers_mut().insert("sec-websocket-protocol", http::HeaderValue::from_static("chat"));
    }
    Ok(response)
}

/// The answer to a key (RFC 6455 4.2.2).
pub fn accept(key: &str) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes())
}

/// What consents to an upgrade; for [`Script::send_accepting`](crate::scripted_peer::Script::send_accepting).
pub const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: {accept}\r\n\r\n";

/// A server's frame: its first octet, and its payload.
pub fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let length = payload.len();
    let header = match length {
        0..=125 => vec![first, length as u8],
        126..=0xffff => [&[first, 126], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[first, 127], &(length as u64).to_be_bytes()[..]].concat(),
    };
    [&header, payload].concat()
}

/// A close frame.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(0x88, [&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// The first octet of a frame, and its payload.
pub type ClientFrame = (u8, Vec<u8>);

/// The frames a client sent behind the head of its request: first octet and payload of each that is all there.
///
/// # Panics
/// When one is not masked.
pub fn frames_of(received: &[u8]) -> Vec<ClientFrame> {
    let head = received.windows(4).position(|four| four == b"\r\n\r\n").map_or(received.len(), |at| at + 4);
    let (mut rest, mut all) = (&received[head..], Vec::new());
    while let Some((frame, after)) = client_frame(rest) {
        all.push(frame);
        rest = after;
    }
    all
}

fn client_frame(octets: &[u8]) -> Option<(ClientFrame, &[u8])> {
    let [first, second, rest @ ..] = octets else { return None };
    assert_eq!(second & 0x80, 0x80, "a client's frame is masked");
    let (length, rest) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?)), &rest[2..]),
        127 => (u64::from_be_bytes(rest.get(..8)?.try_into().ok()?), &rest[8..]),
        short => (u64::from(short), rest),
    };
    let (mask, rest) = rest.split_at_checked(4)?;
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask).collect();
    Some(((*first, payload), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_frames_are_read_when_they_are_all_there() {
        let octets = b"GET / HTTP/1.1\r\n\r\n\x81\x82\x01\x02\x03\x04ik\x89\x80\x00\x00\x00\x00";
        assert_eq!(frames_of(octets), [(0x81, b"hi".to_vec()), (0x89, vec![])]);
        assert_eq!(frames_of(&octets[..octets.len() - 1]), [(0x81, b"hi".to_vec())]);
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!((frame(0x81, "hi"), close(1000, "")), (b"\x81\x02hi".to_vec(), b"\x88\x02\x03\xe8".to_vec()));
    }
}
