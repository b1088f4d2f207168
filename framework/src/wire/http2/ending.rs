//! Why a stream ended before its time, in our words.

use std::io;

use h2::{Reason, StreamId};

use super::Http2;
use crate::error::Stage;
use crate::protocol::http2::fault::WireFault;
use crate::reason::{CloseReason, WireHealth};
use crate::wire::Failure;

/// How the peer, or the wire, ended a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// The server did not process the request, and says so (RFC 9113 8.7); or it was never sent, which no frame needs to say.
    Refused(Option<Reason>),
    /// The server gave the stream up.
    Reset(Reason),
    /// The server is going away for this reason, and the stream with it.
    GoneAway(Reason),
    /// The server broke the rules, and was told so by this code.
    Offended(Reason),
}

impl Http2 {
    /// The failure of a stream; `None` for one that never was opened.
    #[cold]
    pub(super) fn failure(&self, stage: Stage, stream: Option<StreamId>, error: h2::Error) -> Failure {
        let heard = &self.shared.heard;
        if let Some(fault) = heard.fault() {
            // With TLS the server had chosen HTTP/2; without, it was taken to know it (RFC 9113 3.3).
            let was_chosen = self.facts().security.is_some();
            return match fault {
                WireFault::SpokeHttp1 if !was_chosen => Failure::NotHttp2(stage),
                fault => Failure::WireFault(stage, fault),
            };
        }
        if let Some(tls) = heard.tls() {
            return Failure::Io(stage, io::Error::other(tls));
        }
        let farewell = heard.budget().going_away();
        let code = farewell.map(|farewell| Reason::from(farewell.code));
        if stream.is_none() {
            // Nothing of it was sent.
            return Failure::Stream(stage, StreamEnd::Refused(said(&error).or(code)));
        }
        let is_above = farewell.is_some_and(|last| stream.is_none_or(|stream| stream.as_u32() > last.last_stream));
        let closed = match self.health() {
            // What the peer or the network did is told by the error itself.
            WireHealth::Closed(reason @ CloseReason::PingTimeout) => Some(reason),
            _ => None,
        };
        let Some(reason) = error.reason() else {
            return match (closed, error.into_io()) {
                _ if is_above => Failure::Stream(stage, StreamEnd::Refused(code)),
                (Some(reason), _) => Failure::Closed(stage, reason),
                // It may have said why before it closed.
                (None, error) => match (code.filter(|code| *code != Reason::NO_ERROR), error) {
                    (Some(code), _) => Failure::Stream(stage, StreamEnd::GoneAway(code)),
                    (None, Some(error)) => Failure::Io(stage, error),
                    (None, None) => Failure::Io(stage, io::ErrorKind::BrokenPipe.into()),
                },
            };
        };
        let end = match reason {
            Reason::REFUSED_STREAM if error.is_remote() => StreamEnd::Refused(Some(reason)),
            _ if is_above => StreamEnd::Refused(said(&error).or(code)),
            reason if error.is_library() => StreamEnd::Offended(reason),
            reason if error.is_go_away() => StreamEnd::GoneAway(reason),
            reason if error.is_remote() => StreamEnd::Reset(reason),
            // Our own word for a stream that is over.
            _ => return Failure::Io(stage, io::ErrorKind::BrokenPipe.into()),
        };
        Failure::Stream(stage, end)
    }
}

/// The code of the frame that came, or was sent for what came.
fn said(error: &h2::Error) -> Option<Reason> {
    error.reason().filter(|_| error.is_remote() || error.is_library())
}
