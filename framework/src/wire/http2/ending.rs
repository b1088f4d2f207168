//! Why a stream ended before its time, in our words.

use std::io;

use h2::{Reason, StreamId};

use super::Http2;
use crate::error::Stage;
use crate::reason::{CloseReason, WireHealth};
use crate::wire::Failure;

/// How the peer, or the wire, ended a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// The server did not process the request, and says so (RFC 9113 8.7).
    Refused(Reason),
    /// The server gave the stream up.
    Reset(Reason),
    /// The server is going away for this reason, and the stream with it.
    GoneAway(Reason),
    /// The server broke the rules, and was told so by this code.
    Offended(Reason),
}

impl Http2 {
    /// The failure of a stream; `None` for one that never was opened.
    pub(super) fn failure(&self, stage: Stage, stream: Option<StreamId>, error: h2::Error) -> Failure {
        let heard = &self.shared.heard;
        if let Some(fault) = heard.fault() {
            return Failure::WireFault(stage, fault);
        }
        if let Some(tls) = heard.tls() {
            return Failure::Io(stage, io::Error::other(tls));
        }
        if stream.is_none() {
            // Nothing of it was sent.
            return Failure::Stream(stage, StreamEnd::Refused(error.reason().unwrap_or(Reason::NO_ERROR)));
        }
        let farewell = heard.budget().going_away();
        let is_above = farewell.is_some_and(|last| stream.is_none_or(|stream| stream.as_u32() > last.last_stream));
        let closed = match self.health() {
            // What the peer or the network did is told by the error itself.
            WireHealth::Closed(reason @ CloseReason::PingTimeout) => Some(reason),
            _ => None,
        };
        let Some(reason) = error.reason() else {
            return match (closed, error.into_io()) {
                _ if is_above => Failure::Stream(stage, StreamEnd::Refused(Reason::NO_ERROR)),
                (Some(reason), _) => Failure::Closed(stage, reason),
                // It said why before it closed.
                (None, _) if farewell.is_some_and(|farewell| farewell.code != 0) => {
                    let code = farewell.map_or(0, |farewell| farewell.code);
                    Failure::Stream(stage, StreamEnd::GoneAway(Reason::from(code)))
                }
                (None, Some(error)) => Failure::Io(stage, error),
                (None, None) => Failure::Io(stage, io::ErrorKind::BrokenPipe.into()),
            };
        };
        Failure::Stream(
            stage,
            match reason {
                Reason::REFUSED_STREAM if error.is_remote() => StreamEnd::Refused(reason),
                reason if is_above => StreamEnd::Refused(reason),
                reason if error.is_library() => StreamEnd::Offended(reason),
                reason if error.is_go_away() => StreamEnd::GoneAway(reason),
                reason => StreamEnd::Reset(reason),
            },
        )
    }
}
