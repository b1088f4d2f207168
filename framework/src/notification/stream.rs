//! Notifications as a `Stream`, for programs that would rather pull than be called.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;

use super::Notification;
use super::late::LateWaker;

/// The notifications of one handle, and of the children it creates from now on, as a `Stream`.
///
/// Ends when every one of those handles is closed. Dropping it ends the subscription.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{NotificationMask, Operation};
///
/// let mut completions = session.notifications(NotificationMask::ALL_COMPLETIONS)?;
/// session.get("http://www.example.com/")?.send().await?.bytes().await?;
/// let mut operations = Vec::new();
/// while operations.last() != Some(&Operation::Read) {
///     let done = completions.next().await.and_then(|n| n.completion()).expect("the mask has nothing else");
///     assert!(done.result.is_ok());
///     operations.push(done.operation);
/// }
/// assert_eq!(operations, [Operation::Send, Operation::Receive, Operation::Read]);
/// # session.close().await
/// # }
/// ```
#[derive(Debug)]
pub struct Notifications {
    receiver: mpsc::UnboundedReceiver<Notification>,
    waker: LateWaker,
}

impl Notifications {
    pub(super) fn new(receiver: mpsc::UnboundedReceiver<Notification>) -> Self {
        Self { receiver, waker: LateWaker::default() }
    }

    /// The next notification; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Notification> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<Option<Notification>> {
        self.receiver.poll_recv(&mut self.waker.over(context))
    }
}

impl Stream for Notifications {
    type Item = Notification;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notification>> {
        self.poll(context)
    }
}
