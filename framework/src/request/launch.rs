//! How an operation of a request runs: beside the mailbox, with the exchange, until it is done or stopped.

use std::pin::pin;
use std::rc::Rc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use tracing::{Instrument, Span};

use super::actor::RequestActor;
use super::journey::Journey;
use super::operation::{Completing, Launch, Running, UnderWay, Work};
use super::reply::{Answer, Reply};
use super::state::Standing;
use crate::error::Result;
use crate::handle::Stop;
use crate::notification::Status;
use crate::reused::Reused;

impl RequestActor {
    /// Runs an operation beside the mailbox, so that it can be stopped. `told` names the completion of a success.
    pub(super) fn launch<T: 'static>(
        &mut self,
        context: &mut Context<Self>,
        launch: Launch,
        journey: Reused<Journey>,
        work: impl AsyncFnOnce(&mut Journey) -> Result<T> + 'static,
        told: impl FnOnce(&mut Self, &T) -> Option<Status> + 'static,
    ) -> Reply<T> {
        let reads_ahead = launch.reads_ahead;
        self.launch_to(context, launch, journey, work, move |actor, under_way, ended, context| {
            actor.complete(under_way, ended, told, context);
            if reads_ahead && actor.shared.node.is_open() {
                actor.read_ahead(context);
            }
        })
    }

    /// The same, with whatever comes `then`.
    pub(super) fn launch_to<T: 'static>(
        &mut self,
        context: &mut Context<Self>,
        launch: Launch,
        mut journey: Reused<Journey>,
        work: impl AsyncFnOnce(&mut Journey) -> Result<T> + 'static,
        then: impl FnOnce(&mut Self, UnderWay<T, Answer<T>>, (Result<T>, bool), &mut Context<Self>) + 'static,
    ) -> Reply<T> {
        let Launch { operation, ticket, state, .. } = launch;
        self.shared.enter(Standing::new(state, self.send_side()));
        journey.enter(operation);
        let (reply, answer) = Reply::later();
        let completing = Completing::new(&self.shared.node, operation, answer);
        let under_way = UnderWay { journey, completing };
        let stop = Rc::new(Stop::default());
        let stopped = Rc::clone(&stop);
        // On the heap before it is wrapped any further: it is large, and every wrapping would move it.
        let run = Box::pin(async move {
            let mut under_way = under_way;
            let journey = &mut *under_way.journey;
            let deadline = journey.deadline();
            let stopped = stopped.or(deadline, pin!(work(journey))).await;
            let ended = journey.outcome(stopped);
            (under_way, ended)
        });
        let span = self.span.as_deref().map_or_else(Span::none, Span::clone);
        let run = run.instrument(span).into_actor(self);
        let work = Work::new(run.map(move |(under_way, ended), actor: &mut Self, context| {
            then(actor, under_way, ended, context);
        }));
        self.running = Some(Running { ticket, stop, work: work.clone() });
        context.spawn(work);
        reply
    }

    /// An operation has ended, and the exchange with it if that is `over`.
    pub(super) fn complete<T: 'static>(
        &mut self,
        under_way: UnderWay<T, Answer<T>>,
        (result, over): (Result<T>, bool),
        told: impl FnOnce(&mut Self, &T) -> Option<Status>,
        context: &mut Context<Self>,
    ) {
        let UnderWay { mut journey, completing } = under_way;
        if let Err(error) = &result
            && over
        {
            self.fail_beside(error, context);
        }
        self.settle(&mut journey, over, result.as_ref().err());
        self.journey = (!over).then_some(journey);
        match result {
            Ok(value) => {
                let status = told(self, &value);
                completing.complete(status, value);
            }
            Err(error) => completing.fail(error),
        }
        if !self.shared.node.is_open() {
            self.end(context);
        }
    }
}
