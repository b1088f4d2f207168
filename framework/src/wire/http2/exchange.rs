//! One exchange over a stream of HTTP/2: the request goes out, and an answer is listened for all the while.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use h2::client::SendRequest;
use h2::{SendStream, StreamId};
use http::header::EXPECT;
use http::{HeaderMap, Request, StatusCode};

use super::Http2;
use super::receiving::{Broken, Receiving};
use crate::clock;
use crate::error::{Stage, WireState};
use crate::protocol::http1::{BodyLength, BodyStep, HeadLimits, RequestHead};
use crate::protocol::http2::head::request;
use crate::reason::CloseReason;
use crate::wire::{Failure, Pace, Received};

/// One exchange, from the head to the last octet read. Dropped before its end, it resets the stream (CANCEL).
pub(crate) struct Exchange {
    pub(super) wire: Http2,
    /// The head, until it is sent.
    request: Option<Box<Request<()>>>,
    /// Opens the stream; kept until it is open.
    sender: Option<SendRequest<Bytes>>,
    pub(super) stream: Option<SendStream<Bytes>>,
    pub(super) sending: Sending,
    /// What is left of the announced length.
    pub(super) left: Option<u64>,
    head_octets: u64,
    pub(super) body_sent: u64,
    pub(super) receiving: Receiving,
    /// The server has not processed it, by its own word.
    unprocessed: bool,
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

impl Exchange {
    pub(crate) fn new(
        wire: Http2,
        head: &RequestHead<'_>,
        head_octets: u64,
        secure: bool,
        limits: HeadLimits,
    ) -> Result<Self, Failure> {
        let request = request(head, secure, &mut wire.shared.authority.borrow_mut()).map_err(Failure::Misuse)?;
        let expects_100 = head
            .fields()
            .any(|(name, value)| *name == EXPECT && value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        let sending = match head.body {
            BodyLength::None | BodyLength::Length(0) => Sending::Ended,
            _ if expects_100 => Sending::Awaits100,
            _ => Sending::Body,
        };
        let left = match head.body {
            BodyLength::None => Some(0),
            BodyLength::Length(length) => Some(length),
            BodyLength::Chunked => None,
        };
        let receiving = Receiving::new(head.method.clone(), limits);
        let sender = wire.shared.sender.borrow().clone();
        let (request, stream) = (Some(Box::new(request)), None);
        Ok(Self {
            wire,
            request,
            sender,
            stream,
            sending,
            left,
            head_octets,
            body_sent: 0,
            receiving,
            unprocessed: false,
        })
    }

    /// Opens the stream with the head, where no data follows it; `None` if that has to wait, as it seldom has.
    pub(crate) fn send_head_at_once(&mut self, share: &Http2, first: &Bytes) -> Option<Result<(), Failure>> {
        if self.sending == Sending::Body && !first.is_empty() {
            return None;
        }
        match self.poll_open(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready(opened) => {
                self.wire.count_exchange();
                share.opens();
                Some(opened)
            }
        }
    }

    /// Opens the stream with the head, and sends the first data unless a 100 has to come first.
    pub(crate) async fn send_head(&mut self, share: &Http2, first: &Bytes, pace: &mut Pace) -> Result<(), Failure> {
        self.wire.count_exchange();
        let opened = pace.idle().piece(Stage::SendHead, pin!(poll_fn(|context| self.poll_open(context)))).await;
        opened.and_then(|opened| opened)?;
        share.opens();
        if self.sending == Sending::Body && !first.is_empty() {
            self.write(first, pace).await?;
        }
        Ok(())
    }

    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        // Without one the wire was retired after it was lent.
        let Some(mut sender) = self.sender.take() else {
            return Poll::Ready(Err(self.fail(Stage::SendHead, h2::Error::from(h2::Reason::REFUSED_STREAM))));
        };
        match sender.poll_ready(context) {
            Poll::Pending => {
                self.sender = Some(sender);
                Poll::Pending
            }
            Poll::Ready(Err(error)) => {
                // One that opens no streams is lent no more.
                self.wire.retire(CloseReason::TransportError);
                Poll::Ready(Err(self.fail(Stage::SendHead, error)))
            }
            Poll::Ready(Ok(())) => {
                let Some(request) = self.request.take() else { return Poll::Ready(Err(Failure::OutOfTurn)) };
                let opened = sender.send_request(*request, self.sending == Sending::Ended);
                Poll::Ready(match opened {
                    Ok((response, stream)) => {
                        self.receiving.begin(response, &self.wire.shared.heard);
                        self.stream = Some(stream);
                        Ok(())
                    }
                    Err(error) => Err(self.fail(Stage::SendHead, error)),
                })
            }
        }
    }

    pub(crate) fn awaits_continue(&self) -> bool {
        self.sending == Sending::Awaits100
    }

    pub(crate) async fn await_continue(&mut self, at_most: Duration) -> Result<(), Failure> {
        let deadline = clock::now().checked_add(at_most);
        while self.sending == Sending::Awaits100 {
            let heard =
                clock::until(deadline, pin!(poll_fn(|context| self.poll_heard(context, Stage::Continue)))).await;
            match heard {
                Ok(heard) => {
                    let status = heard?;
                    if status == StatusCode::CONTINUE {
                        self.sending = Sending::Body;
                    } else if !status.is_informational() {
                        self.sending = Sending::Answered;
                    }
                }
                Err(_) => self.sending = Sending::Body,
            }
        }
        Ok(())
    }

    /// Listens, and keeps the head that comes for whoever asks for it.
    pub(super) fn poll_heard(&mut self, context: &mut Context<'_>, stage: Stage) -> Poll<Result<StatusCode, Failure>> {
        self.receiving.poll_heard(context).map(|heard| heard.map_err(|error| self.translate(stage, error)))
    }

    pub(crate) async fn receive_head(&mut self) -> Result<Received, Failure> {
        if self.is_sending_body() {
            return Ok(Received::OutOfTurn);
        }
        let received = poll_fn(|context| self.receiving.poll_head(context)).await;
        let stage = if self.receiving.has_answered() { Stage::Head } else { Stage::FirstByte };
        received.map_err(|error| self.translate(stage, error))
    }

    pub(crate) async fn read(&mut self, max: usize) -> Result<Option<Bytes>, Failure> {
        let read = poll_fn(|context| self.receiving.poll_read(context, max)).await;
        read.map_err(|error| self.translate(Stage::Body, error))
    }

    pub(crate) fn read_arrived(&mut self, max: usize) -> Result<BodyStep, Failure> {
        match self.read(max).now_or_never() {
            None => Ok(BodyStep::NeedMore),
            Some(read) => Ok(read?.map_or(BodyStep::End, BodyStep::Data)),
        }
    }

    pub(crate) fn remaining(&self) -> Option<u64> {
        self.receiving.remaining()
    }

    pub(crate) fn has_head(&self) -> bool {
        self.receiving.has_head()
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.receiving.is_ended()
    }

    pub(crate) fn trailers(&self) -> Option<&HeaderMap> {
        self.receiving.trailers()
    }

    pub(crate) fn body_sent(&self) -> u64 {
        self.body_sent
    }

    pub(crate) fn written(&self) -> u64 {
        if self.stream.is_some() { self.head_octets + self.body_sent } else { 0 }
    }

    pub(crate) fn is_sending_body(&self) -> bool {
        self.sending == Sending::Body
    }

    pub(crate) fn body_is_complete(&self) -> bool {
        match self.sending {
            Sending::Awaits100 => false,
            Sending::Body => self.left == Some(0),
            Sending::Ended | Sending::Answered => true,
        }
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.sending == Sending::Answered && !self.has_head()
    }

    pub(crate) fn announced_left(&self) -> Option<u64> {
        if self.sending == Sending::Body { self.left } else { None }
    }

    pub(crate) fn wire_state(&self) -> WireState {
        match self.sending {
            _ if self.unprocessed => WireState::RefusedByPeer,
            _ if self.receiving.has_answered() => WireState::ResponseStarted,
            _ if self.stream.is_none() => WireState::NotSent,
            Sending::Ended => WireState::BodySent,
            _ if self.body_sent == 0 => WireState::HeadSent,
            _ => WireState::BodyPartly(self.body_sent),
        }
    }

    fn stream_id(&self) -> Option<StreamId> {
        self.stream.as_ref().map(SendStream::stream_id)
    }

    pub(super) fn fail(&mut self, stage: Stage, error: h2::Error) -> Failure {
        let failure = self.wire.failure(stage, self.stream_id(), error);
        self.unprocessed |= failure.is_refusal();
        failure
    }

    pub(super) fn translate(&mut self, stage: Stage, error: Broken) -> Failure {
        match error {
            Broken::Stream(error) => self.fail(stage, error),
            Broken::Fault(fault) => Failure::Fault(stage, fault),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(stream) = self.stream_id() {
            self.wire.shared.heard.given_up(stream.as_u32());
            if self.wire.shared.crowded.get() {
                self.wire.wake_driver();
            }
        }
    }
}
