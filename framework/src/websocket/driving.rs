//! One turn of a WebSocket: all that can be done without waiting, for whoever waits.

use std::task::{Context, Poll};
use std::time::Instant;

use super::link::Link;
use super::part::MessagePart;
use super::socket::{Receiver, Receiving, Socket};
use super::traffic::messages;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::notification::{MessageKind, NotificationMask as Mask, Status};
use crate::protocol::websocket::liveness::Due;
use crate::protocol::websocket::reader::{Incoming, Piece};
use crate::reason::CloseReason;

impl Socket {
    pub(super) fn turn(&mut self, task: &mut Context<'_>) {
        for _ in 0..MOST_STEPS {
            self.want_more();
            self.pass_line(task);
            self.serve_what_is_known();
            let wrote = self.write(task);
            let read = self.read(task);
            if !wrote && !read && !self.keep_time(task) {
                return self.answer_stream();
            }
        }
        self.answer_stream();
        // Others on this thread are due; the peer may flood, and what is due is due all the same. The alarm could be told here that
        // the task has had its share, so the clock is asked.
        let now = clock::now();
        if self.due().is_some_and(|due| due <= now) {
            self.do_what_is_due(now);
        }
        task.waker().wake_by_ref();
    }

    /// Serves the operations that need nothing of the wire.
    pub(super) fn serve_what_is_known(&mut self) {
        if let Some(Receiving { at_most, waits: None, .. }) = &self.receiving {
            let (gathered, is_text) = &mut self.gathered;
            if let Some(most) = at_most.filter(|_| !gathered.is_empty()) {
                let octets = gathered.split_to(most.min(gathered.len())).freeze();
                let kind = MessageKind::of_part(*is_text, false);
                self.deliver(MessagePart::new(kind, octets));
            } else if self.standing.closed_by_peer {
                self.deliver(MessagePart::close());
            }
        }
        if self.standing.is_in_use()
            && let Some(error) = self.untold.take()
        {
            self.fail_all(&error);
        }
        if (self.standing.sending || self.standing.closing)
            && let Some(error) = self.untold_break.take_if(|_| !self.standing.closed_by_peer)
        {
            self.standing.broken = true;
            self.fail_sends_and_close(&error);
        }
        let may_end = |link: &Link| link.closing.is_sent() || link.mute;
        if self.link.as_ref().is_none_or(may_end) && self.standing.closed_by_peer {
            self.end_shutdown();
            self.complete_close();
        }
    }

    pub(super) fn complete_shutdown(&mut self) {
        if let Some(pending) = self.shutting.take() {
            self.standing.sending = false;
            pending.complete(Status::ShutdownComplete, ());
        }
    }

    /// Writes what there is; was something completed by it?
    pub(super) fn write(&mut self, task: &mut Context<'_>) -> bool {
        self.make_batch_ready(task);
        let taps = self.node.wants(Mask::FRAMES);
        let Some(link) = &mut self.link else { return false };
        link.tap(taps);
        if link.mute {
            return false;
        }
        let is_behind = self.outlet.as_ref().is_some_and(|outlet| outlet.has_frames_left());
        if link.writer.is_free()
            && !is_behind
            && let Some(sending) = self.sending.as_mut().filter(|sending| sending.waits.is_none())
            && let Some((opcode, last, payload)) = sending.frame.take()
        {
            link.writer.send(opcode, last, payload);
            link.stall.begin(clock::now);
        }
        let was_free = link.writer.is_free();
        let wrote = link.poll_write(task);
        if taps {
            let began = link.writer.began();
            began.into_iter().for_each(|frame| self.node.emit(Mask::FRAMES, || Status::FrameSent(frame)));
        }
        let gone = match wrote {
            Poll::Pending => {
                self.outlet_has_moved(false);
                return false;
            }
            Poll::Ready(Ok(gone)) => gone,
            Poll::Ready(Err(failure)) => {
                self.cannot_send(&failure.into_error(Operation::WebSocketSend));
                return true;
            }
        };
        // Somebody may wait behind a piece that nobody waited for.
        let is_free_again = !was_free && link.writer.is_free();
        if self.liveness.is_unsent() {
            self.liveness.sent(clock::now());
        }
        if gone.message
            && let Some(sending) = self.sending.take()
        {
            self.standing.sending = false;
            let (octets, kind) = (sending.octets, sending.kind);
            self.shared.traffic.sent(messages(kind), octets);
            sending.pending.complete(Status::WebSocketWriteComplete { octets, kind }, ());
        }
        let has_more = self.outlet_has_moved(true);
        if gone.close {
            self.close_was_sent();
        }
        is_free_again || has_more || gone.close
    }

    /// Reads one thing; was there any?
    pub(super) fn read(&mut self, task: &mut Context<'_>) -> bool {
        let wish = match &self.receiving {
            // What still comes is thrown away.
            _ if self.closing.is_some() => Some(usize::MAX),
            Some(receiving) if receiving.waits.is_none() => Some(receiving.at_most.unwrap_or(usize::MAX)),
            _ => None,
        };
        let Some(link) = &mut self.link else { return false };
        if link.lingers.is_some() {
            return match link.poll_end(task) {
                Poll::Pending => false,
                Poll::Ready(()) => {
                    self.server_has_ended(CloseReason::PeerClosed);
                    true
                }
            };
        }
        match link.next(wish) {
            Ok(Incoming::Held) => return false,
            Ok(Incoming::NeedMore { want }) => match link.poll_fill(want, task) {
                Poll::Pending => {
                    if wish.is_none() {
                        link.rest();
                    }
                    return false;
                }
                Poll::Ready(Ok(0)) => self.server_has_ended(CloseReason::PeerClosed),
                Poll::Ready(Ok(_)) if self.liveness.is_asking() => self.liveness.heard(clock::now()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(failure)) => self.wire_broke(failure),
            },
            Ok(Incoming::Began(frame)) => self.node.emit(Mask::FRAMES, || Status::FrameReceived(frame)),
            Ok(Incoming::Ping(payload)) => link.writer.pong(payload),
            Ok(Incoming::Pong(payload)) => {
                if let Some(round_trip) = self.liveness.handle_pong(&payload, clock::now()) {
                    self.shared.set_round_trip(round_trip);
                }
            }
            Ok(Incoming::Close(frame)) => self.server_has_closed(frame),
            Ok(Incoming::Piece(piece)) => self.take(piece),
            Err(fault) => self.server_is_at_fault(fault),
        }
        true
    }

    /// A piece of a message that somebody waits for, or that is thrown away.
    fn take(&mut self, piece: Piece) {
        let Piece { is_text, octets, last } = piece;
        let Some(receiving) = self.receiving.as_ref().filter(|_| !self.skips) else {
            self.skips = !last;
            return;
        };
        let (gathered, gathered_text) = &mut self.gathered;
        if receiving.at_most.is_some() || (last && gathered.is_empty()) {
            return self.deliver(MessagePart::new(MessageKind::of_part(is_text, last), octets));
        }
        gathered.extend_from_slice(&octets);
        *gathered_text = is_text;
        if last {
            let octets = std::mem::take(gathered).freeze();
            self.deliver(MessagePart::new(MessageKind::of_part(is_text, true), octets));
        }
    }

    /// Completes the receive in flight.
    fn deliver(&mut self, part: MessagePart) {
        let Some(Receiving { by, .. }) = self.receiving.take() else { return };
        self.standing.receiving = false;
        self.standing.close_told |= part.is_close();
        let (octets, kind) = (part.octets().len() as u64, part.kind());
        self.shared.traffic.received(kind, octets);
        let told = move || Status::WebSocketReadComplete { octets, kind };
        match by {
            Receiver::Call(pending) => {
                self.given.hand_out(pending.ticket(), &part);
                pending.complete(told(), part);
            }
            Receiver::Half(stream) => {
                self.node.emit(Mask::READ_COMPLETE, told);
                self.inlet().put(stream, Ok(part));
            }
        }
    }

    /// Does what is due; was anything?
    fn keep_time(&mut self, task: &mut Context<'_>) -> bool {
        let due = self.due();
        self.armed = due;
        if self.alarm.poll(due, task).is_pending() {
            return false;
        }
        self.do_what_is_due(clock::now());
        true
    }

    fn do_what_is_due(&mut self, now: Instant) {
        if self.closing.as_ref().is_some_and(|closes| closes.until.is_some_and(|until| until <= now)) {
            let waited = self.options.close_timeout;
            let error = Error::timeout(Operation::WebSocketClose, Stage::Closing, waited);
            return self.lose(&error, CloseReason::TimedOut);
        }
        let lingers = self.link.as_ref().and_then(|link| link.lingers);
        if lingers.is_some_and(|lingering| lingering.until.is_some_and(|until| until <= now)) {
            return self.server_has_ended(CloseReason::TimedOut);
        }
        if self.line_ends().is_some_and(|end| end <= now) {
            return self.leave_line(now);
        }
        if self.stall_ends().is_some_and(|end| end <= now) {
            let waited = self.send_timeout.unwrap_or_default();
            if let Some(link) = &self.link {
                link.carrier.doubt();
            }
            return self.cannot_send(&Error::timeout(Operation::WebSocketSend, Stage::Messages, waited));
        }
        if !self.listens_for_life() {
            return;
        }
        let Some(link) = &mut self.link else { return };
        match self.liveness.handle_time(now, !link.holds) {
            Due::Nothing => {}
            Due::Ping(payload) => link.writer.ping(payload),
            Due::Gone => {
                let (patience, operation) = (self.options.ping_timeout, Operation::WebSocketReceive);
                let detail = format!("the server gave no sign of life for {patience:?}");
                let error = Error::too_late(operation, Stage::Messages, patience, detail);
                self.lose(&error, CloseReason::PingTimeout);
            }
        }
    }

    /// When something is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let closing = self.closing.as_ref().and_then(|closes| closes.until);
        let lingering = self.link.as_ref().and_then(|link| link.lingers?.until);
        let alive = if self.listens_for_life() { self.liveness.due() } else { None };
        [closing, lingering, self.line_ends(), self.stall_ends(), alive].into_iter().flatten().min()
    }

    /// When a peer that takes nothing of what somebody waits to get rid of has had its time.
    fn stall_ends(&self) -> Option<Instant> {
        let is_sending = self.sending.as_ref().is_some_and(|sending| sending.waits.is_none());
        let is_awaited = is_sending || self.outlet_is_busy() || self.shutting.is_some() || self.liveness.is_unsent();
        let is_awaited = is_awaited || self.room_is_awaited();
        let link = self.link.as_ref().filter(|link| is_awaited && !link.mute)?;
        link.stall.ends(self.send_timeout?)
    }

    /// Pings are for a connection that is not about to end. Where none can be sent the silence counts for whoever receives.
    fn listens_for_life(&self) -> bool {
        let Some(link) = self.link.as_ref().filter(|link| link.lingers.is_none()) else { return false };
        if link.mute { self.receiving.is_some() } else { !self.standing.shut && !link.closing.is_sent() }
    }

    pub(super) fn error(
        &self,
        code: ErrorCode,
        operation: Operation,
        stage: Stage,
        blame: Blame,
        detail: String,
    ) -> Error {
        Error::new(code, operation, stage, blame, detail).with_url(&self.url)
    }
}

/// How much one turn does before others get theirs.
const MOST_STEPS: usize = 64;
