//! A call that sends beside the response (contract B.10), and what becomes of the other side when one of them fails.
//!
//! ```text
//!             Journey: heads and body of the response      actor.running      one call that receives at a time
//!   exchange <
//!             Upload: what is left of the request          actor.sends        one call that sends at a time
//! ```
//!
//! Either may end first. If one fails so does the other, with the first error, and the stream is reset.

use std::future::ready;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix::{ActorFutureExt, AsyncContext, WrapFuture};
use bytes::Bytes;
use http::HeaderMap;
use tracing::{Instrument, Span};

use super::actor::RequestActor;
use super::messages::Ticket;
use super::operation::{Completing, Running, Work};
use super::payload::Source;
use super::reply::Answer;
use super::state::{SendSide, Standing, State};
use super::upload::Upload;
use crate::error::{Error, Operation, Result};
use crate::handle::{Stop, StopReason};
use crate::notification::Status;
use crate::reason::CloseReason;

/// A call that sends, with the half of the exchange that it needs. Dropped undone, it lets go of that before it completes.
pub(super) struct Beside {
    ticket: Ticket,
    stop: Rc<Stop>,
    run: Pin<Box<dyn Future<Output = Ended>>>,
    done: Done,
    /// `None` while the paved path has but one operation to complete.
    completing: Option<Telling>,
}

/// The duty to tell of a call's end, and to answer if somebody waits.
pub(super) type Telling = Completing<(), Option<Answer<()>>>;

/// What a call came to, with what the next one needs.
type Ended = (Box<Upload>, Result<()>);

/// What of a request's actor sends beside the response.
#[derive(Default)]
pub(super) enum Sends {
    #[default]
    Nothing,
    /// The next call may, with this.
    Open(Box<Upload>),
    /// A call does.
    Running(Box<Running<RequestActor>>),
    /// The paved path does, and the actor has not started.
    Adopted(Box<Beside>),
    /// A call has failed, and is told of when the wire has been.
    Failed(Box<(Telling, Error)>),
}

/// What there is to send.
pub(super) enum Task {
    Send(Source),
    Write(Bytes),
    Finish(HeaderMap),
}

/// What a call has done that succeeded.
struct Done {
    status: Status,
    /// There is nothing more to send.
    ends_body: bool,
}

impl Beside {
    pub(super) fn new(upload: Box<Upload>, task: Task, ticket: Ticket) -> Self {
        let done = match &task {
            Task::Send(_) => Done { status: Status::SendRequestComplete, ends_body: true },
            Task::Write(data) => Done { status: Status::WriteComplete(data.len() as u64), ends_body: false },
            Task::Finish(_) => Done { status: Status::WriteComplete(0), ends_body: true },
        };
        let stop = Rc::new(Stop::default());
        let stopped = Rc::clone(&stop);
        let run = Box::pin(async move {
            let mut upload = upload;
            let operation = if matches!(task, Task::Send(_)) { Operation::Send } else { Operation::Write };
            let deadline = upload.deadline;
            let sent = stopped.or(deadline, pin!(perform(&mut upload, task))).await;
            let sent = sent.unwrap_or_else(|reason| Err(upload.stopped(reason, operation)));
            (upload, sent)
        });
        Self { ticket, stop, run, done, completing: None }
    }

    /// It has a completion of its own.
    pub(super) fn completing(mut self, completing: Telling) -> Self {
        self.completing = Some(completing);
        self
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        self.run.as_mut().poll(context)
    }

    /// Goes on while something else is waited for. What it has come to is kept for whoever polls it in earnest.
    pub(super) fn go_on(&mut self, context: &mut Context<'_>) {
        if let Poll::Ready(ended) = self.poll(context) {
            self.run = Box::pin(ready(ended));
        }
    }

    /// The paved path has failed, and this with it.
    pub(super) fn fail(mut self, reason: StopReason) {
        self.stop.fire(reason);
        let stopped = self.poll(&mut Context::from_waker(Waker::noop()));
        if let (Poll::Ready((_, Err(error))), Some(completing)) = (stopped, self.completing.take()) {
            completing.fail(error);
        }
    }

    /// The peer has no use for more, so that it is done.
    pub(super) fn conclude(mut self) {
        let over = self.poll(&mut Context::from_waker(Waker::noop()));
        if let (Poll::Ready((_, sent)), Some(completing)) = (over, self.completing.take()) {
            match sent {
                Ok(()) => completing.complete(Some(self.done.status), ()),
                Err(error) => completing.fail(error),
            }
        }
    }
}

impl RequestActor {
    /// What goes on beside the state.
    pub(super) fn send_side(&self) -> SendSide {
        match &self.sends {
            Sends::Nothing | Sends::Failed(_) => SendSide::Over,
            Sends::Open(_) => SendSide::Open,
            Sends::Running(_) | Sends::Adopted(_) => SendSide::Busy,
        }
    }

    /// A call in flight, or one that rests, by which all that are can be stopped.
    pub(super) fn in_flight(&self) -> Option<&Running<Self>> {
        match (&self.running, &self.sends) {
            (Some(running), _) => Some(running),
            (None, Sends::Running(beside)) => Some(beside),
            (None, _) => self.resting.as_ref(),
        }
    }

    pub(super) fn stop_beside(&mut self, reason: StopReason, context: &mut actix::Context<Self>) {
        if let Sends::Running(beside) = &self.sends {
            beside.stop(reason)(self, context);
        }
    }

    /// The paved path was still sending when it came to its end.
    #[cold]
    pub(super) fn goes_on(&mut self, beside: Box<Beside>, failed: Option<&Error>, is_complete: bool) {
        match failed {
            Some(error) => {
                self.shared.broke(error, CloseReason::Cancelled);
                beside.fail(StopReason::Cancelled);
            }
            // The peer wants no more of it.
            None if is_complete => beside.conclude(),
            None => self.sends = Sends::Adopted(beside),
        }
    }

    /// What the paved path was still sending is not sent.
    pub(super) fn give_up_adopted(&mut self, reason: StopReason) {
        if matches!(self.sends, Sends::Adopted(_))
            && let Sends::Adopted(beside) = std::mem::take(&mut self.sends)
        {
            beside.fail(reason);
        }
    }

    /// Goes on with it, now that there is an actor.
    pub(super) fn adopt(&mut self, context: &mut actix::Context<Self>) {
        match std::mem::take(&mut self.sends) {
            Sends::Adopted(beside) => self.send_beside(context, self.shared.state(), *beside),
            sends => self.sends = sends,
        }
    }

    /// Begins to send beside the response, in this state.
    pub(super) fn send_beside(&mut self, context: &mut actix::Context<Self>, state: State, beside: Beside) {
        let Beside { ticket, stop, run, done, completing } = beside;
        let span = self.span.as_deref().map_or_else(Span::none, Span::clone);
        let run = run.instrument(span).into_actor(self);
        let work = Work::new(run.map(move |(upload, sent), actor: &mut Self, context| {
            actor.sends = Sends::Nothing;
            match sent {
                Ok(()) => actor.sent_beside(upload, &done, context),
                Err(error) => return actor.fails(upload, completing, error, context),
            }
            if let Some(completing) = completing {
                completing.complete(Some(done.status), ());
            }
            if !actor.shared.node.is_open() {
                actor.end(context);
            }
        }));
        self.sends = Sends::Running(Box::new(Running { ticket, stop, work: work.clone() }));
        self.shared.enter(Standing::new(state, SendSide::Busy));
        context.spawn(work);
    }

    fn sent_beside(&mut self, upload: Box<Upload>, done: &Done, context: &mut actix::Context<Self>) {
        let ends_body = done.ends_body || upload.is_complete();
        let is_due = !ends_body && std::mem::take(&mut self.ends_body) && self.shared.node.is_open();
        if is_due && upload.check_finish(&HeaderMap::new()).is_ok() {
            // Nobody is told of it but the server.
            let end = Beside::new(upload, Task::Finish(HeaderMap::new()), Ticket::default());
            self.send_beside(context, self.shared.state(), end);
        } else {
            self.sends = if ends_body { Sends::Nothing } else { Sends::Open(upload) };
        }
        match self.journey.take() {
            Some(mut journey) => {
                if ends_body {
                    journey.body_has_ended();
                }
                journey.settle_if_read(None);
                self.settle(&mut journey, false, None);
                self.journey = Some(journey);
            }
            // Who has it goes on with it.
            None => self.shared.enter(Standing::new(self.shared.state(), self.send_side())),
        }
    }

    /// The sending side has failed, and takes the other with it.
    fn fails(
        &mut self,
        upload: Box<Upload>,
        completing: Option<Telling>,
        error: Error,
        context: &mut actix::Context<Self>,
    ) {
        self.stop_reading_ahead(context);
        let reason = upload.close_reason;
        self.shared.broke(&error, reason);
        drop(upload);
        if let Some(completing) = completing {
            self.sends = Sends::Failed(Box::new((completing, error.clone())));
        }
        if let Some(running) = self.running.take() {
            running.stop(StopReason::Cancelled)(self, context);
        } else if let Some(mut journey) = self.journey.take() {
            journey.break_off(reason);
            self.settle(&mut journey, true, Some(&error));
        }
        self.tell_failed_beside();
        if !self.shared.node.is_open() {
            self.end(context);
        }
    }

    /// What becomes of the wire is told before, and that the other side has failed is told behind.
    fn tell_failed_beside(&mut self) {
        if let Sends::Failed(failed) = std::mem::take(&mut self.sends) {
            let (completing, error) = *failed;
            completing.fail(error);
        }
    }

    /// The other side has failed.
    pub(super) fn fail_beside(&mut self, error: &Error, context: &mut actix::Context<Self>) {
        self.running = None;
        if let Sends::Running(_) = &self.sends {
            self.shared.broke(error, CloseReason::Cancelled);
            self.stop_beside(StopReason::Cancelled, context);
        }
        self.tell_failed_beside();
    }
}

async fn perform(upload: &mut Upload, task: Task) -> Result<()> {
    match task {
        Task::Send(source) => upload.send(source).await,
        Task::Write(data) => upload.write(&data).await,
        Task::Finish(trailers) => upload.finish(&trailers).await,
    }
}
