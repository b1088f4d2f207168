//! One exchange over one wire: moves octets between the stream and the codec, which decides what they mean.
//!
//! The wire is lent to every call rather than owned, so that what was received and not taken stays with it: a call that
//! receives can be dropped at any await and made again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::HeaderMap;

use super::upload::End;
use super::{Failure, Http1, Pace, Received, Uploaded};
use crate::clock;
use crate::error::{Stage, WireState};
use crate::protocol::http1::{
    AfterHead, Await100, Await100Step, BodyStep, HeadLimits, HeadStep, ReceiveBody, ReceiveHead, RequestHead,
    ResponseHead, SendBody, SendHead, Settled,
};
use crate::protocol::websocket::handshake::Asked;
use crate::reason::CloseReason;

/// One exchange, from the first octet written to the last one read.
pub(crate) struct Exchange {
    pub(super) state: State,
    /// An answer that came while the body was still being sent.
    pub(super) early: Option<Box<(ResponseHead, ReceiveBody)>>,
    pub(super) interims: Vec<ResponseHead>,
    pub(super) head_octets: u64,
    pub(super) written: u64,
    body_sent: u64,
    /// How much had been written when the piece of the body began that is being written.
    piece_began: Option<u64>,
    /// When the first octet of an answer came.
    pub(super) answered: Option<Instant>,
    /// The sending ended early, and what is left unsent may be part of a piece that was framed whole.
    pub(super) cut_short: bool,
}

pub(super) enum State {
    Await100(Await100),
    SendBody(SendBody),
    SendTail(Tail),
    ReceiveHead(ReceiveHead),
    Body(ReceiveBody),
    /// The answer came early and is in `early`; no more of the body is sent.
    Answered,
}

/// The end of a body, all framed. Kept with how far it was written, so that a call which writes it and is given up can be made
/// again.
pub(super) struct Tail {
    octets: Bytes,
    /// How much had been written when it began.
    began: u64,
    pub(super) next: ReceiveHead,
}

impl Exchange {
    /// Writes nothing yet: encodes the head, once it is settled that it may be sent.
    #[inline]
    pub(crate) fn new(head: &RequestHead<'_>, settled: &Settled, limits: HeadLimits) -> (Self, BytesMut) {
        let mut octets = BytesMut::new();
        let after = SendHead::new(limits).write(head, settled, &mut octets);
        let state = match after {
            AfterHead::Await100(state) => State::Await100(state),
            AfterHead::SendBody(state) => State::SendBody(state),
            AfterHead::ReceiveHead(state) => State::ReceiveHead(state),
        };
        let head_octets = octets.len() as u64;
        let exchange = Self {
            state,
            early: None,
            interims: Vec::new(),
            head_octets,
            written: 0,
            body_sent: 0,
            piece_began: None,
            answered: None,
            cut_short: false,
        };
        (exchange, octets)
    }

    /// Writes the head, and with it the first data unless a 100 has to come first.
    pub(crate) async fn send_head(
        &mut self,
        wire: &mut Http1,
        mut head: BytesMut,
        first: &Bytes,
        pace: &mut Pace,
    ) -> Result<(), Failure> {
        wire.count_exchange();
        let with_head = matches!(self.state, State::SendBody(_)) && first.len() <= COPIED_WITH_HEAD;
        if let State::SendBody(body) = &mut self.state
            && with_head
            && !first.is_empty()
        {
            let frame = body.frame(first).map_err(Failure::Misuse)?;
            head.extend_from_slice(frame.prefix());
            head.extend_from_slice(first);
            head.extend_from_slice(frame.suffix());
        }
        let end = if with_head { End::Flushed } else { End::Written };
        self.write_all(wire, &head, end, Stage::SendHead, &mut pace.idle()).await?;
        if with_head {
            self.body_sent += first.len() as u64;
            return Ok(());
        }
        // Boxed: it would make room for itself in every operation.
        Box::pin(self.write(wire, first, pace)).await?;
        self.write_all(wire, &[], End::Flushed, Stage::SendHead, &mut pace.idle()).await.map(drop)
    }

    /// The request, which has no body, asks for an upgrade.
    pub(crate) fn expect_upgrade(&mut self, asked: Box<Asked>) {
        if let State::ReceiveHead(state) = &mut self.state {
            state.expect_upgrade(asked);
        }
    }

    /// Has the wire been switched to another protocol by the answer?
    pub(crate) fn has_switched(&self) -> bool {
        matches!(&self.state, State::Body(body) if body.has_switched())
    }

    /// Is a 100 awaited before the body may go out?
    pub(crate) fn awaits_continue(&self) -> bool {
        matches!(self.state, State::Await100(_))
    }

    /// Waits for the 100, for `at_most` (RFC 9110 10.1.1: a server may never send one).
    pub(crate) async fn await_continue(&mut self, wire: &mut Http1, at_most: Duration) -> Result<(), Failure> {
        let deadline = clock::now().checked_add(at_most);
        while let State::Await100(state) = &mut self.state {
            match state.handle_input(wire.received()).map_err(|fault| Failure::Fault(Stage::Continue, fault))? {
                Await100Step::Continue(head, body) => {
                    self.interims.push(head);
                    self.state = State::SendBody(body);
                }
                Await100Step::OtherInterim(head) => self.interims.push(head),
                Await100Step::Final(head, body) => {
                    self.early = Some(Box::new((head, body)));
                    self.state = State::Answered;
                }
                Await100Step::NeedMore => match wire.fill_until(deadline).await {
                    Ok(Ok(0)) => {
                        let fault = state.handle_end(wire.received());
                        return Err(Failure::Fault(Stage::Continue, fault));
                    }
                    Ok(Ok(_)) => self.heard(),
                    Ok(Err(error)) => return Err(Failure::Io(Stage::Continue, error)),
                    Err(_) => self.give_up_waiting_for_continue(),
                },
            }
        }
        Ok(())
    }

    fn give_up_waiting_for_continue(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Answered) {
            State::Await100(state) => State::SendBody(state.timed_out()),
            other => other,
        };
    }

    /// Writes a piece of the body.
    pub(crate) async fn write(&mut self, wire: &mut Http1, data: &Bytes, pace: &mut Pace) -> Result<Uploaded, Failure> {
        if data.is_empty() || self.awaits_continue() {
            return Ok(Uploaded::Sent);
        }
        let State::SendBody(body) = &mut self.state else { return Ok(Uploaded::NotWanted) };
        let frame = body.frame(data).map_err(Failure::Misuse)?;
        if self.write_all(wire, frame.prefix(), End::Written, Stage::SendBody, pace).await? == Uploaded::NotWanted {
            return Ok(Uploaded::NotWanted);
        }
        self.piece_began = Some(self.written);
        let uploaded = self.write_all(wire, data, End::Written, Stage::SendBody, pace).await?;
        (self.body_sent, self.piece_began) = (self.body_sent(), None);
        if uploaded == Uploaded::NotWanted {
            return Ok(Uploaded::NotWanted);
        }
        self.write_all(wire, frame.suffix(), End::Flushed, Stage::SendBody, pace).await
    }

    /// Ends the body. Dropped and called again, it goes on where it was; the trailers are those of the first call.
    pub(crate) async fn finish(
        &mut self,
        wire: &mut Http1,
        trailers: &HeaderMap,
        pace: &mut Pace,
    ) -> Result<(), Failure> {
        if let State::SendBody(body) = &mut self.state {
            let (octets, next) = body.finish(trailers).map_err(Failure::Misuse)?;
            self.state = State::SendTail(Tail { octets, began: self.written, next });
        }
        let State::SendTail(tail) = &self.state else { return Ok(()) };
        let written = usize::try_from(self.written - tail.began).unwrap_or(usize::MAX);
        let left = tail.octets.slice(written.min(tail.octets.len())..);
        self.write_all(wire, &left, End::Flushed, Stage::SendBody, pace).await?;
        if let State::SendTail(_) = self.state
            && let State::SendTail(tail) = std::mem::replace(&mut self.state, State::Answered)
        {
            self.state = State::ReceiveHead(tail.next);
        }
        Ok(())
    }

    /// Would [`finish`](Self::finish) be refused?
    pub(crate) fn check_finish(&self, trailers: &HeaderMap) -> Result<(), Failure> {
        match &self.state {
            State::SendBody(body) => body.clone().finish(trailers).map(drop).map_err(Failure::Misuse),
            _ => Ok(()),
        }
    }

    /// Receives the final head. Each interim head is a call of its own.
    pub(crate) async fn receive_head(&mut self, wire: &mut Http1) -> Result<Received, Failure> {
        if !self.interims.is_empty() {
            return Ok(Received::Interim(Arc::new(self.interims.remove(0))));
        }
        if let Some(early) = self.early.take() {
            let (head, body) = *early;
            self.state = State::Body(body);
            return Ok(Received::Final(Arc::new(head)));
        }
        // What is parsed is no part of this future, of which many wait.
        loop {
            if let Some(received) = self.take_head(wire)? {
                return Ok(received);
            }
            let filled = wire.fill(0).await;
            self.heard_of_head(wire, filled)?;
        }
    }

    /// The head that has arrived, if it is all there.
    fn take_head(&mut self, wire: &mut Http1) -> Result<Option<Received>, Failure> {
        let State::ReceiveHead(state) = &mut self.state else { return Ok(Some(Received::OutOfTurn)) };
        match state.handle_input(wire.received()).map_err(|fault| Failure::Fault(Stage::Head, fault))? {
            HeadStep::Interim(head) => Ok(Some(Received::Interim(Arc::new(head)))),
            HeadStep::Final(head, body) => {
                self.state = State::Body(body);
                Ok(Some(Received::Final(Arc::new(head))))
            }
            HeadStep::NeedMore => Ok(None),
        }
    }

    fn heard_of_head(&mut self, wire: &mut Http1, filled: std::io::Result<usize>) -> Result<(), Failure> {
        let stage = if self.answered.is_some() { Stage::Head } else { Stage::FirstByte };
        if let (Ok(0), State::ReceiveHead(state)) = (&filled, &mut self.state) {
            return Err(Failure::Fault(stage, state.handle_end(wire.received())));
        }
        if filled.is_ok() {
            self.heard();
        }
        filled.map(drop).map_err(|error| Failure::Io(stage, error))
    }

    /// The next piece of the body, of at most `max` octets; `None` is its end.
    pub(crate) async fn read(&mut self, wire: &mut Http1, max: usize) -> Result<Option<Bytes>, Failure> {
        let State::Body(body) = &mut self.state else { return Ok(None) };
        let fault = |fault| Failure::Fault(Stage::Body, fault);
        loop {
            match body.handle_input(wire.received(), max).map_err(fault)? {
                BodyStep::Data(data) => return Ok(Some(data)),
                BodyStep::End => return Ok(None),
                BodyStep::NeedMore => {
                    let want = body.remaining().unwrap_or(u64::MAX).try_into().unwrap_or(usize::MAX);
                    let filled = wire.fill(want).await.map_err(|error| Failure::Io(Stage::Body, error))?;
                    if filled == 0 {
                        body.handle_end().map_err(fault)?;
                    }
                }
            }
        }
    }

    /// What of the body has already arrived, without waiting.
    pub(crate) fn read_arrived(&mut self, wire: &mut Http1, max: usize) -> Result<BodyStep, Failure> {
        match &mut self.state {
            State::Body(body) => {
                body.handle_input(wire.received(), max).map_err(|fault| Failure::Fault(Stage::Body, fault))
            }
            _ => Ok(BodyStep::NeedMore),
        }
    }

    /// Skips what has arrived of a body nobody wants, up to `limit` octets. Says why if that was not all of it.
    pub(crate) fn skip_arrived(&mut self, wire: &mut Http1, limit: u64) -> Result<(), CloseReason> {
        if !self.has_head() {
            return Err(CloseReason::ResponseNotRead);
        }
        let mut skipped = 0_u64;
        while !self.is_ended() {
            match self.read_arrived(wire, usize::MAX).map_err(|failure| failure.close_reason())? {
                BodyStep::Data(data) => skipped += data.len() as u64,
                BodyStep::End => break,
                BodyStep::NeedMore if matches!(wire.fill(0).now_or_never(), Some(Ok(1..))) => {}
                BodyStep::NeedMore => return Err(CloseReason::ResponseNotRead),
            }
            if skipped > limit {
                return Err(CloseReason::DrainLimit);
            }
        }
        Ok(())
    }

    /// Octets of the body still to come, where the framing tells.
    pub(crate) fn remaining(&self) -> Option<u64> {
        match &self.state {
            State::Body(body) => body.remaining(),
            _ => None,
        }
    }

    /// Was the final head received?
    pub(crate) fn has_head(&self) -> bool {
        matches!(self.state, State::Body(_))
    }

    /// Is the whole response read?
    pub(crate) fn is_ended(&self) -> bool {
        matches!(&self.state, State::Body(body) if body.is_ended())
    }

    /// After the end of the response: may the wire serve another exchange?
    pub(crate) fn reuse(&self, wire: &mut Http1) -> Result<(), CloseReason> {
        if self.cut_short {
            // The peer would take the next request for the rest of this one.
            return Err(CloseReason::EarlyResponse);
        }
        match &self.state {
            State::Body(body) => body.reuse(wire.received()),
            _ => Err(CloseReason::ResponseNotRead),
        }
    }

    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        match &self.state {
            State::Body(body) => body.trailers(),
            _ => None,
        }
    }

    /// Octets of the body handed to the kernel.
    pub(crate) fn body_sent(&self) -> u64 {
        self.body_sent + self.piece_began.map_or(0, |began| self.written - began)
    }

    /// How many octets were handed to the kernel, head and framing included.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Has all of an announced length been sent, so that no `finish` needs to be asked of the caller?
    pub(crate) fn body_is_complete(&self) -> bool {
        match &self.state {
            State::SendBody(body) => body.is_complete(),
            State::Await100(_) => false,
            State::SendTail(_) | State::ReceiveHead(_) | State::Body(_) | State::Answered => true,
        }
    }

    /// Is a call of [`finish`](Self::finish) due before an answer can be waited for?
    pub(crate) fn must_finish(&self) -> bool {
        !self.body_is_complete() || matches!(self.state, State::SendTail(_))
    }

    /// Has the peer refused the request before all of it was sent? What is still written is discarded.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.state, State::Answered)
    }

    /// Octets of the announced length still to be written.
    pub(crate) fn announced_left(&self) -> Option<u64> {
        match &self.state {
            State::SendBody(body) => body.remaining(),
            _ => None,
        }
    }

    /// How far the request has got.
    pub(crate) fn wire_state(&self) -> WireState {
        let answered = self.answered.is_some() || self.early.is_some() || matches!(self.state, State::Body(_));
        match &self.state {
            _ if answered => WireState::ResponseStarted,
            _ if self.written == 0 => WireState::NotSent,
            _ if self.written < self.head_octets => WireState::HeadPartly,
            State::ReceiveHead(_) => WireState::BodySent,
            _ if self.body_sent() == 0 => WireState::HeadSent,
            _ => WireState::BodyPartly(self.body_sent()),
        }
    }
}

/// First data up to this size is copied behind the head, to leave in one write and one packet.
const COPIED_WITH_HEAD: usize = 16 * 1024;
