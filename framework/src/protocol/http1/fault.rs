//! What can go wrong in an HTTP/1.1 exchange, by who is to blame: a [`Fault`] is the peer's, a [`Misuse`] the caller's.

use http::Method;
use thiserror::Error;

use crate::protocol::websocket::fault::HandshakeFault;

/// What the peer did wrong; the wire it came on is never used again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("the response does not begin with a status line of HTTP/1.1 or an earlier version")]
    StatusLine,
    #[error("more than {limit} blank lines came before the status line")]
    BlankLines { limit: usize },
    #[error("a line ends in a bare CR or LF instead of CRLF")]
    BareLineEnd,
    #[error("a field line is malformed")]
    FieldLine,
    #[error("the Content-Length is not one decimal number")]
    ContentLength,
    #[error("the Transfer-Encoding is not a single chunked")]
    TransferEncoding,
    #[error("a response of HTTP/1.0 or less carries a Transfer-Encoding")]
    TransferEncodingInHttp10,
    #[error("the response carries both a Transfer-Encoding and a Content-Length")]
    BothFramings,
    #[error("a chunk size is not a hexadecimal number of at most 16 digits")]
    ChunkSize,
    #[error("a chunk extension is malformed")]
    ChunkExtension,
    #[error("chunk data is not followed by CRLF")]
    ChunkDataEnd,
    #[error("more than {limit} interim responses came before the final one")]
    TooManyInterims { limit: usize },
    #[error("the peer switched protocols without having been asked to")]
    UnaskedUpgrade,
    #[error("{0}")]
    Upgrade(HandshakeFault),
    #[error("the peer answered 101 over HTTP/2, which knows no upgrades")]
    UpgradeInHttp2,
    #[error("the response carries the field {name}, which HTTP/2 does not allow")]
    ConnectionField { name: &'static str },

    #[error("the response has more than {limit} header fields")]
    TooManyFields { limit: usize },

    #[error("the response head is larger than {limit} octets")]
    HeadTooLarge { limit: usize },
    #[error("the interim response heads are larger than {limit} octets together")]
    InterimsTooLarge { limit: usize },

    #[error("the chunk extensions are larger than {limit} octets")]
    ChunkExtensionsTooLarge { limit: usize },
    #[error("the trailer section is larger than {limit} octets")]
    TrailersTooLarge { limit: usize },
    #[error("the trailer section has more than {limit} fields")]
    TooManyTrailers { limit: usize },

    #[error("the peer closed the connection without sending a response")]
    NoResponse,
    #[error("the peer closed the connection before its response head was complete")]
    HeadCutShort,
    #[error("the peer closed the connection {missing} octets short of the announced Content-Length")]
    BodyCutShort { missing: u64 },
    #[error("the peer closed the connection before the last chunk")]
    ChunkedCutShort,
}

impl Fault {
    pub(crate) fn kind(&self) -> FaultKind {
        match self {
            Self::StatusLine
            | Self::BlankLines { .. }
            | Self::BareLineEnd
            | Self::FieldLine
            | Self::ContentLength
            | Self::TransferEncoding
            | Self::TransferEncodingInHttp10
            | Self::BothFramings
            | Self::ChunkSize
            | Self::ChunkExtension
            | Self::ChunkDataEnd
            | Self::TooManyInterims { .. }
            | Self::UnaskedUpgrade
            | Self::Upgrade(_)
            | Self::UpgradeInHttp2
            | Self::ConnectionField { .. } => FaultKind::InvalidResponse,
            Self::TooManyFields { .. } => FaultKind::FieldCount,
            Self::HeadTooLarge { .. } | Self::InterimsTooLarge { .. } => FaultKind::HeadSize,
            Self::ChunkExtensionsTooLarge { .. } | Self::TrailersTooLarge { .. } | Self::TooManyTrailers { .. } => {
                FaultKind::ChunkedSize
            }
            Self::NoResponse | Self::HeadCutShort | Self::BodyCutShort { .. } | Self::ChunkedCutShort => {
                FaultKind::PrematureEnd
            }
        }
    }
}

/// The faults that share one WinHTTP error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// `ERROR_WINHTTP_INVALID_SERVER_RESPONSE`, 12152.
    InvalidResponse,
    /// `ERROR_WINHTTP_HEADER_COUNT_EXCEEDED`, 12181.
    FieldCount,
    /// `ERROR_WINHTTP_HEADER_SIZE_OVERFLOW`, 12182.
    HeadSize,
    /// `ERROR_WINHTTP_CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW`, 12183.
    ChunkedSize,
    /// The peer closed too early: WinHTTP's number depends on what had been received by then.
    PrematureEnd,
}

/// What the caller asked to be written that may not be written; nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Misuse {
    #[error("Proxy-Authorization goes to no server: the credentials for a proxy belong to its settings")]
    ProxyAuthorization,
    #[error("the field name {name:?} is not a token")]
    FieldName { name: String },
    #[error("the value of the field {name} holds a control character")]
    FieldValue { name: String },
    #[error("octet {at} of the request target may not stand there")]
    Target { at: usize },
    #[error("octet {at} of the host may not stand there")]
    Host { at: usize },
    #[error("the Host field is given more than once")]
    RepeatedHost,
    #[error("the Transfer-Encoding field is the library's to write")]
    TransferEncoding,
    #[error("the Content-Length field is given more than once")]
    RepeatedContentLength,
    #[error("the Content-Length field says {declared:?} of a body of {actual} octets")]
    ContentLengthDiffers { declared: String, actual: u64 },
    #[error("the Content-Length field is given for a body of unknown length")]
    ContentLengthWithChunked,
    #[error("a request of HTTP/1.0 has no chunks: its body has to be of a known length")]
    ChunkedInHttp10,
    #[error("a request of HTTP/1.0 expects no 100")]
    ExpectInHttp10,
    #[error("the request has more header fields than can be sent")]
    TooManyFields,
    #[error("a {method} request has no body")]
    BodyNotAllowed { method: Method },
    #[error("the body is {by} octets longer than announced")]
    BodyTooLong { by: u64 },
    #[error("the body ended {by} octets short of the announced length")]
    BodyTooShort { by: u64 },
    #[error("the field {name} may not be sent as a trailer")]
    Trailer { name: String },
    #[error("trailers can follow a chunked body only")]
    TrailersWithoutChunked,
}
