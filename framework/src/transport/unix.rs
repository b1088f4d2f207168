//! Unix sockets as streams.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use socket2::SockRef;
use tokio::net::UnixStream;

use crate::network::{Destination, Dialer, Dialing, Stream};

/// Connects to a Unix socket, whatever host and port the URL names: for services that listen on one, such as a container engine.
///
/// No name is looked up; the `Host` field and, with `https`, the name in the certificate are those of the URL.
///
/// ```no_run
/// use hinternet::transport::UnixDialer;
/// use hinternet::{DialOptions, Session};
///
/// # async fn example() -> hinternet::Result<()> {
/// let dial = DialOptions::default().dialer(UnixDialer::new("/run/docker.sock"));
/// let session = Session::builder().dial(dial).open()?;
/// println!("{}", session.get("http://docker/version")?.send().await?.text().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnixDialer {
    path: PathBuf,
}

impl UnixDialer {
    /// A dialer to the socket at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the socket is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Dialer for UnixDialer {
    fn dial(&self, _to: &Destination) -> Dialing {
        let path = self.path.clone();
        Box::pin(async move {
            let stream = UnixStream::connect(&path).await;
            let stream =
                stream.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    fn wants_addresses(&self) -> bool {
        false
    }
}

impl Stream for UnixStream {
    /// Asks the kernel: tokio's own readiness may lag behind what has already arrived.
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*SockRef::from(&*self)).read(buf)
    }
}
