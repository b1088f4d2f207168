//! What a session is opened with.

use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;

use super::Session;
use super::credentials::bound;
#[cfg(feature = "cache")]
use crate::cache::Cache;
use crate::engine::Engine;
use crate::error::{Error, Operation, Result};
use crate::network::ByPointer;
use crate::notification::{NotificationMask, Subscriber};
use crate::options::{
    AuthSchemes, AuthTarget, Authentication, CredentialProvider, Credentials, Decompression, DialOptions, Governor,
    Http2Options, Limits, MinimumRate, NameOptions, OriginOptions, Protocols, ProxySettings, RedirectOptions,
    RequestOptions, RetryPolicy, SessionOptions, Timeouts, TlsOptions,
};
use crate::policy::OriginPattern;
use crate::policy::auth::CredentialSet;
use crate::protocol::http1::field;
use crate::services::Stores;
use crate::shown;
#[cfg(feature = "cookies")]
use crate::stores::CookieJar;
use crate::stores::HstsStore;

/// What a session is opened with; from [`Session::builder`].
///
/// What is wrong is kept until [`open`](Self::open), which fails with it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// use std::time::Duration;
/// use hinternet::{Session, Timeouts};
///
/// let session = Session::builder()
///     .user_agent("my-program/1.0")
///     .default_header("accept-language", "de")
///     .timeouts(Timeouts::all(Duration::from_secs(20)))
///     .wires_per_origin(4)
///     .open()?;
/// # let session = builder().open()?;
/// assert_eq!(session.get("http://www.example.com/")?.send().await?.status(), 200);
/// # session.close().await
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "nothing is opened before `open`"]
pub struct SessionBuilder {
    pub(super) options: SessionOptions,
    pub(super) origins: Vec<(OriginPattern, OriginOptions)>,
    pub(super) credentials: Vec<CredentialSet>,
    pub(super) provider: Option<ByPointer<dyn CredentialProvider>>,
    pub(super) subscriber: Option<(Subscriber, NotificationMask)>,
    pub(super) context: u64,
    #[cfg(feature = "cache")]
    pub(super) cache: Option<Cache>,
    pub(super) stores: Stores,
    engine: Option<Result<Engine>>,
    wrong: Option<Error>,
}

impl SessionBuilder {
    /// The `User-Agent` of requests that set none (WinHttpOpen's `pszAgentW`).
    #[doc(alias = "WINHTTP_OPTION_USER_AGENT")]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        match HeaderValue::from_str(user_agent) {
            Ok(value) => self.options.user_agent = value,
            Err(_) => self.is_wrong(Error::parameter(Operation::Open, "the user agent holds a control character")),
        }
        self
    }

    /// A header field every request starts with, unless it names it itself. A name that is no token, or a control character in
    /// the value, fails [`open`](Self::open) (87).
    pub fn default_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        match field(name, value.as_ref()) {
            Ok((name, value)) => {
                if self.options.default_headers.try_append(name, value).is_err() {
                    self.is_wrong(Error::parameter(Operation::Open, "there are too many default header fields"));
                }
            }
            Err(misuse) => self.is_wrong(Error::parameter(Operation::Open, misuse.to_string())),
        }
        self
    }

    /// Through which proxies servers are reached (`WinHttpOpen`'s access type, proxy and bypass list). Default:
    /// [`ProxySettings::Direct`]. The same as [`DialOptions::proxy`].
    #[doc(alias = "WINHTTP_OPTION_PROXY")]
    pub fn proxy(mut self, settings: impl Into<ProxySettings>) -> Self {
        self.options.request.dial.proxy = settings.into();
        self
    }

    /// How long each stage of a request may take (`WinHttpSetTimeouts`).
    #[doc(alias = "WinHttpSetTimeouts")]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.options.request.timeouts = timeouts;
        self
    }

    /// Which protocols requests may be sent by.
    #[doc(alias = "WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL")]
    pub fn protocols(mut self, protocols: Protocols) -> Self {
        self.options.request.protocols = protocols;
        self
    }

    /// How HTTP/2 is spoken.
    pub fn http2(mut self, http2: Http2Options) -> Self {
        self.options.request.http2 = http2;
        self
    }

    /// How much a response may hold, and how many addresses of a host are tried.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.request.limits = limits;
        self
    }

    /// How fast a body has to come or go at least; `None` is as slow as it likes. Default `None`.
    pub fn minimum_rate(mut self, rate: impl Into<Option<MinimumRate>>) -> Self {
        self.options.request.minimum_rate = rate.into();
        self
    }

    /// How often a server is asked, and by how many requests at a time; `None` is as often as anybody likes. Default `None`.
    pub fn governor(mut self, governor: impl Into<Option<Governor>>) -> Self {
        self.options.request.governor = governor.into();
        self
    }

    /// When a request is sent again beyond the safe resend; `None` is never. Default `None`.
    pub fn retry(mut self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.options.request.retry = policy.into();
        self
    }

    /// How streams are opened.
    pub fn dial(mut self, dial: DialOptions) -> Self {
        self.options.request.dial = dial;
        self
    }

    /// What a secure wire must be.
    #[doc(alias = "WINHTTP_OPTION_SECURITY_FLAGS")]
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.options.request.tls = tls;
        self
    }

    /// What connections and requests start from: all of it. What was set of it before is replaced, trust, protocols and the way of
    /// dialing too; call this first.
    pub fn request_options(mut self, options: RequestOptions) -> Self {
        self.options.request = options;
        self
    }

    /// Which redirects requests follow, and how. Default: those that do not lead from https to http, ten in a row.
    #[doc(alias("WINHTTP_OPTION_REDIRECT_POLICY", "WINHTTP_OPTION_MAX_HTTP_AUTOMATIC_REDIRECTS"))]
    pub fn redirects(mut self, redirects: impl Into<RedirectOptions>) -> Self {
        self.options.request.redirects = redirects.into();
        self
    }

    /// Which content codings requests ask for, and have undone as their bodies are read. Default: all that were compiled in.
    #[doc(alias = "WINHTTP_OPTION_DECOMPRESSION")]
    pub fn decompression(mut self, allowed: Decompression) -> Self {
        self.options.request.decompression = allowed;
        self
    }

    /// Wires to one origin, idle and busy together; `None` is no limit. Default 256.
    #[doc(alias = "WINHTTP_OPTION_MAX_CONNS_PER_SERVER")]
    pub fn wires_per_origin(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.options.wires_per_origin = limit.into();
        self
    }

    /// How many shards of the engine may serve one origin at a time, for one that is asked more than a core can serve. Default 1; 0
    /// is refused (87), and more than there are shards are as many. See [`SessionOptions::lanes`].
    pub fn lanes(mut self, lanes: usize) -> Self {
        self.options.lanes = lanes;
        self
    }

    /// Requests under way at a time to all origins together; `None` is any number. Default `None`; 0 is refused (87). See
    /// [`SessionOptions::requests_at_once`].
    pub fn requests_at_once(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.options.requests_at_once = limit.into();
        self
    }

    /// Wires to all origins together; at the limit the idle wire goes that was used longest ago. Default: 4,096, or four fifths
    /// of the file descriptors the process may have, whichever is less.
    pub fn wires_per_session(mut self, limit: usize) -> Self {
        self.options.wires_per_session = Some(limit);
        self
    }

    /// An idle wire is closed after this long, up to a second later. Default 60 s; zero and more than a year are refused (87).
    #[doc(alias = "WINHTTP_OPTION_CONNECTION_IDLE_TIMEOUT")]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_timeout = timeout;
        self
    }

    /// How many of its last notifications each handle keeps for a snapshot to show. Default 0; more than 1,024 are refused (87).
    /// See [`SessionOptions::trace`].
    pub fn trace(mut self, most: usize) -> Self {
        self.options.trace = most;
        self
    }

    /// How long the addresses of a name are remembered. What cannot be meant fails [`open`](Self::open) (87).
    pub fn names(mut self, names: NameOptions) -> Self {
        self.options.names = names;
        self
    }

    /// Wires to one origin that are kept ready while a connection handle to it is open. Default 0; more than `wires_per_origin` is
    /// refused (87). See [`SessionOptions::min_wires`].
    pub fn min_wires(mut self, wires: usize) -> Self {
        self.options.min_wires = wires;
        self
    }

    /// What is otherwise for some origins: those that the pattern means.
    ///
    /// A pattern is a host, with a scheme before it or a port behind it if only those are meant: `api.example.com`,
    /// `https://api.example.com:8443`, `[::1]:8080`. `*.example.com` means all hosts below `example.com`, and not that one; `*`
    /// means all. Upper case and IDN are as in a URL.
    ///
    /// Of several patterns that mean an origin one counts, and wholly: the one with the most specific host (a name, then the
    /// longest `*.` name, then `*`), of those the one with a port, of those the one with a scheme, of those the last one. It counts
    /// when a connection handle is created, and when a request is by [`get`](Session::get) and the like: before what is set
    /// on the handle or the request, and instead of [`Session::set_options`].
    ///
    /// What is no pattern is told by [`open`](Self::open) (87).
    pub fn for_origins(mut self, pattern: &str, options: OriginOptions) -> Self {
        match OriginPattern::parse(pattern) {
            Ok(pattern) => self.origins.push((pattern, options)),
            Err(why) => {
                let detail = format!("{:?} is no pattern of origins: {why}", shown::url(pattern));
                self.is_wrong(Error::parameter(Operation::Open, detail));
            }
        }
        self
    }

    /// The cache of its responses. Default: none. Sessions that are given clones of one share it.
    #[cfg(feature = "cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
    pub fn cache(mut self, cache: impl Into<Option<Cache>>) -> Self {
        self.cache = cache.into();
        self
    }

    /// The jar of the session, with what is in it; another session that has the same one shares its cookies. By default each session has
    /// an empty one of its own.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookie_jar(mut self, jar: CookieJar) -> Self {
        self.stores.cookies = jar;
        self
    }

    /// Has hosts asked by https that want it (RFC 6797), and remembers them in this store, which others may share. By default none:
    /// an `http` URL is asked by http.
    ///
    /// A host is looked for when a request is opened, with the options of the handle that it is opened by, and for each redirect. A
    /// response over a wire with a [check given up](crate::tls::danger) is not believed.
    pub fn hsts(mut self, store: impl Into<Option<HstsStore>>) -> Self {
        self.stores.hsts = store.into();
        self
    }

    /// Credentials for the servers that the pattern means, to be shown by the strongest scheme that is asked for and that they are good
    /// for. See [`CredentialStore::set`](crate::CredentialStore::set), which sets those of proxies too; what that refuses is told by
    /// [`open`](Self::open) (87).
    #[doc(alias = "WinHttpSetCredentials")]
    pub fn credentials(mut self, pattern: &str, credentials: impl Into<Credentials>) -> Self {
        match bound(AuthTarget::Server, pattern, AuthSchemes::all(), credentials.into()) {
            Ok(set) => self.credentials.push(set),
            Err(wrong) => self.is_wrong(wrong.in_operation(Operation::Open)),
        }
        self
    }

    /// Who is asked when credentials are asked for and none are set: an object, or an actor by its `Recipient<CredentialsAsked>`.
    pub fn credential_provider(mut self, provider: impl CredentialProvider) -> Self {
        self.provider = Some(ByPointer(Arc::new(provider)));
        self
    }

    /// How who asks for credentials is answered.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.options.request.authentication = authentication;
        self
    }

    /// How much a subscriber may leave unhandled: informational notifications before further ones are dropped and counted
    /// (default 256), and notifications of all kinds before new operations wait (default 4,096).
    pub fn unhandled(mut self, progress: usize, total: usize) -> Self {
        self.options.unhandled_progress = progress;
        self.options.unhandled_total = total;
        self
    }

    /// All options at once; what was set before is replaced.
    pub fn options(mut self, options: SessionOptions) -> Self {
        self.options = options;
        self
    }

    /// The subscriber in the session's slot from the start. Only then the session has a `HandleCreated`.
    #[doc(alias = "WinHttpSetStatusCallback")]
    pub fn subscriber(mut self, subscriber: impl Into<Subscriber>, mask: NotificationMask) -> Self {
        self.subscriber = Some((subscriber.into(), mask));
        self
    }

    /// The context notifications carry, inherited by all handles below.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(mut self, context: u64) -> Self {
        self.context = context;
        self
    }

    /// The engine to run on; by default the one all sessions share.
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = Some(Ok(engine));
        self
    }

    /// Runs on the calling thread's own actix arbiter: no thread is crossed, and one core serves all of the session. Right for
    /// a program that is one arbiter; wrong for one that has many.
    pub fn on_current_arbiter(mut self) -> Self {
        self.engine = Some(Engine::on_current_arbiter());
        self
    }

    /// Runs among the tasks of the calling thread's tokio `LocalSet`; see [`Engine::on_current_thread`]. Outside of one
    /// [`open`](Self::open) fails (87).
    pub fn on_current_thread(mut self) -> Self {
        self.engine = Some(Engine::on_current_thread());
        self
    }

    /// Opens the session (`WinHttpOpen`). No I/O.
    ///
    /// # Errors
    /// 87 for what cannot be meant, 12004 when the engine finds no thread, 12012 on an engine that was stopped.
    #[doc(alias = "InternetOpen")]
    #[doc(alias = "WinHttpOpen")]
    pub fn open(mut self) -> Result<Session> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        self.options.check()?;
        self.origins.iter().try_for_each(|(_, options)| options.check(&self.options))?;
        let engine = self.engine.take().unwrap_or_else(Engine::global)?;
        engine.check(Operation::Open)?;
        Session::start(self, engine)
    }

    /// The first thing that is wrong is what the caller should mend first.
    fn is_wrong(&mut self, error: Error) {
        self.wrong.get_or_insert(error);
    }
}
