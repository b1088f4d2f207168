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
pub(crate) fn decide(method: &Method, head: &ResponseHead, gzip_asked: bool) -> Result<BodyFraming, Fault> {
    // 1 and 2
    if method == Method::HEAD || has_no_content(head.status()) || is_tunnel(method, head.status()) {
        return Ok(BodyFraming::Empty);
    }
    by(head.version(), head.said().coding, head.said().length, gzip_asked)
}

/// The rules from the third on.
pub(super) fn by(version: Version, coding: Coding, length: Length, gzip_asked: bool) -> Result<BodyFraming, Fault> {
    match (coding, length) {
        // 5 to 8
        (Coding::Unsaid, Length::Unclear) => Err(Fault::ContentLength),
        (Coding::Unsaid, Length::Octets(length)) => Ok(BodyFraming::Length(length)),
        (Coding::Unsaid, Length::Unsaid) => Ok(BodyFraming::UntilClose),
        // 3: "ought to be handled as an error". Preferring the Transfer-Encoding, the other choice, reads a message that some
        // intermediary may have read differently.
        (_, Length::Octets(_) | Length::Unclear) => Err(Fault::BothFramings),
        // 4
        (coding, Length::Unsaid) => transfer_encoding(version, coding, gzip_asked),
    }
}

/// Whether a response is the peer's consent to a tunnel: what follows its head belongs to the tunnel.
pub(super) fn is_tunnel(method: &Method, status: StatusCode) -> bool {
    method == Method::CONNECT && status.is_success()
}

fn has_no_content(status: StatusCode) -> bool {
    status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}

/// Only a single `chunked` is understood, and gzip below or without it where the caller has asked for it in TE. RFC 9112 section
/// 6.3 would read a response with an unknown last coding until close; that turns octets nobody can decode into a body.
fn transfer_encoding(version: Version, coding: Coding, gzip_asked: bool) -> Result<BodyFraming, Fault> {
    // RFC 9112 section 6.1: faulty framing even if chunked is what the peer did.
    if version < Version::HTTP_11 {
        return Err(Fault::TransferEncodingInHttp10);
    }
    match coding {
        Coding::Chunked => Ok(BodyFraming::Chunked),
        Coding::GzipChunked if gzip_asked => Ok(BodyFraming::Chunked),
        // RFC 9112 section 7: without chunks, the connection's end is the body's.
        Coding::Gzip if gzip_asked => Ok(BodyFraming::UntilClose),
        _ => Err(Fault::TransferEncoding),
    }
}

#[cfg(test)]
mod tests;
