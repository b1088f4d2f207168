//! TCP as a stream.

use std::io::{self, Read};
use std::net::SocketAddr;

use socket2::SockRef;
use tokio::net::TcpStream;

use crate::network::Stream;

/// Opens a TCP connection whose small writes go out at once.
pub(super) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Stream for TcpStream {
    /// Asks the kernel: tokio's own readiness may lag behind what has already arrived.
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*SockRef::from(&*self)).read(buf)
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.peer_addr().ok()
    }

    fn local(&self) -> Option<SocketAddr> {
        self.local_addr().ok()
    }
}
