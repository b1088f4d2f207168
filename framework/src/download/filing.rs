//! A download into a file, as one task on the thread of its origin.

use std::future::Future;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::future::poll_fn;
use tokio::sync::oneshot;

use super::fetching::{Asking, Fetched, Fetching};
use super::store::Store;
use super::{DownloadProgress, Downloaded};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};

/// What is to be done with the octets.
pub(super) struct Filing {
    pub(super) asking: Asking,
    pub(super) path: PathBuf,
    pub(super) progress: Option<Progress>,
    pub(super) verify: Option<Verify>,
}

pub(super) type Progress = Box<dyn FnMut(DownloadProgress) + Send>;
pub(super) type Verify = Box<dyn FnOnce(PathBuf) -> Verifying + Send>;
pub(super) type Verifying = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Filing {
    /// Does it where files and timers can be used. Dropped, it stops.
    pub(super) async fn run_on_its_shard(self) -> Result<Downloaded> {
        let request = &self.asking.request;
        let services = std::sync::Arc::clone(&request.opening().services);
        services.engine.check(Operation::Download)?;
        let shard = services.engine.shard_of((services.session.id(), request.target().origin())).clone();
        let (mut answer, answered) = oneshot::channel();
        shard.spawn(async move {
            let downloaded = {
                let mut run = pin!(self.run());
                poll_fn(|context| match answer.poll_closed(context) {
                    // Nobody waits for it any more.
                    Poll::Ready(()) => Poll::Ready(None),
                    Poll::Pending => run.as_mut().poll(context).map(Some),
                })
                .await
            };
            if let Some(downloaded) = downloaded {
                let _left = answer.send(downloaded);
            }
        });
        match answered.await {
            Ok(downloaded) => downloaded,
            Err(_) => {
                services.engine.check(Operation::Download)?;
                let detail = "the download has crashed, or what looks at it";
                Err(Error::new(ErrorCode::InternalError, Operation::Download, Stage::State, Blame::Library, detail))
            }
        }
    }

    async fn run(self) -> Result<Downloaded> {
        let Self { asking, path, mut progress, verify } = self;
        let (mut store, plan) = Store::open(path, asking.request.url()).await?;
        let mut resumed_from = plan.held;
        let mut fetching = Fetching::new(asking, plan);
        loop {
            let fetched = match fetching.next().await {
                Ok(fetched) => fetched,
                Err(error) => {
                    if fetching.plan.asks_from().is_some() {
                        // For a later call.
                        store.flush().await?;
                    } else {
                        store.throw_away().await;
                    }
                    return Err(error);
                }
            };
            match fetched {
                Fetched::Anew => {
                    resumed_from = 0;
                    store.begin_anew(&fetching.plan).await?;
                }
                Fetched::Octets(octets) => store.write(&octets).await?,
                Fetched::End => break,
            }
            if let Some(progress) = &mut progress {
                let (received, total) = (fetching.plan.held, fetching.plan.length);
                progress(DownloadProgress { received, total, attempts: fetching.requests });
            }
        }
        store.sync().await?;
        if let Some(verify) = verify
            && let Err(error) = verify(store.part().to_owned()).await
        {
            store.throw_away().await;
            return Err(error);
        }
        let path = store.finish().await?;
        Ok(Downloaded { path, length: fetching.plan.held, resumed_from, attempts: fetching.requests })
    }
}
