//! The sending half of an exchange that goes its own way: the body of a request, sent beside the response.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;

use super::actor::missing;
use super::beside::{Beside, Task};
use super::journey::Journey;
use super::messages::Ticket;
use super::operation::{Completing, stopped_by_caller};
use super::payload::Source;
use super::shared::Shared;
use super::showing::Awaits;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::StopReason;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::SharedOptions;
use crate::reason::CloseReason;
use crate::wire::{Failure, Pace, SendingHalf, Uploaded};

/// What is left to be sent of a request: held by the actor between two calls, and by a call while it runs.
pub(super) struct Upload {
    half: SendingHalf,
    pace: Pace,
    shared: Arc<Shared>,
    options: SharedOptions,
    /// When the request began to be sent.
    started: Option<Instant>,
    pub(super) deadline: Option<Instant>,
    /// What becomes of the wire if it has failed.
    pub(super) close_reason: CloseReason,
}

impl Upload {
    /// Sends all that the source gives, and ends the body.
    pub(super) async fn send(&mut self, mut source: Source) -> Result<()> {
        loop {
            self.shared.sender_awaits(Awaits::Source);
            let piece = {
                let (half, mut next) = (&mut self.half, pin!(source.next()));
                poll_fn(|context| match half.poll_unwanted(context) {
                    Poll::Ready(unwanted) => Poll::Ready(unwanted.map(|()| Ok(None))),
                    Poll::Pending => next.as_mut().poll(context).map(Ok),
                })
                .await
            };
            let piece = match piece {
                Ok(piece) => piece.map_err(|error| self.name(error))?,
                Err(failure) => return Err(self.fail(failure, Operation::Send)),
            };
            let Some(piece) = piece else { break };
            if self.put(&piece, Operation::Send).await? == Uploaded::NotWanted {
                break;
            }
        }
        self.end(source.trailers().unwrap_or(&HeaderMap::new()), Operation::Send).await
    }

    /// Sends a piece of the body, and ends it if that was the last of an announced length.
    pub(super) async fn write(&mut self, data: &Bytes) -> Result<()> {
        self.wait_in_line(Operation::Write).await?;
        let uploaded = self.put(data, Operation::Write).await?;
        if uploaded == Uploaded::Sent && self.half.announced_left() == Some(0) {
            self.end(&HeaderMap::new(), Operation::Write).await?;
        }
        Ok(())
    }

    pub(super) async fn finish(&mut self, trailers: &HeaderMap) -> Result<()> {
        self.end(trailers, Operation::Write).await
    }

    /// One piece, with its progress.
    async fn put(&mut self, piece: &Bytes, operation: Operation) -> Result<Uploaded> {
        if piece.is_empty() {
            return Ok(Uploaded::Sent);
        }
        self.shared.sender_awaits(Awaits::Window);
        let uploaded = match self.half.write(piece, &mut self.pace).await {
            Ok(uploaded) => uploaded,
            Err(failure) => return Err(self.fail(failure, operation)),
        };
        let (sent, left) = (self.half.body_sent(), self.half.announced_left());
        let total = left.map(|left| sent + left);
        let started = self.started;
        self.shared.node.emit(Mask::PROGRESS, || {
            let elapsed = started.map_or(Duration::ZERO, |start| clock::now().saturating_duration_since(start));
            Status::UploadProgress { sent, total, elapsed }
        });
        Ok(uploaded)
    }

    async fn end(&mut self, trailers: &HeaderMap, operation: Operation) -> Result<()> {
        self.shared.sender_awaits(Awaits::Window);
        let ended = async {
            self.half.hear_before_the_end().await?;
            self.half.finish(trailers).await
        };
        ended.await.map_err(|failure| self.fail(failure, operation))
    }

    /// Was all of it sent, and its end?
    pub(super) fn is_complete(&self) -> bool {
        self.half.is_complete()
    }

    /// Would this be refused, with nothing changed (87)?
    pub(super) fn check_write(&self, data: &Bytes) -> Result<()> {
        match self.half.announced_left() {
            Some(left) if (data.len() as u64) > left => Err(self.name(too_long(data.len(), left))),
            _ => Ok(()),
        }
    }

    /// Would ending the body here be refused (87)?
    pub(super) fn check_finish(&self, trailers: &HeaderMap) -> Result<()> {
        let refused = self.half.check_finish(trailers);
        refused.map_err(|failure| self.name(failure.into_error(Operation::Write)))
    }

    /// What a call ends with that was stopped.
    pub(super) fn stopped(&mut self, reason: StopReason, operation: Operation) -> Error {
        if let Some((error, _)) = self.shared.broken_by() {
            return error.in_operation(operation);
        }
        let error = match reason {
            StopReason::Closing => self.shared.node.interrupted(operation),
            StopReason::Overdue => {
                self.close_reason = CloseReason::TimedOut;
                let total = self.options.timeouts.total.unwrap_or_default();
                let detail = format!("the total deadline of {total:?} passed");
                Error::too_late(operation, Stage::SendBody, total, detail)
            }
            reason => stopped_by_caller(operation, reason),
        };
        self.name(error)
    }

    async fn wait_in_line(&mut self, operation: Operation) -> Result<()> {
        let queue = self.options.timeouts.queue;
        let end = queue.and_then(|queue| clock::now().checked_add(queue));
        let mut told = false;
        while let Some(change) = self.shared.node.subscribers().exhausted() {
            self.shared.sender_awaits(Awaits::Subscriber);
            if !std::mem::replace(&mut told, true) {
                self.shared.node.emit(Mask::QUEUED, || Status::Queued { position: 0 });
            }
            if clock::until(end, pin!(change)).await.is_err() {
                let waited = queue.unwrap_or_default();
                let detail = format!("a subscriber left too much unhandled for {waited:?}");
                self.close_reason = CloseReason::TimedOut;
                return Err(self.name(Error::too_late(operation, Stage::Queue, waited, detail)));
            }
        }
        Ok(())
    }

    fn fail(&mut self, failure: Failure, operation: Operation) -> Error {
        self.close_reason = failure.close_reason();
        self.name(failure.into_error(operation))
    }

    fn name(&self, error: Error) -> Error {
        error.with_url(&self.shared.url()).with_wire_state(self.half.wire_state())
    }
}

/// A piece is longer than what is left of the announced length.
pub(super) fn too_long(written: usize, left: u64) -> Error {
    let detail = format!("{written} octets are written and only {left} of the announced length are left");
    Error::parameter(Operation::Write, detail)
}

impl Journey {
    /// The half that sends, where more is to be sent and that may be beside the response.
    pub(super) fn split(&mut self) -> Option<Box<Upload>> {
        let deadline = self.deadline();
        let active = self.active.as_mut()?;
        Some(Box::new(Upload {
            half: active.exchange.sending_half()?,
            pace: std::mem::take(&mut active.sending),
            shared: Arc::clone(&self.shared),
            options: Arc::clone(&self.options),
            started: self.times.send_start,
            deadline,
            close_reason: CloseReason::Cancelled,
        }))
    }

    /// What was split goes on as one.
    pub(super) fn rejoin(&mut self, upload: Upload) {
        if let Some(active) = &mut self.active {
            active.sending = upload.pace;
        }
    }

    /// Would it be refused to receive before the body ends (12019)?
    pub(super) fn check_beside(&mut self, operation: Operation) -> Result<()> {
        let exchange = &self.active_mut()?.exchange;
        if exchange.is_full_duplex() || exchange.body_is_complete() {
            return Ok(());
        }
        let detail = "receive_response is taken before the end of the body only over HTTP/2, and this is Uploading over HTTP/1.1";
        let error = Error::new(ErrorCode::IncorrectHandleState, operation, Stage::State, Blame::Caller, detail);
        Err(error.with_url(&self.target().url()))
    }

    /// What was sent beside it has ended.
    pub(super) fn body_has_ended(&mut self) {
        let ended = self.active.as_ref().and_then(|active| active.exchange.body_ended());
        self.is_sent(ended.unwrap_or_else(clock::now));
    }

    /// The paved path: sends what is left of the body, or as much of it as goes out before the response has come.
    #[cold]
    pub(super) fn send_until_answered(
        &mut self,
        source: Box<Source>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(async move {
            let Some(upload) = self.split() else { return Err(missing(Operation::Send)) };
            let beside = self.beside.insert(Box::new(Beside::new(upload, Task::Send(*source), Ticket::default())));
            let Some(active) = &self.active else { return Err(missing(Operation::Send)) };
            let over = poll_fn(|context| match beside.poll(context) {
                Poll::Ready(over) => Poll::Ready(Some(over)),
                Poll::Pending if active.exchange.has_early() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            match over.await {
                Some((upload, sent)) => {
                    self.beside = None;
                    match sent {
                        Ok(()) => self.body_has_ended(),
                        Err(error) => {
                            self.break_off(upload.close_reason);
                            return Err(error);
                        }
                    }
                }
                // From here on these are two operations, each with its completion.
                None => {
                    let completing = Completing::new(&self.shared.node, Operation::Send, None);
                    self.beside = self.beside.take().map(|beside| Box::new(beside.completing(completing)));
                }
            }
            Ok(())
        })
    }
}
