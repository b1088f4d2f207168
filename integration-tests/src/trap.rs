//! A trap springs at the k-th notification of a session, whatever that is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hinternet::{Notification, NotificationMask, Session};
use tokio::sync::mpsc;

use crate::gate::Gate;

/// Does a deed when the k-th notification of a session and all below it arrives.
#[derive(Debug)]
pub struct Trap {
    armed: Arc<AtomicBool>,
    done: Gate,
}

/// From where the deed is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// In the subscriber's own handler.
    Handler,
    /// By a task that the handler wakes.
    Outside,
}

impl Trap {
    /// Lays a trap for the k-th notification (from 0), of handles that the session creates from now on and of itself.
    ///
    /// # Panics
    /// When the session is closed.
    pub fn at(
        k: usize,
        session: &Session,
        whence: Whence,
        deed: impl Fn(&Session, &Notification) + Send + Sync + Unpin + 'static,
    ) -> Self {
        let trap = Self { armed: Arc::new(AtomicBool::new(true)), done: Gate::new() };
        let (armed, done, owner) = (Arc::clone(&trap.armed), trap.done.clone(), session.clone());
        let deed = move |one: &Notification| {
            if armed.swap(false, Ordering::AcqRel) {
                deed(&owner, one);
                done.open();
            }
        };
        let (wake, mut woken) = mpsc::unbounded_channel::<Notification>();
        let deed = Arc::new(deed);
        if whence == Whence::Outside {
            let deed = Arc::clone(&deed);
            tokio::spawn(async move {
                if let Some(one) = woken.recv().await {
                    deed(&one);
                }
            });
        }
        let mut before = k;
        let subscriber = hinternet::subscriber(move |one| match (before.checked_sub(1), whence) {
            (Some(left), _) => before = left,
            (None, Whence::Handler) => deed(&one),
            (None, Whence::Outside) => {
                // The first is enough.
                let _taken = wake.send(one.clone());
            }
        });
        session.subscribe(subscriber, NotificationMask::EVERYTHING).expect("the session is open");
        trap
    }

    /// Waits until the deed is done.
    pub async fn sprung(&self) {
        self.done.passed().await;
    }

    /// Takes the trap away. Has it sprung?
    pub async fn disarm(self) -> bool {
        let sprung = !self.armed.swap(false, Ordering::AcqRel);
        if sprung {
            self.done.passed().await;
        }
        sprung
    }
}
