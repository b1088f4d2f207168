//! The paved path to a WebSocket: everything in one expression.

use std::fmt;
use std::sync::Arc;

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};

use super::headers::{add, checked};
use super::{Opening, Request, WebSocket};
use crate::clock;
use crate::error::{Answered, Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::options::{Protocols, SharedOptions, WebSocketOptions};
use crate::policy::governor::Verdict;
use crate::protocol::http1::ResponseHead;
use crate::target::Target;

/// A WebSocket in the making, from [`Session::websocket`](crate::Session::websocket).
///
/// What is wrong with a field is kept until [`connect`](Self::connect), which fails with it and sends nothing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let websocket = session
///     .websocket("ws://www.example.com/")?
///     .header("origin", "http://www.example.com")
///     .connect()
///     .await?;
/// websocket.send("hello").await?;
/// assert_eq!(websocket.receive().await?.as_text(), Some("hello"));
/// websocket.close(1000, "done").await?;
/// # session.close().await
/// # }
/// ```
#[must_use = "nothing is sent before `connect`"]
#[derive(Clone)]
pub struct WebSocketBuilder {
    opening: Opening,
    target: Target,
    headers: HeaderMap,
    options: SharedOptions,
    context: Option<u64>,
    wrong: Option<Error>,
}

impl WebSocketBuilder {
    pub(crate) fn new(opening: Opening, target: Target, options: SharedOptions) -> Self {
        Self { opening, target, headers: HeaderMap::new(), options, context: None, wrong: None }
    }

    /// Offers a subprotocol, beside those offered before; see [`WebSocket::protocol`] for what the server chose.
    pub fn protocol(mut self, name: &str) -> Self {
        // In one line: there are servers that read the first alone.
        let before = self.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().map(HeaderValue::as_bytes);
        let offered = before.chain([name.as_bytes()]).collect::<Vec<_>>().join(&b", "[..]);
        self.headers.remove(SEC_WEBSOCKET_PROTOCOL);
        self.header(SEC_WEBSOCKET_PROTOCOL.as_str(), offered)
    }

    /// Adds a header field to the request, such as `Origin` or `Authorization`.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let added = checked(name, value.as_ref()).and_then(|(name, value)| add(&mut self.headers, name, value));
        if let Err(wrong) = added {
            self.wrong.get_or_insert(wrong);
        }
        self
    }

    /// What this WebSocket obeys, in place of what the session says.
    pub fn options(mut self, options: WebSocketOptions) -> Self {
        Arc::make_mut(&mut self.options).websocket = options;
        self
    }

    /// Which protocols it may be asked for by, in place of what the session says; see
    /// [`Request::upgrade_to_websocket`](crate::Request::upgrade_to_websocket).
    pub fn protocols(mut self, protocols: Protocols) -> Self {
        Arc::make_mut(&mut self.options).protocols = protocols;
        self
    }

    /// Whether the request carries the cookies of the session's jar, and the jar takes those of its answer; by default what the session
    /// says.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    #[doc(alias = "WINHTTP_DISABLE_COOKIES")]
    pub fn cookies(mut self, are_used: bool) -> Self {
        Arc::make_mut(&mut self.options).cookies = are_used;
        self
    }

    /// The context that the notifications of the request and of the WebSocket carry; by default the session's.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(mut self, context: u64) -> Self {
        self.context = Some(context);
        self
    }

    /// What it would be opened from.
    pub(crate) fn opening(&self) -> &Opening {
        &self.opening
    }

    /// The same, to be opened from there.
    pub(crate) fn below(mut self, opening: Opening) -> Self {
        self.opening = opening;
        self
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// What is wrong with it already.
    pub(crate) fn check(&self) -> Result<()> {
        self.wrong.as_ref().map_or(Ok(()), |wrong| Err(wrong.clone().with_url(&self.target.url())))?;
        self.options.check(Operation::SetOption)
    }

    pub(crate) fn its_context(&self) -> u64 {
        self.context.unwrap_or_else(|| self.opening.keep.node().context())
    }

    /// Connects, asks for the upgrade, and checks the answer. The request that does it is a handle of its own, closed by then; the
    /// WebSocket's parent is the session. Dropping the future gives it up.
    ///
    /// # Errors
    /// What was wrong with the request (87), the way to the server (12007, 12029, 12175), time (12002), an answer that is no
    /// handshake (12152), a server that takes no WebSocket over HTTP/2 where that is required (12190); 4317 for an answer that is no
    /// consent, such as a 404, which the error names.
    #[doc(alias = "HttpWebSocketCompleteUpgrade")]
    #[doc(alias = "WinHttpWebSocketCompleteUpgrade")]
    pub async fn connect(self) -> Result<WebSocket> {
        self.check()?;
        let context = self.its_context();
        let Self { opening, target, headers, options, .. } = self;
        let request = Request::open(opening, Method::GET, target, options)?.context(context);
        request.set_headers(headers)?;
        request.upgrade_to_websocket()?;
        request.send(()).await?;
        let head = request.receive_response().await?;
        let status = head.status();
        // What the server has said, and not how the request stands: something may have come between.
        if !consents(&head) {
            let detail = format!("the server answered {status} in place of switching to WebSocket");
            let operation = Operation::CompleteUpgrade;
            let error = Error::new(ErrorCode::InvalidOperation, operation, Stage::Upgrade, Blame::Peer, detail);
            return Err(error.with_source(answered(&head)).with_url(&request.url()));
        }
        request.complete_upgrade(context).await
    }
}

/// Is it the answer to an upgrade that makes a WebSocket of it (RFC 6455 section 4.1, RFC 8441 section 5)?
fn consents(head: &ResponseHead) -> bool {
    match head.version() {
        Version::HTTP_2 => head.status().is_success(),
        _ => head.status() == StatusCode::SWITCHING_PROTOCOLS,
    }
}

/// What a caller may decide by whether to ask again, and when.
fn answered(head: &ResponseHead) -> Answered {
    let verdict = Verdict::of(head.status(), head.headers(), clock::time_of_day());
    let retry_after = if let Verdict::Busy { retry_after } = verdict { retry_after } else { None };
    Answered { status: head.status(), retry_after }
}

impl fmt::Debug for WebSocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebSocketBuilder({:?})", self.target)
    }
}
