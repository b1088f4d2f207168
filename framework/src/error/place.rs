//! Where an error happened: in which operation, at which stage, and how far the request had got.

use std::fmt;

/// The call an error or a completion belongs to.
///
/// An example is at [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `Session::open`.
    Open,
    /// `Session::connect`.
    Connect,
    /// `Connection::open_request`, `Session::get` and the like.
    OpenRequest,
    /// `Request::add_header`, and the headers of a `RequestBuilder`.
    AddHeader,
    /// `Request::send`.
    Send,
    /// `Request::write` and `Request::finish`.
    Write,
    /// `Request::receive_response`.
    Receive,
    /// `Request::query_data_available`.
    QueryDataAvailable,
    /// `Request::read` and its kin, `Response::chunk` and its kin.
    Read,
    /// `Request::set_credentials`, and credentials of a session, a connection or a builder.
    SetCredentials,
    /// `Request::query_auth_schemes`.
    QueryAuthSchemes,
    /// `Request::head`.
    QueryHeaders,
    /// `set_subscriber`, `subscribe`, `notifications`.
    SetSubscriber,
    /// Setting options or a context.
    SetOption,
    /// `Session::shutdown`.
    Shutdown,
    /// `Request::complete_upgrade`, and the paved way to a WebSocket.
    CompleteUpgrade,
    /// `WebSocket::send`.
    #[doc(alias = "WINHTTP_WEB_SOCKET_SEND_OPERATION")]
    WebSocketSend,
    /// `WebSocket::receive` and `receive_at_most`.
    #[doc(alias = "WINHTTP_WEB_SOCKET_RECEIVE_OPERATION")]
    WebSocketReceive,
    /// `WebSocket::shutdown`.
    #[doc(alias = "WINHTTP_WEB_SOCKET_SHUTDOWN_OPERATION")]
    WebSocketShutdown,
    /// `WebSocket::close`.
    #[doc(alias = "WINHTTP_WEB_SOCKET_CLOSE_OPERATION")]
    WebSocketClose,
    /// `WebSocket::close_status`.
    WebSocketCloseStatus,
    /// `TryFrom<AnyHandle>`.
    TryFrom,
    /// A look at the response: its status or the form of its body.
    Response,
    /// A download: `Session::download`.
    Download,
    /// An event source: `Session::events`, `Response::events`.
    Events,
    /// `Session::proxy_for_url`, and a search for proxies of its own.
    ProxyForUrl,
    /// `crack_url`.
    CrackUrl,
    /// `create_url`.
    CreateUrl,
}

impl Operation {
    /// The WinHTTP function it stands for.
    pub fn winhttp_name(self) -> &'static str {
        match self {
            Self::Open => "WinHttpOpen",
            Self::Connect => "WinHttpConnect",
            Self::OpenRequest => "WinHttpOpenRequest",
            Self::AddHeader => "WinHttpAddRequestHeaders",
            Self::Send => "WinHttpSendRequest",
            Self::Write => "WinHttpWriteData",
            Self::Receive => "WinHttpReceiveResponse",
            Self::QueryDataAvailable => "WinHttpQueryDataAvailable",
            Self::Read | Self::Download | Self::Events => "WinHttpReadData",
            Self::SetCredentials => "WinHttpSetCredentials",
            Self::QueryAuthSchemes => "WinHttpQueryAuthSchemes",
            Self::QueryHeaders | Self::Response => "WinHttpQueryHeaders",
            Self::SetSubscriber => "WinHttpSetStatusCallback",
            Self::SetOption => "WinHttpSetOption",
            Self::CompleteUpgrade => "WinHttpWebSocketCompleteUpgrade",
            Self::WebSocketSend => "WinHttpWebSocketSend",
            Self::WebSocketReceive => "WinHttpWebSocketReceive",
            Self::WebSocketShutdown => "WinHttpWebSocketShutdown",
            Self::WebSocketClose => "WinHttpWebSocketClose",
            Self::WebSocketCloseStatus => "WinHttpWebSocketQueryCloseStatus",
            Self::TryFrom => "WinHttpQueryOption",
            Self::Shutdown => "WinHttpCloseHandle",
            Self::ProxyForUrl => "WinHttpGetProxyForUrl",
            Self::CrackUrl => "WinHttpCrackUrl",
            Self::CreateUrl => "WinHttpCreateUrl",
        }
    }

    /// The name of our method.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Connect => "connect",
            Self::OpenRequest => "open_request",
            Self::AddHeader => "add_header",
            Self::Send | Self::WebSocketSend => "send",
            Self::Write => "write",
            Self::CompleteUpgrade => "complete_upgrade",
            Self::WebSocketReceive => "receive",
            Self::WebSocketClose => "close",
            Self::WebSocketCloseStatus => "close_status",
            Self::Receive => "receive_response",
            Self::QueryDataAvailable => "query_data_available",
            Self::Read => "read",
            Self::SetCredentials => "set_credentials",
            Self::QueryAuthSchemes => "query_auth_schemes",
            Self::QueryHeaders => "head",
            Self::SetSubscriber => "set_subscriber",
            Self::SetOption => "set_options",
            Self::Shutdown | Self::WebSocketShutdown => "shutdown",
            Self::Response => "response",
            Self::TryFrom => "try_from",
            Self::Download => "download",
            Self::Events => "events",
            Self::ProxyForUrl => "proxy_for_url",
            Self::CrackUrl => "crack_url",
            Self::CreateUrl => "create_url",
        }
    }

    /// WinHTTP's `API_*` number for an asynchronous operation; `None` for a call that never waits.
    #[doc(alias(
        "API_SEND_REQUEST",
        "API_RECEIVE_RESPONSE",
        "API_READ_DATA",
        "API_WRITE_DATA",
        "API_QUERY_DATA_AVAILABLE",
        "API_GET_PROXY_FOR_URL"
    ))]
    pub fn code(self) -> Option<u32> {
        match self {
            Self::Receive => Some(1),
            Self::QueryDataAvailable => Some(2),
            Self::Read => Some(3),
            Self::Write => Some(4),
            Self::Send => Some(5),
            Self::ProxyForUrl => Some(6),
            _ => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.winhttp_name(), self.name())
    }
}

/// The stage of an operation in which it failed.
///
/// An example is at [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Looking at what the caller gave.
    Arguments,
    /// Looking at the state of the handle.
    State,
    /// Waiting for a wire, or for a slow subscriber.
    Queue,
    /// Finding out by which proxies the server is reached.
    FindProxy,
    /// Looking up the host name.
    Resolve,
    /// Opening the socket.
    Connect,
    /// Asking a proxy for a tunnel to the server.
    Tunnel,
    /// Securing the connection: the TLS handshake.
    Tls,
    /// Writing the request head.
    SendHead,
    /// Waiting for `100 Continue`.
    Continue,
    /// Writing the request body.
    SendBody,
    /// Waiting for the first octet of the response.
    FirstByte,
    /// Receiving the response head.
    Head,
    /// Answering who asks for credentials.
    Authenticate,
    /// Following a redirect.
    Redirect,
    /// Receiving the response body.
    Body,
    /// Turning the body into what the caller asked for.
    Decode,
    /// Writing a file.
    Store,
    /// Becoming a WebSocket.
    Upgrade,
    /// Sending and receiving messages of a WebSocket.
    Messages,
    /// The closing handshake of a WebSocket.
    Closing,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arguments => "checking the arguments",
            Self::State => "checking the state",
            Self::Queue => "waiting for a wire",
            Self::FindProxy => "finding the proxy",
            Self::Resolve => "resolving",
            Self::Connect => "connecting",
            Self::Tunnel => "opening a tunnel through the proxy",
            Self::Tls => "securing the connection",
            Self::SendHead => "sending the head",
            Self::Continue => "waiting for 100 Continue",
            Self::SendBody => "sending the body",
            Self::FirstByte => "waiting for the response",
            Self::Head => "receiving the head",
            Self::Authenticate => "answering who asks for credentials",
            Self::Redirect => "following a redirect",
            Self::Body => "receiving the body",
            Self::Decode => "decoding the body",
            Self::Store => "writing the file",
            Self::Upgrade => "becoming a WebSocket",
            Self::Messages => "exchanging messages",
            Self::Closing => "closing the WebSocket",
        })
    }
}

/// Whose fault an error is.
///
/// An example is at [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Blame {
    /// The program that made the call: mend the call.
    Caller,
    /// The server: it answered, but not by the rules.
    Peer,
    /// What lies between: names, routes, sockets, time.
    Network,
    /// This library: please report it.
    Library,
}

/// How far the request had got on its wire when it failed: whether it is safe to send again.
///
/// An example is at [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum WireState {
    /// No octet was handed to the kernel: always safe to repeat.
    #[default]
    NotSent,
    /// The peer said that it did not process the request (REFUSED_STREAM, or a stream above the last one of its GOAWAY; RFC 9113
    /// 8.7): always safe to repeat.
    RefusedByPeer,
    /// Part of the head was handed over.
    HeadPartly,
    /// The whole head was handed over.
    HeadSent,
    /// The head and this many octets of the body.
    BodyPartly(u64),
    /// The whole request.
    BodySent,
    /// The peer had begun to answer.
    ResponseStarted,
}

impl fmt::Display for WireState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent => f.write_str("nothing was sent"),
            Self::RefusedByPeer => f.write_str("the server refused the request unprocessed"),
            Self::HeadPartly => f.write_str("part of the head was sent"),
            Self::HeadSent => f.write_str("the head was sent"),
            Self::BodyPartly(octets) => write!(f, "the head and {octets} octets of the body were sent"),
            Self::BodySent => f.write_str("the whole request was sent"),
            Self::ResponseStarted => f.write_str("the response had begun"),
        }
    }
}
