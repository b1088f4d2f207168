//! Field lines (RFC 9112 section 5): found and checked in one pass, and made into a map only for who asks for one.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::{memchr_iter, memchr2};

/// What is wrong with a section of field lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Line,
    /// A line goes on in the next one. Told apart because nearly no section has such lines: whoever wants them read asks
    /// [`unfold`] for the section without them.
    Folded,
    TooMany,
}

/// Shows each line's name and value to `see`, up to the empty line that ends them: their length with it, or `None` if it is
/// missing. What was shown counts only if there is no flaw.
///
/// Strict: a name is a token, directly before its colon, a value holds no control character, and no line goes on in the next one.
/// Of a section with a line that does, nothing may be concluded but that.
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
        let Some((name, value)) = split(line) else {
            // Before the first field there is nothing that could go on: RFC 9112 section 2.2.
            return Err(if fields > 0 && is_continuation(line) { Flaw::Folded } else { Flaw::Line });
        };
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

/// `octets` with every field on one line, up to the empty line that ends them, and how long they are themselves up to there;
/// `None` if it is missing.
///
/// RFC 9112 section 5.2: a user agent replaces each obs-fold, with the blanks around it, by SP. Two are refused all the same. A
/// line of nothing but blanks, which some readers take for the empty one. And what says where the body ends, as a reader that
/// does not know of folds finds another number there, or none.
pub(super) fn unfold(octets: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Flaw> {
    let (mut rest, mut unfolded, mut frames) = (octets, Vec::with_capacity(octets.len()), false);
    loop {
        let Some((line, after)) = first_line(rest) else { return Ok(None) };
        rest = after;
        if is_continuation(line) {
            let more = trim_start(line);
            if more.is_empty() || unfolded.is_empty() || frames {
                return Err(Flaw::Line);
            }
            let kept = trim_end(unfolded.strip_suffix(CRLF).unwrap_or(&unfolded)).len();
            unfolded.truncate(kept);
            unfolded.push(b' ');
            unfolded.extend_from_slice(more);
        } else {
            frames = split(line).is_some_and(|(name, _)| FRAMING.iter().any(|one| name.eq_ignore_ascii_case(one)));
            unfolded.extend_from_slice(line);
        }
        unfolded.extend_from_slice(CRLF);
        if line.is_empty() {
            return Ok(Some((unfolded, octets.len() - rest.len())));
        }
    }
}

/// The map of all fields in `section`; the values are slices of it, not copies. Where lines are folded, they are slices of one copy.
pub(super) fn to_map(section: &Bytes, most: usize) -> Result<HeaderMap, Flaw> {
    match map_of_lines(section, most) {
        Err(Flaw::Folded) => match unfold(section)? {
            Some((unfolded, length)) if length == section.len() => map_of_lines(&unfolded.into(), most),
            _ => Err(Flaw::Line),
        },
        map => map,
    }
}

fn map_of_lines(section: &Bytes, most: usize) -> Result<HeaderMap, Flaw> {
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
    let value = trim_end(trim_start(rest.strip_prefix(b":")?));
    (1..=LONGEST_NAME).contains(&length).then_some((name, value))
}

fn is_continuation(line: &[u8]) -> bool {
    matches!(line, [b' ' | b'\t', ..])
}

fn trim_start(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', after @ ..] = octets {
        octets = after;
    }
    octets
}

fn trim_end(mut octets: &[u8]) -> &[u8] {
    while let [before @ .., b' ' | b'\t'] = octets {
        octets = before;
    }
    octets
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(octet: u8) -> bool {
    is_in(&TOKEN, octet)
}

/// What no reason phrase, field value or target may hold: CTL of RFC 5234 without HTAB.
pub(super) fn is_control(octet: u8) -> bool {
    octet.is_ascii_control() && octet != b'\t'
}

/// Is the octet one of those that the table was made of?
#[inline]
pub(super) fn is_in(table: &[bool; 256], octet: u8) -> bool {
    // There is a place for every octet, which the compiler knows: it is one look.
    table.get(usize::from(octet)).copied().unwrap_or_default()
}

/// Which octets are among these.
pub(super) const fn table(mut octets: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    while let [octet, rest @ ..] = octets {
        if let (_, [place, ..]) = table.split_at_mut(*octet as usize) {
            *place = true;
        }
        octets = rest;
    }
    table
}

const TOKEN: [bool; 256] = table(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");
pub(super) const CRLF: &[u8] = b"\r\n";
/// What says where a body ends.
const FRAMING: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];
/// What a `HeaderName` and a `HeaderMap` can hold.
const LONGEST_NAME: usize = (1 << 16) - 1;
const MOST_FIELDS: usize = 24_576;

#[cfg(test)]
mod tests;
