//! The body of a request over HTTP/2: as much of it is handed over as the server has room for, and an answer is listened for.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use tokio::task::yield_now;

use super::stream::{Sending, Stream};
use crate::error::{Stage, WireState};
use crate::protocol::http1::Misuse;
use crate::protocol::http2::head::request_trailers;
use crate::reused::Reused;
use crate::wire::{Failure, Pace, Uploaded};

/// The half of an exchange that sends, for whoever sends beside the response. The exchange ends the stream, not this.
pub(crate) struct SendingHalf(Rc<Reused<RefCell<Stream>>>);

impl SendingHalf {
    pub(super) fn of(stream: Rc<Reused<RefCell<Stream>>>) -> Self {
        Self(stream)
    }

    /// Sends a piece of the body.
    pub(crate) async fn write(&mut self, data: &Bytes, pace: &mut Pace) -> Result<Uploaded, Failure> {
        write(&self.0, data, pace).await
    }

    /// Is over when the peer wants no more, be it that the exchange is over. Listens for an answer if nobody else does.
    pub(crate) fn poll_unwanted(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.0.borrow_mut().poll_unwanted(context)
    }

    /// The last moment in which an answer is an early one. The reactor has a turn before, so that one which has arrived is heard.
    pub(crate) async fn hear_before_the_end(&mut self) -> Result<(), Failure> {
        hear_before_the_end(&self.0).await
    }

    /// Ends the body; what is handed over here is all that is left.
    pub(crate) async fn finish(&mut self, trailers: &HeaderMap) -> Result<(), Failure> {
        finish(&self.0, trailers).await
    }

    /// Would [`finish`](Self::finish) be refused?
    pub(crate) fn check_finish(&self, trailers: &HeaderMap) -> Result<(), Failure> {
        self.0.borrow().check_finish(trailers)
    }

    /// Was all of it sent, and its end?
    pub(crate) fn is_complete(&self) -> bool {
        self.0.borrow().sending == Sending::Ended
    }

    /// Octets of the announced length still to be sent.
    pub(crate) fn announced_left(&self) -> Option<u64> {
        self.0.borrow().announced_left()
    }

    /// Octets of the body handed over to be sent.
    pub(crate) fn body_sent(&self) -> u64 {
        self.0.borrow().body_sent
    }

    pub(crate) fn wire_state(&self) -> WireState {
        self.0.borrow().wire_state()
    }
}

/// Sends a piece of the body.
pub(super) async fn write(stream: &RefCell<Stream>, data: &Bytes, pace: &mut Pace) -> Result<Uploaded, Failure> {
    {
        let mut stream = stream.borrow_mut();
        if data.is_empty() || stream.sending == Sending::Awaits100 {
            return Ok(Uploaded::Sent);
        }
        if stream.sending != Sending::Body {
            return Ok(Uploaded::NotWanted);
        }
        if let Some(left) = stream.left {
            let length = data.len() as u64;
            stream.left = Some(
                left.checked_sub(length).ok_or_else(|| Failure::Misuse(Misuse::BodyTooLong { by: length - left }))?,
            );
        }
    }
    let mut data = data.clone();
    let mut silence = pace.silence();
    while !data.is_empty() {
        let put = poll_fn(|context| stream.borrow_mut().poll_put(context, &mut data));
        match silence.until(Stage::SendBody, pin!(put)).await?? {
            Some(octets) => silence.moved(octets as u64),
            None => return Ok(Uploaded::NotWanted),
        }
    }
    Ok(Uploaded::Sent)
}

/// The last moment in which an answer is an early one: see [`SendingHalf::hear_before_the_end`].
pub(super) async fn hear_before_the_end(stream: &RefCell<Stream>) -> Result<(), Failure> {
    if stream.borrow().sending != Sending::Body {
        return Ok(());
    }
    yield_now().await;
    poll_fn(|context| match stream.borrow_mut().poll_answered(context) {
        Poll::Ready(Err(failure)) => Poll::Ready(Err(failure)),
        Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(())),
    })
    .await
}

/// Ends the body.
pub(super) async fn finish(stream: &RefCell<Stream>, trailers: &HeaderMap) -> Result<(), Failure> {
    poll_fn(|context| Poll::Ready(stream.borrow_mut().finish(context, trailers))).await
}

impl Stream {
    /// Hands over as much of the data as there is room for: how many octets that were, or `None` if the peer wants no more.
    fn poll_put(&mut self, context: &mut Context<'_>, data: &mut Bytes) -> Poll<Result<Option<usize>, Failure>> {
        let Poll::Ready(room) = self.poll_room(context, data.len())? else { return Poll::Pending };
        let Some(room) = room else { return Poll::Ready(Ok(None)) };
        let piece = data.split_to(room.min(data.len()));
        let octets = piece.len();
        let put = self.put(context, piece, false);
        Poll::Ready(put.map(|uploaded| (uploaded == Uploaded::Sent).then_some(octets)))
    }

    /// How much may be sent now; `None` if the peer has answered and wants no more.
    fn poll_room(&mut self, context: &mut Context<'_>, wanted: usize) -> Poll<Result<Option<usize>, Failure>> {
        if self.poll_answered(context)?.is_ready() {
            return Poll::Ready(Ok(None));
        }
        self.writer = Some(context.waker().clone());
        let Some(stream) = &mut self.stream else { return Poll::Ready(Err(Failure::OutOfTurn)) };
        stream.reserve_capacity(wanted);
        match stream.poll_capacity(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(0))) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Some(Ok(room))) => Poll::Ready(Ok(Some(room))),
            // The stream takes no more: with an answer it is one that wanted no more.
            Poll::Ready(_) if self.receiving.has_early() => {
                self.close_body(Sending::Answered);
                Poll::Ready(Ok(None))
            }
            // It was reset: the response says why.
            Poll::Ready(None) if !self.receiving.has_head() => Poll::Pending,
            Poll::Ready(ended) => {
                let error = ended.and_then(Result::err).unwrap_or_else(|| h2::Reason::STREAM_CLOSED.into());
                Poll::Ready(self.cut_short(context, error).map(|_| None))
            }
        }
    }

    /// Is ready when nothing more is wanted, as far as has been heard.
    fn poll_answered(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        while self.sending == Sending::Body && !self.receiving.has_early() {
            match self.poll_heard(context, Stage::SendBody) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
                Poll::Pending => break,
            }
        }
        if self.sending == Sending::Body { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn poll_unwanted(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if self.poll_answered(context)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.writer = Some(context.waker().clone());
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
        match stream.poll_reset(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(reset) => {
                let error = reset.map_or_else(|error| error, h2::Error::from);
                Poll::Ready(self.cut_short(context, error).map(drop))
            }
        }
    }

    fn put(&mut self, context: &mut Context<'_>, piece: Bytes, end: bool) -> Result<Uploaded, Failure> {
        let Some(stream) = &mut self.stream else { return Err(Failure::OutOfTurn) };
        let octets = piece.len();
        match stream.send_data(piece, end) {
            Ok(()) => {
                self.wire.shared.heard.sent(octets);
                self.body_sent += octets as u64;
                Ok(Uploaded::Sent)
            }
            Err(error) => self.cut_short(context, error),
        }
    }

    /// The stream takes no more. A server that has answered in full may end it so (RFC 9113 8.1), whatever the answer is and
    /// whatever reason it gives: what it has ended was read, or can be.
    fn cut_short(&mut self, context: &mut Context<'_>, error: h2::Error) -> Result<Uploaded, Failure> {
        while !self.receiving.has_early() && !self.receiving.has_head() {
            let Poll::Ready(heard) = self.poll_heard(context, Stage::SendBody) else {
                return Err(self.fail(Stage::SendBody, error));
            };
            heard?;
        }
        let reset = self.stream.as_mut().map(|stream| stream.poll_reset(context));
        let is_done = matches!(reset, Some(Poll::Ready(Ok(h2::Reason::NO_ERROR))));
        if !self.receiving.has_early() && !is_done {
            match self.receiving.poll_over(context) {
                Poll::Ready(Ok(())) => {}
                // What ended the stream, where `error` may be no more than that it has ended.
                Poll::Ready(Err(error)) => return Err(self.fail(Stage::SendBody, error)),
                Poll::Pending => {
                    // Whoever reads is to be woken again.
                    self.wake_reader();
                    return Err(self.fail(Stage::SendBody, error));
                }
            }
        }
        self.close_body(Sending::Answered);
        Ok(Uploaded::NotWanted)
    }

    fn finish(&mut self, context: &mut Context<'_>, trailers: &HeaderMap) -> Result<(), Failure> {
        if self.sending != Sending::Body {
            return Ok(());
        }
        self.check_finish(trailers)?;
        let trailers = request_trailers(trailers).map_err(Failure::Misuse)?;
        let uploaded = if trailers.is_empty() {
            self.put(context, Bytes::new(), true)?
        } else {
            let Some(stream) = &mut self.stream else { return Err(Failure::OutOfTurn) };
            let sent = stream.send_trailers(trailers).map(|()| Uploaded::Sent);
            sent.or_else(|error| self.cut_short(context, error))?
        };
        if uploaded == Uploaded::Sent {
            self.close_body(Sending::Ended);
        }
        Ok(())
    }

    pub(super) fn check_finish(&self, trailers: &HeaderMap) -> Result<(), Failure> {
        if self.sending != Sending::Body {
            return Ok(());
        }
        match self.left {
            Some(by) if by > 0 => Err(Failure::Misuse(Misuse::BodyTooShort { by })),
            _ => request_trailers(trailers).map(drop).map_err(Failure::Misuse),
        }
    }
}
