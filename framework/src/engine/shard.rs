//! One thread's event loop: an actix arbiter, or a part of the caller's own thread.

mod crew;
mod hosted;
mod local;
mod near;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use actix::dev::channel::{AddressReceiver, channel};
use actix::{Actor, Addr, Context};
use actix_rt::ArbiterHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::coop::has_budget_remaining;
use tokio::task::spawn_local;

use crate::notification::WokenLate;

pub(crate) use crew::Crew;
use hosted::Hosted;
#[cfg(feature = "blocking")]
pub(crate) use hosted::hosts_a_shard;
use local::Local;
use near::Near;

/// Where actors run. From any thread a shard is given work; on its own thread it does it, what one thread has given in the order it came.
#[derive(Clone)]
pub(crate) struct Shard {
    number: u64,
    jobs: UnboundedSender<Job>,
    /// `None`: tasks among those of the caller's `LocalSet`.
    arbiter: Option<ArbiterHandle>,
    /// The thread it is on; 0 until it has begun.
    thread: Arc<AtomicU64>,
}

/// A mailbox, and the address it is reached at, for an actor that is yet to be started.
pub(crate) fn mailbox<A: Actor>() -> (Addr<A>, AddressReceiver<A>) {
    let (sender, receiver) = channel(MAILBOX);
    (Addr::new(sender), receiver)
}

/// What a shard is told to do.
enum Job {
    Run(Box<dyn FnOnce(&Crew) + Send>),
    Stop,
}

impl Shard {
    /// A thread of ours. What is to be done there goes through one task of ours: the arbiter would make a task of each.
    pub(super) fn on_arbiter(arbiter: ArbiterHandle) -> Self {
        Self::on(arbiter, None)
    }

    /// The calling thread's arbiter.
    pub(super) fn on_current_arbiter(arbiter: ArbiterHandle) -> Self {
        Self::on(arbiter, Some(Hosted::here()))
    }

    fn on(arbiter: ArbiterHandle, hosted: Option<Hosted>) -> Self {
        let (jobs, receiver) = unbounded_channel();
        let number = next_number();
        let thread = Arc::new(AtomicU64::new(0));
        let begun = Arc::clone(&thread);
        // On one that has stopped, the receiver is dropped and no job is taken.
        let _stopped = arbiter.spawn_fn(move || {
            begun.store(thread_number(), Ordering::Relaxed);
            spawn_local(async move {
                let _hosted = hosted;
                work(number, receiver).await
            });
        });
        Self { number, jobs, arbiter: Some(arbiter), thread }
    }

    /// A shard among the tasks of the current `LocalSet`; `None` where there is none.
    pub(super) fn on_current_thread() -> Option<Self> {
        let thread = Arc::new(AtomicU64::new(thread_number()));
        let number = next_number();
        Local::spawn(number).map(|jobs| Self { number, jobs, arbiter: None, thread })
    }

    /// Starts an actor. On a shard that has stopped it is dropped, and its address is dead.
    pub(crate) fn start<A>(&self, actor: impl FnOnce() -> A + Send + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>>,
    {
        let (addr, mailbox) = mailbox();
        self.start_with(mailbox, actor);
        addr
    }

    /// Starts an actor whose address is known already: its handle can be announced before it does anything.
    pub(crate) fn start_with<A>(&self, mailbox: AddressReceiver<A>, actor: impl FnOnce() -> A + Send + 'static)
    where
        A: Actor<Context = Context<A>>,
    {
        self.run(move || {
            spawn_local(Context::with_receiver(mailbox).into_future(actor()));
        });
    }

    /// Starts a subscriber: an actor that the shards wake late.
    pub(super) fn start_subscriber<A>(&self, actor: A) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Send,
    {
        if self.arbiter.is_none() {
            return self.start(move || actor);
        }
        let (addr, mailbox) = mailbox();
        self.run(move || {
            spawn_local(WokenLate::new(Context::with_receiver(mailbox).into_future(actor)));
        });
        addr
    }

    /// Runs a function there. `false`: it has stopped, and the function was dropped.
    pub(crate) fn run(&self, function: impl FnOnce() + Send + 'static) -> bool {
        self.run_with_crew(move |_| function())
    }

    /// The same for one that has work for the shard's crew.
    pub(crate) fn run_with_crew(&self, function: impl FnOnce(&Crew) + Send + 'static) -> bool {
        self.tell(Job::Run(Box::new(function)))
    }

    fn tell(&self, job: Job) -> bool {
        Near::give(self.number, job).or_else(|job| self.jobs.send(job)).is_ok()
    }

    /// Runs a future there. `false`: it has stopped, and the future was dropped.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> bool {
        self.run(move || {
            spawn_local(future);
        })
    }

    /// Is it on the calling thread?
    pub(crate) fn is_here(&self) -> bool {
        self.thread.load(Ordering::Relaxed) == thread_number()
    }

    /// Did it end, also without having been stopped?
    pub(super) fn has_gone(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Ends all that runs there.
    pub(super) fn stop(&self) {
        let _stopped = match &self.arbiter {
            Some(arbiter) => arbiter.stop(),
            None => self.tell(Job::Stop),
        };
    }
}

/// Does what the shard is told. `true`: it was told to stop; `false`: nobody can tell it anything any more.
///
/// A job that panics ends alone, as a task of its own would.
async fn work(number: u64, mut jobs: UnboundedReceiver<Job>) -> bool {
    let near = Near::here(number);
    let crew = Crew::default();
    let is_over = |job: Job| match job {
        Job::Run(function) => {
            drop(catch_unwind(AssertUnwindSafe(|| function(&crew))));
            false
        }
        Job::Stop => true,
    };
    poll_fn(|context| {
        // What this thread has told before it was here came this way too, and comes first.
        let told_to_end = loop {
            match jobs.poll_recv(context) {
                Poll::Ready(Some(job)) => {
                    if is_over(job) {
                        break Some(true);
                    }
                }
                Poll::Ready(None) => break Some(false),
                Poll::Pending => break None,
            }
        };
        // Without budget left there may be more, for which it was woken already.
        if told_to_end.is_none() && !has_budget_remaining() {
            return Poll::Pending;
        }
        // Also before an end, which this thread may have told it of behind these.
        let is_over = near.work(context, is_over);
        match told_to_end {
            Some(end) => Poll::Ready(end || is_over),
            None if is_over => Poll::Ready(true),
            None => Poll::Pending,
        }
    })
    .await
}

/// Tells one shard from another.
fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Names the calling thread.
pub(crate) fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: u64 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

/// What actix gives a mailbox by default; a fresh clone of an address always finds room.
const MAILBOX: usize = 16;

#[cfg(test)]
mod tests;
