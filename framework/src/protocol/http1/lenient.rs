//! What a lenient reader makes of a response that a strict one refuses (RFC 9112 sections 2.2 and 6.3): only what its caller has
//! said is to be forgiven.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method};

use super::fault::Fault;
use super::fields::CRLF;
use super::framing::{self, BodyFraming};
use super::head::ResponseHead;
use super::said::{Coding, Length, list_members, parse_decimal};
use crate::options::Leniency;
use crate::reason::CloseReason;

/// Where the body ends; and if that took forgiveness, why the wire serves no other exchange.
#[cold]
pub(super) fn decide(
    method: &Method,
    head: &ResponseHead,
    gzip_asked: bool,
    forgiven: Leniency,
) -> Result<(BodyFraming, Option<CloseReason>), Fault> {
    match framing::decide(method, head, gzip_asked) {
        Err(Fault::BothFramings | Fault::TransferEncoding | Fault::ContentLength) => {}
        Ok(BodyFraming::Length(_)) if forgiven.contains(Leniency::NO_LENGTHS) => {}
        strict => return strict.map(|framing| (framing, None)),
    }
    let said = head.said();
    let (mut coding, mut length) = (said.coding, said.length);
    if coding == Coding::Unknown && forgiven.contains(Leniency::REPEATED_CODINGS) {
        coding = without_repetition(head.headers());
    }
    if length == Length::Unclear && forgiven.contains(Leniency::STRANGE_LENGTHS) {
        length = one_number(head.headers());
    }
    if forgiven.contains(Leniency::NO_LENGTHS)
        || (coding != Coding::Unsaid && forgiven.contains(Leniency::BOTH_FRAMINGS))
    {
        length = Length::Unsaid;
    }
    let framing = framing::by(head.version(), coding, length, gzip_asked)?;
    let has_both = said.coding != Coding::Unsaid && said.length != Length::Unsaid;
    Ok((framing, Some(if has_both { CloseReason::BothFramings } else { CloseReason::ProtocolError })))
}

/// The codings without an `identity` in front, and with `chunked` once. What stands behind `chunked` stays a mistake.
fn without_repetition(headers: &HeaderMap) -> Coding {
    let fields = headers.get_all(TRANSFER_ENCODING).iter();
    let names = fields.flat_map(|value| list_members(value.as_bytes()));
    names.fold(Coding::Unsaid, |before, name| match before {
        Coding::Unsaid if name.eq_ignore_ascii_case(b"identity") => before,
        Coding::Chunked | Coding::GzipChunked if name.eq_ignore_ascii_case(b"chunked") => before,
        _ => Coding::of(name, before),
    })
}

/// The number that all lengths are, however spelled. What is a number, but beyond all counting, is no length.
fn one_number(headers: &HeaderMap) -> Length {
    let mut numbers = Vec::new();
    for digits in headers.get_all(CONTENT_LENGTH).iter().flat_map(|value| list_members(value.as_bytes())) {
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Length::Unclear;
        }
        numbers.push(parse_decimal(digits));
    }
    match numbers.first() {
        Some(first) if numbers.iter().all(|number| number == first) => first.map_or(Length::Unsaid, Length::Octets),
        _ => Length::Unclear,
    }
}

/// The same lines, each with its CRLF.
#[cold]
pub(super) fn with_whole_lines(section: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(section.len() + section.len() / 16);
    for line in section.split_inclusive(|&octet| octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                whole.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                whole.extend_from_slice(CRLF);
            }
            None => whole.extend_from_slice(line),
        }
    }
    whole
}

#[cfg(test)]
mod tests;
