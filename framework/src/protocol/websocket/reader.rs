//! What comes in (RFC 6455 sections 5 and 6.2): pieces of messages, and control frames between them.
//!
//! ```text
//!              data frame               all of its payload, not final
//!   between ---------------> in a frame ------------------------------> between, a message open
//!      ^                         |  all of its payload, final
//!      +-------------------------+       control frames come whole, wherever a frame may begin
//! ```
//!
//! A piece is what has arrived of a frame: nothing is held for the sake of a length that was announced. Of a compressed frame it is
//! what that expands to, as much as is asked for: the rest stays as it came.

use bytes::{Buf, Bytes, BytesMut};

use super::OpCode;
use super::closing::CloseFrame;
use super::deflate::{Agreed, Inflated, Inflater, Then};
use super::fault::Fault;
use super::header::Header;
use super::utf8::Utf8;
use crate::notification::Frame;

/// How much the peer may send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadLimits {
    pub(crate) message: u64,
    pub(crate) frame: u64,
    pub(crate) fragments: u32,
}

/// Reads what the peer sends.
#[derive(Debug)]
pub(crate) struct Reader {
    limits: ReadLimits,
    message: Option<Message>,
    /// Inside a data frame: what is left of it, and whether it ends its message.
    frame: Option<(u64, bool)>,
    closed: bool,
    /// Expands compressed messages; `None`: there are none.
    inflater: Option<Box<Inflater>>,
    /// Frames are told of.
    taps: bool,
    /// The frame at the front of the input was.
    told: bool,
}

#[derive(Debug)]
struct Message {
    /// `None`: binary.
    text: Option<Utf8>,
    compressed: bool,
    /// As they came over the wire.
    octets: u64,
    /// As they were expanded to.
    expanded: u64,
    fragments: u32,
}

/// What one look at the input gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// So many octets of a frame are known to come.
    NeedMore {
        want: u64,
    },
    /// Something of a message is there, and nobody wants it.
    Held,
    /// A frame has begun, for those who hear of frames; what it brings comes next.
    Began(Frame),
    Piece(Piece),
    Ping(Bytes),
    Pong(Bytes),
    Close(CloseFrame),
}

/// A piece of a message; `last` ends the message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) is_text: bool,
    pub(crate) octets: Bytes,
    pub(crate) last: bool,
}

impl Reader {
    pub(crate) fn new(limits: ReadLimits) -> Self {
        Self { limits, message: None, frame: None, closed: false, inflater: None, taps: false, told: false }
    }

    /// What comes may be compressed, as it was agreed to.
    pub(crate) fn inflating(mut self, agreed: Option<Agreed>) -> Self {
        self.inflater = agreed.map(|agreed| Box::new(Inflater::new(agreed)));
        self
    }

    /// Are frames to be told of?
    pub(crate) fn tap(&mut self, taps: bool) {
        self.taps = taps;
    }

    /// Takes what it understands off the front of the input; of a message, at most so many octets. Without a wish for any it stops
    /// where a message goes on. After a close frame nothing is understood any more.
    pub(crate) fn handle_input(&mut self, input: &mut BytesMut, wish: Option<usize>) -> Result<Incoming, Fault> {
        loop {
            if self.closed {
                input.clear();
                return Ok(Incoming::NeedMore { want: 0 });
            }
            if let Some((left, last)) = self.frame {
                let Some(most) = wish else {
                    return Ok(if input.is_empty() && left > 0 {
                        Incoming::NeedMore { want: 0 }
                    } else {
                        Incoming::Held
                    });
                };
                if self.message.as_ref().is_some_and(|message| message.compressed) {
                    match self.expand(input, (left, last), most)? {
                        Some(incoming) => return Ok(incoming),
                        None => continue,
                    }
                }
                if input.is_empty() && left > 0 {
                    return Ok(Incoming::NeedMore { want: left });
                }
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(most).min(input.len());
                let octets = input.split_to(length).freeze();
                let left = left - octets.len() as u64;
                self.frame = (left > 0).then_some((left, last));
                if let Some(piece) = self.piece(octets, last && left == 0)? {
                    return Ok(Incoming::Piece(piece));
                }
                continue;
            }
            let Some(header) = Header::read(input, self.inflater.is_some())? else {
                return Ok(Incoming::NeedMore { want: 0 });
            };
            if self.taps && !std::mem::replace(&mut self.told, true) {
                return Ok(Incoming::Began(header.frame));
            }
            if header.frame.opcode.is_control() {
                return self.control(header, input);
            }
            self.begin(header.frame)?;
            self.told = false;
            input.advance(header.octets);
        }
    }

    /// A data frame begins.
    fn begin(&mut self, header: Frame) -> Result<(), Fault> {
        let ReadLimits { message: longest, frame, fragments } = self.limits;
        let message = match (header.opcode, &mut self.message) {
            (OpCode::Continuation, Some(message)) => message,
            (OpCode::Continuation, None) => return Err(Fault::UnexpectedContinuation),
            (_, Some(_)) => return Err(Fault::UnexpectedBegin),
            (opcode, None) => {
                let text = (opcode == OpCode::Text).then(Utf8::default);
                let compressed = header.rsv1;
                self.message.insert(Message { text, compressed, octets: 0, expanded: 0, fragments: 0 })
            }
        };
        message.octets = message.octets.saturating_add(header.length);
        message.fragments = message.fragments.saturating_add(1);
        // What is not compressible becomes somewhat longer.
        let slack = if message.compressed { longest / 8 + SLACK } else { 0 };
        if header.length > frame {
            Err(Fault::FrameTooLong { limit: frame })
        } else if message.octets > longest.saturating_add(slack) {
            Err(Fault::MessageTooLong { limit: longest })
        } else if message.fragments > fragments {
            Err(Fault::TooManyFragments { limit: fragments })
        } else {
            self.frame = Some((header.length, header.fin));
            Ok(())
        }
    }

    /// Expands what has come of a compressed frame; `None`: all of it was, and to nothing.
    fn expand(
        &mut self,
        input: &mut BytesMut,
        (left, last): (u64, bool),
        most: usize,
    ) -> Result<Option<Incoming>, Fault> {
        let (Some(message), Some(inflater)) = (&mut self.message, &mut self.inflater) else { return Ok(None) };
        let there = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let room = usize::try_from(self.limits.message.saturating_sub(message.expanded)).unwrap_or(usize::MAX);
        let ends = last && there as u64 == left;
        let front = input.get(..there).unwrap_or_default();
        let Inflated { used, octets, then } = inflater.inflate(front, ends, most.min(room))?;
        input.advance(used);
        let left = left - used as u64;
        message.expanded += octets.len() as u64;
        let is_too_long = then == Then::More && message.expanded >= self.limits.message;
        let is_over = then == Then::End;
        let goes_on = left > 0 || last && !is_over || matches!(then, Then::More | Then::Flaw);
        self.frame = goes_on.then_some((left, last));
        // What is wrong with the octets there are comes before there being too many.
        let piece = self.piece(octets, is_over)?;
        if is_too_long {
            return Err(Fault::MessageTooLong { limit: self.limits.message });
        }
        if let Some(piece) = piece {
            return Ok(Some(Incoming::Piece(piece)));
        }
        Ok((left > 0).then_some(Incoming::NeedMore { want: left }))
    }

    /// What of a message has come; an empty piece that ends nothing is none.
    fn piece(&mut self, octets: Bytes, last: bool) -> Result<Option<Piece>, Fault> {
        let Some(message) = &mut self.message else { return Err(Fault::UnexpectedContinuation) };
        if let Some(text) = &mut message.text
            && (!text.takes(&octets) || (last && !text.is_whole()))
        {
            return Err(Fault::NotText);
        }
        let is_text = message.text.is_some();
        if last {
            self.message = None;
        }
        Ok((last || !octets.is_empty()).then_some(Piece { is_text, octets, last }))
    }

    fn control(&mut self, header: Header, input: &mut BytesMut) -> Result<Incoming, Fault> {
        // At most 125 octets, by its header.
        let length = header.octets + header.frame.length as usize;
        if input.len() < length {
            return Ok(Incoming::NeedMore { want: 0 });
        }
        self.told = false;
        let payload = input.split_to(length).freeze().slice(header.octets..);
        Ok(match header.frame.opcode {
            OpCode::Ping => Incoming::Ping(payload),
            OpCode::Pong => Incoming::Pong(payload),
            _ => {
                let frame = CloseFrame::read(&payload)?;
                self.closed = true;
                Incoming::Close(frame)
            }
        })
    }
}

/// Octets that a compressed message may be longer than what it expands to, however short that is.
const SLACK: u64 = 64 * 1024;

#[cfg(test)]
mod tests;
