//! An event source in the making.

use std::fmt;

use http::header::{ACCEPT, CACHE_CONTROL};

use super::EventSource;
use crate::chance;
use crate::error::{Operation, Result};
use crate::options::{EventSourceOptions, RequestOptions};
use crate::policy::Chances;
use crate::request::RequestBuilder;

/// An event source in the making, from [`Session::events`](crate::Session::events).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::EventSourceState;
///
/// let mut ticks = session.events("http://www.example.com/events")?.last_event_id("2").open()?;
/// assert_eq!(ticks.state(), EventSourceState::Connecting);
/// assert!(ticks.next().await.is_none()); // behind the second there is nothing
/// assert_eq!(ticks.state(), EventSourceState::Closed);
/// # session.close().await
/// # }
/// ```
#[must_use = "nothing is asked before `open`"]
pub struct EventSourceBuilder {
    request: RequestBuilder,
    options: EventSourceOptions,
    last_id: String,
}

impl EventSourceBuilder {
    pub(crate) fn new(request: RequestBuilder) -> Self {
        Self { request, options: EventSourceOptions::default(), last_id: String::new() }
    }

    /// Adds a header field to each attempt, as [`RequestBuilder::header`] does.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// When it connects again, and how large an event may be.
    pub fn options(mut self, options: EventSourceOptions) -> Self {
        self.options = options;
        self
    }

    /// What each attempt obeys, in place of what the session says. Its `retry` and its times for a body, `receive`, `total` and
    /// `minimum_rate`, are not used: [`EventSourceOptions`] has others.
    pub fn request_options(mut self, options: RequestOptions) -> Self {
        self.request = self.request.options(options);
        self
    }

    /// The id to go on behind, kept from a source before.
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.last_id = id.into();
        self
    }

    /// The context that the notifications of each attempt carry; by default the session's.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(mut self, context: u64) -> Self {
        self.request = self.request.context(context);
        self
    }

    /// Opens it. It begins to connect when it is first asked for an event.
    ///
    /// # Errors
    /// 87 for options that cannot be meant, and for what is wrong with the request.
    pub fn open(self) -> Result<EventSource> {
        let Self { request, options, last_id } = self;
        let operation = Operation::Events;
        options.check(operation)?;
        let request = request
            .default_header(ACCEPT, "text/event-stream")
            .default_header(CACHE_CONTROL, "no-store")
            .with_options(|its| {
                its.retry = None;
                its.minimum_rate = None;
                its.timeouts.total = None;
                its.timeouts.receive = options.silence;
            });
        request.check()?;
        // Clients of one server must not have the same chances, so they are other ones in each unless a test says otherwise.
        let seed = options.seed.unwrap_or_else(chance::number);
        Ok(EventSource::new(request, options, Chances::seeded(seed), last_id))
    }
}

impl fmt::Debug for EventSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventSourceBuilder({:?})", self.request)
    }
}
