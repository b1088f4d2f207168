//! A request whose calls wait.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use super::waiting::wait;
use super::{Response, WebSocket};
use crate::error::{Operation, Result};
use crate::handle::Handle;
use crate::protocol::http1::ResponseHead;
use crate::request::{self, Payload};

/// A request in the making. What it has no method for is set [`with`](Self::with) the builder behind it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # fn main() -> hinternet::Result<()> {
/// # let session = hinternet::blocking::Session::with(builder())?;
/// let request = session.post("http://www.example.com/echo")?.body("hello");
/// let request = request.with(|request| request.query(&[("verbose", "1")]));
/// assert_eq!(request.send()?.text()?, "hello");
/// # session.close()
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct RequestBuilder(request::RequestBuilder);

/// One request, driven call for call (`WinHttpOpenRequest`): a [`Request`](crate::Request) whose calls wait.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let session = hinternet::blocking::Session::with(builder())?;
/// use hinternet::{Method, Payload};
///
/// let connection = session.connect("http://www.example.com")?;
/// let request = connection.open_request(Method::POST, "/echo")?;
/// request.handle().add_header("content-type", "text/plain")?;
/// request.send(Payload::begin("he", 5))?;
/// request.write("llo")?;
/// assert_eq!(request.receive_response()?.status(), 200);
/// while request.query_data_available()? > 0 {
///     println!("{:?}", request.read()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Request(request::Request);

impl RequestBuilder {
    pub(super) fn of(builder: request::RequestBuilder) -> Self {
        Self(builder)
    }

    /// Sets what there is no method for here.
    ///
    /// ```no_run
    /// # fn example(session: hinternet::blocking::Session) -> hinternet::Result<()> {
    /// let response = session.get("http://www.example.com/")?.with(|it| it.basic_auth("Ada", "1815").range(..100)).send()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with(self, change: impl FnOnce(request::RequestBuilder) -> request::RequestBuilder) -> Self {
        Self(change(self.0))
    }

    /// Adds a header field; see [`RequestBuilder::header`](crate::RequestBuilder::header).
    #[doc(alias = "WinHttpAddRequestHeaders")]
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self(self.0.header(name, value))
    }

    /// Carries this body.
    pub fn body(self, payload: impl Into<Payload>) -> Self {
        Self(self.0.body(payload))
    }

    /// Sends the request and returns with the response head.
    ///
    /// # Errors
    /// See [`RequestBuilder::send`](crate::RequestBuilder::send); 4317 among async code.
    #[doc(alias = "InternetOpenUrl")]
    pub fn send(self) -> Result<Response> {
        wait(Operation::Send, self.0.send()).map(Response::of)
    }
}

impl Request {
    pub(super) fn of(request: request::Request) -> Self {
        Self(request)
    }

    /// Sends the request and the body its payload holds.
    ///
    /// # Errors
    /// See [`Request::send`](crate::Request::send); 4317 among async code.
    #[doc(alias("HttpSendRequest", "HttpSendRequestEx"))]
    #[doc(alias = "WinHttpSendRequest")]
    pub fn send(&self, payload: impl Into<Payload>) -> Result<()> {
        wait(Operation::Send, self.0.send(payload))
    }

    /// Writes the next piece of the body.
    ///
    /// # Errors
    /// See [`Request::write`](crate::Request::write); 4317 among async code.
    #[doc(alias = "InternetWriteFile")]
    #[doc(alias = "WinHttpWriteData")]
    pub fn write(&self, data: impl Into<Bytes>) -> Result<()> {
        wait(Operation::Write, self.0.write(data))
    }

    /// Ends a chunked body, with trailer fields if there are any.
    ///
    /// # Errors
    /// See [`Request::finish`](crate::Request::finish); 4317 among async code.
    pub fn finish(&self, trailers: HeaderMap) -> Result<()> {
        wait(Operation::Write, self.0.finish(trailers))
    }

    /// Receives the response head.
    ///
    /// # Errors
    /// See [`Request::receive_response`](crate::Request::receive_response); 4317 among async code.
    #[doc(alias("HttpSendRequest", "HttpEndRequest"))]
    #[doc(alias = "WinHttpReceiveResponse")]
    pub fn receive_response(&self) -> Result<Arc<ResponseHead>> {
        wait(Operation::Receive, self.0.receive_response())
    }

    /// How many octets the next `read` gives, waiting for the first; 0 is the end.
    ///
    /// # Errors
    /// See [`Request::query_data_available`](crate::Request::query_data_available); 4317 among async code.
    #[doc(alias = "InternetQueryDataAvailable")]
    #[doc(alias = "WinHttpQueryDataAvailable")]
    pub fn query_data_available(&self) -> Result<u64> {
        wait(Operation::QueryDataAvailable, self.0.query_data_available())
    }

    /// Reads from the body what there is, or what was announced. Empty is the end.
    ///
    /// # Errors
    /// See [`Request::read`](crate::Request::read); 4317 among async code.
    #[doc(alias("InternetReadFile", "InternetReadFileEx"))]
    #[doc(alias = "WinHttpReadData")]
    pub fn read(&self) -> Result<Bytes> {
        wait(Operation::Read, self.0.read())
    }

    /// Reads `length` octets; fewer only at the end of the body.
    ///
    /// # Errors
    /// See [`Request::read_exact`](crate::Request::read_exact); 4317 among async code.
    pub fn read_exact(&self, length: usize) -> Result<Bytes> {
        wait(Operation::Read, self.0.read_exact(length))
    }

    /// Reads what is left of the body, as far as [`Limits::gathered_body`](crate::Limits::gathered_body) allows.
    ///
    /// # Errors
    /// 223 where more is left than that: what was read of it is lost, and the request is [cancelled](crate::Handle::cancel); else see
    /// [`Request::read`](crate::Request::read); 4317 among async code.
    pub fn read_to_end(&self) -> Result<Bytes> {
        let gather = async {
            let mut whole = self.0.gathering();
            loop {
                let piece = self.0.read().await?;
                if piece.is_empty() {
                    return Ok(whole.end());
                }
                if let Err(too_large) = whole.take(&piece) {
                    // Nobody could tell what is left from what is lost.
                    self.0.cancel();
                    return Err(too_large.with_url(&self.0.url()));
                }
            }
        };
        wait(Operation::Read, gather)
    }

    /// The WebSocket that it has become; see [`Request::complete_upgrade`](crate::Request::complete_upgrade).
    ///
    /// # Errors
    /// See there; 4317 among async code.
    #[doc(alias = "HttpWebSocketCompleteUpgrade")]
    #[doc(alias = "WinHttpWebSocketCompleteUpgrade")]
    pub fn complete_upgrade(&self, context: u64) -> Result<WebSocket> {
        wait(Operation::CompleteUpgrade, self.0.complete_upgrade(context)).map(WebSocket::of)
    }

    /// Closes the handle. Returns when it has said so.
    ///
    /// # Errors
    /// 4317 among async code; then nothing is closed.
    #[doc(alias = "WinHttpCloseHandle")]
    pub fn close(&self) -> Result<()> {
        wait(Operation::Shutdown, async { Handle::close(&self.0).await })
    }

    /// The handle behind it, for all that takes no waiting.
    pub fn handle(&self) -> &request::Request {
        &self.0
    }
}

impl From<request::Request> for Request {
    fn from(request: request::Request) -> Self {
        Self(request)
    }
}
