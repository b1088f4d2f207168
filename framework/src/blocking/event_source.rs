//! Server-sent events that are waited for.

use std::time::Duration;

use super::waiting::wait;
use crate::error::{Error, Operation, Result};
use crate::event_source::{self, EventSourceState, ServerEvent};

/// An event source in the making. What it has no method for is set [`with`](Self::with) the builder behind it.
///
/// An example is at [`EventSource`].
#[derive(Debug)]
#[must_use = "nothing is asked before `open`"]
pub struct EventSourceBuilder(event_source::EventSourceBuilder);

/// Server-sent events that come again after a connection is lost: an [`EventSource`](crate::EventSource) whose calls wait. It is an
/// iterator.
///
/// ```no_run
/// # fn example(session: hinternet::blocking::Session) -> hinternet::Result<()> {
/// for event in session.events("https://www.example.com/ticks")?.open()? {
///     let event = event?;
///     println!("{} {}: {}", event.id, event.event, event.data);
/// }
/// # Ok(())
/// # }
/// ```
///
/// The item behind the last event is why it has ended, if not because the server wanted it so; after that there is none. What was
/// refused among async code (4317) can be asked for elsewhere. While it waits, closing the session ends it from another thread.
#[derive(Debug)]
pub struct EventSource(event_source::EventSource);

/// The events of one response, from [`Response::events`](super::Response::events): an iterator.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # fn main() -> hinternet::Result<()> {
/// # let session = hinternet::blocking::Session::with(builder())?;
/// let mut data = Vec::new();
/// for event in session.post("http://www.example.com/events")?.body("go").send()?.events()? {
///     data.push(event?.data);
/// }
/// assert_eq!(data, ["tick", "tock"]);
/// # session.close()
/// # }
/// ```
#[derive(Debug)]
pub struct ResponseEvents(event_source::ResponseEvents);

impl EventSourceBuilder {
    pub(super) fn of(builder: event_source::EventSourceBuilder) -> Self {
        Self(builder)
    }

    /// Sets what there is no method for here.
    ///
    /// ```no_run
    /// # fn example(session: hinternet::blocking::Session) -> hinternet::Result<()> {
    /// let ticks = session.events("https://www.example.com/ticks")?.with(|it| it.last_event_id("1815"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with(
        self,
        change: impl FnOnce(event_source::EventSourceBuilder) -> event_source::EventSourceBuilder,
    ) -> Self {
        Self(change(self.0))
    }

    /// Adds a header field to each attempt.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.header(name, value))
    }

    /// Opens it. It connects when it is first asked for an event.
    ///
    /// # Errors
    /// See [`EventSourceBuilder::open`](crate::EventSourceBuilder::open).
    pub fn open(self) -> Result<EventSource> {
        self.0.open().map(EventSource)
    }
}

impl From<event_source::EventSourceBuilder> for EventSourceBuilder {
    fn from(builder: event_source::EventSourceBuilder) -> Self {
        Self(builder)
    }
}

impl EventSource {
    /// Where it stands.
    pub fn state(&self) -> EventSourceState {
        self.0.state()
    }

    /// The last id the server has given; empty if none.
    pub fn last_event_id(&self) -> &str {
        self.0.last_event_id()
    }

    /// Why the last stream ended, or why there was none.
    pub fn last_end(&self) -> Option<&Error> {
        self.0.last_end()
    }

    /// How long the server wants to be left alone between two streams.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.0.reconnection_time()
    }

    /// Ends it: there is no other event. Dropping it does the same.
    pub fn close(&mut self) {
        self.0.close();
    }
}

impl Iterator for EventSource {
    type Item = Result<ServerEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        awaited(self.0.next())
    }
}

impl ResponseEvents {
    pub(super) fn of(events: event_source::ResponseEvents) -> Self {
        Self(events)
    }
}

impl Iterator for ResponseEvents {
    type Item = Result<ServerEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        awaited(self.0.next())
    }
}

/// The next event, or why this thread may not wait for it.
fn awaited(next: impl Future<Output = Option<Result<ServerEvent>>>) -> Option<Result<ServerEvent>> {
    wait(Operation::Events, async { next.await.transpose() }).transpose()
}
