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
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(after))?;
    }
    Ok(stream)
}

impl Stream for TcpStream {
    /// Asks the kernel: tokio's own readiness may lag behind what has already arrived.
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*SockRef::from(&*self)).read(buf)
    }

    /// Asks the kernel only if tokio has seen something come since a read found less than it had room for.
    fn read_seen(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.try_read(buf)
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
    use std::io::Write;
    use std::time::Duration;

    use tokio::io::AsyncReadExt;

    use super::*;

    /// The options of one end cannot be seen from the other, so the socket itself is asked.
    async fn socket(options: DialOptions) -> (bool, Option<Duration>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(&options, listener.local_addr().unwrap()).await.unwrap();
        let socket = SockRef::from(&stream);
        let probes = socket.keepalive().unwrap().then(|| socket.tcp_keepalive_time().unwrap());
        (socket.tcp_nodelay().unwrap(), probes)
    }

    #[tokio::test]
    async fn e_small_writes_go_out_at_once_and_silence_is_probed_as_the_options_say() {
        let after = Duration::from_secs(7);
        assert_eq!(socket(DialOptions::default()).await, (true, Some(Duration::from_secs(30))));
        assert_eq!(socket(DialOptions::default().no_delay(false).keep_alive(after)).await, (false, Some(after)));
        assert_eq!(socket(DialOptions::default().keep_alive(None)).await, (true, None));
    }

    /// A stream that was read empty, and the other end of it.
    async fn emptied() -> (TcpStream, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut ours = connect(&DialOptions::default(), listener.local_addr().unwrap()).await.unwrap();
        let (mut theirs, _) = listener.accept().unwrap();
        theirs.write_all(b"answer").unwrap();
        assert_eq!(ours.read(&mut [0; 64]).await.unwrap(), 6);
        (ours, theirs)
    }

    fn nothing(read: io::Result<usize>) -> bool {
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    #[tokio::test]
    async fn f_what_came_on_an_idle_stream_is_seen_when_the_reactor_has_looked_and_by_the_kernel_at_once() {
        let (mut ours, mut theirs) = emptied().await;
        assert!(nothing(ours.read_seen(&mut [0])) && nothing(ours.read_now(&mut [0])));
        theirs.write_all(b"!").unwrap();
        // The race that is left: it has come, and the reactor had no turn since.
        assert!(nothing(ours.read_seen(&mut [0])));
        tokio::task::yield_now().await;
        assert_eq!(ours.read_seen(&mut [0]).unwrap(), 1);

        let (mut ours, mut theirs) = emptied().await;
        theirs.write_all(b"!").unwrap();
        assert_eq!(ours.read_now(&mut [0]).unwrap(), 1);

        let (mut ours, theirs) = emptied().await;
        drop(theirs);
        tokio::task::yield_now().await;
        assert_eq!(ours.read_seen(&mut [0]).unwrap(), 0, "the end is seen too");
    }

    #[tokio::test]
    async fn f_what_a_read_may_have_left_is_asked_of_the_kernel() {
        let (mut ours, mut theirs) = emptied().await;
        theirs.write_all(b"more").unwrap();
        assert_eq!(ours.read(&mut [0; 4]).await.unwrap(), 4);
        theirs.write_all(b"!").unwrap();
        assert_eq!(ours.read_seen(&mut [0]).unwrap(), 1, "the read before had filled its buffer");
    }
}
