//! How a self-healing WebSocket is, in figures.

use std::time::Duration;

use super::SelfHealing;
use super::ended::Ended;

/// Where a [`SelfHealing`] stands.
///
/// An example is at [`HealingFigures`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum HealingState {
    /// It connects, or its resume hook runs.
    #[default]
    Connecting,
    /// It waits until it connects again.
    Pausing,
    /// It has a WebSocket.
    Live,
    /// It was closed, or gave up.
    Over,
}

/// How a [`SelfHealing`] is: what [`figures`](SelfHealing::figures) gives.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{Ended, HealingEvent, HealingState, SelfHealingOptions};
///
/// let feed = session.websocket("ws://www.example.com/")?.self_healing(SelfHealingOptions::default()).open()?;
/// feed.send("hello").await?; // waits until it is connected
/// assert!(matches!(feed.receive().await?, HealingEvent::Connected { .. }));
/// assert!(matches!(feed.receive().await?, HealingEvent::Message(_)));
/// let figures = feed.figures();
/// assert_eq!((figures.state, figures.connected, figures.received), (HealingState::Live, 1, 1));
/// assert!(figures.last_end.as_ref().is_none_or(Ended::is_final)); // it has not been lost yet
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct HealingFigures {
    /// Where it stands.
    pub state: HealingState,
    /// How many attempts it made to get a WebSocket.
    pub attempts: u64,
    /// How many WebSockets it had.
    pub connected: u64,
    /// How many messages were sent: the kernel took them, or a stream of HTTP/2 did.
    pub sent: u64,
    /// How many messages came.
    pub received: u64,
    /// Messages that wait to be sent, the one that is being sent included.
    pub queued: usize,
    /// Octets of those that wait.
    pub queued_octets: u64,
    /// Messages that were taken and will not be sent: there was no room, `cancel` gave them up, or it was over.
    pub dropped: u64,
    /// How long the answer to the last ping took; `None` before one was answered on the WebSocket it has.
    pub round_trip: Option<Duration>,
    /// How the last WebSocket ended, or why there was none; `None` while nothing has.
    pub last_end: Option<Ended>,
}

impl SelfHealing {
    /// How it is.
    pub fn figures(&self) -> HealingFigures {
        self.inner.shared.lock().figures()
    }

    /// Where it stands.
    pub fn state(&self) -> HealingState {
        self.inner.shared.lock().seen.state
    }

    /// The subprotocol the server chose for the WebSocket it has.
    pub fn protocol(&self) -> Option<String> {
        let shared = self.inner.shared.lock();
        shared.websocket.as_ref()?.protocol().map(str::to_owned)
    }
}
