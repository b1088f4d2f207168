//! One connection of the server: what is asked for, and the answer.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use rustls::HandshakeKind;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio_rustls::server::TlsStream;

use super::echo::echo;
use super::head::{Incoming, Wish, wish};

/// What all connections share.
pub(super) struct Answering {
    /// The folder whose files are served.
    site: Option<PathBuf>,
    /// Where requests wait for each other, by how many there have to be.
    together: Mutex<HashMap<usize, Arc<Barrier>>>,
    /// Requests that get no answer.
    waiting: AtomicUsize,
}

/// A connection, plain or secure.
pub(super) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl Answering {
    pub(super) fn new(site: Option<PathBuf>) -> Self {
        Self { site, together: Mutex::default(), waiting: AtomicUsize::new(0) }
    }

    /// Answers one request after the other, until the client has no more.
    pub(super) async fn answer(&self, mut stream: Stream) -> io::Result<()> {
        // Small: there may be ten thousand of them.
        let mut buffer = vec![0; 16 * 1024];
        let mut filled = 0;
        loop {
            let count = stream.read(&mut buffer[filled..]).await?;
            if count == 0 {
                return Ok(());
            }
            filled += count;
            while let Some(at) = buffer[..filled].windows(4).position(|octets| octets == b"\r\n\r\n") {
                let wish = wish(&buffer[..at + 4], self.site.is_some())?;
                buffer.copy_within(at + 4..filled, 0);
                filled -= at + 4;
                match wish {
                    Wish::Greeting => stream.write_all(GREETING).await?,
                    Wish::Octets(count) => give(&mut stream, count).await?,
                    Wish::Upload(incoming) => {
                        take(&mut stream, &buffer[..filled], incoming).await?;
                        filled = 0;
                        stream.write_all(GREETING).await?;
                    }
                    Wish::Handshake => {
                        let body = handshake(&stream);
                        return close_with(stream, body).await;
                    }
                    Wish::Together(count) => {
                        let barrier = self.barrier(count);
                        barrier.wait().await;
                        stream.write_all(GREETING).await?;
                    }
                    Wish::Never => {
                        self.waiting.fetch_add(1, Ordering::Relaxed);
                        // An error is the end of the connection, too.
                        while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
                        self.waiting.fetch_sub(1, Ordering::Relaxed);
                        return Ok(());
                    }
                    Wish::Waiting => {
                        let waiting = self.waiting.load(Ordering::Relaxed);
                        return close_with(stream, &waiting.to_string()).await;
                    }
                    Wish::Echo(key) => {
                        drop(buffer);
                        return echo(&mut stream, &key).await;
                    }
                    Wish::File(path) => self.file(&mut stream, &path).await?,
                }
                stream.flush().await?;
            }
        }
    }

    pub(super) fn barrier(&self, count: usize) -> Arc<Barrier> {
        let mut together = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(together.entry(count).or_insert_with(|| Arc::new(Barrier::new(count))))
    }

    async fn file(&self, stream: &mut Stream, path: &str) -> io::Result<()> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let name = path.trim_start_matches('/');
        let inside = !name.split('/').any(|part| part == "..");
        let file = self.site.as_ref().filter(|_| inside).map(|site| match name.is_empty() || name.ends_with('/') {
            true => site.join(name).join("index.html"),
            false => site.join(name),
        });
        if let Some(folder) = file.as_ref().filter(|file| !name.ends_with('/') && file.is_dir()) {
            let place = folder.file_name().unwrap_or_default().to_string_lossy();
            let head = format!("HTTP/1.1 301 Moved Permanently\r\nlocation: {place}/\r\ncontent-length: 0\r\n\r\n");
            return stream.write_all(head.as_bytes()).await;
        }
        // From the page cache: not worth another thread.
        let Some(octets) = file.as_ref().and_then(|file| std::fs::read(file).ok()) else {
            return stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
        };
        let kind = match file.as_ref().and_then(|file| file.extension()?.to_str()) {
            Some("html") => "text/html",
            _ => "application/octet-stream",
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", octets.len());
        // At once: a client is not to be woken twice for a page.
        stream.write_all(&[head.as_bytes(), &octets].concat()).await
    }
}

async fn give(stream: &mut Stream, count: u64) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nserver: peers\r\ncontent-type: application/octet-stream\r\ncontent-length: {count}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut left = count;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE.len()).min(PIECE.len());
        stream.write_all(&PIECE[..piece]).await?;
        left -= piece as u64;
    }
    Ok(())
}

/// Reads a body away, of which the first octets are there. Clients send the letter x and nothing else, so the end of a chunked
/// one needs no parser.
async fn take(stream: &mut Stream, first: &[u8], incoming: Incoming) -> io::Result<()> {
    const END: &[u8] = b"0\r\n\r\n";
    let mut buffer = vec![0; PIECE.len()];
    let mut received = first.len() as u64;
    let mut tail = first[first.len().saturating_sub(END.len())..].to_vec();
    let is_over = |received: u64, tail: &[u8]| match incoming {
        Incoming::Length(length) => received >= length,
        Incoming::Chunked => tail.ends_with(END),
    };
    while !is_over(received, &tail) {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        received += count as u64;
        tail.extend_from_slice(&buffer[count.saturating_sub(END.len())..count]);
        tail.drain(..tail.len().saturating_sub(END.len()));
    }
    Ok(())
}

/// How the stream was secured.
fn handshake(stream: &Stream) -> &'static str {
    match stream {
        Stream::Secure(stream) if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) => RESUMED,
        Stream::Secure(_) => "full",
        Stream::Plain(_) => "none",
    }
}

async fn close_with(mut stream: Stream, body: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    stream.shutdown().await
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buf),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, octets),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, octets),
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(context, octets),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }
}

/// The length of the body in every short answer.
pub(in crate::peers) const BODY_LENGTH: usize = 13;
/// What `/handshake` says of a TLS session that was resumed.
pub(in crate::peers) const RESUMED: &str = "resumed";
const GREETING: &[u8] = b"HTTP/1.1 200 OK\r\n\
    server: peers\r\n\
    date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    content-type: text/plain\r\n\
    content-length: 13\r\n\
    \r\n\
    Hello, World!";
/// What long bodies are made of.
pub(super) static PIECE: [u8; 256 * 1024] = [b'x'; 256 * 1024];
