//! What a scripted peer asks of a stream, whatever network it is of.

use std::io;
use std::time::Duration;

use hinternet::transport::MemoryStream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// The server's end of a connection.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// Small writes go out at once.
    fn write_at_once(&self) -> io::Result<()>;

    /// The end of it is to be a reset.
    fn reset_when_dropped(&self) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn write_at_once(&self) -> io::Result<()> {
        self.set_nodelay(true)
    }

    fn reset_when_dropped(&self) -> io::Result<()> {
        socket2::SockRef::from(self).set_linger(Some(Duration::ZERO))
    }
}

impl Socket for MemoryStream {
    fn write_at_once(&self) -> io::Result<()> {
        Ok(())
    }

    fn reset_when_dropped(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
