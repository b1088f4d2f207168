//! Status notifications: typed messages to subscriber actors, in place of WinHTTP's status callback.

mod closure;
mod completion;
mod credit;
mod frame;
mod late;
mod mask;
mod message_kind;
mod next_url;
mod sink;
mod status;
mod stream;
mod subscribers;
mod table;
mod traced;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Instant;

use crate::id::{HandleId, HandleKind};

pub use completion::Completion;
pub use frame::{Frame, OpCode};
pub use mask::NotificationMask;
pub use message_kind::MessageKind;
pub use next_url::NextUrl;
pub use sink::Subscriber;
pub use status::Status;
pub use stream::Notifications;
pub use subscribers::{Previous, SubscriptionId};

pub(crate) use closure::Closure;
pub(crate) use late::{Waking, WokenLate, wake_late};
pub(crate) use subscribers::{Author, CreditLimits, Subscribers};

/// One status of one handle, as a message to a subscriber (what a `WINHTTP_STATUS_CALLBACK` is called with).
///
/// Notifications of one handle come in order and one at a time. Each counts against the subscription's credit until
/// the subscriber's handler drops it; a clone does not.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{Handle, NotificationMask, Status};
///
/// let mut notifications = session.notifications(NotificationMask::HANDLES | NotificationMask::ALL_COMPLETIONS)?;
/// session.get("http://www.example.com/")?.send().await?.bytes().await?;
/// let first = notifications.next().await.expect("a request was made");
/// assert_eq!((first.name(), first.sequence), ("HandleCreated", 0));
/// assert_eq!(first.parent, Some(session.id()));
/// assert!(matches!(first.status, Status::HandleCreated(id) if id == first.handle));
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_STATUS_CALLBACK")]
pub struct Notification {
    /// The handle it is about.
    pub handle: HandleId,
    /// That handle's level.
    pub kind: HandleKind,
    /// The handle above it; `None` for a session.
    pub parent: Option<HandleId>,
    /// The context the program gave the handle (`WINHTTP_OPTION_CONTEXT_VALUE`); 0 if it gave none.
    pub context: u64,
    /// Counts the notifications of this handle to this subscription, from 0. A gap is what `Missed` counts.
    pub sequence: u64,
    /// When it happened, on tokio's clock: the real one, unless a test has paused it.
    pub at: Instant,
    /// What happened.
    pub status: Status,
    /// Held until the handler drops the notification.
    _permit: Option<credit::Permit>,
}

impl Notification {
    /// Which operation it completes, and how; see [`Status::completion`].
    pub fn completion(&self) -> Option<Completion> {
        self.status.completion()
    }

    /// The status's name; see [`Status::name`].
    pub fn name(&self) -> &'static str {
        self.status.name()
    }
}

impl actix::Message for Notification {
    type Result = ();
}

impl Clone for Notification {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle,
            kind: self.kind,
            parent: self.parent,
            context: self.context,
            sequence: self.sequence,
            at: self.at,
            status: self.status.clone(),
            _permit: None,
        }
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("handle", &format_args!("{} {}", self.kind, self.handle))
            .field("context", &self.context)
            .field("sequence", &self.sequence)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
