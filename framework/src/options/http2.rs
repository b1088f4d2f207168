//! Which protocols may be spoken, and how HTTP/2 is spoken.

use std::time::Duration;

use super::timeouts::check_one;
use crate::error::{Error, Operation, Result};

/// Which protocols a request may be sent by (`WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL`, `WINHTTP_OPTION_HTTP_PROTOCOL_REQUIRED`).
///
/// What they mean for a WebSocket stands at [`Request::upgrade_to_websocket`](crate::Request::upgrade_to_websocket).
///
/// An example is at [`Http2Options`].
#[doc(alias = "WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL")]
#[doc(alias = "WINHTTP_OPTION_HTTP_PROTOCOL_REQUIRED")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocols {
    /// HTTP/1.1 alone.
    Http1,
    /// Requests of HTTP/1.0, over wires of HTTP/1.1, for a server or a gateway that takes nothing else (`WINHTTP_OPTION_HTTP_VERSION`).
    ///
    /// Such a request has no chunks: a body whose length is not known is refused with 87. It says no `Expect`
    /// ([`RequestOptions::expect_continue`](crate::RequestOptions::expect_continue) is passed over, a field of the caller's refused),
    /// and it asks for no WebSocket. No `Connection` is added, and its wire serves again only if the response says `keep-alive`
    /// (RFC 9112 9.3, C.2.2). The response is read as any other.
    #[doc(alias("WINHTTP_OPTION_HTTP_VERSION", "HTTP_VERSION_INFO"))]
    Http10,
    /// HTTP/2 if the server chooses it in the TLS handshake (ALPN, RFC 9113 3.2), else HTTP/1.1. Without TLS: HTTP/1.1.
    #[doc(alias = "WINHTTP_PROTOCOL_FLAG_HTTP2")]
    #[default]
    PreferHttp2,
    /// HTTP/2 or nothing: by ALPN with TLS, without TLS by prior knowledge (RFC 9113 3.3). A server that does not choose it, or
    /// answers in HTTP/1 where there was nothing to choose, fails the request with 12190.
    RequireHttp2,
}

/// How HTTP/2 is spoken: sizes, pings, and how much a server may ask for. Part of what makes a wire: requests that differ in it
/// share none.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{Http2Options, Protocols, Session, StalledReader};
///
/// let mut http2 = Http2Options::default();
/// http2.ping_every = Some(Duration::from_secs(20));
/// http2.stalled_reader = StalledReader::Abort; // rather than hold up the others on its wire
/// let session = Session::builder().protocols(Protocols::RequireHttp2).http2(http2).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Http2Options {
    /// Octets of one response body that may be under way unread (RFC 9113 5.2). Default 2 MiB; 65,535 to 2³¹ - 1.
    #[doc(alias = "WINHTTP_HTTP2_RECEIVE_WINDOW")]
    #[doc(alias = "WINHTTP_OPTION_HTTP2_RECEIVE_WINDOW")]
    pub stream_window: u32,
    /// Octets of all response bodies of a wire that may be under way unread. Default 5 MiB; 65,535 to 2³¹ - 1.
    pub connection_window: u32,
    /// Both windows grow, up to 16 MiB, with what the path holds: round trip times throughput, measured by pings. Default true.
    pub adaptive_window: bool,
    /// The largest frame the server may send (RFC 9113 6.5.2). Default 16,384; up to 16,777,215.
    pub max_frame_size: u32,
    /// A wire that was silent for so long is asked by a ping when it is used. Default 5 s; `None` never.
    pub ping_after: Option<Duration>,
    /// A ping so often while requests are in flight, whatever else is heard. Default `None`: never.
    #[doc(alias = "WINHTTP_OPTION_HTTP2_KEEPALIVE")]
    pub ping_every: Option<Duration>,
    /// How long an answer to a ping may take, and the server's first word on a new wire. A wire that is silent for longer is
    /// suspect and gets no more requests; silent for so long once more, it is closed. Default 10 s.
    pub ping_timeout: Duration,
    /// Frames without any of a response's octets that a server may send in a second. Default 10,000.
    pub control_frames: u32,
    /// A response whose reader takes nothing for so long, while so much of it is unread that its server has to wait, is stalled:
    /// its request is told so by [`ReaderStalled`](crate::Status::ReaderStalled). Default 10 s.
    pub stalled_after: Duration,
    /// What is done about such a reader beside telling it. Default: the next requests go on another wire.
    pub stalled_reader: StalledReader,
    /// Octets of responses that nobody reads for which a wire makes up: its connection window is larger by what they hold, so that
    /// the others go on. No more than this and `connection_window` of one wire is ever held unread. When half of it is reached the
    /// windows of all its streams become 65,535 octets, until there is less than a quarter. Default 64 MiB; 0 makes up for nothing.
    pub unread_limit: u32,
}

/// What is done about a reader that reads no more, beside telling its request. In any case the wire makes up for what it holds,
/// up to [`unread_limit`](Http2Options::unread_limit).
///
/// An example is at [`Http2Options`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StalledReader {
    /// Nothing: once half of the limit is held unread, the windows of all streams of the wire are small, and that is all.
    Shrink,
    /// While half of the limit is held unread, some of it by stalled readers, the next requests go on another wire, if the origin
    /// may have one more.
    #[default]
    NewWire,
    /// Its request ends: the stream is reset, and the operation in flight, or the next one, fails with 12002 at `Stage::Body`, by the
    /// caller's fault. A WebSocket that is not read goes on: its server waits, as it would over a wire of its own.
    Abort,
}

impl Default for Http2Options {
    fn default() -> Self {
        Self {
            stream_window: 2 * 1024 * 1024,
            connection_window: 5 * 1024 * 1024,
            adaptive_window: true,
            max_frame_size: 16_384,
            ping_after: Some(Duration::from_secs(5)),
            ping_every: None,
            ping_timeout: Duration::from_secs(10),
            control_frames: 10_000,
            stalled_after: Duration::from_secs(10),
            stalled_reader: StalledReader::default(),
            unread_limit: 64 * 1024 * 1024,
        }
    }
}

impl Http2Options {
    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        // Without `..`: a new option is checked here, or said to need none.
        let Self {
            stream_window,
            connection_window,
            adaptive_window: _,
            max_frame_size,
            ping_after,
            ping_every,
            ping_timeout,
            control_frames,
            stalled_after,
            stalled_reader: _,
            unread_limit: _,
        } = *self;
        let refuse = |detail: &'static str| Err(Error::parameter(operation, detail));
        if !WINDOWS.contains(&stream_window) || !WINDOWS.contains(&connection_window) {
            return refuse("a window of HTTP/2 is not within 65,535 to 2,147,483,647 octets (RFC 9113 6.9)");
        }
        if !FRAMES.contains(&max_frame_size) {
            return refuse("http2.max_frame_size is not within 16,384 to 16,777,215 octets (RFC 9113 4.2)");
        }
        if control_frames < 100 {
            return refuse("http2.control_frames is under 100 a second: no server could be spoken to");
        }
        check_one("http2.ping_timeout", ping_timeout, operation)?;
        check_one("http2.stalled_after", stalled_after, operation)?;
        for (name, every) in [("http2.ping_after", ping_after), ("http2.ping_every", ping_every)] {
            every.map_or(Ok(()), |every| check_one(name, every, operation))?;
        }
        Ok(())
    }
}

const WINDOWS: std::ops::RangeInclusive<u32> = 65_535..=0x7fff_ffff;
const FRAMES: std::ops::RangeInclusive<u32> = 16_384..=0x00ff_ffff;
