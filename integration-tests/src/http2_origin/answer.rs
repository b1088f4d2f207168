//! What an HTTP/2 origin answers: what any origin can, and what only a stream can.

use bytes::Bytes;
use h2::Reason;

use crate::gate::Gate;
use crate::origin::Reply;

/// An answer of an HTTP/2 server.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) reply: Reply,
    /// The fields of the interim responses, which the reply knows by their statuses.
    pub(super) hints: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) end: End,
    pub(super) going_away: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    /// The reply's own.
    Whole,
    Parts(Vec<Part>),
    /// The request's.
    Echo,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Piece(Bytes),
    Hold(Gate),
    Signal(Gate),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// The body's end, or the trailers'.
    Honest,
    /// RST_STREAM instead of an answer.
    ResetAtOnce(Reason),
    /// RST_STREAM where the end of the body would be.
    ResetAfterBody(Reason),
}

impl Answer {
    /// 200 with a body that is to be given in parts, without a length.
    pub fn in_parts() -> Self {
        Self { body: Body::Parts(Vec::new()), ..Reply::new(200).into() }
    }

    /// 200 with the request's body as it comes, then with its trailers.
    pub fn echo() -> Self {
        Self { body: Body::Echo, ..Reply::new(200).into() }
    }

    /// RST_STREAM with this code, and no answer.
    pub fn reset(reason: Reason) -> Self {
        Self { end: End::ResetAtOnce(reason), ..Reply::new(0).into() }
    }

    /// RST_STREAM(REFUSED_STREAM): the request was not looked at (RFC 9113 8.7).
    pub fn refused() -> Self {
        Self::reset(Reason::REFUSED_STREAM)
    }

    /// The next octets of a body in parts, a DATA frame where the windows let it.
    ///
    /// # Panics
    /// When the body is not in parts.
    pub fn piece(self, octets: impl Into<Bytes>) -> Self {
        self.part(Part::Piece(octets.into()))
    }

    /// The body goes on when the gate is opened.
    ///
    /// # Panics
    /// When the body is not in parts.
    pub fn hold(self, gate: &Gate) -> Self {
        self.part(Part::Hold(gate.clone()))
    }

    /// Opens the gate: all before it was handed over.
    ///
    /// # Panics
    /// When the body is not in parts.
    pub fn signal(self, gate: &Gate) -> Self {
        self.part(Part::Signal(gate.clone()))
    }

    /// Resets the stream where the body would end.
    pub fn then_reset(mut self, reason: Reason) -> Self {
        self.end = End::ResetAfterBody(reason);
        self
    }

    /// Begins to go away gracefully before it answers.
    pub fn going_away(mut self) -> Self {
        self.going_away = true;
        self
    }

    /// Adds a field to every interim response.
    pub fn hint(mut self, name: &str, value: &str) -> Self {
        self.hints.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another reply in its place: status, fields, interims, trailers, gate.
    pub fn with(mut self, change: impl FnOnce(Reply) -> Reply) -> Self {
        self.reply = change(self.reply);
        self
    }

    fn part(mut self, part: Part) -> Self {
        let Body::Parts(parts) = &mut self.body else { panic!("only a body in parts has parts") };
        parts.push(part);
        self
    }
}

/// `Reply::closing` goes away gracefully, `Reply::drop_connection` ends the connection, `Reply::until_close` ends the stream.
impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        let going_away = reply.closing;
        Self { reply, hints: Vec::new(), body: Body::Whole, end: End::Honest, going_away }
    }
}
