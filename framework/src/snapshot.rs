//! A session as it is at one moment: its origins, their wires, and its requests.
//!
//! There is no secret in it: no path, no query, no header field, no octet of a body.

#[cfg(feature = "serde")]
mod plain;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{Method, Version};

use crate::id::{HandleId, WireId};
use crate::reason::{PauseReason, WireHealth};
use crate::target::Origin;
use crate::trace::Noted;

/// A session as it is, from [`Session::snapshot`](crate::Session::snapshot).
///
/// What one shard has is of one moment; the shards are asked at the same time, and not stopped. With the feature `serde` it can be
/// serialised: ids are numbers, addresses and origins text, durations seconds.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// session.get("http://www.example.com/")?.send().await?.bytes().await?;
/// let snapshot = session.snapshot().await;
/// let origin = &snapshot.origins[0];
/// assert_eq!((origin.origin.host(), origin.requests_begun, origin.wires.len()), ("www.example.com", 1, 1));
/// assert!(origin.wires[0].health.takes_requests());
/// for request in &snapshot.requests {
///     println!("{} {}: {}, waits for {:?}", request.method, request.origin, request.state, request.waits_for);
/// }
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_QUERY_CONNECTION_GROUP_RESULT")]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The session.
    pub session: HandleId,
    /// How long it has been open.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::seconds"))]
    pub age: Duration,
    /// Its connections whose handle is open, sorted by id.
    pub connections: Vec<ConnectionSnapshot>,
    /// Its origins. One that is on several shards, or is used with several kinds of dials or of TLS, is there once for each.
    pub origins: Vec<OriginSnapshot>,
    /// Those of its origins that have a governor, sorted by name.
    pub governors: Vec<GovernorSnapshot>,
    /// Its requests whose handle is open, sorted by id.
    pub requests: Vec<RequestSnapshot>,
    /// Its WebSockets whose handle is open, sorted by id.
    pub websockets: Vec<WebSocketSnapshot>,
    /// What the session's own handle was told of last.
    pub trace: Vec<TraceEvent>,
}

/// One connection handle. The wires it uses stand at their origin.
///
/// An example is at [`Snapshot`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ConnectionSnapshot {
    /// Its handle, a name that no other handle ever has.
    pub id: HandleId,
    /// What it leads to.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::text"))]
    pub origin: Origin,
    /// What it was told of last.
    pub trace: Vec<TraceEvent>,
}

/// The wires to one server, and the line that waits for them.
///
/// An example is at [`Snapshot`].
#[doc(alias("WINHTTP_CONNECTION_GROUP", "WINHTTP_HOST_CONNECTION_GROUP"))]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OriginSnapshot {
    /// Scheme, host and port.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::text"))]
    pub origin: Origin,
    /// How many requests wait for a wire, be it dialed or in use.
    pub waiting: usize,
    /// How many wires are being dialed.
    pub dialing: usize,
    /// Those that are open or say their last words, in the order they were opened.
    pub wires: Vec<WireSnapshot>,
    /// How many were opened since the session met the origin. It forgets one that is not used for a minute.
    pub wires_opened: u64,
    /// How many requests have begun on all of those.
    pub requests_begun: u64,
    /// Octets sent on all of those; see [`WireSnapshot::octets_sent`].
    pub octets_sent: u64,
    /// Octets received on all of those.
    pub octets_received: u64,
    /// What happened last to its wires: `dialed`, `dial failed`, `health`, `closed`.
    pub trace: Vec<TraceEvent>,
}

/// What the [`Governor`](crate::Governor) of an origin does. One that nobody has used for a minute, and that would hold nobody back,
/// is forgotten.
///
/// An example is at [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct GovernorSnapshot {
    /// Scheme, host and port.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::text"))]
    pub origin: Origin,
    /// How many requests may be under way at once now; `None`: any number.
    pub concurrency: Option<usize>,
    /// How many are.
    pub under_way: usize,
    /// How many wait for their turn.
    pub waiting: usize,
    /// How many may be let go at once by the rate; `None` without one.
    pub tokens: Option<u32>,
    /// How long until the next one may be let go, by the pause, the rate and the interval; `None`: when one that is under way is over,
    /// or is answered.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
    pub opens_in: Option<Duration>,
    /// How much longer the pause lasts that is in force, if one is.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
    pub paused_for: Option<Duration>,
    /// Why there is that pause.
    pub paused_by: Option<PauseReason>,
}

/// One wire: a connection to a server.
///
/// An example is at [`Snapshot`].
#[doc(alias("TCP_INFO_v0", "TCP_INFO_v1", "TCP_INFO_v2"))]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WireSnapshot {
    /// Its name, which no other wire ever has.
    pub id: WireId,
    /// What is spoken on it.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::version"))]
    pub protocol: Version,
    /// How it is. One of HTTP/1.1 is never suspect nor draining.
    pub health: WireHealth,
    /// How long it has been open.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::seconds"))]
    pub age: Duration,
    /// The server's address; `None` where there is no such thing, as over a Unix socket.
    pub remote: Option<SocketAddr>,
    /// Our own address; `None` if the system does not tell it.
    pub local: Option<SocketAddr>,
    /// What secures it; `None` without TLS.
    pub secure: Option<SecureSnapshot>,
    /// How long the name was looked up for it.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::seconds"))]
    pub resolving: Duration,
    /// How long connecting took, from the first address that was tried to the one that answered.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::seconds"))]
    pub connecting: Duration,
    /// How long the TLS handshake took; `None` without TLS.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
    pub securing: Option<Duration>,
    /// How many requests have begun on it.
    pub requests_begun: u64,
    /// Octets of the protocol sent on it, framing included; those of TLS and TCP are not counted.
    pub octets_sent: u64,
    /// The same that were received.
    pub octets_received: u64,
    /// How many requests it carries.
    pub open_streams: usize,
    /// How many it may carry at a time; 1 over HTTP/1.1.
    pub stream_limit: usize,
    /// What else is known of one that speaks HTTP/2.
    pub http2: Option<Http2Snapshot>,
}

/// What secures a wire; the whole of it is [`SecurityInfo`](crate::tls::SecurityInfo).
///
/// An example is at [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SecureSnapshot {
    /// The version of TLS: `TLS 1.2` or `TLS 1.3`.
    pub protocol: &'static str,
    /// The cipher suite by its IANA name.
    pub cipher_suite: &'static str,
    /// The application protocol agreed on (ALPN, RFC 7301), if any.
    pub application_protocol: Option<String>,
    /// Was an earlier session taken up again (RFC 8446 section 2.2)?
    pub resumed: bool,
}

/// What is known of a wire that speaks HTTP/2 (RFC 9113).
///
/// An example is at [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Http2Snapshot {
    /// How long the answer to a ping takes, smoothed; `None` before one was answered.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
    pub round_trip: Option<Duration>,
    /// How long the last one took.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
    pub last_round_trip: Option<Duration>,
    /// How many octets of one response may be under way unread.
    pub stream_window: u32,
    /// The same of all responses together.
    pub connection_window: u32,
    /// Frames received, of any kind.
    pub frames_received: u64,
    /// Those of them that carry nothing of a response, as the limit [`control_frames`](crate::Http2Options::control_frames)
    /// counts them.
    pub control_frames_received: u64,
    /// Octets of response bodies received, without padding.
    pub data_octets_received: u64,
    /// Octets of response bodies that came and were not read yet; a part of `connection_window`, which is larger by what those hold
    /// that are not read at all, up to [`unread_limit`](crate::Http2Options::unread_limit).
    pub unread: u64,
    /// How many of its responses are not read any more, as [`stalled_after`](crate::Http2Options::stalled_after) has it.
    pub stalled_readers: usize,
}

/// One request.
///
/// An example is at [`Snapshot`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RequestSnapshot {
    /// Its handle, a name that no other handle ever has.
    pub id: HandleId,
    /// The handle above it: a connection, or the session.
    pub parent: Option<HandleId>,
    /// What the server is asked for.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::text"))]
    pub method: Method,
    /// The server.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::text"))]
    pub origin: Origin,
    /// Where it stands, in a word: `opened`, `sending`, `uploading`, `writing`, `sent`, `receiving`, `body`, `reading`, `done`,
    /// `failed`, `broken`, `upgraded`, or `closing`.
    pub state: &'static str,
    /// How long ago it was begun to be sent, for the last time; `None` if it never was.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
    pub age: Option<Duration>,
    /// The wire that carries it, if one does.
    pub wire: Option<WireId>,
    /// What it waits for; `None` if for nothing.
    pub waits_for: Option<Waiting>,
    /// What the program says of it ([`Request::annotate`](crate::Request::annotate)).
    #[doc(alias = "WINHTTP_OPTION_REQUEST_ANNOTATION")]
    pub annotation: Option<String>,
    /// What it was told of last.
    pub trace: Vec<TraceEvent>,
}

/// One WebSocket.
///
/// An example is at [`Snapshot`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WebSocketSnapshot {
    /// Its handle, a name that no other handle ever has.
    pub id: HandleId,
    /// The handle above it: a connection, the session, or a self-healing WebSocket.
    pub parent: Option<HandleId>,
    /// The wire that it was opened on: its alone, or one of HTTP/2 that others share.
    pub wire: WireId,
    /// Where it stands, in a word: `open`, `closed_by_server`, or `closing`.
    pub state: &'static str,
    /// How long ago it was opened.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::seconds"))]
    pub age: Duration,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// How long the answer to the last ping took; `None` before one was answered.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
    pub round_trip: Option<Duration>,
    /// Messages whose last part went out, by calls and by a sink.
    pub messages_sent: u64,
    /// Octets of what was sent, without headers and before compression. Those of a message that is still going out are not among them.
    pub octets_sent: u64,
    /// Messages whose last part was received, by calls and by a stream; not the server's close.
    pub messages_received: u64,
    /// Octets of what was received, without headers and after expansion.
    pub octets_received: u64,
    /// A send or shutdown is in flight, or something of a sink.
    pub sending: bool,
    /// A receive is in flight, of a call or of a stream.
    pub receiving: bool,
    /// A close is in flight: the server's is waited for.
    pub closing: bool,
    /// What it was told of last.
    pub trace: Vec<TraceEvent>,
}

/// Something that happened, kept because [`SessionOptions::trace`](crate::SessionOptions::trace) asks for it.
///
/// An example is at [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TraceEvent {
    /// How long ago; if it happened several times in a row, the last of them.
    #[cfg_attr(feature = "serde", serde(serialize_with = "plain::seconds"))]
    pub ago: Duration,
    /// What: of a handle, the name of its notification.
    pub what: &'static str,
    /// A figure to it, as an address, a number of octets, the code of an error. There is no secret in it.
    pub detail: Option<String>,
    /// How many times in a row.
    pub times: u64,
}

impl TraceEvent {
    pub(crate) fn of(noted: &Noted, now: Instant) -> Self {
        let Noted { at, what, detail, times } = noted;
        let detail = detail.as_deref().map(str::to_owned);
        Self { ago: now.saturating_duration_since(*at), what, detail, times: *times }
    }
}

/// What a request waits for, from [`Request::why_waiting`](crate::Request::why_waiting).
///
/// An example is at [`Snapshot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Waiting {
    /// The address of its server.
    Resolve,
    /// A connection, which is being opened.
    Connect,
    /// A proxy to open a tunnel.
    Tunnel,
    /// The connection to be secured.
    Tls,
    /// Its turn, by the origin's [`Governor`](crate::Governor) or by the session's
    /// [`requests_at_once`](crate::SessionOptions::requests_at_once).
    Governor {
        /// The place in the line; 1 is next. One of a higher priority that comes later may go before it.
        position: usize,
        /// How long until the first in the line may go; `None`: when a request that is under way is over, or is answered.
        #[cfg_attr(feature = "serde", serde(serialize_with = "plain::some_seconds"))]
        opens_in: Option<Duration>,
    },
    /// A wire: the origin has all it may have, and they are in use.
    WireLimit {
        /// The place in the line; 1 is next.
        position: usize,
    },
    /// A stream: the wires carry all that their server takes at a time.
    StreamLimit {
        /// The place in the line; 1 is next.
        position: usize,
    },
    /// A wire, of which the session has all it may have.
    SessionLimit,
    /// The server to take more of the request: its window, or the socket's buffer, is full.
    SendWindow,
    /// The server's answer, or more of it.
    Server,
    /// The program: it gives no more of the request body, or asks for no more of the response.
    Consumer,
    /// A subscriber that leaves too much unhandled.
    Subscriber,
}
