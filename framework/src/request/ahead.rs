//! Reading ahead for a caller on another thread: the next piece of the body is read while the last one is on its way.
//!
//! It is one piece, of at most [`LARGEST_CHUNK`]: an unread body still stops the peer. Nobody is told of it before it is asked
//! for, and whatever is asked next ends it first: what was read stays with the exchange.

use std::pin::pin;
use std::rc::Rc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::actor::RequestActor;
use super::journey::{Active, Journey};
use super::messages::Ticket;
use super::operation::{Running, Work};
use super::receiving::LARGEST_CHUNK;
use crate::handle::{Hold, Stop, StopReason};
use crate::reused::Reused;

/// Dropped undone, it lets go of the wire before the handle ends.
struct Reading {
    journey: Reused<Journey>,
    _hold: Hold,
}

impl RequestActor {
    /// Begins to read ahead, if there may be something to read.
    pub(super) fn read_ahead(&mut self, context: &mut Context<Self>) {
        let Some(journey) = self.journey.take_if(|journey| journey.may_read_ahead()) else { return };
        let stop = Rc::new(Stop::default());
        let stopped = Rc::clone(&stop);
        let reading = Reading { journey, _hold: self.shared.node.hold() };
        let run = Box::pin(async move {
            let mut reading = reading;
            let _read_or_stopped = stopped.or(None, pin!(reading.journey.read_ahead())).await;
            reading
        });
        let work = Work::new(run.into_actor(self).map(|reading, actor: &mut Self, _| {
            actor.ahead = None;
            actor.journey = Some(reading.journey);
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
    pub(super) fn may_read_ahead(&self) -> bool {
        let may_come = self
            .active
            .as_ref()
            .is_some_and(|active| active.exchange.has_head() && (!active.exchange.is_ended() || !self.is_decoded()));
        may_come && self.ahead.is_empty() && self.gathered.is_empty() && self.failed_ahead.is_none()
    }

    /// No limit of time counts while nobody reads. A failure is for the next one who does.
    pub(super) async fn read_ahead(&mut self) {
        if self.decoding.is_some() {
            return self.decode_ahead().await;
        }
        let Some(Active { lease, exchange, receiving, .. }) = &mut self.active else { return };
        lease.serve_from_afar();
        match exchange.read(lease, LARGEST_CHUNK).await {
            Ok(Some(piece)) => {
                receiving.moved(piece.len() as u64);
                #[cfg(feature = "cache")]
                if let Some(caching) = &mut self.caching {
                    caching.record(&piece);
                }
                self.sizes.response_body += piece.len() as u64;
                self.ahead = piece;
            }
            Ok(None) => {}
            Err(failure) => self.failed_ahead = Some(failure),
        }
    }
}
