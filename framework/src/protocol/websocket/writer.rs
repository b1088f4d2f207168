//! What goes out (RFC 6455 sections 5 and 6.1): one data frame at a time, and control frames between them.
//!
//! What waits is bounded by what it is: one piece of a message, the pong to the last ping (section 5.5.3 lets the others go
//! unanswered), one ping, one close frame; and of pieces that are put behind each other so many octets. Nothing follows the close frame.

use bytes::{Buf, Bytes, BytesMut};

use super::OpCode;
use super::closing::CloseFrame;
use super::header::{apply_mask, put_header};

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
    message: Option<Frame>,
    pong: Option<Bytes>,
    ping: Option<[u8; 8]>,
    close: Close,
    /// Has the frame in `message` begun to go out?
    begun: bool,
    /// Whoever wanted the piece that is under way does not wait for it any more.
    forsaken: bool,
}

/// A data frame, as far as it is not masked yet.
#[derive(Debug)]
struct Frame {
    opcode: OpCode,
    last: bool,
    payload: Bytes,
    mask: [u8; 4],
    masked: usize,
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
    /// A piece of a message is to go out; the last one has gone.
    pub(crate) fn send(&mut self, opcode: OpCode, last: bool, payload: Bytes) {
        self.message = Some(Frame { opcode, last, payload, mask: [0; 4], masked: 0 });
        (self.begun, self.forsaken) = (false, false);
    }

    /// Puts a piece of a message behind all that is ready, where no other is under way. Where the stream stands when it is through is
    /// told: nobody is told of it by [`flushed`](Self::flushed). A long one is made ready piece by piece, as ever.
    pub(crate) fn append<E>(
        &mut self,
        (opcode, last, payload): (OpCode, bool, Bytes),
        mut mask: impl FnMut() -> Result<[u8; 4], E>,
    ) -> Result<u64, E> {
        self.put_controls(&mut mask)?;
        let mut frame = Frame { opcode, last, payload, mask: mask()?, masked: 0 };
        if self.ready.capacity() == 0 {
            self.ready.reserve((frame.payload.len().min(CHUNK) + LONGEST_HEADER).max(self.usual));
        }
        put_header_at_once(&mut self.ready, opcode, last, frame.payload.len(), frame.mask);
        let end = self.taken + self.ready.len() as u64 + frame.payload.len() as u64;
        put_masked(&mut frame, &mut self.ready);
        self.peak = self.peak.max(self.ready.len());
        if frame.masked < frame.payload.len() {
            (self.message, self.begun, self.forsaken) = (Some(frame), true, true);
        }
        Ok(end)
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
        // A stream that takes more has passed on what it took before.
        self.through = self.taken;
        self.taken += octets as u64;
        if self.ready.is_empty() {
            // A socket at rest holds no buffer.
            self.ready = BytesMut::new();
            self.usual = std::mem::take(&mut self.peak);
        }
    }

    /// All that was ready is through.
    pub(crate) fn flushed(&mut self) -> Gone {
        self.through = self.taken;
        let is_through = |frame: &mut Frame| frame.masked == frame.payload.len();
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
        if let Some(frame) = self.message.as_mut().filter(|frame| self.begun && frame.masked < frame.payload.len()) {
            put_masked(frame, &mut self.ready);
        } else if self.pong.is_some() || self.ping.is_some() {
            self.put_controls(mask)?;
        } else if let Some(frame) = self.message.as_mut().filter(|_| !self.begun) {
            frame.mask = mask()?;
            put_header_at_once(&mut self.ready, frame.opcode, frame.last, frame.payload.len(), frame.mask);
            put_masked(frame, &mut self.ready);
            self.begun = true;
        } else if let Close::Waits(frame) = &self.close {
            put_control(OpCode::Close, &frame.payload(), mask()?, &mut self.ready);
            self.close = Close::Ready;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Makes the pong and the ping ready that are due.
    fn put_controls<E>(&mut self, mask: &mut impl FnMut() -> Result<[u8; 4], E>) -> Result<(), E> {
        if let Some(payload) = self.pong.take() {
            put_control(OpCode::Pong, &payload, mask()?, &mut self.ready);
        }
        if let Some(payload) = self.ping.take() {
            put_control(OpCode::Ping, &payload, mask()?, &mut self.ready);
        }
        Ok(())
    }
}

/// Makes a header before it is put: octet by octet the buffer would be asked for room again and again.
fn put_header_at_once(out: &mut BytesMut, opcode: OpCode, fin: bool, length: usize, mask: [u8; 4]) {
    let mut header = Made { octets: [0; LONGEST_HEADER], length: 0 };
    put_header(&mut header, opcode, fin, length, mask);
    out.extend_from_slice(header.octets.get(..header.length).unwrap_or_default());
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

fn put_masked(frame: &mut Frame, out: &mut BytesMut) {
    let end = (frame.masked + CHUNK).min(frame.payload.len());
    let from = out.len();
    out.extend_from_slice(frame.payload.get(frame.masked..end).unwrap_or_default());
    apply_mask(out.get_mut(from..).unwrap_or_default(), frame.mask, frame.masked);
    frame.masked = end;
}

fn put_control(opcode: OpCode, payload: &[u8], mask: [u8; 4], out: &mut BytesMut) {
    put_header_at_once(out, opcode, true, payload.len(), mask);
    let from = out.len();
    out.extend_from_slice(payload);
    apply_mask(out.get_mut(from..).unwrap_or_default(), mask, 0);
}

/// The longest header there is, with its mask.
const LONGEST_HEADER: usize = 14;
/// A message is masked piece by piece as it goes out: a copy of it would be as large as it is.
const CHUNK: usize = 32 * 1024;

#[cfg(test)]
mod tests;
