//! A stream of HTTP/2, as both halves of an exchange see it: the request goes out, and an answer is listened for all the while.

use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use h2::ext::Protocol;
use h2::{SendStream, StreamId};
use http::{Request, StatusCode};

use super::due::Key;
use super::receiving::{Broken, Receiving};
use super::{Http2, Tunnel};
use crate::clock;
use crate::error::{Stage, WireState};
use crate::protocol::http1::{BodyLength, Fault, HeadLimits, RequestHead, ResponseHead, Settled};
use crate::protocol::http2::head::{Plain, extend_connect, request};
use crate::protocol::websocket::handshake::Asked;
use crate::wire::{Failure, Received};

/// One exchange, from the head to the last octet read. Every call is over before the next one begins: who waits is polled.
pub(super) struct Stream {
    pub(super) wire: Http2,
    /// The head, until it is sent.
    pub(super) request: Option<Box<Request<()>>>,
    pub(super) upgrade: Upgrade,
    pub(super) stream: Option<SendStream<Bytes>>,
    /// Its number as long as it is held here, kept since `h2` takes a lock to tell it.
    pub(super) id: Option<StreamId>,
    /// Until when it waits for a head.
    pub(super) head_deadline: Option<Instant>,
    /// Its place among those that do.
    due: Option<Key>,
    pub(super) sending: Sending,
    /// What is left of the announced length.
    pub(super) left: Option<u64>,
    head_octets: u64,
    pub(super) body_sent: u64,
    pub(super) receiving: Receiving,
    /// The server has not processed it, by its own word.
    unprocessed: bool,
    /// When nothing more of the body was to be sent, if there was any.
    pub(super) body_ended: Option<Instant>,
    /// Much of the response was taken.
    has_taken_much: bool,
    /// Waits for a head, for a piece of the response, or for the end of the request.
    reader: Option<Waker>,
    /// Waits for room, or for something to send.
    pub(super) writer: Option<Waker>,
}

/// What the stream is to be for another protocol (RFC 8441).
pub(super) enum Upgrade {
    None,
    Asked(Box<Asked>),
    /// What follows is not HTTP.
    Switched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    /// A 100 comes first.
    Awaits100,
    Body,
    Ended,
    /// The peer has answered and wants no more.
    Answered,
}

impl Stream {
    /// The head as HTTP/2 has it.
    pub(super) fn request(
        wire: &Http2,
        head: &RequestHead<'_>,
        settled: &Settled,
        secure: bool,
        plain: Option<&Plain>,
    ) -> Result<Box<Request<()>>, Failure> {
        request(head, settled, secure, &mut wire.shared.authority.borrow_mut(), plain).map_err(Failure::Misuse)
    }

    #[inline]
    pub(super) fn new(
        wire: Http2,
        request: Box<Request<()>>,
        head: &RequestHead<'_>,
        settled: &Settled,
        limits: HeadLimits,
    ) -> Self {
        let sending = match head.body {
            BodyLength::None | BodyLength::Length(0) => Sending::Ended,
            _ if settled.expects_continue => Sending::Awaits100,
            _ => Sending::Body,
        };
        let left = match head.body {
            BodyLength::None => Some(0),
            BodyLength::Length(length) => Some(length),
            BodyLength::Chunked => None,
        };
        let receiving = Receiving::new(head.method, limits);
        Self {
            wire,
            request: Some(request),
            upgrade: Upgrade::None,
            stream: None,
            id: None,
            head_deadline: None,
            due: None,
            sending,
            left,
            head_octets: settled.octets as u64,
            body_sent: 0,
            receiving,
            unprocessed: false,
            body_ended: None,
            has_taken_much: false,
            reader: None,
            writer: None,
        }
    }

    /// The request, which has no body, asks for an upgrade: the stream stays open behind the head.
    pub(super) fn expect_upgrade(&mut self, asked: Box<Asked>) {
        if let Some(request) = &mut self.request {
            extend_connect(request);
            request.extensions_mut().insert(Protocol::from_static("websocket"));
            self.upgrade = Upgrade::Asked(asked);
        }
    }

    pub(super) fn has_switched(&self) -> bool {
        matches!(self.upgrade, Upgrade::Switched)
    }

    /// The stream, if it carries another protocol now.
    pub(super) fn take_tunnel(&mut self) -> Option<Tunnel> {
        let body = self.receiving.take_body().filter(|_| self.has_switched())?;
        self.id = None;
        Some(Tunnel::new(self.wire.clone(), self.stream.take()?, body))
    }

    /// A 2xx is the consent, and is checked; with any other answer nothing is left to be sent.
    fn judge_upgrade(&mut self, head: &ResponseHead) -> Result<(), Failure> {
        let Upgrade::Asked(asked) = &self.upgrade else { return Ok(()) };
        if head.status().is_success() {
            let checked = asked.check_stream(head.headers(), !self.receiving.is_ended());
            checked.map_err(|fault| Failure::Fault(Stage::Head, Fault::Upgrade(fault)))?;
            self.upgrade = Upgrade::Switched;
            return Ok(());
        }
        self.upgrade = Upgrade::None;
        if let Some(stream) = &mut self.stream {
            // It may be over.
            let _over = stream.send_data(Bytes::new(), true);
        }
        Ok(())
    }

    /// Has the 100 come, or an answer in its place?
    pub(super) fn poll_continue(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        while self.sending == Sending::Awaits100 {
            match self.poll_heard(context, Stage::Continue) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(heard) => match heard? {
                    StatusCode::CONTINUE => self.sending = Sending::Body,
                    status if !status.is_informational() => self.close_body(Sending::Answered),
                    _ => {}
                },
            }
        }
        Poll::Ready(Ok(()))
    }

    /// A 100 was waited for long enough.
    pub(super) fn stop_awaiting_continue(&mut self) {
        if self.sending == Sending::Awaits100 {
            self.sending = Sending::Body;
        }
    }

    /// Listens, and keeps the head that comes for whoever asks for it.
    pub(super) fn poll_heard(&mut self, context: &mut Context<'_>, stage: Stage) -> Poll<Result<StatusCode, Failure>> {
        let Poll::Ready(heard) = self.receiving.poll_heard(context) else { return Poll::Pending };
        // Whoever waits for a head finds it there.
        wake(&mut self.reader);
        let status = heard.map_err(|error| self.translate(stage, error))?;
        self.is_answered(status);
        Poll::Ready(Ok(status))
    }

    /// An error as an answer wants no more of the request.
    fn is_answered(&mut self, status: StatusCode) {
        if self.sending == Sending::Body && (status.is_client_error() || status.is_server_error()) {
            self.close_body(Sending::Answered);
        }
    }

    pub(super) fn wake_reader(&mut self) {
        wake(&mut self.reader);
    }

    /// Nothing more of the body is sent.
    pub(super) fn close_body(&mut self, sending: Sending) {
        self.sending = sending;
        self.body_ended = Some(clock::now());
        wake(&mut self.reader);
        wake(&mut self.writer);
    }

    pub(super) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Failure>> {
        let Poll::Ready(received) = self.receiving.poll_head(context) else { return Poll::Pending };
        let stage = if self.receiving.has_answered() { Stage::Head } else { Stage::FirstByte };
        let received = received.map_err(|error| self.translate(stage, error))?;
        if let Received::Final(head) = &received {
            self.is_answered(head.status());
            self.judge_upgrade(head)?;
        }
        Poll::Ready(Ok(received))
    }

    /// The same for as long as a head may be waited for.
    pub(super) fn poll_head_in_time(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Failure>> {
        if let Poll::Ready(received) = self.poll_head(context) {
            self.wire.shared.due.forget(&mut self.due);
            return Poll::Ready(received);
        }
        let Some(deadline) = self.head_deadline else { return Poll::Pending };
        let (over, is_first) = self.wire.shared.due.poll(&mut self.due, deadline, context);
        if is_first {
            self.wire.wake_driver();
        }
        over.map(|()| Ok(Received::Late))
    }

    pub(super) fn poll_read(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Option<Bytes>, Failure>> {
        if self.has_switched() {
            return Poll::Ready(Ok(None));
        }
        let Poll::Ready(read) = self.receiving.poll_read(context, max) else {
            if let Some(body) = self.receiving.body().filter(|_| self.has_taken_much) {
                self.wire.offer_window(body, context);
            }
            return Poll::Pending;
        };
        if let (Ok(Some(piece)), Some(stream)) = (&read, self.id) {
            self.has_taken_much = self.wire.took(stream, piece.len());
        }
        Poll::Ready(read.map_err(|error| self.translate(Stage::Body, error)))
    }

    /// Is over when a head has come, or the body of the request has ended: from then on it takes time.
    pub(super) fn poll_hear_beside(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        while self.is_body_open() && !self.receiving.has_kept() {
            let stage = if self.receiving.has_answered() { Stage::Head } else { Stage::FirstByte };
            match self.poll_heard(context, stage) {
                Poll::Ready(heard) => drop(heard?),
                Poll::Pending => {
                    self.reader = Some(context.waker().clone());
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// `None` when nothing has come before the body of the request ended: from then on it takes time.
    pub(super) fn poll_read_beside(
        &mut self,
        context: &mut Context<'_>,
        max: usize,
    ) -> Poll<Option<Result<Option<Bytes>, Failure>>> {
        match self.poll_read(context, max) {
            Poll::Ready(read) => Poll::Ready(Some(read)),
            Poll::Pending if self.is_body_open() => {
                self.reader = Some(context.waker().clone());
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(None),
        }
    }

    /// Nobody wants anything of it any more: it is reset unless both sides have ended it.
    pub(super) fn let_go(&mut self) {
        self.wire.shared.due.forget(&mut self.due);
        if let Some(stream) = self.id.take() {
            self.wire.gave_up(stream);
        }
        self.stream = None;
        self.receiving.let_go();
        if self.is_body_open() {
            self.close_body(Sending::Answered);
        }
    }

    pub(super) fn written(&self) -> u64 {
        self.head_written() + if self.stream.is_some() { self.body_sent } else { 0 }
    }

    pub(super) fn head_written(&self) -> u64 {
        if self.stream.is_some() { self.head_octets } else { 0 }
    }

    /// Is there anything of the body, be it its end, that has to be sent?
    pub(super) fn is_body_open(&self) -> bool {
        matches!(self.sending, Sending::Awaits100 | Sending::Body)
    }

    pub(super) fn body_is_complete(&self) -> bool {
        match self.sending {
            Sending::Awaits100 => false,
            Sending::Body => self.left == Some(0),
            Sending::Ended | Sending::Answered => true,
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        self.sending == Sending::Answered && !self.receiving.has_head()
    }

    pub(super) fn announced_left(&self) -> Option<u64> {
        if self.sending == Sending::Body { self.left } else { None }
    }

    pub(super) fn wire_state(&self) -> WireState {
        match self.sending {
            _ if self.unprocessed => WireState::RefusedByPeer,
            _ if self.receiving.has_answered() => WireState::ResponseStarted,
            _ if self.stream.is_none() => WireState::NotSent,
            Sending::Ended => WireState::BodySent,
            _ if self.body_sent == 0 => WireState::HeadSent,
            _ => WireState::BodyPartly(self.body_sent),
        }
    }

    #[cold]
    pub(super) fn fail(&mut self, stage: Stage, error: h2::Error) -> Failure {
        let failure = self.wire.failure(stage, self.id, error);
        self.unprocessed |= failure.is_refusal();
        failure
    }

    #[cold]
    pub(super) fn translate(&mut self, stage: Stage, error: Broken) -> Failure {
        match error {
            Broken::Stream(error) => self.fail(stage, error),
            Broken::Fault(fault) => Failure::Fault(stage, fault),
        }
    }
}

/// Who waits for what the other half does.
fn wake(waiting: &mut Option<Waker>) {
    if let Some(waker) = waiting.take() {
        waker.wake();
    }
}
