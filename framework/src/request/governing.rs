//! How a request obeys the governor of its origin.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use super::journey::Journey;
use super::showing::Awaits;
use crate::clock;
use crate::error::{Error, Operation, Result, Stage};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::Governor;
use crate::origin::{Governed, Turn};
use crate::protocol::http1::ResponseHead;

impl Journey {
    /// Waits until the request is let go, before anything is done for it. One that is sent again was let go already.
    pub(super) async fn take_turn(&mut self, end: Option<Instant>) -> Result<()> {
        if self.options.governor.is_none() && self.services.terms.governors.of_all().is_none() {
            return Ok(());
        }
        if self.turns.origin.is_some() || self.turns.all.is_some() {
            return Ok(());
        }
        // Boxed, as all that not every request needs: it would make room for itself in every operation.
        Box::pin(self.wait_for_turn(end)).await
    }

    async fn wait_for_turn(&mut self, end: Option<Instant>) -> Result<()> {
        if !self.services.session.is_open() {
            return Err(self.services.session.gone(Operation::Send));
        }
        let services = Arc::clone(&self.services);
        let governors = &services.terms.governors;
        if let Some(governor) = self.options.governor {
            let gate = governors.gate(self.shared.target.origin(), &governor);
            let turn = self.wait_at(&gate, &governor, end).await?;
            self.turns.origin = Some(turn);
        }
        if let Some((governor, gate)) = governors.of_all() {
            let turn = self.wait_at(gate, governor, end).await?;
            self.turns.all = Some(turn);
        }
        Ok(())
    }

    async fn wait_at(&mut self, gate: &Arc<Governed>, governor: &Governor, end: Option<Instant>) -> Result<Turn> {
        let place = match gate.ask(governor, self.options.priority, self.shared.node.id()) {
            Ok(turn) => return Ok(turn),
            Err(place) => place,
        };
        self.stage = Stage::Queue;
        self.shared.now_awaits(Awaits::Turn);
        self.emit(Mask::QUEUED, || Status::Queued { position: place.position() });
        clock::until(end, pin!(place)).await.map_err(|_| {
            let waited = self.options.timeouts.queue.unwrap_or_default();
            self.name(Error::timeout(Operation::Send, Stage::Queue, waited))
        })
    }

    /// The answer begins: it may say that the server is busy.
    pub(super) fn was_answered(&mut self, head: &ResponseHead) {
        let Some(turn) = &mut self.turns.origin else { return };
        if let Some((length, reason)) = turn.answered(head.status(), head.headers()) {
            self.emit(Mask::QUEUED, || Status::OriginPaused { length, reason });
        }
    }

    /// An operation has ended: it may have shown that the server is overloaded.
    pub(super) fn came_to(&self, error: Option<&Error>) {
        if let (Some(turn), Some(error)) = (&self.turns.origin, error)
            && (error.is_timeout() || error.is_connect())
            // A wire that there is no place for is not the server's doing.
            && error.stage() != Stage::Queue
        {
            turn.failed();
        }
    }
}
