//! A thread that waits for a future.

use tokio::runtime::{Builder, Handle};

use crate::engine::hosts_a_shard;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};

/// Runs the future on this thread until it is done. It is not polled at all where this thread may have to do what it waits for.
pub(super) fn wait<T>(operation: Operation, future: impl Future<Output = Result<T>>) -> Result<T> {
    check(operation)?;
    let failed = |reason| {
        let detail = format!("this thread cannot wait: {reason}");
        Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, detail)
    };
    // It only parks the thread: what is waited for happens on those of the engine. It is made anew each time, which takes a few
    // microseconds, for one that a thread kept would have to end among the last things of that thread.
    Builder::new_current_thread().build().map_err(failed)?.block_on(future)
}

/// May this thread wait?
pub(super) fn check(operation: Operation) -> Result<()> {
    let detail = match Handle::try_current() {
        Ok(_) => "a call that blocks, on a thread of an async runtime: the async handles are to be used there",
        Err(reason) if reason.is_thread_local_destroyed() => "a call that blocks, on a thread that is about to end",
        Err(_) if hosts_a_shard() => "a call that blocks, on a thread that does the work of a session itself",
        Err(_) => return Ok(()),
    };
    Err(Error::new(ErrorCode::InvalidOperation, operation, Stage::State, Blame::Caller, detail))
}
