//! A WebSocket that is made anew when it ends.
//!
//! ```text
//!            +---------------------- pause <-----------------------+
//!            v                                                     |
//!   open -> connect ---> resume hook ---> live: queue goes out, ---+---> gave up      final, or too many attempts
//!            |  failed        | refused     messages come in       |
//!            +----------------+------------------------------------+
//!   close: the queue goes out over the WebSocket that lives, then the closing handshake; without one it ends at once
//! ```
//!
//! The handle is a node of the tree like the others: below a session, with the requests of its attempts and its WebSockets below
//! itself. So closing the session ends it wherever it stands, and its own `HandleClosing` comes behind those of its WebSockets. Its
//! supervisor is an actor (`actor.rs`) on the thread of its origin, where its WebSockets live too: it connects, runs the hook,
//! receives, sends, and waits, all in one place, with one timer. What a caller asks for does not go through the mailbox: queue and
//! events are shared with it under a lock (`shared.rs`), so that dropping the future of any call takes nothing away.
//!
//! Who decides what (all pure): when the next attempt is, `policy/reconnect.rs`; what goes out next, and what there is no room for,
//! `policy/outbox.rs`; which ends are final, `ended.rs`; which events a slow receiver gets, `inbox.rs`.
//!
//! *What is promised of messages.* Each that `send` took goes out in order, and at most once: it counts as sent when the kernel took
//! all of it. One that was not taken whole when the connection broke goes out first on the next one, for a server cannot have read
//! the half of a frame as a message. One that was may be lost with its connection; only an answer of the server's could tell. (A
//! confirmed delivery would need the server to take part; that is what the resume hook is for.) Over HTTP/2 it is the stream that takes
//! it: a message counts as sent when its last octet fits into the windows of stream and connection, though it may still wait in memory
//! for the kernel.

mod actor;
mod builder;
mod calls;
mod driving;
mod ended;
mod figures;
mod inbox;
mod messages;
mod shared;

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use actix::Addr;

use crate::handle::{Above, Ending, Node, handle_methods};

pub use actor::SelfHealingActor;
pub use builder::{Resumed, SelfHealingBuilder};
pub use ended::Ended;
pub use figures::{HealingFigures, HealingState};
pub use inbox::HealingEvent;
pub use messages::{CloseSelfHealing, QueueMessage, ReceiveEvent};

use shared::Shared;

/// A WebSocket that is made anew when it ends, from [`WebSocketBuilder::self_healing`](crate::WebSocketBuilder::self_healing).
///
/// It connects from the moment it is opened, and again after every end that is not [final](Ended::is_final), with a jittered pause that
/// grows. What is sent meanwhile waits in a bounded queue. [`receive`](Self::receive) gives messages and, between them, what became
/// of the connection.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{HealingEvent, SelfHealingOptions};
///
/// let feed = session
///     .websocket("ws://feed.example.com/")?
///     .self_healing(SelfHealingOptions::default())
///     .resume(|fresh| async move { fresh.websocket.send("subscribe ticks").await })
///     .open()?;
/// loop {
///     match feed.receive().await? {
///         HealingEvent::Connected { attempt, .. } => println!("there, by attempt {attempt}"),
///         HealingEvent::Disconnected(how) => println!("lost: {how}"),
///         HealingEvent::Message(message) => {
///             println!("{:?}", message.as_text());
///             feed.close(1000, "that will do").await?;
///         }
///         last => break println!("{last:?}"),
///     }
/// }
/// # session.close().await
/// # }
/// ```
///
/// Each message that `send` took goes out in order and at most once: it counts as sent when the kernel took all of it. One that was
/// not taken whole when the connection broke goes out first on the next one; one that was may be lost with its connection. Over HTTP/2
/// it counts as sent when its stream took it, which is a little before the kernel does: what is written but waits for the kernel when
/// the connection breaks is lost too.
///
/// One message that came waits to be received, and stops the server; so whoever receives nothing at all learns of a loss late, by what
/// is sent. Its statuses are `Healing`, `Healed` and `GaveUp`; what is sent and received is told by its WebSockets, which are
/// handles below it. `cancel` fails the calls that wait here with 12017, and gives up the message that is being sent.
///
/// To close the *handle*, drop its last clone or call the trait's method: `Handle::close(&feed)`. That ends all at once.
#[derive(Clone)]
pub struct SelfHealing {
    inner: Arc<Inner>,
}

/// What the handle is to whoever uses it: without a clone of it, all ends.
pub(crate) struct Inner {
    node: Arc<Node>,
    shared: Arc<Shared>,
    addr: Addr<SelfHealingActor>,
    _kept: Arc<Kept>,
}

/// What the handle is to those below it, which must not keep it open: they are its own.
pub(crate) struct Kept {
    node: Arc<Node>,
    handle: OnceLock<Weak<Inner>>,
    /// The handle above, which stays open as long as this one.
    _parent: Arc<dyn Above>,
}

impl Above for Kept {
    fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

handle_methods!(SelfHealing, whose close has a meaning of its own);

impl SelfHealing {
    pub(crate) fn from_kept(kept: &Kept) -> Option<Self> {
        Some(Self { inner: kept.handle.get()?.upgrade()? })
    }

    /// The actor behind the handle: it takes the operations as messages too.
    pub fn addr(&self) -> Addr<SelfHealingActor> {
        self.inner.addr.clone()
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

impl fmt::Debug for SelfHealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SelfHealing({})", self.inner.node.id())
    }
}
