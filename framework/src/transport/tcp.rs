//! TCP as a stream.

use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::{Peek, Stream};

/// Opens a TCP connection whose small writes go out at once.
pub(super) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Stream for TcpStream {
    /// Asks the kernel: tokio's own readiness may lag behind what has already arrived.
    fn peek(&self) -> Peek {
        let mut octet = [MaybeUninit::uninit()];
        match SockRef::from(self).peek(&mut octet) {
            Ok(0) => Peek::Ended,
            Ok(_) => Peek::Octets,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Peek::Silent,
            Err(_) => Peek::Ended,
        }
    }

    fn remote(&self) -> SocketAddr {
        // A socket that broke in the meantime has no peer any more; the next read says why.
        self.peer_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    fn local(&self) -> Option<SocketAddr> {
        self.local_addr().ok()
    }
}
