//! Names for handles and wires that are never used twice in a process.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names a handle for the life of the process; never used twice.
///
/// The place of a raw `HINTERNET` value: it can be compared, logged and looked up with
/// `Session::handle`, but no handle can be built from it.
///
/// An example is at [`Handle`](crate::Handle).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct HandleId(u64);

impl HandleId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The number behind the name, for logs and tables.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for HandleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Debug for HandleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which level of the tree a handle belongs to (`WINHTTP_OPTION_HANDLE_TYPE`).
///
/// An example is at [`Handle`](crate::Handle).
#[doc(alias = "WINHTTP_OPTION_HANDLE_TYPE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandleKind {
    /// The root, from `Session::open` (`WinHttpOpen`).
    #[doc(alias = "WINHTTP_HANDLE_TYPE_SESSION")]
    Session,
    /// A handle to an origin, from `Session::connect` (`WinHttpConnect`).
    #[doc(alias = "WINHTTP_HANDLE_TYPE_CONNECT")]
    Connection,
    /// One request, from `Connection::open_request` (`WinHttpOpenRequest`).
    #[doc(alias = "WINHTTP_HANDLE_TYPE_REQUEST")]
    Request,
    /// One WebSocket, from `Request::complete_upgrade` (`WinHttpWebSocketCompleteUpgrade`). Its parent is that of the request.
    #[doc(alias = "WINHTTP_HANDLE_TYPE_WEBSOCKET")]
    WebSocket,
    /// A WebSocket that is made anew when it ends, from `WebSocketBuilder::self_healing`. Its WebSockets are below it. (WinHTTP has
    /// nothing like it.)
    SelfHealing,
}

impl fmt::Display for HandleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "session",
            Self::Connection => "connection",
            Self::Request => "request",
            Self::WebSocket => "websocket",
            Self::SelfHealing => "self-healing websocket",
        })
    }
}

/// Names one physical connection (a wire) for the life of the process.
///
/// What WinHTTP calls the connection's GUID: two requests that show the same `WireId` shared a socket.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::Method;
///
/// let request = session.connect("http://www.example.com")?.open_request(Method::GET, "/")?;
/// request.send(()).await?;
/// request.receive_response().await?;
/// let info = request.connection_info().expect("it has a wire");
/// assert_eq!(info.remote, None); // in memory; else an address
/// println!("by wire {}", info.wire);
/// # session.close().await
/// # }
/// ```
#[doc(alias = "GUID")]
#[doc(alias = "WINHTTP_OPTION_CONNECTION_GUID")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WireId(u64);

impl WireId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The wire that had this number, which is 0 for none.
    pub(crate) fn known(value: u64) -> Option<Self> {
        (value > 0).then_some(Self(value))
    }

    /// The number behind the name, for logs and tables.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for WireId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wire {}", self.0)
    }
}

impl fmt::Debug for WireId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
