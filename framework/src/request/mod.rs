//! A request handle: one request with its response, sent and read step by step or by the paved path.

mod acquiring;
mod actor;
mod ahead;
mod authenticating;
mod aim;
mod annotating;
mod away;
mod beside;
mod builder;
#[cfg(feature = "cache")]
mod caching;
mod calls;
mod credentials;
mod deadline;
mod decoding;
mod errand;
mod facts;
mod fields;
mod flight;
mod form;
mod gathering;
mod follow_up;
mod governing;
mod headers;
mod history;
mod journey;
mod landing;
mod launch;
mod mailbox;
mod messages;
mod operation;
mod outgoing;
mod own_wire;
mod parting;
mod payload;
mod proxying;
mod ranged;
mod receiving;
mod redirecting;
mod remembering;
mod response;
mod resting;
mod retelling;
mod send_side;
mod retrying;
mod sending;
mod shared;
mod showing;
mod state;
mod timings;
mod unclaimed;
mod upload;
mod upgrade;
mod websocket_builder;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Once, Weak};

use actix::Addr;
use http::{HeaderMap, Method};

use crate::error::{Error, Operation, Result};
use crate::handle::{Above, ActorGuard, Ending, Hold, Node, handle_methods, reply};
use crate::id::HandleKind;
use crate::network::SecurityInfo;
use crate::options::{RequestOptions, SharedOptions};
use crate::protocol::http1::ResponseHead;
use crate::services::Services;
use crate::target::Target;
use crate::websocket::WebSocket;

use flight::Unstarted;
use headers::{add, check_names, checked};
use shared::{Served, Shared};
use state::Call;

pub use actor::RequestActor;
pub use builder::RequestBuilder;
pub use credentials::OfferedSchemes;
pub(crate) use credentials::Own;
pub use form::Form;
pub use headers::HeaderModifier;
pub use history::PriorResponse;
pub use messages::{Amount, FinishBody, QueryDataAvailable, ReadData, ReceiveResponse, SendRequest, WriteData};
pub use payload::Payload;
pub use ranged::{Part, Parts, Ranged};
pub use response::Response;
pub use timings::{Sizes, Timings};
pub use upgrade::CompleteUpgrade;
pub use websocket_builder::WebSocketBuilder;

#[cfg(feature = "tower")]
pub(crate) use payload::Piece;
pub(crate) use showing::Found;

/// One request (`WinHttpOpenRequest`), driven call for call.
///
/// ```text
/// add_header* -> send -> write* -> receive_response -> (query_data_available -> read)* -> the end, or send again
/// ```
///
/// A call that comes out of this order is refused with 12019 and changes nothing. The receiving calls are *cancel-safe*: a
/// future that is dropped, as by a `select!` arm that lost, loses no octet. Dropping the future of `send` or `write` cancels
/// that operation, and with it the exchange.
///
/// Over HTTP/2 one call that sends and one that receives may be in flight at a time: while a [`Payload::stream`] is being sent or
/// a `write` waits, and with [`Payload::duplex`] between two writes too. If one of them fails, so does the other, with the same
/// error.
///
/// An example is at [`Connection`](crate::Connection).
#[doc(alias = "WinHttpOpenRequest")]
#[derive(Clone)]
pub struct Request {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    shared: Arc<Shared>,
    /// Something works for it, or is about to: the actor, once it was asked for. `None`: a flight does, from the first.
    begun: Option<Once>,
    /// The handle above, which stays open as long as this one.
    _parent: Arc<dyn Above>,
}

handle_methods!(Request);

/// What a level above lends to open a request.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) services: Arc<Services>,
    /// The handle above, which stays open as long as the request.
    pub(crate) keep: Arc<dyn Above>,
}

impl Request {
    /// Creates the handle. No I/O, and no actor before something is asked of it.
    pub(crate) fn open(opening: Opening, method: Method, target: Target, options: SharedOptions) -> Result<Self> {
        Self::create(opening, method, target, options, false).map(|(request, _creating)| request)
    }

    /// Creates the handle together with what will work for it.
    fn create_begun(
        opening: Opening,
        method: Method,
        target: Target,
        options: SharedOptions,
    ) -> Result<(Self, Unstarted)> {
        let (request, creating) = Self::create(opening, method, target, options, true)?;
        let unstarted = request.inner.unstarted(creating);
        Ok((request, unstarted))
    }

    /// The handle does not end before the hold is dropped.
    fn create(
        opening: Opening,
        method: Method,
        target: Target,
        options: SharedOptions,
        begun: bool,
    ) -> Result<(Self, Hold)> {
        let Opening { services, keep } = opening;
        let operation = Operation::OpenRequest;
        services.engine.check(operation)?;
        services.work.check(operation)?;
        check_method(&method)?;
        let node = keep.node().child(HandleKind::Request, operation)?;
        let creating = node.first_hold();
        let (target, by_https) = match services.hsts.as_ref().and_then(|hsts| hsts.by_https(&target)) {
            Some(secure) => (secure, true),
            None => (target, false),
        };
        let shared = Shared::new(node, services, method, target, options, by_https);
        let begun = (!begun).then(Once::new);
        let inner = Arc::new(Inner { shared, begun, _parent: keep });
        let entry: Weak<dyn Any + Send + Sync> = Arc::downgrade(&inner) as _;
        inner.shared.node.announce(entry);
        Ok((Self { inner }, creating))
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// Sets the context its notifications carry; for use in one breath with `open_request`. To read it, call the trait's
    /// method: `Handle::context(&request)`.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(self, context: u64) -> Self {
        self.inner.shared.node.set_context(context);
        self
    }

    /// The method, as it is sent.
    #[doc(alias = "WINHTTP_QUERY_REQUEST_METHOD")]
    pub fn method(&self) -> &Method {
        &self.inner.shared.method
    }

    /// What is asked for.
    pub fn target(&self) -> &Target {
        &self.inner.shared.target
    }

    /// The URL that is asked now (`WINHTTP_OPTION_URL`): after a redirect, the one that it led to.
    #[doc(alias = "WINHTTP_OPTION_URL")]
    pub fn url(&self) -> String {
        self.inner.shared.url()
    }

    /// The actor behind the handle: it takes every operation as a message. It starts when it is first asked for.
    ///
    /// A request on the paved path is sent and answered without one. What this address is sent meanwhile is answered at once all
    /// the same: every call is out of order then (12019), and `Cancel` and `CloseHandle` stop the request. If the response came
    /// complete the handle is closed, and the address is dead.
    pub fn addr(&self) -> Addr<RequestActor> {
        self.inner.addr().clone()
    }

    /// Adds a header field (`WinHttpAddRequestHeaders`). A field that is there already gets another line.
    ///
    /// # Errors
    /// 87 for what may not be sent (a name that is no token; CR, LF, NUL or another control character in the value; more than 8,000
    /// names), 12019 while the request is under way, 6 when it is closed.
    #[doc(alias = "HttpAddRequestHeaders")]
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_ADD")]
    #[doc(alias = "WinHttpAddRequestHeaders")]
    pub fn add_header(&self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        let (name, value) = checked(name, value.as_ref())?;
        add(self.inner.shared.draft().headers.change(), name, value).map(drop)
    }

    /// The header fields set so far, without those the session and the library add.
    #[doc(alias = "WINHTTP_QUERY_FLAG_REQUEST_HEADERS")]
    pub fn headers(&self) -> HeaderMap {
        HeaderMap::clone(&self.inner.shared.draft().headers)
    }

    /// Replaces the header fields set so far.
    ///
    /// # Errors
    /// 87 for more than 8,000 names, 12019 while the request is under way, 6 when it is closed.
    #[doc(alias = "WinHttpAddRequestHeadersEx")]
    pub fn set_headers(&self, headers: HeaderMap) -> Result<()> {
        check_names(&headers)?;
        self.put_headers(headers)
    }

    /// The options the next `send` obeys.
    #[doc(alias = "InternetQueryOption")]
    #[doc(alias = "WinHttpQueryOption")]
    pub fn options(&self) -> RequestOptions {
        RequestOptions::clone(&self.inner.shared.draft().options)
    }

    /// Sets the options the next `send` obeys.
    ///
    /// # Errors
    /// 87 for options that cannot be meant, 12019 while the request is under way, 6 when it is closed.
    #[doc(alias = "InternetSetOption")]
    #[doc(alias = "WinHttpSetOption")]
    pub fn set_options(&self, options: RequestOptions) -> Result<()> {
        self.inner.shared.check(Call::SetOptions, Operation::SetOption)?;
        options.check(Operation::SetOption)?;
        self.inner.shared.draft().options = Arc::new(options);
        Ok(())
    }

    /// The response head received last (`WinHttpQueryHeaders`). A header field that is missing is a `None` of its map.
    ///
    /// # Errors
    /// 12019 before `receive_response` has succeeded.
    #[doc(alias = "HttpQueryInfo")]
    #[doc(alias = "WinHttpQueryHeaders")]
    pub fn head(&self) -> Result<Arc<ResponseHead>> {
        let known = self.inner.shared.head();
        match known {
            Some(head) => Ok(head),
            None => Err(self
                .inner
                .shared
                .check(Call::Head, Operation::QueryHeaders)
                .err()
                .unwrap_or_else(|| Error::parameter(Operation::QueryHeaders, "there is no response head"))),
        }
    }

    /// When each step of the last exchange happened; `None` before the first operation has ended.
    #[doc(alias = "WINHTTP_OPTION_REQUEST_TIMES")]
    pub fn timings(&self) -> Option<Timings> {
        self.inner.shared.facts().map(|facts| facts.timings())
    }

    /// How many octets the last exchange moved; zeros before the first operation has ended.
    #[doc(alias = "WINHTTP_OPTION_REQUEST_STATS")]
    pub fn sizes(&self) -> Sizes {
        self.inner.shared.facts().map(|facts| facts.sizes).unwrap_or_default()
    }

    /// The trailer fields of a chunked response; complete when its body is, empty if there are none.
    #[doc(alias = "WINHTTP_QUERY_FLAG_TRAILERS")]
    pub fn trailers(&self) -> HeaderMap {
        self.inner.shared.facts().map(|facts| facts.trailers()).unwrap_or_default()
    }

    /// What is known of the secure wire that carried the last exchange (`WINHTTP_OPTION_SECURITY_INFO`,
    /// `SERVER_CERT_CONTEXT`); `None` for one without TLS, or before there was one.
    #[doc(alias = "WINHTTP_OPTION_SECURITY_INFO")]
    #[doc(alias = "WINHTTP_OPTION_SERVER_CERT_CONTEXT")]
    pub fn security_info(&self) -> Option<Arc<SecurityInfo>> {
        self.inner.shared.facts()?.wire.as_ref()?.security.clone()
    }

    /// Both ends of the wire that carried the last exchange (`WINHTTP_OPTION_CONNECTION_INFO`); `None` before there was one.
    #[doc(alias = "WINHTTP_OPTION_CONNECTION_INFO")]
    pub fn connection_info(&self) -> Option<ConnectionInfo> {
        let facts = self.inner.shared.facts()?;
        let wire = facts.wire.as_ref()?;
        Some(ConnectionInfo { wire: wire.id, remote: wire.remote, local: wire.local })
    }
}

/// Which wire carried an exchange (`WINHTTP_CONNECTION_INFO`).
///
/// An example is at [`WireId`](crate::WireId).
#[doc(alias = "WINHTTP_CONNECTION_INFO")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The wire.
    pub wire: crate::id::WireId,
    /// The server's address, or the nearest proxy's; `None` where there is no such thing, as over a Unix socket.
    pub remote: Option<std::net::SocketAddr>,
    /// Our own address; `None` if the system does not tell it.
    pub local: Option<std::net::SocketAddr>,
}

/// A known method in the wrong case is a slip that servers answer in many ways (contract B.12).
fn check_method(method: &Method) -> Result<()> {
    const KNOWN: [Method; 8] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
    ];
    if KNOWN.contains(method) {
        return Ok(());
    }
    let refuse = |detail: String| Err(Error::parameter(Operation::OpenRequest, detail));
    if *method == Method::CONNECT {
        return refuse("CONNECT opens a tunnel and is the library's to send".to_owned());
    }
    let slip = |known: &&Method| known.as_str().eq_ignore_ascii_case(method.as_str());
    match KNOWN.iter().chain([&Method::CONNECT]).find(slip) {
        Some(known) => refuse(format!("methods are case-sensitive: {method} is written {known}")),
        None => Ok(()),
    }
}

impl Inner {
    fn node(&self) -> &Arc<Node> {
        &self.shared.node
    }

    /// The address of the actor, which is started unless something works for the handle already.
    fn addr(&self) -> &Addr<RequestActor> {
        // Nobody else goes on before the tree can reach the actor. That of a handle which is closed ends as soon as it has begun.
        if let Some(begun) = &self.begun {
            begun.call_once(|| self.unstarted(self.shared.node.hold()).start(&self.shared.services));
        }
        self.shared.addr()
    }

    fn unstarted(&self, hold: Hold) -> Unstarted {
        Unstarted { guard: ActorGuard::new(hold), shared: Served(Arc::clone(&self.shared)) }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.node.close(Ending::Dropped);
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {} {:?})", self.inner.shared.node.id(), self.method(), self.target())
    }
}
