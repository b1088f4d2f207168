//! What a session lends to all levels below it, and the work it counts.

mod lanes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue, USER_AGENT};
use tokio::sync::{Notify, oneshot};

use crate::clock;
use crate::engine::Engine;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::Node;
use crate::options::SessionOptions;
use crate::origin::{Governors, Lanes, Quota, Terms, make_room};
use crate::target::Origin;
use crate::transport::Names;

pub(crate) use lanes::Load;
use lanes::{Place, Spread};

/// What a session lends to all levels below it.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) engine: Engine,
    /// Fields every request has unless it names them itself.
    pub(crate) default_headers: HeaderMap,
    pub(crate) session: Arc<Node>,
    pub(crate) terms: Arc<Terms>,
    pub(crate) work: Arc<Work>,
    pub(crate) opened: Instant,
    /// `None` where every origin is on one shard.
    spread: Option<Spread>,
}

impl Services {
    pub(crate) fn new(engine: Engine, options: SessionOptions, session: Arc<Node>) -> Arc<Self> {
        let mut default_headers = options.default_headers;
        default_headers.entry(USER_AGENT).or_insert(options.user_agent);
        default_headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let (shards, id) = (engine.clone(), session.id());
        let ask_all_shards = move || {
            for shard in shards.all_shards() {
                // One that has stopped has no wires left.
                let _stopped = shard.run(move || {
                    make_room(id);
                });
            }
        };
        let lanes = Lanes::new(options.lanes.min(engine.shards()), options.wires_per_origin);
        let spread = (lanes.count() > 1).then(|| Spread::new(lanes.count(), engine.shards(), options.wires_per_origin));
        let terms = Arc::new(Terms {
            session: Arc::clone(&session),
            quota: Quota::new(options.wires_per_session, ask_all_shards),
            governors: Governors::new(options.requests_at_once),
            wires_per_origin: options.wires_per_origin,
            lanes,
            idle_timeout: options.idle_timeout,
            wire_max_age: options.wire_max_age,
            wire_max_requests: options.wire_max_requests,
            trace: options.trace,
            names: Names::new(options.names),
        });
        let (work, opened) = (Arc::default(), clock::now());
        Arc::new(Self { engine, default_headers, session, terms, work, opened, spread })
    }

    /// Where a request to this origin runs.
    pub(crate) fn shard_for(&self, origin: &Origin) -> Place<'_> {
        let key = (self.session.id(), origin);
        match &self.spread {
            Some(spread) => spread.place(self.engine.all_shards(), Engine::hash_of(key)),
            None => Place::only(self.engine.shard_of(key)),
        }
    }
}

impl Services {
    /// Has the same done on every shard. One that has stopped has nothing to say.
    pub(crate) fn on_all_shards<T: Send + 'static, J: Fn() -> T + Clone + Send + 'static>(
        &self,
        job: J,
    ) -> impl Future<Output = Vec<T>> + Send + use<T, J> {
        let said: Vec<_> = self
            .engine
            .all_shards()
            .iter()
            .map(|shard| {
                let (say, said) = oneshot::channel();
                let job = job.clone();
                let _stopped = shard.run(move || {
                    // Whoever asked may have lost interest.
                    let _left = say.send(job());
                });
                said
            })
            .collect();
        async move {
            let mut all = Vec::new();
            for one in said {
                all.extend(one.await.ok());
            }
            all
        }
    }
}

/// The exchanges of a session that are under way, and how those ended that a shutdown waited for.
#[derive(Debug, Default)]
pub(crate) struct Work {
    draining: AtomicBool,
    under_way: AtomicUsize,
    ended: Notify,
    completed: AtomicU64,
    cancelled: AtomicU64,
    never_sent: AtomicU64,
}

/// How an exchange ended, for the report of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkEnd {
    Completed,
    Cancelled,
    NeverSent,
}

/// One exchange under way; ends with it, whatever happens to it.
#[derive(Debug)]
pub(crate) struct WorkGuard {
    work: Arc<Work>,
    end: WorkEnd,
}

impl Work {
    /// Refuses new work while the session shuts down (12012).
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        if self.draining.load(Ordering::SeqCst) {
            let detail = "the session is shutting down and takes no new work";
            return Err(Error::new(ErrorCode::Shutdown, operation, Stage::State, Blame::Caller, detail));
        }
        Ok(())
    }

    pub(crate) fn begin(self: &Arc<Self>, operation: Operation) -> Result<WorkGuard> {
        // Counted before the look: a shutdown that begins in between sees it.
        self.under_way.fetch_add(1, Ordering::SeqCst);
        if let Err(error) = self.check(operation) {
            self.leave();
            return Err(error);
        }
        Ok(WorkGuard { work: Arc::clone(self), end: WorkEnd::NeverSent })
    }

    /// From here on no new work begins.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Resolves when nothing is under way.
    pub(crate) async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.under_way.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// How the work ended that was under way when [`drain`](Self::drain) was called.
    pub(crate) fn count(&self, end: WorkEnd) -> u64 {
        self.counter(end).load(Ordering::Acquire)
    }

    fn counter(&self, end: WorkEnd) -> &AtomicU64 {
        match end {
            WorkEnd::Completed => &self.completed,
            WorkEnd::Cancelled => &self.cancelled,
            WorkEnd::NeverSent => &self.never_sent,
        }
    }

    fn leave(&self) {
        if self.under_way.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended.notify_waiters();
        }
    }
}

impl WorkGuard {
    /// How it would be reported if it ended now.
    pub(crate) fn is_now(&mut self, end: WorkEnd) {
        self.end = end;
    }
}

impl Drop for WorkGuard {
    fn drop(&mut self) {
        if self.work.draining.load(Ordering::Acquire) {
            self.work.counter(self.end).fetch_add(1, Ordering::AcqRel);
        }
        self.work.leave();
    }
}
