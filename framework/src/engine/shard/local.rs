//! A shard that is one task among others of the caller's thread.
//!
//! Everything on it runs in a `LocalSet` of its own inside that task, so that it ends as one whole: when it is stopped, and
//! when the caller's own `LocalSet` is dropped. Its origins are its own too: a thread may have several such shards, as the
//! hosts of a simulation are, each with its own network and clock.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};

use super::hosted::Hosted;
use super::{Job, work};
use crate::origin::Origins;

pub(super) struct Local {
    tasks: LocalSet,
    origins: Origins,
    stopped: Rc<Cell<bool>>,
    _hosted: Hosted,
}

impl Local {
    /// Spawns a shard on the current `LocalSet`. `None` where there is none.
    pub(super) fn spawn(number: u64) -> Option<UnboundedSender<Job>> {
        if Handle::try_current().is_err() || is_local_runtime() {
            return None;
        }
        let (jobs, receiver) = unbounded_channel();
        let stopped = Rc::new(Cell::new(false));
        let tasks = LocalSet::new();
        tasks.spawn_local(work_until_stopped(number, receiver, Rc::clone(&stopped)));
        let local = Self { tasks, origins: Origins::default(), stopped, _hosted: Hosted::here() };
        // Tokio has no other way to ask whether there is a `LocalSet`.
        catch_unwind(AssertUnwindSafe(|| drop(spawn_local(local)))).ok()?;
        Some(jobs)
    }
}

impl Future for Local {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let _here = this.origins.enter();
        let polled = Pin::new(&mut this.tasks).poll(context);
        if this.stopped.get() { Poll::Ready(()) } else { polled }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _here = self.origins.enter();
        // While its origins are in place: what ends here gives its wires back to them.
        drop(mem::take(&mut self.tasks));
    }
}

/// Without a stop the shard ends when nobody can reach it any more and all that runs on it has ended.
async fn work_until_stopped(number: u64, jobs: UnboundedReceiver<Job>, stopped: Rc<Cell<bool>>) {
    stopped.set(work(number, jobs).await);
}

/// On a `LocalRuntime` every task is the runtime's, also those spawned inside a `LocalSet`, and could not be ended with it.
fn is_local_runtime() -> bool {
    let mut set = LocalSet::new();
    let probe = {
        let _inside = set.enter();
        spawn_local(async {})
    };
    let _polled = Pin::new(&mut set).poll(&mut Context::from_waker(Waker::noop()));
    !probe.is_finished()
}
