//! A stream that carries another protocol (RFC 8441): octets both ways, as over a connection of its own.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, SendStream};

use super::{Http2, StreamEnd};
use crate::error::Stage;
use crate::handle::Node;
use crate::wire::Failure;

/// What is left of an exchange that has switched protocols. Dropped before both sides have ended it, it resets the stream (CANCEL).
pub(crate) struct Tunnel {
    wire: Http2,
    out: SendStream<Bytes>,
    body: RecvStream,
    /// At most one frame: what comes behind it is left in the window of the stream.
    received: BytesMut,
    /// This side has ended it.
    ended: bool,
    /// Room is asked for.
    waits: bool,
    /// Much of what came was taken.
    has_taken_much: bool,
}

impl Tunnel {
    pub(super) fn new(wire: Http2, out: SendStream<Bytes>, body: RecvStream) -> Self {
        Self { wire, out, body, received: BytesMut::new(), ended: false, waits: false, has_taken_much: false }
    }

    /// Who hears of it if nobody reads what comes.
    pub(crate) fn is_read_by(&self, reader: &Arc<Node>) {
        let stream = self.out.stream_id().as_u32();
        // A statement of its own: what is dropped with the last reader may be the caller's.
        let before = self.wire.shared.heard.unread().passes_to(stream, Some(Arc::clone(reader)));
        drop(before);
    }

    /// What was received and not yet taken.
    pub(crate) fn received(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    /// Receives more; 0 is the end. The server may send as much again.
    pub(crate) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<usize, Failure>> {
        loop {
            let data = match self.body.poll_data(context) {
                Poll::Ready(Some(Ok(data))) => data,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(self.failure(error))),
                Poll::Ready(None) => return Poll::Ready(Ok(0)),
                Poll::Pending => {
                    if self.has_taken_much {
                        self.wire.offer_window(&mut self.body, context);
                    }
                    if self.received.is_empty() {
                        // Many rest.
                        self.received = BytesMut::new();
                    }
                    return Poll::Pending;
                }
            };
            let octets = data.len();
            if octets == 0 {
                continue;
            }
            self.has_taken_much = self.wire.took(self.out.stream_id(), octets);
            if let Err(error) = self.body.flow_control().release_capacity(octets) {
                return Poll::Ready(Err(self.failure(error)));
            }
            if self.received.is_empty() {
                self.received = data.into();
            } else {
                self.received.extend_from_slice(&data);
            }
            return Poll::Ready(Ok(octets));
        }
    }

    /// Hands over as much as the server has room for; its driver writes it.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, octets: &[u8]) -> Poll<Result<usize, Failure>> {
        let room = ready!(self.poll_room(context, octets.len()))?.min(octets.len());
        let piece = Bytes::copy_from_slice(octets.get(..room).unwrap_or_default());
        if let Err(error) = self.out.send_data(piece, false) {
            return Poll::Ready(Err(self.failure(error)));
        }
        self.wire.shared.heard.sent(room);
        Poll::Ready(Ok(room))
    }

    /// What waits for room is not written any more: whatever there comes to be is for others.
    pub(crate) fn needs_no_room(&mut self) {
        if std::mem::take(&mut self.waits) {
            self.out.reserve_capacity(0);
        }
    }

    fn poll_room(&mut self, context: &mut Context<'_>, wanted: usize) -> Poll<Result<usize, Failure>> {
        self.out.reserve_capacity(wanted);
        self.waits = true;
        // What there is already is not told of again.
        let room = self.out.capacity();
        if room > 0 {
            return Poll::Ready(Ok(room));
        }
        match ready!(self.out.poll_capacity(context)) {
            Some(Ok(0)) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Ok(room)) => Poll::Ready(Ok(room)),
            Some(Err(error)) => Poll::Ready(Err(self.failure(error))),
            None => Poll::Ready(Err(self.takes_no_more(context))),
        }
    }

    /// Why it takes nothing any more.
    fn takes_no_more(&mut self, context: &mut Context<'_>) -> Failure {
        let reset = match self.out.poll_reset(context) {
            Poll::Ready(Ok(reason)) => reason,
            Poll::Ready(Err(error)) => return self.failure(error),
            Poll::Pending => Reason::STREAM_CLOSED,
        };
        match self.failure(reset.into()) {
            // Whose word it is, is known of what is received alone; ours is never the first.
            Failure::Io(stage, _) => Failure::Stream(stage, StreamEnd::Reset(reset)),
            failure => failure,
        }
    }

    /// This side sends no more (END_STREAM), which stands for the FIN of a connection (RFC 8441 section 5).
    pub(crate) fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            // It may be over.
            let _over = self.out.send_data(Bytes::new(), true);
        }
    }

    fn failure(&self, error: h2::Error) -> Failure {
        match self.wire.failure(Stage::Messages, Some(self.out.stream_id()), error) {
            // It was consented to, whatever the server says of it now.
            Failure::Stream(stage, StreamEnd::Refused(Some(reason))) if reason == Reason::REFUSED_STREAM => {
                Failure::Stream(stage, StreamEnd::Reset(reason))
            }
            Failure::Stream(stage, StreamEnd::Refused(reason)) => {
                let farewell = self.wire.shared.heard.budget().going_away().map(|farewell| farewell.code.into());
                let reason = farewell.or(reason).unwrap_or(Reason::NO_ERROR);
                Failure::Stream(stage, StreamEnd::GoneAway(reason))
            }
            failure => failure,
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.wire.gave_up(self.out.stream_id());
    }
}
