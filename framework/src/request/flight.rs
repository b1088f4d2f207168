//! The paved path: a request that is sent and answered by one task. It becomes an actor when there is something left to ask.
//!
//! ```text
//!                      the whole response arrived
//!   Unstarted --> fly ----------------------------> the handle is closed; there never was an actor
//!                  |   more of the body to come, or an error
//!                  +------------------------------> the actor, with the exchange as it stands
//! ```

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task;

use actix::Context;
use actix::dev::EnvelopeProxy;
use http::HeaderMap;
use tokio::task::spawn_local;
use tracing::Instrument;

use super::actor::RequestActor;
use super::beside::Sends;
use super::journey::Journey;
use super::landing::Lands;
use super::messages::Reached;
use super::operation::{Completing, UnderWay, cancelled};
use super::payload::Payload;
use super::reply::Gives;
use super::retrying::Renewed;
use super::shared::{Served, Shared};
use super::state::State;
use crate::engine::{Crew, thread_number};
use crate::error::Operation;
use crate::handle::{ActorGuard, Commands, StopReason};
use crate::in_place::pinned;
use crate::reason::CloseReason;
use crate::services::{Load, Services};

/// A request whose handle is open, and whose actor has not started. Dropped, as by a shard that has stopped, it ends the handle.
pub(super) struct Unstarted {
    pub(super) guard: ActorGuard,
    /// Dropped last: those who wait hear that nobody is left when the handle has ended.
    pub(super) shared: Served,
}

impl Unstarted {
    /// Starts the actor on the shard of the request's origin.
    pub(super) fn start(self, services: &Services) {
        let Some(receiver) = self.shared.mailbox.open() else { return };
        self.shared.attach();
        self.on_its_shard(services, |unstarted, load, crew| {
            crew.spawn(pinned(|| Context::with_receiver(receiver).into_future(RequestActor::new(unstarted, load))));
        });
    }

    /// Sends the request on the shard of its origin, and receives what comes at once. The answer comes to the landing.
    pub(super) fn launch(self, services: &Services, payload: Payload, renewed: Option<Box<Renewed>>) {
        let caller = thread_number();
        self.on_its_shard(services, move |unstarted, load, crew| {
            let mut actor = RequestActor::new(unstarted, load);
            let answer = Lands::new(Arc::clone(&actor.shared), caller);
            match actor.begin(HeaderMap::new(), payload, 0) {
                // On the heap from the first: it is large, and every step on the way there would move it.
                Ok(mut journey) => {
                    if let Some(renewed) = renewed {
                        journey.takes_the_place_of(*renewed);
                    }
                    match actor.span.as_deref().cloned() {
                        None => crew.begin(pinned(|| fly(actor, journey, answer))),
                        Some(span) => crew.begin(Box::pin(fly(actor, journey, answer).instrument(span))),
                    }
                }
                Err(error) => {
                    answer.give(Err(error));
                    actor.stand_by();
                }
            }
        });
    }

    /// Has a job done there. On a shard that has stopped it is dropped, and all with it.
    fn on_its_shard(self, services: &Services, job: impl FnOnce(Self, Option<Box<Load>>, &Crew) + Send + 'static) {
        services.shard_for(self.shared.target.origin()).begin(move |load, crew| job(self, load, crew));
    }
}

/// Sends, receives the head, and reads what of the body came with it, as one operation of a request that has no actor.
#[expect(clippy::manual_async_fn, reason = "an async fn keeps its arguments twice")]
fn fly(mut actor: RequestActor, journey: Box<Journey>, answer: Lands) -> impl Future<Output = ()> {
    async move {
        actor.shared.enter(State::Sending);
        let completing = Completing::new(&actor.shared.node, Rc::clone(&journey.operation), answer);
        let mut under_way = UnderWay { journey, completing };
        let UnderWay { journey, completing } = &mut under_way;
        journey.enter(Operation::Send);
        let stopped = {
            let (deadline, work) = (journey.deadline(), pin!(journey.run()));
            let mut stopped = pin!(completing.node().stop().or(deadline, work));
            poll_fn(|context| {
                let polled = stopped.as_mut().poll(context);
                if polled.is_pending() {
                    actor.hear(context);
                }
                polled
            })
            .await
        };
        let (result, over) = journey.outcome(stopped);
        if let Some(beside) = journey.beside.take() {
            actor.goes_on(beside, result.as_ref().err().filter(|_| over), journey.is_complete());
        }
        let facts = actor.settle(journey, over, result.as_ref().err());
        let UnderWay { journey, completing } = under_way;
        match result {
            Ok(arrived) => {
                if arrived.complete {
                    completing.node().ends_by_itself();
                } else {
                    actor.journey = Some(journey);
                }
                completing.complete(None, Reached { arrived, facts });
            }
            Err(error) => {
                // One that was given up while it received may be taken up again.
                actor.journey = (!over).then_some(journey);
                completing.fail(error);
            }
        }
        actor.stand_by();
    }
}

impl RequestActor {
    /// Is a flight under way, and this not an actor yet?
    pub(super) fn is_in_flight(&self) -> bool {
        self.running.is_none() && self.shared.state() == State::Sending
    }

    /// What it is sent before it starts: every call is out of order, and `Cancel` and `CloseHandle` stop the flight.
    fn hear(&mut self, context: &mut task::Context<'_>) {
        while let Some(mut message) = self.shared.mailbox.poll(context) {
            message.handle(self, &mut Context::new());
        }
    }

    /// A cancel between two operations ends what is left of the exchange.
    pub(super) fn cancel_rest(&mut self) {
        if let Some(mut journey) = self.journey.take_if(|journey| !journey.is_complete() || journey.is_sent_again()) {
            let broken_by = self.shared.broken_by().map(|(error, _)| error);
            let error = broken_by.unwrap_or_else(|| journey.name(cancelled(Operation::Read)));
            if let Sends::Adopted(_) = &self.sends {
                self.shared.broke(&error, CloseReason::Cancelled);
            }
            journey.break_off(CloseReason::Cancelled);
            self.give_up_adopted(StopReason::Cancelled);
            self.settle(&mut journey, true, Some(&error));
        }
        // One that came too late is no cause of what is cancelled next.
        drop(self.shared.node.stop().take_cause());
    }

    /// Starts it, on this thread, for what may still be asked; if the handle has ended, that is nothing.
    fn stand_by(mut self) {
        if !self.shared.node.is_open() {
            return self.leave();
        }
        let Some(receiver) = self.shared.mailbox.open() else { return self.leave() };
        self.shared.attach();
        // What came too late for the operation is meant for what is left of the exchange, and not for what is asked next. From
        // here on a cancel is a message.
        if self.shared.node.stop().reason() == Some(StopReason::Cancelled) {
            self.cancel_rest();
        }
        let mut context = Context::with_receiver(receiver);
        self.adopt(&mut context);
        spawn_local(context.into_future(self));
    }
}

impl Shared {
    /// Gives the tree the way to the actor.
    fn attach(&self) {
        let addr = self.mailbox.addr();
        self.node.attach(Commands { close: addr.clone().recipient(), cancel: Some(addr.clone().recipient()) });
    }
}
