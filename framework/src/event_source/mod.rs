//! Server-sent events (WHATWG HTML 9.2) as a typed stream that connects again.
//!
//! ```text
//!            +-------- Retrying, pause <--------+
//!            v                                  | lost, or busy
//!   open -> Connecting ----> Open: events ------+
//!            | 204, or an answer that is no stream   | an event that is too large
//!            +--------------> Closed <---------------+
//! ```
//!
//! There is no actor and no handle of its own. A self-healing WebSocket needs one because things happen to it that nobody asked for:
//! pings, a queue that goes out, a server that closes. An event source only reads, and only when it is asked: between two polls there
//! is nothing to do, so a task for it would only be a place to buffer what nobody has asked for. Each attempt is a request, which has its
//! actor, its handle, its notifications, its place in the tree; the pause before one is part of it, so closing the session ends that too.
//!
//! What a field means: `protocol/event_stream`; when the next attempt is: `policy/reconnect.rs`.

mod builder;
mod opening;
mod response;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_util::StreamExt;

use crate::clock;
use crate::error::{Error, Operation, Result};
use crate::options::EventSourceOptions;
use crate::policy::{Chances, Pauses, Reconnect};
use crate::request::{RequestBuilder, Response};
use crate::shown;

pub use builder::EventSourceBuilder;
pub use response::ResponseEvents;

use opening::{Opened, is_final, judge};
use response::Reading;

/// One event of a server.
///
/// An example is at [`ResponseEvents`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerEvent {
    /// Its type; "message" if the server names none.
    pub event: String,
    /// Its data; the lines of it are joined by LF.
    pub data: String,
    /// The last id the server has given, with this event or before; empty if none.
    pub id: String,
}

/// How much it holds and nothing of it, like all that servers send.
impl fmt::Debug for ServerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, data, id } = self;
        let mut debug = f.debug_struct("ServerEvent");
        debug.field("event", event).field("data", &shown::count(data.as_bytes()));
        debug.field("id", &shown::count(id.as_bytes())).finish()
    }
}

/// Where an event source stands (the `readyState` of a browser's).
///
/// An example is at [`EventSourceBuilder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventSourceState {
    /// It connects, or waits until it does so again.
    Connecting,
    /// Events may come.
    Open,
    /// It is over: closed, or given up.
    Closed,
}

/// Server-sent events as a stream that connects again, from [`Session::events`](crate::Session::events).
///
/// It works while it is asked: what is not read stops the server, and nothing is buffered beyond the piece that is being read. Dropping
/// the future of [`next`](Self::next) loses no event.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let mut ticks = session.events("http://www.example.com/events")?.open()?;
/// while let Some(event) = ticks.next().await {
///     let event = event?;
///     println!("{} {}: {}", event.id, event.event, event.data);
///     if event.data == "tock" {
///         ticks.close(); // else it would connect again, when this answer ends
///     }
/// }
/// # session.close().await
/// # }
/// ```
///
/// When the connection is lost, ends, or cannot be made, it connects again after a jittered pause, and tells the server the last id it
/// has given (`Last-Event-ID`); the request of each such attempt tells [`Retrying`](crate::Status::Retrying) first. An answer of 408,
/// 425, 429 or 5xx is followed by another attempt too, after its `Retry-After`; browsers give up there. It ends
/// - without an error by a 204, which is how a server says that there will be no more, and by [`close`](Self::close);
/// - with an error, its last item, by any other answer than a 200 of `text/event-stream`; by an event larger than the limit; when the
///   call or TLS is wrong; by 12028, where only the cache may answer and has nothing; when the session closes; or when so many attempts have failed as the options say.
pub struct EventSource {
    request: RequestBuilder,
    options: EventSourceOptions,
    plan: Reconnect,
    chances: Chances,
    stand: Stand,
    last_id: String,
    /// What the server asks for by its `retry` field.
    reconnection_time: Option<Duration>,
    last_end: Option<Error>,
}

enum Stand {
    Connecting(Pin<Box<dyn Future<Output = Result<Response>> + Send>>),
    Open {
        reading: Box<Reading>,
        /// It has given an event.
        is_sound: bool,
    },
    Closed,
}

impl EventSource {
    fn new(request: RequestBuilder, options: EventSourceOptions, chances: Chances, last_id: String) -> Self {
        let mut source = Self {
            request,
            options,
            plan: Reconnect::default(),
            chances,
            stand: Stand::Closed,
            last_id,
            reconnection_time: None,
            last_end: None,
        };
        source.connect(None);
        source
    }

    /// The next event; `None`: there are no more. Cancel-safe.
    ///
    /// # Errors
    /// Why it has ended, if not because the server or the program wanted it so; after that, `None`.
    pub async fn next(&mut self) -> Option<Result<ServerEvent>> {
        StreamExt::next(self).await
    }

    /// Where it stands.
    pub fn state(&self) -> EventSourceState {
        match self.stand {
            Stand::Connecting(_) => EventSourceState::Connecting,
            Stand::Open { .. } => EventSourceState::Open,
            Stand::Closed => EventSourceState::Closed,
        }
    }

    /// The last id the server has given; it goes along with the next attempt. Empty if none.
    pub fn last_event_id(&self) -> &str {
        &self.last_id
    }

    /// Why the last stream ended, or why there was none.
    pub fn last_end(&self) -> Option<&Error> {
        self.last_end.as_ref()
    }

    /// How long the server wants to be left alone between two streams (its `retry` field).
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.reconnection_time
    }

    /// Ends it: the next item is `None`. Dropping it does the same.
    pub fn close(&mut self) {
        self.stand = Stand::Closed;
    }

    fn connect(&mut self, again: Option<(Error, Duration)>) {
        let mut request = self.request.once_more();
        if let Some(id) = opening::last_event_id(&self.last_id) {
            request = request.set_header(opening::LAST_EVENT_ID, id);
        }
        if let Some((failed, pause)) = again {
            request = request.in_place_of(failed, self.plan.attempt(), pause);
        }
        self.stand = Stand::Connecting(Box::pin(request.send()));
    }

    /// There is no stream, or none any more: another attempt follows, or this is why none does.
    fn lose(&mut self, error: Error, was_sound: bool) -> Option<Error> {
        self.stand = Stand::Closed;
        self.last_end = Some(error.clone());
        if is_final(&error) {
            return Some(error);
        }
        let mut pauses = Pauses::from(&self.options);
        if was_sound {
            // A server may end each stream behind its event, as those do that answer long polls.
            pauses.settled_after = Duration::ZERO;
        }
        let asked_for = error.retry_after().max(self.reconnection_time);
        let Some(pause) = self.plan.ended(clock::now(), asked_for, pauses, &mut self.chances) else {
            return Some(error);
        };
        self.connect(Some((error, pause)));
        None
    }

    fn opened(&mut self, response: Response) -> Option<Error> {
        match judge(&response) {
            Ok(Opened::Stream) => {
                self.plan.connected(clock::now());
                let reading = Box::new(Reading::new(response, self.last_id.clone(), self.options.largest_event));
                self.stand = Stand::Open { reading, is_sound: false };
                None
            }
            Ok(Opened::NoMore) => {
                self.stand = Stand::Closed;
                None
            }
            Err(error) => self.lose(error, false),
        }
    }
}

impl Stream for EventSource {
    type Item = Result<ServerEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<ServerEvent>>> {
        let source = &mut *self;
        loop {
            let lost = match &mut source.stand {
                Stand::Closed => return Poll::Ready(None),
                Stand::Connecting(answer) => match ready!(answer.as_mut().poll(context)) {
                    Ok(response) => source.opened(response),
                    Err(error) => source.lose(error.in_operation(Operation::Events), false),
                },
                Stand::Open { reading, is_sound } => {
                    let read = ready!(reading.poll(context));
                    source.reconnection_time = reading.reconnection_time().or(source.reconnection_time);
                    if source.last_id != reading.last_id() {
                        reading.last_id().clone_into(&mut source.last_id);
                    }
                    match read {
                        Ok(Some(event)) => {
                            *is_sound = true;
                            return Poll::Ready(Some(Ok(event)));
                        }
                        Ok(None) => {
                            let was_sound = *is_sound;
                            source.lose(opening::ended(&source.request.url()), was_sound)
                        }
                        Err(error) => {
                            let was_sound = *is_sound;
                            source.lose(error, was_sound)
                        }
                    }
                }
            };
            if let Some(error) = lost {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl fmt::Debug for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventSource({:?}, {:?})", self.request, self.state())
    }
}
