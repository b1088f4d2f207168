//! The sending operations: `send`, `write`, `finish`, and the resend of a request that nobody answered.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::journey::{Active, Journey};
use super::payload::Source;
use super::resting::SentAgain;
use super::showing::Awaits;
use super::timings::Times;
use super::upload::too_long;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::notification::{NotificationMask as Mask, Status};
use crate::policy::{Attempt, may_resend};
use crate::protocol::http1::BodyLength;
use crate::reason::CloseReason;
use crate::wire::{Failure, HeadSent, Pace, Uploaded};

impl Journey {
    /// Sends the request, and all of its body that the payload holds.
    pub(super) async fn send(&mut self) -> Result<()> {
        #[cfg(feature = "cache")]
        if self.caching.is_some() {
            self.looked = None;
            if self.look_in_cache().await? {
                return Ok(());
            }
        }
        let (mut fresh, mut queue_end) = (false, self.queue_end());
        match self.follow_up {
            None if self.needs_leave() => {
                self.looked = None;
                self.leave_by(queue_end).await?;
            }
            None => {}
            // It takes the place of one that failed, and not at once.
            Some(_) => {
                self.wait_to_go().await?;
                queue_end = self.resend_until;
            }
        }
        if self.options.retry.is_some() {
            self.pays_for_retries();
        }
        loop {
            match self.send_once(fresh, queue_end).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(failed)) => self.prepare_resend(failed, Operation::Send)?,
                Err(error) => self.prepare_retry(error)?,
            }
            fresh = self.follow_up.is_none();
            self.wait_to_go().await?;
            queue_end = self.resend_until;
        }
    }

    /// Sends it again after a silent end, if that is safe; else the failure is the caller's.
    ///
    /// Leaves nothing of the failed attempt. What follows is [`send_again`](Self::send_again), after a wait if there is one.
    #[cold]
    pub(super) fn prepare_resend(&mut self, failure: Failure, operation: Operation) -> Result<()> {
        #[cfg(feature = "negotiate")]
        let is_only_asking = self.is_only_asking();
        #[cfg(not(feature = "negotiate"))]
        let is_only_asking = false;
        let attempt = Attempt {
            method: if is_only_asking { &Method::HEAD } else { self.method() },
            on_reused_wire: self.active.as_ref().is_some_and(|active| active.lease.is_reused()),
            silent_end: failure.is_silent_end(),
            refused: failure.is_refusal() || self.is_sent_to_http1(&failure),
            wire_state: self.wire_state(),
            replayable: self.payload.0.is_replayable(),
            resends_left: self.resends_left,
            refusals_left: self.refusals_left,
        };
        let refused = attempt.refused;
        let resend = may_resend(&attempt);
        let reason = failure.close_reason();
        let error = self.error(failure, operation);
        self.break_off(reason);
        if !resend {
            return self.prepare_retry(error);
        }
        if refused {
            self.refusals_left -= 1;
        } else {
            self.resends_left -= 1;
        }
        self.attempt += 1;
        self.resend_until = self.queue_end();
        let attempt = self.attempt;
        self.emit(Mask::RETRYING, || Status::Retrying { attempt, pause: Duration::ZERO, error });
        Ok(())
    }

    /// The whole send once more, inside another operation: no second `SendRequestComplete`.
    pub(super) async fn send_again(&mut self, mut fresh: bool) -> Result<()> {
        loop {
            self.shared.is_sent_again(SentAgain::Nothing);
            self.wait_to_go().await?;
            match self.send_once(fresh, self.resend_until).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(failed)) => self.prepare_resend(failed, Operation::Send)?,
                Err(error) => self.prepare_retry(error)?,
            }
            fresh = self.follow_up.is_none();
            self.resending = self.resending.map(|_| fresh);
        }
    }

    /// One attempt. The outer error ends the operation; the inner one may be followed by a resend.
    async fn send_once(&mut self, fresh: bool, queue_end: Option<Instant>) -> Result<std::result::Result<(), Failure>> {
        // The points of an attempt that has failed are none of this one's.
        self.times = Times::new(self.times.started);
        self.stage = Stage::SendBody;
        self.shared.now_awaits(Awaits::Source);
        #[cfg(feature = "negotiate")]
        if self.options.dial.bound.is_some() {
            let _was_withheld = self.takes_body_back();
        }
        #[cfg_attr(not(feature = "negotiate"), expect(unused_mut, reason = "only a handshake holds a body back"))]
        let mut source = self.payload.0.open().await.map_err(|error| self.name(error))?;
        if !matches!(source, Source::Nothing) {
            self.looked = None;
        }
        if self.settled.is_none() {
            self.outgoing = self.outgoing().map_err(|error| self.name(error))?;
        }
        let lease = self.acquire(fresh, queue_end).await.map_err(|error| self.name(error))?;
        #[cfg(feature = "negotiate")]
        if self.options.dial.bound.is_some() {
            match Box::pin(self.greet(&lease)).await {
                Ok(true) => source = Source::Nothing,
                Ok(false) => {}
                Err(error) => {
                    lease.close(&self.shared.node, CloseReason::Cancelled);
                    return Err(self.name(error).in_operation(self.operation));
                }
            }
        }
        let length = match (self.payload.0.length(), source.length()) {
            (Some(length), _) => length,
            (None, Some(0)) => BodyLength::None,
            (None, Some(length)) => BodyLength::Length(length),
            (None, None) => BodyLength::Chunked,
        };
        // Nothing was waited for since then.
        self.times.send_start = self.times.wire_acquired;
        let settled = self.settled.take();
        let begun = self.begin_exchange(&lease, settled, length);
        let (mut exchange, head) = begun.map_err(|failure| self.error(failure, Operation::Send))?;
        if self.upgrade.is_some() && lease.multiplexed().is_some() {
            if let Err(error) = Box::pin(self.ask_by_stream(&lease, &mut exchange)).await {
                drop(exchange);
                lease.give_back(&self.shared.node, clock::now());
                return Err(self.name(error));
            }
            // The server's first word was waited for.
            self.times.send_start = Some(clock::now());
        }
        let (timeouts, least) = (&self.options.timeouts, self.options.minimum_rate);
        let (sending, receiving) = (Pace::new(timeouts.send, least), Pace::new(timeouts.receive, least));
        self.shared.is_on(Some(lease.id()));
        self.active = Some(Active { lease, exchange, sending, receiving });
        if self.auth.is_some() {
            self.tell_unasked();
        }
        self.emit(Mask::SEND_REQUEST, || Status::SendingRequest);
        if self.resending.is_some() {
            self.shared.is_sent_again(SentAgain::Head);
        }
        self.stage = Stage::SendHead;
        self.shared.now_awaits(Awaits::Window);
        let first = self.payload.0.first();
        let (head_sent, held_back) = {
            let Active { lease, exchange, sending, .. } = self.active_mut()?;
            match exchange.send_head(lease, head, &first, sending).await {
                Ok(sent) => (sent, exchange.awaits_continue()),
                Err(failure) => return Ok(Err(failure)),
            }
        };
        self.account_sent();
        if self.payload.0.length() != Some(BodyLength::None) {
            // Without a body this is the end of the request.
            self.times.head_sent = Some(clock::now());
        }
        let sent = self.sizes.sent;
        self.emit(Mask::SEND_REQUEST, || Status::RequestSent(sent));
        if self.resending.is_some() {
            self.shared.is_sent_again(SentAgain::Body);
        }
        if held_back {
            let patience = self.options.expect_continue.unwrap_or(CONTINUE_PATIENCE);
            self.stage = Stage::Continue;
            self.shared.now_awaits(Awaits::Server);
            let Active { lease, exchange, .. } = self.active_mut()?;
            if let Err(failure) = Box::pin(exchange.await_continue(lease, patience)).await {
                return Ok(Err(failure));
            }
            if let Err(failure) = Box::pin(self.upload(&first)).await? {
                return Ok(Err(failure));
            }
        }
        match source {
            Source::Nothing => {
                // Where there is a moment for the head, the end is not before it.
                let is_now = held_back || head_sent == HeadSent::Written;
                let at = self.times.head_sent.or(self.times.send_start).filter(|_| !is_now);
                self.end_what_is_whole(&HeaderMap::new(), at).await
            }
            // It cannot be given again, so that nothing that happens beside the response can ask for that.
            source @ Source::Stream { .. }
                if !self.payload.0.is_replayable() && self.active_mut()?.exchange.is_body_open() =>
            {
                self.source = Some(Box::new(source));
                Ok(Ok(()))
            }
            source => Box::pin(self.upload_source(source)).await,
        }
    }

    async fn upload_source(&mut self, mut source: Source) -> Result<std::result::Result<(), Failure>> {
        self.stage = Stage::SendBody;
        loop {
            self.shared.now_awaits(Awaits::Source);
            let piece = match source.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    let error = self.name(error);
                    self.break_off(CloseReason::Cancelled);
                    return Err(error);
                }
            };
            match self.upload(&piece).await? {
                Ok(Uploaded::Sent) => {}
                Ok(Uploaded::NotWanted) => break,
                Err(failure) => return Ok(Err(failure)),
            }
        }
        self.end_what_is_whole(source.trailers().unwrap_or(&HeaderMap::new()), None).await
    }

    /// Ends the body if all of it was given, `at` a moment that is known or now.
    async fn end_what_is_whole(
        &mut self,
        trailers: &HeaderMap,
        at: Option<Instant>,
    ) -> Result<std::result::Result<(), Failure>> {
        self.stage = Stage::SendBody;
        let whole = self.payload.0.is_whole();
        let exchange = &self.active_mut()?.exchange;
        if whole || (exchange.body_is_complete() && !exchange.is_refused()) {
            return self.end_body(trailers, at).await;
        }
        Ok(Ok(()))
    }

    /// One piece of the body, with its progress.
    async fn upload(&mut self, piece: &Bytes) -> Result<std::result::Result<Uploaded, Failure>> {
        if piece.is_empty() {
            return Ok(Ok(Uploaded::Sent));
        }
        self.stage = Stage::SendBody;
        self.shared.now_awaits(Awaits::Window);
        let Active { lease, exchange, sending, .. } = self.active_mut()?;
        let uploaded = match exchange.write(lease, piece, sending).await {
            Ok(uploaded) => uploaded,
            Err(failure) => return Ok(Err(failure)),
        };
        let (sent, left) = (exchange.body_sent(), exchange.announced_left());
        self.account_sent();
        let total = left.map(|left| sent + left);
        let started = self.times.send_start;
        self.emit(Mask::PROGRESS, || {
            let elapsed = started.map_or(Duration::ZERO, |start| clock::now().saturating_duration_since(start));
            Status::UploadProgress { sent, total, elapsed }
        });
        Ok(Ok(uploaded))
    }

    /// `write`: a piece of an announced or chunked body.
    pub(super) async fn write(&mut self, data: &Bytes) -> Result<()> {
        self.wait_in_line().await?;
        let outcome = match self.upload(data).await? {
            Ok(Uploaded::Sent) if self.active_mut()?.exchange.body_is_complete() => {
                self.end_body(&HeaderMap::new(), None).await?
            }
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        };
        outcome.map_err(|failure| self.fail(failure, Operation::Write))
    }

    /// `finish`: the end of a chunked body.
    pub(super) async fn finish(&mut self, trailers: &HeaderMap, operation: Operation) -> Result<()> {
        self.end_body(trailers, None).await?.map_err(|failure| self.fail(failure, operation))
    }

    async fn end_body(
        &mut self,
        trailers: &HeaderMap,
        at: Option<Instant>,
    ) -> Result<std::result::Result<(), Failure>> {
        self.stage = Stage::SendBody;
        self.shared.now_awaits(Awaits::Window);
        let Active { lease, exchange, sending, .. } = self.active_mut()?;
        let is_open = exchange.is_sending_body();
        if is_open {
            let ended = Box::pin(async {
                exchange.hear_before_the_end(lease).await?;
                exchange.finish(lease, trailers, sending).await
            });
            if let Err(failure) = ended.await {
                return Ok(Err(failure));
            }
        }
        self.account_sent();
        self.is_sent(at.filter(|_| !is_open).unwrap_or_else(clock::now));
        Ok(Ok(()))
    }

    /// All of the request went out at this moment: from here on an answer is waited for.
    pub(super) fn is_sent(&mut self, at: Instant) {
        self.times.send_end = Some(at);
        self.times.head_sent.get_or_insert(at);
        self.head_deadline = self.options.timeouts.receive_response.and_then(|limit| at.checked_add(limit));
    }

    #[cold]
    pub(super) fn fail(&mut self, failure: Failure, operation: Operation) -> Error {
        let reason = failure.close_reason();
        let error = self.error(failure, operation);
        self.break_off(reason);
        error
    }

    /// Would this be refused, with nothing changed (87)?
    pub(super) fn check_write(&mut self, data: &Bytes) -> Result<()> {
        let left = self.active_mut()?.exchange.announced_left();
        match left {
            Some(left) if (data.len() as u64) > left => Err(self.name(too_long(data.len(), left))),
            _ => Ok(()),
        }
    }

    /// Would ending the body here be refused (87)?
    pub(super) fn check_finish(&mut self, trailers: &HeaderMap, operation: Operation) -> Result<()> {
        if self.is_sent_again() {
            return Ok(());
        }
        let exchange = &mut self.active_mut()?.exchange;
        exchange.check_finish(trailers).map_err(|failure| self.error(failure, operation))
    }

    pub(super) fn active_mut(&mut self) -> Result<&mut Active> {
        self.active.as_mut().ok_or_else(|| {
            Error::new(
                ErrorCode::InternalError,
                Operation::Send,
                Stage::State,
                Blame::Library,
                "an operation was taken without an exchange",
            )
        })
    }

    fn account_sent(&mut self) {
        if let Some(Active { exchange, .. }) = &self.active {
            self.sizes.count(exchange);
        }
    }
}

/// How long to wait for a 100 that the caller's own `Expect` field asks for.
const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);
