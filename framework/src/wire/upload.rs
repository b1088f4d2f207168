//! The sending half of an exchange: writes, and hears an answer that comes before the body is done.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::exchange::{Exchange, State, Uploaded};
use super::{Failure, Wire};
use crate::clock::{self, within};
use crate::error::Stage;
use crate::protocol::http1::HeadStep;

impl Exchange {
    /// Writes all of it, and keeps an ear open: a peer may answer before it has heard the request out, and close
    /// (RFC 9112 9.5). Its answer is worth more than the error of a write it no longer wants.
    pub(super) async fn write_all(
        &mut self,
        wire: &mut Wire,
        mut octets: &[u8],
        stage: Stage,
        idle: Option<Duration>,
    ) -> Result<Uploaded, Failure> {
        if octets.is_empty() {
            return Ok(Uploaded::Sent);
        }
        let mut listening = self.is_sending_body() && self.written >= self.head_octets;
        loop {
            let event = within(idle, write_or_hear(wire, octets, listening)).await;
            match event.map_err(|_| Failure::Timeout(stage, idle.unwrap_or_default()))? {
                WriteEvent::Flushed => return Ok(Uploaded::Sent),
                WriteEvent::Wrote(count) => {
                    octets = octets.get(count..).unwrap_or_default();
                    self.written += count as u64;
                }
                WriteEvent::Heard(0) => listening = false,
                WriteEvent::Heard(_) => {
                    self.answered = true;
                    if self.hear_answer(wire)? == Uploaded::NotWanted {
                        return Ok(Uploaded::NotWanted);
                    }
                    listening = self.early.is_none();
                }
                WriteEvent::Broken(error) => return self.answer_despite(wire, stage, error).await,
            }
        }
    }

    fn is_sending_body(&self) -> bool {
        matches!(self.state, State::SendBody(_) | State::SendTail(_))
    }

    /// Takes what answers have arrived while sending. An error status ends the sending (RFC 9110 15.5, 15.6); with any other
    /// the server may well be reading on.
    fn hear_answer(&mut self, wire: &mut Wire) -> Result<Uploaded, Failure> {
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
                    self.early = Some((head, body));
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
        wire: &mut Wire,
        stage: Stage,
        broken: std::io::Error,
    ) -> Result<Uploaded, Failure> {
        let deadline: Option<Instant> = clock::now().checked_add(LAST_WORDS);
        while self.early.is_none() && self.is_sending_body() {
            match clock::until(deadline, wire.fill(0)).await {
                Ok(Ok(count)) if count > 0 => {
                    self.answered = true;
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

enum WriteEvent {
    Wrote(usize),
    /// All is with the kernel: a stream of records may have held some back.
    Flushed,
    Heard(usize),
    Broken(std::io::Error),
}

async fn write_or_hear(wire: &mut Wire, octets: &[u8], listening: bool) -> WriteEvent {
    poll_fn(|context| {
        if listening {
            match wire.poll_fill(context, 0) {
                Poll::Ready(Ok(count)) => return Poll::Ready(WriteEvent::Heard(count)),
                // The write meets the same break, and has the answer looked for.
                Poll::Ready(Err(_)) | Poll::Pending => {}
            }
        }
        if octets.is_empty() {
            return wire.poll_flush(context).map(|flushed| match flushed {
                Ok(()) => WriteEvent::Flushed,
                Err(error) => WriteEvent::Broken(error),
            });
        }
        wire.poll_write(context, octets).map(|wrote| match wrote {
            Ok(count) => WriteEvent::Wrote(count),
            Err(error) => WriteEvent::Broken(error),
        })
    })
    .await
}

/// How long to look for an answer after a write broke: what there is has arrived already.
const LAST_WORDS: Duration = Duration::from_millis(200);
