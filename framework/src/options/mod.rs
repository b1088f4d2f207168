//! What can be set: typed options per level, inherited by copy when a handle is created.

mod authentication;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "deflate")]
mod compression;
mod decompression;
mod dial;
mod event_source;
mod governor;
mod http2;
mod leniency;
mod limits;
mod minimum_rate;
mod names;
mod origins;
mod proxy;
pub(crate) mod redirects;
mod retry;
mod self_healing;
#[cfg(test)]
mod tests;
mod timeouts;
pub(crate) mod tls;
mod websocket;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use crate::error::{Error, Operation, Result};
use crate::shown;

#[cfg_attr(not(feature = "negotiate"), allow(unused_imports, reason = "nothing binds a wire without the feature"))]
pub(crate) use authentication::Bound;
pub(crate) use authentication::Shown;
pub use authentication::{
    AuthScheme, AuthSchemes, AuthTarget, Authentication, CredentialProvider, Credentials, CredentialsAsked, Providing,
};
#[cfg(feature = "cache")]
pub use cache::CacheMode;
#[cfg(feature = "deflate")]
pub use compression::{AgreedCompression, Compression};
#[cfg(feature = "deflate")]
pub(crate) use compression::{LARGEST_WINDOW, SMALLEST_OF_ZLIB, SMALLEST_WINDOW, memory_level};
pub use decompression::Decompression;
pub use dial::DialOptions;
pub use event_source::EventSourceOptions;
pub use governor::{Governor, Priority};
pub use http2::{Http2Options, Protocols, StalledReader};
pub use leniency::Leniency;
pub use limits::Limits;
pub(crate) use limits::MOST_FIELD_NAMES;
pub use minimum_rate::MinimumRate;
pub use names::NameOptions;
pub use origins::OriginOptions;
pub(crate) use origins::PoolLimits;
pub use proxy::{AutomaticProxy, BypassList, NamedProxies, ProxySettings};
pub(crate) use proxy::{Hosts, MOST_ROUTES, Rule};
pub use redirects::{Redirect, RedirectDecider, RedirectDecision, RedirectOptions, RedirectPolicy};
pub use retry::{RetryBudget, RetryPolicy};
pub use self_healing::{Overflow, SelfHealingOptions};
pub use timeouts::Timeouts;
#[cfg(feature = "cache")]
pub(crate) use tls::Shows;
pub(crate) use tls::TlsOptions;
pub use websocket::WebSocketOptions;

/// What one request obeys. Connections and sessions hold the copy their future children start from.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use std::time::Duration;
///
/// let mut options = session.options(); // a copy
/// options.timeouts.total = Some(Duration::from_secs(20));
/// options.redirects.limit = 3;
/// session.set_options(options.clone())?; // for what is opened from now on
///
/// options.resends = 0;
/// let response = session.get("http://www.example.com/")?.options(options).send().await?; // for this one
/// assert_eq!(response.status(), 200);
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestOptions {
    /// How long each stage may take.
    pub timeouts: Timeouts,
    /// How much a response may hold.
    pub limits: Limits,
    /// What is forgiven of how it is framed. Default: nothing.
    pub leniency: Leniency,
    /// How fast the body has to come, and to go, at least. Default: `None`, as slow as it likes.
    pub minimum_rate: Option<MinimumRate>,
    /// Ask for `100 Continue` before a body is sent (`Expect: 100-continue`), and wait this long for it
    /// (RFC 9110 10.1.1). Default: `None`, the body goes out at once.
    pub expect_continue: Option<Duration>,
    /// How often the library itself sends a request again that failed on a reused wire before any octet of an
    /// answer, where that is safe. Default 1; 0 turns it off. A request that the server says it has not processed
    /// (RFC 9113 8.7) does not count: it is sent again up to five times, whatever its method, if its body can be given again.
    #[doc(alias("WINHTTP_OPTION_FAILED_CONNECTION_RETRIES", "WINHTTP_CONNECTION_RETRY_CONDITION_STALE_CONNECTION"))]
    pub resends: u32,
    /// Which redirects it follows, and how.
    pub redirects: RedirectOptions,
    /// Which content codings are asked for, and undone as the body is read. Default: all that were compiled in.
    #[doc(alias = "WINHTTP_OPTION_DECOMPRESSION")]
    pub decompression: Decompression,
    /// When it is sent again beyond that: by which statuses and failures, how soon and how often. Default: `None`, never.
    pub retry: Option<RetryPolicy>,
    /// How often its server is asked, and by how many at a time. Default: `None`, as often as anybody likes.
    pub governor: Option<Governor>,
    /// Which go first of those that wait for their turn by the governor.
    pub priority: Priority,
    /// Which protocols it may be sent by. Default: HTTP/2 where the server chooses it by TLS, else HTTP/1.1.
    pub protocols: Protocols,
    /// How HTTP/2 is spoken.
    pub http2: Http2Options,
    /// How streams are opened.
    pub dial: DialOptions,
    /// What a secure wire must be.
    pub tls: TlsOptions,
    /// What it obeys as a WebSocket, should it become one.
    pub websocket: WebSocketOptions,
    /// Does it carry the cookies of the session's [jar](crate::CookieJar), and does the jar take those that its response sets? A `Cookie`
    /// field of the caller's own is sent all the same. Default `true` (`WINHTTP_DISABLE_COOKIES` is `false`).
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    #[doc(alias("WINHTTP_OPTION_DISABLE_FEATURE", "WINHTTP_DISABLE_COOKIES"))]
    pub cookies: bool,
    /// How it answers who asks for credentials.
    pub authentication: Authentication,
    /// What it does with the cache of its session, if that has one. Default: as RFC 9111 says.
    #[cfg(feature = "cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
    pub cache: CacheMode,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            leniency: Leniency::NONE,
            minimum_rate: None,
            expect_continue: None,
            resends: 1,
            redirects: RedirectOptions::default(),
            decompression: Decompression::ALL,
            retry: None,
            governor: None,
            priority: Priority::default(),
            protocols: Protocols::default(),
            http2: Http2Options::default(),
            dial: DialOptions::default(),
            tls: TlsOptions::default(),
            websocket: WebSocketOptions::default(),
            #[cfg(feature = "cookies")]
            cookies: true,
            authentication: Authentication::default(),
            #[cfg(feature = "cache")]
            cache: CacheMode::default(),
        }
    }
}

impl RequestOptions {
    /// Refuses what cannot be meant: a zero or an absurd timeout, a limit that lets nothing through.
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        self.timeouts.check(operation)?;
        self.limits.check(operation)?;
        self.http2.check(operation)?;
        self.dial.check(operation)?;
        self.tls.check(operation)?;
        self.websocket.check(operation)?;
        self.authentication.check(operation)?;
        self.redirects.check(operation)?;
        self.minimum_rate.map_or(Ok(()), |rate| rate.check(operation))?;
        self.governor.map_or(Ok(()), |governor| governor.check(operation))?;
        self.retry.as_ref().map_or(Ok(()), |retry| retry.check(operation))?;
        if let Some(wait) = self.expect_continue {
            timeouts::check_one("expect_continue", wait, operation)?;
        }
        if self.resends > 10 {
            return Err(Error::parameter(operation, "more than 10 resends of one request are refused"));
        }
        Ok(())
    }
}

/// What a connection handle adds: what its requests start from.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let connection = session.connect("http://www.example.com")?;
/// let mut options = connection.options();
/// options.request.redirects.limit = 3;
/// connection.set_options(options)?; // for requests that are opened from now on
/// assert_eq!(session.options().redirects.limit, 10); // and for no others
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConnectionOptions {
    /// What requests opened on the connection start from.
    pub request: RequestOptions,
}

/// What a session adds: identity, the pool, and what its connections and requests start from.
///
/// ```
/// use hinternet::{Session, SessionOptions};
///
/// let mut options = SessionOptions::default();
/// options.wires_per_origin = Some(4);
/// options.trace = 32; // a snapshot has the last 32 steps of each handle
/// let session = Session::builder().options(options).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct SessionOptions {
    /// What connections and requests start from.
    pub request: RequestOptions,
    /// The `User-Agent` of requests that set none. Default `hinternet/` and the version.
    #[doc(alias = "WINHTTP_OPTION_USER_AGENT")]
    pub user_agent: HeaderValue,
    /// Fields every request starts with, unless it names them itself.
    pub default_headers: HeaderMap,
    /// Wires to one origin, idle and busy together. Default 256; `None` is no limit. Of those that differ in what makes a wire, as in TLS or
    /// in whom they are known to be used by, each kind is counted by itself.
    #[doc(alias = "WINHTTP_OPTION_DISABLE_STREAM_QUEUE")]
    #[doc(alias = "WINHTTP_OPTION_MAX_CONNS_PER_SERVER")]
    pub wires_per_origin: Option<usize>,
    /// Wires to one origin that are kept ready as long as a [`Connection`](crate::Connection) handle to it is open: from `connect`
    /// on they are dialed, no idle timeout closes them, and where one is lost another is dialed within a second; after dials
    /// that failed, later each time, up to a minute. Over HTTP/2 one wire is as good as any number. They are those of the options
    /// that the handle was made with. Default 0: a wire is dialed when a request needs it.
    #[doc(alias = "WINHTTP_OPTION_BACKGROUND_CONNECTIONS")]
    pub min_wires: usize,
    /// How many shards of the engine may serve one origin at a time. Default 1: all of an origin on one shard, and so on one core.
    ///
    /// A request runs on the first lane of its origin while that keeps up, and on the next one when requests pile up before it:
    /// few requests at a time share few wires, and many use several cores. `wires_per_origin` is the limit of all lanes together.
    /// Each has a share of it; what it does not need is the others', and an idle wire of one is closed where another has
    /// somebody waiting and no place for a wire. `Queued` counts within a lane.
    ///
    /// More lanes than the engine has shards are as many as it has. With less than two wires for each lane there is but one.
    pub lanes: usize,
    /// Requests under way at a time to all origins together, whether or not they have a [`Governor`], and in the sense of one: each
    /// takes its place when the governor of its origin has let it go, and keeps it until its response is read to the end, has
    /// failed or is given up. The others wait in line (`Queued`). One that waits there is under way to its origin already: it has
    /// had its share of the rate, and holds its place among those at once. If a pause of its origin begins then, it gives that
    /// back and waits again. Default `None`: any number.
    pub requests_at_once: Option<usize>,
    /// Wires to all origins together. At the limit the idle wire goes that was used longest ago, of those on the shard of the
    /// request if it has any; while there is none a request that needs one waits (`Queued`). Default `None`: 4,096, or four
    /// fifths of the file descriptors the process may have, whichever is less.
    pub wires_per_session: Option<usize>,
    /// An idle wire is closed after this long, up to a second later: idle wires are looked at once a second. Default 60 s.
    #[doc(alias = "WINHTTP_OPTION_CONNECTION_IDLE_TIMEOUT")]
    pub idle_timeout: Duration,
    /// A wire serves no new request once it is so old, up to a second later; each between nine and ten tenths of it, so that those
    /// dialed together do not go together. What it carries then goes on. Default `None`: any age.
    pub wire_max_age: Option<Duration>,
    /// A wire serves no new request once so many have begun on it; over HTTP/2 those under way at that moment are a few more.
    /// Default `None`: any number.
    pub wire_max_requests: Option<u64>,
    /// How many of its last notifications each handle keeps, and how many of the last events of its wires each origin, for
    /// [`Session::snapshot`](crate::Session::snapshot) to show; at most 1,024. Default 0: none, and nothing is spent on it.
    pub trace: usize,
    /// How long the addresses of a name are remembered.
    pub names: NameOptions,
    /// Informational notifications a subscription may have unhandled before further ones are dropped and
    /// counted by `Missed`. Default 256.
    pub unhandled_progress: usize,
    /// Notifications a subscription may have unhandled before new operations wait for it. Default 4,096.
    pub unhandled_total: usize,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            request: RequestOptions::default(),
            user_agent: HeaderValue::from_static(concat!("hinternet/", env!("CARGO_PKG_VERSION"))),
            default_headers: HeaderMap::new(),
            wires_per_origin: Some(256),
            min_wires: 0,
            lanes: 1,
            requests_at_once: None,
            wires_per_session: None,
            idle_timeout: Duration::from_secs(60),
            wire_max_age: None,
            wire_max_requests: None,
            trace: 0,
            names: NameOptions::default(),
            unhandled_progress: 256,
            unhandled_total: 4096,
        }
    }
}

/// Of fields the names only: the values may be tokens.
impl fmt::Debug for SessionOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without `..`: whether a new option may be shown is decided here.
        let Self {
            request,
            user_agent,
            default_headers,
            wires_per_origin,
            min_wires,
            lanes,
            requests_at_once,
            wires_per_session,
            idle_timeout,
            wire_max_age,
            wire_max_requests,
            trace,
            names,
            unhandled_progress,
            unhandled_total,
        } = self;
        f.debug_struct("SessionOptions")
            .field("request", request)
            .field("user_agent", &shown::count(user_agent.as_bytes()))
            .field("default_headers", &shown::names(default_headers))
            .field("wires_per_origin", wires_per_origin)
            .field("min_wires", min_wires)
            .field("lanes", lanes)
            .field("requests_at_once", requests_at_once)
            .field("wires_per_session", wires_per_session)
            .field("idle_timeout", idle_timeout)
            .field("wire_max_age", wire_max_age)
            .field("wire_max_requests", wire_max_requests)
            .field("trace", trace)
            .field("names", names)
            .field("unhandled_progress", unhandled_progress)
            .field("unhandled_total", unhandled_total)
            .finish()
    }
}

impl SessionOptions {
    pub(crate) fn check(&self) -> Result<()> {
        let operation = Operation::Open;
        self.request.check(operation)?;
        self.names.check(operation)?;
        PoolLimits::of(self).check(operation)?;
        if self.default_headers.keys_len() > MOST_FIELD_NAMES {
            return Err(Error::parameter(operation, "there are too many default header fields"));
        }
        if self.lanes == 0 {
            return Err(Error::parameter(operation, "lanes is 0: no request could ever be sent"));
        }
        if self.requests_at_once == Some(0) {
            return Err(Error::parameter(operation, "requests_at_once is 0: no request could ever be sent"));
        }
        if self.wires_per_session == Some(0) {
            return Err(Error::parameter(operation, "wires_per_session is 0: no request could ever be sent"));
        }
        if self.trace > MOST_TRACED {
            return Err(Error::parameter(operation, format!("a trace of more than {MOST_TRACED} is refused")));
        }
        if self.unhandled_total == 0 || self.unhandled_progress == 0 {
            return Err(Error::parameter(operation, "a subscription needs room for one unhandled notification"));
        }
        Ok(())
    }
}

/// More is a log, and belongs to a subscriber.
const MOST_TRACED: usize = 1024;

/// Options as handles hold them: shared until somebody changes a copy.
pub(crate) type SharedOptions = Arc<RequestOptions>;
