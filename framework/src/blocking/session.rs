//! A session and a connection whose calls wait.

use std::time::Duration;

use http::Method;

use super::waiting::{check, wait};
use super::{DownloadBuilder, EventSourceBuilder, Request, RequestBuilder, WebSocket};
use crate::connection;
use crate::error::{Operation, Result};
use crate::request::WebSocketBuilder;
use crate::services::ShutdownReport;
use crate::session::{self, SessionBuilder};
use crate::target::IntoTarget;

/// The root of the tree (`WinHttpOpen` without `WINHTTP_FLAG_ASYNC`): a [`Session`](crate::Session) whose calls wait.
///
/// Dropping the last clone closes it, as it does any handle, and waits for nothing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # fn main() -> hinternet::Result<()> {
/// # let session = hinternet::blocking::Session::with(builder())?;
/// let response = session.get("http://www.example.com/")?.send()?;
/// assert_eq!(response.text()?, "Hello.");
/// # session.close()
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Session(session::Session);

/// A handle to an origin (`WinHttpConnect`): a [`Connection`](crate::Connection) whose calls wait.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # fn main() -> hinternet::Result<()> {
/// # let session = hinternet::blocking::Session::with(builder())?;
/// let connection = session.connect("http://www.example.com")?;
/// let request = connection.open_request(hinternet::Method::GET, "/")?;
/// request.send(())?;
/// assert_eq!(request.receive_response()?.status(), 200);
/// assert_eq!(request.read_to_end()?, "Hello.");
/// # session.close()
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connection(connection::Connection);

macro_rules! methods {
    ($target:ty; $( $name:ident, $method:ident; )*) => {
        $(
            #[doc = concat!("A `", stringify!($method), "` request; see [`request`](Self::request).")]
            ///
            /// # Errors
            /// See [`request`](Self::request).
            pub fn $name(&self, target: $target) -> Result<RequestBuilder> {
                self.request(Method::$method, target)
            }
        )*
    };
}

impl Session {
    /// Opens a session with the defaults.
    ///
    /// # Errors
    /// See [`Session::open`](crate::Session::open); 4317 among async code.
    #[doc(alias = "InternetOpen")]
    #[doc(alias = "WinHttpOpen")]
    pub fn open() -> Result<Self> {
        Self::with(session::Session::builder())
    }

    /// Opens a session with more than the defaults.
    ///
    /// # Errors
    /// See [`SessionBuilder::open`]; 4317 among async code.
    pub fn with(builder: SessionBuilder) -> Result<Self> {
        check(Operation::Open)?;
        builder.open().map(Self)
    }

    /// Creates a handle to an origin: scheme, host and, if it is not the scheme's, port.
    ///
    /// # Errors
    /// See [`Session::connect`](crate::Session::connect).
    #[doc(alias = "InternetConnect")]
    #[doc(alias = "WinHttpConnect")]
    pub fn connect(&self, origin: &str) -> Result<Connection> {
        self.0.connect(origin).map(Connection)
    }

    methods! {
        impl IntoTarget;
        get, GET;
        head, HEAD;
        post, POST;
        put, PUT;
        patch, PATCH;
        delete, DELETE;
    }

    /// A request for a URL: everything in one expression, then `send`.
    ///
    /// # Errors
    /// See [`Session::request`](crate::Session::request).
    #[doc(alias = "InternetOpenUrl")]
    pub fn request(&self, method: Method, url: impl IntoTarget) -> Result<RequestBuilder> {
        self.0.request(method, url).map(RequestBuilder::of)
    }

    /// A file that is downloaded, and gone on with where it was broken off.
    ///
    /// ```no_run
    /// # fn example(session: hinternet::blocking::Session) -> hinternet::Result<()> {
    /// let film = session.download("https://www.example.com/film")?.to_file("film")?;
    /// println!("{} octets, {} of them from before", film.length, film.resumed_from);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`request`](Self::request).
    pub fn download(&self, url: impl IntoTarget) -> Result<DownloadBuilder> {
        self.0.download(url).map(DownloadBuilder::of)
    }

    /// Server-sent events, from a stream that connects again; see [`EventSource`](super::EventSource).
    ///
    /// # Errors
    /// See [`request`](Self::request).
    pub fn events(&self, url: impl IntoTarget) -> Result<EventSourceBuilder> {
        self.0.events(url).map(EventSourceBuilder::of)
    }

    /// Connects a WebSocket by its `ws` or `wss` URL.
    ///
    /// # Errors
    /// See [`WebSocketBuilder::connect`]; 4317 among async code.
    pub fn websocket(&self, url: &str) -> Result<WebSocket> {
        self.websocket_with(url, |builder| builder)
    }

    /// The same with more said of it: subprotocols, fields, options.
    ///
    /// # Errors
    /// See [`websocket`](Self::websocket).
    pub fn websocket_with(
        &self,
        url: &str,
        prepare: impl FnOnce(WebSocketBuilder) -> WebSocketBuilder,
    ) -> Result<WebSocket> {
        let builder = prepare(self.0.websocket(url)?);
        wait(Operation::CompleteUpgrade, builder.connect()).map(WebSocket::of)
    }

    /// Drains and closes it; see [`Session::shutdown`](crate::Session::shutdown).
    ///
    /// # Errors
    /// 4317 among async code; then nothing is closed.
    pub fn shutdown(&self, deadline: Duration) -> Result<ShutdownReport> {
        check(Operation::Shutdown)?;
        wait(Operation::Shutdown, async { Ok(self.0.shutdown(deadline).await) })
    }

    /// Closes it and all below it. Returns when the last of them has said so.
    ///
    /// # Errors
    /// 4317 among async code; then nothing is closed.
    #[doc(alias = "WinHttpCloseHandle")]
    pub fn close(&self) -> Result<()> {
        wait(Operation::Shutdown, async { self.0.close().await })
    }

    /// The handle behind it, for all that takes no waiting.
    pub fn handle(&self) -> &session::Session {
        &self.0
    }
}

impl From<session::Session> for Session {
    fn from(session: session::Session) -> Self {
        Self(session)
    }
}

impl Connection {
    /// Creates a request handle for a path on this origin.
    ///
    /// # Errors
    /// See [`Connection::open_request`](crate::Connection::open_request).
    #[doc(alias = "HttpOpenRequest")]
    #[doc(alias = "WinHttpOpenRequest")]
    pub fn open_request(&self, method: Method, path: &str) -> Result<Request> {
        self.0.open_request(method, path).map(Request::of)
    }

    methods! {
        &str;
        get, GET;
        head, HEAD;
        post, POST;
        put, PUT;
        patch, PATCH;
        delete, DELETE;
    }

    /// A request for a path: everything in one expression, then `send`.
    ///
    /// # Errors
    /// See [`Connection::request`](crate::Connection::request).
    pub fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        self.0.request(method, path).map(RequestBuilder::of)
    }

    /// Closes it and all below it. Returns when the last of them has said so.
    ///
    /// # Errors
    /// 4317 among async code; then nothing is closed.
    #[doc(alias = "WinHttpCloseHandle")]
    pub fn close(&self) -> Result<()> {
        wait(Operation::Shutdown, async { self.0.close().await })
    }

    /// The handle behind it, for all that takes no waiting.
    pub fn handle(&self) -> &connection::Connection {
        &self.0
    }
}

impl From<connection::Connection> for Connection {
    fn from(connection: connection::Connection) -> Self {
        Self(connection)
    }
}
