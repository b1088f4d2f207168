//! The events of one response, read as they come.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;

use super::ServerEvent;
use super::opening::judge_type;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::options::EventSourceOptions;
use crate::protocol::event_stream::{Reader, TooLarge};
use crate::request::Response;

/// The events of one response; from [`Response::events`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// // Once, without connecting again: for answers to a POST, as those of language models are.
/// let mut events = session.post("http://www.example.com/events")?.body("go").send().await?.events()?;
/// let mut data = Vec::new();
/// while let Some(event) = events.next().await {
///     data.push(event?.data);
/// }
/// assert_eq!(data, ["tick", "tock"]);
/// # session.close().await
/// # }
/// ```
pub struct ResponseEvents(Option<Box<Reading>>);

/// A body that is read as events.
pub(super) struct Reading {
    body: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
    reader: Reader,
    url: String,
}

impl Response {
    /// The body as server-sent events, for one response: whoever answers a POST with events, as the interfaces of language models do,
    /// cannot be asked again. [`Session::events`](crate::Session::events) connects again. What is not read stops the server.
    ///
    /// The stream ends with the body. After an error it ends too.
    ///
    /// # Errors
    /// 12152 for a response whose `Content-Type` is not `text/event-stream`, and from the stream for an event of more than 1 MiB.
    pub fn events(self) -> Result<ResponseEvents> {
        judge_type(&self)?;
        let most = EventSourceOptions::default().largest_event;
        Ok(ResponseEvents(Some(Box::new(Reading::new(self, String::new(), most)))))
    }
}

impl ResponseEvents {
    /// The next event; `None` is the end of the body. Cancel-safe.
    ///
    /// # Errors
    /// See [`Response::chunk`] and [`Response::events`].
    pub async fn next(&mut self) -> Option<Result<ServerEvent>> {
        StreamExt::next(self).await
    }
}

impl Stream for ResponseEvents {
    type Item = Result<ServerEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<ServerEvent>>> {
        let Some(reading) = &mut self.0 else { return Poll::Ready(None) };
        let read = ready!(reading.poll(context)).transpose();
        if !matches!(read, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(read)
    }
}

impl Reading {
    pub(super) fn new(response: Response, last_id: String, most: usize) -> Self {
        let url = response.url().to_owned();
        Self { body: Box::pin(response.bytes_stream()), reader: Reader::new(last_id, most), url }
    }

    /// The next event; `None` is the end of the body: an event that has no end by then is none (WHATWG HTML 9.2.6).
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<ServerEvent>>> {
        for _ in 0..MOST_PIECES {
            match self.reader.next() {
                Ok(Some(event)) => {
                    let kind = event.kind.unwrap_or_else(|| "message".to_owned());
                    let id = self.reader.last_id().to_owned();
                    return Poll::Ready(Ok(Some(ServerEvent { event: kind, data: event.data, id })));
                }
                Ok(None) => {}
                Err(TooLarge(most)) => {
                    let detail = format!("an event holds more than {most} octets");
                    let (code, operation) = (ErrorCode::NotEnoughQuota, Operation::Events);
                    let error = Error::new(code, operation, Stage::Body, Blame::Peer, detail);
                    return Poll::Ready(Err(error.with_url(&self.url)));
                }
            }
            match ready!(self.body.as_mut().poll_next(context)) {
                Some(Ok(octets)) => self.reader.push(octets),
                Some(Err(error)) => return Poll::Ready(Err(error.in_operation(Operation::Events))),
                None => return Poll::Ready(Ok(None)),
            }
        }
        // A server that sends nothing but comments must not have the thread to itself.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    pub(super) fn last_id(&self) -> &str {
        self.reader.last_id()
    }

    pub(super) fn reconnection_time(&self) -> Option<Duration> {
        self.reader.reconnection_time()
    }
}

impl fmt::Debug for ResponseEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "ResponseEvents(open)" } else { "ResponseEvents(over)" })
    }
}

const MOST_PIECES: usize = 64;
