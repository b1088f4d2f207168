//! A subscriber that handles a notification only when the test takes it: as slow as the test wants it.

use std::sync::{Mutex, PoisonError};

use actix::{Actor, Context, Handler, Recipient};
use hinternet::Notification;
use tokio::sync::mpsc;

use crate::patience::patiently;

/// Keeps what it is given, unhandled, until the test takes it.
#[derive(Debug)]
pub struct Mailbox {
    subscriber: Mutex<Option<Recipient<Notification>>>,
    kept: mpsc::UnboundedReceiver<Notification>,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new() -> Self {
        let (sender, kept) = mpsc::unbounded_channel();
        let subscriber = hinternet::subscriber(move |notification| {
            // A test that has dropped its mailbox wants no more.
            let _dropped = sender.send(notification);
        });
        Self { subscriber: Mutex::new(Some(subscriber)), kept }
    }

    /// An empty mailbox on the calling thread's arbiter, for a test that runs on one thread or whose clock is paused.
    ///
    /// # Panics
    /// On a thread that runs no arbiter.
    pub fn on_current_arbiter() -> Self {
        let (sender, kept) = mpsc::unbounded_channel();
        let subscriber = Slot(sender).start().recipient();
        Self { subscriber: Mutex::new(Some(subscriber)), kept }
    }

    /// What to subscribe.
    ///
    /// # Panics
    /// After [`let_go`](Self::let_go).
    pub fn subscriber(&self) -> Recipient<Notification> {
        let subscriber = self.subscriber.lock().unwrap_or_else(PoisonError::into_inner);
        subscriber.clone().expect("the mailbox still holds its subscriber")
    }

    /// Holds the subscriber no more: only those it was given to do.
    pub fn let_go(&self) {
        self.subscriber.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Takes the next notification; it counts as handled when it is dropped.
    ///
    /// # Panics
    /// When none comes.
    pub async fn next(&mut self) -> Notification {
        patiently("a notification", self.kept.recv()).await.expect("the subscriber lives")
    }

    /// Handles all up to the first status of this name, and gives their names.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn until(&mut self, name: &str) -> Vec<&'static str> {
        let mut names = Vec::new();
        while names.last() != Some(&name) {
            names.push(self.next().await.name());
        }
        names
    }

    /// Resolves when the subscriber is dead, with the names of what was left unhandled.
    ///
    /// # Panics
    /// When it lives on.
    pub async fn died(&mut self) -> Vec<&'static str> {
        self.left_behind().await.iter().map(Notification::name).collect()
    }

    /// Resolves when the subscriber is dead, with what was left unhandled, and still is.
    ///
    /// # Panics
    /// When it lives on.
    pub async fn left_behind(&mut self) -> Vec<Notification> {
        self.let_go();
        let mut left = Vec::new();
        while let Some(notification) = patiently("the subscriber to die", self.kept.recv()).await {
            left.push(notification);
        }
        left
    }
}

/// The subscriber of a mailbox on the test's own thread.
struct Slot(mpsc::UnboundedSender<Notification>);

impl Actor for Slot {
    type Context = Context<Self>;
}

impl Handler<Notification> for Slot {
    type Result = ();

    fn handle(&mut self, notification: Notification, _: &mut Context<Self>) {
        // A test that has dropped its mailbox wants no more.
        let _dropped = self.0.send(notification);
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}
