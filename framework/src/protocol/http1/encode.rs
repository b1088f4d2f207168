//! The one serializer of everything with field lines that a client writes: heads of requests, of CONNECT, of upgrades, and
//! trailers (RFC 9112 sections 3 and 5).
//!
//! It fails, never strips: a field that was silently mended is not the one the caller vouches for. That a method or a field
//! holds no octet that could end its line is proven by its type; text becomes one through [`field`] only.

use std::fmt::Write;

use bytes::BytesMut;
use http::header::{CONTENT_LENGTH, GetAll, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::fault::Misuse;
use super::fields::CRLF;
use super::said::parse_decimal;

/// All that goes into the head of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a Method,
    /// In the form the receiver wants: origin, absolute, authority (CONNECT) or asterisk form (RFC 9112 section 3.2).
    pub(crate) target: &'a str,
    pub(crate) host: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// Fields that are sent unless `headers` names them.
    pub(crate) defaults: &'a HeaderMap,
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
    /// The values that are sent under this name.
    pub(crate) fn values(&self, name: &HeaderName) -> GetAll<'a, HeaderValue> {
        let given = if self.headers.contains_key(name) { self.headers } else { self.defaults };
        given.get_all(name)
    }

    /// Whether octets follow the head.
    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.body, BodyLength::None | BodyLength::Length(0))
    }

    /// The fields of caller and defaults, without those that have a fixed place.
    fn fields(&self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        let Self { headers, defaults, .. } = *self;
        let unnamed = defaults.iter().filter(|(name, _)| !headers.contains_key(*name));
        headers.iter().chain(unnamed).filter(|(name, _)| **name != HOST && **name != CONTENT_LENGTH)
    }
}

/// Appends the head to `out`; a head that may not be written leaves `out` as it was.
pub(crate) fn encode_head(head: &RequestHead<'_>, out: &mut BytesMut) -> Result<(), Misuse> {
    check_target(head.method, head.target)?;
    let host = choose_host(head)?;
    let framing = choose_framing(head)?;

    // An estimate: to measure the fields exactly costs more than the rare second allocation.
    out.reserve(FIXED_PARTS + head.target.len() + (head.headers.len() + head.defaults.len()) * TYPICAL_FIELD);
    for part in [head.method.as_str(), " ", head.target, " HTTP/1.1\r\nhost: "] {
        out.extend_from_slice(part.as_bytes());
    }
    // RFC 9110 section 7.2: Host first, so that a server can route before it has parsed the rest.
    out.extend_from_slice(host);
    out.extend_from_slice(CRLF);
    for (name, value) in head.fields() {
        put_field(name, value, out);
    }
    match framing {
        Framing::Unsaid => {}
        // Writing to a BytesMut fails at the end of the address space only.
        Framing::Length(length) => _ = write!(out, "content-length: {length}\r\n"),
        Framing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
    }
    out.extend_from_slice(CRLF);
    Ok(())
}

/// Appends a trailer section with the empty line that ends it; on an error `out` is as it was.
pub(crate) fn encode_trailers(trailers: &HeaderMap, out: &mut BytesMut) -> Result<(), Misuse> {
    if let Some(name) = trailers.keys().find(|name| !may_be_trailer(name)) {
        return Err(Misuse::Trailer { name: name.to_string() });
    }
    for (name, value) in trailers {
        put_field(name, value, out);
    }
    out.extend_from_slice(CRLF);
    Ok(())
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
    if let Some(at) = target.bytes().position(|octet| !sendable(octet)) {
        return Err(Misuse::Target { at });
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
fn choose_host<'a>(head: &RequestHead<'a>) -> Result<&'a [u8], Misuse> {
    let mut given = head.values(&HOST).iter();
    let host = given.next().map_or(head.host.as_bytes(), HeaderValue::as_bytes);
    if given.next().is_some() {
        return Err(Misuse::RepeatedHost);
    }
    match host.iter().position(|&octet| !is_host_octet(octet)) {
        Some(at) => Err(Misuse::Host { at }),
        None if host.is_empty() => Err(Misuse::Host { at: 0 }),
        None => Ok(host),
    }
}

/// What the head says of its body.
enum Framing {
    Unsaid,
    Length(u64),
    Chunked,
}

fn choose_framing(head: &RequestHead<'_>) -> Result<Framing, Misuse> {
    if head.headers.contains_key(TRANSFER_ENCODING) || head.defaults.contains_key(TRANSFER_ENCODING) {
        return Err(Misuse::TransferEncoding);
    }
    // RFC 9110 sections 9.3.6 and 9.3.8.
    if head.has_body() && (head.method == Method::CONNECT || head.method == Method::TRACE) {
        return Err(Misuse::BodyNotAllowed { method: head.method.clone() });
    }
    let mut given = head.values(&CONTENT_LENGTH).iter();
    let declared = given.next();
    if given.next().is_some() {
        return Err(Misuse::RepeatedContentLength);
    }
    let actual = match head.body {
        BodyLength::None => 0,
        BodyLength::Length(length) => length,
        BodyLength::Chunked if declared.is_some() => return Err(Misuse::ContentLengthWithChunked),
        BodyLength::Chunked => return Ok(Framing::Chunked),
    };
    match declared {
        Some(declared) if parse_decimal(declared.as_bytes()) != Some(actual) => {
            let declared = String::from_utf8_lossy(declared.as_bytes()).into_owned();
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
    octet.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&octet)
}

/// RFC 9110 section 6.5.1: not what frames, routes, modifies or authenticates a message, nor what says how to understand
/// its content.
fn may_be_trailer(name: &HeaderName) -> bool {
    !NOT_IN_TRAILERS.contains(&name.as_str()) && !name.as_str().starts_with("if-")
}

fn put_field(name: &HeaderName, value: &HeaderValue, out: &mut BytesMut) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), CRLF] {
        out.extend_from_slice(part);
    }
}

/// Request line, Host and framing, but for the target.
const FIXED_PARTS: usize = 128;
const TYPICAL_FIELD: usize = 64;

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
