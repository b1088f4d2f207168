//! What a WebSocket obeys: how much may come, how long its end may take, and how it is told that the server is still there.

use std::time::Duration;

use super::timeouts::check_one;
use crate::error::{Error, Operation, Result};

/// What a WebSocket obeys. It has a copy of its request's, which began as one of the connection's.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{Session, WebSocketOptions};
///
/// let mut options = WebSocketOptions::default();
/// options.message = 1 << 20; // nobody sends more than a mebioctet at a time
/// options.ping_every = Some(Duration::from_secs(10));
/// let session = Session::open()?;
/// let websocket = session.websocket("wss://feed.example.com/")?.options(options);
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebSocketOptions {
    /// Octets of one message that is received. Default 64 MiB.
    pub message: u64,
    /// Octets of one frame that is received. Default 16 MiB.
    #[doc(alias = "WINHTTP_OPTION_WEB_SOCKET_RECEIVE_BUFFER_SIZE")]
    pub frame: u64,
    /// Fragments (frames) of one message that is received, empty ones too. Default 131,072.
    pub fragments: u32,
    /// Octets of frames that a [`WebSocketSink`](crate::WebSocketSink) holds before it is not ready for more; a longer message passes
    /// alone. Default 64 KiB.
    #[doc(alias = "WINHTTP_OPTION_WEB_SOCKET_SEND_BUFFER_SIZE")]
    pub write_queue: usize,
    /// How long `close` waits for the server's close frame; and, after the server has closed or has broken the protocol, how long
    /// the wire is kept for the server to end it. Default 10 s.
    #[doc(alias = "WINHTTP_OPTION_WEB_SOCKET_CLOSE_TIMEOUT")]
    pub close_timeout: Duration,
    /// A ping so often, to keep the way open and to notice a server that is gone; `None`: never. Default 30 s. (WinHTTP sends a
    /// pong, which nobody answers.)
    ///
    /// `shutdown` ends the pings, for nothing may follow a close frame; whether the server is still there is not watched from then
    /// on. Where nothing can be sent any more for another reason, such as a send that was out of time, a receive in flight fails
    /// after a silence of `ping_timeout`.
    #[doc(alias = "WINHTTP_OPTION_WEB_SOCKET_KEEPALIVE_INTERVAL")]
    pub ping_every: Option<Duration>,
    /// How long a server may be silent after a ping went out before it counts as gone (12002). What it sends counts, not only the pong;
    /// and its silence does not while a message that came is not received. Default 20 s.
    pub ping_timeout: Duration,
    /// Messages are compressed, if the server agrees to it; see [`Compression`](super::Compression) for what that costs. Default:
    /// `None`, it is not offered.
    #[cfg(feature = "deflate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
    pub compression: Option<super::Compression>,
}

impl Default for WebSocketOptions {
    fn default() -> Self {
        Self {
            message: 64 * 1024 * 1024,
            frame: 16 * 1024 * 1024,
            fragments: 128 * 1024,
            write_queue: 64 * 1024,
            close_timeout: Duration::from_secs(10),
            ping_every: Some(Duration::from_secs(30)),
            ping_timeout: Duration::from_secs(20),
            #[cfg(feature = "deflate")]
            compression: None,
        }
    }
}

impl WebSocketOptions {
    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        // Without `..`: a new option is checked here, or said to need none.
        let Self {
            message,
            frame,
            fragments,
            write_queue,
            close_timeout,
            ping_every,
            ping_timeout,
            #[cfg(feature = "deflate")]
            compression,
        } = *self;
        #[cfg(feature = "deflate")]
        if let Some(compression) = compression {
            compression.check(operation)?;
        }
        let limits = [
            ("message", message),
            ("frame", frame),
            ("fragments", u64::from(fragments)),
            ("write_queue", write_queue as u64),
        ];
        for (name, limit) in limits {
            if limit == 0 {
                return Err(Error::parameter(operation, format!("websocket.{name} is 0: no message would pass")));
            }
        }
        check_one("websocket.close_timeout", close_timeout, operation)?;
        check_one("websocket.ping_timeout", ping_timeout, operation)?;
        ping_every.map_or(Ok(()), |every| check_one("websocket.ping_every", every, operation))
    }
}
