//! The one serializer of everything with field lines that a client writes: heads of requests, of CONNECT, of upgrades, and
//! trailers (RFC 9112 sections 3 and 5).
//!
//! It fails, never strips: a field that was silently mended is not the one the caller vouches for. That a method or a field
//! holds no octet that could end its line is proven by its type; text becomes one through [`field`] only.

use bytes::BytesMut;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use super::fault::Misuse;
use super::fields::{CRLF, is_in, table};
use super::said::{ConnectionOptions, parse_decimal};
use super::stated::{Given, Stated};

/// All that goes into the head of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestHead<'a> {
    /// HTTP/1.1 or, for a server that takes nothing else, HTTP/1.0; a head of HTTP/2 says it elsewhere.
    pub(crate) version: Version,
    pub(crate) method: &'a Method,
    /// In the form the receiver wants: origin, absolute, authority (CONNECT) or asterisk form (RFC 9112 section 3.2).
    pub(crate) target: &'a str,
    pub(crate) host: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// Fields that are sent unless `headers` names them.
    pub(crate) defaults: &'a HeaderMap,
    /// The line that says which codings are asked for: of a field that neither of both has.
    pub(crate) accept_encoding: Option<&'static str>,
    pub(crate) body: BodyLength,
}

/// How long the body of a request is going to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    None,
    Length(u64),
    /// Unknown until it ends.
    Chunked,
}

impl<'a> RequestHead<'a> {
    /// The codings that are asked for.
    pub(crate) fn codings(&self) -> Option<&'static str> {
        self.accept_encoding?.strip_prefix(ACCEPT_ENCODING)?.strip_suffix("\r\n")
    }

    /// Whether octets follow the head.
    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.body, BodyLength::None | BodyLength::Length(0))
    }

    /// What is to be written besides the fields, once caller, target and body agree on it.
    pub(crate) fn settle(&self) -> Result<Settled, Misuse> {
        self.settle_by(Stated::by(self))
    }

    /// The same where the fields are known to be [plain](super::plain_octets): in lines of so many octets.
    pub(crate) fn settle_plain(&self, octets: usize) -> Result<Settled, Misuse> {
        self.settle_by(Stated::plain(octets))
    }

    fn settle_by(&self, stated: Stated<'a>) -> Result<Settled, Misuse> {
        check_target(self.method, self.target)?;
        let host = choose_host(self, &stated)?;
        let framing = choose_framing(self, &stated)?;
        let line = self.method.as_str().len() + self.target.len() + BEHIND_TARGET.len() + host.len();
        let codings = self.accept_encoding.map_or(0, str::len);
        let octets = stated.octets + line + codings + framing.octets() + " \r\n\r\n".len();
        let has_own_host = !matches!(stated.host, Given::Not);
        let Stated { connection, has_connection, expects_continue, asks_for_gzip, authorizes_proxy, .. } = stated;
        Ok(Settled {
            framing,
            octets,
            connection,
            has_connection,
            expects_continue,
            asks_for_gzip,
            has_own_host,
            authorizes_proxy,
        })
    }

    /// The same of a head that the next hop may be written as lines.
    pub(crate) fn settle_lines(&self) -> Result<Settled, Misuse> {
        let settled = self.settle()?;
        // A property of the hop: to a server it would be a secret of somebody else's.
        if settled.authorizes_proxy && (self.target.starts_with('/') || self.target == "*") {
            return Err(Misuse::ProxyAuthorization);
        }
        // RFC 9110 section 10.1.1: a server ignores it there, and the body would wait for nothing.
        if settled.expects_continue && self.version == Version::HTTP_10 {
            return Err(Misuse::ExpectInHttp10);
        }
        Ok(settled)
    }

    /// The one Host that was settled on.
    pub(crate) fn settled_host(&self, settled: &Settled) -> &'a [u8] {
        let Self { headers, defaults, host, .. } = *self;
        let own = || headers.get(HOST).or_else(|| defaults.get(HOST)).map(HeaderValue::as_bytes);
        if settled.has_own_host { own().unwrap_or_default() } else { host.as_bytes() }
    }

    /// The fields of the caller, and those defaults that the caller does not name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        let Self { headers, defaults, .. } = *self;
        headers.iter().chain(defaults.iter().filter(|(name, _)| !headers.contains_key(*name)))
    }
}

/// What was found out about a head that may be sent, and holds as long as nothing of it changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    pub(crate) framing: Framing,
    /// Octets of the head as HTTP/1.1 has it.
    pub(crate) octets: usize,
    pub(super) connection: ConnectionOptions,
    /// There is a `Connection`.
    pub(crate) has_connection: bool,
    pub(crate) expects_continue: bool,
    /// A field of the caller's says which host it is for.
    has_own_host: bool,
    /// By a TE field, the coding is among those that can be undone.
    pub(super) asks_for_gzip: bool,
    authorizes_proxy: bool,
}

/// Appends a head that was settled to `out`.
pub(super) fn write_head(head: &RequestHead<'_>, settled: &Settled, out: &mut BytesMut) {
    let version_and_host = if head.version == Version::HTTP_10 { BEHIND_TARGET_1_0 } else { BEHIND_TARGET };
    out.reserve(settled.octets);
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.extend_from_slice(b" ");
    out.extend_from_slice(head.target.as_bytes());
    // RFC 9110 section 7.2: Host first, so that a server can route before it has parsed the rest.
    out.extend_from_slice(version_and_host);
    out.extend_from_slice(head.settled_host(settled));
    out.extend_from_slice(CRLF);
    for (name, value) in head.fields() {
        // These have a fixed place.
        if *name != HOST && *name != CONTENT_LENGTH {
            put_field(name, value, out);
        }
    }
    if let Some(line) = head.accept_encoding {
        out.extend_from_slice(line.as_bytes());
    }
    match settled.framing {
        Framing::Unsaid => {}
        Framing::Length(length) => {
            out.extend_from_slice(LENGTH_IS);
            put_decimal(length, out);
            out.extend_from_slice(CRLF);
        }
        Framing::Chunked => out.extend_from_slice(IS_CHUNKED),
    }
    out.extend_from_slice(CRLF);
}

/// Appends a trailer section with the empty line that ends it; on an error `out` is as it was.
pub(crate) fn encode_trailers(trailers: &HeaderMap, out: &mut BytesMut) -> Result<(), Misuse> {
    check_trailers(trailers)?;
    for (name, value) in trailers {
        put_field(name, value, out);
    }
    out.extend_from_slice(CRLF);
    Ok(())
}

/// May all of these be sent behind a body?
pub(crate) fn check_trailers(trailers: &HeaderMap) -> Result<(), Misuse> {
    match trailers.keys().find(|name| !may_be_trailer(name)) {
        Some(name) => Err(Misuse::Trailer { name: name.to_string() }),
        None => Ok(()),
    }
}

/// The door through which text becomes a field.
pub(crate) fn field(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), Misuse> {
    let Ok(name) = name.parse::<HeaderName>() else {
        return Err(Misuse::FieldName { name: name.to_owned() });
    };
    match HeaderValue::from_bytes(value) {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(Misuse::FieldValue { name: name.to_string() }),
    }
}

fn check_target(method: &Method, target: &str) -> Result<(), Misuse> {
    // A fragment is not sent (RFC 9110 section 7.1); everything else a URL may hold, and what servers take beyond it, is.
    let sendable = |octet: u8| octet.is_ascii_graphic() && octet != b'#';
    // Without a way out in between it is faster, and there is nearly never one to take.
    if !target.bytes().fold(true, |all, octet| all & sendable(octet)) {
        return Err(Misuse::Target { at: target.bytes().position(|octet| !sendable(octet)).unwrap_or(0) });
    }
    let has_form = match target {
        _ if method == Method::CONNECT => target.contains(':') && target.bytes().all(is_host_octet),
        "*" => method == Method::OPTIONS,
        _ => target.starts_with('/') || is_absolute(target),
    };
    if has_form { Ok(()) } else { Err(Misuse::Target { at: 0 }) }
}

/// As a forward proxy wants it; never with userinfo, a password on its way to a log (RFC 9110 section 4.2.4).
fn is_absolute(target: &str) -> bool {
    let Some((_, after_scheme)) = target.split_once("://") else {
        return false;
    };
    let authority = after_scheme.split(['/', '?']).next().unwrap_or_default();
    !authority.is_empty() && authority.bytes().all(is_host_octet)
}

/// The one Host: the caller's if there is one, as WinHTTP and virtual hosting have it, else the target's.
fn choose_host<'a>(head: &RequestHead<'a>, stated: &Stated<'a>) -> Result<&'a [u8], Misuse> {
    let host = match stated.host {
        Given::Not => head.host.as_bytes(),
        Given::Once(host) => host,
        Given::Repeatedly => return Err(Misuse::RepeatedHost),
    };
    match host.iter().position(|&octet| !is_host_octet(octet)) {
        Some(at) => Err(Misuse::Host { at }),
        None if host.is_empty() => Err(Misuse::Host { at: 0 }),
        None => Ok(host),
    }
}

/// What the head says of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Unsaid,
    Length(u64),
    Chunked,
}

impl Framing {
    /// Octets of its line.
    fn octets(self) -> usize {
        match self {
            Self::Unsaid => 0,
            Self::Length(length) => LENGTH_IS.len() + length.checked_ilog10().unwrap_or(0) as usize + 1 + CRLF.len(),
            Self::Chunked => IS_CHUNKED.len(),
        }
    }
}

fn choose_framing(head: &RequestHead<'_>, stated: &Stated<'_>) -> Result<Framing, Misuse> {
    if !matches!(stated.coding, Given::Not) {
        return Err(Misuse::TransferEncoding);
    }
    // RFC 9110 sections 9.3.6 and 9.3.8.
    if head.has_body() && (head.method == Method::CONNECT || head.method == Method::TRACE) {
        return Err(Misuse::BodyNotAllowed { method: head.method.clone() });
    }
    let declared = match stated.length {
        Given::Not => None,
        Given::Once(declared) => Some(declared),
        Given::Repeatedly => return Err(Misuse::RepeatedContentLength),
    };
    let actual = match head.body {
        BodyLength::None => 0,
        BodyLength::Length(length) => length,
        BodyLength::Chunked if declared.is_some() => return Err(Misuse::ContentLengthWithChunked),
        // RFC 9112 section 6.1: it knows no transfer codings.
        BodyLength::Chunked if head.version == Version::HTTP_10 => return Err(Misuse::ChunkedInHttp10),
        BodyLength::Chunked => return Ok(Framing::Chunked),
    };
    match declared {
        Some(declared) if parse_decimal(declared) != Some(actual) => {
            let declared = String::from_utf8_lossy(declared).into_owned();
            Err(Misuse::ContentLengthDiffers { declared, actual })
        }
        // RFC 9110 section 8.6: a length of 0 is said only where a body could have been expected.
        None if actual == 0 && !expects_body(head.method) => Ok(Framing::Unsaid),
        _ => Ok(Framing::Length(actual)),
    }
}

fn expects_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// RFC 3986 section 3.2 without userinfo, which is no part of a Host (RFC 9110 section 4.2.4).
fn is_host_octet(octet: u8) -> bool {
    is_in(&HOST_OCTETS, octet)
}

/// RFC 9110 section 6.5.1: not what frames, routes, modifies or authenticates a message, nor what says how to understand
/// its content.
fn may_be_trailer(name: &HeaderName) -> bool {
    !NOT_IN_TRAILERS.contains(&name.as_str()) && !name.as_str().starts_with("if-")
}

pub(super) fn put_field(name: &HeaderName, value: &HeaderValue, out: &mut BytesMut) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(CRLF);
}

fn put_decimal(number: u64, out: &mut BytesMut) {
    let mut digits = [b'0'; u64::MAX.ilog10() as usize + 1];
    let (mut at, mut left) = (digits.len(), number);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        at -= 1;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

const HOST_OCTETS: [bool; 256] =
    table(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+,;=:[]");
const BEHIND_TARGET: &[u8; 17] = b" HTTP/1.1\r\nhost: ";
const BEHIND_TARGET_1_0: &[u8; 17] = b" HTTP/1.0\r\nhost: ";
const ACCEPT_ENCODING: &str = "accept-encoding: ";
const LENGTH_IS: &[u8; 16] = b"content-length: ";
const IS_CHUNKED: &[u8; 28] = b"transfer-encoding: chunked\r\n";

const NOT_IN_TRAILERS: [&str; 26] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "cookie2",
    "expect",
    "host",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "set-cookie",
    "set-cookie2",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
];

#[cfg(test)]
mod tests;
