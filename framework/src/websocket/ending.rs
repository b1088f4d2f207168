//! How a WebSocket ends: by a closing handshake, by a fault of the server's, or with its wire.

use super::CloseStatus;
use super::link::Lingering;
use super::socket::{Closes, Receiver, Receiving, Socket};
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::handle::Ending;
use crate::notification::Status;
use crate::protocol::websocket::closing::{CloseFrame, Closing};
use crate::protocol::websocket::fault::Fault;
use crate::reason::CloseReason;
use crate::services::WorkEnd;
use crate::wire::Failure;

impl Socket {
    /// The server's close frame came. It is answered at once, behind what is under way: nobody may be there to do it. From here on
    /// the server has so much time, whether it takes the answer or not.
    pub(super) fn server_has_closed(&mut self, frame: CloseFrame) {
        let until = clock::now().checked_add(self.options.close_timeout);
        let Some(link) = &mut self.link else { return };
        link.closing.received();
        link.writer.close(frame.answer());
        link.lingers = Some(Lingering::until(until));
        // It closes only once.
        self.shared.closed_by_peer.get_or_init(|| CloseStatus::from(frame));
        self.standing.closed_by_peer = true;
        let has_unsent = self.sending.as_ref().is_some_and(|sending| sending.frame.is_some());
        if has_unsent || self.outlet_has_queue() {
            let detail = "the server closed the WebSocket before the message went out".to_owned();
            let (code, operation) = (ErrorCode::ConnectionError, Operation::WebSocketSend);
            let error = self.error(code, operation, Stage::Messages, Blame::Peer, detail);
            if has_unsent {
                self.fail_send(&error);
            } else {
                // What has begun goes out.
                self.drop_queue(error);
            }
        }
        self.end_if_nothing_follows();
    }

    /// Our close frame is out.
    pub(super) fn close_was_sent(&mut self) {
        if let Some(link) = &mut self.link {
            link.closing.sent();
        }
        self.standing.close_sent = true;
        self.complete_shutdown();
        self.end_if_nothing_follows();
    }

    /// If it was us who began we may end the wire. Else it is left to the server, as RFC 6455 section 7.1.1 would have it: ended by
    /// us, it might be reset before the answer is read. A stream is ended by both sides, whoever began (RFC 8441 section 5).
    fn end_if_nothing_follows(&mut self) {
        let Some(link) = &mut self.link else { return };
        // Nothing is sent behind a close frame, and nothing heard any more.
        let is_over = link.closing.is_sent() && link.lingers.is_some();
        let is_stream = is_over && link.carrier.end();
        let Closing::Both { began } = link.closing else { return };
        if let Some(work) = &mut self.work {
            work.is_now(WorkEnd::Completed);
        }
        if began && !is_stream {
            self.end_wire(CloseReason::WebSocketClosed);
        }
    }

    /// Ends the shutdown in flight: the server has closed, and nothing more will be sent.
    pub(super) fn end_shutdown(&mut self) {
        if self.standing.close_sent {
            return self.complete_shutdown();
        }
        if let Some(pending) = self.shutting.take() {
            self.standing.sending = false;
            pending.fail(&self.ended_first("the close frame went out"));
        }
    }

    /// The server has closed, and the connection is over before something of ours.
    fn ended_first(&self, before: &'static str) -> Error {
        let detail = format!("the connection ended, after the server's close, before {before}");
        self.error(ErrorCode::ConnectionError, Operation::WebSocketSend, Stage::Messages, Blame::Peer, detail)
    }

    /// Completes the close in flight: both sides have closed.
    pub(super) fn complete_close(&mut self) {
        let Some(CloseStatus { code, reason }) = self.shared.closed_by_peer.get().cloned() else { return };
        let Some(Closes { pending, .. }) = self.closing.take() else { return };
        (self.standing.closing, self.standing.closed) = (false, true);
        pending.complete(Status::CloseComplete { code, reason }, ());
    }

    /// The server has ended the wire, or what was waited for after the end is over.
    pub(super) fn server_has_ended(&mut self, how: CloseReason) {
        let Some(link) = &self.link else { return };
        if link.closing.is_received() {
            let have_both = link.closing.is_sent();
            self.fail_send(&self.ended_first("the message went out"));
            return self.end_wire(if have_both { CloseReason::WebSocketClosed } else { how });
        }
        if link.lingers.is_some() {
            return self.end_wire(CloseReason::ProtocolError);
        }
        let detail = "the server ended the connection without a close frame".to_owned();
        let operation = Operation::WebSocketReceive;
        let error = self.error(ErrorCode::ConnectionError, operation, Stage::Messages, Blame::Peer, detail);
        self.lose(&error, CloseReason::PeerClosed);
    }

    pub(super) fn wire_broke(&mut self, failure: Failure) {
        if self.link.as_ref().is_some_and(|link| link.closing.is_received() || link.lingers.is_some()) {
            return self.server_has_ended(CloseReason::TransportError);
        }
        let reason = failure.close_reason();
        self.lose(&failure.into_error(Operation::WebSocketReceive), reason);
    }

    /// The server broke the protocol: it is told so, and nothing more is heard of it.
    pub(super) fn server_is_at_fault(&mut self, fault: Fault) {
        let until = clock::now().checked_add(self.options.close_timeout);
        if let Some(link) = &mut self.link {
            link.writer.withdraw();
            link.writer.close(CloseFrame::of_fault(fault));
            link.lingers = Some(Lingering::until(until));
        }
        let (code, operation) = (ErrorCode::InvalidServerResponse, Operation::WebSocketReceive);
        let error = self.error(code, operation, Stage::Messages, Blame::Peer, fault.to_string());
        self.fail_all(&error);
    }

    /// The connection is lost.
    pub(super) fn lose(&mut self, error: &Error, reason: CloseReason) {
        self.end_wire(reason);
        self.fail_all(&error.clone().with_url(&self.url));
    }

    /// Nothing can be sent any more; what was received can still be read, and so can what is yet to come.
    pub(super) fn cannot_send(&mut self, error: &Error) {
        let error = error.clone().with_url(&self.url);
        if let Some(link) = &mut self.link {
            link.mute = true;
            link.carrier.needs_no_room();
        }
        self.liveness.cannot_ask(clock::now());
        if self.standing.closed_by_peer {
            // What is left to do is done.
            self.fail_send(&error);
        } else if self.fail_sends_and_close(&error) {
            self.standing.broken = true;
        } else {
            self.untold_break = Some(error);
        }
        self.wake_sinks();
    }

    /// All that is in flight fails. If nothing is, the next operation will.
    pub(super) fn fail_all(&mut self, error: &Error) {
        let is_told = self.fail_sends_and_close(error) | self.receiving.is_some();
        self.fail_receive(error);
        if is_told {
            self.standing.loss_told = true;
        } else {
            self.untold = Some(error.clone());
        }
        self.wake_sinks();
        (self.work, self.gathered) = (None, Default::default());
    }

    pub(super) fn fail_receive(&mut self, error: &Error) {
        let Some(Receiving { by, .. }) = self.receiving.take() else { return };
        self.standing.receiving = false;
        match by {
            Receiver::Call(pending) => pending.fail(error),
            Receiver::Half(stream) => self.inlet_fails(stream, error),
        }
    }

    fn fail_send(&mut self, error: &Error) {
        self.fail_outlet(error);
        if let Some(sending) = self.sending.take() {
            self.standing.sending = false;
            sending.pending.fail(error);
        }
    }

    /// `true`: something was in flight.
    pub(super) fn fail_sends_and_close(&mut self, error: &Error) -> bool {
        let sends = [self.sending.take().map(|sending| sending.pending), self.shutting.take()];
        let closes = self.closing.take().map(|closes| closes.pending);
        (self.standing.sending, self.standing.closing) = (false, false);
        let all: Vec<_> = sends.into_iter().chain([closes]).flatten().collect();
        let is_told = !all.is_empty();
        all.into_iter().for_each(|pending| pending.fail(error));
        is_told | self.fail_outlet(error)
    }

    /// The wire is closed, and its end told of.
    pub(super) fn end_wire(&mut self, reason: CloseReason) {
        let Some(link) = self.link.take() else { return };
        link.carrier.close(&self.node, reason);
        self.work = None;
    }

    /// The handle is closed.
    pub(super) fn end(&mut self) {
        self.node.close(Ending::Closed);
        self.end_wire(CloseReason::Cancelled);
        self.end_operations();
    }

    /// The actor is gone.
    pub(super) fn fall(&mut self) {
        self.link = None;
        self.end_operations();
        self.work = None;
        let sink = self.outlet.as_mut().and_then(|outlet| outlet.last_error());
        let stream = self.inlet.as_mut().and_then(|inlet| inlet.take_error());
        if sink.is_some() || stream.is_some() {
            self.shared.leave_errors(sink, stream);
        }
    }

    /// Each says with what it ends: a call by its own drop.
    fn end_operations(&mut self) {
        self.sending = None;
        if matches!(self.receiving, Some(Receiving { by: Receiver::Half(_), .. })) {
            self.fail_receive(&self.node.interrupted(Operation::WebSocketReceive));
        }
        if self.outlet_is_busy() {
            self.fail_outlet(&self.node.interrupted(Operation::WebSocketSend));
        }
        self.wake_sinks();
        (self.receiving, self.shutting, self.closing) = (None, None, None);
        self.answer_stream();
    }

    pub(super) fn cancelled(&self, why: &'static str) -> Error {
        let (code, operation) = (ErrorCode::OperationCancelled, Operation::WebSocketReceive);
        self.error(code, operation, Stage::State, Blame::Caller, why.to_owned())
    }
}
