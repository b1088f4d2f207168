//! A WebSocket handle: messages both ways over a wire that a request has handed over.

mod actor;
mod calls;
mod carrier;
mod driving;
mod ending;
mod given;
mod inlet;
mod line;
mod link;
mod local;
mod messages;
mod outlet;
mod part;
mod pending;
mod sink;
mod snapshot;
mod socket;
mod state;
mod stream;
mod traffic;
mod waiting;

use std::any::Any;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix::dev::channel::channel;
use actix::{Addr, Context};
use tokio::task::spawn_local;

use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::{ActorGuard, Commands, Ending, Hold, Node, handle_methods};
use crate::id::{HandleKind, WireId};
use crate::notification::{NotificationMask as Mask, Status};
#[cfg(feature = "deflate")]
use crate::options::AgreedCompression;
use crate::options::WebSocketOptions;
use crate::origin::Lease;
use crate::protocol::websocket::closing::CloseFrame;
use crate::protocol::websocket::deflate::Agreed;
use crate::services::WorkGuard;
use crate::wire::Tunnel;

use local::{Local, Whereabouts};
use socket::Socket;
use traffic::Traffic;

pub use actor::WebSocketActor;
pub use messages::{CloseWebSocket, ReceiveMessage, SendMessage, ShutdownWebSocket};
pub use part::MessagePart;
pub use sink::WebSocketSink;
pub(crate) use snapshot::show_all_below;
pub use stream::WebSocketStream;

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
/// It has a wire of HTTP/1.1 for itself, or a stream of one of HTTP/2 that others share (RFC 8441); see
/// [`Request::upgrade_to_websocket`](crate::Request::upgrade_to_websocket) for which. Over a stream, END_STREAM stands for the FIN of a
/// connection and RST_STREAM for its reset; one that is not read stops its server by the stream's window, and no other stream.
///
/// To close the *handle*, drop its last clone or call the trait's method: `Handle::close(&websocket)`. That ends the wire without a
/// closing handshake.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let websocket = session.websocket("ws://www.example.com/")?.connect().await?;
/// websocket.send("hello").await?;
/// let message = websocket.receive().await?;
/// assert_eq!(message.as_text(), Some("hello"));
/// websocket.close(1000, "done").await?; // by both sides
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WinHttpWebSocketCompleteUpgrade")]
#[derive(Clone)]
pub struct WebSocket {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    node: Arc<Node>,
    shared: Arc<Shared>,
    protocol: Option<Box<str>>,
    #[cfg(feature = "deflate")]
    compression: Option<AgreedCompression>,
    wire: WireId,
    opened: Instant,
    addr: Addr<WebSocketActor>,
    whereabouts: Whereabouts,
    /// Octets a sink keeps on another thread.
    write_queue: usize,
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
    traffic: Traffic,
    /// What a sink and a stream had in flight at the end of the handle has ended with.
    ends: Mutex<(Option<Error>, Option<Error>)>,
}

/// What the server's close frame said (`WinHttpWebSocketQueryCloseStatus`).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let websocket = session.websocket("ws://www.example.com/")?.connect().await?;
/// websocket.close(1000, "done").await?;
/// let status = websocket.close_status()?;
/// assert_eq!((status.code, &*status.reason), (1000, "done")); // this server says it back
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseStatus {
    /// The status (RFC 6455 7.4); 1005 if it gave none.
    #[doc(alias(
        "WINHTTP_WEB_SOCKET_SUCCESS_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_ENDPOINT_TERMINATED_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_PROTOCOL_ERROR_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_INVALID_DATA_TYPE_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_EMPTY_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_ABORTED_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_INVALID_PAYLOAD_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_POLICY_VIOLATION_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_MESSAGE_TOO_BIG_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_UNSUPPORTED_EXTENSIONS_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_SERVER_ERROR_CLOSE_STATUS",
        "WINHTTP_WEB_SOCKET_SECURE_HANDSHAKE_ERROR_CLOSE_STATUS"
    ))]
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
    /// What of the wire it has, if not all of it. The first to be dropped: until then it takes its place on the wire.
    pub(crate) tunnel: Option<Box<Tunnel>>,
    pub(crate) lease: Lease,
    pub(crate) options: WebSocketOptions,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) queue_timeout: Option<Duration>,
    pub(crate) protocol: Option<Box<str>>,
    pub(crate) agreed: Option<Agreed>,
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
        let guard = ActorGuard::new(first_hold);
        let (shared, protocol) = (Arc::<Shared>::default(), upgraded.protocol.clone());
        #[cfg(feature = "deflate")]
        let compression = upgraded.agreed.map(|agreed| agreed.terms);
        let (wire, (sender, receiver)) = (upgraded.lease.id(), channel(MAILBOX));
        let write_queue = upgraded.options.write_queue;
        let local = Local::new(&node, Socket::new(&node, Arc::clone(&shared), upgraded));
        let whereabouts = local.whereabouts();
        let addr = Addr::new(sender);
        spawn_local(Context::with_receiver(receiver).into_future(WebSocketActor::new(local, guard)));
        let inner = Inner {
            node: Arc::clone(&node),
            shared,
            protocol,
            #[cfg(feature = "deflate")]
            compression,
            wire,
            opened: clock::now(),
            addr: addr.clone(),
            whereabouts,
            write_queue,
            _parent: parent,
        };
        let inner = Arc::new(inner);
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

    /// How messages are compressed, as the server has agreed to it; `None`: they are not, for it was not offered
    /// ([`WebSocketOptions::compression`]) or the server did not accept.
    #[cfg(feature = "deflate")]
    #[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
    pub fn compression(&self) -> Option<AgreedCompression> {
        self.inner.compression
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

    /// The handle as a `Sink` and a `Stream`, to be used by one task or by two, on any threads.
    ///
    /// They are one more way to send and to receive: of the sink's pieces and another clone's `send` one may be in flight, and of the
    /// stream's next message and another clone's `receive`; the other is refused with 4317. On the thread of the wire (see
    /// [`on_current_arbiter`](crate::SessionBuilder::on_current_arbiter)) they work on it themselves; from another thread
    /// whatever is there goes to and fro by one message.
    ///
    /// ```
    /// # use futures_util::{SinkExt, StreamExt};
    /// # async fn example(websocket: hinternet::WebSocket) -> hinternet::Result<()> {
    /// let (mut sink, mut stream) = websocket.split();
    /// let sending = async {
    ///     for number in 0..1000 {
    ///         // Goes out when the queue is full, or by the flush.
    ///         sink.feed(number.to_string().into()).await?;
    ///     }
    ///     sink.close().await
    /// };
    /// let receiving = async {
    ///     while let Some(message) = stream.next().await {
    ///         println!("{:?}", message?.as_text());
    ///     }
    ///     Ok::<_, hinternet::Error>(())
    /// };
    /// futures_util::future::try_join(sending, receiving).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn split(self) -> (WebSocketSink, WebSocketStream) {
        (WebSocketSink::of(self.clone()), WebSocketStream::of(self))
    }

    /// If this is the thread of the wire.
    fn local(&self) -> Option<Rc<Local>> {
        Local::here(self.inner.whereabouts, &self.inner.node)
    }

    /// Why there is no answer to a half: the actor is gone.
    fn end(&self, operation: Operation) -> Error {
        let node = &self.inner.node;
        let left = self.inner.shared.take_error(operation);
        left.unwrap_or_else(|| if node.has_crashed() { node.interrupted(operation) } else { node.gone(operation) })
    }

    /// The actor behind the handle: it takes every operation as a message.
    pub fn addr(&self) -> Addr<WebSocketActor> {
        self.inner.addr.clone()
    }
}

impl Shared {
    fn leave_errors(&self, sink: Option<Error>, stream: Option<Error>) {
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner) = (sink, stream);
    }

    fn take_error(&self, operation: Operation) -> Option<Error> {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if operation == Operation::WebSocketSend { ends.0.take() } else { ends.1.take() }
    }

    fn set_round_trip(&self, round_trip: Duration) {
        let nanoseconds = u64::try_from(round_trip.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.round_trip.store(nanoseconds, Ordering::Relaxed);
    }
}

impl Inner {
    fn node(&self) -> &Arc<Node> {
        &self.node
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
