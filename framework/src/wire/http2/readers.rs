//! Readers that read no more: what they hold is made up for, so that the other streams of the wire go on, and they are told of.
//!
//! `h2` gives a stream's window and the connection's back together, when its reader takes something. What nobody takes is missing
//! from the connection's window, which is therefore made larger by as much, up to a limit. When half of that is made up for, all
//! windows of streams are made small: what is under way then comes, and little more of what nobody reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use h2::StreamId;

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

    /// A reader took so much of it.
    pub(super) fn took(&self, stream: StreamId, octets: usize) {
        self.shared.heard.unread().taken(stream.as_u32(), octets as u64);
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
/// RFC 9113 6.9.1.
const MOST: u32 = 0x7fff_ffff;
