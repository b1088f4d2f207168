//! One operation in flight: its exactly one completion, however it ends.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use actix::{Actor, ActorFuture};

use super::journey::Journey;
use super::messages::Ticket;
use super::reply::Gives;
use super::state::State;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::{Hold, Node, Stop, StopReason};
use crate::notification::{NotificationMask as Mask, Status};
use crate::reused::Reused;

/// What an operation is launched as.
pub(super) struct Launch {
    pub(super) operation: Operation,
    pub(super) ticket: Ticket,
    pub(super) state: State,
    /// Afterwards the next piece of the body is read before it is asked for.
    pub(super) reads_ahead: bool,
}

/// What the actor keeps of an operation in flight.
pub(super) struct Running<A: Actor> {
    pub(super) ticket: Ticket,
    pub(super) stop: Rc<Stop>,
    pub(super) work: Work<A>,
}

impl<A: Actor> Running<A> {
    /// Stops the operation, and has it settled before this returns: the next message may be the next call, and an actor
    /// handles all of its messages before it polls a future of its own.
    pub(super) fn stop(&self, reason: StopReason) -> impl FnOnce(&mut A, &mut A::Context) + use<A> {
        self.stop.fire(reason);
        let mut work = self.work.clone();
        move |actor, context| {
            let _settled = Pin::new(&mut work).poll(actor, context, &mut Context::from_waker(Waker::noop()));
        }
    }
}

/// The work of one operation: one of the actor's futures, which whoever stops it may poll out of turn.
pub(super) struct Work<A: Actor>(Rc<RefCell<Option<Boxed<A>>>>);

type Boxed<A> = Pin<Box<dyn ActorFuture<A, Output = ()>>>;

impl<A: Actor> Work<A> {
    pub(super) fn new(work: impl ActorFuture<A, Output = ()> + 'static) -> Self {
        Self(Rc::new(RefCell::new(Some(Box::pin(work)))))
    }
}

impl<A: Actor> Clone for Work<A> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<A: Actor> ActorFuture<A> for Work<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, actor: &mut A, own: &mut A::Context, context: &mut Context<'_>) -> Poll<()> {
        let taken = self.0.borrow_mut().take();
        let Some(mut work) = taken else { return Poll::Ready(()) };
        let polled = work.as_mut().poll(actor, own, context);
        if polled.is_pending() {
            *self.0.borrow_mut() = Some(work);
        }
        polled
    }
}

/// An operation with its exchange. Dropped undone, it lets go of the wire before it completes.
pub(super) struct UnderWay<T, A: Gives<T>> {
    pub(super) journey: Reused<Journey>,
    pub(super) completing: Completing<T, A>,
}

/// The duty to complete an operation: one notification and one answer. Dropped undone, by a crash or with its thread, it does
/// so itself; and the handle cannot close before.
pub(super) struct Completing<T, A: Gives<T>> {
    hold: Hold,
    operation: Operation,
    answer: Option<A>,
    _result: PhantomData<T>,
}

impl<T, A: Gives<T>> Completing<T, A> {
    pub(super) fn new(node: &Arc<Node>, operation: Operation, answer: A) -> Self {
        Self { hold: node.hold(), operation, answer: Some(answer), _result: PhantomData }
    }

    /// Of whom.
    pub(super) fn node(&self) -> &Arc<Node> {
        self.hold.node()
    }

    /// Success: `status` is the completion, unless the work has told of it.
    pub(super) fn complete(mut self, status: Option<Status>, value: T) {
        if let Some((mask, status)) = status.and_then(|status| Some((status.mask()?, status))) {
            self.node().emit(mask, || status);
        }
        self.answer(Ok(value));
    }

    pub(super) fn fail(mut self, error: Error) {
        self.report(error);
    }

    fn report(&mut self, error: Error) {
        tell_of(&error, self.node());
        self.answer(Err(error));
    }

    fn answer(&mut self, result: Result<T>) {
        if let Some(answer) = self.answer.take() {
            answer.give(result);
        }
    }
}

impl<T, A: Gives<T>> Completing<T, A> {
    /// The same duty, of an operation that goes on in another way: whatever begins in its old place is another one.
    pub(super) fn go_on(mut self) -> Completing<T, Option<A>> {
        let answer = self.answer.take();
        Completing::new(self.node(), self.operation, answer)
    }
}

impl<T, A: Gives<T>> Drop for Completing<T, A> {
    fn drop(&mut self) {
        if self.answer.is_some() {
            let error = self.node().interrupted(self.operation);
            self.report(error);
        }
    }
}

/// An operation of this handle has failed.
pub(super) fn tell_of(error: &Error, node: &Node) {
    let operation = error.operation();
    node.emit(Mask::REQUEST_ERROR, || Status::RequestError { operation, error: error.clone() });
}

/// What an operation ends with that was stopped by its caller.
pub(super) fn stopped_by_caller(operation: Operation, reason: StopReason) -> Error {
    let detail = match reason {
        StopReason::Abandoned => "the call was given up by its caller",
        _ => "the operation was cancelled",
    };
    Error::new(ErrorCode::OperationCancelled, operation, Stage::State, Blame::Caller, detail)
}

/// What an operation ends with when its request was cancelled.
pub(super) fn cancelled(operation: Operation) -> Error {
    Error::new(ErrorCode::OperationCancelled, operation, Stage::State, Blame::Caller, "the request was cancelled")
}
