//! The body of a response as one of `http-body`: data as it is asked for, then the trailers.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio_util::sync::ReusableBoxFuture;

use crate::error::{Error, Result};
use crate::request::Response;

/// The body of a response: its data as they come, then its trailers, if there are any.
///
/// It is pulled: what nobody polls for stays with the server. Dropping it before its end gives the rest up, and with it the
/// stream (CANCEL) or the wire. A body that was cut short, or that takes too long, ends with an [`Error`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::tower::ResponseBody;
/// use http_body::Body;
/// use tower_service::Service;
///
/// # let mut session = session;
/// let request = http::Request::get("http://www.example.com/").body(Empty).expect("a request"); // a body of `http-body`, as any
/// let response: http::Response<ResponseBody> = session.call(request).await?;
/// let mut body = std::pin::pin!(response.into_body());
/// let frame = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await.expect("a piece")?;
/// assert_eq!(frame.into_data().expect("no trailers"), "Hello.");
/// # struct Empty;
/// # impl Body for Empty {
/// #     type Data = hinternet::Bytes;
/// #     type Error = std::convert::Infallible;
/// #     fn poll_frame(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>)
/// #         -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
/// #         std::task::Poll::Ready(None)
/// #     }
/// #     fn is_end_stream(&self) -> bool { true }
/// # }
/// # session.close().await
/// # }
/// ```
#[must_use = "a body that is not read is given up"]
pub struct ResponseBody {
    state: State,
    /// One allocation for all reads.
    reading: Option<Reading>,
    /// What is left of the length that was announced.
    left: Option<u64>,
}

enum State {
    /// Boxed: as a rule it changes hands between here and a read.
    AtRest(Box<Response>),
    Reading,
    Ended,
}

type Reading = ReusableBoxFuture<'static, (Box<Response>, Result<Option<Bytes>>)>;

impl ResponseBody {
    pub(super) fn new(response: Response, length: Option<u64>) -> Self {
        let length = length.filter(|_| !response.is_decoded());
        let is_over = response.at_hand() == (0, true) && response.trailers().is_empty();
        let state = if is_over { State::Ended } else { State::AtRest(Box::new(response)) };
        Self { state, reading: None, left: length }
    }

    fn read(&mut self, mut response: Box<Response>) {
        let read = async move {
            let chunk = response.chunk().await;
            (response, chunk)
        };
        match &mut self.reading {
            Some(reading) => reading.set(read),
            None => self.reading = Some(ReusableBoxFuture::new(read)),
        }
        self.state = State::Reading;
    }

    /// These are handed out. If nothing is left behind them, that is known now.
    fn hand_out(&mut self, response: Box<Response>, data: Bytes) -> Frame<Bytes> {
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        let is_over = response.at_hand() == (0, true) && response.trailers().is_empty();
        self.state = if is_over { State::Ended } else { State::AtRest(response) };
        Frame::data(data)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::AtRest(mut response) => match response.at_hand() {
                (0, true) => return Poll::Ready(trailers(&response)),
                (0, false) => self.read(response),
                _ => {
                    let early = response.take_early();
                    return Poll::Ready(Some(Ok(self.hand_out(response, early))));
                }
            },
            State::Reading => self.state = State::Reading,
            State::Ended => return Poll::Ready(None),
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let (response, chunk) = ready!(reading.poll(context));
        self.state = State::Ended;
        Poll::Ready(match chunk {
            Ok(Some(data)) => Some(Ok(self.hand_out(response, data))),
            Ok(None) => trailers(&response),
            Err(error) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        let left = match &self.state {
            State::Ended => Some(0),
            State::AtRest(response) => match response.at_hand() {
                (all, true) => Some(all as u64),
                (_, false) => self.left,
            },
            State::Reading => self.left,
        };
        left.map(SizeHint::with_exact).unwrap_or_default()
    }
}

fn trailers(response: &Response) -> Option<Result<Frame<Bytes>>> {
    let trailers = response.trailers();
    (!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers)))
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::AtRest(response) => write!(f, "ResponseBody({response:?})"),
            State::Reading => f.write_str("ResponseBody(being read)"),
            State::Ended => f.write_str("ResponseBody(ended)"),
        }
    }
}
