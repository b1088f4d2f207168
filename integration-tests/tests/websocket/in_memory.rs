//! Streams in memory of servers that consent to the upgrade and then do what no socket can be relied on to do.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use hinternet::DialOptions;
use hinternet::network::{Destination, Dialer, Dialing, Stream};
use integration_tests::websocket::{SWITCHING, accept, frame};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the server does after the handshake. Every way leads to it.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    /// Sends pings for ever, faster than anybody reads.
    Floods,
    /// Sends this, and takes nothing more: whatever is written breaks.
    IsDeaf(Vec<u8>),
}

impl Server {
    pub(crate) fn dial(self) -> DialOptions {
        DialOptions::default().dialer(Dials(self))
    }
}

/// The client's side of it.
struct Client {
    server: Server,
    head: Vec<u8>,
    /// What is to be read; `None` before the head has come.
    answer: Option<Vec<u8>>,
    waits: Option<Waker>,
}

#[derive(Debug)]
struct Dials(Server);

impl Dialer for Dials {
    fn dial(&self, _: &Destination) -> Dialing {
        let client = Client { server: self.0.clone(), head: Vec::new(), answer: None, waits: None };
        Box::pin(async { Ok(Box::new(client) as Box<dyn Stream>) })
    }
}

impl AsyncRead for Client {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let client = &mut *self;
        if let (Server::Floods, Some(answer)) = (&client.server, &mut client.answer)
            && answer.is_empty()
        {
            *answer = frame(0x89, "still there?").repeat(16);
        }
        let Some(answer) = client.answer.as_mut().filter(|answer| !answer.is_empty()) else {
            client.waits = Some(context.waker().clone());
            return Poll::Pending;
        };
        let length = answer.len().min(buf.remaining());
        buf.put_slice(&answer[..length]);
        answer.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if self.answer.is_some() && matches!(self.server, Server::IsDeaf(_)) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.answer.is_none() {
            self.head.extend_from_slice(octets);
            let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
            if head.ends_with("\r\n\r\n") {
                let text = String::from_utf8_lossy(&self.head).into_owned();
                let at = head.find("sec-websocket-key:").expect("a key is sent") + "sec-websocket-key:".len();
                let key = text[at..].lines().next().expect("it has a value").trim();
                let mut answer = SWITCHING.replace("{accept}", &accept(key)).into_bytes();
                if let Server::IsDeaf(last) = &self.server {
                    answer.extend_from_slice(last);
                }
                self.answer = Some(answer);
                self.waits.take().into_iter().for_each(Waker::wake);
            }
        }
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Stream for Client {}
