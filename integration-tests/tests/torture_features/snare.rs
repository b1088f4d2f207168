//! A trap on the thread of the session it is laid for: nothing that happens there comes between a notification and the deed.

use std::cell::Cell;
use std::rc::Rc;

use actix::{Actor, Context, Handler};
use hinternet::{Notification, NotificationMask, Session};

/// Springs at the k-th notification.
pub(crate) struct Snare {
    state: Rc<Cell<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Armed(usize),
    Sprung,
    Disarmed,
}

impl Snare {
    /// Lays it for a session of this thread, and for all below it.
    pub(crate) fn at(k: usize, session: &Session, deed: impl Fn(&Session, &Notification) + 'static) -> Self {
        let state = Rc::new(Cell::new(State::Armed(k)));
        let jaws = Jaws { state: Rc::clone(&state), session: session.clone(), deed: Box::new(deed) };
        let subscriber = jaws.start().recipient();
        session.subscribe(subscriber, NotificationMask::EVERYTHING).expect("the session is open");
        Self { state }
    }

    /// Waits until it has sprung.
    pub(crate) async fn sprung(&self) {
        while self.state.get() != State::Sprung {
            tokio::task::yield_now().await;
        }
    }

    /// Takes it away. Has it sprung?
    pub(crate) fn disarm(self) -> bool {
        self.state.replace(State::Disarmed) == State::Sprung
    }
}

struct Jaws {
    state: Rc<Cell<State>>,
    session: Session,
    deed: Deed,
}

type Deed = Box<dyn Fn(&Session, &Notification)>;

impl Actor for Jaws {
    type Context = Context<Self>;
}

impl Handler<Notification> for Jaws {
    type Result = ();

    fn handle(&mut self, one: Notification, _: &mut Context<Self>) {
        match self.state.get() {
            State::Armed(0) => {
                self.state.set(State::Sprung);
                (self.deed)(&self.session, &one);
            }
            State::Armed(left) => self.state.set(State::Armed(left - 1)),
            State::Sprung | State::Disarmed => {}
        }
    }
}
