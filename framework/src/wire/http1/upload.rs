//! The sending half of an exchange: writes, and hears an answer that comes before the body is done.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::yield_now;

use super::exchange::{Exchange, State};
use super::{Failure, Http1, Pace, Uploaded};
use crate::clock;
use crate::error::Stage;
use crate::protocol::http1::HeadStep;

/// When a write is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The stream has all of it; more is written next.
    Written,
    /// The kernel has it too: a stream may hold something back, as TLS does when the kernel took only part of a record.
    Flushed,
}

impl Exchange {
    /// Writes all of it, and keeps an ear open: a peer may answer before it has heard the request out, and close
    /// (RFC 9112 9.5). Its answer is worth more than the error of a write it no longer wants.
    pub(super) async fn write_all(
        &mut self,
        wire: &mut Http1,
        octets: &[u8],
        end: End,
        stage: Stage,
        pace: &mut Pace,
    ) -> Result<Uploaded, Failure> {
        let mut put = Put { octets, unflushed: end == End::Flushed };
        if !self.is_listening() {
            let tried = poll_fn(|context| Poll::Ready(self.put_at_once(wire, &mut put, context))).await;
            if let Err(error) = tried {
                return Box::pin(self.answer_despite(wire, stage, error)).await;
            }
        }
        if put.is_done() {
            return Ok(Uploaded::Sent);
        }
        // Boxed: a head, as a rule, is taken at once, and each operation would have to make room for this.
        Box::pin(self.write_the_rest(wire, put, stage, pace)).await
    }

    /// Writes what is taken without waiting, which for a head is all of it.
    fn put_at_once(&mut self, wire: &mut Http1, put: &mut Put<'_>, context: &mut Context<'_>) -> std::io::Result<()> {
        while !put.octets.is_empty() {
            let Poll::Ready(wrote) = wire.poll_write(context, put.octets) else { return Ok(()) };
            let count = wrote?;
            put.octets = put.octets.get(count..).unwrap_or_default();
            self.written += count as u64;
        }
        // Once the head is out an answer may come: from there on it is listened for.
        if put.unflushed
            && !self.is_listening()
            && let Poll::Ready(flushed) = wire.poll_flush(context)
        {
            flushed?;
            put.unflushed = false;
        }
        Ok(())
    }

    async fn write_the_rest(
        &mut self,
        wire: &mut Http1,
        mut put: Put<'_>,
        stage: Stage,
        pace: &mut Pace,
    ) -> Result<Uploaded, Failure> {
        let mut listening = self.is_listening();
        let mut silence = pace.silence();
        while !put.is_done() {
            let event = silence.until(stage, pin!(put_or_hear(wire, &put, listening))).await?;
            match event {
                Event::Wrote(count) => {
                    put.octets = put.octets.get(count..).unwrap_or_default();
                    self.written += count as u64;
                    silence.moved(count as u64);
                    if put.octets.is_empty() {
                        listening = self.is_listening();
                    }
                }
                Event::Flushed => {
                    put.unflushed = false;
                    silence.moved(0);
                }
                Event::Heard(0) => listening = false,
                // A peer that answers octet by octet and takes none is idle all the same.
                Event::Heard(_) => {
                    self.heard();
                    if self.hear_answer(wire)? == Uploaded::NotWanted {
                        return Ok(Uploaded::NotWanted);
                    }
                    listening = self.early.is_none();
                }
                Event::Broken(error) => return self.answer_despite(wire, stage, error).await,
            }
        }
        Ok(Uploaded::Sent)
    }

    /// Something of an answer has come.
    pub(super) fn heard(&mut self) {
        if self.answered.is_none() {
            self.answered = Some(clock::now());
        }
    }

    /// When the first of an answer came.
    pub(crate) fn first_octet(&self) -> Option<Instant> {
        self.answered
    }

    /// How much of the head was written.
    pub(crate) fn head_written(&self) -> u64 {
        self.written.min(self.head_octets)
    }

    /// May an answer come already?
    fn is_listening(&self) -> bool {
        self.is_sending_body() && self.written >= self.head_octets && self.early.is_none()
    }

    /// Is there anything of the body, be it its end, that has to be written?
    pub(crate) fn is_sending_body(&self) -> bool {
        matches!(self.state, State::SendBody(_) | State::SendTail(_))
    }

    /// The last moment in which an answer is an early one. The reactor has a turn before, so that one which has arrived is heard.
    pub(crate) async fn hear_before_the_end(&mut self, wire: &mut Http1) -> Result<(), Failure> {
        if !matches!(self.state, State::SendBody(_)) || !self.is_listening() {
            return Ok(());
        }
        yield_now().await;
        // An end or an error is met by the write that follows.
        if matches!(wire.fill(0).now_or_never(), Some(Ok(1..))) {
            self.heard();
            self.hear_answer(wire)?;
        }
        Ok(())
    }

    /// Takes what answers have arrived while sending. An error status ends the sending (RFC 9110 15.5, 15.6); with any other
    /// the server may well be reading on.
    fn hear_answer(&mut self, wire: &mut Http1) -> Result<Uploaded, Failure> {
        while self.early.is_none() {
            let step = match &mut self.state {
                State::SendBody(body) => body.handle_input(wire.received()),
                State::SendTail(tail) => tail.next.handle_input(wire.received()),
                _ => return Ok(Uploaded::Sent),
            };
            match step.map_err(|fault| Failure::Fault(Stage::Head, fault))? {
                HeadStep::NeedMore => return Ok(Uploaded::Sent),
                HeadStep::Interim(head) => self.interims.push(head),
                HeadStep::Final(head, body) => {
                    let refused = head.status().is_client_error() || head.status().is_server_error();
                    self.early = Some(Box::new((head, body)));
                    if refused {
                        self.state = State::Answered;
                        self.cut_short = true;
                        return Ok(Uploaded::NotWanted);
                    }
                }
            }
        }
        Ok(Uploaded::Sent)
    }

    /// The write broke: is there an answer that says why?
    async fn answer_despite(
        &mut self,
        wire: &mut Http1,
        stage: Stage,
        broken: std::io::Error,
    ) -> Result<Uploaded, Failure> {
        let deadline: Option<Instant> = clock::now().checked_add(LAST_WORDS);
        while self.early.is_none() && self.is_sending_body() {
            match wire.fill_until(deadline).await {
                Ok(Ok(count)) if count > 0 => {
                    self.heard();
                    self.hear_answer(wire)?;
                }
                _ => return Err(Failure::Io(stage, broken)),
            }
        }
        if self.early.is_none() {
            return Err(Failure::Io(stage, broken));
        }
        self.state = State::Answered;
        self.cut_short = true;
        Ok(Uploaded::NotWanted)
    }
}

/// What is left to be done with the stream.
struct Put<'a> {
    octets: &'a [u8],
    unflushed: bool,
}

impl Put<'_> {
    fn is_done(&self) -> bool {
        self.octets.is_empty() && !self.unflushed
    }

    fn poll(&self, wire: &mut Http1, context: &mut Context<'_>) -> Poll<Event> {
        let done = match self.octets {
            [] => wire.poll_flush(context).map_ok(|()| Event::Flushed),
            octets => wire.poll_write(context, octets).map_ok(Event::Wrote),
        };
        done.map(|done| done.unwrap_or_else(Event::Broken))
    }
}

enum Event {
    Wrote(usize),
    Flushed,
    Heard(usize),
    Broken(std::io::Error),
}

async fn put_or_hear(wire: &mut Http1, put: &Put<'_>, listening: bool) -> Event {
    poll_fn(|context| {
        if listening {
            match wire.poll_fill(context, 0) {
                Poll::Ready(Ok(count)) => return Poll::Ready(Event::Heard(count)),
                // The write meets the same break, and has the answer looked for.
                Poll::Ready(Err(_)) | Poll::Pending => {}
            }
        }
        put.poll(wire, context)
    })
    .await
}

/// How long to look for an answer after a write broke: what there is has arrived already.
const LAST_WORDS: Duration = Duration::from_millis(200);
