//! What goes out, compressed (RFC 7692 sections 6.1 and 7.2.1).
//!
//! A piece of a message is compressed when it begins to go out, not before: what is withdrawn has left no trace in the context, which
//! the next message may refer to. Each piece ends with a flush, so that the server has all of it; the last one of a message lacks
//! the flush's last four octets.
//!
//! A frame says its length before its payload, and that of a compressed piece is known when it is compressed. So a large piece goes
//! out in fragments: no more of it is held than a fragment, and no more is compressed at a time than a bounded input. What comes of
//! that may be nothing yet: then a fragment is empty, which is a frame like any other.

use std::fmt;

use bytes::{Buf, Bytes};
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::offer::Agreed;
use super::{Deflated, FLUSH_END};
use crate::options::{SMALLEST_OF_ZLIB, memory_level};
use crate::protocol::websocket::OpCode;

/// Compresses the messages that go out.
pub(crate) struct Deflater {
    bits: u8,
    takeover: bool,
    level: u8,
    least: usize,
    /// Made for the first message; where it is not taken over, for each.
    context: Option<Deflate>,
    /// Is the message that is going out compressed?
    is_on: bool,
}

impl Deflater {
    pub(crate) fn new(agreed: Agreed) -> Self {
        let Agreed { terms, level, least } = agreed;
        let (bits, takeover) = (terms.client_window_bits, terms.client_context_takeover);
        Self { bits, takeover, level, least, context: None, is_on: false }
    }

    /// The next frame of a piece, of which it takes what it compresses. `begins` is what the piece begins as, if it has not begun;
    /// `last` ends the message.
    pub(crate) fn next(&mut self, begins: Option<OpCode>, piece: &mut Bytes, last: bool) -> Deflated {
        let is_new = begins.is_some_and(|opcode| opcode != OpCode::Continuation);
        if is_new {
            // Of a message that comes in pieces nobody knows how long it will be.
            self.is_on = !last || piece.len() >= self.least;
        }
        if !self.is_on {
            return Deflated { payload: std::mem::take(piece), rsv1: false, more: false };
        }
        let (mut made, least_left) = (Vec::new(), piece.len().saturating_sub(MOST_AT_A_TIME));
        while piece.len() > CHUNK.max(least_left) && made.len() < CHUNK {
            self.run(piece.get(..CHUNK).unwrap_or_default(), DeflateFlush::NoFlush, &mut made);
            piece.advance(CHUNK);
        }
        let more = made.len() >= CHUNK || piece.len() > CHUNK;
        if !more {
            self.run(&std::mem::take(piece), DeflateFlush::SyncFlush, &mut made);
            if last {
                self.end(&mut made);
            }
        }
        Deflated { payload: made.into(), rsv1: is_new, more }
    }

    /// The message has ended.
    fn end(&mut self, made: &mut Vec<u8>) {
        match made.strip_suffix(&FLUSH_END) {
            Some(rest) => made.truncate(rest.len()),
            // Nothing was compressed since the last flush. What is to be left out of one more is all but its first octet.
            None => made.push(0),
        }
        self.is_on = false;
        if !self.takeover {
            self.context = None;
        }
    }

    /// Compresses all of it. zlib fails only when it is misused.
    fn run(&mut self, mut input: &[u8], flush: DeflateFlush, made: &mut Vec<u8>) {
        let Self { bits, level, .. } = *self;
        let context = self.context.get_or_insert_with(|| {
            Deflate::new_with_config(DeflateConfig {
                level: i32::from(level),
                // Below 0: without a header.
                window_bits: -i32::from(bits.max(SMALLEST_OF_ZLIB)),
                mem_level: i32::from(memory_level(bits)),
                ..DeflateConfig::default()
            })
        });
        loop {
            let from = made.len();
            let room = (input.len() / 2).clamp(LEAST_ROOM, CHUNK);
            made.resize(from + room, 0);
            let (used, put) = (context.total_in(), context.total_out());
            let ran = context.compress(input, made.get_mut(from..).unwrap_or_default(), flush);
            let (used, put) = (context.total_in() - used, context.total_out() - put);
            input.advance(used as usize);
            made.truncate(from + put as usize);
            // With room to spare there is nothing left to be written.
            if ran.is_err() || (put as usize) < room {
                return;
            }
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deflater({} bits)", self.bits)
    }
}

/// So much is compressed at a time; what comes of it makes a frame when it is as much.
const CHUNK: usize = 32 * 1024;
/// Others on the thread are due after so much, however little comes of it.
const MOST_AT_A_TIME: usize = 1024 * 1024;
const LEAST_ROOM: usize = 256;
