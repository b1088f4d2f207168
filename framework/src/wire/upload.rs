//! The sending half of an exchange: writes, and hears an answer that comes before the body is done.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::exchange::{Exchange, State, Uploaded};
use super::{Failure, Pace, Wire};
use crate::clock;
use crate::error::Stage;
use crate::protocol::http1::HeadStep;

impl Exchange {
    /// Writes all of it, and keeps an ear open: a peer may answer before it has heard the request out, and close
    /// (RFC 9112 9.5). Its answer is worth more than the error of a write it no longer wants.
    pub(super) async fn write_all(
        &mut self,
        wire: &mut Wire,
        octets: &[u8],
        stage: Stage,
        pace: &mut Pace,
    ) -> Result<Uploaded, Failure> {
        self.put(wire, Put::Write(octets), stage, pace).await
    }

    /// Has the kernel take what the stream holds back, as TLS does when the kernel took only part of a record.
    pub(super) async fn flush(&mut self, wire: &mut Wire, stage: Stage, pace: &mut Pace) -> Result<Uploaded, Failure> {
        self.put(wire, Put::Flush, stage, pace).await
    }

    async fn put(
        &mut self,
        wire: &mut Wire,
        mut put: Put<'_>,
        stage: Stage,
        pace: &mut Pace,
    ) -> Result<Uploaded, Failure> {
        let mut listening = self.is_sending_body() && self.written >= self.head_octets;
        let mut silence = pace.silence();
        while !put.is_done() {
            let event = silence.until(stage, pin!(put_or_hear(wire, &put, listening))).await?;
            match event {
                Event::Wrote(count) => {
                    put.wrote(count);
                    self.written += count as u64;
                    silence.moved(count as u64);
                }
                Event::Flushed => {
                    silence.moved(0);
                    return Ok(Uploaded::Sent);
                }
                Event::Heard(0) => listening = false,
                // A peer that answers octet by octet and takes none is idle all the same.
                Event::Heard(_) => {
                    self.answered = true;
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

    /// Is there anything of the body, be it its end, that has to be written?
    pub(crate) fn is_sending_body(&self) -> bool {
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
            match wire.fill_until(deadline).await {
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

/// What is to be done with the stream.
enum Put<'a> {
    Write(&'a [u8]),
    Flush,
}

impl Put<'_> {
    fn is_done(&self) -> bool {
        matches!(self, Self::Write([]))
    }

    fn wrote(&mut self, count: usize) {
        if let Self::Write(octets) = self {
            *octets = octets.get(count..).unwrap_or_default();
        }
    }

    fn poll(&self, wire: &mut Wire, context: &mut Context<'_>) -> Poll<Event> {
        let done = match self {
            Self::Write(octets) => wire.poll_write(context, octets).map_ok(Event::Wrote),
            Self::Flush => wire.poll_flush(context).map_ok(|()| Event::Flushed),
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

async fn put_or_hear(wire: &mut Wire, put: &Put<'_>, listening: bool) -> Event {
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
