//! The threads everything runs on: one actix system with its shards, started when the first session needs it.

mod shard;

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use actix::{Actor, Addr, AsyncContext, Context, Recipient};
use actix_rt::{Arbiter, System};

use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::engine_stopped;
use crate::notification::{Closure, Notification, Waking};
use crate::origin::Folding;

#[cfg(feature = "blocking")]
pub(crate) use shard::hosts_a_shard;
pub(crate) use shard::{Crew, Shard, mailbox, thread_number};

/// The threads that sessions run on.
///
/// A program needs none of this: sessions share one engine that starts by itself, with a shard per core. A private one
/// keeps its sessions apart, or is stopped with all of them.
///
/// A *shard* is a thread with an event loop. Everything of one origin runs on one shard: its wires, its pool and the
/// requests that use them; on several if the session has [lanes](crate::SessionBuilder::lanes). Subscribers started by [`start`]
/// and [`subscriber`] run on a thread of their own, so that a slow one cannot hold up a wire; a shard wakes them once for all it
/// has told them in one go.
///
/// ```
/// use hinternet::{Engine, Session};
///
/// let engine = Engine::builder().shards(1).start()?; // threads of its own, beside the global ones
/// let session = Session::builder().engine(engine.clone()).open()?;
/// assert_eq!(engine.shards(), 1);
/// # drop(session);
/// engine.stop();
/// assert!(engine.is_stopped());
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    shards: Vec<Shard>,
    subscribers: Shard,
    host: Host,
    stopped: AtomicBool,
    next: AtomicUsize,
}

/// What an engine runs on, and so what a stop ends.
enum Host {
    /// Threads of ours.
    System(System),
    /// The caller's own arbiter, which is not ours to stop.
    CallersArbiter,
    /// A task of ours on the caller's thread.
    CallersThread,
}

/// Builds a private engine.
///
/// An example is at [`Engine`].
#[derive(Clone, Debug, Default)]
pub struct EngineBuilder {
    shards: Option<usize>,
}

impl EngineBuilder {
    /// How many shards; by default one per core.
    #[doc(alias = "WINHTTP_OPTION_WORKER_THREAD_COUNT")]
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// 87 for no shards at all or over 1,024; 12004 when the system gives no thread.
    pub fn start(self) -> Result<Engine> {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        let shards = self.shards.unwrap_or_else(cores);
        if !(1..=1024).contains(&shards) {
            return Err(Error::parameter(Operation::Open, format!("an engine has 1 to 1,024 shards, not {shards}")));
        }
        Engine::on_new_threads(shards)
    }
}

impl Engine {
    /// Builds a private engine.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The engine all sessions share that were given none; started by the first call, and again after a stop.
    ///
    /// # Errors
    /// 12004 when the system gives no thread.
    pub fn global() -> Result<Self> {
        static GLOBAL: Mutex<Option<Engine>> = Mutex::new(None);
        let mut global = GLOBAL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = global.as_ref().filter(|engine| !engine.is_stopped()) {
            return Ok(engine.clone());
        }
        let engine = Self::builder().start()?;
        *global = Some(engine.clone());
        Ok(engine)
    }

    /// The caller's own arbiter as an engine of one shard: no thread is crossed between the caller and its requests.
    ///
    /// # Errors
    /// 87 when the calling thread runs no actix arbiter.
    pub fn on_current_arbiter() -> Result<Self> {
        let arbiter = Arbiter::try_current().ok_or_else(|| {
            Error::parameter(Operation::Open, "on_current_arbiter was called on a thread that runs no actix arbiter")
        })?;
        let shard = Shard::on_current_arbiter(arbiter);
        Ok(Self::of(vec![shard.clone()], shard, Host::CallersArbiter))
    }

    /// An engine of one shard among the tasks of the calling thread's tokio `LocalSet`: no thread is started or crossed, and no
    /// actix system is needed. For a program that is one thread, and for a host of a simulated network with its own clock.
    ///
    /// It runs while the `LocalSet` does, and ends with it; [`stop`](Self::stop) ends it alone. What it serves may be called
    /// from any thread.
    ///
    /// ```
    /// # async fn example() -> hinternet::Result<()> {
    /// use hinternet::{Engine, NotificationMask, Session};
    ///
    /// let engine = Engine::on_current_thread()?;
    /// // On the same thread too, and so in one order with all else.
    /// let subscriber = engine.subscriber(|n| println!("{n:?}"));
    /// let session = Session::builder().engine(engine).subscriber(subscriber, NotificationMask::ALL_NOTIFICATIONS).open()?;
    /// session.close().await
    /// # }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # tokio::task::LocalSet::new().block_on(&runtime, example()).unwrap();
    /// ```
    ///
    /// # Errors
    /// 87 outside of a `LocalSet`, and on a tokio `LocalRuntime`. Tokio tells of a missing `LocalSet` by a panic alone, which is
    /// caught here: it leaves its line on standard error, and a program that aborts on panics ends with it.
    pub fn on_current_thread() -> Result<Self> {
        let shard = Shard::on_current_thread().ok_or_else(|| {
            let detail = "on_current_thread was called outside of a tokio LocalSet";
            Error::parameter(Operation::Open, detail)
        })?;
        Ok(Self::of(vec![shard.clone()], shard, Host::CallersThread))
    }

    /// The system's runtime must be made on the thread that runs it, which must not have one already: so a thread of its own.
    fn on_new_threads(shards: usize) -> Result<Self> {
        let (ready, started) = mpsc::channel();
        let run = move || {
            let runner = System::new();
            let arbiters: Vec<_> = (0..=shards).map(|_| Shard::on_arbiter(Arbiter::new().handle())).collect();
            if ready.send((System::current(), arbiters)).is_ok() {
                // Its exit code has no meaning here: nobody waits for this thread.
                let _code = runner.run_with_code();
            }
        };
        let no_thread = |reason: String| {
            Error::new(ErrorCode::InternalError, Operation::Open, Stage::State, Blame::Network, reason)
        };
        thread::Builder::new()
            .name("hinternet-engine".to_owned())
            .spawn(run)
            .map_err(|error| no_thread(format!("the engine's thread could not be started: {error}")))?;
        let (system, mut arbiters) =
            started.recv().map_err(|_| no_thread("the engine's threads could not be started".to_owned()))?;
        let subscribers = arbiters.remove(0);
        for shard in &arbiters {
            // One that has stopped already has nobody to wake.
            let _running = shard.spawn(Waking::default());
        }
        Ok(Self::of(arbiters, subscribers, Host::System(system)))
    }

    fn of(shards: Vec<Shard>, subscribers: Shard, host: Host) -> Self {
        let (stopped, next) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self(Arc::new(Inner { shards, subscribers, host, stopped, next }))
    }

    /// Stops its threads. Everything on it ends: operations in flight and later calls fail with 12012.
    ///
    /// An engine made of the caller's arbiter only takes no new work; the arbiter is the caller's to stop. One on the caller's
    /// thread ends when that thread comes round to it.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        if let Host::CallersArbiter = self.0.host {
            return;
        }
        for shard in &self.0.shards {
            shard.stop();
        }
        if let Host::System(system) = &self.0.host {
            self.0.subscribers.stop();
            system.stop();
        }
    }

    /// Starts an actor on this engine's thread for subscribers: as [`start`], but on this engine. On one that has stopped the
    /// actor is dropped, and its address is dead.
    pub fn start<A>(&self, actor: A) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Send,
    {
        self.0.subscribers.start_subscriber(actor)
    }

    /// A subscriber made of a closure: as [`subscriber`], but on this engine's thread.
    pub fn subscriber(&self, handle: impl FnMut(Notification) + Send + Unpin + 'static) -> Recipient<Notification> {
        subscribing(Closure::new(handle), |closure| self.start(closure))
    }

    /// Was it stopped, or did it end with the thread it was on?
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire) || self.0.subscribers.has_gone()
    }

    /// How many shards it has.
    pub fn shards(&self) -> usize {
        self.0.shards.len()
    }

    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        if self.is_stopped() { Err(engine_stopped(operation)) } else { Ok(()) }
    }

    /// The shard for whatever `key` names: the same for equal keys.
    pub(crate) fn shard_of(&self, key: impl Hash) -> &Shard {
        &self.0.shards[(Self::hash_of(key) % self.0.shards.len() as u64) as usize]
    }

    /// What places it there.
    pub(crate) fn hash_of(key: impl Hash) -> u64 {
        Folding::known().hash_one(key)
    }

    /// The shards in turn, for what may live on any.
    pub(crate) fn next_shard(&self) -> &Shard {
        &self.0.shards[self.0.next.fetch_add(1, Ordering::Relaxed) % self.0.shards.len()]
    }

    pub(crate) fn all_shards(&self) -> &[Shard] {
        &self.0.shards
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({} shards)", self.shards())
    }
}

/// Starts an actor on the engine's thread for subscribers; from any thread, with any runtime or none.
///
/// (An actor's own `start()` panics outside of an actix system.) Starts the shared engine if it does not run yet; if no
/// thread can be had for it, the actor is dropped and its address is dead.
///
/// ```
/// # struct Printer;
/// # impl actix::Actor for Printer { type Context = actix::Context<Self>; }
/// let printer = hinternet::start(Printer); // in `main` already, before there is a runtime
/// assert!(printer.connected());
/// ```
pub fn start<A>(actor: A) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Send,
{
    match Engine::global() {
        Ok(engine) => engine.start(actor),
        Err(error) => {
            tracing::error!(%error, "no engine for a subscriber");
            Context::new().address()
        }
    }
}

/// A subscriber made of a closure; it runs as an actor of its own, one notification at a time.
///
/// ```
/// use hinternet::{NotificationMask, Session};
///
/// let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
/// let counting = count.clone();
/// let subscriber = hinternet::subscriber(move |_| {
///     counting.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
/// });
/// let session = Session::builder().subscriber(subscriber, NotificationMask::REQUEST_ERROR).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
pub fn subscriber(handle: impl FnMut(Notification) + Send + Unpin + 'static) -> Recipient<Notification> {
    subscribing(Closure::new(handle), start)
}

fn subscribing<F>(closure: Closure<F>, start: impl FnOnce(Closure<F>) -> Addr<Closure<F>>) -> Recipient<Notification>
where
    F: FnMut(Notification) + Send + Unpin + 'static,
{
    let queue = closure.queue();
    let recipient = start(closure).recipient();
    queue.stands_beside(&recipient);
    recipient
}
