//! Where the body of a response ends (RFC 9112 section 6.3).

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};

use super::fault::Fault;
use super::head::ResponseHead;

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
    let headers = head.headers();
    // 3: "ought to be handled as an error". Preferring the Transfer-Encoding, the other choice, reads a message that some
    // intermediary may have read differently.
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(Fault::BothFramings);
    }
    // 4
    if headers.contains_key(TRANSFER_ENCODING) {
        return transfer_encoding(head);
    }
    // 5 to 8
    Ok(content_length(headers)?.map_or(BodyFraming::UntilClose, BodyFraming::Length))
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
fn transfer_encoding(head: &ResponseHead) -> Result<BodyFraming, Fault> {
    // RFC 9112 section 6.1: faulty framing even if chunked is what the peer did.
    if head.version() < Version::HTTP_11 {
        return Err(Fault::TransferEncodingInHttp10);
    }
    let mut codings = head.headers().get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(BodyFraming::Chunked),
        _ => Err(Fault::TransferEncoding),
    }
}

/// A repeated length is collapsed only if every copy is spelled alike (RFC 9110 section 8.6): `030, 30` is refused.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let mut copies = headers.get_all(CONTENT_LENGTH).iter().flat_map(list_members);
    let Some(first) = copies.next() else {
        return Ok(None);
    };
    if copies.any(|copy| copy != first) {
        return Err(Fault::ContentLength);
    }
    parse_decimal(first).map(Some).ok_or(Fault::ContentLength)
}

fn list_members(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|&octet| octet == b',').map(<[u8]>::trim_ascii)
}

/// `1*DIGIT` that fits: neither a sign, which `str::parse` takes, nor a wrapped number (RUSTSEC-2021-0078).
pub(super) fn parse_decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
