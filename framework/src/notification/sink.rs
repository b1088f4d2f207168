//! Where notifications go: an actor, held strongly or weakly, or a stream.

use std::fmt;
use std::sync::Arc;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Recipient, WeakRecipient};
use tokio::sync::mpsc;

use super::Notification;
use super::closure::Queue;

/// Where notifications go.
///
/// Made from an actor's `Addr` or `Recipient`, which it keeps alive until it is replaced, removed or the handle closes;
/// or from a `WeakRecipient`, for an actor that itself owns the handle.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use actix::{Actor, Context, Handler};
/// use hinternet::{Notification, NotificationMask};
///
/// struct Printer;
///
/// impl Actor for Printer {
///     type Context = Context<Self>;
/// }
///
/// impl Handler<Notification> for Printer {
///     type Result = ();
///
///     fn handle(&mut self, notification: Notification, _: &mut Context<Self>) {
///         println!("{notification:?}");
///     }
/// }
///
/// let printer = hinternet::start(Printer); // on a thread of the engine
/// session.set_subscriber(printer, NotificationMask::ALL_NOTIFICATIONS).await?;
/// # session.close().await
/// # }
/// ```
#[derive(Clone)]
pub struct Subscriber(Sink);

/// Shared by all handles that inherit it: a clone of an actix address is three allocations.
#[derive(Clone)]
enum Sink {
    Actor(Arc<Recipient<Notification>>),
    Weak(Arc<WeakRecipient<Notification>>),
    Closure(Arc<Direct>),
    Stream(mpsc::UnboundedSender<Notification>),
}

/// The way to a closure of ours, past its mailbox.
struct Direct {
    queue: Arc<Queue>,
    /// Keeps it alive; `None` to hold it weakly.
    _address: Option<Recipient<Notification>>,
}

/// The subscriber is gone.
pub(super) struct Dead;

impl Subscriber {
    /// Unbounded on purpose: the credit inside each message is what bounds it.
    pub(super) fn stream() -> (Self, mpsc::UnboundedReceiver<Notification>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(Sink::Stream(sender)), receiver)
    }

    pub(super) fn is_alive(&self) -> bool {
        match &self.0 {
            Sink::Actor(recipient) => recipient.connected(),
            Sink::Weak(weak) => weak.upgrade().is_some_and(|recipient| recipient.connected()),
            Sink::Closure(closure) => closure.queue.is_open(),
            Sink::Stream(sender) => !sender.is_closed(),
        }
    }

    /// Leaves the message in the subscriber's mailbox; never runs the subscriber.
    #[inline]
    pub(super) fn post(&self, notification: Notification) -> Result<(), Dead> {
        match &self.0 {
            Sink::Actor(recipient) if recipient.connected() => {
                recipient.do_send(notification);
                Ok(())
            }
            Sink::Actor(_) => Err(Dead),
            Sink::Weak(weak) => {
                let recipient = weak.upgrade().filter(Recipient::connected).ok_or(Dead)?;
                recipient.do_send(notification);
                Ok(())
            }
            Sink::Closure(closure) => closure.queue.post(notification),
            Sink::Stream(sender) => sender.send(notification).map_err(|_| Dead),
        }
    }
}

impl From<Recipient<Notification>> for Subscriber {
    fn from(recipient: Recipient<Notification>) -> Self {
        Self(match Queue::beside(&recipient) {
            Some(queue) => Sink::Closure(Arc::new(Direct { queue, _address: Some(recipient) })),
            None => Sink::Actor(Arc::new(recipient)),
        })
    }
}

impl From<WeakRecipient<Notification>> for Subscriber {
    fn from(recipient: WeakRecipient<Notification>) -> Self {
        // By the same way as one that is held strongly: one closure may be told by both.
        Self(match recipient.upgrade().and_then(|recipient| Queue::beside(&recipient)) {
            Some(queue) => Sink::Closure(Arc::new(Direct { queue, _address: None })),
            None => Sink::Weak(Arc::new(recipient)),
        })
    }
}

impl<A> From<Addr<A>> for Subscriber
where
    A: Actor + Handler<Notification>,
    A::Context: ToEnvelope<A, Notification>,
{
    fn from(addr: Addr<A>) -> Self {
        addr.recipient().into()
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Sink::Weak(_) => "Subscriber(weak actor)",
            Sink::Closure(closure) if closure._address.is_none() => "Subscriber(weak actor)",
            Sink::Actor(_) | Sink::Closure(_) => "Subscriber(actor)",
            Sink::Stream(_) => "Subscriber(stream)",
        })
    }
}
