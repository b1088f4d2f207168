//! A response on the paved path: its head, and its body as octets, text, JSON, chunks or a stream.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, Method, StatusCode, Version, header};

use super::facts::Facts;
use super::gathering::Gathering;
use super::messages::{Arrived, Reached};
use super::{Request, Sizes, Timings};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::id::WireId;
use crate::network::{DialDetails, SecurityInfo};
use crate::protocol::http1::ResponseHead;
use crate::wire::WireFacts;

/// A response whose head has arrived.
///
/// The body is pulled: what is not read stays with the server, and memory stays bounded. Dropping the response gives the
/// rest of it up.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let mut response = session.get("http://www.example.com/file")?.send().await?.error_for_status()?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.content_length(), Some(10));
/// assert_eq!(response.headers()["etag"], "\"1\"");
/// let mut octets = 0;
/// while let Some(piece) = response.chunk().await? {
///     octets += piece.len(); // the server waits for whoever reads slowly
/// }
/// assert_eq!(octets, 10);
/// # session.close().await
/// # }
/// ```
pub struct Response {
    request: Request,
    head: Arc<ResponseHead>,
    url: OnceLock<Box<str>>,
    early: Bytes,
    complete: bool,
    /// Of one that is not complete it is known from the first: its request may be sent anew.
    wire: OnceLock<Option<Arc<WireFacts>>>,
    is_first_on_wire: bool,
    is_decoded: bool,
    /// Of one that is complete, whose handle has closed.
    most_gathered: Option<u64>,
}

impl Response {
    pub(super) fn new(request: Request, reached: Reached) -> Self {
        let Reached { arrived, wire, is_first_on_wire, is_decoded, most_gathered } = reached;
        let Arrived { head, early, complete } = arrived;
        let url = OnceLock::new();
        let wire = if complete { OnceLock::new() } else { OnceLock::from(wire) };
        Self { request, head, url, early, complete, wire, is_first_on_wire, is_decoded, most_gathered }
    }

    /// The status.
    #[doc(alias = "WINHTTP_QUERY_STATUS_CODE")]
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// The version the server answered in.
    #[doc(alias = "WINHTTP_OPTION_HTTP_PROTOCOL_USED")]
    #[doc(alias = "WINHTTP_QUERY_VERSION")]
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// The header fields. One that is missing is a `None` of the map, not an error.
    #[doc(alias = "WinHttpQueryHeaders")]
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// The whole head, with its raw octets.
    #[doc(alias = "WINHTTP_QUERY_RAW_HEADERS_CRLF")]
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// The URL that was asked, query included.
    #[doc(alias = "WINHTTP_OPTION_URL")]
    pub fn url(&self) -> &str {
        self.url.get_or_init(|| self.request.url().into())
    }

    /// Is the body read as something else than came, its codings undone ([`Decompression`](crate::Decompression))? Then
    /// [`content_length`](Self::content_length) is not the length of what is read.
    pub fn is_decoded(&self) -> bool {
        self.is_decoded
    }

    /// The octets of the body that the server announced; `None` if it announced none. For the answer to a HEAD request it is
    /// the length that a GET would have got.
    #[doc(alias = "WINHTTP_QUERY_CONTENT_LENGTH")]
    pub fn content_length(&self) -> Option<u64> {
        self.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The trailer fields of a chunked response; complete when the body has been read.
    #[doc(alias = "WINHTTP_QUERY_FLAG_TRAILERS")]
    pub fn trailers(&self) -> HeaderMap {
        self.facts().trailers()
    }

    /// When each step happened, as far as the response has come.
    #[doc(alias = "WINHTTP_OPTION_REQUEST_TIMES")]
    pub fn timings(&self) -> Timings {
        self.facts().timings()
    }

    /// How many octets were moved, as far as the response has come.
    #[doc(alias = "WINHTTP_OPTION_REQUEST_STATS")]
    pub fn sizes(&self) -> Sizes {
        self.facts().sizes
    }

    /// How the wire was dialed; see [`Request::dial_details`].
    pub fn dial_details(&self) -> Option<&DialDetails> {
        self.wire_facts().filter(|_| self.is_first_on_wire).map(|wire| &*wire.details)
    }

    /// The wire that carried it.
    pub fn wire(&self) -> Option<WireId> {
        Some(self.wire_facts()?.id)
    }

    /// The server's address.
    #[doc(alias = "WINHTTP_OPTION_CONNECTION_INFO")]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.wire_facts()?.remote
    }

    /// What is known of the wire, if it is secure.
    #[doc(alias = "WINHTTP_OPTION_SECURITY_INFO")]
    pub fn security_info(&self) -> Option<&SecurityInfo> {
        self.wire_facts()?.security.as_deref()
    }

    /// The handle behind it. A response that came complete has closed its handle already.
    pub fn handle(&self) -> &Request {
        &self.request
    }

    /// An error status (4xx, 5xx) as an error.
    ///
    /// # Errors
    /// 12152 for such a status, with the status in its sentence; the blame is the caller's for 4xx and the peer's for 5xx.
    pub fn error_for_status(self) -> Result<Self> {
        let status = self.status();
        let blame = match status {
            status if status.is_client_error() => Blame::Caller,
            status if status.is_server_error() => Blame::Peer,
            _ => return Ok(self),
        };
        let detail = format!("the server answered {status}");
        Err(Error::new(ErrorCode::InvalidServerResponse, Operation::Response, Stage::Head, blame, detail)
            .with_url(self.url()))
    }

    /// The next piece of the body (`WinHttpReadData`); `None` is its end. Cancel-safe.
    ///
    /// # Errors
    /// See [`Request::read`]. A body that was cut short is an error, never an end.
    #[doc(alias = "WinHttpReadData")]
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.early.is_empty() {
            return Ok(Some(std::mem::take(&mut self.early)));
        }
        if self.complete {
            return Ok(None);
        }
        let chunk = self.request.read().await?;
        self.complete = chunk.is_empty();
        Ok((!chunk.is_empty()).then_some(chunk))
    }

    /// The whole body, as far as [`Limits::gathered_body`](crate::Limits::gathered_body) allows.
    ///
    /// # Errors
    /// 223 for one that is longer, of which no more is read; else see [`chunk`](Self::chunk).
    pub async fn bytes(self) -> Result<Bytes> {
        if self.complete {
            let is_welcome = Gathering::up_to(self.most_gathered).check(self.early.len() as u64);
            return is_welcome.map(|()| self.early).map_err(|error| error.with_url(&self.request.url()));
        }
        // Boxed: a body that came with its head needs no room for this.
        Box::pin(self.gather()).await
    }

    async fn gather(mut self) -> Result<Bytes> {
        let mut whole = self.request.gathering();
        whole.expect(self.expected_length()).map_err(|error| error.with_url(&self.request.url()))?;
        while let Some(chunk) = self.chunk().await? {
            whole.take(&chunk).map_err(|error| error.with_url(&self.request.url()))?;
        }
        Ok(whole.end())
    }

    /// What is still to come, as far as it is known: what was read before is no part of what is gathered.
    fn expected_length(&self) -> u64 {
        // What answers a HEAD announces what is not sent (RFC 9110 8.6), and over HTTP/2 the end may come behind the head.
        let is_none = self.is_decoded() || *self.request.method() == Method::HEAD;
        let announced = self.content_length().filter(|_| !is_none).unwrap_or(0);
        let read = self.sizes().response_body.saturating_sub(self.early.len() as u64);
        announced.saturating_sub(read)
    }

    /// The whole body as text, in the charset the `Content-Type` names, else UTF-8. What does not decode becomes U+FFFD.
    ///
    /// # Errors
    /// See [`bytes`](Self::bytes).
    pub async fn text(self) -> Result<String> {
        #[cfg(feature = "charset")]
        {
            let encoding = self.charset();
            let octets = self.bytes().await?;
            let (text, _, _) = encoding.decode(&octets);
            Ok(text.into_owned())
        }
        #[cfg(not(feature = "charset"))]
        {
            let octets = self.bytes().await?;
            Ok(String::from_utf8_lossy(&octets).into_owned())
        }
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    /// 12152 for a body that is not the JSON asked for; else see [`bytes`](Self::bytes).
    #[cfg(feature = "json")]
    pub async fn json<T: serde::de::DeserializeOwned>(self) -> Result<T> {
        let url = self.url().to_owned();
        let octets = self.bytes().await?;
        serde_json::from_slice(&octets).map_err(|reason| {
            let detail = format!("the body is not the JSON that was asked for: {reason}");
            Error::new(ErrorCode::InvalidServerResponse, Operation::Response, Stage::Decode, Blame::Peer, detail)
                .with_url(&url)
                .with_source(reason)
        })
    }

    /// The body as a stream of pieces. After an error it ends.
    pub fn bytes_stream(self) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        futures_util::stream::unfold(Some(self), |response| async {
            let mut response = response?;
            match response.chunk().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(response))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// What is left of what came with the head; empty is nothing.
    #[cfg(feature = "tower")]
    pub(crate) fn take_early(&mut self) -> Bytes {
        std::mem::take(&mut self.early)
    }

    /// The end of the chunk that was taken last is not taken after all.
    #[cfg(feature = "blocking")]
    pub(crate) fn give_back(&mut self, rest: Bytes) {
        if !rest.is_empty() {
            debug_assert!(self.early.is_empty(), "a chunk is all that there is");
            self.early = rest;
        }
    }

    /// What has come of the body that was not taken yet, and whether that is the rest of it.
    #[cfg(feature = "tower")]
    pub(crate) fn at_hand(&self) -> (usize, bool) {
        (self.early.len(), self.complete)
    }

    fn wire_facts(&self) -> Option<&WireFacts> {
        self.wire.get_or_init(|| self.facts().wire).as_deref()
    }

    fn facts(&self) -> Facts {
        // There are some as soon as there is a response.
        self.request.inner.shared.last_facts().unwrap_or_else(Facts::none)
    }

    #[cfg(feature = "charset")]
    fn charset(&self) -> &'static encoding_rs::Encoding {
        let content_type = self.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let parameters = content_type.unwrap_or_default().split(';').skip(1);
        let charset = parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        });
        charset.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes())).unwrap_or(encoding_rs::UTF_8)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} from {:?})", self.status(), self.request.target())
    }
}
