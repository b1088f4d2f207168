//! What goes out (RFC 6455 sections 5 and 6.1): one data frame at a time, and control frames between them.
//!
//! What waits is bounded by what it is: one piece of a message, the pong to the last ping (section 5.5.3 lets the others go
//! unanswered), one ping, one close frame; and of pieces that are put behind each other so many octets. Nothing follows the close frame.

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
    /// How many of them there were at most since there were none, this time and the last: what room is made for.
    peak: usize,
    usual: usize,
    /// How many octets the stream has taken in all, and how many of those it has certainly passed on.
    taken: u64,
    through: u64,
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

    /// Puts a piece of a message behind all that is ready, where no other is under way. Where the stream stands when it is through is
    /// told, if that is known: where the piece goes in more than one frame it is when no piece is under way any more. Nobody is told
    /// of it by [`flushed`](Self::flushed). What is long is made ready piece by piece, as ever.
    pub(crate) fn append<E>(
        &mut self,
        (opcode, last, payload): (OpCode, bool, Bytes),
        mut mask: impl FnMut() -> Result<[u8; 4], E>,
    ) -> Result<Option<u64>, E> {
        debug_assert!(self.message.is_none(), "a frame that has begun is cut off");
        self.put_controls(&mut mask)?;
        self.send(opcode, last, payload);
        let Some(mut piece) = self.message.take() else { return Ok(None) };
        self.put_next_frame(&mut piece, mask()?);
        let (left, more) = (piece.payload.len() - piece.masked, piece.more);
        let end = self.taken + (self.ready.len() + left) as u64;
        self.peak = self.peak.max(self.ready.len());
        self.begun = more || left > 0;
        if self.begun {
            (self.message, self.forsaken) = (Some(piece), true);
        }
        Ok((!more).then_some(end))
    }

    /// How much more may be put behind what is ready, where so much may be there.
    pub(crate) fn room(&self, limit: usize) -> usize {
        if self.is_free() { limit.saturating_sub(self.ready.len()) } else { 0 }
    }

    /// How much of what the stream has taken is through.
    pub(crate) fn through(&self) -> u64 {
        self.through
    }

    /// Does it have something of its own to say?
    pub(crate) fn owes(&self) -> bool {
        self.pong.is_some() || self.ping.is_some() || matches!(self.close, Close::Waits(_) | Close::Ready)
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
        self.taken += octets as u64;
        if self.ready.is_empty() {
            // A socket at rest holds no buffer.
            self.ready = BytesMut::new();
            self.usual = std::mem::take(&mut self.peak);
        }
    }

    /// All that the stream has taken is through.
    pub(crate) fn is_passed_on(&mut self) {
        self.through = self.taken;
    }

    /// All that was ready is through.
    pub(crate) fn flushed(&mut self) -> Gone {
        self.is_passed_on();
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
        } else if self.pong.is_some() || self.ping.is_some() {
            self.put_controls(mask)?;
        } else if let Some(mut piece) = self.message.take_if(|piece| piece.more) {
            self.put_next_frame(&mut piece, mask()?);
            self.message = Some(piece);
        } else if let Close::Waits(frame) = &self.close {
            let payload = frame.payload();
            self.put_control(OpCode::Close, &payload, mask()?);
            self.close = Close::Ready;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Makes the pong and the ping ready that are due.
    fn put_controls<E>(&mut self, mask: &mut impl FnMut() -> Result<[u8; 4], E>) -> Result<(), E> {
        if let Some(payload) = self.pong.take() {
            self.put_control(OpCode::Pong, &payload, mask()?);
        }
        if let Some(payload) = self.ping.take() {
            self.put_control(OpCode::Ping, &payload, mask()?);
        }
        Ok(())
    }

    fn put_control(&mut self, opcode: OpCode, payload: &[u8], mask: [u8; 4]) {
        self.put_header(Frame { opcode, fin: true, rsv1: false, length: payload.len() as u64 }, mask);
        let from = self.ready.len();
        self.ready.extend_from_slice(payload);
        apply_mask(self.ready.get_mut(from..).unwrap_or_default(), mask, 0);
    }

    /// Begins the next frame of a piece.
    fn put_next_frame(&mut self, piece: &mut Piece, mask: [u8; 4]) {
        piece.mask = mask;
        let frame = piece.next_frame(self.deflater.as_deref_mut(), self.begun);
        if self.ready.capacity() == 0 {
            self.ready.reserve((piece.payload.len().min(CHUNK) + LONGEST_HEADER).max(self.usual));
        }
        self.put_header(frame, mask);
        put_masked(piece, &mut self.ready);
        self.begun = true;
    }

    /// Makes a header before it is put: octet by octet the buffer would be asked for room again and again.
    fn put_header(&mut self, frame: Frame, mask: [u8; 4]) {
        let mut header = Made { octets: [0; LONGEST_HEADER], length: 0 };
        put_header(&mut header, frame, mask);
        self.ready.extend_from_slice(header.octets.get(..header.length).unwrap_or_default());
        self.taps.as_mut().into_iter().for_each(|taps| taps.push(frame));
    }
}

/// A header in the making.
struct Made {
    octets: [u8; LONGEST_HEADER],
    length: usize,
}

impl Extend<u8> for Made {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, octets: I) {
        for octet in octets {
            if let Some(place) = self.octets.get_mut(self.length) {
                *place = octet;
                self.length += 1;
            }
        }
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

/// The longest header there is, with its mask.
const LONGEST_HEADER: usize = 14;
/// A message is masked piece by piece as it goes out: a copy of it would be as large as it is.
const CHUNK: usize = 32 * 1024;

#[cfg(test)]
mod tests;
