//! Whether a connection may carry another exchange, and if not, why (RFC 9112 section 9.3).

use http::Version;

use super::fault::{Fault, FaultKind};
use super::framing::BodyFraming;
use super::head::ResponseHead;
use super::said::ConnectionOptions;
use crate::reason::CloseReason;

impl From<&Fault> for CloseReason {
    fn from(fault: &Fault) -> Self {
        match fault.kind() {
            FaultKind::PrematureEnd => Self::PeerClosed,
            _ if *fault == Fault::BothFramings => Self::BothFramings,
            _ => Self::ProtocolError,
        }
    }
}

/// What the heads of an exchange leave open, before its octets have their say.
pub(crate) fn may_reuse(
    asked_in: Version,
    request: ConnectionOptions,
    response: &ResponseHead,
    framing: BodyFraming,
) -> Result<(), CloseReason> {
    let options = response.said().connection;
    if request.close {
        Err(CloseReason::CallerAskedToClose)
    } else if options.close {
        Err(CloseReason::ServerAskedToClose)
    } else if !persists(response.version().min(asked_in), options) {
        Err(CloseReason::Http10WithoutKeepAlive)
    } else if framing == BodyFraming::UntilClose {
        Err(CloseReason::BodyRunsUntilClose)
    } else {
        Ok(())
    }
}

/// RFC 9112 section 9.3, which each side applies to what it received: a server closes after a request of HTTP/1.0 that it does not
/// promise to persist after, whatever version it answers in. Nothing below HTTP/1.0 persists, whatever it offers.
fn persists(version: Version, options: ConnectionOptions) -> bool {
    version >= Version::HTTP_11 || (version == Version::HTTP_10 && options.keep_alive)
}

#[cfg(test)]
mod tests;
