//! Why an exchange stopped, before the caller's words are put to it.

use std::io;
use std::time::Duration;

use super::http2::StreamEnd;
use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::options::MinimumRate;
use crate::policy::Stalled;
use crate::protocol::coding;
use crate::protocol::http1::{Fault, FaultKind, Misuse};
use crate::protocol::http2::fault::WireFault;
use crate::reason::CloseReason;
use crate::transport::TlsFailure;

/// Why an exchange stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The stream broke at this stage.
    Io(Stage, io::Error),
    /// The peer broke the rules at this stage.
    Fault(Stage, Fault),
    /// What came cannot be decoded.
    Coding(coding::Fault),
    /// The stream was ended, and why.
    Stream(Stage, StreamEnd),
    /// The peer broke the rules of the whole connection.
    WireFault(Stage, WireFault),
    /// HTTP/2 was taken for granted, and the peer does not speak it.
    NotHttp2(Stage),
    /// The wire was closed by this side, with all its streams.
    Closed(Stage, CloseReason),
    /// The caller asked for what may not be sent; nothing of it was.
    Misuse(Misuse),
    /// A stage took too long.
    Timeout(Stage, Duration),
    /// The peer was not silent, but too slow.
    Stalled(Stage, Stalled),
    /// A response was waited for before the request was complete.
    OutOfTurn,
}

impl Failure {
    /// Did the wire end without a single octet of an answer, so that the request may never have been seen?
    pub(crate) fn is_silent_end(&self) -> bool {
        matches!(self, Self::Io(..) | Self::Fault(_, Fault::NoResponse) | Self::Closed(..))
    }

    /// Did the peer say that it has not processed the request?
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Stream(_, StreamEnd::Refused(_)))
    }

    /// Did the peer say that it wants HTTP/1.1 for this (RFC 9113 section 7)?
    pub(crate) fn requires_http1(&self) -> bool {
        let Self::Stream(_, StreamEnd::Reset(reason) | StreamEnd::GoneAway(reason)) = self else { return false };
        *reason == h2::Reason::HTTP_1_1_REQUIRED
    }

    /// What becomes of the wire.
    pub(crate) fn close_reason(&self) -> CloseReason {
        match self {
            Self::Io(..) => CloseReason::TransportError,
            Self::Fault(_, fault) => CloseReason::from(fault),
            Self::Coding(_) => CloseReason::ProtocolError,
            Self::Stream(_, StreamEnd::Refused(_) | StreamEnd::Reset(_)) => CloseReason::Cancelled,
            Self::Stream(_, StreamEnd::GoneAway(_)) => CloseReason::GoingAway,
            Self::Stream(_, StreamEnd::Offended(_)) | Self::WireFault(..) | Self::NotHttp2(_) => {
                CloseReason::ProtocolError
            }
            Self::Closed(_, reason) => *reason,
            Self::Timeout(..) | Self::Stalled(..) => CloseReason::TimedOut,
            Self::Misuse(_) | Self::OutOfTurn => CloseReason::Cancelled,
        }
    }

    #[cold]
    pub(crate) fn into_error(self, operation: Operation) -> Error {
        match self {
            Self::Io(stage, error) => {
                let error = match error.downcast::<TlsFailure>() {
                    Ok(failure) => return failure.into_error(operation, stage),
                    Err(error) => error,
                };
                let detail = format!("the connection broke: {error}");
                Error::new(ErrorCode::ConnectionError, operation, stage, Blame::Network, detail).with_source(error)
            }
            Self::Fault(stage, fault) => {
                let (code, blame) = match fault.kind() {
                    FaultKind::InvalidResponse => (ErrorCode::InvalidServerResponse, Blame::Peer),
                    FaultKind::FieldCount => (ErrorCode::HeaderCountExceeded, Blame::Peer),
                    FaultKind::HeadSize => (ErrorCode::HeaderSizeOverflow, Blame::Peer),
                    FaultKind::ChunkedSize => (ErrorCode::ChunkedEncodingHeaderSizeOverflow, Blame::Peer),
                    FaultKind::PrematureEnd => (ErrorCode::ConnectionError, Blame::Network),
                };
                Error::new(code, operation, stage, blame, fault.to_string())
            }
            Self::Coding(fault) => {
                let code = match fault.kind() {
                    coding::FaultKind::Invalid => ErrorCode::InvalidServerResponse,
                    coding::FaultKind::TooLarge => ErrorCode::BodyTooLarge,
                };
                Error::new(code, operation, Stage::Body, Blame::Peer, fault.to_string())
            }
            Self::Stream(stage, end) => {
                let (code, what, reason) = match end {
                    StreamEnd::Refused(reason) => {
                        (ErrorCode::ConnectionError, "the server refused the request unprocessed", reason)
                    }
                    StreamEnd::Reset(reason) => {
                        (ErrorCode::ConnectionError, "the server gave the stream up", Some(reason))
                    }
                    StreamEnd::GoneAway(reason) => {
                        (ErrorCode::ConnectionError, "the server closed the connection", Some(reason))
                    }
                    StreamEnd::Offended(reason) => {
                        (ErrorCode::InvalidServerResponse, "the server broke the rules of HTTP/2", Some(reason))
                    }
                };
                match reason {
                    None => Error::new(code, operation, stage, Blame::Peer, what),
                    Some(reason) => Error::new(code, operation, stage, Blame::Peer, format!("{what}: {reason:?}"))
                        .with_source(h2::Error::from(reason)),
                }
            }
            Self::WireFault(stage, fault) => {
                Error::new(ErrorCode::InvalidServerResponse, operation, stage, Blame::Peer, fault.to_string())
            }
            Self::NotHttp2(stage) => {
                let detail = "HTTP/2 is required, and the server answered in HTTP/1";
                Error::new(ErrorCode::HttpProtocolMismatch, operation, stage, Blame::Peer, detail)
            }
            Self::Closed(stage, reason) => {
                let detail = format!("the connection was closed: {reason}");
                Error::new(ErrorCode::ConnectionError, operation, stage, Blame::Network, detail)
            }
            Self::Misuse(misuse) => Error::parameter(operation, misuse.to_string()),
            Self::Timeout(stage, waited) => Error::timeout(operation, stage, waited),
            Self::Stalled(stage, Stalled { seen, least }) => {
                let MinimumRate { octets, within } = least;
                let detail = format!("the body stalled: {seen} octets in {within:?} of waiting, of at least {octets}");
                Error::too_late(operation, stage, within, detail)
            }
            Self::OutOfTurn => {
                let detail = "the response was waited for before the request was complete";
                Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, detail)
            }
        }
    }
}

#[cfg(test)]
mod tests;
