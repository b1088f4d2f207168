//! hinternet on its paved path: from the arbiter it runs on, and from a runtime that is not its own.

use actix::{Actor, Context, Handler};
use hinternet::{Engine, Notification, NotificationMask, Session};

use super::Threads;
use crate::load::{Caller, Failed, Sample, Turn};

/// The callers run on the arbiter that the session runs on, and so does the subscriber.
pub(super) fn on_the_arbiter(turn: &Turn, listening: bool) -> Result<Sample, Failed> {
    actix_rt::System::new().block_on(async {
        let mut builder = Session::builder().on_current_arbiter();
        if listening {
            builder = builder.subscriber(Listener.start(), NotificationMask::ALL_NOTIFICATIONS);
        }
        let session = builder.open()?;
        // A task of the arbiter's own, as an actor's future would be.
        let sample = drive(turn, &session, |calls| actix_rt::spawn(calls)).await;
        session.close().await?;
        sample
    })
}

/// The callers run on a multi-thread runtime, and the session on threads of its own, as many as there are by default.
pub(super) fn from_outside(turn: &Turn, listening: bool) -> Result<Sample, Failed> {
    Threads::Two.runtime()?.block_on(async {
        let mut builder = Session::builder().engine(Engine::global()?);
        if listening {
            builder = builder.subscriber(hinternet::start(Listener), NotificationMask::ALL_NOTIFICATIONS);
        }
        let session = builder.open()?;
        let sample = drive(turn, &session, tokio::spawn).await;
        session.close().await?;
        sample
    })
}

async fn drive(
    turn: &Turn,
    session: &Session,
    spawn: impl Fn(crate::load::Calls<Ours>) -> tokio::task::JoinHandle<Called>,
) -> Result<Sample, Failed> {
    let caller = Ours { session: session.clone(), url: turn.url() };
    turn.drive(vec![caller; turn.in_flight], spawn).await
}

type Called = Result<(Ours, Vec<std::time::Duration>), Failed>;

#[derive(Clone)]
struct Ours {
    session: Session,
    url: String,
}

impl Caller for Ours {
    async fn call(&mut self) -> Result<usize, Failed> {
        Ok(self.session.get(self.url.as_str())?.send().await?.bytes().await?.len())
    }
}

/// A subscriber with nothing to do.
struct Listener;

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Notification> for Listener {
    type Result = ();

    fn handle(&mut self, notification: Notification, _: &mut Context<Self>) {
        std::hint::black_box(&notification);
    }
}
