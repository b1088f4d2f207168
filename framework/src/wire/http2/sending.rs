//! The body of a request over HTTP/2: as much of it is handed over as the server has room for, and an answer is listened for.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use http::HeaderMap;
use tokio::task::yield_now;

use super::exchange::{Exchange, Sending};
use crate::error::Stage;
use crate::protocol::http1::Misuse;
use crate::protocol::http2::head::request_trailers;
use crate::wire::{Failure, Pace, Uploaded};

impl Exchange {
    pub(crate) async fn write(&mut self, data: &Bytes, pace: &mut Pace) -> Result<Uploaded, Failure> {
        if data.is_empty() || self.awaits_continue() {
            return Ok(Uploaded::Sent);
        }
        if self.sending != Sending::Body {
            return Ok(Uploaded::NotWanted);
        }
        if let Some(left) = self.left {
            let length = data.len() as u64;
            self.left = Some(
                left.checked_sub(length).ok_or_else(|| Failure::Misuse(Misuse::BodyTooLong { by: length - left }))?,
            );
        }
        let mut data = data.clone();
        let mut silence = pace.silence();
        while !data.is_empty() {
            let wanted = data.len();
            let room =
                silence.until(Stage::SendBody, pin!(poll_fn(|context| self.poll_room(context, wanted)))).await??;
            let Some(room) = room else { return Ok(Uploaded::NotWanted) };
            let piece = data.split_to(room.min(wanted));
            silence.moved(piece.len() as u64);
            if self.put(piece, false)? == Uploaded::NotWanted {
                return Ok(Uploaded::NotWanted);
            }
        }
        Ok(Uploaded::Sent)
    }

    /// How much may be sent now; `None` if the peer has answered and wants no more.
    fn poll_room(&mut self, context: &mut Context<'_>, wanted: usize) -> Poll<Result<Option<usize>, Failure>> {
        while !self.receiving.has_early() {
            match self.poll_heard(context, Stage::SendBody) {
                Poll::Ready(Ok(status)) if status.is_client_error() || status.is_server_error() => {
                    self.sending = Sending::Answered;
                    return Poll::Ready(Ok(None));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
                Poll::Pending => break,
            }
        }
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
                self.sending = Sending::Answered;
                Poll::Ready(Ok(None))
            }
            // It was reset: the response says why.
            Poll::Ready(None) if !self.receiving.has_head() => Poll::Pending,
            Poll::Ready(ended) => {
                let error = ended.and_then(Result::err).unwrap_or_else(|| h2::Reason::STREAM_CLOSED.into());
                Poll::Ready(self.cut_short(error).map(|_| None))
            }
        }
    }

    fn put(&mut self, piece: Bytes, end: bool) -> Result<Uploaded, Failure> {
        let Some(stream) = &mut self.stream else { return Err(Failure::OutOfTurn) };
        let octets = piece.len();
        match stream.send_data(piece, end) {
            Ok(()) => {
                self.wire.shared.heard.sent(octets);
                self.body_sent += octets as u64;
                Ok(Uploaded::Sent)
            }
            Err(error) => self.cut_short(error),
        }
    }

    /// The stream takes no more. A server that has answered in full may end it so (RFC 9113 8.1), whatever the answer is.
    fn cut_short(&mut self, error: h2::Error) -> Result<Uploaded, Failure> {
        while !self.receiving.has_early() && !self.receiving.has_head() {
            let heard = poll_fn(|context| self.poll_heard(context, Stage::SendBody)).now_or_never();
            let Some(heard) = heard else { return Err(self.fail(Stage::SendBody, error)) };
            heard?;
        }
        let stream = self.stream.as_mut();
        let reset = stream.and_then(|stream| poll_fn(|context| stream.poll_reset(context)).now_or_never());
        if !self.receiving.has_early() && !matches!(reset, Some(Ok(h2::Reason::NO_ERROR))) {
            return Err(self.fail(Stage::SendBody, error));
        }
        self.sending = Sending::Answered;
        Ok(Uploaded::NotWanted)
    }

    /// The last moment in which an answer is an early one. The reactor has a turn before, so that one which has arrived is heard.
    pub(crate) async fn hear_before_the_end(&mut self) -> Result<(), Failure> {
        if self.sending != Sending::Body {
            return Ok(());
        }
        yield_now().await;
        while !self.receiving.has_early() {
            let heard = poll_fn(|context| self.poll_heard(context, Stage::SendBody)).now_or_never();
            let Some(heard) = heard else { break };
            let status = heard?;
            if status.is_client_error() || status.is_server_error() {
                self.sending = Sending::Answered;
            }
        }
        Ok(())
    }

    /// Ends the body; what is handed over here is all that is left.
    pub(crate) fn finish(&mut self, trailers: &HeaderMap) -> Result<(), Failure> {
        if self.sending != Sending::Body {
            return Ok(());
        }
        self.check_finish(trailers)?;
        let trailers = request_trailers(trailers).map_err(Failure::Misuse)?;
        let uploaded = if trailers.is_empty() {
            self.put(Bytes::new(), true)?
        } else {
            let Some(stream) = &mut self.stream else { return Err(Failure::OutOfTurn) };
            stream.send_trailers(trailers).map(|()| Uploaded::Sent).or_else(|error| self.cut_short(error))?
        };
        if uploaded == Uploaded::Sent {
            self.sending = Sending::Ended;
        }
        Ok(())
    }

    pub(crate) fn check_finish(&self, trailers: &HeaderMap) -> Result<(), Failure> {
        if self.sending != Sending::Body {
            return Ok(());
        }
        match self.left {
            Some(by) if by > 0 => Err(Failure::Misuse(Misuse::BodyTooShort { by })),
            _ => request_trailers(trailers).map(drop).map_err(Failure::Misuse),
        }
    }
}
