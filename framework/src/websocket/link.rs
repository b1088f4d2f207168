//! A wire that speaks WebSocket: moves octets between the stream and the machines that know what they mean.

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;

use super::Upgraded;
use super::carrier::Carrier;
use crate::chance;
use crate::clock;
use crate::error::Stage;
use crate::protocol::websocket::OpCode;
use crate::protocol::websocket::closing::Closing;
use crate::protocol::websocket::fault::Fault;
use crate::protocol::websocket::reader::{Incoming, ReadLimits, Reader};
use crate::protocol::websocket::stall::Stall;
use crate::protocol::websocket::writer::{Gone, Writer};
use crate::wire::Failure;

/// A wire with what reads from it and what writes to it.
pub(super) struct Link {
    pub(super) carrier: Carrier,
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) closing: Closing,
    unflushed: bool,
    pub(super) stall: Stall,
    /// Nothing can be written any more.
    pub(super) mute: bool,
    /// A message waits to be received, and all that follows it.
    pub(super) holds: bool,
    /// What the server did wrong, until somebody receives: what the program does before that comes first.
    pub(super) fault: Option<Fault>,
    /// Nothing is understood any more: what still comes is thrown away, up to so much, and until then at the latest.
    pub(super) lingers: Option<Lingering>,
}

/// The end of a wire that the server may end first: closed at once, octets it still sends would reset it, and it might never see the
/// close frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lingering {
    pub(super) until: Option<Instant>,
    left: usize,
}

impl Lingering {
    pub(super) fn until(until: Option<Instant>) -> Self {
        Self { until, left: MOST_THROWN_AWAY }
    }
}

impl Link {
    pub(super) fn new(upgraded: Upgraded) -> Self {
        let Upgraded { lease, tunnel, options, agreed, .. } = upgraded;
        let (message, frame, fragments) = (options.message, options.frame, options.fragments);
        Self {
            carrier: Carrier::new(lease, tunnel),
            reader: Reader::new(ReadLimits { message, frame, fragments }).inflating(agreed),
            writer: Writer::default().deflating(agreed),
            closing: Closing::default(),
            unflushed: false,
            stall: Stall::default(),
            mute: false,
            holds: false,
            fault: None,
            lingers: None,
        }
    }

    /// Are frames to be told of?
    pub(super) fn tap(&mut self, taps: bool) {
        self.reader.tap(taps);
        self.writer.tap(taps);
    }

    /// Makes a piece of a message ready behind what is, without writing it: where it will end among all that was ever written,
    /// if that is known yet.
    pub(super) fn append(&mut self, frame: (OpCode, bool, Bytes)) -> io::Result<Option<u64>> {
        self.writer.append(frame, mask)
    }

    /// Writes what there is. Ready: all of it is through.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<Gone, Failure>> {
        let carrier = &mut self.carrier;
        loop {
            let octets = self.writer.octets(mask).map_err(|error| Failure::Io(Stage::Messages, error))?;
            if octets.is_empty() {
                break;
            }
            let Poll::Ready(wrote) = carrier.poll_write(context, octets) else {
                self.stall.is_blocked(clock::now);
                // What it has taken may wait in a buffer of its own.
                if let Poll::Ready(Ok(())) = carrier.poll_flush(context) {
                    self.writer.is_passed_on();
                }
                return Poll::Pending;
            };
            self.writer.wrote(wrote?);
            self.stall.has_taken();
            self.unflushed = true;
        }
        if self.unflushed {
            let Poll::Ready(flushed) = carrier.poll_flush(context) else {
                self.stall.waits_for_flush(clock::now);
                return Poll::Pending;
            };
            flushed?;
            self.stall.is_through();
            self.unflushed = false;
        }
        Poll::Ready(Ok(self.writer.flushed()))
    }

    /// The next thing that has come, of a message at most so much; without a wish nothing of a message.
    pub(super) fn next(&mut self, wish: Option<usize>) -> Result<Incoming, Fault> {
        let Some(received) = self.carrier.received() else { return Ok(Incoming::NeedMore { want: 0 }) };
        let next = match self.fault {
            Some(fault) => Err(fault),
            None => self.reader.handle_input(received, wish),
        };
        self.fault = next.as_ref().err().copied();
        self.holds = next == Ok(Incoming::Held) || (wish.is_none() && self.fault.is_some());
        if self.holds { Ok(Incoming::Held) } else { next }
    }

    /// Receives more; 0 is the end.
    pub(super) fn poll_fill(&mut self, want: u64, context: &mut Context<'_>) -> Poll<Result<usize, Failure>> {
        self.carrier.poll_fill(context, want)
    }

    /// Nobody waits for what comes next, and nothing has come.
    pub(super) fn rest(&mut self) {
        self.carrier.rest();
    }

    /// Throws away what still comes. Ready: the server has ended the wire, or has sent too much to be waited for.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(received) = self.carrier.received() {
                received.clear();
            }
            let (Ok(filled @ 1..), Some(lingering)) = (ready!(self.poll_fill(0, context)), &mut self.lingers) else {
                return Poll::Ready(());
            };
            match lingering.left.checked_sub(filled) {
                Some(left) => lingering.left = left,
                None => return Poll::Ready(()),
            }
        }
    }
}

/// A fresh one for each frame, that nobody can foretell (RFC 6455 section 10.3).
fn mask() -> io::Result<[u8; 4]> {
    chance::four().map_err(io::Error::other)
}

/// What a server may still send after the end that is read away for its sake.
const MOST_THROWN_AWAY: usize = 1024 * 1024;
