//! hinternet: from the arbiter it runs on, and from a thread that is not its own.

use std::future::Future;

use hinternet::{Engine, Protocols, Session, SessionBuilder};

use crate::peers::Failed;
use crate::peers::runtimes::Threads;
use crate::peers::server::Endpoint;

/// What a session with this endpoint is opened with.
pub(in crate::peers) fn session(endpoint: &Endpoint) -> SessionBuilder {
    let session = Session::builder().tls(endpoint.tls_options());
    if endpoint.http2 { session.protocols(Protocols::RequireHttp2) } else { session }
}

/// The work runs on the arbiter that the session runs on.
pub(in crate::peers) fn on_the_arbiter<T, F>(
    session: SessionBuilder,
    work: impl FnOnce(Session) -> F,
) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Failed>>,
{
    actix_rt::System::new().block_on(opened(session.on_current_arbiter(), work))
}

/// The work runs on a thread of its own, and the session on the engine's.
pub(in crate::peers) fn from_another_thread<T, F>(
    session: SessionBuilder,
    work: impl FnOnce(Session) -> F,
) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Failed>>,
{
    Threads::One.runtime()?.block_on(opened(session.engine(Engine::global()?), work))
}

async fn opened<T, F>(session: SessionBuilder, work: impl FnOnce(Session) -> F) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Failed>>,
{
    let session = session.open()?;
    let done = work(session.clone()).await;
    session.close().await?;
    done
}
