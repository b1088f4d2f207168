//! A network in memory: a dialer, and a listener that gets the other end of every stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;

use crate::network::{Destination, Dialer, Dialing, Stream};

/// A network in memory: what the dialer opens, the listener accepts. For tests, and for a server in the same process.
///
/// No name is looked up; the listener is told which host and port were meant.
///
/// ```
/// use hinternet::transport::in_memory;
/// use hinternet::{DialOptions, Session};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (dialer, mut listener) = in_memory();
/// tokio::spawn(async move {
///     while let Some((mut stream, meant)) = listener.accept().await {
///         let mut request = [0; 1024];
///         let _octets = stream.read(&mut request).await?;
///         let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nI am {}", meant.host);
///         stream.write_all(answer.as_bytes()).await?;
///     }
///     std::io::Result::Ok(())
/// });
///
/// let session = Session::builder().dial(DialOptions::default().dialer(dialer)).open()?;
/// let text = session.get("http://anywhere.example/")?.send().await?.text().await?;
/// assert_eq!(text, "I am anywhere.example");
/// # Ok(())
/// # }
/// ```
pub fn in_memory() -> (MemoryDialer, MemoryListener) {
    let (arrive, arriving) = mpsc::channel(BACKLOG);
    (MemoryDialer { arrive }, MemoryListener { arriving })
}

/// Opens streams to a [`MemoryListener`]; from [`in_memory`]. Once that is dropped, it is refused.
///
/// An example is at [`in_memory`].
#[derive(Clone, Debug)]
pub struct MemoryDialer {
    arrive: mpsc::Sender<(MemoryStream, Destination)>,
}

/// Accepts the streams that a [`MemoryDialer`] opens; from [`in_memory`].
///
/// An example is at [`in_memory`].
#[derive(Debug)]
pub struct MemoryListener {
    arriving: mpsc::Receiver<(MemoryStream, Destination)>,
}

impl MemoryListener {
    /// The next stream, and where it was meant to go; `None` when no dialer is left. Nothing is lost when the future is dropped.
    pub async fn accept(&mut self) -> Option<(MemoryStream, Destination)> {
        self.arriving.recv().await
    }
}

impl Dialer for MemoryDialer {
    /// A dial waits while 128 streams wait to be accepted.
    fn dial(&self, to: &Destination) -> Dialing {
        let (arrive, to) = (self.arrive.clone(), to.clone());
        Box::pin(async move {
            let (ours, theirs) = MemoryStream::pair();
            let refused = |_| io::Error::new(io::ErrorKind::ConnectionRefused, "the listener in memory is gone");
            arrive.send((theirs, to)).await.map_err(refused)?;
            Ok(Box::new(ours) as Box<dyn Stream>)
        })
    }

    fn wants_addresses(&self) -> bool {
        false
    }
}

/// One end of a stream in memory. The other end reads what is written here; dropping it is the end for the other.
///
/// ```
/// use hinternet::transport::MemoryStream;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (mut ours, mut theirs) = MemoryStream::pair();
/// theirs.write_all(b"hello").await?;
/// drop(theirs);
/// let mut said = String::new();
/// ours.read_to_string(&mut said).await?;
/// assert_eq!(said, "hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryStream(DuplexStream);

impl MemoryStream {
    /// Both ends of a stream, for a dialer of your own. Up to 64 KiB may be under way in each direction.
    pub fn pair() -> (Self, Self) {
        Self::pair_holding(PIPE)
    }

    /// The same, with so many octets under way in each direction before a write has to wait.
    pub fn pair_holding(octets: usize) -> (Self, Self) {
        let (one, other) = duplex(octets);
        (Self(one), Self(other))
    }
}

impl Stream for MemoryStream {}

impl AsyncRead for MemoryStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buf)
    }
}

impl AsyncWrite for MemoryStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Streams that wait to be accepted.
const BACKLOG: usize = 128;
/// Octets under way in one direction.
const PIPE: usize = 64 * 1024;
