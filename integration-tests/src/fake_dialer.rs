//! A dialer whose attempts the test ends, one by one.

use std::io;

use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::transport::MemoryStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::patience::HANG;

/// Hands every attempt to the test.
#[derive(Clone, Debug)]
pub struct FakeDialer {
    begun: mpsc::UnboundedSender<Attempt>,
}

/// The attempts of a [`FakeDialer`], in the order in which they began.
#[derive(Debug)]
pub struct Attempts {
    begun: mpsc::UnboundedReceiver<Attempt>,
}

/// An attempt under way. Dropped, it fails.
#[derive(Debug)]
pub struct Attempt {
    /// Where it goes.
    pub to: Destination,
    /// When it began.
    pub at: Instant,
    outcome: oneshot::Sender<io::Result<MemoryStream>>,
}

impl FakeDialer {
    /// A dialer, and what it is asked to do.
    pub fn new() -> (Self, Attempts) {
        let (sender, begun) = mpsc::unbounded_channel();
        (Self { begun: sender }, Attempts { begun })
    }
}

impl Attempts {
    /// The next attempt, once it begins.
    ///
    /// # Panics
    /// When none ever does. On a paused clock that is seen at once.
    pub async fn next(&mut self) -> Attempt {
        match tokio::time::timeout(HANG, self.begun.recv()).await {
            Ok(Some(attempt)) => attempt,
            _ => panic!("no attempt begins"),
        }
    }

    /// Has none begun beyond those that were taken?
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }
}

impl Attempt {
    /// It succeeds, and whoever it connects to answers every request so.
    pub fn connect(self, answer: &'static str) {
        let (ours, theirs) = MemoryStream::pair();
        tokio::spawn(answering(theirs, answer));
        // An attempt that was given up connects nobody.
        let _given_up = self.outcome.send(Ok(ours));
    }

    /// It fails.
    pub fn refuse(self) {
        let _given_up = self.outcome.send(Err(io::ErrorKind::ConnectionRefused.into()));
    }

    /// Waits until nobody waits for it any more.
    pub async fn given_up(mut self) {
        self.outcome.closed().await;
    }

    /// Does nobody wait for it any more?
    pub fn is_given_up(&self) -> bool {
        self.outcome.is_closed()
    }
}

impl Dialer for FakeDialer {
    fn dial(&self, to: &Destination) -> Dialing {
        let (outcome, ended) = oneshot::channel();
        let begun = self.begun.send(Attempt { to: to.clone(), at: Instant::now(), outcome });
        Box::pin(async move {
            let gone = || io::Error::other("the test ended the attempt");
            begun.map_err(|_| gone())?;
            Ok(Box::new(ended.await.map_err(|_| gone())??) as Box<dyn Stream>)
        })
    }
}

/// Answers every request without a body on this stream so, until the other side goes.
pub async fn answering(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) -> io::Result<()> {
    let mut unread = Vec::new();
    while stream.read_buf(&mut unread).await? > 0 {
        while let Some(end) = unread.windows(4).position(|octets| octets == b"\r\n\r\n") {
            unread.drain(..end + 4);
            stream.write_all(answer.as_bytes()).await?;
        }
    }
    Ok(())
}
