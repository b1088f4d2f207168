//! Reading ahead for a caller on another thread: the next piece of the body is read while the last one is on its way.
//!
//! It is one piece, of at most [`LARGEST_AHEAD`]: an unread body still stops the peer. Nobody is told of it before it is asked
//! for, and whatever is asked next ends it first: what was read stays with the exchange.

use std::pin::pin;
use std::rc::Rc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::actor::RequestActor;
use super::journey::{Active, Journey};
use super::messages::Ticket;
use super::operation::{Running, Work};
use crate::handle::{Stop, StopReason};

impl RequestActor {
    /// Begins to read ahead, if there may be something to read.
    pub(super) fn read_ahead(&mut self, context: &mut Context<Self>) {
        let Some(journey) = self.journey.take_if(|journey| journey.may_read_ahead()) else { return };
        let stop = Rc::new(Stop::default());
        let stopped = Rc::clone(&stop);
        // Dropped undone, it lets go of the wire before the handle ends.
        let hold = self.shared.node.hold();
        let run = Box::pin(async move {
            let (mut journey, hold) = (journey, hold);
            let _read_or_stopped = stopped.or(None, pin!(journey.read_ahead())).await;
            (journey, hold)
        });
        let work = Work::new(run.into_actor(self).map(|(journey, _hold), actor: &mut Self, _| {
            actor.ahead = None;
            actor.journey = Some(journey);
        }));
        self.ahead = Some(Running { ticket: Ticket::default(), stop, work: work.clone() });
        context.spawn(work);
    }

    /// Something else is asked: the exchange comes back.
    pub(super) fn stop_reading_ahead(&mut self, context: &mut Context<Self>) {
        if let Some(ahead) = self.ahead.take() {
            ahead.stop(StopReason::Abandoned)(self, context);
        }
    }
}

impl Journey {
    fn may_read_ahead(&self) -> bool {
        let may_come =
            self.active.as_ref().is_some_and(|active| active.exchange.has_head() && !active.exchange.is_ended());
        may_come && self.ahead.is_empty() && self.gathered.is_empty() && self.failed_ahead.is_none()
    }

    /// No limit of time counts while nobody reads. A failure is for the next one who does.
    async fn read_ahead(&mut self) {
        let Some(Active { lease, exchange, receiving, .. }) = &mut self.active else { return };
        lease.serve_from_afar();
        match exchange.read(lease, LARGEST_AHEAD).await {
            Ok(Some(piece)) => {
                receiving.moved(piece.len() as u64);
                self.sizes.response_body += piece.len() as u64;
                self.ahead = piece;
            }
            Ok(None) => {}
            Err(failure) => self.failed_ahead = Some(failure),
        }
    }
}

/// Large enough that the way from thread to thread costs little beside reading it.
const LARGEST_AHEAD: usize = 256 * 1024;
