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
use super::operation::{cancelled, tell_of};
use super::payload::Payload;
use super::retrying::Renewed;
use super::shared::{Served, Shared};
use super::state::State;
use crate::engine::{Crew, thread_number};
use crate::error::{Error, Operation};
use crate::handle::{ActorGuard, Commands, StopReason, in_time};
use crate::in_place::pinned;
use crate::reason::CloseReason;
use crate::reused::Reused;
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
            crew.spawn(|| {
                pinned(|| async move {
                    // Named first, and so dropped first where this never begins: those who wait hear of it when the handle has ended.
                    let actor = RequestActor::new(unstarted, load);
                    Context::with_receiver(receiver).into_future(actor).await;
                })
            });
        });
    }

    /// Sends the request on the shard of its origin, and receives what comes at once. The answer comes to the landing.
    #[inline]
    pub(super) fn launch(self, services: &Services, payload: Payload, renewed: Option<Box<Renewed>>) {
        let caller = thread_number();
        self.on_its_shard(services, move |unstarted, load, crew| {
            let mut actor = RequestActor::new(unstarted, load);
            let is_far = caller != thread_number();
            match actor.begin(HeaderMap::new(), payload, 0) {
                // On the heap from the first: it is large, and every step on the way there would move it.
                Ok(mut journey) => {
                    if let Some(renewed) = renewed {
                        journey.takes_the_place_of(*renewed);
                    }
                    let is_now = journey.follow_up.is_none() && crew.begins_at_once();
                    journey.looked = is_now.then_some(journey.times.started);
                    match actor.span.as_deref().cloned() {
                        None => crew.begin(|| pinned(|| fly(actor, journey, is_far))),
                        // A block of its own: what is done holds no span.
                        Some(span) => {
                            crew.begin(|| Box::pin(async move { fly(actor, journey, is_far).instrument(span).await }))
                        }
                    }
                }
                Err(error) => {
                    actor.shared.lands(Err(error), is_far);
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

/// A request under way. Dropped undone, by a crash or with its thread, it lets go of the wire, and completes then.
struct Flight {
    /// Until it has landed.
    journey: Option<Reused<Journey>>,
    is_far: bool,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let Some(journey) = self.journey.take() else { return };
        let (shared, operation) = (Arc::clone(&journey.shared), journey.operation);
        let _told = Interrupted { shared, operation, is_far: self.is_far };
        drop(journey);
    }
}

/// Completes a flight that came to nothing, also when what it carried panics as it is dropped.
struct Interrupted {
    shared: Arc<Shared>,
    operation: Operation,
    is_far: bool,
}

impl Drop for Interrupted {
    fn drop(&mut self) {
        self.shared.has_failed(self.shared.node.interrupted(self.operation), self.is_far);
    }
}

/// Sends, receives the head, and reads what of the body came with it, as one operation of a request that has no actor.
#[expect(clippy::manual_async_fn, reason = "an async fn keeps its arguments twice")]
fn fly(mut actor: RequestActor, journey: Reused<Journey>, is_far: bool) -> impl Future<Output = ()> {
    async move {
        actor.shared.enter(State::Sending);
        // The actor holds the handle open, and is dropped after it.
        let mut flight = Flight { journey: None, is_far };
        let journey = flight.journey.insert(journey);
        journey.enter(Operation::Send);
        journey.flies = true;
        let stopped = {
            let (deadline, run) = (journey.deadline(), pin!(journey.run()));
            let mut work = pin!(in_time(deadline, run));
            poll_fn(|context| {
                let polled = actor.shared.node.stop().poll(work.as_mut(), context);
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
        actor.settle(journey, over, result.as_ref().err());
        journey.flies = false;
        let result = result.map(|arrived| journey.reached(arrived));
        let journey = flight.journey.take();
        match result {
            Ok(reached) => {
                if reached.arrived.complete {
                    actor.shared.node.ends_by_itself();
                } else {
                    actor.journey = journey;
                }
                actor.shared.lands(Ok(reached), is_far);
            }
            Err(error) => {
                actor.shared.has_failed(error, is_far);
                // One that was given up while it received may be taken up again.
                actor.journey = journey.filter(|_| !over);
            }
        }
        // It would be moved to find that out.
        if !actor.shared.node.is_open() {
            return actor.leave();
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
    /// Its flight has failed.
    fn has_failed(&self, error: Error, is_far: bool) {
        tell_of(&error, &self.node);
        self.lands(Err(error), is_far);
    }

    /// Gives the tree the way to the actor.
    fn attach(&self) {
        let addr = self.mailbox.addr();
        self.node.attach(Commands { close: addr.clone().recipient(), cancel: Some(addr.clone().recipient()) });
    }
}
