//! Readers that read no more: what they hold is made up for, so that the other streams of the wire go on, and they are told of.
//!
//! `h2` gives a stream's window and the connection's back together, when its reader takes something. What nobody takes is missing
//! from the connection's window, which is therefore made larger by as much, up to a limit. When half of that is made up for, all
//! windows of streams are made small: what is under way then comes, and little more of what nobody reads.

use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use h2::{RecvStream, StreamId};

use super::Http2;
use crate::error::Error;
use crate::handle::Node;
use crate::id::HandleKind;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{Http2Options, StalledReader};
use crate::protocol::http2::unread::Look;
use crate::protocol::http2::window::Windows;

/// How the readers of one wire are, as its driver saw it last.
#[derive(Debug)]
pub(super) struct Readers {
    stalled_after: Duration,
    policy: StalledReader,
    limit: u32,
    /// So much is made up for.
    made_up: u32,
    /// The windows of streams are small.
    shrunk: bool,
    /// When time alone makes another look worth it.
    next_look: Option<Instant>,
}

impl Readers {
    pub(super) fn new(options: &Http2Options) -> Self {
        let Http2Options { stalled_after, stalled_reader: policy, unread_limit: limit, .. } = *options;
        Self { stalled_after, policy, limit, made_up: 0, shrunk: false, next_look: None }
    }

    /// The windows that a server is given where these would do if all is read.
    pub(super) fn windows(&self, windows: Windows) -> Windows {
        let Windows { stream, connection } = windows;
        let stream = if self.shrunk { stream.min(SMALL) } else { stream };
        Windows { stream, connection: connection.saturating_add(self.made_up).min(MOST) }
    }

    /// When it has to look though nothing happens.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.next_look
    }

    /// Looks at the wire's streams, if that is worth it; whether the windows should be others now.
    pub(super) fn look(&mut self, wire: &Http2, windows: Windows, now: Instant) -> bool {
        // The whole wire's window may be smaller than that of a stream, and is then full before it.
        let window = self.windows(windows).stream.min(windows.connection);
        let look = {
            let mut unread = wire.shared.heard.unread();
            if !unread.is_worth_a_look(now, window) {
                return false;
            }
            let look = unread.look(now, window, self.stalled_after);
            self.next_look = unread.next_look();
            look
        };
        let Look { held_up, stalled, news } = look;
        let made_up = u32::try_from(held_up).unwrap_or(u32::MAX).min(self.limit);
        let enough = if self.shrunk { self.limit / 4 } else { self.limit / 2 };
        let shrunk = made_up > 0 && made_up >= enough;
        let changed = (made_up, shrunk) != (self.made_up, self.shrunk);
        (self.made_up, self.shrunk) = (made_up, shrunk);
        wire.shared.burdened.set(self.policy == StalledReader::NewWire && shrunk && stalled > 0);
        for (reader, unread) in news {
            self.tell(wire, reader, unread);
        }
        changed
    }

    fn tell(&self, wire: &Http2, reader: Option<Arc<Node>>, unread: u64) {
        tracing::debug!(wire = wire.id().value(), unread, "a response is not read");
        let Some(reader) = reader else { return };
        let wire = wire.id();
        reader.emit(Mask::READERS, || Status::ReaderStalled { wire, unread });
        // A WebSocket that is not read is no fault: its server waits, as it would over a wire of its own.
        if self.policy == StalledReader::Abort && reader.kind() == HandleKind::Request {
            reader.stop().is_for(Error::not_read(self.stalled_after));
            reader.cancel();
        }
    }
}

impl Http2 {
    /// The stream that is opened for this share will be read by them.
    pub(crate) fn is_for(&self, reader: &Arc<Node>) {
        self.reader.set(Some(Arc::clone(reader)));
    }

    /// A hold that knows who reads.
    pub(in crate::wire) fn with_reader(&self) -> Self {
        let hold = self.clone();
        hold.reader.set(self.reader.take());
        hold
    }

    /// Do its unread responses take so much that the next request is better off on another wire?
    pub(crate) fn is_burdened(&self) -> bool {
        self.shared.burdened.get()
    }

    pub(super) fn opened(&self, stream: StreamId) {
        self.shared.heard.unread().opened(stream.as_u32(), self.reader.take());
    }

    /// A reader took so much of it. Gives whether that is much in all: see [`offer_window`](Self::offer_window).
    pub(super) fn took(&self, stream: StreamId, octets: usize) -> bool {
        self.shared.heard.unread().taken(stream.as_u32(), octets as u64) >= MUCH
    }

    /// The reader of a stream, who has taken much of it, waits for more. What was taken and was not worth an update of the window yet
    /// may be all that the server has to wait for once its windows are small, and `h2` does not look at it when they are acknowledged:
    /// it is made to look here, and the reader is woken behind the acknowledgement to come here again.
    pub(super) fn offer_window(&self, body: &mut RecvStream, context: &Context<'_>) {
        self.shared.heard.waits(body.stream_id().as_u32(), context.waker());
        // The stream may be over.
        let _over = body.flow_control().release_capacity(0);
    }

    pub(super) fn gave_up(&self, stream: StreamId) {
        // A statement of its own: what a reader's subscribers do when they are dropped is theirs.
        let reader = self.shared.heard.given_up(stream.as_u32());
        drop(reader);
        if self.shared.crowded.get() {
            self.wake_driver();
        }
    }
}

/// A stream's window where much is unread: as much as a server may count on before it has read any settings (RFC 9113 6.9.2).
const SMALL: u32 = 65_535;
/// With less taken of it nothing can be missing of a stream's small window, whatever padding came beside: unlike what is taken, that is
/// not counted, and an honest server has no reason to pad an octet with more than seven.
const MUCH: u64 = SMALL as u64 / 8;
/// RFC 9113 6.9.1.
const MOST: u32 = 0x7fff_ffff;
