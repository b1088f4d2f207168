//! How a request obeys the governor of its origin.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use super::journey::Journey;
use super::showing::Awaits;
use crate::clock;
use crate::error::{Error, Operation, Result, Stage, WireState};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::Governor;
use crate::origin::{Governed, Turn, Turns};
use crate::policy::governor::is_overload;
use crate::protocol::http1::ResponseHead;

impl Journey {
    /// Does it have to be let go?
    pub(super) fn is_governed(&self) -> bool {
        self.options.governor.is_some() || self.shared.services.terms.governors.of_all().is_some()
    }

    /// Waits until it is let go, if it has to be, before anything is done for it. One that is sent again was let go already.
    pub(super) async fn take_turn(&mut self, end: Option<Instant>) -> Result<()> {
        if !self.is_governed() {
            return Ok(());
        }
        if !self.shared.services.session.is_open() {
            return Err(self.shared.services.session.gone(Operation::Send));
        }
        let services = Arc::clone(&self.shared.services);
        let governors = &services.terms.governors;
        loop {
            let mut turns = Box::<Turns>::default();
            if let Some(governor) = self.options.governor {
                let gate = governors.gate(self.target().origin(), &governor);
                turns.origin = Some(self.wait_at(&gate, &governor, end).await?);
            }
            if let Some((governor, gate)) = governors.of_all() {
                turns.all = Some(self.wait_at(gate, governor, end).await?);
                // A pause may have begun while it stood in the line of all. Whoever waits for its end keeps nobody else from going.
                if turns.origin.as_ref().is_some_and(Turn::is_paused) {
                    continue;
                }
            }
            self.turns = Some(turns.go());
            return Ok(());
        }
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
        let Some(turn) = self.turns.as_mut().and_then(|turns| turns.origin.as_mut()) else { return };
        if let Some((length, reason)) = turn.answered(head.status(), head.headers()) {
            self.emit(Mask::QUEUED, || Status::OriginPaused { length, reason });
        }
    }

    /// An operation has ended: it may have shown that the server is overloaded, or that it was never asked.
    pub(super) fn came_to(&mut self, error: Option<&Error>) {
        let total = self.options.timeouts.total;
        let turn = self.turns.as_mut().and_then(|turns| turns.origin.as_mut());
        let (Some(turn), Some(error)) = (turn, error) else { return };
        if is_overload(error, total) {
            turn.failed();
        } else if matches!(error.stage(), Stage::Queue | Stage::Upgrade) && error.wire_state() == WireState::NotSent {
            turn.never_went();
        }
    }
}
