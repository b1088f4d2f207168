//! Wires that are there before the first request of a connection.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Connection;
use crate::engine::Shard;
use crate::error::{Error, Operation, Result};
use crate::origin::{self, Standing};

/// What stands after [`Connection::prewarm`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let connection = session.connect("http://www.example.com")?;
/// let ready = connection.prewarm(2).await?;
/// assert_eq!((ready.wires, ready.failure.is_none()), (2, true));
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Prewarmed {
    /// Wires that no request uses; over HTTP/2 those that are open, be they used or not.
    pub wires: usize,
    /// Why there are no more: what the first dial that failed failed with. `None` also where no more wires are allowed.
    pub failure: Option<Error>,
}

impl Connection {
    /// Dials ahead with the options of the connection, until so many wires stand that no request uses; over HTTP/2, and while it is
    /// not known what the server speaks, one after the other, and one is enough. Wires that stand already count. The limits of
    /// wires hold: at one of them there are fewer, and no idle wire to another origin is closed for these. What is told of these dials is told by this handle.
    ///
    /// The first dial that fails is the last one. Dropping the future stops nothing that has begun.
    ///
    /// # Errors
    /// 6 when the connection is closed, 12012 while it is drained or the session shuts down.
    #[doc(alias = "InternetCheckConnection")]
    #[doc(alias = "WINHTTP_OPTION_BACKGROUND_CONNECTIONS")]
    pub async fn prewarm(&self, wires: usize) -> Result<Prewarmed> {
        let super::Inner { node, origin, services, .. } = &*self.inner;
        node.check_open(Operation::Connect)?;
        services.work.check(Operation::Connect)?;
        let shard = services.engine.shard_of((services.session.id(), origin));
        let (at, terms, owner) = (origin.clone(), Arc::clone(&services.terms), Arc::clone(node));
        let (options, (say, said)) = (self.shared_options(), oneshot::channel());
        let _stopped = shard.run(move || {
            actix_rt::spawn(async move {
                // Whoever asked may have lost interest.
                let _left = say.send(origin::prewarm(at, terms, owner, options, wires).await);
            });
        });
        let Standing { wires, failure } = said.await.map_err(|_| node.gone(Operation::Connect))?;
        Ok(Prewarmed { wires, failure })
    }
}

/// Where wires to this origin are to be kept ready, they are from now on, as long as the handle is open.
pub(super) fn keep_ready(connection: &Connection, shard: &Shard) {
    let super::Inner { node, origin, services, .. } = &*connection.inner;
    if services.terms.limits_of(origin).min_wires > 0 {
        let (at, terms) = (origin.clone(), Arc::clone(&services.terms));
        let (owner, options) = (Arc::clone(node), connection.shared_options());
        // A shard that has stopped keeps nothing.
        let _stopped = shard.run(move || origin::keep_ready(&at, &terms, owner, options));
    }
}
