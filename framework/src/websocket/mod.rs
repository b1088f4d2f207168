//! A WebSocket handle: messages both ways over a wire that a request has handed over.

mod actor;
mod calls;
mod driving;
mod ending;
mod given;
mod line;
mod link;
mod messages;
mod part;
mod pending;
mod snapshot;
mod state;

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use actix::dev::channel::channel;
use actix::{Addr, Context};
use tokio::task::spawn_local;

use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::{ActorGuard, Commands, Ending, Hold, Node, handle_methods};
use crate::id::{HandleKind, WireId};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::WebSocketOptions;
use crate::origin::Lease;
use crate::protocol::websocket::closing::CloseFrame;
use crate::services::WorkGuard;

pub use actor::WebSocketActor;
pub use messages::{CloseWebSocket, ReceiveMessage, SendMessage, ShutdownWebSocket};
pub use part::MessagePart;
pub(crate) use snapshot::show_all_below;

/// One WebSocket (`WinHttpWebSocketCompleteUpgrade`), from [`Request::complete_upgrade`](crate::Request::complete_upgrade) or
/// [`Session::websocket`](crate::Session::websocket).
///
/// ```text
///   send* ----> shutdown ----+
///                            +----> close ----> CloseComplete
///   receive* -> Close -------+
/// ```
///
/// One `send` or `shutdown` and one `receive` may be in flight at a time, and overlap; `close` ends a `receive` that is in flight with
/// 12017. A call that does not fit is refused with 4317 and changes nothing. `receive` is *cancel-safe*; dropping the future of `send`
/// gives the message up, unless a part of it has gone out already.
///
/// Pings are answered also while nobody receives, as long as no message waits to be received. One that does stops the server: it
/// is left where it is, and so is all that follows it.
///
/// To close the *handle*, drop its last clone or call the trait's method: `Handle::close(&websocket)`. That ends the wire without a
/// closing handshake.
#[doc(alias = "WinHttpWebSocketCompleteUpgrade")]
#[derive(Clone)]
pub struct WebSocket {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    node: Arc<Node>,
    shared: Arc<Shared>,
    protocol: Option<Box<str>>,
    wire: WireId,
    opened: Instant,
    addr: Addr<WebSocketActor>,
    /// The handle above, which stays open as long as this one.
    _parent: Arc<dyn Any + Send + Sync>,
}

handle_methods!(WebSocket, whose close has a meaning of its own);

/// What the handle sees of its actor's knowledge.
#[derive(Default)]
struct Shared {
    closed_by_peer: OnceLock<CloseStatus>,
    /// In nanoseconds; 0 while it is not known.
    round_trip: AtomicU64,
}

/// What the server's close frame said (`WinHttpWebSocketQueryCloseStatus`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseStatus {
    /// The status (RFC 6455 7.4); 1005 if it gave none.
    pub code: u16,
    /// The reason, which may be empty.
    pub reason: Arc<str>,
}

impl From<CloseFrame> for CloseStatus {
    fn from(frame: CloseFrame) -> Self {
        Self { code: frame.code, reason: frame.reason.into() }
    }
}

/// What a request hands over when it becomes a WebSocket.
pub(crate) struct Upgraded {
    pub(crate) lease: Lease,
    pub(crate) options: WebSocketOptions,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) queue_timeout: Option<Duration>,
    pub(crate) protocol: Option<Box<str>>,
    pub(crate) url: String,
    pub(crate) work: Option<WorkGuard>,
}

/// A WebSocket's place in the tree, before it has its wire.
pub(crate) struct Opening {
    node: Arc<Node>,
    first_hold: Hold,
    parent: Arc<dyn Any + Send + Sync>,
}

impl Opening {
    pub(crate) fn under(owner: &Arc<Node>, context: u64) -> Result<Self> {
        let operation = Operation::CompleteUpgrade;
        let parent = owner.keep().ok_or_else(|| owner.gone(operation))?;
        let node = owner.child(HandleKind::WebSocket, operation)?;
        node.set_context(context);
        let first_hold = node.first_hold();
        Ok(Self { node, first_hold, parent })
    }

    /// Creates the handle, and starts its actor on this thread, where the wire is.
    pub(crate) fn start(self, upgraded: Upgraded) -> WebSocket {
        let Self { node, first_hold, parent } = self;
        // Until the handle is announced nothing of it may end.
        let creating = node.hold();
        let guard = ActorGuard::new(&node, first_hold);
        let (shared, protocol) = (Arc::<Shared>::default(), upgraded.protocol.clone());
        let (wire, (sender, receiver)) = (upgraded.lease.id(), channel(MAILBOX));
        let actor = WebSocketActor::new(&node, Arc::clone(&shared), upgraded, guard);
        let addr = Addr::new(sender);
        spawn_local(Context::with_receiver(receiver).into_future(actor));
        let (node_of, opened) = (Arc::clone(&node), clock::now());
        let inner =
            Arc::new(Inner { node: node_of, shared, protocol, wire, opened, addr: addr.clone(), _parent: parent });
        let entry: Weak<dyn Any + Send + Sync> = Arc::downgrade(&inner) as _;
        node.announce(entry);
        node.emit(Mask::WIRES, || Status::WireAcquired { wire, reused: true, waited: Duration::ZERO });
        node.attach(Commands { close: addr.clone().recipient(), cancel: Some(addr.recipient()) });
        drop(creating);
        WebSocket { inner }
    }
}

impl WebSocket {
    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// The subprotocol the server chose, of those that were offered. It may choose none; WinHTTP fails then.
    pub fn protocol(&self) -> Option<&str> {
        self.inner.protocol.as_deref()
    }

    /// What the server's close frame said (`WinHttpWebSocketQueryCloseStatus`).
    ///
    /// # Errors
    /// 4317 before it has come.
    #[doc(alias = "WinHttpWebSocketQueryCloseStatus")]
    pub fn close_status(&self) -> Result<CloseStatus> {
        self.inner.shared.closed_by_peer.get().cloned().ok_or_else(|| {
            let detail = "the server has not closed the WebSocket";
            let operation = Operation::WebSocketCloseStatus;
            Error::new(ErrorCode::InvalidOperation, operation, Stage::State, Blame::Caller, detail)
        })
    }

    /// How long the answer to the last ping took; `None` before one was answered. See
    /// [`WebSocketOptions::ping_every`].
    pub fn round_trip(&self) -> Option<Duration> {
        let nanoseconds = self.inner.shared.round_trip.load(Ordering::Relaxed);
        (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
    }

    /// The actor behind the handle: it takes every operation as a message.
    pub fn addr(&self) -> Addr<WebSocketActor> {
        self.inner.addr.clone()
    }
}

impl Shared {
    fn set_round_trip(&self, round_trip: Duration) {
        let nanoseconds = u64::try_from(round_trip.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.round_trip.store(nanoseconds, Ordering::Relaxed);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.node.close(Ending::Dropped);
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebSocket({})", self.inner.node.id())
    }
}

/// What actix gives a mailbox by default; a fresh clone of an address always finds room.
const MAILBOX: usize = 16;
