//! One exchange over HTTP/1.1: what is written, what may come back, and in which order.
//!
//! ```text
//!                           encode
//!  SendHead ---------------------+--------------------------+
//!     |                          |                          |
//!     | expects 100              | has a body               | has none
//!     v         100, timed_out   v       finish             v
//!  Await100 ----------------> SendBody ---------------> ReceiveHead
//!     |                          |                          |
//!     | final                    | final                    | final
//!     +--------------------------+--------------------------+--> ReceiveBody --> reuse
//! ```
//!
//! Each state is a type and names its next state in what it returns. Every `handle_input` takes what it understands off the
//! front of the buffer and keeps its place in itself, so a driver may stop between any two calls; once it has named the next
//! state, its own is over. Interim responses (RFC 9110 section 15.2) may come in every state that awaits the final one, and
//! the final one may come in all of those too: a server need not hear a request out (RFC 9112 section 9.5).

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, Version};

use super::body::{BodyDecoder, BodyStep};
use super::chunked::{ChunkHeader, chunk_header, last_chunk};
use super::encode::{BodyLength, RequestHead, Settled, write_head};
use super::fault::{Fault, Misuse};
use super::fields::CRLF;
use super::framing::{BodyFraming, decide, is_tunnel};
use super::head::{HeadLimits, ResponseHead, parse_response_head};
use super::interims::Interims;
use super::lenient;
use super::reuse::may_reuse;
use super::said::ConnectionOptions;
use crate::protocol::websocket::handshake::Asked;
use crate::reason::CloseReason;

/// Nothing has been written yet.
#[derive(Debug)]
pub(crate) struct SendHead {
    limits: HeadLimits,
}

impl SendHead {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self { limits }
    }

    /// Appends the head to `out`. The exchange waits for a 100 if the head says `Expect: 100-continue` of a body.
    #[inline]
    pub(crate) fn encode(self, head: &RequestHead<'_>, out: &mut BytesMut) -> Result<AfterHead, Misuse> {
        let settled = head.settle_lines()?;
        Ok(self.write(head, &settled, out))
    }

    /// The same of a head that was settled before.
    #[inline]
    pub(crate) fn write(self, head: &RequestHead<'_>, settled: &Settled, out: &mut BytesMut) -> AfterHead {
        write_head(head, settled, out);
        let reader = HeadReader {
            limits: self.limits,
            method: head.method.clone(),
            version: head.version,
            request: settled.connection,
            request_complete: !head.has_body(),
            gzip_asked: settled.asks_for_gzip,
            scanned: 0,
            interims: Interims::default(),
            upgrade: None,
        };
        let left = match head.body {
            BodyLength::None | BodyLength::Length(0) => return AfterHead::ReceiveHead(ReceiveHead { reader }),
            BodyLength::Length(length) => Some(length),
            BodyLength::Chunked => None,
        };
        let body = SendBody { reader, left };
        if settled.expects_continue { AfterHead::Await100(Await100 { body }) } else { AfterHead::SendBody(body) }
    }
}

/// The state after the head of the request.
#[derive(Debug)]
pub(crate) enum AfterHead {
    Await100(Await100),
    SendBody(SendBody),
    ReceiveHead(ReceiveHead),
}

/// The body is held back until the server asks for it (RFC 9110 section 10.1.1).
#[derive(Debug)]
pub(crate) struct Await100 {
    body: SendBody,
}

/// What one look at the input gave while a 100 was awaited.
#[derive(Debug)]
pub(crate) enum Await100Step {
    NeedMore,
    Continue(ResponseHead, SendBody),
    OtherInterim(ResponseHead),
    /// The body is not to be sent any more.
    Final(ResponseHead, ReceiveBody),
}

impl Await100 {
    pub(crate) fn handle_input(&mut self, buf: &mut BytesMut) -> Result<Await100Step, Fault> {
        Ok(match self.body.handle_input(buf)? {
            HeadStep::NeedMore => Await100Step::NeedMore,
            HeadStep::Interim(head) if head.status() == StatusCode::CONTINUE => {
                Await100Step::Continue(head, self.body.clone())
            }
            HeadStep::Interim(head) => Await100Step::OtherInterim(head),
            HeadStep::Final(head, body) => Await100Step::Final(head, body),
        })
    }

    /// The peer closed.
    pub(crate) fn handle_end(&self, buf: &[u8]) -> Fault {
        self.body.handle_end(buf)
    }

    /// The server was given its time: it may not know of 100, so the body is sent unasked.
    pub(crate) fn timed_out(self) -> SendBody {
        self.body
    }
}

/// The body of the request is being written.
#[derive(Debug, Clone)]
pub(crate) struct SendBody {
    reader: HeadReader,
    left: Option<u64>,
}

impl SendBody {
    /// What to write around `data`, and the promise that `data` is written next.
    pub(crate) fn frame(&mut self, data: &[u8]) -> Result<Frame, Misuse> {
        let length = data.len() as u64;
        match self.left {
            Some(left) if left < length => Err(Misuse::BodyTooLong { by: length - left }),
            Some(left) => {
                self.left = Some(left - length);
                self.reader.request_complete = left == length;
                Ok(Frame { chunk: None })
            }
            // An empty chunk would be the last one.
            None if data.is_empty() => Ok(Frame { chunk: None }),
            None => Ok(Frame { chunk: Some(chunk_header(data.len())) }),
        }
    }

    /// Ends the body: the octets that are left to write, and the next state. After an error the body can go on.
    pub(crate) fn finish(&mut self, trailers: &HeaderMap) -> Result<(Bytes, ReceiveHead), Misuse> {
        let tail = match self.left {
            Some(0) if trailers.is_empty() => Bytes::new(),
            Some(0) => return Err(Misuse::TrailersWithoutChunked),
            Some(by) => return Err(Misuse::BodyTooShort { by }),
            None => last_chunk(trailers)?,
        };
        self.reader.request_complete = true;
        Ok((tail, ReceiveHead { reader: self.reader.clone() }))
    }

    /// The server may answer at any time; a final response means that no more of the body is wanted.
    pub(crate) fn handle_input(&mut self, buf: &mut BytesMut) -> Result<HeadStep, Fault> {
        self.reader.handle_input(buf)
    }

    /// The peer closed.
    pub(crate) fn handle_end(&self, buf: &[u8]) -> Fault {
        self.reader.handle_end(buf)
    }

    /// Whether all of the announced length was framed; a chunked body is complete by `finish` only.
    pub(crate) fn is_complete(&self) -> bool {
        self.left == Some(0)
    }

    /// How many octets are left of the announced length.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.left
    }
}

/// What stands around one piece of a request body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    chunk: Option<ChunkHeader>,
}

impl Frame {
    pub(crate) fn prefix(&self) -> &[u8] {
        self.chunk.as_ref().map_or(&[], ChunkHeader::as_bytes)
    }

    pub(crate) fn suffix(&self) -> &'static [u8] {
        self.chunk.map_or(&[], |_| CRLF)
    }
}

/// The request was written; its response is awaited.
#[derive(Debug)]
pub(crate) struct ReceiveHead {
    reader: HeadReader,
}

/// What one look at the input gave while a head was awaited.
#[derive(Debug)]
pub(crate) enum HeadStep {
    NeedMore,
    Interim(ResponseHead),
    Final(ResponseHead, ReceiveBody),
}

impl ReceiveHead {
    /// The request asks for an upgrade: a 101 that answers it is final.
    pub(crate) fn expect_upgrade(&mut self, asked: Box<Asked>) {
        self.reader.upgrade = Some(asked);
    }

    pub(crate) fn handle_input(&mut self, buf: &mut BytesMut) -> Result<HeadStep, Fault> {
        self.reader.handle_input(buf)
    }

    /// The peer closed.
    pub(crate) fn handle_end(&self, buf: &[u8]) -> Fault {
        self.reader.handle_end(buf)
    }
}

/// What every state that awaits a head remembers.
#[derive(Debug, Clone)]
struct HeadReader {
    limits: HeadLimits,
    method: Method,
    version: Version,
    request: ConnectionOptions,
    request_complete: bool,
    /// As a transfer coding.
    gzip_asked: bool,
    scanned: usize,
    interims: Interims,
    /// The upgrade that the request asks for.
    upgrade: Option<Box<Asked>>,
}

impl HeadReader {
    fn handle_input(&mut self, buf: &mut BytesMut) -> Result<HeadStep, Fault> {
        if buf.is_empty() {
            return Ok(HeadStep::NeedMore);
        }
        let Some(head) = parse_response_head(buf, &self.limits, &mut self.scanned)? else {
            return Ok(HeadStep::NeedMore);
        };
        match head.status() {
            StatusCode::SWITCHING_PROTOCOLS => match &self.upgrade {
                Some(asked) => asked.check(head.version(), head.headers()).map_err(Fault::Upgrade)?,
                None => return Err(Fault::UnaskedUpgrade),
            },
            status if status.is_informational() => {
                self.interims.count(&head, &self.limits)?;
                return Ok(HeadStep::Interim(head));
            }
            _ => {}
        }
        let (framing, forgiven) = if self.limits.leniency.is_empty() {
            (decide(&self.method, &head, self.gzip_asked)?, None)
        } else {
            lenient::decide(&self.method, &head, self.gzip_asked, self.limits.leniency)?
        };
        let decoder = BodyDecoder::new(framing, &self.limits);
        let reusable = forgiven.map_or_else(|| self.may_reuse(&head, framing), Err);
        Ok(HeadStep::Final(head, ReceiveBody { decoder, reusable }))
    }

    fn may_reuse(&self, head: &ResponseHead, framing: BodyFraming) -> Result<(), CloseReason> {
        if is_tunnel(&self.method, head.status()) || head.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(CloseReason::SwitchedProtocols);
        }
        may_reuse(self.version, self.request, head, framing)?;
        // The server may still wait for the rest of the body, and would take the next request for it.
        if self.request_complete { Ok(()) } else { Err(CloseReason::EarlyResponse) }
    }

    /// That nothing at all was received matters to the caller: only then may the request be sent again unseen.
    fn handle_end(&self, buf: &[u8]) -> Fault {
        if buf.is_empty() && self.interims.is_empty() { Fault::NoResponse } else { Fault::HeadCutShort }
    }
}

/// The final head was received; its body is coming.
#[derive(Debug)]
pub(crate) struct ReceiveBody {
    decoder: BodyDecoder,
    reusable: Result<(), CloseReason>,
}

impl ReceiveBody {
    /// The next piece of the body, of at most `max` octets; `max` is not 0.
    pub(crate) fn handle_input(&mut self, buf: &mut BytesMut, max: usize) -> Result<BodyStep, Fault> {
        self.decoder.decode(buf, max)
    }

    /// The peer closed, and `handle_input` asks for more.
    pub(crate) fn handle_end(&mut self) -> Result<(), Fault> {
        self.decoder.handle_end()
    }

    /// How many octets are still to come, where the framing tells.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.decoder.remaining()
    }

    /// What follows on the wire is not HTTP any more.
    pub(crate) fn has_switched(&self) -> bool {
        self.reusable == Err(CloseReason::SwitchedProtocols)
    }

    /// True at once for a response without a body.
    pub(crate) fn is_ended(&self) -> bool {
        self.decoder.is_ended()
    }

    /// The trailer fields, if the body is chunked; complete once it has ended.
    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        self.decoder.trailers()
    }

    /// Whether the wire may carry another exchange; `leftover` is what was received and not taken.
    pub(crate) fn reuse(&self, leftover: &[u8]) -> Result<(), CloseReason> {
        self.reusable?;
        if !self.is_ended() {
            Err(CloseReason::ResponseNotRead)
        } else if self.decoder.has_bare_lines() {
            // Who sent them may have meant another end.
            Err(CloseReason::ProtocolError)
        } else if !leftover.is_empty() {
            // They would be taken for the answer to the next request.
            Err(CloseReason::UnexpectedOctets)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
