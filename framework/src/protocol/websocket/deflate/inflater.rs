//! What comes in, expanded (RFC 7692 sections 6.2 and 7.2.2), as much at a time as is asked for.
//!
//! One octet more is expanded than was asked for, and kept: so it is known whether the message goes on, and a message that ends with
//! the last octet asked for ends there. It also tells of a message that is longer than it may be.

use std::fmt;

use bytes::Bytes;
use zlib_rs::{Inflate, InflateFlush, Status};

use super::offer::Agreed;
use super::{FLUSH_END, Inflated, Then};
use crate::options::SMALLEST_OF_ZLIB;
use crate::protocol::websocket::fault::Fault;

/// Expands the messages that come in.
pub(crate) struct Inflater {
    bits: u8,
    takeover: bool,
    /// Made for the first message; where it is not taken over, for each.
    context: Option<Inflate>,
    /// The octet that was too many.
    kept: Option<u8>,
    /// Has the context taken anything since it was at the end of a message, or was made?
    is_open: bool,
    /// What comes next is not well coded.
    is_flawed: bool,
}

impl Inflater {
    pub(crate) fn new(agreed: Agreed) -> Self {
        let (bits, takeover) = (agreed.terms.server_window_bits, agreed.terms.server_context_takeover);
        Self { bits, takeover, context: None, kept: None, is_open: false, is_flawed: false }
    }

    /// Expands the front of the input to so many octets at most; `ends`: the input ends the message.
    pub(crate) fn inflate(&mut self, input: &[u8], ends: bool, at_most: usize) -> Result<Inflated, Fault> {
        let most = input.len().saturating_mul(GUESS).clamp(LEAST, MOST).min(at_most);
        let mut octets = vec![0; most.saturating_add(1)];
        let mut length = usize::from(self.kept.is_some());
        if let (Some(first), Some(kept)) = (octets.first_mut(), self.kept.take()) {
            *first = kept;
        }
        let mut used = 0;
        let mut then = self.fill(input, &mut octets, &mut used, &mut length);
        if then == Then::Input && ends {
            then = if self.end().is_ok() { Then::End } else { Then::Flaw };
        }
        self.is_flawed = then == Then::Flaw;
        if self.is_flawed && length == 0 {
            return Err(Fault::NotDeflated);
        }
        octets.truncate(length);
        if length > most {
            self.kept = octets.pop();
            then = Then::More;
        }
        Ok(Inflated { used, octets: fitting(octets), then })
    }

    /// Expands into the room, until it is full or the input through.
    fn fill(&mut self, input: &[u8], room: &mut [u8], used: &mut usize, length: &mut usize) -> Then {
        if self.is_flawed {
            return Then::Flaw;
        }
        loop {
            let (rest, room) = (input.get(*used..).unwrap_or_default(), room.get_mut(*length..).unwrap_or_default());
            if room.is_empty() {
                return Then::More;
            }
            let Step { took, put, state } = self.run(rest, room, InflateFlush::NoFlush);
            let has_room = put < room.len();
            (*used, *length) = (*used + took, *length + put);
            match state {
                State::Flawed => return Then::Flaw,
                State::AtEnd => {
                    // A block that says it is the last one (section 7.2.3.4): what follows begins anew.
                    if let Some(context) = &mut self.context {
                        context.reset(false);
                    }
                    self.is_open = false;
                }
                State::Inside if has_room => return if *used < input.len() { Then::Flaw } else { Then::Input },
                State::Inside => {}
            }
        }
    }

    /// All octets of the message are there. Of the flush that it ended with the last four were not sent: with them the context must
    /// stand between two blocks, as the next message needs it.
    fn end(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.is_open) {
            let [first, second, third, fourth] = FLUSH_END;
            // One that is none of them, and is not touched where the fourth one ends a block.
            let tail = [first, second, third, fourth, 0];
            let mut used = 0;
            for _ in 0..MOST_STEPS {
                let rest = tail.get(used..).unwrap_or_default();
                let Step { took, put, state } = self.run(rest, &mut [0], InflateFlush::Block);
                used += took;
                // The octets that were not sent are none of the message's.
                if put > 0 || state == State::Flawed {
                    return Err(Fault::NotDeflated);
                }
                if state == State::AtEnd || used >= FLUSH_END.len() {
                    break;
                }
            }
            if used != FLUSH_END.len() {
                return Err(Fault::NotDeflated);
            }
            self.is_open = false;
        }
        if !self.takeover {
            self.context = None;
        }
        Ok(())
    }

    fn run(&mut self, input: &[u8], out: &mut [u8], flush: InflateFlush) -> Step {
        if self.context.is_none() && input.is_empty() {
            return Step { took: 0, put: 0, state: State::Inside };
        }
        // A window that is larger than it need be does no harm.
        let bits = self.bits.max(SMALLEST_OF_ZLIB);
        let context = self.context.get_or_insert_with(|| Inflate::new(false, bits));
        let (took, put) = (context.total_in(), context.total_out());
        let state = match context.decompress(input, out, flush) {
            Ok(Status::StreamEnd) => State::AtEnd,
            Ok(_) => State::Inside,
            Err(_) => State::Flawed,
        };
        let (took, put) = ((context.total_in() - took) as usize, (context.total_out() - put) as usize);
        self.is_open |= took > 0;
        Step { took, put, state }
    }
}

/// So much was taken, so much was put, and where that led.
struct Step {
    took: usize,
    put: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Inside,
    /// At the end of a last block.
    AtEnd,
    Flawed,
}

/// Whoever keeps a short message does not keep the room for a long one.
fn fitting(octets: Vec<u8>) -> Bytes {
    if octets.len() < octets.capacity() / 2 { Bytes::copy_from_slice(&octets) } else { octets.into() }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inflater({} bits)", self.bits)
    }
}

/// How much longer a message is expected to be than it is compressed.
const GUESS: usize = 4;
const LEAST: usize = 256;
/// So much is expanded at a time.
const MOST: usize = 32 * 1024;
/// To the end of the message's last block, into the empty one behind it, and to the end of that.
const MOST_STEPS: usize = 8;
