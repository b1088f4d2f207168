//! permessage-deflate (RFC 7692) at the server's side: what it answers, its two contexts, and an echo server that has them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush};

use crate::server::Server;
use crate::websocket::{SWITCHING, accept, frame};

/// What a server agrees to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The window of what the client sends.
    pub client_bits: u8,
    /// The window of what the server sends.
    pub server_bits: u8,
    /// Does the client's context go on from message to message?
    pub client_takeover: bool,
    /// Does the server's?
    pub server_takeover: bool,
}

impl Terms {
    /// The largest windows, and contexts that go on.
    pub const USUAL: Self = Self { client_bits: 15, server_bits: 15, client_takeover: true, server_takeover: true };

    /// The value of the answer's Sec-WebSocket-Extensions.
    pub fn answer(&self) -> String {
        let Self { client_bits, server_bits, client_takeover, server_takeover } = *self;
        let mut answer =
            format!("permessage-deflate; client_max_window_bits={client_bits}; server_max_window_bits={server_bits}");
        if !client_takeover {
            answer += "; client_no_context_takeover";
        }
        if !server_takeover {
            answer += "; server_no_context_takeover";
        }
        answer
    }

    /// What consents to an upgrade with them; for [`Script::send_accepting`](crate::scripted_peer::Script::send_accepting).
    pub fn switching(&self) -> String {
        SWITCHING.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {}\r\n\r\n", self.answer()))
    }
}

/// A server's contexts.
pub struct Contexts {
    terms: Terms,
    deflate: Deflate,
    inflate: Inflate,
}

impl Contexts {
    /// Fresh ones.
    pub fn new(terms: Terms) -> Self {
        Self { terms, deflate: deflate(terms), inflate: inflate(terms) }
    }

    /// The payload of this message.
    pub fn compress(&mut self, message: &[u8]) -> Vec<u8> {
        // Flushed twice, the coder gives nothing: an empty message is an empty block (RFC 7692 7.2.3.6).
        if message.is_empty() {
            return vec![0];
        }
        let (from_in, from_out) = (self.deflate.total_in(), self.deflate.total_out());
        let mut payload = vec![0; message.len() + message.len() / 8 + 64 * 1024];
        let ran = self.deflate.compress(message, &mut payload, DeflateFlush::SyncFlush);
        ran.expect("there is room");
        assert_eq!(self.deflate.total_in() - from_in, message.len() as u64);
        payload.truncate((self.deflate.total_out() - from_out) as usize);
        assert!(payload.ends_with(&END));
        payload.truncate(payload.len() - END.len());
        if !self.terms.server_takeover {
            self.deflate = deflate(self.terms);
        }
        payload
    }

    /// The message of this payload.
    ///
    /// # Panics
    /// When it is none.
    pub fn expand(&mut self, payload: &[u8]) -> Vec<u8> {
        let payload = [payload, &END].concat();
        let (mut message, mut used) = (Vec::new(), 0);
        loop {
            let (from_in, from_out) = (self.inflate.total_in(), self.inflate.total_out());
            let from = message.len();
            message.resize(from + 64 * 1024, 0);
            let ran = self.inflate.decompress(&payload[used..], &mut message[from..], InflateFlush::NoFlush);
            ran.expect("the client sends what expands");
            used += (self.inflate.total_in() - from_in) as usize;
            let put = (self.inflate.total_out() - from_out) as usize;
            message.truncate(from + put);
            if put < 64 * 1024 {
                break;
            }
        }
        assert_eq!(used, payload.len());
        if !self.terms.client_takeover {
            self.inflate = inflate(self.terms);
        }
        message
    }
}

impl std::fmt::Debug for Contexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contexts({:?})", self.terms)
    }
}

fn deflate(terms: Terms) -> Deflate {
    // As most servers do, for zlib has no window of 8 bits.
    let window_bits = -i32::from(terms.server_bits.max(9));
    Deflate::new_with_config(DeflateConfig { window_bits, ..DeflateConfig::default() })
}

fn inflate(terms: Terms) -> Inflate {
    Inflate::new(false, terms.client_bits)
}

/// An honest server that compresses: it sends every message back, in fragments of so many octets.
#[derive(Debug)]
pub struct DeflatingOrigin {
    server: Server,
}

impl DeflatingOrigin {
    /// Agrees to this, whatever it is asked; `fragment` 0 is one frame for each message.
    pub async fn echo(terms: Terms, fragment: usize) -> Self {
        let server = Server::start(move |listener| async move {
            let mut serving = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                serving.spawn(serve(stream, terms, fragment));
            }
        });
        Self { server: server.await }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("ws://{}/", self.server.address())
    }
}

async fn serve(mut stream: TcpStream, terms: Terms, fragment: usize) -> io::Result<()> {
    consent(&mut stream, &terms.answer()).await?;
    echo(&mut stream, terms, fragment).await
}

/// Sends every message back over what has been agreed to.
pub(crate) async fn echo(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    terms: Terms,
    fragment: usize,
) -> io::Result<()> {
    let (mut contexts, mut first, mut message) = (Contexts::new(terms), 0, Vec::new());
    loop {
        let (head, payload) = read_frame(stream).await?;
        match head & 0x0f {
            8 => return stream.write_all(&frame(0x88, payload)).await,
            9 => stream.write_all(&frame(0x8a, payload)).await?,
            10 => {}
            opcode => {
                if opcode > 0 {
                    first = head & 0x4f;
                }
                message.extend_from_slice(&payload);
                if head & 0x80 != 0 {
                    let mut octets = std::mem::take(&mut message);
                    if first & 0x40 != 0 {
                        octets = contexts.expand(&octets);
                    }
                    let back = contexts.compress(&octets);
                    stream.write_all(&frames(first & 0x0f, &back, fragment)).await?;
                }
            }
        }
    }
}

/// The frames of a compressed message.
pub fn frames(opcode: u8, payload: &[u8], fragment: usize) -> Vec<u8> {
    let pieces: Vec<_> = payload.chunks(if fragment == 0 { payload.len().max(1) } else { fragment }).collect();
    let count = pieces.len();
    let frames = pieces.into_iter().enumerate().flat_map(|(n, piece)| {
        let begins = if n == 0 { 0x40 | opcode } else { 0 };
        frame(begins | if n + 1 == count { 0x80 } else { 0 }, piece)
    });
    frames.collect()
}

/// Reads the head of an upgrade and consents to it with these extensions.
pub async fn consent(stream: &mut TcpStream, extensions: &str) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key =
        head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).ok_or(io::ErrorKind::InvalidData)?;
    let answer = SWITCHING.replace("{accept}", &accept(key));
    let answer = answer.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {extensions}\r\n\r\n"));
    stream.write_all(answer.as_bytes()).await
}

/// A frame of the client's: its first octet, and its payload.
///
/// # Panics
/// When it is not masked.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let (first, second) = (stream.read_u8().await?, stream.read_u8().await?);
    assert_eq!(second & 0x80, 0x80, "a client's frame is masked");
    let length = match second & 0x7f {
        126 => usize::from(stream.read_u16().await?),
        127 => usize::try_from(stream.read_u64().await?).map_err(io::Error::other)?,
        short => usize::from(short),
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await?;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(octet, mask)| *octet ^= mask);
    Ok((first, payload))
}

const END: [u8; 4] = [0, 0, 0xff, 0xff];
