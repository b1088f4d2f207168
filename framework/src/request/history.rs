//! The responses of a request that were followed by another exchange instead of being delivered: redirects, challenges that were
//! answered, and what a retry took the place of.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use super::{Request, Response};
use crate::protocol::http1::ResponseHead;
use crate::target::Target;

/// A response that was not delivered, because the library went on to another exchange: it was a redirect that was followed, a 401 or a
/// 407 that was answered by credentials, a status that a [`RetryPolicy`](crate::RetryPolicy) has asked again after, or a 304 by which
/// the cache could not be helped and asked once more.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let response = session.get("http://www.example.com/old")?.send().await?;
/// let before = &response.history()[0];
/// assert_eq!((before.url(), before.status().as_u16()), ("http://www.example.com/old", 301));
/// assert_eq!(before.headers()["location"], "/");
/// assert_eq!(response.url(), "http://www.example.com/");
/// # session.close().await
/// # }
/// ```
#[derive(Clone)]
pub struct PriorResponse {
    target: Target,
    head: Arc<ResponseHead>,
}

impl PriorResponse {
    pub(super) fn new(target: Target, head: Arc<ResponseHead>) -> Self {
        Self { target, head }
    }

    /// What was asked for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The URL that was asked, query included.
    pub fn url(&self) -> &str {
        self.target.as_str()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// The whole head. The body was dropped.
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }
}

impl Response {
    /// The responses before this one, in their order: redirects that led here, challenges that were answered, what was asked again
    /// after. Empty where it is the first. What a proxy says while it opens a tunnel is none; nor is what one that forwards asks on the
    /// way to an origin at home on another shard, where that is answered.
    pub fn history(&self) -> Vec<PriorResponse> {
        self.handle().history()
    }

    /// What was asked last: after a redirect, where that has led. Its fragment is that of the last redirect which named one, else of the
    /// URL that was asked first (RFC 9110 10.2.2).
    pub fn target(&self) -> Target {
        self.handle().inner.shared.last_target()
    }
}

impl Request {
    /// The responses of the last `send` that were followed by another exchange, in their order; see [`Response::history`].
    pub fn history(&self) -> Vec<PriorResponse> {
        self.inner.shared.history()
    }
}

impl fmt::Debug for PriorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PriorResponse({} from {:?})", self.status(), self.target)
    }
}
