//! One operation in flight: its exactly one completion, however it ends.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::messages::Ticket;
use super::reply::Answer;
use super::stop::Stop;
use crate::error::{Error, Operation, Result};
use crate::handle::{Hold, Node};
use crate::notification::{NotificationMask as Mask, Status};

/// What the actor keeps of an operation in flight.
pub(super) struct Running {
    pub(super) ticket: Ticket,
    pub(super) stop: Stop,
}

/// The duty to complete an operation: one notification and one answer. Dropped undone, by a crash or with its thread, it does
/// so itself; and the handle cannot close before.
pub(super) struct Completing<T> {
    node: Arc<Node>,
    operation: Rc<Cell<Operation>>,
    answer: Option<Answer<T>>,
    _hold: Hold,
}

impl<T> Completing<T> {
    pub(super) fn new(node: &Arc<Node>, operation: Rc<Cell<Operation>>, answer: Answer<T>) -> Self {
        Self { node: Arc::clone(node), operation, answer: Some(answer), _hold: node.hold() }
    }

    /// Success: `status` is the completion, unless the work has told of it.
    pub(super) fn complete(mut self, status: Option<Status>, value: T) {
        if let Some((mask, status)) = status.and_then(|status| Some((status.mask()?, status))) {
            self.node.emit(mask, || status);
        }
        self.answer(Ok(value));
    }

    pub(super) fn fail(mut self, error: Error) {
        self.report(error);
    }

    fn report(&mut self, error: Error) {
        let operation = error.operation();
        self.node.emit(Mask::REQUEST_ERROR, || Status::RequestError { operation, error: error.clone() });
        self.answer(Err(error));
    }

    fn answer(&mut self, result: Result<T>) {
        if let Some(answer) = self.answer.take() {
            answer.give(result);
        }
    }
}

impl<T> Drop for Completing<T> {
    fn drop(&mut self) {
        if self.answer.is_some() {
            let error = self.node.interrupted(self.operation.get());
            self.report(error);
        }
    }
}
