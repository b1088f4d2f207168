//! A connection handle: one way to an origin, with its own subscribers, context, options and requests.

mod actor;
mod draining;
mod governing;
mod messages;
mod prewarming;
mod snapshot;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use actix::Addr;
use http::Method;

use crate::error::{Operation, Result};
use crate::handle::{Above, ActorGuard, Commands, Ending, Node, handle_methods};
use crate::id::HandleKind;
use crate::options::{AuthSchemes, AuthTarget, ConnectionOptions, Credentials, SharedOptions};
use crate::origin;
use crate::request::{Opening, Own, Request, RequestBuilder};
use crate::services::Services;
use crate::target::{Origin, Target};

pub use actor::ConnectionActor;
pub use messages::{Drain, OpenRequest, Prewarm};
pub use prewarming::Prewarmed;
pub(crate) use snapshot::show_all_below;

/// A handle to an origin (`WinHttpConnect`). It opens no socket: requests do, when they need one.
///
/// Several handles to one origin share its wires, and nothing else: each has its own subscribers, context and options. Closing
/// one closes its requests, but neither another handle's nor an idle wire.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let connection = session.connect("http://www.example.com")?;
/// assert_eq!(connection.origin().host(), "www.example.com");
///
/// // The paved path, and call for call.
/// assert_eq!(connection.get("/")?.send().await?.text().await?, "Hello.");
/// let request = connection.open_request(hinternet::Method::GET, "/file")?;
/// request.send(()).await?;
/// assert_eq!(request.receive_response().await?.status(), 200);
/// assert_eq!(request.read_exact(10).await?, "0123456789");
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WinHttpConnect")]
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    node: Arc<Node>,
    origin: Origin,
    services: Arc<Services>,
    inherited: Mutex<Inherited>,
    addr: Addr<ConnectionActor>,
    _session: Arc<dyn Any + Send + Sync>,
}

/// What its requests start with.
#[derive(Clone)]
struct Inherited {
    options: SharedOptions,
    credentials: Option<Arc<Own>>,
}

impl Above for Inner {
    fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

handle_methods!(Connection);

macro_rules! methods {
    ($( $name:ident, $method:ident; )*) => {
        $(
            #[doc = concat!("A `", stringify!($method), "` request on the paved path; see [`request`](Self::request).")]
            ///
            /// # Errors
            /// See [`request`](Self::request).
            pub fn $name(&self, path: &str) -> Result<RequestBuilder> {
                self.request(Method::$method, path)
            }
        )*
    };
}

impl Connection {
    /// Creates the handle and starts its actor on the shard of its origin. No I/O, unless wires are to be kept ready.
    pub(crate) fn open(
        services: &Arc<Services>,
        session: Arc<dyn Any + Send + Sync>,
        origin: Origin,
        options: SharedOptions,
    ) -> Result<Self> {
        let operation = Operation::Connect;
        services.engine.check(operation)?;
        services.work.check(operation)?;
        let node = services.session.child(HandleKind::Connection, operation)?;
        // Until the handle is announced nothing of it may end.
        let creating = node.hold();
        let guard = ActorGuard::new(node.first_hold());
        let shard = services.engine.shard_of((services.session.id(), &origin));
        let inner = Arc::new_cyclic(|weak: &Weak<Inner>| {
            let (actor_node, handle) = (Arc::clone(&node), Weak::clone(weak));
            let addr = shard.start(move || ConnectionActor::new(actor_node, handle, guard));
            let inherited = Mutex::new(Inherited { options, credentials: None });
            let services = services.for_connection();
            Inner { node: Arc::clone(&node), origin, services, inherited, addr, _session: session }
        });
        node.attach(Commands { close: inner.addr.clone().recipient(), cancel: None });
        let entry: Weak<dyn Any + Send + Sync> = Arc::downgrade(&inner) as _;
        node.announce(entry);
        drop(creating);
        let connection = Self { inner };
        // What its dials tell comes behind its own first word.
        prewarming::keep_ready(&connection, shard);
        Ok(connection)
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// Sets the context its notifications carry, and which its requests inherit; for use in one breath with `connect`. To read
    /// it, call the trait's method: `Handle::context(&connection)`.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(self, context: u64) -> Self {
        self.inner.node.set_context(context);
        self
    }

    /// The origin: scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.inner.origin
    }

    /// No wire to this origin that is open now serves another request, of whatever handle of the session: those that are idle are
    /// closed, the others when they have served (`WINHTTP_OPTION_EXPIRE_CONNECTION`). How many were closed, or will be; those
    /// of HTTP/1.1 that are in use are not counted.
    #[doc(alias = "WINHTTP_OPTION_EXPIRE_CONNECTION")]
    pub async fn expire(&self) -> usize {
        let (session, of) = (self.inner.services.session.id(), self.inner.origin.clone());
        self.inner.services.on_all_shards(move || origin::expire(session, Some(&of))).await.iter().sum()
    }

    /// The actor behind the handle: it takes [`OpenRequest`] and [`CloseHandle`](crate::messages::CloseHandle) as messages.
    pub fn addr(&self) -> Addr<ConnectionActor> {
        self.inner.addr.clone()
    }

    /// Creates a request handle for a path on this origin (`WinHttpOpenRequest`). No I/O, and nothing to wait for.
    ///
    /// A missing first `/` is added. Blanks, controls and non-ASCII are percent-encoded, an existing `%XX` is kept. `*` is for
    /// `OPTIONS`.
    ///
    /// # Errors
    /// 87 for CR, LF or NUL in the path, or a known method in the wrong case; 12005 for a whole URL in place of a path; 6 when
    /// the connection is closed; 12012 while the session shuts down or the connection is drained.
    #[doc(alias = "WINHTTP_OPTION_ENCODE_EXTRA")]
    #[doc(alias = "WinHttpOpenRequest")]
    pub fn open_request(&self, method: Method, path: &str) -> Result<Request> {
        let Inner { node, origin, .. } = &*self.inner;
        node.check_open(Operation::OpenRequest)?;
        let target = Target::on(origin, path, method == Method::OPTIONS)?;
        let Inherited { options, credentials } = self.inherited().clone();
        Ok(Request::open(self.opening(), method, target, options)?.has_credentials(credentials))
    }

    /// The same with the path as it is written, for servers that want what no URL would hold: dot segments stay, and so do
    /// backslashes, quotation marks and the like (`WINHTTP_FLAG_ESCAPE_DISABLE`). Only blanks, other controls and non-ASCII are
    /// percent-encoded. What a redirect leads to from there is written as in any URL.
    ///
    /// # Errors
    /// See [`open_request`](Self::open_request); and 87 for a `#`, as a fragment is not sent.
    #[doc(alias("WINHTTP_FLAG_ESCAPE_DISABLE", "WINHTTP_FLAG_ESCAPE_DISABLE_QUERY"))]
    pub fn open_request_verbatim(&self, method: Method, path: &str) -> Result<Request> {
        let Inner { node, origin, .. } = &*self.inner;
        node.check_open(Operation::OpenRequest)?;
        let target = Target::verbatim(origin, path, method == Method::OPTIONS)?;
        let Inherited { options, credentials } = self.inherited().clone();
        Ok(Request::open(self.opening(), method, target, options)?.has_credentials(credentials))
    }

    methods! {
        get, GET;
        head, HEAD;
        post, POST;
        put, PUT;
        patch, PATCH;
        delete, DELETE;
    }

    /// A request for a path on this origin on the paved path: everything in one expression, then `send`. Its parent is this
    /// connection.
    ///
    /// # Errors
    /// See [`open_request`](Self::open_request).
    pub fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let Inner { node, origin, services, .. } = &*self.inner;
        node.check_open(Operation::OpenRequest)?;
        services.work.check(Operation::OpenRequest)?;
        let target = Target::on(origin, path, method == Method::OPTIONS)?;
        let Inherited { options, credentials } = self.inherited().clone();
        Ok(RequestBuilder::new(self.opening(), method, target, options).has_credentials(credentials))
    }

    /// What requests opened on it start from: a copy of the session's, made when it was created.
    #[doc(alias = "WinHttpQueryOption")]
    pub fn options(&self) -> ConnectionOptions {
        ConnectionOptions { request: (*self.inherited().options).clone() }
    }

    /// Sets what requests opened from now on start from.
    ///
    /// # Errors
    /// 87 for options that cannot be meant, 6 when the connection is closed.
    #[doc(alias = "WinHttpSetOption")]
    pub fn set_options(&self, options: ConnectionOptions) -> Result<()> {
        self.inner.node.check_open(Operation::SetOption)?;
        options.request.check(Operation::SetOption)?;
        self.inherited().options = Arc::new(options.request);
        Ok(())
    }

    /// Sets credentials that requests opened from now on start with, as if [`Request::set_credentials`] were called on each.
    ///
    /// # Errors
    /// 87 for credentials that none of the schemes has a use for, 6 when the connection is closed.
    #[doc(alias = "WinHttpSetCredentials")]
    pub fn set_credentials(
        &self,
        target: AuthTarget,
        schemes: impl Into<AuthSchemes>,
        credentials: impl Into<Credentials>,
    ) -> Result<()> {
        self.inner.node.check_open(Operation::SetCredentials)?;
        let mut inherited = self.inherited();
        let own = Arc::make_mut(inherited.credentials.get_or_insert_default());
        own.set(target, schemes.into(), credentials.into())
    }

    fn opening(&self) -> Opening {
        Opening { services: Arc::clone(&self.inner.services), keep: Arc::clone(&self.inner) as _ }
    }

    fn shared_options(&self) -> SharedOptions {
        Arc::clone(&self.inherited().options)
    }

    fn inherited(&self) -> MutexGuard<'_, Inherited> {
        self.inner.inherited.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} {})", self.inner.node.id(), self.inner.origin)
    }
}
