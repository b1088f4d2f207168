//! Why a wire is closed rather than kept: a sentence each, told, logged and asserted.

mod authentication;
mod cookie;
mod health;
mod pause;

use std::fmt;

pub use authentication::AuthReason;
pub use cookie::CookieRefusal;
pub use health::WireHealth;
pub use pause::PauseReason;

/// Why a connection to a server is closed, or will not be used again.
///
/// An example is at [`NotificationMask`](crate::NotificationMask).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CloseReason {
    /// The response says `Connection: close`.
    ServerAskedToClose,
    /// The request says `Connection: close`.
    CallerAskedToClose,
    /// The server speaks HTTP/1.0 and did not say `Connection: keep-alive`, or less than HTTP/1.0.
    Http10WithoutKeepAlive,
    /// The response has no length: only closing ends its body.
    BodyRunsUntilClose,
    /// The response carries both a Transfer-Encoding and a Content-Length.
    BothFramings,
    /// The server sent something where nothing was due.
    UnexpectedOctets,
    /// The server answered before it had the whole request.
    EarlyResponse,
    /// The response was given up before its end.
    ResponseNotRead,
    /// What was left of an unread response is more than may be skipped.
    DrainLimit,
    /// The operation was cancelled.
    Cancelled,
    /// A limit of time ran out.
    TimedOut,
    /// The server broke the protocol.
    ProtocolError,
    /// The network or TLS failed.
    TransportError,
    /// The server closed the connection.
    PeerClosed,
    /// The connection was idle for too long.
    IdleTimeout,
    /// The connection was idle and made room for another.
    MadeRoom,
    /// The session was closed.
    SessionClosed,
    /// The server is going away (GOAWAY, RFC 9113 6.8).
    GoingAway,
    /// The server was silent for too long after it was asked for a sign of life.
    PingTimeout,
    /// The name of the server has other addresses now.
    NameMoved,
    /// Nobody needs the connection any more.
    Retired,
    /// The connection has become a tunnel, a WebSocket or the like.
    SwitchedProtocols,
    /// The WebSocket that the connection had become was closed.
    WebSocketClosed,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerAskedToClose => "the server asked to close the connection",
            Self::CallerAskedToClose => "the request asked to close the connection",
            Self::Http10WithoutKeepAlive => "the server speaks HTTP/1.0 and did not offer to keep the connection",
            Self::BodyRunsUntilClose => "the response body runs until the connection is closed",
            Self::BothFramings => "the response carries both a Transfer-Encoding and a Content-Length",
            Self::UnexpectedOctets => "the server sent octets where none were due",
            Self::EarlyResponse => "the server answered before the request was complete",
            Self::ResponseNotRead => "the response was not read to its end",
            Self::DrainLimit => "the rest of the response was too long to skip",
            Self::Cancelled => "the operation was cancelled",
            Self::TimedOut => "a limit of time ran out",
            Self::ProtocolError => "the server broke the protocol",
            Self::TransportError => "the network or TLS failed",
            Self::PeerClosed => "the server closed the connection",
            Self::IdleTimeout => "the connection was idle for too long",
            Self::MadeRoom => "the idle connection made room for another",
            Self::SessionClosed => "the session was closed",
            Self::GoingAway => "the server is going away",
            Self::PingTimeout => "the server answered no ping in time",
            Self::NameMoved => "the name has other addresses now",
            Self::Retired => "nobody needs the connection any more",
            Self::SwitchedProtocols => "the connection was handed over to another protocol",
            Self::WebSocketClosed => "the WebSocket on the connection was closed",
        })
    }
}
