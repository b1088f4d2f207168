//! One opaque error: what went wrong, in which call, at which stage, and whose fault it is.

mod answered;
mod code;
mod place;
mod secure;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::shown;

pub(crate) use answered::Answered;
pub use code::ErrorCode;
pub use place::{Blame, Operation, Stage, WireState};
pub use secure::{SecureFailureFlags, TlsAlert, TlsFailureDetails};

/// The result of every call that can fail.
///
/// ```
/// fn host_of(url: &str) -> hinternet::Result<String> {
///     Ok(hinternet::Target::parse(url)?.origin().host().to_owned())
/// }
/// assert_eq!(host_of("http://www.example.com/").unwrap(), "www.example.com");
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong (`GetLastError`, and where and why).
///
/// A pointer in size and cheap to clone, since the caller and every subscriber get the same one. Its
/// `Display` is one line that names the code, the call, the stage and the reason; it shows no query
/// string and no credential.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// use hinternet::{Blame, ErrorCode, Operation, Session, Stage, WireState};
///
/// let session = Session::open()?;
/// let error = session.get("http://127.0.0.1:1/")?.send().await.unwrap_err(); // nobody listens there
/// assert_eq!(error.code(), ErrorCode::CannotConnect);
/// assert_eq!((error.code().number(), error.code().name()), (12029, "CANNOT_CONNECT"));
/// assert_eq!((error.operation(), error.stage(), error.blame()), (Operation::Send, Stage::Connect, Blame::Network));
/// assert!(error.is_connect() && error.is_retryable());
/// assert_eq!(error.wire_state(), WireState::NotSent); // so it is safe to send it again
/// println!("{error}"); // all of it in one line
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_OPTION_EXTENDED_ERROR")]
#[doc(alias = "GetLastError")]
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    code: ErrorCode,
    operation: Operation,
    stage: Stage,
    blame: Blame,
    detail: Cow<'static, str>,
    subject: Option<Box<str>>,
    url: Option<Box<str>>,
    wire_state: WireState,
    waited: Option<Duration>,
    tls: Option<Arc<TlsFailureDetails>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    #[cold]
    pub(crate) fn new(
        code: ErrorCode,
        operation: Operation,
        stage: Stage,
        blame: Blame,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Arc::new(Inner {
            code,
            operation,
            stage,
            blame,
            detail: detail.into(),
            subject: None,
            url: None,
            wire_state: WireState::NotSent,
            waited: None,
            tls: None,
            source: None,
        }))
    }

    /// The caller gave something that cannot be used (87).
    #[cold]
    pub(crate) fn parameter(operation: Operation, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidParameter, operation, Stage::Arguments, Blame::Caller, detail)
    }

    /// The caller gave a URL that cannot be used (12005).
    #[cold]
    pub(crate) fn invalid_url(operation: Operation, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidUrl, operation, Stage::Arguments, Blame::Caller, detail)
    }

    /// The handle is closed (6).
    #[cold]
    pub(crate) fn invalid_handle(operation: Operation, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidHandle, operation, Stage::State, Blame::Caller, detail)
    }

    /// A stage took too long (12002).
    #[cold]
    pub(crate) fn timeout(operation: Operation, stage: Stage, waited: Duration) -> Self {
        Self::too_late(operation, stage, waited, format!("no end of it after {waited:?}"))
    }

    /// The time for something is over (12002), for a reason of its own.
    #[cold]
    pub(crate) fn too_late(operation: Operation, stage: Stage, waited: Duration, detail: String) -> Self {
        let mut error = Self::new(ErrorCode::Timeout, operation, stage, Blame::Network, detail);
        error.inner().waited = Some(waited);
        error
    }

    /// Its caller did not read a response for so long (12002).
    #[cold]
    pub(crate) fn not_read(waited: Duration) -> Self {
        let detail = format!("the response was not read for {waited:?} while its server waited");
        Self::too_late(Operation::Read, Stage::Body, waited, detail).blaming(Blame::Caller)
    }

    #[cold]
    pub(crate) fn blaming(mut self, blame: Blame) -> Self {
        self.inner().blame = blame;
        self
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// It happened on the way to a proxy, or in securing that.
    #[cold]
    pub(crate) fn at_proxy(mut self, proxy: &str) -> Self {
        let inner = self.inner();
        inner.code = match inner.code {
            ErrorCode::SecureFailure => ErrorCode::SecureFailureProxy,
            ErrorCode::ClientAuthCertNeeded => ErrorCode::ClientAuthCertNeededProxy,
            other => other,
        };
        inner.detail = format!("of the proxy {proxy}: {}", inner.detail).into();
        self
    }

    /// What the stage worked on: a host name, an address.
    pub(crate) fn about(mut self, subject: impl Into<String>) -> Self {
        self.inner().subject = Some(subject.into().into_boxed_str());
        self
    }

    #[cold]
    pub(crate) fn with_url(mut self, url: &str) -> Self {
        if self.0.url.is_none() {
            self.inner().url = Some(url.into());
        }
        self
    }

    #[cold]
    pub(crate) fn with_wire_state(mut self, state: WireState) -> Self {
        self.inner().wire_state = state;
        self
    }

    pub(crate) fn with_tls(mut self, details: TlsFailureDetails) -> Self {
        self.inner().tls = Some(Arc::new(details));
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner().source = Some(Arc::new(source));
        self
    }

    /// The same for an error that somebody else has boxed.
    pub(crate) fn with_boxed_source(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.inner().source = Some(source.into());
        self
    }

    /// The same failure, met by another call.
    #[cold]
    pub(crate) fn in_operation(mut self, operation: Operation) -> Self {
        if self.0.operation != operation {
            self.inner().operation = operation;
        }
        self
    }

    /// What went wrong, by WinHTTP's number.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The call that failed.
    pub fn operation(&self) -> Operation {
        self.0.operation
    }

    /// The stage in which it failed.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        self.0.blame
    }

    /// The URL of the request, where there is one. Unlike `Display` this holds the query string.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// How far the request had got on its wire: with the method, whether it is safe to send it again.
    pub fn wire_state(&self) -> WireState {
        self.0.wire_state
    }

    /// For a timeout: how long was waited, which is the limit that passed; `None` for any other error.
    pub fn waited(&self) -> Option<Duration> {
        self.0.waited
    }

    /// For a failure of TLS: what was wrong with the certificate, the chain itself, the alert.
    pub fn tls(&self) -> Option<&TlsFailureDetails> {
        self.0.tls.as_deref()
    }

    /// The code by which HTTP/2 names why the stream or its connection was ended (RFC 9113 section 7): 7 is REFUSED_STREAM, 8
    /// CANCEL, 11 ENHANCE_YOUR_CALM. It is that of the frame which the server sent or, where that broke the rules of a stream,
    /// which this side sent. `None` for what no frame said.
    #[doc(alias = "WINHTTP_OPTION_STREAM_ERROR_CODE")]
    pub fn http2_error_code(&self) -> Option<u32> {
        let error: &h2::Error = self.0.source.as_deref()?.downcast_ref()?;
        error.reason().map(u32::from)
    }

    /// Did a timeout pass?
    pub fn is_timeout(&self) -> bool {
        self.0.code == ErrorCode::Timeout
    }

    /// Did it fail before a wire was up: name look-up, connect, a proxy's tunnel or TLS handshake?
    pub fn is_connect(&self) -> bool {
        matches!(self.0.stage, Stage::Resolve | Stage::Connect | Stage::Tunnel | Stage::Tls)
    }

    /// Was the operation cancelled by the caller (12017)?
    pub fn is_cancelled(&self) -> bool {
        self.0.code == ErrorCode::OperationCancelled
    }

    /// Was the handle, or one above it, closed (6)?
    pub fn is_invalid_handle(&self) -> bool {
        self.0.code == ErrorCode::InvalidHandle
    }

    /// Did the call come out of order (12019)?
    pub fn is_incorrect_state(&self) -> bool {
        self.0.code == ErrorCode::IncorrectHandleState
    }

    /// Could the same request succeed later, with nothing changed by the caller?
    ///
    /// True for what the network did. It does not say that repeating is *safe*: that is
    /// [`wire_state`](Self::wire_state) together with the method.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.code,
            ErrorCode::Timeout | ErrorCode::NameNotResolved | ErrorCode::CannotConnect | ErrorCode::ConnectionError
        ) && self.0.blame != Blame::Caller
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "error {} in {}, {}", inner.code, inner.operation, inner.stage)?;
        if let Some(subject) = &inner.subject {
            write!(f, " {subject}")?;
        }
        write!(f, ": {}", inner.detail)?;
        if let Some(url) = &inner.url {
            write!(f, " [{}]", shown::without_query(url))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("code", &inner.code)
            .field("operation", &inner.operation)
            .field("stage", &inner.stage)
            .field("blame", &inner.blame)
            .field("detail", &inner.detail)
            .field("subject", &inner.subject)
            .field("url", &inner.url.as_deref().map(shown::without_query))
            .field("wire_state", &inner.wire_state)
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.code() {
            ErrorCode::Timeout => io::ErrorKind::TimedOut,
            ErrorCode::InvalidParameter | ErrorCode::InvalidUrl => io::ErrorKind::InvalidInput,
            ErrorCode::InvalidServerResponse => io::ErrorKind::InvalidData,
            ErrorCode::ConnectionError => io::ErrorKind::ConnectionAborted,
            ErrorCode::CannotConnect => io::ErrorKind::ConnectionRefused,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl From<io::Error> for Error {
    /// An error of ours that travelled as an `io::Error` comes back as it was; any other is a body that
    /// the caller's own reader or stream failed to give.
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(other) => {
                let detail = format!("the body could not be read: {other}");
                Self::new(ErrorCode::InvalidParameter, Operation::Send, Stage::SendBody, Blame::Caller, detail)
                    .with_source(other)
            }
        }
    }
}
