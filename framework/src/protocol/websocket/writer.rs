//! What goes out (RFC 6455 sections 5 and 6.1): one data frame at a time, and control frames between them.
//!
//! What waits is bounded by what it is: one piece of a message, the pong to the last ping (section 5.5.3 lets the others go
//! unanswered), one ping, one close frame. Nothing follows the close frame.

use bytes::{Buf, Bytes, BytesMut};

use super::OpCode;
use super::closing::CloseFrame;
use super::deflate::{Agreed, Deflated, Deflater};
use super::header::{apply_mask, put_header};
use crate::notification::Frame;

/// Makes octets of frames, in the order in which they may go out.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// Octets ready to be written.
    ready: BytesMut,
    message: Option<Piece>,
    pong: Option<Bytes>,
    ping: Option<[u8; 8]>,
    close: Close,
    /// Has the piece in `message` begun to go out?
    begun: bool,
    /// Whoever wanted the piece that is under way does not wait for it any more.
    forsaken: bool,
    /// Compresses messages; `None`: they go out as they are.
    deflater: Option<Box<Deflater>>,
    /// The frames that were begun since it was asked last; `None`: nobody asks.
    taps: Option<Vec<Frame>>,
}

/// A piece of a message: the frame of it that is under way, as far as it is not masked yet, and what is in no frame yet.
#[derive(Debug)]
struct Piece {
    opcode: OpCode,
    last: bool,
    payload: Bytes,
    mask: [u8; 4],
    masked: usize,
    rest: Bytes,
    /// Is another frame to follow?
    more: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Close {
    #[default]
    Not,
    Waits(CloseFrame),
    /// It is among the octets that are ready.
    Ready,
    Sent,
}

/// What has gone out since it was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone {
    /// The piece of a message, and somebody waits to hear of it.
    pub(crate) message: bool,
    /// The close frame.
    pub(crate) close: bool,
}

impl Writer {
    /// What goes out is compressed, as it was agreed to.
    pub(crate) fn deflating(mut self, agreed: Option<Agreed>) -> Self {
        self.deflater = agreed.map(|agreed| Box::new(Deflater::new(agreed)));
        self
    }

    /// Are frames to be told of?
    pub(crate) fn tap(&mut self, taps: bool) {
        if taps != self.taps.is_some() {
            self.taps = taps.then(Vec::new);
        }
    }

    /// The frames that have begun since it was asked last.
    pub(crate) fn began(&mut self) -> Vec<Frame> {
        self.taps.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A piece of a message is to go out; the last one has gone.
    pub(crate) fn send(&mut self, opcode: OpCode, last: bool, rest: Bytes) {
        self.message = Some(Piece { opcode, last, payload: Bytes::new(), mask: [0; 4], masked: 0, rest, more: true });
        (self.begun, self.forsaken) = (false, false);
    }

    /// May another piece be taken?
    pub(crate) fn is_free(&self) -> bool {
        self.message.is_none()
    }

    /// Nobody waits for the piece any more. `true`: nothing of it has gone out, and nothing will.
    pub(crate) fn withdraw(&mut self) -> bool {
        self.forsaken = self.begun;
        if !self.begun {
            self.message = None;
        }
        !self.begun
    }

    /// Answers a ping.
    pub(crate) fn pong(&mut self, payload: Bytes) {
        self.pong = Some(payload);
    }

    pub(crate) fn ping(&mut self, payload: [u8; 8]) {
        self.ping = Some(payload);
    }

    /// A close frame is to go out, behind the piece that is under way. Only the first counts.
    pub(crate) fn close(&mut self, frame: CloseFrame) {
        if self.close == Close::Not {
            self.close = Close::Waits(frame);
        }
    }

    /// Octets to write now, if there are any. `mask` gives a new mask for every frame.
    pub(crate) fn octets<E>(&mut self, mut mask: impl FnMut() -> Result<[u8; 4], E>) -> Result<&[u8], E> {
        while self.ready.is_empty() && self.make_ready(&mut mask)? {}
        Ok(&self.ready)
    }

    /// So many of them were written.
    pub(crate) fn wrote(&mut self, octets: usize) {
        self.ready.advance(octets);
        if self.ready.is_empty() {
            // A socket at rest holds no buffer.
            self.ready = BytesMut::new();
        }
    }

    /// All that was ready is through.
    pub(crate) fn flushed(&mut self) -> Gone {
        let is_through = |piece: &mut Piece| piece.masked == piece.payload.len() && !piece.more;
        let message = self.begun && self.message.take_if(is_through).is_some();
        let gone = Gone { message: message && !self.forsaken, close: self.close == Close::Ready };
        self.begun &= !message;
        if gone.close {
            self.close = Close::Sent;
        }
        gone
    }

    fn make_ready<E>(&mut self, mask: &mut impl FnMut() -> Result<[u8; 4], E>) -> Result<bool, E> {
        if matches!(self.close, Close::Ready | Close::Sent) {
            return Ok(false);
        }
        if let Some(piece) = self.message.as_mut().filter(|piece| piece.masked < piece.payload.len()) {
            put_masked(piece, &mut self.ready);
        } else if let Some(payload) = self.pong.take() {
            self.put_control(OpCode::Pong, &payload, mask()?);
        } else if let Some(payload) = self.ping.take() {
            self.put_control(OpCode::Ping, &payload, mask()?);
        } else if let Some(piece) = self.message.as_mut().filter(|piece| piece.more) {
            piece.mask = mask()?;
            let frame = piece.next_frame(self.deflater.as_deref_mut(), self.begun);
            put_header(&mut self.ready, frame, piece.mask);
            put_masked(piece, &mut self.ready);
            self.taps.as_mut().into_iter().for_each(|taps| taps.push(frame));
            self.begun = true;
        } else if let Close::Waits(frame) = &self.close {
            let payload = frame.payload();
            self.put_control(OpCode::Close, &payload, mask()?);
            self.close = Close::Ready;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn put_control(&mut self, opcode: OpCode, payload: &[u8], mask: [u8; 4]) {
        let frame = Frame { opcode, fin: true, rsv1: false, length: payload.len() as u64 };
        put_header(&mut self.ready, frame, mask);
        let from = self.ready.len();
        self.ready.extend_from_slice(payload);
        apply_mask(self.ready.get_mut(from..).unwrap_or_default(), mask, 0);
        self.taps.as_mut().into_iter().for_each(|taps| taps.push(frame));
    }
}

impl Piece {
    /// Takes the payload of the next frame off what is in none yet.
    fn next_frame(&mut self, deflater: Option<&mut Deflater>, begun: bool) -> Frame {
        let opcode = if begun { OpCode::Continuation } else { self.opcode };
        let Deflated { payload, rsv1, more } = match deflater {
            Some(deflater) => deflater.next((!begun).then_some(self.opcode), &mut self.rest, self.last),
            None => Deflated { payload: std::mem::take(&mut self.rest), rsv1: false, more: false },
        };
        (self.payload, self.masked, self.more) = (payload, 0, more);
        Frame { opcode, fin: self.last && !more, rsv1, length: self.payload.len() as u64 }
    }
}

fn put_masked(piece: &mut Piece, out: &mut BytesMut) {
    let end = (piece.masked + CHUNK).min(piece.payload.len());
    let from = out.len();
    out.extend_from_slice(piece.payload.get(piece.masked..end).unwrap_or_default());
    apply_mask(out.get_mut(from..).unwrap_or_default(), piece.mask, piece.masked);
    piece.masked = end;
}

/// A message is masked piece by piece as it goes out: a copy of it would be as large as it is.
const CHUNK: usize = 32 * 1024;

#[cfg(test)]
mod tests;
