//! A handle's place in the tree: who it is, who hears of it, what is below it, and how it ends.
//!
//! ```text
//!            close, drop, crash, ancestor closed         no hold and no child left
//!   Open ------------------------------------> Closing --------------------------------> Closed
//!    |  children join                             |  no child joins                        |  HandleClosing was posted
//!    |  operations are taken                      |  calls fail with InvalidHandle         |  the parent is told
//! ```
//!
//! The tree is kept in shared nodes, not in the actors, so that three things hold from any thread and after any crash: a
//! child cannot join a parent that is closing; a parent's `HandleClosing` waits for those of its children; and a close
//! always gets through, because it is a flag first and a message second.

mod children;
mod closing;
mod finding;
mod stand_in;

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use actix::Recipient;
use tokio::sync::Notify;

use children::Children;

use super::messages::{Cancel, CloseHandle};
use super::stop::{Stop, StopReason};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::id::{HandleId, HandleKind};
use crate::notification::{Author, CreditLimits, NotificationMask, Status, Subscribers};

pub(crate) struct Node {
    id: HandleId,
    kind: HandleKind,
    parent: Option<Arc<Self>>,
    context: AtomicU64,
    subscribers: Subscribers,
    phase: AtomicU8,
    life: Mutex<Life>,
    /// Its creator, its actor, and each operation in flight: each may have something to tell before the handle is closed.
    holds: AtomicUsize,
    /// Wakes those who wait for another phase; made for the first of them.
    phases: OnceLock<Notify>,
    is_awaited: AtomicBool,
    handle: OnceLock<Entry>,
    /// Stops what runs for the handle before it has an actor.
    stop: Stop,
    /// What is under way may finish, and nothing else begins.
    draining: AtomicBool,
}

/// A weak way to the shared part of a handle; the level that knows its type turns it back into one.
pub(crate) type Entry = Weak<dyn Any + Send + Sync>;

struct Life {
    ending: Option<Ending>,
    finished: bool,
    actor: Option<Commands>,
    children: Children,
}

/// How the tree reaches an actor.
pub(crate) struct Commands {
    pub(crate) close: Recipient<CloseHandle>,
    /// `None` for a level that has no operation of its own to cancel.
    pub(crate) cancel: Option<Recipient<Cancel>>,
}

/// Somebody who may still have something to tell of a handle.
#[derive(Debug)]
pub(crate) struct Hold(Arc<Node>);

impl Hold {
    /// Of whom.
    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

/// Why a handle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// `close()` was called on it.
    Closed,
    /// Its last clone was dropped, or its work was done.
    Dropped,
    /// A handle above it was closed.
    AncestorClosed(HandleKind, HandleId),
    /// Its actor panicked.
    Crashed,
    /// The engine it ran on stopped.
    EngineStopped,
}

const OPEN: u8 = 0;
const CLOSING: u8 = 1;
const CLOSED: u8 = 2;

impl Node {
    /// A root: a session.
    pub(crate) fn root(limits: CreditLimits, context: u64) -> Arc<Self> {
        Arc::new(Self::new(HandleKind::Session, None, context, Subscribers::new(limits)))
    }

    /// A child with copies of its parent's subscribers and context.
    ///
    /// The caller must [`announce`](Self::announce) it, then start its actor or let go in the actor's place.
    pub(crate) fn child(self: &Arc<Self>, kind: HandleKind, operation: Operation) -> Result<Arc<Self>> {
        let mut life = self.lock();
        if life.ending.is_some() {
            drop(life);
            return Err(self.gone(operation));
        }
        let context = self.context.load(Ordering::Relaxed);
        let node = Arc::new(Self::new(kind, Some(Arc::clone(self)), context, self.subscribers.inherit()));
        life.children.join(Arc::clone(&node));
        Ok(node)
    }

    fn new(kind: HandleKind, parent: Option<Arc<Self>>, context: u64, subscribers: Subscribers) -> Self {
        let life = Life { ending: None, finished: false, actor: None, children: Children::default() };
        Self {
            id: HandleId::next(),
            kind,
            parent,
            context: AtomicU64::new(context),
            subscribers,
            phase: AtomicU8::new(OPEN),
            life: Mutex::new(life),
            holds: AtomicUsize::new(1),
            phases: OnceLock::new(),
            is_awaited: AtomicBool::new(false),
            handle: OnceLock::new(),
            stop: Stop::default(),
            draining: AtomicBool::new(false),
        }
    }

    /// Makes the handle known: it can be found by its id, and its `HandleCreated` is posted.
    pub(crate) fn announce(&self, entry: Entry) {
        // Only the creating call announces, once.
        self.handle.get_or_init(|| entry);
        self.emit(NotificationMask::HANDLES, || Status::HandleCreated(self.id));
    }

    /// The shared part of the handle, which keeps it open; `None` when the last clone of it is gone.
    pub(crate) fn keep(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.handle.get()?.upgrade()
    }

    /// Does anybody ask for it? Costs one load.
    #[inline]
    pub(crate) fn wants(&self, mask: NotificationMask) -> bool {
        self.subscribers.wants(mask)
    }

    /// Tells the subscribers who asked for it. Costs one load when nobody did.
    #[inline]
    pub(crate) fn emit(&self, mask: NotificationMask, status: impl FnOnce() -> Status) {
        if self.subscribers.wants(mask) {
            self.tell(mask, status);
        }
    }

    #[inline(never)]
    fn tell(&self, mask: NotificationMask, status: impl FnOnce() -> Status) {
        self.subscribers.emit(mask, self.author(), status);
    }

    /// Gives the tree the way to the actor. A close that came first is passed on now.
    pub(crate) fn attach(&self, commands: Commands) {
        let mut life = self.lock();
        if life.ending.is_some() {
            drop(life);
            commands.close.do_send(CloseHandle);
        } else {
            life.actor = Some(commands);
        }
    }

    /// Puts the end of the handle off until the hold is dropped.
    pub(crate) fn hold(self: &Arc<Self>) -> Hold {
        self.holds.fetch_add(1, Ordering::Relaxed);
        Hold(Arc::clone(self))
    }

    /// The hold that every new node comes with: its actor's, or its creator's.
    pub(crate) fn first_hold(self: &Arc<Self>) -> Hold {
        Hold(Arc::clone(self))
    }

    fn let_go(&self) {
        if self.holds.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.finish_if_last();
        }
    }

    fn finish_if_last(&self) {
        // Who lets go last comes here behind this, and finds that the handle is ending.
        if self.holds.load(Ordering::Acquire) == 0 && self.is_finished_now(&mut self.lock()) {
            self.finish();
        }
    }

    /// Is it ending, and nobody left who may have something to tell? True once.
    fn is_finished_now(&self, life: &mut Life) -> bool {
        let is_ready = life.ending.is_some() && life.children.is_empty() && self.holds.load(Ordering::Acquire) == 0;
        is_ready && !std::mem::replace(&mut life.finished, true)
    }

    fn finish(&self) {
        let departed = self.subscribers.close(self.author());
        self.phase.store(CLOSED, Ordering::SeqCst);
        self.wakes_who_waits();
        if let Some(parent) = &self.parent {
            parent.subscribers.wait_for(departed);
            let (removed, is_finished) = {
                let mut life = parent.lock();
                (life.children.leave(self.id), parent.is_finished_now(&mut life))
            };
            drop(removed);
            if is_finished {
                parent.finish();
            }
        }
    }

    /// The phase was stored before, in the order of all as what is loaded here: whoever waits sees it, or is seen.
    fn wakes_who_waits(&self) {
        if self.is_awaited.load(Ordering::SeqCst)
            && let Some(phases) = self.phases.get()
        {
            phases.notify_waiters();
        }
    }

    /// Waits until the phase is as wanted.
    async fn waits(&self, is_wanted: impl Fn(u8) -> bool) {
        let phases = self.phases.get_or_init(Notify::new);
        self.is_awaited.store(true, Ordering::SeqCst);
        loop {
            let changed = phases.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if is_wanted(self.phase.load(Ordering::SeqCst)) {
                return;
            }
            changed.await;
        }
    }

    /// Resolves when `HandleClosing` was posted, here and below.
    pub(crate) async fn closing_posted(&self) {
        self.waits(|phase| phase == CLOSED).await;
    }

    /// Resolves when every subscriber has handled the last notification, or has died.
    pub(crate) async fn last_words_handled(&self) {
        self.closing_posted().await;
        self.subscribers.farewell().await;
    }

    /// Cancels what is in flight here and below, and closes nothing.
    pub(crate) fn cancel(&self) {
        let life = self.lock();
        let children = life.children.all();
        match &life.actor {
            Some(Commands { cancel: Some(cancel), .. }) => cancel.do_send(Cancel),
            Some(Commands { cancel: None, .. }) => {}
            None => self.stop.fire(StopReason::Cancelled),
        }
        drop(life);
        children.iter().for_each(|child| child.cancel());
    }

    /// What stops the operation that runs for the handle while it has no actor.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(crate) fn check_open(&self, operation: Operation) -> Result<()> {
        if self.phase.load(Ordering::Acquire) == OPEN { Ok(()) } else { Err(self.gone(operation)) }
    }

    /// What a call on this handle meets when the handle has ended (contract B.5).
    #[cold]
    pub(crate) fn gone(&self, operation: Operation) -> Error {
        let name = format!("{} {}", self.kind, self.id);
        match self.ending() {
            Some(Ending::EngineStopped) => engine_stopped(operation),
            Some(Ending::AncestorClosed(kind, id)) => {
                Error::invalid_handle(operation, format!("the {name} ended when the {kind} {id} above it was closed"))
            }
            Some(Ending::Crashed) => {
                Error::invalid_handle(operation, format!("the {name} ended when its actor crashed"))
            }
            _ => Error::invalid_handle(operation, format!("the {name} was closed")),
        }
    }

    /// What an operation in flight ends with when the handle ends (contract B.5, B.9).
    #[cold]
    pub(crate) fn interrupted(&self, operation: Operation) -> Error {
        let name = format!("{} {}", self.kind, self.id);
        match self.ending() {
            Some(Ending::AncestorClosed(..) | Ending::EngineStopped) => self.gone(operation),
            Some(Ending::Closed | Ending::Dropped) => {
                let detail = format!("the {name} was closed while the operation was in flight");
                Error::new(ErrorCode::OperationCancelled, operation, Stage::State, Blame::Caller, detail)
            }
            // Dropped with its thread, before the guard of its actor.
            None if !std::thread::panicking() => engine_stopped(operation),
            Some(Ending::Crashed) | None => {
                let detail = format!("the actor of the {name} crashed");
                Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, detail)
            }
        }
    }

    /// Did the actor die?
    pub(crate) fn has_crashed(&self) -> bool {
        self.ending() == Some(Ending::Crashed)
    }

    pub(crate) fn id(&self) -> HandleId {
        self.id
    }

    pub(crate) fn kind(&self) -> HandleKind {
        self.kind
    }

    pub(crate) fn parent(&self) -> Option<HandleId> {
        self.parent.as_ref().map(|parent| parent.id)
    }

    pub(crate) fn above(&self) -> Option<&Arc<Self>> {
        self.parent.as_ref()
    }

    pub(crate) fn context(&self) -> u64 {
        self.context.load(Ordering::Relaxed)
    }

    pub(crate) fn set_context(&self, context: u64) {
        self.context.store(context, Ordering::Relaxed);
    }

    pub(crate) fn subscribers(&self) -> &Subscribers {
        &self.subscribers
    }

    pub(crate) fn author(&self) -> Author {
        Author { handle: self.id, kind: self.kind, parent: self.parent(), context: self.context() }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase.load(Ordering::Acquire) == OPEN
    }

    /// Nothing new begins for the handle, though it is open.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// May something begin for it that nobody asked for yet?
    pub(crate) fn is_in_use(&self) -> bool {
        self.is_open() && !self.draining.load(Ordering::Acquire)
    }

    fn ending(&self) -> Option<Ending> {
        self.lock().ending
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine under a handle has stopped (12012).
pub(crate) fn engine_stopped(operation: Operation) -> Error {
    let detail = "the engine this handle ran on has stopped";
    Error::new(ErrorCode::Shutdown, operation, Stage::State, Blame::Caller, detail)
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}
