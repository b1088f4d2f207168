//! A stream in memory of a server that consents to the upgrade and then sends pings for ever, faster than anybody reads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use hinternet::DialOptions;
use hinternet::network::{Destination, Dialer, Dialing, Stream};
use integration_tests::websocket::{SWITCHING, accept, frame};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The client's side of it.
#[derive(Debug)]
pub(crate) struct Flood {
    head: Vec<u8>,
    /// What is to be read; `None` before the head has come.
    answer: Option<Vec<u8>>,
    waits: Option<Waker>,
}

impl Flood {
    /// Every way leads to such a server.
    pub(crate) fn dial() -> DialOptions {
        DialOptions::default().dialer(Dials)
    }
}

#[derive(Debug)]
struct Dials;

impl Dialer for Dials {
    fn dial(&self, _: &Destination) -> Dialing {
        Box::pin(async { Ok(Box::new(Flood { head: Vec::new(), answer: None, waits: None }) as Box<dyn Stream>) })
    }
}

impl AsyncRead for Flood {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(answer) = &mut self.answer else {
            self.waits = Some(context.waker().clone());
            return Poll::Pending;
        };
        if answer.is_empty() {
            *answer = frame(0x89, "still there?").repeat(16);
        }
        let length = answer.len().min(buf.remaining());
        buf.put_slice(&answer[..length]);
        answer.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if self.answer.is_none() {
            self.head.extend_from_slice(octets);
            let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
            if head.ends_with("\r\n\r\n") {
                let text = String::from_utf8_lossy(&self.head).into_owned();
                let at = head.find("sec-websocket-key:").expect("a key is sent") + "sec-websocket-key:".len();
                let key = text[at..].lines().next().expect("it has a value").trim();
                self.answer = Some(SWITCHING.replace("{accept}", &accept(key)).into_bytes());
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

impl Stream for Flood {}
