//! The chunked transfer coding, both ways (RFC 9112 section 7.1).
//!
//! ```text
//!             size > 0           all octets          CRLF
//!  SizeLine ------------> Data ------------> DataEnd ------> SizeLine
//!     | size = 0
//!     +---------> Trailers -- empty line --> Ended
//! ```

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;

use super::encode::encode_trailers;
use super::fault::{Fault, Misuse};
use super::fields::{CRLF, is_control, is_token, to_map};
use super::head::{HeadLimits, LineEnd, fault, next_line_end, section_length};
use super::lenient::with_whole_lines;
use crate::options::Leniency;

/// Takes the coding off a body, strictly: what one reader of a chunked body forgives, another one frames differently.
#[derive(Debug)]
pub(crate) struct ChunkedDecoder {
    state: State,
    limits: HeadLimits,
    scanned: usize,
    extension_octets_left: usize,
    trailers: HeaderMap,
    /// A line ended in LF alone.
    has_bare_lines: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    SizeLine,
    Data { left: u64 },
    DataEnd,
    Trailers,
    Ended,
}

impl ChunkedDecoder {
    pub(crate) fn new(limits: &HeadLimits) -> Self {
        Self {
            state: State::SizeLine,
            limits: *limits,
            scanned: 0,
            extension_octets_left: limits.chunk_extension_octets,
            trailers: HeaderMap::new(),
            has_bare_lines: false,
        }
    }

    /// The next piece of the body, of 1 to `max` octets; `None` when it has ended or `buf` must grow first.
    pub(crate) fn decode(&mut self, buf: &mut BytesMut, max: usize) -> Result<Option<Bytes>, Fault> {
        loop {
            let next = match self.state {
                State::SizeLine => self.take_size_line(buf)?,
                State::Data { left } => {
                    let data = take(buf, left, max);
                    if data.is_empty() {
                        return Ok(None);
                    }
                    self.state = match left - data.len() as u64 {
                        0 => State::DataEnd,
                        left => State::Data { left },
                    };
                    return Ok(Some(data));
                }
                State::DataEnd => self.take_data_end(buf)?,
                State::Trailers => self.take_trailers(buf)?,
                State::Ended => None,
            };
            match next {
                Some(state) => self.state = state,
                None => return Ok(None),
            }
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The trailer fields. They never join the header fields: RFC 9110 section 6.5.1 lets a trailer change neither
    /// framing, nor routing, nor authentication, nor how the content is understood.
    pub(crate) fn trailers(&self) -> &HeaderMap {
        &self.trailers
    }

    /// Did a line end in LF alone, which was forgiven?
    pub(crate) fn has_bare_lines(&self) -> bool {
        self.has_bare_lines
    }

    fn forgives(&self) -> bool {
        self.limits.leniency.contains(Leniency::BARE_LINE_FEED)
    }

    fn take_size_line(&mut self, buf: &mut BytesMut) -> Result<Option<State>, Fault> {
        let limit = self.limits.chunk_extension_octets;
        let too_large = Fault::ChunkExtensionsTooLarge { limit };
        let longest = self.extension_octets_left.saturating_add(SIZE_DIGITS + CRLF.len());
        let window = buf.get(..longest).unwrap_or(buf);
        let digits = count_digits(window)?;
        let forgives = self.forgives();
        let Some(LineEnd { at: length, width }) = next_line_end(window, &mut self.scanned, forgives)? else {
            return if buf.len() < longest { Ok(None) } else { Err(too_large) };
        };
        self.scanned = 0;
        self.has_bare_lines |= width < CRLF.len();
        let line = window.get(..length).unwrap_or_default();
        let (size, extensions) = line.split_at_checked(digits).ok_or(Fault::ChunkSize)?;
        let size = parse_size(size).ok_or(Fault::ChunkSize)?;
        self.extension_octets_left = self.extension_octets_left.checked_sub(extensions.len()).ok_or(too_large)?;
        check_extensions(extensions)?;
        buf.advance(length + width);
        Ok(Some(if size == 0 { State::Trailers } else { State::Data { left: size } }))
    }

    fn take_data_end(&mut self, buf: &mut BytesMut) -> Result<Option<State>, Fault> {
        if buf.starts_with(CRLF) {
            buf.advance(CRLF.len());
            Ok(Some(State::SizeLine))
        } else if CRLF.starts_with(buf) {
            Ok(None)
        } else if self.forgives() && buf.starts_with(b"\n") {
            buf.advance(1);
            self.has_bare_lines = true;
            Ok(Some(State::SizeLine))
        } else {
            Err(Fault::ChunkDataEnd)
        }
    }

    fn take_trailers(&mut self, buf: &mut BytesMut) -> Result<Option<State>, Fault> {
        let limit = self.limits.trailer_octets;
        let longest = limit.saturating_add(CRLF.len());
        let window = buf.get(..longest).unwrap_or(buf);
        let forgives = self.forgives();
        let Some(length) = section_length(window, &mut self.scanned, forgives)? else {
            return if buf.len() < longest { Ok(None) } else { Err(Fault::TrailersTooLarge { limit }) };
        };
        self.scanned = 0;
        let lines = buf.get(..length).unwrap_or_default();
        let section = if forgives { with_whole_lines(lines).into() } else { Bytes::copy_from_slice(lines) };
        // Each of them has got what it lacked.
        self.has_bare_lines |= section.len() > length;
        let most = self.limits.trailer_fields;
        // Left where it is if it is wrong: what comes behind it must not be taken for the trailers.
        self.trailers = to_map(&section, most).map_err(|flaw| fault(flaw, Fault::TooManyTrailers { limit: most }))?;
        buf.advance(length);
        Ok(Some(State::Ended))
    }
}

/// Takes the next octets of a body that has `left` to come: at most `max`, and none if none are there.
///
/// Few are copied, many are cut out of the buffer: a piece that is a slice keeps all of the buffer for as long as it is kept, and
/// the buffer cannot be used again meanwhile.
pub(super) fn take(buf: &mut BytesMut, left: u64, max: usize) -> Bytes {
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let length = left.min(max).min(buf.len());
    // Few of what there is room for, that is.
    if length > FEW_OCTETS.min(buf.capacity() / 2) {
        return buf.split_to(length).freeze();
    }
    let few = Bytes::copy_from_slice(buf.get(..length).unwrap_or_default());
    buf.advance(length);
    few
}

/// The digits of a chunk size, counted before its line has ended: a size that never ends fails at its first digit too many.
fn count_digits(octets: &[u8]) -> Result<usize, Fault> {
    let digits = octets.iter().take(SIZE_DIGITS + 1).take_while(|octet| octet.is_ascii_hexdigit()).count();
    let may_become_size = digits > 0 || octets.is_empty();
    if may_become_size && digits <= SIZE_DIGITS { Ok(digits) } else { Err(Fault::ChunkSize) }
}

fn parse_size(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// Extensions mean nothing here, but are parsed all the same: where peers disagree on where an extension ends, a message can
/// be smuggled in it.
fn check_extensions(mut octets: &[u8]) -> Result<(), Fault> {
    while !octets.is_empty() {
        octets = skip_extension(octets).ok_or(Fault::ChunkExtension)?;
    }
    Ok(())
}

/// `BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ]`, RFC 9112 section 7.1.1.
fn skip_extension(octets: &[u8]) -> Option<&[u8]> {
    let name = skip_blanks(skip_blanks(octets).strip_prefix(b";")?);
    let after_name = skip_token(name)?;
    match skip_blanks(after_name).strip_prefix(b"=") {
        None => Some(after_name),
        Some(value) => match skip_blanks(value) {
            [b'"', quoted @ ..] => skip_quoted(quoted),
            value => skip_token(value),
        },
    }
}

fn skip_blanks(octets: &[u8]) -> &[u8] {
    let blanks = octets.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
    octets.split_at(blanks).1
}

fn skip_token(octets: &[u8]) -> Option<&[u8]> {
    let length = octets.iter().take_while(|&&octet| is_token(octet)).count();
    (length > 0).then(|| octets.split_at(length).1)
}

/// What follows a quoted-string whose opening quote was taken (RFC 9110 section 5.6.4).
fn skip_quoted(mut octets: &[u8]) -> Option<&[u8]> {
    loop {
        octets = match octets {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', escaped, rest @ ..] if !is_control(*escaped) => rest,
            [plain, rest @ ..] if *plain != b'\\' && !is_control(*plain) => rest,
            _ => return None,
        }
    }
}

/// The line that precedes the octets of a chunk.
pub(crate) fn chunk_header(length: usize) -> ChunkHeader {
    let mut header = ChunkHeader { octets: [0; SIZE_DIGITS + CRLF.len()], start: SIZE_DIGITS };
    let (digits, line_end) = header.octets.split_at_mut(SIZE_DIGITS);
    line_end.copy_from_slice(CRLF);
    let mut left = length;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef".get(left % 16).copied().unwrap_or_default();
        header.start -= 1;
        left /= 16;
        if left == 0 {
            break;
        }
    }
    header
}

/// A chunk's size line in a buffer of its own, so that the chunk's octets need no copying behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChunkHeader {
    octets: [u8; SIZE_DIGITS + CRLF.len()],
    start: usize,
}

impl ChunkHeader {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.octets.get(self.start..).unwrap_or_default()
    }
}

/// What ends a body: the chunk of size 0 and the trailer section.
pub(crate) fn last_chunk(trailers: &HeaderMap) -> Result<Bytes, Misuse> {
    if trailers.is_empty() {
        return Ok(Bytes::from_static(b"0\r\n\r\n"));
    }
    let mut octets = BytesMut::from("0\r\n");
    encode_trailers(trailers, &mut octets)?;
    Ok(octets.freeze())
}

/// So many cost less to copy than a buffer costs to replace.
const FEW_OCTETS: usize = 4 * 1024;
/// The digits of the largest size there can be: leading zeros are legal, but not without end.
const SIZE_DIGITS: usize = 16;

#[cfg(test)]
mod tests;
