//! Whether a connection may carry another exchange, and if not, why (RFC 9112 section 9.3).

use http::header::CONNECTION;
use http::{HeaderValue, Version};

use super::fault::{Fault, FaultKind};
use super::framing::BodyFraming;
use super::head::ResponseHead;
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
    request: ConnectionOptions,
    response: &ResponseHead,
    framing: BodyFraming,
) -> Result<(), CloseReason> {
    let options = ConnectionOptions::of(response.headers().get_all(CONNECTION));
    if request.close {
        Err(CloseReason::CallerAskedToClose)
    } else if options.close {
        Err(CloseReason::ServerAskedToClose)
    } else if !persists(response.version(), options) {
        Err(CloseReason::Http10WithoutKeepAlive)
    } else if framing == BodyFraming::UntilClose {
        Err(CloseReason::BodyRunsUntilClose)
    } else {
        Ok(())
    }
}

/// RFC 9112 section 9.3. Nothing below HTTP/1.0 persists, whatever it offers.
fn persists(version: Version, options: ConnectionOptions) -> bool {
    version >= Version::HTTP_11 || (version == Version::HTTP_10 && options.keep_alive)
}

/// The options in all Connection fields of a head that bear on its life. Proxy-Connection is not looked at: RFC 9112 appendix
/// C.2.2 tells how heeding it left connections hanging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ConnectionOptions {
    close: bool,
    keep_alive: bool,
}

impl ConnectionOptions {
    pub(crate) fn of<'a>(fields: impl IntoIterator<Item = &'a HeaderValue>) -> Self {
        let options = fields.into_iter().flat_map(|field| field.as_bytes().split(|&octet| octet == b','));
        options.fold(Self::default(), |found, option| {
            let option = option.trim_ascii();
            Self {
                close: found.close || option.eq_ignore_ascii_case(b"close"),
                keep_alive: found.keep_alive || option.eq_ignore_ascii_case(b"keep-alive"),
            }
        })
    }
}

#[cfg(test)]
mod tests;
