//! What carries a WebSocket: a wire of its own, or a stream of one that it shares with others (RFC 8441).

use std::io;
use std::task::{Context, Poll};

use bytes::BytesMut;

use crate::error::Stage;
use crate::handle::Node;
use crate::origin::Lease;
use crate::reason::CloseReason;
use crate::wire::{Failure, Http1, Tunnel};

/// Octets both ways.
pub(super) struct Carrier {
    /// The stream, where that is all it has. The first to be dropped: until then it takes its place on the wire.
    tunnel: Option<Box<Tunnel>>,
    lease: Lease,
}

/// What it speaks to.
enum Speaks<'a> {
    Alone(&'a mut Http1),
    Beside(&'a mut Tunnel),
}

impl Carrier {
    pub(super) fn new(lease: Lease, tunnel: Option<Box<Tunnel>>) -> Self {
        Self { tunnel, lease }
    }

    fn speaks(&mut self) -> Option<Speaks<'_>> {
        match &mut self.tunnel {
            Some(tunnel) => Some(Speaks::Beside(tunnel)),
            None => self.lease.switched().map(Speaks::Alone),
        }
    }

    /// What was received and not yet taken.
    pub(super) fn received(&mut self) -> Option<&mut BytesMut> {
        match self.speaks()? {
            Speaks::Alone(wire) => Some(wire.received()),
            Speaks::Beside(tunnel) => Some(tunnel.received()),
        }
    }

    /// Receives more; 0 is the end. `want` is how much is known to come, or 0.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>, want: u64) -> Poll<Result<usize, Failure>> {
        match self.speaks() {
            None => Poll::Ready(Ok(0)),
            Some(Speaks::Beside(tunnel)) => tunnel.poll_fill(context),
            Some(Speaks::Alone(wire)) => {
                wire.poll_fill(context, usize::try_from(want).unwrap_or(usize::MAX)).map_err(broke)
            }
        }
    }

    /// Nobody waits for what comes next, and nothing has come: a wire holds no buffer for it.
    pub(super) fn rest(&mut self) {
        if let Some(Speaks::Alone(wire)) = self.speaks() {
            wire.lay_down();
        }
    }

    /// Hands over as much as is taken.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>, octets: &[u8]) -> Poll<Result<usize, Failure>> {
        match self.speaks() {
            None => Poll::Ready(Err(broke(io::ErrorKind::Unsupported.into()))),
            Some(Speaks::Beside(tunnel)) => tunnel.poll_write(context, octets),
            Some(Speaks::Alone(wire)) => wire.poll_write(context, octets).map_err(broke),
        }
    }

    /// Nothing is written any more.
    pub(super) fn needs_no_room(&mut self) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.needs_no_room();
        }
    }

    /// Its server takes nothing: is it still there, for all that share the wire?
    pub(super) fn doubt(&self) {
        if let Some(wire) = self.lease.multiplexed() {
            wire.doubt();
        }
    }

    /// What was handed over is on its way.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        match self.speaks() {
            Some(Speaks::Alone(wire)) => wire.poll_flush(context).map_err(broke),
            // The driver of the wire sees to it.
            None | Some(Speaks::Beside(_)) => Poll::Ready(Ok(())),
        }
    }

    /// This side has said its last word. A stream can be half closed by that and the server hear it all the same; a wire is left to the
    /// server to end. Is it a stream?
    pub(super) fn end(&mut self) -> bool {
        self.tunnel.as_mut().map(|tunnel| tunnel.end()).is_some()
    }

    /// The wire is closed; of one that it shares, the stream: reset, unless both sides have closed the WebSocket.
    pub(super) fn close(self, hears: &Node, reason: CloseReason) {
        let Self { mut tunnel, lease } = self;
        if let (Some(tunnel), CloseReason::WebSocketClosed) = (&mut tunnel, reason) {
            tunnel.end();
        }
        drop(tunnel);
        lease.close(hears, reason);
    }
}

fn broke(error: io::Error) -> Failure {
    Failure::Io(Stage::Messages, error)
}
