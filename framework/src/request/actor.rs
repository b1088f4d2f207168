//! The actor of one request: takes calls in the order the table allows, and runs one operation at a time.

use std::sync::Arc;

use actix::{Actor, ActorContext, Context, Handler};
use bytes::Bytes;
use http::HeaderMap;
use tracing::Span;

use super::aim::Aim;
use super::beside::Sends;
use super::flight::Unstarted;
use super::journey::Journey;
use super::messages::{Abandon, Amount, QueryDataAvailable, ReadData, ReceiveResponse, Ticket};
use super::operation::{Launch, Running, cancelled};
use super::payload::Payload;
use super::reply::Reply;
use super::resting::{Asked, SentAgain};
use super::shared::Served;
use super::state::{Call, SendSide, Standing, State};
use super::unclaimed::Unclaimed;
use crate::engine::thread_number;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage, WireState};
use crate::handle::{ActorGuard, Cancel, CloseHandle, Ending, StopReason};
use crate::notification::Status;
use crate::protocol::http1::ResponseHead;
use crate::reused::Reused;
use crate::services::{Load, WorkEnd};

/// The actor of one request. It takes the messages of [`messages`](crate::messages); see [`Request::addr`](crate::Request::addr).
///
/// An example is at [`messages`](crate::messages).
pub struct RequestActor {
    /// `None` where nobody follows it.
    pub(super) span: Option<Box<Span>>,
    pub(super) journey: Option<Reused<Journey>>,
    pub(super) running: Option<Running<Self>>,
    /// A receive that was given up while the request was being sent again.
    pub(super) resting: Option<Running<Self>>,
    /// Who goes on with that.
    pub(super) asked_again: Option<Box<Asked>>,
    /// Reads ahead, with the exchange, while no operation is in flight.
    pub(super) ahead: Option<Running<Self>>,
    /// What sends beside the response, where something does or may.
    pub(super) sends: Sends,
    /// The response was asked for, and ends the body when the call in flight is done.
    pub(super) ends_body: bool,
    unclaimed: Unclaimed,
    /// It counts as work of its session, that would end so now.
    pub(super) work: Option<WorkEnd>,
    /// What it is to its lane.
    pub(super) load: Option<Box<Load>>,
    cancelled: bool,
    /// The handle ends when the wire is free, and before those who wait hear that nobody is left.
    _guard: ActorGuard,
    pub(super) shared: Served,
}

impl RequestActor {
    pub(super) fn new(unstarted: Unstarted, load: Option<Box<Load>>) -> Self {
        let Unstarted { shared, guard } = unstarted;
        shared.works_here();
        let span = tracing::debug_span!(
            "hinternet.request",
            handle = shared.node.id().value(),
            method = %shared.method,
            origin = %shared.target.origin(),
            annotation = tracing::field::Empty,
        );
        let span = (!span.is_disabled()).then(|| {
            if let Some(annotation) = shared.annotation() {
                span.record("annotation", &*annotation);
            }
            Box::new(span)
        });
        let (journey, running, resting, asked_again, ahead, work) = (None, None, None, None, None, None);
        let unclaimed = Unclaimed::default();
        Self {
            shared,
            span,
            journey,
            running,
            resting,
            asked_again,
            ahead,
            sends: Sends::Nothing,
            ends_body: false,
            unclaimed,
            work,
            load,
            cancelled: false,
            _guard: guard,
        }
    }

    pub(super) fn accept(&mut self, call: Call, operation: Operation) -> Result<()> {
        let refused = self.shared.check(call, operation);
        if refused.is_err() && matches!(self.shared.state(), State::Failed | State::Broken) {
            if let Some((error, _)) = self.shared.broken_by() {
                return Err(error.in_operation(operation));
            }
            if self.cancelled {
                return Err(cancelled(operation));
            }
        }
        refused
    }

    pub(super) fn begin(&mut self, headers: HeaderMap, payload: Payload, context: u64) -> Result<Reused<Journey>> {
        self.accept(Call::Send, Operation::Send)?;
        let mut journey = Journey::begin(&self.shared, headers, payload)?;
        let work = self.shared.services.work.begin(Operation::Send)?;
        self.ends_work();
        self.work = Some(work);
        if let Some(mut last) = self.journey.take() {
            last.leave();
            // The next leg goes over the wire that the last one has left.
            journey.own_origin = last.own_origin.take();
        }
        (self.sends, self.ends_body) = (Sends::Nothing, false);
        self.shared.is_sent_again(SentAgain::Nothing);
        if self.shared.state() != State::Opened {
            self.shared.forget_outcome();
        }
        if let Some(moved) = journey.aim.moved() {
            // Only now: a send that was refused has changed nothing.
            self.shared.draft().aim = Aim::default();
            self.shared.moved_to(&moved.target);
        }
        self.unclaimed = Unclaimed::default();
        self.cancelled = false;
        if context != 0 {
            self.shared.node.set_context(context);
        }
        Ok(journey)
    }

    pub(super) fn resume(&mut self, call: Call, operation: Operation) -> Result<Reused<Journey>> {
        self.accept(call, operation)?;
        self.unclaimed.forget();
        self.journey.take().ok_or_else(|| missing(operation))
    }

    /// An operation has ended: the state it leaves, and what a shutdown would count.
    pub(super) fn settle(&mut self, journey: &mut Journey, over: bool, error: Option<&Error>) {
        self.running = None;
        journey.came_to(error);
        let head = journey.unshown.take();
        let state = if over {
            if head.is_some() || self.shared.head().is_some() { State::Broken } else { State::Failed }
        } else {
            journey.state()
        };
        self.shared.set_facts(head, || journey.facts());
        let send_side = if over { SendSide::Over } else { self.send_side() };
        self.shared.enter(Standing::new(state, send_side));
        if let Some(work) = &mut self.work {
            match (state, error.map(Error::wire_state)) {
                (State::Done, _) => *work = WorkEnd::Completed,
                (_, Some(WireState::NotSent)) => *work = WorkEnd::NeverSent,
                _ => *work = WorkEnd::Cancelled,
            }
        }
        let is_done = state == State::Done && journey.end_told && send_side != SendSide::Busy;
        if is_done || matches!(state, State::Failed | State::Broken) {
            self.ends_work();
            self.load = None;
        }
        self.cancelled = over && error.is_some_and(Error::is_cancelled);
    }

    /// Nothing more will be asked.
    pub(super) fn leave(&mut self) {
        // What becomes of the wire is told before.
        if let Some(mut journey) = self.journey.take() {
            journey.leave();
        }
        self.give_up_adopted(StopReason::Closing);
        self.ends_work();
        self.load = None;
    }

    fn ends_work(&mut self) {
        if let Some(end) = self.work.take() {
            self.shared.services.work.ends(end);
        }
    }

    pub(super) fn end(&mut self, context: &mut Context<Self>) {
        self.stop_beside(StopReason::Closing, context);
        if let Some(resting) = self.resting.take() {
            resting.stop(StopReason::Closing)(self, context);
        }
        self.leave();
        context.stop();
    }

    pub(super) fn hands_out_head(&mut self, ticket: Ticket, head: &Arc<ResponseHead>) {
        self.unclaimed.hand_out_head(ticket, head);
    }

    fn read(&mut self, message: &ReadData, context: &mut Context<Self>) -> Reply<Bytes> {
        let ReadData { amount, ticket, caller } = *message;
        let reads_ahead = amount == Amount::Available && caller.is_some_and(|caller| caller != thread_number());
        self.stop_reading_ahead(context);
        if matches!(amount, Amount::AtMost(0) | Amount::Exactly(0)) {
            let detail = "a read of 0 octets could not be told from the end of the body";
            return Reply::now(Err(Error::parameter(Operation::Read, detail)));
        }
        if let Some(journey) = self.journey.as_mut().filter(|journey| !journey.is_complete())
            && self.unclaimed.falls_short_of(amount)
        {
            journey.put_back(&self.unclaimed.take_all());
        } else if let Some(data) = self.unclaimed.take_data(amount, ticket) {
            return Reply::now(Ok(data));
        }
        match self.resume(Call::Read, Operation::Read) {
            Ok(journey) => self.launch(
                context,
                Launch { operation: Operation::Read, ticket, state: State::Reading, reads_ahead },
                journey,
                async move |journey| journey.read(amount).await,
                move |actor, data| {
                    actor.unclaimed.hand_out_data(ticket, data);
                    let told_before = actor.journey.as_ref().map_or(0, |journey| journey.told_before);
                    let new = data.len() - told_before;
                    // 0 would be the end of the body: what is only given again is not told of again.
                    (new > 0 || data.is_empty()).then_some(Status::ReadComplete(new as u64))
                },
            ),
            Err(error) => Reply::now(Err(error)),
        }
    }
}

impl Actor for RequestActor {
    type Context = Context<Self>;
}

impl Handler<ReceiveResponse> for RequestActor {
    type Result = Reply<Arc<ResponseHead>>;

    fn handle(&mut self, message: ReceiveResponse, context: &mut Context<Self>) -> Self::Result {
        let ticket = message.ticket;
        if let Some(head) = self.unclaimed.take_head(ticket) {
            return Reply::now(Ok(head));
        }
        if let Some(reply) = self.goes_on_receiving(ticket) {
            return reply;
        }
        let operation = Operation::Receive;
        let mut journey = match self.resume(Call::Receive, operation) {
            Ok(journey) => journey,
            Err(error) => return Reply::now(Err(error)),
        };
        let ends_body = self.send_side() != SendSide::Busy && !journey.payload.0.goes_on_beside();
        let refused = if ends_body {
            journey.check_finish(&HeaderMap::new(), operation)
        } else {
            journey.check_beside(operation)
        };
        if let Err(error) = refused {
            self.journey = Some(journey);
            return Reply::now(Err(error));
        }
        if ends_body && let Sends::Open(upload) = std::mem::take(&mut self.sends) {
            journey.rejoin(*upload);
        }
        // Behind the call that is in flight.
        self.ends_body = !ends_body && !journey.payload.0.goes_on_beside();
        self.launch_receiving(context, ticket, journey, ends_body)
    }
}

impl Handler<QueryDataAvailable> for RequestActor {
    type Result = Reply<u64>;

    fn handle(&mut self, message: QueryDataAvailable, context: &mut Context<Self>) -> Reply<u64> {
        let operation = Operation::QueryDataAvailable;
        self.stop_reading_ahead(context);
        if let Some(octets) = self.unclaimed.data_available() {
            return Reply::now(Ok(octets));
        }
        match self.resume(Call::QueryDataAvailable, operation) {
            Ok(journey) => {
                let launch = Launch { operation, ticket: message.ticket, state: State::Reading, reads_ahead: false };
                let work = async |journey: &mut Journey| journey.query_available().await;
                self.launch(context, launch, journey, work, |actor, octets| {
                    // What is only given again is not promised again.
                    let told_before = actor.journey.as_ref().map_or(0, |journey| journey.put_back as u64);
                    (*octets > told_before || *octets == 0).then_some(Status::DataAvailable(*octets))
                })
            }
            Err(error) => Reply::now(Err(error)),
        }
    }
}

impl Handler<ReadData> for RequestActor {
    type Result = Reply<Bytes>;

    fn handle(&mut self, message: ReadData, context: &mut Context<Self>) -> Reply<Bytes> {
        self.read(&message, context)
    }
}

impl Handler<Abandon> for RequestActor {
    type Result = ();

    fn handle(&mut self, Abandon(ticket): Abandon, context: &mut Context<Self>) {
        match &self.running {
            Some(running) if running.ticket == ticket => running.stop(StopReason::Abandoned)(self, context),
            _ => match &self.sends {
                Sends::Running(beside) if beside.ticket == ticket => self.stop_beside(StopReason::Abandoned, context),
                _ => self.unclaimed.came_back(ticket),
            },
        }
    }
}

impl Handler<Cancel> for RequestActor {
    type Result = ();

    fn handle(&mut self, _: Cancel, context: &mut Context<Self>) {
        self.stop_reading_ahead(context);
        // What runs beside it is stopped with it.
        if let Some(running) = self.in_flight() {
            running.stop(StopReason::Cancelled)(self, context);
        } else if self.is_in_flight() {
            self.shared.node.stop().fire(StopReason::Cancelled);
        } else {
            self.cancel_rest();
        }
    }
}

impl Handler<CloseHandle> for RequestActor {
    type Result = ();

    fn handle(&mut self, _: CloseHandle, context: &mut Context<Self>) {
        self.shared.node.close(Ending::Closed);
        self.stop_reading_ahead(context);
        match self.in_flight() {
            Some(running) => running.stop(StopReason::Closing)(self, context),
            // The end of the node has stopped it.
            None if self.is_in_flight() => {}
            None => self.end(context),
        }
    }
}

/// A call was taken without what it needs.
pub(super) fn missing(operation: Operation) -> Error {
    Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, "the exchange is missing")
}

impl Drop for RequestActor {
    fn drop(&mut self) {
        // Counted out behind what it has of the wire itself, also if that panics.
        let _ends = self.work.take().map(|end| self.shared.services.work.guard(end));
        (self.journey, self.running, self.resting, self.ahead) = (None, None, None, None);
        (self.asked_again, self.sends) = (None, Sends::Nothing);
    }
}

impl std::fmt::Debug for RequestActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestActor")
    }
}
