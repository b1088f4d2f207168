//! One operation in flight: its exactly one completion, however it ends.

use std::sync::Arc;

use super::messages::Ticket;
use crate::error::{Error, Operation, Result};
use crate::handle::reply::{Answer, Gives, Reply};
use crate::handle::{Hold, Node};
use crate::notification::{NotificationMask as Mask, Status};

/// The duty to complete an operation: one notification and one answer. Dropped undone, by the end of the handle or by a crash, it does
/// so itself; and the handle cannot close before.
pub(super) struct Pending<T> {
    node: Arc<Node>,
    operation: Operation,
    ticket: Ticket,
    answer: Option<Answer<T>>,
    _hold: Hold,
}

impl<T> Pending<T> {
    pub(super) fn new(node: &Arc<Node>, operation: Operation, ticket: Ticket) -> (Self, Reply<T>) {
        let (reply, answer) = Reply::later();
        (Self { node: Arc::clone(node), operation, ticket, answer: Some(answer), _hold: node.hold() }, reply)
    }

    /// Names the call whose operation it is.
    pub(super) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(super) fn complete(mut self, status: Status, value: T) {
        if let Some(mask) = status.mask() {
            self.node.emit(mask, || status);
        }
        self.give(Ok(value));
    }

    pub(super) fn fail(mut self, error: &Error) {
        self.report(error.clone().in_operation(self.operation));
    }

    fn report(&mut self, error: Error) {
        let operation = self.operation;
        self.node.emit(Mask::REQUEST_ERROR, || Status::RequestError { operation, error: error.clone() });
        self.give(Err(error));
    }

    fn give(&mut self, result: Result<T>) {
        if let Some(answer) = self.answer.take() {
            answer.give(result);
        }
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        if self.answer.is_some() {
            let error = self.node.interrupted(self.operation);
            self.report(error);
        }
    }
}
