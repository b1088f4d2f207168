//! What callers run on.

use tokio::runtime::{Builder, Runtime};

use super::Failed;

/// Where callers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// Caller and client on one thread: a current-thread runtime, or an actix arbiter.
    One,
    /// A multi-thread runtime with two workers, as under `#[tokio::main]`.
    Two,
}

impl Threads {
    pub(super) fn runtime(self) -> Result<Runtime, Failed> {
        let mut builder = match self {
            Self::One => Builder::new_current_thread(),
            Self::Two => Builder::new_multi_thread(),
        };
        Ok(builder.worker_threads(2).enable_all().build()?)
    }
}

pub(super) const ONE_THREAD: &str = "one thread";
pub(super) const TWO_WORKERS: &str = "2 workers";
