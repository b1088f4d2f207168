//! Requests of HTTP/1.1: what is written is what was meant, and nothing else.

use bytes::BytesMut;
use http::header::{CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, Method, Version};

use super::http1::read;
use super::pieces::{Taker, cuts};
use crate::protocol::http1::{AfterHead, BodyLength, HeadLimits, RequestHead, SendBody, SendHead, field};

/// A head that is written is read by `httparse` as one request with those fields; a body comes back as it was.
pub fn request(octets: &[u8]) {
    let mut taker = Taker(octets);
    let choice = taker.octet();
    let version = if choice & 1 == 0 { Version::HTTP_11 } else { Version::HTTP_10 };
    let Ok(method) = Method::from_bytes(taker.octets()) else { return };
    let (Some(target), Some(host)) = (taker.text(), taker.text()) else { return };
    let mut headers = HeaderMap::new();
    for _ in 0..taker.octet() % 16 {
        let (name, value) = (taker.text(), taker.octets());
        if let Some(Ok((name, value))) = name.map(|name| field(name, value)) {
            headers.append(name, value);
        }
    }
    let body = match choice >> 1 & 3 {
        0 => BodyLength::None,
        1 => BodyLength::Length(taker.0.len() as u64),
        _ => BodyLength::Chunked,
    };
    let (defaults, accept_encoding) = (HeaderMap::new(), (choice & 8 != 0).then_some("accept-encoding: gzip\r\n"));
    let head = RequestHead {
        version,
        method: &method,
        target,
        host,
        headers: &headers,
        defaults: &defaults,
        accept_encoding,
        body,
    };
    let mut written = BytesMut::new();
    let Ok(after) = SendHead::new(HeadLimits::default()).encode(&head, &mut written) else {
        assert!(written.is_empty(), "a head that may not be written was: {}", written.escape_ascii());
        return;
    };
    is_meant(&written, &head);
    match after {
        AfterHead::SendBody(sending) => comes_back(sending, taker.0),
        AfterHead::Await100(waiting) => comes_back(waiting.timed_out(), taker.0),
        AfterHead::ReceiveHead(_) => assert!(body == BodyLength::None || taker.0.is_empty()),
    }
}

fn is_meant(written: &[u8], head: &RequestHead<'_>) {
    let shown = written.escape_ascii();
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut theirs = httparse::Request::new(&mut fields);
    assert_eq!(theirs.parse(written), Ok(httparse::Status::Complete(written.len())), "{shown}");
    let version = if head.version == Version::HTTP_10 { 0 } else { 1 };
    let line = (Some(head.method.as_str()), Some(head.target), Some(version));
    assert_eq!((theirs.method, theirs.path, theirs.version), line, "{shown}");
    let count = |name: &str| theirs.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).count();
    assert_eq!(count("host"), 1, "{shown}");
    assert!(count("content-length") + count("transfer-encoding") <= 1, "{shown}");
    let ours = |name: &str| matches!(name, "host" | "content-length" | "transfer-encoding");
    let told = theirs.headers.iter().filter(|field| !ours(field.name)).count();
    let meant =
        head.headers.keys().map(|name| head.headers.get_all(name).iter().count() * usize::from(!ours(name.as_str())));
    assert_eq!(told, meant.sum::<usize>() + usize::from(head.accept_encoding.is_some()), "{shown}");
    for (name, value) in head.headers {
        let is_it = |field: &httparse::Header<'_>| {
            field.name == name && field.value.trim_ascii() == said(name, value.as_bytes())
        };
        assert!(theirs.headers.iter().any(is_it), "{name} in {shown}");
    }
}

/// What is written of a value: no space around it, and of a length no zero in front of its last digit.
fn said<'a>(name: &HeaderName, value: &'a [u8]) -> &'a [u8] {
    let value = value.trim_ascii();
    let before_last = &value[..value.len().saturating_sub(1)];
    let zeros = before_last.iter().take_while(|digit| name == CONTENT_LENGTH && **digit == b'0').count();
    &value[zeros..]
}

/// The body as it is framed, read as that of a response.
fn comes_back(mut sending: SendBody, body: &[u8]) {
    let chunked = sending.remaining().is_none();
    let framing =
        if chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {}", body.len()) };
    let mut written = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n").into_bytes();
    for piece in cuts(body).nth(1).unwrap_or_default() {
        let frame = sending.frame(piece).expect("no more than was announced");
        written.extend_from_slice(frame.prefix());
        written.extend_from_slice(piece);
        written.extend_from_slice(frame.suffix());
    }
    let (tail, _) = sending.finish(&HeaderMap::new()).expect("as much as was announced");
    written.extend_from_slice(&tail);
    let told = read(&Method::GET, "/", HeadLimits::default(), &[&written], usize::MAX);
    assert_eq!((told.end, &*told.body), (Ok(Ok(())), body));
}
