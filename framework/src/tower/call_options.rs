//! What one call is to do otherwise than its handle says.

use std::time::Duration;

use crate::options::{RequestOptions, Timeouts};
use crate::request::RequestBuilder;

/// What one call is to do otherwise than its handle says; given among the extensions of the request.
///
/// ```
/// use std::time::Duration;
///
/// use hinternet::tower::CallOptions;
///
/// let mut request = http::Request::get("http://www.example.com/").body(String::new())?;
/// request.extensions_mut().insert(CallOptions::new().timeout(Duration::from_secs(2)));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    options: Option<Box<RequestOptions>>,
    timeouts: Option<Timeouts>,
    total: Option<Duration>,
    context: Option<u64>,
}

impl CallOptions {
    /// As the handle says.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long all of it may take, to the last octet of the response's body: [`Timeouts::total`].
    pub fn timeout(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// How long each stage may take. A [`timeout`](Self::timeout) is the `total` of these.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// All the options of a request. [`timeout`](Self::timeout) and [`timeouts`](Self::timeouts) are more specific.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = Some(Box::new(options));
        self
    }

    /// The context that the request's notifications carry.
    pub fn context(mut self, context: u64) -> Self {
        self.context = Some(context);
        self
    }

    pub(super) fn apply(self, mut request: RequestBuilder) -> RequestBuilder {
        let Self { options, timeouts, total, context } = self;
        if let Some(options) = options {
            request = request.options(*options);
        }
        if let Some(timeouts) = timeouts {
            request = request.timeouts(timeouts);
        }
        if let Some(total) = total {
            request = request.timeout(total);
        }
        if let Some(context) = context {
            request = request.context(context);
        }
        request
    }
}
