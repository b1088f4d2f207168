//! What all handles have in common: a name, a context, subscribers, and an end.

mod guard;
mod messages;
mod node;
pub(crate) mod reply;
mod stop;

use std::future::Future;
use std::sync::Arc;

use crate::error::{Operation, Result};
use crate::id::{HandleId, HandleKind};
use crate::notification::{NotificationMask, Notifications, Previous, Subscriber, SubscriptionId};

pub use messages::{Cancel, CloseHandle};

pub(crate) use guard::ActorGuard;
pub(crate) use node::{Commands, Ending, Entry, Hold, Node, engine_stopped};
pub(crate) use stop::{Stop, StopReason, in_time};

/// The shared part of a handle, for those below it, who keep it open.
pub(crate) trait Above: Send + Sync {
    fn node(&self) -> &Arc<Node>;
}

/// What all handles have in common (an `HINTERNET` of any kind).
///
/// Handles are cheap to clone, and can be sent to and used from any thread. A child keeps its parents alive; dropping the
/// last clone of a handle closes it. Sealed: the handles of this crate implement it, and nothing else can.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{Handle, HandleKind};
///
/// fn describe(handle: &impl Handle) -> String {
///     format!("{} {}, context {}", handle.kind(), if handle.is_open() { "open" } else { "closed" }, handle.context())
/// }
///
/// let connection = session.connect("http://www.example.com")?.context(7);
/// assert_eq!(connection.kind(), HandleKind::Connection);
/// assert_eq!(connection.parent(), Some(session.id()));
/// assert_eq!(describe(&connection), "connection open, context 7");
/// connection.close().await?;
/// assert_eq!(describe(&connection), "connection closed, context 7");
/// # session.close().await
/// # }
/// ```
#[doc(alias = "HINTERNET")]
pub trait Handle: sealed::HasNode + Clone + Send + Sync + 'static {
    /// The handle's name, unique in the process.
    fn id(&self) -> HandleId {
        self.node().id()
    }

    /// The handle's level.
    fn kind(&self) -> HandleKind {
        self.node().kind()
    }

    /// The handle above it; `None` for a session.
    #[doc(alias = "WINHTTP_OPTION_PARENT_HANDLE")]
    fn parent(&self) -> Option<HandleId> {
        self.node().parent()
    }

    /// The value every notification of this handle carries; 0 unless set or inherited.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    fn context(&self) -> u64 {
        self.node().context()
    }

    /// Sets the value that notifications of this handle carry from now on. Children created later start with it.
    ///
    /// # Errors
    /// 6 when the handle is closed.
    fn set_context(&self, context: u64) -> Result<()> {
        self.node().check_open(Operation::SetOption)?;
        self.node().set_context(context);
        Ok(())
    }

    /// Puts a subscriber into the handle's slot (`WinHttpSetStatusCallback`); the one that stood there, inherited or not,
    /// comes back and can be set again as it is.
    ///
    /// Children created from now on inherit slot and mask; existing ones keep theirs. When this resolves, nothing more of
    /// this handle is posted to the old subscriber: its last message is `Unsubscribed`. Legal at any time, also with
    /// operations pending.
    ///
    /// # Errors
    /// 6 when the handle is closed.
    #[doc(alias = "InternetSetStatusCallback")]
    #[doc(alias = "WINHTTP_OPTION_CALLBACK")]
    #[doc(alias = "WinHttpSetStatusCallback")]
    fn set_subscriber(
        &self,
        subscriber: impl Into<Subscriber>,
        mask: NotificationMask,
    ) -> impl Future<Output = Result<Option<Previous>>> + Send {
        let next = Some((subscriber.into(), mask));
        std::future::ready(replace_slot(self.node(), next))
    }

    /// Empties the handle's slot: `WinHttpSetStatusCallback` with a null callback.
    ///
    /// # Errors
    /// 6 when the handle is closed.
    fn clear_subscriber(&self) -> impl Future<Output = Result<Option<Previous>>> + Send {
        std::future::ready(replace_slot(self.node(), None))
    }

    /// Adds a subscriber beside the slot. Children created from now on inherit it.
    ///
    /// # Errors
    /// 6 when the handle is closed.
    fn subscribe(&self, subscriber: impl Into<Subscriber>, mask: NotificationMask) -> Result<SubscriptionId> {
        self.node().check_open(Operation::SetSubscriber)?;
        Ok(self.node().subscribers().add(subscriber.into(), mask))
    }

    /// Ends an added subscription on this handle; `None` when it is not there (any more).
    fn unsubscribe(&self, subscription: SubscriptionId) -> Option<Previous> {
        self.node().subscribers().remove(self.node().author(), subscription)
    }

    /// The handle's notifications as a `Stream`; children created from now on come with it.
    ///
    /// # Errors
    /// 6 when the handle is closed.
    fn notifications(&self, mask: NotificationMask) -> Result<Notifications> {
        self.node().check_open(Operation::SetSubscriber)?;
        Ok(self.node().subscribers().stream(mask))
    }

    /// Stops the operation in flight, which ends with 12017, and closes nothing else. On a session or a connection: the
    /// operations of all requests below. An HTTP/1.1 wire whose exchange is cut short is closed.
    fn cancel(&self) {
        self.node().cancel();
    }

    /// Closes the handle and all below it (`WinHttpCloseHandle`).
    ///
    /// The end begins with the call, not with the first poll, and needs no `await`: that resolves when the `HandleClosing`
    /// of this handle and of all its descendants has been posted. Legal at any time, from any clone, and again.
    #[doc(alias = "InternetCloseHandle")]
    #[doc(alias = "WinHttpCloseHandle")]
    fn close(&self) -> impl Future<Output = Result<()>> + Send + 'static {
        close(self.node())
    }

    /// Resolves when the handle is closed and every subscriber has handled its last notification, or has died
    /// (`WINHTTP_OPTION_UNLOAD_NOTIFY_EVENT`). It does not close the handle.
    #[doc(alias = "WINHTTP_OPTION_UNLOAD_NOTIFY_EVENT")]
    fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        closed(self.node())
    }

    /// Is the handle still open?
    fn is_open(&self) -> bool {
        self.node().is_open()
    }
}

pub(crate) fn close(node: &Arc<Node>) -> impl Future<Output = Result<()>> + Send + use<> {
    let node = Arc::clone(node);
    node.close(Ending::Closed);
    async move {
        node.closing_posted().await;
        Ok(())
    }
}

pub(crate) fn closed(node: &Arc<Node>) -> impl Future<Output = ()> + Send + use<> {
    let node = Arc::clone(node);
    async move { node.last_words_handled().await }
}

fn replace_slot(node: &Node, next: Option<(Subscriber, NotificationMask)>) -> Result<Option<Previous>> {
    node.check_open(Operation::SetSubscriber)?;
    Ok(node.subscribers().replace_slot(node.author(), next))
}

pub(crate) mod sealed {
    //! What seals `Handle`.

    use std::sync::Arc;

    use super::Node;

    pub trait HasNode {
        #[doc(hidden)]
        #[allow(private_interfaces, reason = "sealed: nobody outside can call it")]
        fn node(&self) -> &Arc<Node>;
    }
}

/// Gives a handle type the methods of [`Handle`] as its own, so that programs need not import the trait.
macro_rules! handle_methods {
    ($handle:ty) => {
        crate::handle::handle_methods!($handle, whose close has a meaning of its own);

        impl $handle {
            /// Closes the handle and all below it (`WinHttpCloseHandle`). The end begins with the call; the future resolves when
            /// each `HandleClosing` is posted. See [`Handle::close`](crate::handle::Handle::close).
            pub fn close(&self) -> impl Future<Output = crate::error::Result<()>> + Send + 'static + use<> {
                crate::handle::close(self.inner.node())
            }
        }
    };
    ($handle:ty, whose close has a meaning of its own) => {
        impl crate::handle::sealed::HasNode for $handle {
            #[allow(private_interfaces, reason = "sealed: nobody outside can call it")]
            fn node(&self) -> &std::sync::Arc<crate::handle::Node> {
                self.inner.node()
            }
        }

        impl crate::handle::Handle for $handle {}

        impl $handle {
            /// The handle's name, unique in the process. See [`Handle::id`](crate::handle::Handle::id).
            pub fn id(&self) -> crate::id::HandleId {
                crate::handle::Handle::id(self)
            }

            /// The handle above it; `None` for a session. See [`Handle::parent`](crate::handle::Handle::parent).
            pub fn parent(&self) -> Option<crate::id::HandleId> {
                crate::handle::Handle::parent(self)
            }

            /// Sets the value that notifications of this handle carry from now on. See
            /// [`Handle::set_context`](crate::handle::Handle::set_context).
            ///
            /// # Errors
            /// 6 when the handle is closed.
            pub fn set_context(&self, context: u64) -> crate::error::Result<()> {
                crate::handle::Handle::set_context(self, context)
            }

            /// Puts a subscriber into the handle's slot and gives back the one that stood there
            /// (`WinHttpSetStatusCallback`). See [`Handle::set_subscriber`](crate::handle::Handle::set_subscriber).
            ///
            /// # Errors
            /// 6 when the handle is closed.
            pub async fn set_subscriber(
                &self,
                subscriber: impl Into<crate::notification::Subscriber>,
                mask: crate::notification::NotificationMask,
            ) -> crate::error::Result<Option<crate::notification::Previous>> {
                crate::handle::Handle::set_subscriber(self, subscriber, mask).await
            }

            /// Empties the handle's slot. See [`Handle::clear_subscriber`](crate::handle::Handle::clear_subscriber).
            ///
            /// # Errors
            /// 6 when the handle is closed.
            pub async fn clear_subscriber(&self) -> crate::error::Result<Option<crate::notification::Previous>> {
                crate::handle::Handle::clear_subscriber(self).await
            }

            /// Adds a subscriber beside the slot. See [`Handle::subscribe`](crate::handle::Handle::subscribe).
            ///
            /// # Errors
            /// 6 when the handle is closed.
            pub fn subscribe(
                &self,
                subscriber: impl Into<crate::notification::Subscriber>,
                mask: crate::notification::NotificationMask,
            ) -> crate::error::Result<crate::notification::SubscriptionId> {
                crate::handle::Handle::subscribe(self, subscriber, mask)
            }

            /// Ends an added subscription on this handle. See [`Handle::unsubscribe`](crate::handle::Handle::unsubscribe).
            pub fn unsubscribe(
                &self,
                subscription: crate::notification::SubscriptionId,
            ) -> Option<crate::notification::Previous> {
                crate::handle::Handle::unsubscribe(self, subscription)
            }

            /// The handle's notifications as a `Stream`. See [`Handle::notifications`](crate::handle::Handle::notifications).
            ///
            /// # Errors
            /// 6 when the handle is closed.
            pub fn notifications(
                &self,
                mask: crate::notification::NotificationMask,
            ) -> crate::error::Result<crate::notification::Notifications> {
                crate::handle::Handle::notifications(self, mask)
            }

            /// Stops what is in flight here and below (12017), and closes nothing. See
            /// [`Handle::cancel`](crate::handle::Handle::cancel).
            pub fn cancel(&self) {
                crate::handle::Handle::cancel(self);
            }

            /// Resolves when the handle is closed and its last notification handled; closes nothing. See
            /// [`Handle::closed`](crate::handle::Handle::closed).
            pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
                crate::handle::closed(self.inner.node())
            }

            /// Is the handle still open? See [`Handle::is_open`](crate::handle::Handle::is_open).
            pub fn is_open(&self) -> bool {
                crate::handle::Handle::is_open(self)
            }
        }
    };
}

pub(crate) use handle_methods;
