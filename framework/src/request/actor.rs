//! The actor of one request: takes calls in the order the table allows, and runs one operation at a time.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use bytes::Bytes;
use http::HeaderMap;
use tracing::{Instrument, Span};

use super::flight::Unstarted;
use super::journey::Journey;
use super::messages::{
    Abandon, Amount, Facts, FinishBody, QueryDataAvailable, ReadData, ReceiveResponse, SendRequest, WriteData,
};
use super::operation::{Completing, Launch, Running, UnderWay, Work, cancelled};
use super::payload::Payload;
use super::reply::Reply;
use super::shared::Served;
use super::state::{Call, State};
use super::unclaimed::Unclaimed;
use crate::engine::thread_number;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage, WireState};
use crate::handle::{ActorGuard, Cancel, CloseHandle, Ending, Node, Stop, StopReason};
use crate::notification::Status;
use crate::protocol::http1::ResponseHead;
use crate::services::{Load, Services, WorkEnd, WorkGuard};

/// The actor of one request. It takes the messages of [`messages`](crate::messages); see [`Request::addr`](crate::Request::addr).
pub struct RequestActor {
    services: Arc<Services>,
    pub(super) owner: Arc<Node>,
    /// `None` where nobody follows it.
    pub(super) span: Option<Box<Span>>,
    pub(super) journey: Option<Box<Journey>>,
    pub(super) running: Option<Running<Self>>,
    /// Reads ahead, with the exchange, while no operation is in flight.
    pub(super) ahead: Option<Running<Self>>,
    unclaimed: Unclaimed,
    pub(super) work: Option<WorkGuard>,
    /// What it is to its lane.
    pub(super) load: Option<Load>,
    cancelled: bool,
    /// The handle ends when the wire is free, and before those who wait hear that nobody is left.
    _guard: ActorGuard,
    pub(super) shared: Served,
}

impl RequestActor {
    pub(super) fn new(unstarted: Unstarted, load: Option<Load>) -> Self {
        let Unstarted { shared, services, owner, guard } = unstarted;
        shared.works_here();
        let span = tracing::debug_span!(
            "hinternet.request",
            handle = shared.node.id().value(),
            method = %shared.method,
            origin = %shared.target.origin(),
        );
        let span = (!span.is_disabled()).then(|| Box::new(span));
        let (journey, running, ahead, work) = (None, None, None, None);
        let unclaimed = Unclaimed::default();
        Self {
            shared,
            services,
            owner,
            span,
            journey,
            running,
            ahead,
            unclaimed,
            work,
            load,
            cancelled: false,
            _guard: guard,
        }
    }

    fn accept(&mut self, call: Call, operation: Operation) -> Result<()> {
        let refused = self.shared.check(call, operation);
        if refused.is_err() && self.cancelled && matches!(self.shared.state(), State::Failed | State::Broken) {
            return Err(cancelled(operation));
        }
        refused
    }

    pub(super) fn begin(&mut self, headers: HeaderMap, payload: Payload, context: u64) -> Result<Box<Journey>> {
        self.accept(Call::Send, Operation::Send)?;
        let journey = Journey::begin(&self.shared, &self.services, &self.owner, headers, payload)?;
        let work = self.services.work.begin(Operation::Send)?;
        if let Some(mut last) = self.journey.take() {
            last.leave();
        }
        self.shared.forget_outcome();
        self.unclaimed = Unclaimed::default();
        self.cancelled = false;
        self.work = Some(work);
        if context != 0 {
            self.shared.node.set_context(context);
        }
        Ok(journey)
    }

    pub(super) fn resume(&mut self, call: Call, operation: Operation) -> Result<Box<Journey>> {
        self.accept(call, operation)?;
        self.unclaimed.forget();
        self.journey.take().ok_or_else(|| {
            Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, "the exchange is missing")
        })
    }

    /// Runs an operation beside the mailbox, so that it can be stopped. `told` names the completion of a success.
    fn launch<T: 'static>(
        &mut self,
        context: &mut Context<Self>,
        launch: Launch,
        mut journey: Box<Journey>,
        work: impl AsyncFnOnce(&mut Journey) -> Result<T> + 'static,
        told: impl FnOnce(&mut Self, &T) -> Option<Status> + 'static,
    ) -> Reply<T> {
        let Launch { operation, ticket, state, reads_ahead } = launch;
        self.shared.enter(state);
        journey.enter(operation);
        let (reply, answer) = Reply::later();
        let completing = Completing::new(&self.shared.node, Rc::clone(&journey.operation), answer);
        let under_way = UnderWay { journey, completing };
        let stop = Rc::new(Stop::default());
        let stopped = Rc::clone(&stop);
        // On the heap before it is wrapped any further: it is large, and every wrapping would move it.
        let run = Box::pin(async move {
            let mut under_way = under_way;
            let journey = &mut *under_way.journey;
            let deadline = journey.deadline();
            let stopped = stopped.or(deadline, pin!(work(journey))).await;
            let (result, over) = journey.outcome(stopped);
            (under_way, result, over)
        });
        let span = self.span.as_deref().map_or_else(Span::none, Span::clone);
        let run = run.instrument(span).into_actor(self);
        let work = Work::new(run.map(move |(under_way, result, over), actor: &mut Self, context| {
            let UnderWay { journey, completing } = under_way;
            actor.settle(&journey, over, result.as_ref().err());
            actor.journey = (!over).then_some(journey);
            match result {
                Ok(value) => {
                    let status = told(actor, &value);
                    completing.complete(status, value);
                }
                Err(error) => completing.fail(error),
            }
            if !actor.shared.node.is_open() {
                actor.end(context);
            } else if reads_ahead {
                actor.read_ahead(context);
            }
        }));
        self.running = Some(Running { ticket, stop, work: work.clone() });
        context.spawn(work);
        reply
    }

    /// An operation has ended: the state it leaves, and what a shutdown would count.
    pub(super) fn settle(&mut self, journey: &Journey, over: bool, error: Option<&Error>) -> Arc<Facts> {
        self.running = None;
        let state = if over {
            if self.shared.head().is_some() { State::Broken } else { State::Failed }
        } else {
            journey.state()
        };
        let facts = journey.facts();
        self.shared.set_facts(Arc::clone(&facts));
        self.shared.enter(state);
        if let Some(work) = &mut self.work {
            match (state, error.map(Error::wire_state)) {
                (State::Done, _) => work.is_now(WorkEnd::Completed),
                (_, Some(WireState::NotSent)) => work.is_now(WorkEnd::NeverSent),
                _ => work.is_now(WorkEnd::Cancelled),
            }
        }
        if matches!(state, State::Failed | State::Broken) || (state == State::Done && journey.end_told) {
            (self.work, self.load) = (None, None);
        }
        self.cancelled = over && error.is_some_and(Error::is_cancelled);
        facts
    }

    /// Nothing more will be asked.
    pub(super) fn leave(&mut self) {
        if let Some(mut journey) = self.journey.take() {
            journey.leave();
        }
        (self.work, self.load) = (None, None);
    }

    fn end(&mut self, context: &mut Context<Self>) {
        self.leave();
        context.stop();
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

impl Handler<SendRequest> for RequestActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: SendRequest, context: &mut Context<Self>) -> Reply<()> {
        let SendRequest { headers, payload, context: value, ticket } = message;
        self.stop_reading_ahead(context);
        match self.begin(headers, payload, value) {
            Ok(journey) => {
                let launch = Launch { operation: Operation::Send, ticket, state: State::Sending, reads_ahead: false };
                let work = async |journey: &mut Journey| journey.send().await;
                self.launch(context, launch, journey, work, |_, ()| Some(Status::SendRequestComplete))
            }
            Err(error) => Reply::now(Err(error)),
        }
    }
}

impl Handler<WriteData> for RequestActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: WriteData, context: &mut Context<Self>) -> Reply<()> {
        let WriteData { data, ticket } = message;
        let mut journey = match self.resume(Call::Write, Operation::Write) {
            Ok(journey) => journey,
            Err(error) => return Reply::now(Err(error)),
        };
        if let Err(error) = journey.check_write(&data) {
            self.journey = Some(journey);
            return Reply::now(Err(error));
        }
        let length = data.len() as u64;
        let launch = Launch { operation: Operation::Write, ticket, state: State::Writing, reads_ahead: false };
        let work = async move |journey: &mut Journey| journey.write(&data).await;
        self.launch(context, launch, journey, work, move |_, ()| Some(Status::WriteComplete(length)))
    }
}

impl Handler<FinishBody> for RequestActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: FinishBody, context: &mut Context<Self>) -> Reply<()> {
        let FinishBody { trailers, ticket } = message;
        let operation = Operation::Write;
        let mut journey = match self.resume(Call::Finish, operation) {
            Ok(journey) => journey,
            Err(error) => return Reply::now(Err(error)),
        };
        if let Err(error) = journey.check_finish(&trailers, operation) {
            self.journey = Some(journey);
            return Reply::now(Err(error));
        }
        let launch = Launch { operation, ticket, state: State::Writing, reads_ahead: false };
        let work = async move |journey: &mut Journey| journey.finish(&trailers, operation).await;
        self.launch(context, launch, journey, work, |_, ()| Some(Status::WriteComplete(0)))
    }
}

impl Handler<ReceiveResponse> for RequestActor {
    type Result = Reply<Arc<ResponseHead>>;

    fn handle(&mut self, message: ReceiveResponse, context: &mut Context<Self>) -> Self::Result {
        let ticket = message.ticket;
        if let Some(head) = self.unclaimed.take_head(ticket) {
            return Reply::now(Ok(head));
        }
        let operation = Operation::Receive;
        let mut journey = match self.resume(Call::Receive, operation) {
            Ok(journey) => journey,
            Err(error) => return Reply::now(Err(error)),
        };
        if let Err(error) = journey.check_finish(&HeaderMap::new(), operation) {
            self.journey = Some(journey);
            return Reply::now(Err(error));
        }
        let launch = Launch { operation, ticket, state: State::Receiving, reads_ahead: false };
        let work = async |journey: &mut Journey| journey.receive().await;
        self.launch(context, launch, journey, work, move |actor, head| {
            actor.unclaimed.hand_out_head(ticket, head);
            Some(Status::HeadersAvailable)
        })
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
            _ => self.unclaimed.came_back(ticket),
        }
    }
}

impl Handler<Cancel> for RequestActor {
    type Result = ();

    fn handle(&mut self, _: Cancel, context: &mut Context<Self>) {
        self.stop_reading_ahead(context);
        if let Some(running) = &self.running {
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
        match &self.running {
            Some(running) => running.stop(StopReason::Closing)(self, context),
            // The end of the node has stopped it.
            None if self.is_in_flight() => {}
            None => self.end(context),
        }
    }
}

impl std::fmt::Debug for RequestActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestActor")
    }
}
