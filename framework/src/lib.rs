//! An async-first, actor-model HTTP client framework in the shape of WinHTTP's handle tree.
//!
//! A [`Session`] is the root; [`Connection`]s are handles to origins; [`Request`]s are sent and read. Behind each stands an actor;
//! behind a request as soon as there is more to ask of it than the answer on the paved path. Closing a handle closes all below it.
//! What happens is told to subscriber actors as typed [`Notification`]s.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
//! use hinternet::{NotificationMask, Session};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> hinternet::Result<()> {
//! let session = Session::builder()
//!     .subscriber(hinternet::subscriber(|n| println!("{n:?}")), NotificationMask::ALL_NOTIFICATIONS)
//!     .open()?;
//! # let session = builder().open()?;
//! let response = session.get("http://www.example.com/")?.send().await?;
//! println!("{} {}", response.status(), response.text().await?);
//! session.close().await
//! # }
//! ```
//!
//! # What to use for what
//!
//! | to | there is |
//! |---|---|
//! | ask for a URL | [`Session::get`] and its kin: a [`RequestBuilder`], then a [`Response`] |
//! | ask one server often, with options of its own | [`Session::connect`]: a [`Connection`] |
//! | drive a request call for call, as with WinHTTP | [`Connection::open_request`]: a [`Request`] |
//! | do so as an actor | [`messages`], sent to [`Session::addr`] and its kin |
//! | send a body | [`RequestBuilder::body`] and `form`, `json`, `multipart`; a [`Payload`], a [`Form`] |
//! | hear what happens | [`Handle::set_subscriber`] with an actor or a [`subscriber`], or [`Handle::notifications`]; a [`Status`] each |
//! | know what went wrong, and what to do | [`Error`]: code, stage, blame |
//! | bound every wait, and what servers may send | [`Timeouts`], [`MinimumRate`]; [`Limits`] |
//! | be polite, and try again | [`Governor`], [`RetryPolicy`] |
//! | say how redirects, codings and protocols are handled | [`RedirectOptions`], [`Decompression`], [`Protocols`]; all of it in [`RequestOptions`] |
//! | say whom to trust, and who we are | [`tls::TlsOptions`]; [`Session::credentials`] |
//! | go through proxies | [`ProxySettings`], [`network::Proxy`]; `Pac`, with the feature `pac` |
//! | remember | `CookieJar` (feature `cookies`), [`HstsStore`], `Cache` (feature `cache`) |
//! | talk both ways | [`Session::websocket`]: a [`WebSocket`]; one that connects again is [`SelfHealing`] |
//! | listen to events of a server | [`Session::events`]: an [`EventSource`]; [`Response::events`] |
//! | fetch a file, and go on where it broke off | [`Session::download`]: a [`DownloadBuilder`] |
//! | end in order | [`Session::shutdown`], [`Handle::close`], [`Handle::cancel`] |
//! | look inside | [`Session::snapshot`], [`Response::timings`] |
//! | put something in the network's place, as in a test | [`network`], [`transport::in_memory`] |
//! | do without async | `blocking`, with the feature of that name |
//! | be a service of `tower` | `tower`, with the feature of that name |
//!
//! An error is one type, with WinHTTP's numbers; a status is none until [`Response::error_for_status`] makes it one:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
//! use hinternet::{Blame, ErrorCode};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> hinternet::Result<()> {
//! # let session = builder().open()?;
//! let response = session.get("http://www.example.com/missing")?.send().await?;
//! assert_eq!(response.status(), 404);
//! let error = response.error_for_status().unwrap_err();
//! assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Caller));
//! # session.close().await
//! # }
//! ```
//!
//! Call for call, with the operations and their order of WinHTTP:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
//! use hinternet::{Method, Payload};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> hinternet::Result<()> {
//! # let session = builder().open()?;
//! let connection = session.connect("http://www.example.com")?;
//! let request = connection.open_request(Method::POST, "/echo")?;
//! request.add_header("content-type", "text/plain")?;
//! request.send(Payload::begin("hel", 5)).await?;
//! request.write("lo").await?;
//! assert_eq!(request.receive_response().await?.status(), 200);
//! while request.query_data_available().await? > 0 {
//!     println!("{:?}", request.read().await?);
//! }
//! request.close().await?;
//! # session.close().await
//! # }
//! ```
//!
//! A WebSocket:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> hinternet::Result<()> {
//! # let session = builder().open()?;
//! let websocket = session.websocket("ws://www.example.com/")?.connect().await?;
//! websocket.send("hello").await?;
//! assert_eq!(websocket.receive().await?.as_text(), Some("hello"));
//! websocket.close(1000, "done").await?;
//! # session.close().await
//! # }
//! ```
//!
//! The ways in that need a feature have their examples in their modules. The book beside this crate grows programs from such pieces,
//! and has a page on every error code and one for who comes from `reqwest`.
//!
//! # The crate
//!
//! From top to bottom; a module imports only from modules below it.
//!
//! | module | is |
//! |---|---|
//! | `fuzzing` | what must hold whatever a stranger sends, for the fuzzer and the tests; with the feature of that name |
//! | `blocking` | the tree for programs without async; with the feature of that name |
//! | `any_handle` | a handle of any kind, found by its id |
//! | `tower` | sessions and connections as `tower` services; with the feature of that name |
//! | `pac` | proxies chosen by a script; with the feature of that name |
//! | `session`, `connection`, `self_healing`, `request`, `websocket` | the levels: one folder per handle, with its actor and messages |
//! | `download`, `event_source` | what makes many requests of one: files that are fetched in pieces, streams that connect again |
//! | `services` | what a session lends to all levels |
//! | `engine` | the threads |
//! | `cache` | where responses are kept; with the feature of that name |
//! | `stores` | what a session remembers of servers: cookies, HSTS |
//! | `origin` | the wires to one origin: pool, line, dials |
//! | `wire` | one live connection, and one exchange over it |
//! | [`transport`] | name -> address -> stream; resolvers and dialers that are ready to use |
//! | `protocol` | HTTP/1.1, WebSocket, and what HTTP/2 needs beside `h2`, as pure machines |
//! | `policy` | what a careful client decides, pure |
//! | `handle` | what all handles have in common: the tree |
//! | `snapshot` | a session as it is at one moment |
//! | [`network`] | what a program may put in the network's place |
//! | `notification`, `options`, `url_components`, `target`, `error`, `reason`, `id`, `shown`, `trace`, `clock`, `chance`, `in_place`, `reused` | the words |
//!
//! # Scope
//!
//! In: HTTP/1.1, HTTP/2 and WebSocket (over either; compressed, with the feature `deflate`) over TCP and TLS, straight or through proxies.
//! Redirects are followed, cookies kept and sent, credentials shown to who asks for them, content codings undone.
//!
//! # Spans
//!
//! With a `tracing` subscriber: span `hinternet.request` (fields `handle`, `method`, `origin` and, if there is one, `annotation`; debug)
//! around every operation of a request, and debug events for wires (`dialed`, `wire closed`, `idle wire closed`, `dial failed`) with fields `wire`, `origin`,
//! `reason`. The first certificate of an origin that is accepted with checks given up is a warning (field `dangers`). No header,
//! query or body is ever logged, and no key.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod any_handle;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "pac")]
mod pac;

mod session;
mod connection;
mod self_healing;
mod download;
mod event_source;
mod request;
mod websocket;

mod services;
mod engine;
#[cfg(feature = "cache")]
mod cache;
mod stores;
mod origin;
mod wire;
pub mod transport;

mod protocol;
mod policy;

mod handle;
mod snapshot;
mod notification;
mod options;
pub mod network;
mod url_components;
mod target;
mod error;
mod reason;
mod id;
mod shown;
mod trace;
mod clock;
mod chance;
mod in_place;
mod reused;

pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

pub use any_handle::AnyHandle;
#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
pub use cache::{Cache, CacheFigures, CacheOptions};
#[cfg(any(test, feature = "seeded"))]
#[doc(hidden)]
pub use chance::{Seeded, seeded};
pub use connection::{Connection, Prewarmed};
pub use download::{Download, DownloadBuilder, DownloadProgress, Downloaded};
pub use engine::{Engine, EngineBuilder, start, subscriber};
pub use error::{Blame, Error, ErrorCode, Operation, Result, SecureFailureFlags, Stage, WireState};
pub use event_source::{EventSource, EventSourceBuilder, EventSourceState, ResponseEvents, ServerEvent};
pub use handle::Handle;
pub use id::{HandleId, HandleKind, WireId};
pub use notification::{
    Completion, Frame, MessageKind, NextUrl, Notification, NotificationMask, Notifications, OpCode, Previous, Status,
    Subscriber, SubscriptionId,
};
#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
pub use options::CacheMode;
#[cfg(feature = "deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "deflate")))]
pub use options::{AgreedCompression, Compression};
pub use options::{
    AuthScheme, AuthSchemes, AuthTarget, Authentication, AutomaticProxy, BypassList, ConnectionOptions,
    CredentialProvider, Credentials, CredentialsAsked, Decompression, DialOptions, EventSourceOptions, Governor,
    Http2Options, Leniency, Limits, MinimumRate, NameOptions, NamedProxies, OriginOptions, Overflow, Priority,
    Protocols, Providing, ProxySettings, Redirect, RedirectDecider, RedirectDecision, RedirectOptions, RedirectPolicy,
    RequestOptions, RetryBudget, RetryPolicy, SelfHealingOptions, SessionOptions, StalledReader, Timeouts,
    WebSocketOptions,
};
#[cfg(feature = "pac")]
#[cfg_attr(docsrs, doc(cfg(feature = "pac")))]
pub use pac::{Pac, PacOptions};
#[cfg(feature = "cookies")]
#[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
pub use policy::cookies::{Cookie, SameSite};
pub use protocol::byte_ranges::{ContentRange, Validator};
pub use protocol::header_queries::{HeaderQueries, http_date, parse_http_date};
pub use protocol::http1::ResponseHead;
pub use protocol::tunnel::ConnectAnswer;
pub use reason::{AuthReason, CloseReason, CookieRefusal, PauseReason, WireHealth};
pub use request::{
    ConnectionInfo, Form, HeaderModifier, OfferedSchemes, Part, Parts, Payload, PriorResponse, Ranged, Request,
    RequestBuilder, Response, Sizes, Timings, WebSocketBuilder,
};
pub use self_healing::{Ended, HealingEvent, HealingFigures, HealingState, Resumed, SelfHealing, SelfHealingBuilder};
pub use services::ShutdownReport;
pub use session::{CredentialStore, NetworkChange, Session, SessionBuilder};
pub use snapshot::{
    ConnectionSnapshot, GovernorSnapshot, Http2Snapshot, OriginSnapshot, RequestSnapshot, SecureSnapshot, Snapshot,
    TraceEvent, Waiting, WebSocketSnapshot, WireSnapshot,
};
pub use stores::HstsStore;
#[cfg(feature = "cookies")]
#[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
pub use stores::{CookieFile, CookieJar, Loaded, SessionCookies};
pub use target::{IntoTarget, Origin, Target};
pub use url_components::{UrlComponents, UrlFlags, crack_url, create_url};
pub use websocket::{CloseStatus, MessagePart, WebSocket, WebSocketSink, WebSocketStream};

/// What a secure wire must be, and what is known of one that failed.
pub mod tls {
    pub use crate::error::{TlsAlert, TlsFailureDetails};
    pub use crate::network::SecurityInfo;
    pub use crate::options::tls::{
        Certificate, ClientCertificates, ClientIdentity, Revocation, RevocationList, Roots, TlsOptions, TlsVersions,
    };
    pub use crate::transport::CertificateInfo;

    /// The checks that can be given up, a type each.
    pub mod danger {
        pub use crate::options::tls::{
            AcceptAnyCertificate, Danger, IgnoreDate, IgnoreName, IgnoreUnknownAuthority, IgnoreUsage, VerifyAt,
        };
    }
}

/// The actors behind the handles, and every operation as a message to them.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let session = builder().open()?;
/// use hinternet::messages::{Amount, CloseHandle, Connect, OpenRequest, ReadData, ReceiveResponse, SendRequest};
///
/// // An actor would have each answer come to itself as a message.
/// let connection = session.addr().send(Connect { origin: "http://www.example.com".to_owned() }).await??;
/// let open = OpenRequest { method: hinternet::Method::POST, path: "/echo".to_owned() };
/// let request = connection.addr().send(open).await??; // the handle: without it the actor would end
/// let actor = request.addr();
/// actor.send(SendRequest::new("hello")).await??;
/// assert_eq!(actor.send(ReceiveResponse::default()).await??.status(), 200);
/// assert_eq!(actor.send(ReadData::new(Amount::AtMost(100))).await??, "hello");
/// actor.send(CloseHandle).await?;
/// # Ok(())
/// # }
/// ```
pub mod messages {
    pub use crate::connection::{ConnectionActor, Drain, OpenRequest, Prewarm};
    pub use crate::handle::{Cancel, CloseHandle};
    #[cfg(feature = "pac")]
    pub use crate::pac::{FindProxies, PacActor};
    pub use crate::request::{
        Amount, CompleteUpgrade, FinishBody, QueryDataAvailable, ReadData, ReceiveResponse, RequestActor, SendRequest,
        WriteData,
    };
    pub use crate::self_healing::{CloseSelfHealing, QueueMessage, ReceiveEvent, SelfHealingActor};
    pub use crate::session::{Connect, SessionActor, Shutdown};
    pub use crate::websocket::{CloseWebSocket, ReceiveMessage, SendMessage, ShutdownWebSocket, WebSocketActor};
}
