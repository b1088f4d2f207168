//! A session handle: the root of the tree.

mod actor;
mod builder;
mod credentials;
mod messages;
mod proxy_for_url;
mod snapshot;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::Addr;
use http::Method;
use tokio::sync::oneshot;

use crate::connection::Connection;
use crate::download::DownloadBuilder;
use crate::engine::Engine;
use crate::error::{Operation, Result};
use crate::event_source::EventSourceBuilder;
use crate::handle::{Above, ActorGuard, Commands, Ending, Node, handle_methods};
use crate::notification::CreditLimits;
use crate::options::{RequestOptions, SharedOptions};
use crate::origin::{self, Overrides};
use crate::policy::auth::Keyring;
use crate::request::{Opening, RequestBuilder, WebSocketBuilder};
use crate::services::{Services, ShutdownReport, drain};
#[cfg(feature = "cookies")]
use crate::stores::CookieJar;
use crate::stores::HstsStore;
use crate::target::{IntoTarget, Origin, Target};

pub use actor::SessionActor;
pub use builder::SessionBuilder;
pub use credentials::CredentialStore;
pub use messages::{Connect, Shutdown};

/// The root of the tree (`WinHttpOpen`): settings, subscribers, and the wires its requests share.
///
/// Wires are never shared across sessions. Cheap to clone; dropping the last clone, with no handle below left, closes it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// let session = hinternet::Session::open()?;
/// # let session = builder().open()?;
/// let response = session.get("http://www.example.com/")?.send().await?;
/// println!("{} {}", response.status(), response.text().await?);
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_OPTION_DISABLE_GLOBAL_POOLING")]
#[doc(alias = "WinHttpOpen")]
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    node: Arc<Node>,
    services: Arc<Services>,
    addr: Addr<SessionActor>,
}

impl Above for Inner {
    fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

handle_methods!(Session);

macro_rules! methods {
    ($( $name:ident, $method:ident; )*) => {
        $(
            #[doc = concat!("A `", stringify!($method), "` request on the paved path; see [`request`](Self::request).")]
            ///
            /// # Errors
            /// See [`request`](Self::request).
            pub fn $name(&self, url: impl IntoTarget) -> Result<RequestBuilder> {
                self.request(Method::$method, url)
            }
        )*
    };
}

impl Session {
    /// Opens a session with the defaults.
    ///
    /// # Errors
    /// 12004 when the engine finds no thread.
    #[doc(alias = "WinHttpOpen")]
    pub fn open() -> Result<Self> {
        Self::builder().open()
    }

    /// Opens a session with more than the defaults: user agent, headers, timeouts, limits, a subscriber.
    #[doc(alias = "WinHttpOpen")]
    pub fn builder() -> SessionBuilder {
        SessionBuilder::default()
    }

    fn start(builder: SessionBuilder, engine: Engine) -> Result<Self> {
        #[cfg(feature = "cache")]
        let cache = builder.cache.clone();
        let SessionBuilder { options, origins, credentials, provider, subscriber, context, stores, .. } = builder;
        let keyring = Keyring::new(credentials, provider.map(|provider| provider.0));
        let limits = CreditLimits { progress: options.unhandled_progress, total: options.unhandled_total };
        let node = Node::root(limits, context);
        node.subscribers().keep_trace(options.trace);
        if subscriber.is_some() {
            node.subscribers().replace_slot(node.author(), subscriber);
        }
        let creating = node.hold();
        let guard = ActorGuard::new(node.first_hold());
        let services = Services::new(engine, options, Overrides::new(origins), stores, keyring, Arc::clone(&node));
        #[cfg(feature = "cache")]
        let services = services.with_cache(cache);
        let inner = Arc::new_cyclic(|weak: &Weak<Inner>| {
            let (lent, handle) = (Arc::clone(&services), Weak::clone(weak));
            let shard = services.engine.next_shard();
            let addr = shard.start(move || SessionActor::new(lent, handle, guard));
            Inner { node: Arc::clone(&node), services, addr }
        });
        node.attach(Commands { close: inner.addr.clone().recipient(), cancel: None });
        let entry: Weak<dyn Any + Send + Sync> = Arc::downgrade(&inner) as _;
        node.announce(entry);
        drop(creating);
        Ok(Self { inner })
    }

    /// Creates a handle to an origin (`WinHttpConnect`): scheme, host and, if it is not the scheme's, port. Resolves nothing and
    /// opens no socket; it succeeds for dead hosts. Only where [wires are kept ready](crate::SessionOptions::min_wires) they are
    /// dialed from then on.
    ///
    /// # Errors
    /// 12005 for what is no origin (a path, a user name), 12006 for a scheme that is not spoken, 6 when the session is closed,
    /// 12012 while it shuts down.
    #[doc(alias = "WinHttpConnect")]
    pub fn connect(&self, origin: &str) -> Result<Connection> {
        self.inner.node.check_open(Operation::Connect)?;
        let origin = Origin::parse(origin)?;
        let options = self.options_for(&origin);
        Connection::open(&self.inner.services, Arc::clone(&self.inner) as _, origin, options)
    }

    methods! {
        get, GET;
        head, HEAD;
        post, POST;
        put, PUT;
        patch, PATCH;
        delete, DELETE;
    }

    /// A request on the paved path: everything in one expression, then `send`. Its connection is implicit and has no handle; the
    /// request's parent is the session.
    ///
    /// # Errors
    /// 12005 for a URL that cannot be used, 12006 for a scheme that is not spoken, 87 for CR, LF or NUL in it, 6 when the
    /// session is closed, 12012 while it shuts down.
    pub fn request(&self, method: Method, url: impl IntoTarget) -> Result<RequestBuilder> {
        self.inner.node.check_open(Operation::OpenRequest)?;
        self.inner.services.work.check(Operation::OpenRequest)?;
        let target = url.into_target()?;
        let opening = self.opening();
        let options = self.options_for(target.origin());
        Ok(RequestBuilder::new(opening, method, target, options))
    }

    /// A WebSocket on the paved path, by a `ws` or `wss` URL: everything in one expression, then `connect`. Its connection is implicit,
    /// as that of a paved request; its parent is the session.
    ///
    /// ```no_run
    /// # async fn example(session: hinternet::Session) -> hinternet::Result<()> {
    /// let websocket = session.websocket("wss://chat.example.com/")?.protocol("chat").connect().await?;
    /// websocket.send("hello").await?;
    /// println!("{:?}", websocket.receive().await?.as_text());
    /// websocket.close(1000, "").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// 12005 for a URL that cannot be used or has a fragment, 12006 for another scheme, 87 for CR, LF or NUL in it, 6 when the
    /// session is closed, 12012 while it shuts down.
    pub fn websocket(&self, url: &str) -> Result<WebSocketBuilder> {
        self.inner.node.check_open(Operation::OpenRequest)?;
        self.inner.services.work.check(Operation::OpenRequest)?;
        let target = Target::of_websocket(url)?;
        let opening = self.opening();
        let options = self.options_for(target.origin());
        Ok(WebSocketBuilder::new(opening, target, options))
    }

    /// A file that is downloaded, and gone on with where it was broken off; see [`DownloadBuilder::to_file`].
    ///
    /// ```no_run
    /// # async fn example(session: hinternet::Session) -> hinternet::Result<()> {
    /// let film = session.download("https://www.example.com/film")?.to_file("film").await?;
    /// println!("{} octets, {} of them from before", film.length, film.resumed_from);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`request`](Self::request).
    pub fn download(&self, url: impl IntoTarget) -> Result<DownloadBuilder> {
        self.get(url).map(DownloadBuilder::new)
    }

    /// Server-sent events, from a stream that connects again; see [`EventSource`](crate::EventSource).
    ///
    /// # Errors
    /// See [`request`](Self::request).
    pub fn events(&self, url: impl IntoTarget) -> Result<EventSourceBuilder> {
        self.get(url).map(EventSourceBuilder::new)
    }

    /// What connections and requests created from now on start from.
    #[doc(alias = "WinHttpQueryOption")]
    pub fn options(&self) -> RequestOptions {
        (*self.inner.services.request_options()).clone()
    }

    /// Sets what connections and requests created from now on start from, but for those whose origin has
    /// [options of its own](SessionBuilder::for_origins).
    ///
    /// # Errors
    /// 87 for options that cannot be meant, 6 when the session is closed.
    #[doc(alias = "WinHttpSetOption")]
    pub fn set_options(&self, options: RequestOptions) -> Result<()> {
        self.inner.node.check_open(Operation::SetOption)?;
        options.check(Operation::SetOption)?;
        self.inner.services.set_request_options(Arc::new(options));
        Ok(())
    }

    /// The cookies that servers have set for the requests of this session; with
    /// [`RequestOptions::cookies`](crate::RequestOptions::cookies) a request goes without.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookies(&self) -> CookieJar {
        self.inner.services.cookies.clone()
    }

    /// The hosts that are asked by https only; `None` unless the session was [given a store](SessionBuilder::hsts).
    pub fn hsts(&self) -> Option<HstsStore> {
        self.inner.services.hsts.clone()
    }

    /// The credentials that its requests show to who asks for them.
    #[doc(alias("WinHttpSetCredentials", "WINHTTP_OPTION_USERNAME", "WINHTTP_OPTION_PASSWORD"))]
    pub fn credentials(&self) -> CredentialStore {
        CredentialStore::new(&self.inner.services)
    }

    /// Drains and closes the session. No new work is taken from the call on (12012); work in flight may finish until the
    /// deadline; then it is cancelled as by [`close`](Self::close).
    ///
    /// A response that is still to be read counts as work in flight until it is read or dropped.
    pub fn shutdown(&self, deadline: Duration) -> impl Future<Output = ShutdownReport> + Send + use<> {
        let services = Arc::clone(&self.inner.services);
        let (report, reported) = oneshot::channel();
        let drain = drain(Arc::clone(&services.work), Arc::clone(&services.session), deadline);
        let _stopped = services.engine.next_shard().spawn(async move {
            // Whoever asked may have lost interest; the shutdown goes on.
            let _left = report.send(drain.await);
        });
        async move { reported.await.unwrap_or_default() }
    }

    /// Closes all wires that no request uses; how many there were.
    pub async fn evict_idle(&self) -> usize {
        let session = self.inner.node.id();
        self.inner.services.on_all_shards(move || origin::evict_idle(session)).await.iter().sum()
    }

    /// The machine may be on another network now. Idle wires of HTTP/1.1 are closed; those of HTTP/2 are asked by a ping whether
    /// their server is still there, and are suspect when no answer comes within `Http2Options::ping_timeout`. The addresses of names
    /// are forgotten, nobody joins a look-up that was begun before, and where wires of HTTP/2 are used their name is looked up again
    /// within a second.
    #[doc(alias("WinHttpRegisterProxyChangeNotification", "WINHTTP_RESET_NOTIFY_NETWORK_CHANGED"))]
    pub async fn network_changed(&self) -> NetworkChange {
        self.inner.services.terms.names.clear();
        let session = self.inner.node.id();
        let all = self.inner.services.on_all_shards(move || origin::network_changed(session)).await;
        let sum = |one: fn(&(usize, usize)) -> usize| all.iter().map(one).sum();
        NetworkChange { closed: sum(|it| it.0), asked: sum(|it| it.1) }
    }

    /// The actor behind the handle: it takes [`Connect`], [`Shutdown`] and [`CloseHandle`](crate::messages::CloseHandle) as
    /// messages.
    pub fn addr(&self) -> Addr<SessionActor> {
        self.inner.addr.clone()
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.inner.node
    }

    fn opening(&self) -> Opening {
        Opening { services: Arc::clone(&self.inner.services), keep: Arc::clone(&self.inner) as _ }
    }

    /// What a connection or a request to this origin starts from.
    fn options_for(&self, origin: &Origin) -> SharedOptions {
        self.inner.services.options_for(origin)
    }
}

/// What [`Session::network_changed`] did.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// session.get("http://www.example.com/")?.send().await?.bytes().await?;
/// let change = session.network_changed().await; // the machine has another address, or woke up
/// assert_eq!(change.closed, 1); // the idle wire
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkChange {
    /// Wires that were closed.
    pub closed: usize,
    /// Wires whose server was asked for a sign of life.
    pub asked: usize,
}

impl Inner {
    fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.node.close(Ending::Dropped);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.inner.node.id())
    }
}
