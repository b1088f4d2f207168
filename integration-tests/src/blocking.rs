//! A subscriber that may block, on a thread of its own: those of the framework share one, and the recorder lives there.

use std::sync::mpsc;
use std::thread;

use actix::{Actor, Context, Handler, Recipient, System};
use hinternet::Notification;

/// A subscriber that may block: it has a thread for itself, which ends with it.
///
/// # Panics
/// When its thread does not start.
pub fn blocking_subscriber(handle: impl FnMut(Notification) + Send + Unpin + 'static) -> Recipient<Notification> {
    let (started, starting) = mpsc::channel();
    thread::spawn(move || {
        System::new().block_on(async {
            let (alive, ended) = tokio::sync::oneshot::channel::<()>();
            let subscriber = Blocking { handle, _alive: alive }.start();
            if started.send(subscriber.recipient()).is_ok() {
                // An error: its other half is dropped with the actor.
                let _dropped = ended.await;
            }
        });
    });
    starting.recv().expect("the subscriber's thread starts")
}

struct Blocking<F> {
    handle: F,
    _alive: tokio::sync::oneshot::Sender<()>,
}

impl<F: Unpin + 'static> Actor for Blocking<F> {
    type Context = Context<Self>;
}

impl<F: FnMut(Notification) + Unpin + 'static> Handler<Notification> for Blocking<F> {
    type Result = ();

    fn handle(&mut self, notification: Notification, _: &mut Context<Self>) {
        (self.handle)(notification);
    }
}
