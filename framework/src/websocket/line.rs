//! The line behind a subscriber with too much unhandled: new operations wait in it, those in flight go on, and closing and cancelling
//! never wait (contract C.8).

use std::task::Context;
use std::time::Instant;

use super::socket::{Sending, Socket};
use crate::clock;
use crate::error::{Error, Operation, Stage};
use crate::notification::{NotificationMask as Mask, Status};

/// A place in the line, and until when it is waited there.
pub(super) struct InLine {
    until: Option<Instant>,
}

impl Socket {
    /// A new operation: does it have to wait?
    pub(super) fn line_up(&mut self) -> Option<InLine> {
        if self.line.is_none() {
            self.line = Some(Box::pin(self.node.subscribers().exhausted()?));
        }
        self.node.emit(Mask::QUEUED, || Status::Queued { position: 0 });
        Some(InLine { until: self.queue_timeout.and_then(|wait| clock::now().checked_add(wait)) })
    }

    /// Lets go on whoever waits, as soon as the subscriber has handled enough.
    pub(super) fn pass_line(&mut self, task: &mut Context<'_>) {
        while let Some(change) = &mut self.line {
            if change.as_mut().poll(task).is_pending() {
                return;
            }
            self.line = None;
            match self.node.subscribers().exhausted() {
                Some(change) => self.line = Some(Box::pin(change)),
                None => {
                    self.sending.iter_mut().for_each(|sending| sending.waits = None);
                    self.receiving.iter_mut().for_each(|receiving| receiving.waits = None);
                    self.outlet.iter_mut().for_each(|outlet| outlet.goes_on());
                }
            }
        }
    }

    /// When the first who waits has waited for long enough.
    pub(super) fn line_ends(&self) -> Option<Instant> {
        let sending = self.sending.as_ref().and_then(|sending| sending.waits.as_ref()?.until);
        let receiving = self.receiving.as_ref().and_then(|receiving| receiving.waits.as_ref()?.until);
        let handed_in = self.outlet.as_ref().and_then(|outlet| outlet.waits.as_ref()?.until);
        [sending, receiving, handed_in].into_iter().flatten().min()
    }

    /// Whoever has waited for too long fails, and nothing is changed by it.
    pub(super) fn leave_line(&mut self, now: Instant) {
        let is_late =
            |waits: &Option<InLine>| waits.as_ref().is_some_and(|place| place.until.is_some_and(|end| end <= now));
        let waited = self.queue_timeout.unwrap_or_default();
        let error = Error::timeout(Operation::WebSocketReceive, Stage::Queue, waited).with_url(&self.url);
        if let Some(Sending { pending, before, .. }) = self.sending.take_if(|sending| is_late(&sending.waits)) {
            (self.standing.sending, self.outgoing) = (false, before);
            pending.fail(&error);
        }
        if self.receiving.as_ref().is_some_and(|receiving| is_late(&receiving.waits)) {
            self.fail_receive(&error);
        }
        if self.outlet.as_ref().is_some_and(|outlet| is_late(&outlet.waits)) {
            self.outlet_is_late(&error);
        }
    }
}
