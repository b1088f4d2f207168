//! TCP as a stream.

use std::io::{self, Read};
use std::net::SocketAddr;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};

use crate::network::Stream;
use crate::options::DialOptions;

/// Opens a TCP connection with these options.
pub(super) async fn connect(options: &DialOptions, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(local) = options.local_address {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    let stream = socket.connect(address).await?;
    let socket = SockRef::from(&stream);
    if options.no_delay {
        socket.set_tcp_nodelay(true)?;
    }
    if let Some(after) = options.keep_alive {
        let silence = TcpKeepalive::new().with_time(after);
        // Windows is told the pause between probes too, and 0 where it is left out (libuv#3487): this is its own default.
        #[cfg(windows)]
        let silence = silence.with_interval(std::time::Duration::from_secs(1));
        socket.set_tcp_keepalive(&silence)?;
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The options of one end cannot be seen from the other, so the socket itself is asked.
    async fn socket(options: DialOptions) -> (bool, Option<Duration>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(&options, listener.local_addr().unwrap()).await.unwrap();
        let socket = SockRef::from(&stream);
        #[cfg(not(windows))]
        let after = socket.tcp_keepalive_time().unwrap();
        // It is told and does not say.
        #[cfg(windows)]
        let after = options.keep_alive.unwrap_or_default();
        let probes = socket.keepalive().unwrap().then_some(after);
        (socket.tcp_nodelay().unwrap(), probes)
    }

    #[tokio::test]
    async fn e_small_writes_go_out_at_once_and_silence_is_probed_as_the_options_say() {
        let after = Duration::from_secs(7);
        assert_eq!(socket(DialOptions::default()).await, (true, Some(Duration::from_secs(30))));
        assert_eq!(socket(DialOptions::default().no_delay(false).keep_alive(after)).await, (false, Some(after)));
        assert_eq!(socket(DialOptions::default().keep_alive(None)).await, (true, None));
    }
}
