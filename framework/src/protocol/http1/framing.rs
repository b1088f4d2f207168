//! Where the body of a response ends (RFC 9112 section 6.3).

use http::{Method, StatusCode, Version};

use super::fault::Fault;
use super::head::ResponseHead;
use super::said::{Coding, Length};

/// What marks the end of a response's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFraming {
    /// There is no body, whatever the fields say.
    Empty,
    Length(u64),
    Chunked,
    /// Only the end of the connection ends it.
    UntilClose,
}

/// The rules of RFC 9112 section 6.3 in their order; the numbers are the RFC's.
pub(crate) fn decide(method: &Method, head: &ResponseHead) -> Result<BodyFraming, Fault> {
    // 1 and 2
    if method == Method::HEAD || has_no_content(head.status()) || is_tunnel(method, head.status()) {
        return Ok(BodyFraming::Empty);
    }
    match (head.said().coding, head.said().length) {
        // 3: "ought to be handled as an error". Preferring the Transfer-Encoding, the other choice, reads a message that some
        // intermediary may have read differently.
        (Coding::Chunked | Coding::Unknown, Length::Octets(_) | Length::Unclear) => Err(Fault::BothFramings),
        // 4
        (coding, Length::Unsaid) if coding != Coding::Unsaid => transfer_encoding(head, coding),
        // 5 to 8
        (_, Length::Unclear) => Err(Fault::ContentLength),
        (_, Length::Octets(length)) => Ok(BodyFraming::Length(length)),
        (_, Length::Unsaid) => Ok(BodyFraming::UntilClose),
    }
}

/// Whether a response is the peer's consent to a tunnel: what follows its head belongs to the tunnel.
pub(super) fn is_tunnel(method: &Method, status: StatusCode) -> bool {
    method == Method::CONNECT && status.is_success()
}

fn has_no_content(status: StatusCode) -> bool {
    status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

/// Only a single `chunked` is understood, as no other coding is ever offered in TE. RFC 9112 section 6.3 would read a
/// response with an unknown last coding until close; that turns octets nobody can decode into a body.
fn transfer_encoding(head: &ResponseHead, coding: Coding) -> Result<BodyFraming, Fault> {
    // RFC 9112 section 6.1: faulty framing even if chunked is what the peer did.
    if head.version() < Version::HTTP_11 {
        return Err(Fault::TransferEncodingInHttp10);
    }
    if coding == Coding::Chunked { Ok(BodyFraming::Chunked) } else { Err(Fault::TransferEncoding) }
}

#[cfg(test)]
mod tests;
