//! Field lines (RFC 9112 section 5): found and checked in one pass, and made into a map only for who asks for one.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::{memchr_iter, memchr2};

/// What is wrong with a section of field lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Line,
    TooMany,
}

/// Shows each line's name and value to `see`, up to the empty line that ends them: their length with it, or `None` if it is
/// missing. What was shown counts only if there is no flaw.
///
/// Strict: a name is a token, directly before its colon, a value holds no control character, and no line goes on in the next one.
pub(super) fn walk<'a>(
    octets: &'a [u8],
    most: usize,
    mut see: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Flaw>,
) -> Result<Option<usize>, Flaw> {
    let (mut rest, mut fields) = (octets, 0);
    loop {
        let Some((line, after)) = first_line(rest) else { return Ok(None) };
        rest = after;
        if line.is_empty() {
            break;
        }
        let (name, value) = split(line).ok_or(Flaw::Line)?;
        fields += 1;
        if fields > most.min(MOST_FIELDS) {
            return Err(Flaw::TooMany);
        }
        see(name, value)?;
    }
    let length = octets.len() - rest.len();
    let lines = octets.get(..length).unwrap_or_default();
    // Of all lines at once, and without a way out in between, which is faster. Line ends stand where they should.
    let is_flaw = |octet: u8| is_control(octet) && octet != b'\r' && octet != b'\n';
    if lines.iter().fold(false, |flaw, &octet| flaw | is_flaw(octet)) { Err(Flaw::Line) } else { Ok(Some(length)) }
}

/// The map of all fields in `section`; the values are slices of it, not copies.
pub(super) fn to_map(section: &Bytes, most: usize) -> Result<HeaderMap, Flaw> {
    let lines = memchr_iter(b'\n', section).count();
    let mut map = HeaderMap::try_with_capacity(lines.saturating_sub(1)).map_err(|_| Flaw::TooMany)?;
    let end = walk(section, most, |name, value| {
        let name = HeaderName::from_bytes(name).map_err(|_| Flaw::Line)?;
        let value = HeaderValue::from_maybe_shared(section.slice_ref(value)).map_err(|_| Flaw::Line)?;
        map.try_append(name, value).map(drop).map_err(|_| Flaw::TooMany)
    })?;
    if end == Some(section.len()) { Ok(map) } else { Err(Flaw::Line) }
}

/// The fields of a section that ends with its empty line, as the head of a part has them; `None` if they are malformed or too many.
pub(crate) fn field_section(section: &Bytes, most: usize) -> Option<HeaderMap> {
    to_map(section, most).ok()
}

/// The first line without its CRLF, and what follows it; `None` while that end is missing, or if another end comes first.
pub(super) fn first_line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, end) = octets.split_at(memchr2(b'\r', b'\n', octets)?);
    Some((line, end.strip_prefix(CRLF)?))
}

/// Name and value, without the blanks around that.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = line.iter().position(|&octet| !is_token(octet))?;
    let (name, rest) = line.split_at(length);
    let mut value = rest.strip_prefix(b":")?;
    while let [b' ' | b'\t', after @ ..] = value {
        value = after;
    }
    while let [before @ .., b' ' | b'\t'] = value {
        value = before;
    }
    (1..=LONGEST_NAME).contains(&length).then_some((name, value))
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(octet: u8) -> bool {
    TOKEN[usize::from(octet)]
}

/// What no reason phrase, field value or target may hold: CTL of RFC 5234 without HTAB.
pub(super) fn is_control(octet: u8) -> bool {
    octet.is_ascii_control() && octet != b'\t'
}

const TOKEN: [bool; 256] = {
    let mut token = [false; 256];
    let octets = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < octets.len() {
        token[octets[at] as usize] = true;
        at += 1;
    }
    token
};
pub(super) const CRLF: &[u8] = b"\r\n";
/// What a `HeaderName` and a `HeaderMap` can hold.
const LONGEST_NAME: usize = (1 << 16) - 1;
const MOST_FIELDS: usize = 24_576;

#[cfg(test)]
mod tests;
