//! hinternet on its paved path: from the arbiter it runs on, and from a runtime that is not its own.

use actix::{Actor, Context, Handler};
use hinternet::{Engine, Notification, NotificationMask, Protocols, Session, SessionBuilder};

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;
use crate::peers::runtimes::Threads;

/// What is set on a session beside where it runs.
pub(super) type Setting = fn(SessionBuilder) -> SessionBuilder;

/// Nobody listens.
pub(super) const UNHEARD: Setting = |session| session;
/// All notifications go to one subscriber on the caller's arbiter.
pub(super) const HEARD_ON_THE_ARBITER: Setting =
    |session| session.subscriber(Listener.start(), NotificationMask::ALL_NOTIFICATIONS);
/// All notifications go to one subscriber on the engine's thread for subscribers.
pub(super) const HEARD: Setting =
    |session| session.subscriber(hinternet::start(Listener), NotificationMask::ALL_NOTIFICATIONS);

/// The callers run on the arbiter that the session runs on.
pub(super) fn on_the_arbiter(turn: &Turn, setting: Setting) -> Result<Answered, Failed> {
    actix_rt::System::new().block_on(async {
        let session = setting(builder(turn).on_current_arbiter()).open()?;
        let callers = vec![Ours { session: session.clone(), url: turn.url() }; turn.in_flight];
        // A task of the arbiter's own, as an actor's future would be.
        let answered = turn.drive(callers, |caller, each| actix_rt::spawn(calls(caller, each))).await;
        session.close().await?;
        answered
    })
}

/// The callers run on a multi-thread runtime, and the session on threads of its own, as many as there are by default.
pub(super) fn from_outside(turn: &Turn, setting: Setting) -> Result<Answered, Failed> {
    Threads::Two.runtime()?.block_on(async {
        let session = setting(builder(turn).engine(Engine::global()?)).open()?;
        let callers = vec![Ours { session: session.clone(), url: turn.url() }; turn.in_flight];
        let answered = turn.drive(callers, |caller, each| tokio::spawn(calls(caller, each))).await;
        session.close().await?;
        answered
    })
}

fn builder(turn: &Turn) -> SessionBuilder {
    let session = Session::builder();
    if turn.endpoint.http2 { session.protocols(Protocols::RequireHttp2) } else { session }
}

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
