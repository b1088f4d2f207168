//! The head of a response, found and parsed in octets that arrive in any pieces (RFC 9112 sections 2.2, 4 and 5).

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use memchr::memchr2;

use super::encode::put_field;
use super::fault::Fault;
use super::fields::{CRLF, Flaw, first_line, is_control, to_map, unfold, walk};
use super::lenient::with_whole_lines;
use super::said::{Coding, Listener, Said};
use crate::options::Leniency;
use crate::shown;

/// The status line and the header fields of a response (what `WinHttpQueryHeaders` asks for).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::Version;
///
/// let response = session.get("http://www.example.com/missing")?.send().await?;
/// let head = response.head();
/// assert_eq!((head.status().as_u16(), head.version()), (404, Version::HTTP_11));
/// assert_eq!(head.reason(), b"Not Found");
/// assert!(head.raw().starts_with(b"HTTP/1.1 404 Not Found\r\n")); // as it came
/// # session.close().await
/// # }
/// ```
#[doc(alias = "HttpQueryInfo")]
#[doc(alias = "WinHttpQueryHeaders")]
#[derive(Clone)]
pub struct ResponseHead {
    status: StatusCode,
    version: Version,
    fields: Fields,
    raw_length: usize,
    status_line_length: usize,
    said: Said,
}

/// How its fields came. The other form is made when it is asked for: not every response is looked at.
#[derive(Clone)]
enum Fields {
    Lines { raw: Bytes, headers: OnceLock<Box<HeaderMap>> },
    Map { headers: HeaderMap, raw: OnceLock<Bytes> },
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
    #[doc(alias("WINHTTP_OPTION_HTTP_PROTOCOL_USED", "WINHTTP_QUERY_VERSION"))]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The header fields, their names in lower case, each on one line: a line that goes on in the next one is read as one, with SP
    /// between (RFC 9112 section 5.2). [`raw`](Self::raw) has them as received.
    #[doc(alias("WinHttpQueryHeadersEx", "WINHTTP_QUERY_EX_ALL_HEADERS"))]
    pub fn headers(&self) -> &HeaderMap {
        match &self.fields {
            Fields::Map { headers, .. } => headers,
            Fields::Lines { raw, headers } => headers.get_or_init(|| {
                let section = raw.slice(self.status_line_length + CRLF.len()..);
                // All of it was checked when the head came.
                Box::new(to_map(&section, usize::MAX).unwrap_or_default())
            }),
        }
    }

    /// What this library itself wants to know of them.
    pub(super) fn said(&self) -> &Said {
        &self.said
    }

    /// Is there a `Set-Cookie`? To be asked before the map is made.
    #[cfg(feature = "cookies")]
    pub(crate) fn sets_cookies(&self) -> bool {
        self.said.sets_cookies
    }

    /// Is there a `Strict-Transport-Security`?
    pub(crate) fn wants_https(&self) -> bool {
        self.said.wants_https
    }

    /// Is there a `Content-Encoding`?
    pub(crate) fn is_coded(&self) -> bool {
        self.said.is_coded
    }

    /// Is gzip its transfer coding, below the chunks if there are any?
    pub(crate) fn is_gzipped_on_the_way(&self) -> bool {
        matches!(self.said.coding, Coding::Gzip | Coding::GzipChunked)
    }

    /// The reason phrase as received: it may be empty, and it may hold octets that are not UTF-8.
    #[doc(alias = "WINHTTP_QUERY_STATUS_TEXT")]
    pub fn reason(&self) -> &[u8] {
        match &self.fields {
            Fields::Lines { raw, .. } => raw.get(REASON_OFFSET..self.status_line_length).unwrap_or_default(),
            // RFC 9113 section 8.3.1.
            Fields::Map { .. } => b"",
        }
    }

    /// The whole head as received, with the case and the order of its fields; it ends with an empty line.
    #[doc(alias = "WINHTTP_QUERY_RAW_HEADERS")]
    #[doc(alias = "WINHTTP_QUERY_RAW_HEADERS_CRLF")]
    pub fn raw(&self) -> &Bytes {
        match &self.fields {
            Fields::Lines { raw, .. } => raw,
            Fields::Map { headers, raw } => raw.get_or_init(|| lines(HTTP2, self.status, headers)),
        }
    }

    /// How long that is.
    pub(crate) fn raw_length(&self) -> usize {
        self.raw_length
    }

    /// The head of a response that came as fields, not as octets, by HTTP/2: it has no reason phrase (RFC 9113 section 8.3.1).
    pub(crate) fn of_fields(status: StatusCode, headers: HeaderMap, limits: &HeadLimits) -> Result<Arc<Self>, Fault> {
        let status_line_length = HTTP2.len() + status.as_str().len();
        let length = (status_line_length + CRLF.len()).saturating_add(section_octets(&headers));
        if length > limits.head_octets {
            return Err(Fault::HeadTooLarge { limit: limits.head_octets });
        }
        if headers.len() > limits.header_fields {
            return Err(Fault::TooManyFields { limit: limits.header_fields });
        }
        // The rest of what they say is of the framing and the wire of HTTP/1.1.
        let mut said = Said::default();
        for name in headers.keys() {
            match name.as_str() {
                "set-cookie" => said.sets_cookies = true,
                "content-encoding" => said.is_coded = true,
                "strict-transport-security" => said.wants_https = true,
                _ => {}
            }
        }
        let fields = Fields::Map { headers, raw: OnceLock::new() };
        Ok(Arc::new(Self { status, version: Version::HTTP_2, fields, raw_length: length, status_line_length, said }))
    }

    /// The head of a response that was stored: whatever it came by, it is shown as one of HTTP/1.1.
    #[cfg(feature = "cache")]
    pub(crate) fn of_stored(status: StatusCode, headers: HeaderMap) -> Self {
        let status_line_length = HTTP11.len() + status.as_str().len();
        let raw = lines(HTTP11, status, &headers);
        let said = Said { is_coded: headers.contains_key(http::header::CONTENT_ENCODING), ..Said::default() };
        let raw_length = raw.len();
        let fields = Fields::Lines { raw, headers: OnceLock::from(Box::new(headers)) };
        Self { status, version: Version::HTTP_11, fields, raw_length, status_line_length, said }
    }

    /// The head that `octets` begin with; `None` if its end is missing, or some line ends otherwise than in CRLF.
    fn parse(octets: &[u8], limits: &HeadLimits) -> Result<Option<Self>, Fault> {
        let Some((status_line, fields)) = first_line(octets) else { return Ok(None) };
        let (version, status) = parse_status_line(status_line).ok_or(Fault::StatusLine)?;
        let limit = limits.header_fields;
        let heard = match listen(fields, limit) {
            Err(Flaw::Folded) => listen_unfolded(fields, limit),
            heard => heard,
        };
        let Some((length, said)) = heard.map_err(|flaw| fault(flaw, Fault::TooManyFields { limit }))? else {
            return Ok(None);
        };
        let status_line_length = status_line.len();
        let whole = octets.get(..status_line_length + CRLF.len() + length).unwrap_or_default();
        // Copied: a slice would keep all of the buffer for as long as the response is kept.
        let (raw, raw_length) = (Bytes::copy_from_slice(whole), whole.len());
        let fields = Fields::Lines { raw, headers: OnceLock::new() };
        Ok(Some(Self { status, version, fields, raw_length, status_line_length, said }))
    }
}

/// The length of the field lines with the empty one behind them, and what they say.
fn listen(fields: &[u8], most: usize) -> Result<Option<(usize, Said)>, Flaw> {
    let mut listener = Listener::default();
    let length = walk(fields, most, |name, value| {
        listener.hear(name, value);
        Ok(())
    })?;
    Ok(length.map(|length| (length, listener.said())))
}

/// The same of lines of which some are folded.
#[cold]
fn listen_unfolded(fields: &[u8], most: usize) -> Result<Option<(usize, Said)>, Flaw> {
    let Some((unfolded, length)) = unfold(fields)? else { return Ok(None) };
    let heard = listen(&unfolded, most)?;
    Ok(heard.map(|(_, said)| (length, said)))
}

/// How long these fields are as lines, with the empty line behind them.
pub(crate) fn section_octets(fields: &HeaderMap) -> usize {
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + ": ".len() + value.len() + CRLF.len();
    fields.iter().map(line).fold(CRLF.len(), usize::saturating_add)
}

pub(super) fn fault(flaw: Flaw, too_many: Fault) -> Fault {
    match flaw {
        Flaw::Line | Flaw::Folded => Fault::FieldLine,
        Flaw::TooMany => too_many,
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
    /// What is forgiven.
    pub(crate) leniency: Leniency,
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
            leniency: Leniency::NONE,
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
    if *scanned == 0
        && let Ok(Some(found)) = ResponseHead::parse(head, limits)
    {
        // All of it is there, as nearly always, and well: one look was enough.
        buf.advance(blank + found.raw_length);
        return Ok(Some(found));
    }
    check_beginning(head)?;
    let forgives = limits.leniency.contains(Leniency::BARE_LINE_FEED);
    let Some(length) = section_length(head, scanned, forgives)? else {
        return if buf.len() < limits.head_octets {
            Ok(None)
        } else {
            Err(Fault::HeadTooLarge { limit: limits.head_octets })
        };
    };
    let head = head.get(..length).unwrap_or_default();
    let found = match ResponseHead::parse(head, limits)? {
        None if forgives => ResponseHead::parse(&with_whole_lines(head), limits)?,
        found => found,
    };
    let found = found.ok_or(Fault::FieldLine)?;
    buf.advance(blank + length);
    *scanned = 0;
    Ok(Some(found))
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
pub(super) fn section_length(octets: &[u8], scanned: &mut usize, forgives: bool) -> Result<Option<usize>, Fault> {
    while let Some(LineEnd { at, width }) = next_line_end(octets, scanned, forgives)? {
        let (before, _) = octets.split_at(at);
        // What ends in LF here has been found to be a whole line.
        if before.is_empty() || before.ends_with(b"\n") {
            return Ok(Some(at + width));
        }
    }
    Ok(None)
}

/// Where a line ends, and in how many octets.
pub(super) struct LineEnd {
    pub(super) at: usize,
    pub(super) width: usize,
}

/// The offset of the first CRLF from `scanned` on, and `scanned` moves behind it; `None` while it is missing.
///
/// RFC 9112 section 2.2 lets a recipient take a bare LF for a line end, and has it replace a bare CR by SP or refuse it.
/// Both are refused: where two readers of one response disagree on its lines, they disagree on its fields, and on where its
/// body begins. Whoever `forgives` has said that a bare LF is to be one.
pub(super) fn next_line_end(octets: &[u8], scanned: &mut usize, forgives: bool) -> Result<Option<LineEnd>, Fault> {
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
    let width = match line_end {
        [b'\r', b'\n', ..] => CRLF.len(),
        [b'\n', ..] if forgives => 1,
        _ => return Err(Fault::BareLineEnd),
    };
    let at = *scanned;
    *scanned += width;
    Ok(Some(LineEnd { at, width }))
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

/// What fields would be as lines.
fn lines(version: &[u8], status: StatusCode, headers: &HeaderMap) -> Bytes {
    let mut lines = BytesMut::with_capacity(version.len() + section_octets(headers) + 16);
    lines.extend_from_slice(version);
    lines.extend_from_slice(status.as_str().as_bytes());
    lines.extend_from_slice(CRLF);
    for (name, value) in headers {
        put_field(name, value, &mut lines);
    }
    lines.extend_from_slice(CRLF);
    lines.freeze()
}

/// There is no status line in HTTP/0.9, but there are servers that write one and mean HTTP/1.0 or less.
const VERSIONS: [(&[u8], Version); 3] =
    [(b"HTTP/1.1", Version::HTTP_11), (b"HTTP/1.0", Version::HTTP_10), (b"HTTP/0.9", Version::HTTP_09)];
const REASON_OFFSET: usize = "HTTP/1.1 200 ".len();
const HTTP2: &[u8] = b"HTTP/2 ";
#[cfg(feature = "cache")]
const HTTP11: &[u8] = b"HTTP/1.1 ";
const BLANK_LINES: usize = 4;

#[cfg(test)]
mod tests;
