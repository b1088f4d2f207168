//! Heads and trailers as HTTP/2 has them (RFC 9113 section 8): pseudo-fields in place of lines, and nothing of the connection.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_KEY, TE};
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};

use crate::in_place::boxed;
use crate::protocol::http1::{
    Fault, Framing, HeadLimits, Interims, Misuse, RequestHead, ResponseHead, Settled, check_trailers, section_octets,
};

/// The request that HTTP/1.1 would write as lines, once it is settled: what that refuses is refused here, and for the same reason.
///
/// The `:authority` is the caller's Host if there is one, else the target's, and there is no Host beside it (RFC 9113 section
/// 8.3.1). `known` is that of the last request on the wire, of which the next one's is nearly always a copy; `plain` is there for one that
/// adds nothing to the fields of its session.
#[inline]
pub(crate) fn request(
    head: &RequestHead<'_>,
    settled: &Settled,
    secure: bool,
    known: &mut Option<Authority>,
    plain: Option<&Plain>,
) -> Result<Box<Request<()>>, Misuse> {
    // Boxed: it is handed on several times before it is sent.
    let mut request = boxed(|| Request::new(()));
    *request.uri_mut() = uri(head, head.settled_host(settled), secure, known)?;
    *request.version_mut() = Version::HTTP_2;
    *request.method_mut() = head.method.clone();
    *request.headers_mut() = match plain {
        Some(plain) if !matches!(settled.framing, Framing::Length(_)) => plain.fields(head, settled)?,
        _ => fields(head, settled)?,
    };
    Ok(request)
}

/// The fields of requests that add none to those of their session, made for the first of them.
#[derive(Debug, Default)]
pub(crate) struct Plain(OnceLock<(Option<&'static str>, HeaderMap)>);

impl Plain {
    fn fields(&self, head: &RequestHead<'_>, settled: &Settled) -> Result<HeaderMap, Misuse> {
        if let Some((accept_encoding, fields)) = self.0.get()
            && *accept_encoding == head.accept_encoding
        {
            return Ok(fields.clone());
        }
        let fields = fields(head, settled)?;
        // Those that ask for other codings are made each time.
        self.0.get_or_init(|| (head.accept_encoding, fields.clone()));
        Ok(fields)
    }
}

/// Makes of a request for an upgrade what HTTP/2 has in its place (RFC 8441 section 5): the protocol stands beside the pseudo-fields, and
/// nothing has to show that the server knows it.
pub(crate) fn extend_connect(request: &mut Request<()>) {
    *request.method_mut() = Method::CONNECT;
    // The length is that of a body which there is not: the stream goes on.
    for name in [SEC_WEBSOCKET_KEY, CONTENT_LENGTH] {
        request.headers_mut().remove(name);
    }
}

/// The trailer fields of a request. HTTP/2 can send them behind any body.
pub(crate) fn request_trailers(trailers: &HeaderMap) -> Result<HeaderMap, Misuse> {
    check_trailers(trailers)?;
    Ok(trailers.clone())
}

/// The head of a response, within the limits that hold for HTTP/1.1 too; its `raw` is what it would be in lines.
pub(crate) fn response_head(
    status: StatusCode,
    headers: HeaderMap,
    limits: &HeadLimits,
) -> Result<Arc<ResponseHead>, Fault> {
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Fault::UpgradeInHttp2);
    }
    refuse_connection_fields(&headers)?;
    ResponseHead::of_fields(status, headers, limits)
}

/// The heads of one stream as they come: interim ones, counted, then the final one.
#[derive(Debug)]
pub(crate) struct ResponseHeads {
    limits: HeadLimits,
    interims: Interims,
}

impl ResponseHeads {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self { limits, interims: Interims::default() }
    }

    /// How many interim ones may come.
    pub(crate) fn most_interims(&self) -> usize {
        self.limits.interim_responses
    }

    /// The next head, be it interim or final.
    pub(crate) fn receive(&mut self, status: StatusCode, headers: HeaderMap) -> Result<Arc<ResponseHead>, Fault> {
        let head = response_head(status, headers, &self.limits)?;
        if status.is_informational() {
            self.interims.count(&head, &self.limits)?;
        }
        Ok(head)
    }

    pub(crate) fn check_trailers(&self, trailers: &HeaderMap) -> Result<(), Fault> {
        check_response_trailers(trailers, &self.limits)
    }
}

/// Are the trailer fields of a response within the limits?
pub(crate) fn check_response_trailers(trailers: &HeaderMap, limits: &HeadLimits) -> Result<(), Fault> {
    if section_octets(trailers) > limits.trailer_octets {
        Err(Fault::TrailersTooLarge { limit: limits.trailer_octets })
    } else if trailers.len() > limits.trailer_fields {
        Err(Fault::TooManyTrailers { limit: limits.trailer_fields })
    } else {
        refuse_connection_fields(trailers)
    }
}

fn refuse_connection_fields(fields: &HeaderMap) -> Result<(), Fault> {
    match fields.keys().find_map(|name| of_the_connection(name.as_str())) {
        Some(name) => Err(Fault::ConnectionField { name }),
        None => Ok(()),
    }
}

/// RFC 9113 sections 8.3.1 and, for CONNECT, 8.5.
fn uri(head: &RequestHead<'_>, host: &[u8], secure: bool, known: &mut Option<Authority>) -> Result<Uri, Misuse> {
    let mut parts = Parts::default();
    if head.method == Method::CONNECT {
        parts.authority = Some(authority(head.target.as_bytes()).ok_or(Misuse::Target { at: 0 })?);
    } else {
        let own = if secure { Scheme::HTTPS } else { Scheme::HTTP };
        let absolute = if head.target.starts_with('/') { None } else { head.target.split_once("://") };
        let (scheme, path) = match absolute {
            Some((scheme, rest)) => {
                let length = rest.find(['/', '?']).unwrap_or(rest.len());
                (Scheme::try_from(scheme).map_err(|_| Misuse::Target { at: 0 })?, rest.split_at(length).1)
            }
            None => (own, head.target),
        };
        // RFC 9113 section 8.3.1: an empty path is said as "/".
        let path = if path.is_empty() || path.starts_with('?') { &format!("/{path}") } else { path };
        parts.scheme = Some(scheme);
        if known.as_ref().is_none_or(|known| known.as_str().as_bytes() != host) {
            *known = Some(authority(host).ok_or_else(|| Misuse::Host { at: position(host, b"%") })?);
        }
        parts.authority.clone_from(known);
        let refused = || Misuse::Target { at: position(head.target.as_bytes(), NOT_IN_PATHS) };
        parts.path_and_query = Some(PathAndQuery::try_from(path).map_err(|_| refused())?);
    }
    Uri::from_parts(parts).map_err(|_| Misuse::Target { at: 0 })
}

fn authority(octets: &[u8]) -> Option<Authority> {
    Authority::from_maybe_shared(Bytes::copy_from_slice(octets)).ok()
}

/// Where the first of `suspects` stands.
fn position(octets: &[u8], suspects: &[u8]) -> usize {
    octets.iter().position(|octet| suspects.contains(octet)).unwrap_or(0)
}

/// The fields but for those that are said otherwise, or not at all, in HTTP/2 (RFC 9113 section 8.2.2).
fn fields(head: &RequestHead<'_>, settled: &Settled) -> Result<HeaderMap, Misuse> {
    let most = head.headers.len() + head.defaults.len() + 2;
    let mut fields = HeaderMap::try_with_capacity(most).map_err(|_| Misuse::TooManyFields)?;
    let named = if settled.has_connection { Named::by(head) } else { Named::default() };
    for (name, value) in head.fields() {
        match name.as_str() {
            "host" | "content-length" => {}
            // With it a server may send trailers. In HTTP/1.1 it has to be named by Connection, so this comes first.
            "te" if value.as_bytes().eq_ignore_ascii_case(TRAILERS.as_bytes()) => {
                fields.try_insert(TE, HeaderValue::from_static(TRAILERS)).map_err(|_| Misuse::TooManyFields)?;
            }
            "te" => {}
            text if of_the_connection(text).is_some() || named.has(text) => {}
            text => {
                let mut value = value.clone();
                if is_secret(text) {
                    // Never indexed, neither here nor by an intermediary: its length in the compressed head would tell whether a
                    // guess is right (RFC 7541 section 7.1).
                    value.set_sensitive(true);
                }
                fields.try_append(name.clone(), value).map_err(|_| Misuse::TooManyFields)?;
            }
        }
    }
    if let Some(codings) = head.codings() {
        let codings = HeaderValue::from_static(codings);
        fields.try_insert(ACCEPT_ENCODING, codings).map_err(|_| Misuse::TooManyFields)?;
    }
    if let Framing::Length(length) = settled.framing {
        fields.try_insert(CONTENT_LENGTH, length.into()).map_err(|_| Misuse::TooManyFields)?;
    }
    Ok(fields)
}

/// The name, if it is of a field of the connection. Nearly all others differ in length.
fn of_the_connection(name: &str) -> Option<&'static str> {
    if !matches!(name.len(), 7 | 10 | 16 | 17) {
        return None;
    }
    OF_THE_CONNECTION.into_iter().find(|of_the_connection| *of_the_connection == name)
}

fn is_secret(name: &str) -> bool {
    matches!(name, "authorization" | "proxy-authorization" | "cookie" | "set-cookie")
}

/// The fields that the caller's Connection names: they are meant for the next hop of HTTP/1.1 only (RFC 9110 section 7.6.1).
#[derive(Default)]
struct Named<'a>(Vec<&'a [u8]>);

impl<'a> Named<'a> {
    fn by(head: &RequestHead<'a>) -> Self {
        let values = head.fields().filter(|(name, _)| **name == CONNECTION).map(|(_, value)| value.as_bytes());
        let options = values.flat_map(|value| value.split(|&octet| octet == b',')).map(<[u8]>::trim_ascii);
        Self(options.collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
    }
}

const TRAILERS: &str = "trailers";
/// RFC 9113 section 8.2.2.
const OF_THE_CONNECTION: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
/// What HTTP/1.1 sends as it is, and no `:path` may hold (RFC 3986 section 3.3).
const NOT_IN_PATHS: &[u8] = b"\"<>`^";

#[cfg(test)]
mod tests;
