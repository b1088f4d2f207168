//! A request as a server received it.

use std::{fmt, io};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// One HTTP/1.1 request, body decoded.
#[derive(Clone)]
pub struct Request {
    /// The head as it came, up to and including its empty line.
    pub head: Bytes,
    /// The method.
    pub method: String,
    /// The target as it came: path and query, as a rule.
    pub target: String,
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    pub minor_version: u8,
    /// The fields in order, names as written.
    pub fields: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Bytes,
    /// The trailer fields of a chunked body.
    pub trailers: Vec<(String, String)>,
}

/// What the first octets of a stream are.
pub(crate) enum Parsed {
    /// A whole request, and how many octets it took.
    Whole(Box<Request>, usize),
    /// A whole head and part of a body; does the client wait for `100 Continue`?
    Head {
        expects_continue: bool,
    },
    Partial,
}

/// The octets are no HTTP/1.1 request.
#[derive(Debug)]
pub(crate) struct Malformed(pub(crate) String);

impl Request {
    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All fields of this name.
    pub fn fields_named(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of one parameter of the query, as written.
    pub fn query(&self, name: &str) -> Option<&str> {
        let query = self.target.split_once('?')?.1;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Does the client want the connection closed after the answer?
    pub fn wants_close(&self) -> bool {
        let said = |token: &str| {
            self.fields_named("connection").iter().any(|value| value.to_ascii_lowercase().contains(token))
        };
        said("close") || (self.minor_version == 0 && !said("keep-alive"))
    }

    /// Looks whether these octets begin with a whole request.
    pub(crate) fn parse(octets: &[u8]) -> Result<Parsed, Malformed> {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut parsed = httparse::Request::new(&mut fields);
        let head_length = match parsed.parse(octets) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(Parsed::Partial),
            Err(error) => return Err(Malformed(error.to_string())),
        };
        let mut request = Self {
            head: Bytes::copy_from_slice(&octets[..head_length]),
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            minor_version: parsed.version.unwrap_or_default(),
            fields: parsed.headers.iter().map(owned).collect(),
            body: Bytes::new(),
            trailers: Vec::new(),
        };
        let rest = &octets[head_length..];
        let body = if request.field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            chunked(rest)?
        } else {
            let length = request.field("content-length").map_or(Ok(0), str::parse);
            let length: usize = length.map_err(|_| Malformed("Content-Length is no number".to_owned()))?;
            (rest.len() >= length).then(|| (Bytes::copy_from_slice(&rest[..length]), Vec::new(), length))
        };
        let Some((body, trailers, body_length)) = body else {
            let expectation = request.field("expect");
            return Ok(Parsed::Head {
                expects_continue: expectation.is_some_and(|e| e.eq_ignore_ascii_case("100-continue")),
            });
        };
        (request.body, request.trailers) = (body, trailers);
        Ok(Parsed::Whole(Box::new(request), head_length + body_length))
    }
}

/// Reads the next request of a connection; what is behind it stays unread. `None`: the client has closed.
pub(crate) async fn next_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    unread: &mut BytesMut,
) -> io::Result<Option<Request>> {
    loop {
        match Request::parse(unread) {
            Ok(Parsed::Whole(request, length)) => {
                unread.advance(length);
                return Ok(Some(*request));
            }
            Ok(_) => {}
            Err(malformed) => return Err(io::Error::other(malformed.0)),
        }
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{} octets of body]", String::from_utf8_lossy(&self.head), self.body.len())
    }
}

type Body = (Bytes, Vec<(String, String)>, usize);

/// A whole chunked body (RFC 9112 7.1): its content, its trailers, and the octets it took.
fn chunked(octets: &[u8]) -> Result<Option<Body>, Malformed> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let size = match httparse::parse_chunk_size(&octets[at..]) {
            Ok(httparse::Status::Complete((line, size))) => {
                at += line;
                usize::try_from(size).map_err(|_| Malformed("chunk size".to_owned()))?
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(Malformed("chunk size".to_owned())),
        };
        if size == 0 {
            break;
        }
        let Some(chunk) = octets.get(at..at + size + 2) else { return Ok(None) };
        if !chunk.ends_with(b"\r\n") {
            return Err(Malformed("a chunk does not end with CR LF".to_owned()));
        }
        body.extend_from_slice(&chunk[..size]);
        at += size + 2;
    }
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    match httparse::parse_headers(&octets[at..], &mut fields) {
        Ok(httparse::Status::Complete((length, trailers))) => {
            Ok(Some((body.into(), trailers.iter().map(owned).collect(), at + length)))
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(Malformed(error.to_string())),
    }
}

fn owned(field: &httparse::Header<'_>) -> (String, String) {
    (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned())
}

const MOST_FIELDS: usize = 256;
