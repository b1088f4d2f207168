//! A handle of any kind, and how one is found by its id.

use std::sync::Arc;

use crate::connection::{self, Connection};
use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::handle::{Entry, Handle, Node, sealed};
use crate::id::{HandleId, HandleKind};
use crate::request::{self, Request};
use crate::self_healing::{self, SelfHealing};
use crate::session::{self, Session};
use crate::websocket::{self, WebSocket};

/// A handle of any kind.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{AnyHandle, Handle};
///
/// let request = session.connect("http://www.example.com")?.open_request(hinternet::Method::GET, "/")?;
/// // As a subscriber does, which knows of the handle what a notification says.
/// match session.handle(request.id()) {
///     Some(AnyHandle::Request(found)) => assert_eq!(found.url(), "http://www.example.com/"),
///     other => panic!("{other:?}"),
/// }
/// let same = hinternet::Request::try_from(session.handle(request.id()).expect("it is open"))?;
/// assert_eq!(same.id(), request.id());
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyHandle {
    /// A session.
    Session(Session),
    /// A connection.
    Connection(Connection),
    /// A request.
    Request(Request),
    /// A WebSocket.
    WebSocket(WebSocket),
    /// A self-healing WebSocket.
    SelfHealing(SelfHealing),
}

impl Session {
    /// The open handle of this id, at or below the session: so that a subscriber can act on the handle a notification names.
    /// `None` when it is closed, or belongs to another session.
    pub fn handle(&self, id: HandleId) -> Option<AnyHandle> {
        if id == self.id() {
            return Some(AnyHandle::Session(self.clone()));
        }
        AnyHandle::from_entry(&self.node().find(id)?)
    }
}

impl AnyHandle {
    fn from_entry(entry: &Entry) -> Option<Self> {
        let inner = entry.upgrade()?;
        let inner = match inner.downcast::<request::Inner>() {
            Ok(request) => return Some(Self::Request(Request::from_inner(request))),
            Err(other) => other,
        };
        let inner = match inner.downcast::<connection::Inner>() {
            Ok(connection) => return Some(Self::Connection(Connection::from_inner(connection))),
            Err(other) => other,
        };
        let inner = match inner.downcast::<websocket::Inner>() {
            Ok(websocket) => return Some(Self::WebSocket(WebSocket::from_inner(websocket))),
            Err(other) => other,
        };
        let inner = match inner.downcast::<self_healing::Kept>() {
            Ok(kept) => return SelfHealing::from_kept(&kept).map(Self::SelfHealing),
            Err(other) => other,
        };
        let session = inner.downcast::<session::Inner>().ok()?;
        Some(Self::Session(Session::from_inner(session)))
    }
}

impl sealed::HasNode for AnyHandle {
    #[allow(private_interfaces, reason = "sealed: nobody outside can call it")]
    fn node(&self) -> &Arc<Node> {
        match self {
            Self::Session(session) => sealed::HasNode::node(session),
            Self::Connection(connection) => sealed::HasNode::node(connection),
            Self::Request(request) => sealed::HasNode::node(request),
            Self::WebSocket(websocket) => sealed::HasNode::node(websocket),
            Self::SelfHealing(self_healing) => sealed::HasNode::node(self_healing),
        }
    }
}

impl Handle for AnyHandle {}

macro_rules! conversions {
    ($($kind:ident),*) => {
        $(
            impl From<$kind> for AnyHandle {
                fn from(handle: $kind) -> Self {
                    Self::$kind(handle)
                }
            }

            impl TryFrom<AnyHandle> for $kind {
                type Error = Error;

                /// Fails with 12018 for a handle of another kind.
                fn try_from(handle: AnyHandle) -> Result<Self, Error> {
                    match handle {
                        AnyHandle::$kind(handle) => Ok(handle),
                        other => Err(wrong_kind(other.kind(), HandleKind::$kind)),
                    }
                }
            }
        )*
    };
}

conversions!(Session, Connection, Request, WebSocket, SelfHealing);

fn wrong_kind(is: HandleKind, wanted: HandleKind) -> Error {
    let detail = format!("the handle is a {is}, and a {wanted} is needed");
    Error::new(ErrorCode::IncorrectHandleType, Operation::TryFrom, Stage::Arguments, Blame::Caller, detail)
}
