//! A self-healing WebSocket in the making.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use super::actor::{Recipe, SelfHealingActor};
use super::ended::Ended;
use super::shared::Shared;
use super::{Inner, Kept, SelfHealing};
use crate::chance;
use crate::engine::mailbox;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::{ActorGuard, Commands, Entry};
use crate::id::HandleKind;
use crate::options::SelfHealingOptions;
use crate::policy::{Chances, Room};
use crate::request::{Opening, WebSocketBuilder};
use crate::websocket::WebSocket;

/// What a resume hook is given.
///
/// An example is at [`SelfHealing`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Resumed {
    /// The WebSocket that has just been opened. It is the hook's alone until its future ends; then messages are received from it and
    /// those that wait go out, so whoever keeps a clone must neither receive nor send.
    pub websocket: WebSocket,
    /// Which attempt it was, counted from the last WebSocket that was sound.
    pub attempt: u32,
    /// How the last one ended, or why there was none; `None` for the first attempt.
    pub last_end: Option<Ended>,
}

type Resuming = Pin<Box<dyn Future<Output = Result<()>> + Send>>;
pub(super) type Resume = Box<dyn Fn(Resumed) -> Resuming + Send>;
pub(super) type IsFinal = Box<dyn Fn(&Ended) -> bool + Send>;

/// A self-healing WebSocket in the making, from [`WebSocketBuilder::self_healing`].
///
/// An example is at [`SelfHealing`].
#[must_use = "nothing is connected before `open`"]
pub struct SelfHealingBuilder {
    websocket: WebSocketBuilder,
    options: SelfHealingOptions,
    resume: Option<Resume>,
    is_final: Option<IsFinal>,
}

impl WebSocketBuilder {
    /// A WebSocket that is made anew when it ends; see [`SelfHealing`]. Every attempt is what `connect` would do.
    pub fn self_healing(self, options: SelfHealingOptions) -> SelfHealingBuilder {
        SelfHealingBuilder { websocket: self, options, resume: None, is_final: None }
    }
}

impl SelfHealingBuilder {
    /// The resume hook: called with each fresh WebSocket, before anything that waits goes out and before anything is received. It
    /// subscribes again, says what it has seen last, and may receive the answer. If it fails, or takes longer than
    /// [`resume_timeout`](SelfHealingOptions::resume_timeout), the WebSocket is given up and the next attempt follows.
    pub fn resume<F, E>(mut self, hook: impl Fn(Resumed) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.resume = Some(Box::new(move |fresh| {
            let passes = hook(fresh);
            Box::pin(async move { passes.await.map_err(|error| refusal(error.into())) })
        }));
        self
    }

    /// Which ends are final, in place of [`Ended::is_final`], which the closure may ask too.
    ///
    /// ```no_run
    /// # fn example(builder: hinternet::SelfHealingBuilder) -> hinternet::SelfHealingBuilder {
    /// use hinternet::Ended;
    ///
    /// // This server says so when the login is not valid any more.
    /// builder.is_final(|end| matches!(end, Ended::Closed(status) if status.code == 4001) || end.is_final())
    /// # }
    /// ```
    pub fn is_final(mut self, decides: impl Fn(&Ended) -> bool + Send + 'static) -> Self {
        self.is_final = Some(Box::new(decides));
        self
    }

    /// Opens it. It begins to connect; nothing is waited for.
    ///
    /// # Errors
    /// 87 for options that cannot be meant, and for what was wrong with the request; 6 when the session is closed, 12012 while it
    /// shuts down.
    pub fn open(self) -> Result<SelfHealing> {
        let Self { websocket, options, resume, is_final } = self;
        let operation = Operation::CompleteUpgrade;
        websocket.check()?;
        options.check(operation)?;
        let chances = Chances::seeded(seed(&options)?);
        let Opening { services, keep } = websocket.opening().clone();
        services.engine.check(operation)?;
        services.work.check(operation)?;
        let node = keep.node().child(HandleKind::SelfHealing, operation)?;
        // Until the handle is announced nothing of it may end.
        let creating = node.hold();
        let guard = ActorGuard::new(node.first_hold());
        node.set_context(websocket.its_context());
        let shard = services.engine.shard_of((services.session.id(), websocket.target().origin())).clone();
        let kept = Arc::new(Kept { node: Arc::clone(&node), handle: OnceLock::new(), _parent: keep });
        let opening = Opening { services, keep: Arc::clone(&kept) as _ };
        let room = Room { messages: options.queue_messages, octets: options.queue_octets, overflow: options.overflow };
        let shared = Shared::new(room);
        let recipe = Recipe { websocket: websocket.below(opening), options, resume, is_final };
        let (actor_node, actor_shared) = (Arc::clone(&node), Arc::clone(&shared));
        let (addr, mailbox) = mailbox();
        let inner = Arc::new(Inner { node: Arc::clone(&node), shared, addr: addr.clone(), _kept: Arc::clone(&kept) });
        kept.handle.get_or_init(|| Arc::downgrade(&inner));
        let entry: Entry = Arc::downgrade(&kept) as _;
        node.announce(entry);
        // Not before: the handles of its first attempt are announced behind it.
        shard.start_with(mailbox, move || SelfHealingActor::new(actor_node, actor_shared, recipe, chances, guard));
        node.attach(Commands { close: addr.clone().recipient(), cancel: Some(addr.recipient()) });
        drop(creating);
        Ok(SelfHealing { inner })
    }
}

/// Clients of one server must not have the same chances, so they are the system's unless a test says otherwise.
fn seed(options: &SelfHealingOptions) -> Result<u64> {
    if let Some(seed) = options.seed {
        return Ok(seed);
    }
    chance::octets().map(u64::from_ne_bytes).map_err(|none| {
        let detail = none.to_string();
        Error::new(ErrorCode::InternalError, Operation::CompleteUpgrade, Stage::State, Blame::Library, detail)
    })
}

/// An error of ours stays what it is; any other is the source of one.
fn refusal(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => {
            let detail = format!("the resume hook refused: {other}");
            let (code, operation) = (ErrorCode::OperationCancelled, Operation::CompleteUpgrade);
            Error::new(code, operation, Stage::Upgrade, Blame::Caller, detail).with_boxed_source(other)
        }
    }
}

impl fmt::Debug for SelfHealingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SelfHealingBuilder({:?})", self.websocket)
    }
}
