//! How to wait until the subscribers have handled what was posted to them.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};

use actix::{Actor, ActorContext, Context};

use crate::patience::HANG;

/// Waits, without giving the calling thread away, until the subscribers on the shared engine's thread have handled what was posted
/// to them before.
///
/// That thread takes what wakes it in order. A subscriber that was posted to is awake; the first visitor may still be started
/// ahead of it, by a start that was under way already. The second is woken for after that, and so after the subscriber.
///
/// # Panics
/// When the thread does not get that far, as when a subscriber holds it.
pub fn subscribers_catch_up() {
    for _ in 0..2 {
        let (passed, passes) = channel();
        drop(hinternet::start(Visitor(passed)));
        // It may be gone unheard, if there is no engine: then nothing more is handled.
        assert!(passes.recv_timeout(HANG) != Err(RecvTimeoutError::Timeout), "the subscribers' thread is held");
    }
}

/// Is started, says so, and ends.
struct Visitor(Sender<()>);

impl Actor for Visitor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        // Nobody listens any more when the test has given up.
        let _given_up = self.0.send(());
        context.stop();
    }
}
