//! An answer to an actor message that comes when the operation ends, without a task of its own to wait for it.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use actix::Actor;
use actix::dev::{MessageResponse, OneshotSender};

use crate::error::Result;

/// What a handler returns: the answer, now or later.
pub struct Reply<T>(Rc<RefCell<State<T>>>);

/// The right to give the answer.
pub(crate) struct Answer<T>(Rc<RefCell<State<T>>>);

enum State<T> {
    /// Neither the answer nor the one who waits for it is there yet.
    New,
    Answered(Result<T>),
    /// `None`: nobody waits (the message was sent without asking).
    Asked(Option<OneshotSender<Result<T>>>),
    Over,
}

impl<T> Reply<T> {
    pub(crate) fn now(result: Result<T>) -> Self {
        Self(Rc::new(RefCell::new(State::Answered(result))))
    }

    pub(crate) fn later() -> (Self, Answer<T>) {
        let state = Rc::new(RefCell::new(State::New));
        (Self(Rc::clone(&state)), Answer(state))
    }
}

/// Somebody is waiting for it.
pub(crate) trait Gives<T> {
    fn give(self, result: Result<T>);
}

impl<T> Gives<T> for Answer<T> {
    fn give(self, result: Result<T>) {
        let mut state = self.0.borrow_mut();
        *state = match std::mem::replace(&mut *state, State::Over) {
            State::New => State::Answered(result),
            State::Asked(Some(asker)) => {
                // An asker that left is told by other means: its call was abandoned.
                let _left = asker.send(result);
                State::Over
            }
            State::Answered(_) | State::Asked(None) | State::Over => State::Over,
        };
    }
}

/// Nobody may be waiting, as for what the paved path goes on with.
impl<T, A: Gives<T>> Gives<T> for Option<A> {
    fn give(self, result: Result<T>) {
        if let Some(answer) = self {
            answer.give(result);
        }
    }
}

impl<A, M, T> MessageResponse<A, M> for Reply<T>
where
    A: Actor,
    M: actix::Message<Result = Result<T>>,
    T: 'static,
{
    fn handle(self, _: &mut A::Context, asker: Option<OneshotSender<Result<T>>>) {
        let mut state = self.0.borrow_mut();
        *state = match std::mem::replace(&mut *state, State::Over) {
            State::Answered(result) => {
                if let Some(asker) = asker {
                    let _left = asker.send(result);
                }
                State::Over
            }
            _ => State::Asked(asker),
        };
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
