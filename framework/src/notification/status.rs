//! Every status, in the order in which a request meets them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::frame::Frame;
use super::message_kind::MessageKind;
use super::next_url::NextUrl;
use crate::error::{Error, Operation, SecureFailureFlags};
use crate::id::{HandleId, WireId};
use crate::network::{Route, SecurityInfo};
use crate::options::{AuthScheme, AuthTarget};
use crate::reason::{AuthReason, CloseReason, CookieRefusal, PauseReason, WireHealth};

/// What happened (`dwInternetStatus` of a `WINHTTP_STATUS_CALLBACK`).
///
/// | status | from | then |
/// |---|---|---|
/// | `HandleCreated` | every new handle, first of all | anything |
/// | `Queued` | a request that waits for its turn, a wire or a slow subscriber | `Queued`, `WireAcquired`, an error |
/// | `CacheMiss` | a request that the cache of its session does not answer | `WireAcquired`, an error |
/// | `CacheHit` | one that it does, or whose server cannot | `SendRequestComplete`, `HeadersAvailable` |
/// | `DetectingProxy` | a request whose proxies have to be found | `ProxyFound`, an error |
/// | `ProxyFound` | same | `Queued`, `ResolvingName`, `WireAcquired` |
/// | `ResolvingName` | the request that dials; else the connection; through a proxy it is that one's name | `NameResolved`, an error |
/// | `NameResolved` | same | `ConnectingToServer`, `ResolvingName` of the next proxy |
/// | `ConnectingToServer` | same, once an address; attempts overlap | `ConnectedToServer`, `ConnectAttemptEnded` |
/// | `ConnectedToServer` | same | `OpeningTunnel`, `SecuringConnection`, `WireAcquired` |
/// | `OpeningTunnel` | same, once for each proxy that is to open one | `TunnelOpened`, `TunnelFailed` |
/// | `TunnelOpened` | same | the same for the next proxy, `SecuringConnection`, `WireAcquired` |
/// | `TunnelFailed` | same | `ClosingConnection`, then another proxy or an error |
/// | `SecuringConnection` | same, for a secure origin, and for a secure proxy | `ConnectionSecured`, `SecureFailure`, `ClosingConnection` |
/// | `ConnectionSecured` | same | `OpeningTunnel`, `WireAcquired` |
/// | `SecureFailure` | same, when the certificate or the handshake fails | `ClosingConnection` |
/// | `WireAcquired` | a request that got a wire | `SendingRequest` |
/// | `SendingRequest` | a request, before its head is written | `RequestSent`, an error |
/// | `RequestSent` | a request, head and first data written | `SendRequestComplete` |
/// | `SendRequestComplete` | completes `send` | `WriteComplete`, `ReceivingResponse` |
/// | `UploadProgress`, `WriteComplete` | a request whose body is being sent | the same, `ReceivingResponse` |
/// | `ReceivingResponse` | `receive_response` begins to wait | `ResponseReceived`, an error |
/// | `ResponseReceived` | the first head arrived, be it a 1xx | `IntermediateResponse`, `Redirect`, `HeadersAvailable` |
/// | `OriginPaused` | a request whose answer says that the server is busy | `HeadersAvailable` |
/// | `CookieStored`, `CookieRemoved`, `CookieRefused` | a request whose answer sets cookies, once for each | the same, `HeadersAvailable` |
/// | `HttpsWanted` | a request whose answer says that its host is to be asked by https only | `HeadersAvailable` |
/// | `MovedToHttps` | a request for an http URL of such a host | as for `Redirect` |
/// | `IntermediateResponse` | a 1xx arrived | the same, `HeadersAvailable`, an error |
/// | `Authenticating` | the response asks for credentials, and is answered; or they are shown unasked | `Queued`, `ResolvingName`, `WireAcquired`, `SendingRequest`, an error |
/// | `Redirect` | the response is a redirect that is followed | `Queued`, `ResolvingName`, `WireAcquired`, `SendingRequest`, an error |
/// | `CacheRevalidated` | a request whose server says that what is stored holds | `HeadersAvailable` |
/// | `HeadersAvailable` | completes `receive_response` | `DataAvailable`, `ReadComplete` |
/// | `DataAvailable`, `ReadComplete` | complete `query_data_available`, `read` | the same |
/// | `CacheStored` | a request whose response has come to its end | `WireReleased`, `ReadComplete` |
/// | `ReaderStalled` | a request over HTTP/2 whose response is not read, or a WebSocket | `ReadComplete`, the same, an error |
/// | `WebSocketReadComplete`, `WebSocketWriteComplete` | complete a WebSocket's `receive`, `send`; they overlap | the same |
/// | `FrameSent`, `FrameReceived` | a WebSocket, once a frame, to whoever asks for frames | anything |
/// | `ShutdownComplete` | completes a WebSocket's `shutdown` | `WebSocketReadComplete`, an error |
/// | `CloseComplete` | completes a WebSocket's `close` | `HandleClosing` |
/// | `Healing` | a self-healing WebSocket that has lost its WebSocket, or failed to get one | `Healed`, `Healing`, `GaveUp` |
/// | `Healed` | the same, when it has one, the first too | `Healing`, `GaveUp` |
/// | `GaveUp` | the same, when it will have none any more | `HandleClosing` |
/// | `WireHealthChanged` | the connection that dialed, else the session | `ClosingConnection` |
/// | `ClosingConnection`, `ConnectionClosed` | a wire is closed rather than kept | the completion under way |
/// | `RequestError` | completes any operation that failed | `HandleClosing`, or the next operation |
/// | `HandleClosing` | every handle, last of all | nothing |
///
/// An example is at [`NotificationMask`](crate::NotificationMask).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Status {
    /// A handle was created. The first notification of that handle.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_HANDLE_CREATED")]
    HandleCreated(HandleId),
    /// The request waits: for its turn by the [`Governor`](crate::Governor) or for a wire, at this place in the line (1 is next),
    /// or at place 0 for a subscriber that has too many notifications unhandled.
    Queued {
        /// The place in the line.
        position: usize,
    },
    /// It is being found out through which proxies the request goes.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_DETECTING_PROXY")]
    DetectingProxy,
    /// The routes to the server, in the order in which they are tried.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_GETPROXYFORURL_COMPLETE")]
    ProxyFound(Vec<Route>),
    /// A name look-up begins; an address literal reports it too.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_RESOLVING_NAME")]
    ResolvingName(String),
    /// The addresses found, in the order in which they will be tried. None: that of a proxy was not found, and the next one is tried.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_NAME_RESOLVED")]
    NameResolved(Vec<SocketAddr>),
    /// A connection attempt begins.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_CONNECTING_TO_SERVER")]
    ConnectingToServer(SocketAddr),
    /// A connection attempt succeeded: there is a new wire.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_CONNECTED_TO_SERVER")]
    ConnectedToServer(SocketAddr),
    /// A connection attempt failed or was given up. When another one succeeds, this comes before its `ConnectedToServer`.
    ConnectAttemptEnded(SocketAddr, String),
    /// A proxy is asked for a tunnel.
    OpeningTunnel {
        /// The proxy, without its credentials.
        proxy: String,
        /// Host and port of the server, or of the next proxy.
        to: String,
    },
    /// The proxy has opened it.
    TunnelOpened {
        /// The proxy, without its credentials.
        proxy: String,
    },
    /// The proxy has not, and will not over this connection.
    TunnelFailed {
        /// The proxy, without its credentials.
        proxy: String,
        /// Why.
        reason: String,
    },
    /// The TLS handshake with this host begins.
    SecuringConnection(String),
    /// The TLS handshake succeeded.
    ConnectionSecured(Arc<SecurityInfo>),
    /// The TLS handshake failed, and this was wrong; the error of the request has more.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_SECURE_FAILURE")]
    SecureFailure(SecureFailureFlags),
    /// The request has a wire, or the WebSocket that a request has become.
    #[doc(alias = "WINHTTP_REQUEST_STAT_FLAG_FIRST_REQUEST")]
    WireAcquired {
        /// Which wire.
        wire: WireId,
        /// Had it served a request before?
        reused: bool,
        /// How long the request waited for it, dialing included.
        waited: Duration,
    },
    /// The head is about to be written.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_SENDING_REQUEST")]
    SendingRequest,
    /// Head and first data were handed to the kernel: so many octets.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_REQUEST_SENT")]
    RequestSent(u64),
    /// `send` succeeded.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE")]
    SendRequestComplete,
    /// More of the body was handed to the kernel.
    UploadProgress {
        /// Octets of the body so far.
        sent: u64,
        /// Octets there will be, when announced.
        total: Option<u64>,
        /// Since the head was sent.
        elapsed: Duration,
    },
    /// `write` or `finish` succeeded: so many octets of the body.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE")]
    WriteComplete(u64),
    /// The response is being waited for.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_RECEIVING_RESPONSE")]
    ReceivingResponse,
    /// So many octets of the response had arrived when its first head was complete, be it an interim one.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_RESPONSE_RECEIVED")]
    ResponseReceived(u64),
    /// A 1xx response.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_INTERMEDIATE_RESPONSE")]
    IntermediateResponse(StatusCode, HeaderMap),
    /// Credentials are shown: the response asks for them, and the next exchange, which belongs to the same `receive_response`, carries
    /// them; or, told before `SendingRequest`, an exchange carries some that it was not asked for.
    Authenticating {
        /// To the server, or to a proxy.
        target: AuthTarget,
        /// By which scheme.
        scheme: AuthScheme,
        /// What the peer calls the place: its own text, which may be anything; up to 1,024 octets of it. Empty if it is not known.
        realm: Arc<str>,
        /// Why.
        reason: AuthReason,
    },
    /// The response redirects to this URL, and it is being followed. The next exchange belongs to the same `receive_response`: it is
    /// told of as the first was, without another `SendRequestComplete`.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_REDIRECT")]
    Redirect(NextUrl),
    /// The answer says that the server is busy: no request to its origin that has a [`Governor`](crate::Governor) is let go for so
    /// long.
    OriginPaused {
        /// How long, from now.
        length: Duration,
        /// Who says so.
        reason: PauseReason,
    },
    /// The response has set this cookie, and the jar of the session has taken it. Never its value.
    CookieStored {
        /// Its name, or the beginning of a long one.
        name: String,
    },
    /// The response has ended the time of this cookie: the jar of the session has none of that name, domain and path.
    CookieRemoved {
        /// Its name, or the beginning of a long one.
        name: String,
    },
    /// The response has set this cookie, and the jar of the session has not taken it.
    CookieRefused {
        /// Its name, or the beginning of a long one.
        name: String,
        /// Why not.
        reason: CookieRefusal,
    },
    /// The response says that its host is to be asked by https only (`Strict-Transport-Security`, RFC 6797), and the store of the
    /// session has noted it.
    HttpsWanted {
        /// For how long; zero is no longer.
        max_age: Duration,
        /// Are the hosts below it meant too?
        include_subdomains: bool,
    },
    /// The host of the http URL is to be asked by https only (RFC 6797): the request goes to this URL in its place, before anything is
    /// sent.
    MovedToHttps(NextUrl),
    /// `receive_response` succeeded.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE")]
    HeadersAvailable,
    /// `query_data_available` succeeded: the next read gives so many octets; 0 is the end of the body.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE")]
    DataAvailable(u64),
    /// A read succeeded with so many octets; 0 is the end of the body.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_READ_COMPLETE")]
    ReadComplete(u64),
    /// A WebSocket's `receive` gave so many octets of this kind.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_READ_COMPLETE")]
    WebSocketReadComplete {
        /// Octets of the message, or of the piece of it.
        octets: u64,
        /// What they are; [`MessageKind::Close`] is the server's close frame.
        kind: MessageKind,
    },
    /// A WebSocket's `send` succeeded: the kernel took the message, or the piece of it.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE")]
    WebSocketWriteComplete {
        /// Octets of the message, or of the piece of it.
        octets: u64,
        /// What they are.
        kind: MessageKind,
    },
    /// A frame of a WebSocket begins to go out: its header was made ready, and its payload follows. Where the connection takes no more,
    /// or breaks, it is told of all the same.
    FrameSent(Frame),
    /// The header of a frame came in over a WebSocket. What stands behind a message that nobody receives is not read, and so not
    /// told of.
    FrameReceived(Frame),
    /// A WebSocket's `shutdown` succeeded: the close frame was handed to the kernel.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_SHUTDOWN_COMPLETE")]
    ShutdownComplete,
    /// A WebSocket's `close` succeeded: both sides have closed, and the server said this.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_CLOSE_COMPLETE")]
    CloseComplete {
        /// The status of the server's close frame; 1005 if it gave none.
        code: u16,
        /// Its reason.
        reason: Arc<str>,
    },
    /// More of the body was handed to the caller.
    DownloadProgress {
        /// Octets of the body so far.
        received: u64,
        /// Octets there will be, when announced.
        total: Option<u64>,
        /// Since the head arrived.
        elapsed: Duration,
    },
    /// Over HTTP/2: so much of the response, or of what came for the WebSocket, is unread that the server has to wait, and nothing of it was taken for
    /// [`stalled_after`](crate::Http2Options::stalled_after). Told once, and again when something was taken in between.
    ReaderStalled {
        /// Which wire.
        wire: WireId,
        /// Octets of the body that wait to be read.
        unread: u64,
    },
    /// The cache of the session has nothing that answers the request: it is sent. Or a 304 speaks of something else than what is
    /// stored, and the request is sent again without conditions.
    CacheMiss,
    /// What the cache of the session has answers the request; no wire is asked for. Or its server cannot be reached, and this is taken
    /// instead ([`CacheMode::IfNetworkFails`](crate::RequestOptions)).
    CacheHit {
        /// How old it is.
        age: Duration,
        /// It is older than its server allows; or the clock was set back since, and nobody knows how old it is.
        stale: bool,
    },
    /// The server says that what is stored still holds (304): that is the response.
    CacheRevalidated,
    /// The response was stored.
    CacheStored {
        /// Octets of its body.
        octets: u64,
    },
    /// A wire is about to be closed.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_CLOSING_CONNECTION")]
    ClosingConnection {
        /// Why it cannot serve again.
        reason: CloseReason,
    },
    /// The wire is closed.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_CONNECTION_CLOSED")]
    ConnectionClosed,
    /// The request gave its wire back for others to use, or to the WebSocket it has become; or a WebSocket over HTTP/2 has ended, and
    /// its wire serves on.
    WireReleased {
        /// Which wire.
        wire: WireId,
    },
    /// A wire that carries several requests at a time is suspect, is heard again, takes no more requests, or is closed. That requests
    /// come and go on it is told by `WireAcquired` and `WireReleased`.
    WireHealthChanged {
        /// Which wire.
        wire: WireId,
        /// How it is now.
        health: WireHealth,
    },
    /// The request failed on a reused wire before any octet of an answer, or the server says that it did not process it, or its
    /// [`RetryPolicy`](crate::RetryPolicy) says so: it is sent again. Of a download or an event source, whose attempts are requests of
    /// their own, each but the first tells it at its beginning, when the pause is over.
    Retrying {
        /// Which attempt comes now; the first resend is 2.
        attempt: u32,
        /// How long until then; zero for at once.
        pause: Duration,
        /// Why the last attempt failed. That of an answer has its [status](Error::answered).
        error: Error,
    },
    /// A self-healing WebSocket has lost its WebSocket, or failed to get one, and connects again after a pause.
    Healing {
        /// Which attempt comes, counted from the last WebSocket that was sound.
        attempt: u32,
        /// How long until then.
        pause: Duration,
        /// How the last one ended, or why there was none.
        error: Error,
    },
    /// A self-healing WebSocket has a WebSocket, which its resume hook has passed. The first one is told too.
    Healed {
        /// Which attempt it was.
        attempt: u32,
        /// The handle of the WebSocket.
        websocket: HandleId,
        /// How long there was none.
        outage: Duration,
    },
    /// A self-healing WebSocket connects no more.
    GaveUp {
        /// How the last one ended, or why there was none.
        error: Error,
    },
    /// An operation failed. Its only completion.
    #[doc(alias = "WINHTTP_CALLBACK_STATUS_REQUEST_ERROR")]
    RequestError {
        /// Which operation.
        operation: Operation,
        /// Why; the caller got the same error.
        error: Error,
    },
    /// The handle is closed. Its last notification.
    #[doc(alias("WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING", "WINHTTP_CALLBACK_STATUS_HANDLE_CLOSED"))]
    HandleClosing,
    /// So many informational notifications were dropped since the last one, because too many were unhandled.
    Missed(u64),
    /// The subscription has ended: the last message of this handle to this subscriber.
    Unsubscribed,
}
