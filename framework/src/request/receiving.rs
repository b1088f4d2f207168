//! The receiving operations: `receive_response`, `query_data_available` and the reads.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::journey::{Active, Journey};
use super::messages::{Amount, Arrived};
use super::resting::SentAgain;
use super::showing::Awaits;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::in_place::pinned;
use crate::notification::{NotificationMask as Mask, Status};
use crate::protocol::http1::{BodyStep, ResponseHead};
use crate::reason::CloseReason;
use crate::wire::{Failure, Received};

impl Journey {
    /// Receives the response head, after ending a body that is still open unless that goes on beside it.
    pub(super) async fn receive(&mut self, ends_body: bool) -> Result<Arc<ResponseHead>> {
        let operation = Operation::Receive;
        self.wait_in_line().await?;
        if let Some(fresh) = self.resending {
            // The last call was given up in the middle of it.
            let is_begun = self.active.is_some();
            if is_begun && !self.method().is_idempotent() {
                let detail = "the call that sent it again was given up, and what it had sent is not sent twice";
                let (code, blame) = (ErrorCode::ResendRequest, Blame::Caller);
                let error = self.name(Error::new(code, operation, Stage::SendBody, blame, detail));
                self.break_off(CloseReason::Cancelled);
                return Err(error);
            }
            self.break_off(CloseReason::Cancelled);
            self.resend_in(operation, fresh || is_begun).await?;
        }
        if self.follow_up.is_some()
            && let Some(head) = self.follow().await?
        {
            return Ok(self.head_arrived(head));
        }
        if ends_body && self.away.is_none() && self.active_mut()?.exchange.must_finish() {
            let no_trailers = HeaderMap::new();
            Box::pin(self.finish(&no_trailers, operation)).await?;
        }
        loop {
            let head =
                if self.away.is_some() { self.head_from_afar().await? } else { self.next_head(operation).await? };
            let delivered = match self.hears(head) {
                None => self.follow().await?,
                head => head,
            };
            if let Some(head) = delivered {
                return Ok(self.head_arrived(head));
            }
        }
    }

    /// The final head of the exchange; each interim one is told of.
    pub(super) async fn next_head(&mut self, operation: Operation) -> Result<Arc<ResponseHead>> {
        self.emit(Mask::RECEIVE_RESPONSE, || Status::ReceivingResponse);
        let mut told = false;
        loop {
            self.stage = Stage::FirstByte;
            self.shared.now_awaits(Awaits::Server);
            if self.times.send_end.is_none() {
                self.hear_beside(operation).await?;
            }
            let deadline = self.head_deadline;
            let Active { lease, exchange, .. } = self.active_mut()?;
            let deadline = exchange.awaits_head_until(deadline);
            let received = clock::until(deadline, pin!(exchange.receive_head(lease))).await;
            let failure = match received.unwrap_or(Ok(Received::Late)) {
                Ok(Received::Interim(head)) => {
                    self.report_octets(&head, &mut told);
                    let fields = || Status::IntermediateResponse(head.status(), head.headers().clone());
                    self.emit(Mask::INTERMEDIATE_RESPONSE, fields);
                    continue;
                }
                Ok(Received::Final(head)) => {
                    let (first, whole) = (exchange.first_octet(), exchange.head_came());
                    (self.times.receive_start, self.times.head_received) = (first, whole);
                    self.report_octets(&head, &mut told);
                    return Ok(head);
                }
                Ok(Received::OutOfTurn) => return Err(self.fail(Failure::OutOfTurn, operation)),
                Ok(Received::Late) => {
                    let waited = self.options.timeouts.receive_response.unwrap_or_default();
                    Failure::Timeout(self.stage(), waited)
                }
                Err(failure) => {
                    self.report_no_answer(told);
                    failure
                }
            };
            self.prepare_resend(failure, operation)?;
            self.go_again(operation).await?;
            told = false;
        }
    }

    /// Waits for a head while the body of the request is open: nothing of an answer is due then, and no limit of time counts but
    /// the total one.
    #[cold]
    fn hear_beside(&mut self, operation: Operation) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(async move {
            let heard = self.active_mut()?.exchange.hear_beside().await;
            heard.map_err(|failure| self.fail(failure, operation))?;
            if let Some(ended) = self.active_mut()?.exchange.body_ended() {
                self.is_sent(ended);
            }
            Ok(())
        })
    }

    /// Sends it again, now or when its time has come.
    async fn go_again(&mut self, operation: Operation) -> Result<()> {
        let fresh = self.follow_up.is_none();
        self.resend_in(operation, fresh).await?;
        self.emit(Mask::RECEIVE_RESPONSE, || Status::ReceivingResponse);
        Ok(())
    }

    pub(super) async fn resend_in(&mut self, operation: Operation, fresh: bool) -> Result<()> {
        self.resending = Some(fresh);
        Box::pin(self.send_again(fresh)).await.map_err(|error| error.in_operation(operation))?;
        self.resending = None;
        self.shared.is_sent_again(SentAgain::Nothing);
        Ok(())
    }

    /// Once per wait, with the first head to come, be it an interim one.
    fn report_octets(&mut self, head: &ResponseHead, told: &mut bool) {
        if !std::mem::replace(told, true) {
            let beside = self.active.as_mut().map_or(0, |active| active.lease.received_octets());
            let octets = (head.raw_length() + beside) as u64;
            self.emit(Mask::RECEIVE_RESPONSE, || Status::ResponseReceived(octets));
        }
    }

    /// An answer that is none has been received all the same.
    #[cold]
    fn report_no_answer(&mut self, told: bool) {
        let octets = self.active.as_mut().map_or(0, |active| active.lease.received_octets() as u64);
        if octets > 0 && !told {
            self.emit(Mask::RECEIVE_RESPONSE, || Status::ResponseReceived(octets));
        }
    }

    fn head_arrived(&mut self, head: Arc<ResponseHead>) -> Arc<ResponseHead> {
        let now = *self.times.head_received.get_or_insert_with(clock::now);
        self.times.receive_start.get_or_insert(now);
        self.sizes.response_head = head.raw_length() as u64;
        if let Some(active) = &self.active {
            self.announced = active.exchange.remaining();
        }
        #[cfg(feature = "cache")]
        if self.given_left() > 0 {
            self.announced = Some(self.given_left() as u64);
        }
        self.look_for_codings(&head);
        self.shows_head(Arc::clone(&head));
        if self.active.as_ref().is_some_and(|active| active.exchange.is_ended() && !active.exchange.is_body_open()) {
            self.settle(now);
        }
        head
    }

    /// How much the next read gives; 0 is the end of the body.
    pub(super) async fn query_available(&mut self) -> Result<u64> {
        self.wait_in_line().await?;
        if self.gathered.is_empty() && self.ahead.is_empty() {
            self.ahead = self.pull(LARGEST_CHUNK, Operation::QueryDataAvailable).await?.unwrap_or_default();
        }
        self.settle_if_read(None);
        let available = if self.gathered.is_empty() { self.ahead.len() } else { self.gathered.len() };
        self.end_told |= available == 0;
        Ok(available as u64)
    }

    /// A read; empty is the end of the body.
    pub(super) async fn read(&mut self, amount: Amount) -> Result<Bytes> {
        self.wait_in_line().await?;
        let data = match amount {
            // What was read already is given whole: `query_data_available` has promised that.
            Amount::Available => self.read_some(usize::MAX).await?,
            Amount::AtMost(max) => self.read_some(max).await?,
            Amount::Exactly(length) => self.read_exactly(length).await?,
        };
        self.told_before = self.put_back.min(data.len());
        self.put_back -= self.told_before;
        self.settle_if_read(None);
        self.end_told |= data.is_empty();
        self.report_read((data.len() - self.told_before) as u64);
        Ok(data)
    }

    /// What was read, and never taken by its caller, comes first again.
    pub(super) fn put_back(&mut self, data: &[u8]) {
        self.put_back += data.len();
        let rest = self.gathered.split();
        self.gathered.extend_from_slice(data);
        self.gathered.unsplit(rest);
    }

    pub(super) async fn read_some(&mut self, max: usize) -> Result<Bytes> {
        if !self.gathered.is_empty() {
            let length = self.gathered.len().min(max);
            return Ok(self.gathered.split_to(length).freeze());
        }
        if !self.ahead.is_empty() {
            let length = self.ahead.len().min(max);
            return Ok(self.ahead.split_to(length));
        }
        Ok(self.pull(max.min(LARGEST_CHUNK), Operation::Read).await?.unwrap_or_default())
    }

    async fn read_exactly(&mut self, length: usize) -> Result<Bytes> {
        while self.gathered.len() < length {
            let piece = if self.ahead.is_empty() {
                let missing = (length - self.gathered.len()).min(LARGEST_CHUNK);
                match self.pull(missing, Operation::Read).await? {
                    Some(piece) => piece,
                    None => break,
                }
            } else {
                let missing = (length - self.gathered.len()).min(self.ahead.len());
                self.ahead.split_to(missing)
            };
            self.gathered.extend_from_slice(&piece);
        }
        let length = length.min(self.gathered.len());
        Ok(self.gathered.split_to(length).freeze())
    }

    fn report_read(&self, octets: u64) {
        let read = if self.decoding.is_some() { self.sizes.decoded_body } else { self.sizes.response_body };
        let received = read - self.ahead.len() as u64 - self.gathered.len() as u64;
        let total = self.announced;
        let since = self.times.head_received;
        if octets > 0 {
            self.emit(Mask::PROGRESS, || {
                let elapsed = since.map_or(Duration::ZERO, |since| clock::now().saturating_duration_since(since));
                Status::DownloadProgress { received, total, elapsed }
            });
        }
    }

    /// The next piece of the body.
    async fn pull(&mut self, max: usize, operation: Operation) -> Result<Option<Bytes>> {
        if self.decoding.is_some() {
            return self.pull_decoded(max, operation).await;
        }
        self.pull_off_the_wire(max, operation).await
    }

    /// The next piece of the body as it comes.
    pub(super) async fn pull_off_the_wire(&mut self, max: usize, operation: Operation) -> Result<Option<Bytes>> {
        self.stage = Stage::Body;
        if let Some(failure) = self.failed_ahead.take() {
            return Err(self.fail(failure, operation));
        }
        if self.away.is_some() {
            return self.pull_from_afar(max, operation).await;
        }
        #[cfg(feature = "cache")]
        if self.active.is_none() {
            return Ok(self.take_given(max));
        }
        let Some(Active { lease, exchange, receiving, .. }) = &mut self.active else { return Ok(None) };
        if exchange.is_body_open()
            && let Some(pulled) = Box::pin(exchange.read_beside(max)).await
        {
            return self.pulled(pulled, operation);
        }
        let pulled = receiving.piece(Stage::Body, pin!(exchange.read(lease, max))).await.and_then(|read| read);
        self.pulled(pulled, operation)
    }

    fn pulled(
        &mut self,
        pulled: std::result::Result<Option<Bytes>, Failure>,
        operation: Operation,
    ) -> Result<Option<Bytes>> {
        let pulled = match pulled {
            Ok(pulled) => pulled,
            Err(failure) => return Err(self.fail(failure, operation)),
        };
        let octets = pulled.as_ref().map_or(0, |piece| piece.len() as u64);
        #[cfg(feature = "cache")]
        self.record(pulled.as_deref().unwrap_or_default());
        if let Some(Active { receiving, .. }) = &mut self.active {
            receiving.moved(octets);
        }
        self.sizes.response_body += octets;
        Ok(pulled)
    }

    /// The paved path: send, receive the head, and read what of the body came with it, each with its completion.
    pub(super) async fn run(&mut self) -> Result<Arrived> {
        // Boxed: the answer may be waited for longer than all that, and by many.
        let sent = pinned(|| self.send()).await;
        #[cfg(feature = "cache")]
        let sent = sent.or_else(|error| self.stored_instead_of_error(error));
        sent?;
        let is_sent = match self.source.take() {
            None => true,
            Some(source) => {
                self.send_until_answered(source).await?;
                self.beside.is_none()
            }
        };
        if is_sent {
            self.emit(Mask::SENDREQUEST_COMPLETE, || Status::SendRequestComplete);
        }
        self.enter(Operation::Receive);
        let received = self.receive(is_sent).await;
        #[cfg(feature = "cache")]
        let received = self.or_stored(received).await;
        let head = received?;
        self.shows_to_listeners();
        self.emit(Mask::HEADERS_AVAILABLE, || Status::HeadersAvailable);
        self.enter(Operation::Read);
        self.reach(head)
    }

    /// What of the body has arrived, without waiting.
    #[inline(always)]
    pub(super) fn read_arrived(&mut self) -> Result<Bytes> {
        // Read elsewhere, it is here already.
        let mut early = std::mem::take(&mut self.ahead);
        // What took no waiting is nothing to a minimum rate, whose first window begins behind it.
        if self.decoding.is_some() {
            early = self.decode_arrived(EARLY_BODY).map_err(|failure| self.fail(failure, Operation::Read))?;
        } else if let Some(Active { lease, exchange, .. }) = &mut self.active {
            match exchange.read_arrived(lease, EARLY_BODY) {
                Ok(BodyStep::Data(data)) => early = data,
                Ok(BodyStep::End | BodyStep::NeedMore) => {}
                Err(failure) => return Err(self.fail(failure, Operation::Read)),
            }
            #[cfg(feature = "cache")]
            if let Some(caching) = &mut self.caching {
                caching.record(&early);
            }
            self.sizes.response_body += early.len() as u64;
            // The end of a chunked body may have come too.
            if !early.is_empty() && !exchange.is_ended() {
                match exchange.read_arrived(lease, EARLY_BODY) {
                    Ok(BodyStep::Data(data)) => self.ahead = data,
                    Ok(BodyStep::End | BodyStep::NeedMore) => {}
                    Err(failure) => return Err(self.fail(failure, Operation::Read)),
                }
                #[cfg(feature = "cache")]
                if let Some(caching) = &mut self.caching {
                    caching.record(&self.ahead);
                }
                self.sizes.response_body += self.ahead.len() as u64;
            }
        }
        #[cfg(feature = "cache")]
        if self.decoding.is_none() && self.given_left() > 0 {
            early = self.take_given(EARLY_BODY).unwrap_or_default();
        }
        Ok(early)
    }

    /// What of the body came with the head, and whether that is all.
    fn reach(&mut self, head: Arc<ResponseHead>) -> Result<Arrived> {
        let early = self.read_arrived()?;
        // What came with the head came when the head did.
        self.settle_if_read(self.times.head_received);
        let complete = self.is_complete();
        self.end_told = complete;
        if !early.is_empty() {
            self.report_read(early.len() as u64);
            self.emit(Mask::READ_COMPLETE, || Status::ReadComplete(early.len() as u64));
        }
        if complete {
            self.emit(Mask::READ_COMPLETE, || Status::ReadComplete(0));
        }
        Ok(Arrived { head, early, complete })
    }
}

/// The most that is read at once: what one call of the kernel gives of a body that comes fast, and so much that the way to another
/// thread costs little beside reading it.
pub(super) const LARGEST_CHUNK: usize = 256 * 1024;
/// The most of a body that comes with the reply to the paved path's one ask.
const EARLY_BODY: usize = 16 * 1024;
