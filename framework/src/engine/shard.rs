//! One thread's event loop: an actix arbiter, or a part of the caller's own thread.

mod local;

use actix::dev::channel::channel;
use actix::{Actor, Addr, Context};
use actix_rt::ArbiterHandle;
use tokio::sync::mpsc::UnboundedSender;

use crate::notification::WokenLate;

use local::{Job, Local};

/// Where actors run. From any thread a shard is given work; on its own thread it does it, in the order it came.
#[derive(Clone)]
pub(crate) enum Shard {
    /// A thread of ours, or an arbiter of the caller's.
    Arbiter(ArbiterHandle),
    /// Tasks among those of the caller's `LocalSet`.
    Local(UnboundedSender<Job>),
}

impl Shard {
    /// A shard among the tasks of the current `LocalSet`; `None` where there is none.
    pub(super) fn on_current_thread() -> Option<Self> {
        Local::spawn().map(Self::Local)
    }

    /// Starts an actor. On a shard that has stopped it is dropped.
    pub(crate) fn start<A>(&self, actor: impl FnOnce() -> A + Send + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>>,
    {
        match self {
            Self::Arbiter(arbiter) => A::start_in_arbiter(arbiter, move |_| actor()),
            Self::Local(jobs) => {
                let (sender, receiver) = channel(MAILBOX);
                let start = move || {
                    tokio::task::spawn_local(Context::with_receiver(receiver).into_future(actor()));
                };
                // Refused by a shard that has stopped, as an arbiter does: the actor is dropped, and its address is dead.
                let _stopped = jobs.send(Job::Run(Box::new(start)));
                Addr::new(sender)
            }
        }
    }

    /// Starts a subscriber: an actor that the shards wake late.
    pub(super) fn start_subscriber<A>(&self, actor: A) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Send,
    {
        let Self::Arbiter(arbiter) = self else { return self.start(move || actor) };
        let (sender, receiver) = channel(MAILBOX);
        let start = move || {
            let future = Context::with_receiver(receiver).into_future(actor);
            tokio::task::spawn_local(WokenLate::new(future));
        };
        let _stopped = arbiter.spawn_fn(start);
        Addr::new(sender)
    }

    /// Runs a function there. `false`: it has stopped, and the function was dropped.
    pub(crate) fn run(&self, function: impl FnOnce() + Send + 'static) -> bool {
        match self {
            Self::Arbiter(arbiter) => arbiter.spawn_fn(function),
            Self::Local(jobs) => jobs.send(Job::Run(Box::new(function))).is_ok(),
        }
    }

    /// Runs a future there. `false`: it has stopped, and the future was dropped.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> bool {
        match self {
            Self::Arbiter(arbiter) => arbiter.spawn(future),
            Self::Local(jobs) => {
                let spawn = move || {
                    tokio::task::spawn_local(future);
                };
                jobs.send(Job::Run(Box::new(spawn))).is_ok()
            }
        }
    }

    /// Did it end, also without having been stopped?
    pub(super) fn has_gone(&self) -> bool {
        match self {
            Self::Arbiter(arbiter) => !arbiter.alive(),
            Self::Local(jobs) => jobs.is_closed(),
        }
    }

    /// Ends all that runs there.
    pub(super) fn stop(&self) {
        let _stopped = match self {
            Self::Arbiter(arbiter) => arbiter.stop(),
            Self::Local(jobs) => jobs.send(Job::Stop).is_ok(),
        };
    }
}

/// What actix gives a mailbox by default; a fresh clone of an address always finds room.
const MAILBOX: usize = 16;
