//! Why an exchange stopped, before the caller's words are put to it.

use std::io;
use std::time::Duration;

use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::options::MinimumRate;
use crate::policy::Stalled;
use crate::protocol::http1::{Fault, FaultKind, Misuse};
use crate::reason::CloseReason;
use crate::transport::TlsFailure;

/// Why an exchange stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The stream broke at this stage.
    Io(Stage, io::Error),
    /// The peer broke the rules at this stage.
    Fault(Stage, Fault),
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
        matches!(self, Self::Io(..) | Self::Fault(_, Fault::NoResponse))
    }

    /// What becomes of the wire.
    pub(crate) fn close_reason(&self) -> CloseReason {
        match self {
            Self::Io(..) => CloseReason::TransportError,
            Self::Fault(_, fault) => CloseReason::from(fault),
            Self::Timeout(..) | Self::Stalled(..) => CloseReason::TimedOut,
            Self::Misuse(_) | Self::OutOfTurn => CloseReason::Cancelled,
        }
    }

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
