//! What an origin answers.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::gate::Gate;

/// An answer of an honest server.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) interim: Vec<u16>,
    pub(crate) after: Option<Duration>,
    pub(crate) held: Option<Gate>,
    /// Closed afterwards, with `Connection: close` or without a word.
    pub(crate) closing: bool,
    pub(crate) dropping: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// With `Content-Length`.
    Sized(Bytes),
    Chunked {
        pieces: Vec<Bytes>,
        trailers: Vec<(String, String)>,
    },
    /// Ended by the end of the connection.
    UntilClose(Bytes),
    /// No body and no length: 204, 304.
    None,
    /// The whole answer, head and all.
    Raw(Bytes),
}

impl Reply {
    /// An answer with this status and an empty body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            fields: Vec::new(),
            body: if matches!(status, 204 | 304) { Body::None } else { Body::Sized(Bytes::new()) },
            interim: Vec::new(),
            after: None,
            held: None,
            closing: false,
            dropping: false,
        }
    }

    /// 200 with this body.
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::new(200).body(body)
    }

    /// 200 with this page.
    pub fn html(page: impl Into<Bytes>) -> Self {
        Self::ok(page).field("content-type", "text/html; charset=utf-8")
    }

    /// A redirect.
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Self::new(status).field("location", location)
    }

    /// These octets as they are, whatever they are; then the connection is closed.
    pub fn raw(octets: impl Into<Bytes>) -> Self {
        Self { body: Body::Raw(octets.into()), closing: true, ..Self::new(0) }
    }

    /// No answer: the connection is closed instead.
    pub fn drop_connection() -> Self {
        Self { dropping: true, ..Self::new(0) }
    }

    /// The same answer with another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a field.
    pub fn field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// A body with `Content-Length`.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Sized(body.into());
        self
    }

    /// A chunked body, one chunk a piece.
    pub fn chunked(mut self, pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        self.body = Body::Chunked { pieces: pieces.into_iter().map(Into::into).collect(), trailers: Vec::new() };
        self
    }

    /// Adds a trailer field to a chunked body.
    ///
    /// # Panics
    /// When the body is not chunked.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        let Body::Chunked { trailers, .. } = &mut self.body else { panic!("only a chunked body has trailers") };
        trailers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A body that ends with the connection.
    pub fn until_close(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::UntilClose(body.into());
        self
    }

    /// Sends an interim response first.
    pub fn interim(mut self, status: u16) -> Self {
        self.interim.push(status);
        self
    }

    /// Answers only after this long.
    pub fn after(mut self, time: Duration) -> Self {
        self.after = Some(time);
        self
    }

    /// Answers only when the gate is opened.
    pub fn held(mut self, gate: &Gate) -> Self {
        self.held = Some(gate.clone());
        self
    }

    /// Closes the connection afterwards, and says so.
    pub fn closing(mut self) -> Self {
        self.closing = true;
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Octets of the body, without framing.
    pub fn body_octets(&self) -> u64 {
        let octets = match &self.body {
            Body::Sized(body) | Body::UntilClose(body) | Body::Raw(body) => body.len(),
            Body::Chunked { pieces, .. } => pieces.iter().map(Bytes::len).sum(),
            Body::None => 0,
        };
        octets as u64
    }

    /// Must the connection end with this answer?
    pub(super) fn ends_connection(&self) -> bool {
        self.closing || self.dropping || matches!(self.body, Body::UntilClose(_))
    }

    /// The answer as it goes on the wire. A HEAD request gets the head alone.
    pub(super) fn encode(&self, to_head: bool, close: bool) -> BytesMut {
        let mut out = BytesMut::new();
        if let Body::Raw(octets) = &self.body {
            out.extend_from_slice(octets);
            return out;
        }
        for status in &self.interim {
            out.extend_from_slice(format!("HTTP/1.1 {status} {}\r\n\r\n", reason(*status)).as_bytes());
        }
        out.extend_from_slice(format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).as_bytes());
        for (name, value) in &self.fields {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        match &self.body {
            Body::Sized(body) => out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes()),
            Body::Chunked { .. } => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            Body::UntilClose(_) | Body::None | Body::Raw(_) => {}
        }
        if close {
            out.extend_from_slice(b"connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
        if !to_head {
            self.encode_body(&mut out);
        }
        out
    }

    fn encode_body(&self, out: &mut BytesMut) {
        match &self.body {
            Body::Sized(body) | Body::UntilClose(body) => out.extend_from_slice(body),
            Body::None | Body::Raw(_) => {}
            Body::Chunked { pieces, trailers } => {
                for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
                    out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                    out.extend_from_slice(piece);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"0\r\n");
                for (name, value) in trailers {
                    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
                }
                out.extend_from_slice(b"\r\n");
            }
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        103 => "Early Hints",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        404 => "Not Found",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
