//! The head of a response, found and parsed in octets that arrive in any pieces (RFC 9112 sections 2.2, 4 and 5).

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use memchr::{memchr, memchr2};

use super::fault::Fault;
use crate::shown;

/// The status line and the header fields of a response (what `WinHttpQueryHeaders` asks for).
#[doc(alias = "WinHttpQueryHeaders")]
#[derive(Clone)]
pub struct ResponseHead {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    raw: Bytes,
    status_line_length: usize,
}

/// Names only: the values may hold cookies and tokens.
impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseHead({:?} {} {:?})", self.version(), self.status(), shown::names(self.headers()))
    }
}

impl ResponseHead {
    /// The status code, from 100 to 999.
    #[doc(alias = "WINHTTP_QUERY_STATUS_CODE")]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The version the server answered in.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The header fields, their names in lower case.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The reason phrase as received: it may be empty, and it may hold octets that are not UTF-8.
    #[doc(alias = "WINHTTP_QUERY_STATUS_TEXT")]
    pub fn reason(&self) -> &[u8] {
        self.raw.get(REASON_OFFSET..self.status_line_length).unwrap_or_default()
    }

    /// The whole head as received, with the case and the order of its fields; it ends with an empty line.
    #[doc(alias = "WINHTTP_QUERY_RAW_HEADERS_CRLF")]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    fn parse(raw: Bytes, limits: &HeadLimits) -> Result<Self, Fault> {
        let status_line_length = memchr(b'\r', &raw).ok_or(Fault::StatusLine)?;
        let (status_line, fields) = raw.split_at(status_line_length);
        let (version, status) = parse_status_line(status_line).ok_or(Fault::StatusLine)?;
        let fields = raw.slice_ref(fields.strip_prefix(CRLF).ok_or(Fault::StatusLine)?);
        let too_many = Fault::TooManyFields { limit: limits.header_fields };
        let headers = parse_fields(&fields, limits.header_fields, too_many)?;
        Ok(Self { status, version, headers, raw, status_line_length })
    }
}

/// How much of a peer's talk is read before its body: beyond any of these the exchange fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLimits {
    pub(crate) head_octets: usize,
    pub(crate) header_fields: usize,
    pub(crate) interim_responses: usize,
    /// Of all chunks of a body together: one small extension per one-octet chunk is a flood too (CVE-2023-39326).
    pub(crate) chunk_extension_octets: usize,
    pub(crate) trailer_octets: usize,
    pub(crate) trailer_fields: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            head_octets: 64 * 1024,
            header_fields: 100,
            interim_responses: 10,
            chunk_extension_octets: 16 * 1024,
            trailer_octets: 16 * 1024,
            trailer_fields: 100,
        }
    }
}

/// Takes the head off `buf` once all of it has come.
///
/// `scanned` is the caller's memory of how far the end was searched for: 0 for a new head, and set back to 0 when one was
/// taken. With it the work stays linear for a peer that sends single octets.
pub(crate) fn parse_response_head(
    buf: &mut BytesMut,
    limits: &HeadLimits,
    scanned: &mut usize,
) -> Result<Option<ResponseHead>, Fault> {
    // What lies beyond the limit is never looked at: the verdict must not depend on how the octets were cut.
    let window = buf.get(..limits.head_octets).unwrap_or(buf);
    let blank = blank_lines(window)?;
    let head = window.get(blank..).unwrap_or_default();
    check_beginning(head)?;
    let Some(length) = section_length(head, scanned)? else {
        return if buf.len() < limits.head_octets {
            Ok(None)
        } else {
            Err(Fault::HeadTooLarge { limit: limits.head_octets })
        };
    };
    buf.advance(blank);
    *scanned = 0;
    ResponseHead::parse(buf.split_to(length).freeze(), limits).map(Some)
}

/// The length of the blank lines before the status line.
///
/// RFC 9112 section 2.2 has servers skip an empty line before a request, for clients that send one too many after a body.
/// Servers do the same after an interim response, so it is forgiven here as well, but not without end.
fn blank_lines(octets: &[u8]) -> Result<usize, Fault> {
    let lines = octets.chunks_exact(CRLF.len()).take(BLANK_LINES + 1).take_while(|pair| *pair == CRLF).count();
    if lines > BLANK_LINES { Err(Fault::BlankLines { limit: BLANK_LINES }) } else { Ok(lines * CRLF.len()) }
}

/// Refuses what is no HTTP/1 (another protocol, HTTP/0.9 without a head) at its first octets, without waiting for a head to
/// end.
fn check_beginning(head: &[u8]) -> Result<(), Fault> {
    let half_a_blank_line = head == b"\r";
    let may_begin = |name: &[u8]| head.iter().zip(name).all(|(octet, expected)| octet == expected);
    if half_a_blank_line || VERSIONS.iter().any(|(name, _)| may_begin(name)) { Ok(()) } else { Err(Fault::StatusLine) }
}

/// The length of the lines that `octets` begins with, up to and including the first empty one; `None` while that is missing.
pub(super) fn section_length(octets: &[u8], scanned: &mut usize) -> Result<Option<usize>, Fault> {
    while let Some(at) = next_line_end(octets, scanned)? {
        let (before, _) = octets.split_at(at);
        if before.is_empty() || before.ends_with(CRLF) {
            return Ok(Some(at + CRLF.len()));
        }
    }
    Ok(None)
}

/// The offset of the first CRLF from `scanned` on, and `scanned` moves behind it; `None` while it is missing.
///
/// RFC 9112 section 2.2 lets a recipient take a bare LF for a line end, and has it replace a bare CR by SP or refuse it.
/// Both are refused: where two readers of one response disagree on its lines, they disagree on its fields, and on where its
/// body begins.
pub(super) fn next_line_end(octets: &[u8], scanned: &mut usize) -> Result<Option<usize>, Fault> {
    let rest = octets.get(*scanned..).unwrap_or_default();
    let Some(offset) = memchr2(b'\r', b'\n', rest) else {
        *scanned = octets.len();
        return Ok(None);
    };
    *scanned += offset;
    let (_, line_end) = rest.split_at(offset);
    if line_end == b"\r" {
        return Ok(None);
    }
    if !line_end.starts_with(CRLF) {
        return Err(Fault::BareLineEnd);
    }
    let at = *scanned;
    *scanned += CRLF.len();
    Ok(Some(at))
}

/// `HTTP-version SP status-code [SP reason-phrase]`: the grammar of RFC 9112 section 4, but for the last SP, which servers
/// without a reason phrase leave out.
fn parse_status_line(line: &[u8]) -> Option<(Version, StatusCode)> {
    let (version, rest) = VERSIONS.iter().find_map(|(name, version)| Some((*version, line.strip_prefix(*name)?)))?;
    let (status, reason) = rest.strip_prefix(b" ")?.split_first_chunk::<3>()?;
    let reason_is_apart = reason.is_empty() || reason.starts_with(b" ");
    if !reason_is_apart || reason.iter().any(|&octet| is_control(octet)) {
        return None;
    }
    // 600 to 999 mean nothing, but RFC 9110 section 15 has a client treat them as 5xx, so they are delivered.
    Some((version, StatusCode::from_bytes(status).ok()?))
}

/// Parses field lines up to the empty line that ends them; the values are slices of `section`, not copies.
pub(super) fn parse_fields(section: &Bytes, limit: usize, too_many: Fault) -> Result<HeaderMap, Fault> {
    let mut few = [httparse::EMPTY_HEADER; FEW_FIELDS];
    let mut many = Vec::new();
    let parsed = match httparse::parse_headers(section, &mut few) {
        Err(httparse::Error::TooManyHeaders) if limit > FEW_FIELDS => {
            let at_most = section.len() / SHORTEST_FIELD_LINE;
            many.resize(limit.min(at_most), httparse::EMPTY_HEADER);
            httparse::parse_headers(section, &mut many)
        }
        parsed => parsed,
    };
    let lines = match parsed {
        Ok(httparse::Status::Complete((length, lines))) if length == section.len() => lines,
        Ok(_) => return Err(Fault::FieldLine),
        Err(httparse::Error::TooManyHeaders) => return Err(too_many),
        Err(_) => return Err(Fault::FieldLine),
    };
    if lines.len() > limit {
        return Err(too_many);
    }
    let mut fields = HeaderMap::try_with_capacity(lines.len()).map_err(|_| too_many.clone())?;
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| Fault::FieldLine)?;
        let value = HeaderValue::from_maybe_shared(section.slice_ref(line.value)).map_err(|_| Fault::FieldLine)?;
        fields.try_append(name, value).map_err(|_| too_many.clone())?;
    }
    Ok(fields)
}

/// What no reason phrase, field value or target may hold: CTL of RFC 5234 without HTAB.
pub(super) fn is_control(octet: u8) -> bool {
    octet.is_ascii_control() && octet != b'\t'
}

pub(super) const CRLF: &[u8] = b"\r\n";
/// There is no status line in HTTP/0.9, but there are servers that write one and mean HTTP/1.0 or less.
const VERSIONS: [(&[u8], Version); 3] =
    [(b"HTTP/1.1", Version::HTTP_11), (b"HTTP/1.0", Version::HTTP_10), (b"HTTP/0.9", Version::HTTP_09)];
const REASON_OFFSET: usize = "HTTP/1.1 200 ".len();
const BLANK_LINES: usize = 4;
const SHORTEST_FIELD_LINE: usize = "n:\r\n".len();
/// Enough for most responses, and cheap to clear; a response with more is parsed a second time into a `Vec`.
const FEW_FIELDS: usize = 32;

#[cfg(test)]
mod tests;
