//! A receive in the middle of which the request is sent again: given up then, it rests, and the next receive goes on with it.
//!
//! ```text
//!   receiving --given up, and something is on the wire--> resting --the next receive--> receiving
//!       |  given up at any other moment                      |  cancel, close
//!       v                                                    v
//!     stopped, the exchange is as it was                   stopped, the wire is closed
//! ```
//!
//! What is being sent belongs to the future that sends it. Begun anew, on another wire, it could be processed twice. While it rests it
//! is not polled: nothing happens, and nobody is told of anything, between two calls.

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use actix::{ActorFuture, AsyncContext};
use tracing::{Instrument, Span};

use super::actor::RequestActor;
use super::journey::Journey;
use super::messages::Ticket;
use super::operation::{Completing, Running, UnderWay, Work, stopped_by_caller};
use super::reply::{Answer, Reply};
use super::shared::Shared;
use super::state::{Call, Standing, State};
use crate::error::{Operation, Result, WireState};
use crate::handle::{Stop, StopReason};
use crate::notification::{NotificationMask as Mask, Status};
use crate::protocol::http1::ResponseHead;
use crate::reused::Reused;

type Head = Arc<ResponseHead>;

/// Who waits for the head.
pub(super) struct Asked {
    ticket: Ticket,
    completing: Completing<Head, Answer<Head>>,
}

/// Dropped undone, it lets go of the wire before it completes.
struct Receiving<R> {
    run: R,
    stop: Rc<Stop>,
    /// `None` while it rests.
    asked: Option<Asked>,
}

impl RequestActor {
    /// Receives the response head beside the mailbox.
    pub(super) fn launch_receiving(
        &mut self,
        context: &mut actix::Context<Self>,
        ticket: Ticket,
        mut journey: Reused<Journey>,
        ends_body: bool,
    ) -> Reply<Head> {
        journey.enter(Operation::Receive);
        let (reply, asked) = self.is_asked(ticket);
        let stop = Rc::new(Stop::default());
        let stopped = Rc::clone(&stop);
        let run = Box::pin(async move {
            let mut journey = journey;
            let deadline = journey.deadline();
            let stopped = stopped.or(deadline, pin!(receive(&mut journey, ends_body))).await;
            let ended = journey.outcome(stopped);
            (journey, ended)
        });
        let run = run.instrument(self.span.as_deref().map_or_else(Span::none, Span::clone));
        let work = Work::new(Receiving { run, stop: Rc::clone(&stop), asked: Some(asked) });
        self.running = Some(Running { ticket, stop, work: work.clone() });
        context.spawn(work);
        reply
    }

    /// Goes on with a receive that rests, if one does.
    pub(super) fn goes_on_receiving(&mut self, ticket: Ticket) -> Option<Reply<Head>> {
        self.resting.as_ref()?;
        if let Err(error) = self.accept(Call::Receive, Operation::Receive) {
            return Some(Reply::now(Err(error)));
        }
        let (reply, asked) = self.is_asked(ticket);
        self.asked_again = Some(Box::new(asked));
        self.running = self.resting.take().map(|resting| Running { ticket, ..resting });
        if self.shared.sends_again(SentAgain::Head) {
            // For the call before, that has ended with it.
            self.shared.node.emit(Mask::SEND_REQUEST, || Status::SendingRequest);
        }
        Some(reply)
    }

    fn is_asked(&mut self, ticket: Ticket) -> (Reply<Head>, Asked) {
        self.shared.enter(Standing::new(State::Receiving, self.send_side()));
        let (reply, answer) = Reply::later();
        (reply, Asked { ticket, completing: Completing::new(&self.shared.node, Operation::Receive, answer) })
    }

    /// The call is over, and what it was about is not.
    fn rests(&mut self, Asked { completing, .. }: Asked) {
        self.resting = self.running.take();
        self.ends_body = false;
        self.shared.enter(Standing::new(State::Sent, self.send_side()));
        let error = stopped_by_caller(Operation::Receive, StopReason::Abandoned);
        // It is not looked at how far it has got: nobody shall take it for safe to repeat.
        completing.fail(error.with_url(&self.shared.url()).with_wire_state(WireState::BodySent));
    }

    fn has_received(
        &mut self,
        mut journey: Reused<Journey>,
        (received, over): (Result<Head>, bool),
        asked: Option<Asked>,
        context: &mut actix::Context<Self>,
    ) {
        if received.is_err() && !over {
            self.is_given_up(&mut journey);
        }
        let Some(Asked { ticket, completing }) = asked else {
            // Stopped while it rested: that call was told of.
            self.resting = None;
            self.settle(&mut journey, over, received.as_ref().err());
            self.journey = (!over).then_some(journey);
            if !self.shared.node.is_open() {
                self.end(context);
            }
            return;
        };
        let told = move |actor: &mut Self, head: &Head| {
            actor.hands_out_head(ticket, head);
            Some(Status::HeadersAvailable)
        };
        self.complete(UnderWay { journey, completing }, (received, over), told, context);
    }
}

impl<R: Future<Output = (Reused<Journey>, (Result<Head>, bool))> + Unpin> ActorFuture<RequestActor> for Receiving<R> {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut RequestActor,
        own: &mut actix::Context<RequestActor>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let this = self.get_mut();
        if this.asked.is_none() {
            this.asked = actor.asked_again.take().map(|asked| *asked);
            if this.asked.is_none() && this.stop.reason().is_none() {
                return Poll::Pending;
            }
        }
        if this.stop.reason() == Some(StopReason::Abandoned)
            && !actor.shared.sends_again(SentAgain::Nothing)
            && let Some(asked) = this.asked.take()
        {
            this.stop.is_taken_back();
            actor.rests(asked);
            return Poll::Pending;
        }
        let (journey, ended) = ready!(Pin::new(&mut this.run).poll(context));
        actor.has_received(journey, ended, this.asked.take(), own);
        Poll::Ready(())
    }
}

async fn receive(journey: &mut Journey, ends_body: bool) -> Result<Head> {
    let received = journey.receive(ends_body).await;
    #[cfg(feature = "cache")]
    let received = journey.or_stored(received).await;
    received
}

/// What is being sent of a request that is sent again inside a receive.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum SentAgain {
    /// It is not, or nothing of it is on a wire.
    Nothing,
    Head,
    Body,
}

impl Shared {
    pub(super) fn is_sent_again(&self, what: SentAgain) {
        self.sent_again.store(what as u8, Ordering::Relaxed);
    }

    fn sends_again(&self, what: SentAgain) -> bool {
        self.sent_again.load(Ordering::Relaxed) == what as u8
    }
}
