//! The total deadline of an exchange: when it passes, and at which stage it finds the exchange.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::journey::Journey;
use super::showing::Awaits;
use crate::clock;
use crate::error::{Error, Operation, Result, Stage, WireState};
use crate::notification::{NotificationMask as Mask, Status};
use crate::reason::CloseReason;

impl Journey {
    /// An operation begins; until it says more it is where its first wait will be.
    pub(super) fn enter(&mut self, operation: Operation) {
        self.operation = operation;
        // A call that was given up may have left it.
        self.asking = None;
        let (stage, awaits) = match operation {
            Operation::Send => (Stage::Queue, Awaits::Nothing),
            Operation::Write => (Stage::SendBody, Awaits::Window),
            Operation::Receive => (Stage::FirstByte, Awaits::Server),
            _ => (Stage::Body, Awaits::Server),
        };
        self.stage = stage;
        self.shared.now_awaits(awaits);
    }

    /// When it has to be over; `None` is never, or that it is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let total = self.options.timeouts.total?;
        let handed_out = self.shared.head().is_some() && self.is_complete();
        if handed_out { None } else { self.times.started.checked_add(total) }
    }

    /// What is being waited for.
    pub(super) fn stage(&self) -> Stage {
        if self.away.is_some() {
            return self.shared.stage_afar();
        }
        let sent = self.active.as_ref().map(|active| active.exchange.wire_state());
        match (&self.asking, self.stage) {
            (Some(asking), _) => asking.stage.get(),
            // Larger first data goes out behind the head.
            (None, Stage::SendHead) if matches!(sent, Some(WireState::HeadSent | WireState::BodyPartly(_))) => {
                Stage::SendBody
            }
            (None, Stage::FirstByte) if self.wire_state() == WireState::ResponseStarted => Stage::Head,
            (None, stage) => stage,
        }
    }

    /// The total deadline has passed.
    pub(super) fn overdue(&mut self) -> Error {
        let total = self.options.timeouts.total.unwrap_or_default();
        let detail = format!("the total deadline of {total:?} passed");
        self.late(Error::too_late(self.operation, self.stage(), total, detail))
    }

    /// When the wait for a wire that begins now has to be over.
    pub(super) fn queue_end(&self) -> Option<Instant> {
        let queue = self.options.timeouts.queue?;
        clock::now().checked_add(queue)
    }

    /// A subscriber with too much unhandled makes new operations wait (contract C.8), and so does a governor.
    pub(super) async fn wait_for_leave(&mut self, end: Option<Instant>) -> Result<()> {
        if self.needs_leave() { self.leave_by(end).await } else { Ok(()) }
    }

    #[inline]
    pub(super) fn needs_leave(&self) -> bool {
        self.shared.node.subscribers().exhausted().is_some() || self.is_governed()
    }

    /// Boxed, as all that rarely happens: it would make room for itself in every operation.
    #[cold]
    pub(super) fn leave_by(&mut self, end: Option<Instant>) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(async move {
            self.wait_for_slow_subscribers(end).await?;
            self.take_turn(end).await
        })
    }

    /// The same, for as long as one may wait in a queue. The clock is only looked at if there is one.
    pub(super) async fn wait_in_line(&mut self) -> Result<()> {
        if self.shared.node.subscribers().exhausted().is_some() {
            let end = self.queue_end();
            Box::pin(self.wait_for_slow_subscribers(end)).await?;
        }
        Ok(())
    }

    async fn wait_for_slow_subscribers(&mut self, end: Option<Instant>) -> Result<()> {
        if self.shared.node.subscribers().exhausted().is_none() {
            return Ok(());
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Queue);
        let awaited = self.shared.awaits.swap(Awaits::Subscriber as u8, Ordering::Relaxed);
        self.emit(Mask::QUEUED, || Status::Queued { position: 0 });
        while let Some(change) = self.shared.node.subscribers().exhausted() {
            let (mut change, beside) = (pin!(change), &mut self.beside);
            // What is being sent meanwhile is no new operation.
            let change = poll_fn(|context| {
                if let Some(beside) = beside {
                    beside.go_on(context);
                }
                change.as_mut().poll(context)
            });
            if clock::until(end, pin!(change)).await.is_err() {
                let waited = self.options.timeouts.queue.unwrap_or_default();
                let detail = format!("a subscriber left too much unhandled for {waited:?}");
                return Err(self.late(Error::too_late(self.operation, Stage::Queue, waited, detail)));
            }
        }
        self.stage = stage;
        self.shared.awaits.store(awaited, Ordering::Relaxed);
        Ok(())
    }

    fn late(&mut self, error: Error) -> Error {
        let error = self.name(error);
        self.break_off(CloseReason::TimedOut);
        error
    }
}
