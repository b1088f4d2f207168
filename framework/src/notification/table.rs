//! What each status is known by: its name, WinHTTP's number, the flag that asks for it, and whether it may be dropped.

use super::mask::NotificationMask as Mask;
use super::status::Status;

/// How a status is treated when a subscriber is slow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Weight {
    /// Tells how far something is; may be dropped and counted.
    Progress,
    /// A promise: never dropped.
    Promise,
}

macro_rules! statuses {
    ($( $variant:ident $pattern:tt, $mask:ident, $weight:ident, $code:expr; )*) => {
        impl Status {
            /// The status's name, as its variant is written.
            pub fn name(&self) -> &'static str {
                match self { $( Self::$variant $pattern => stringify!($variant), )* _ => self.unmasked_name() }
            }

            /// WinHTTP's bit for it; `None` for what WinHTTP does not have.
            pub fn code(&self) -> Option<u32> {
                match self { $( Self::$variant $pattern => $code, )* _ => None }
            }

            /// The flag that asks for it; `None` for `Missed` and `Unsubscribed`, which come unasked.
            pub fn mask(&self) -> Option<Mask> {
                match self { $( Self::$variant $pattern => Some(Mask::$mask), )* _ => None }
            }

            pub(crate) fn weight(&self) -> Weight {
                match self { $( Self::$variant $pattern => Weight::$weight, )* _ => Weight::Promise }
            }
        }
    };
}

statuses! {
    HandleCreated(..), HANDLES, Promise, Some(0x400);
    Queued{..}, QUEUED, Progress, None;
    DetectingProxy{..}, DETECTING_PROXY, Progress, Some(0x1000);
    ProxyFound(..), GETPROXYFORURL_COMPLETE, Progress, Some(0x100_0000);
    ResolvingName(..), RESOLVE_NAME, Progress, Some(0x1);
    NameResolved(..), RESOLVE_NAME, Progress, Some(0x2);
    ConnectingToServer(..), CONNECT_TO_SERVER, Progress, Some(0x4);
    ConnectedToServer(..), CONNECT_TO_SERVER, Progress, Some(0x8);
    ConnectAttemptEnded(..), CONNECT_TO_SERVER, Progress, None;
    OpeningTunnel{..}, TUNNELS, Progress, None;
    TunnelOpened{..}, TUNNELS, Progress, None;
    TunnelFailed{..}, TUNNELS, Progress, None;
    SecuringConnection(..), TLS_HANDSHAKE, Progress, None;
    ConnectionSecured(..), TLS_HANDSHAKE, Progress, None;
    SecureFailure(..), SECURE_FAILURE, Progress, Some(0x1_0000);
    WireAcquired{..}, WIRES, Progress, None;
    SendingRequest{..}, SEND_REQUEST, Progress, Some(0x10);
    RequestSent(..), SEND_REQUEST, Progress, Some(0x20);
    SendRequestComplete{..}, SENDREQUEST_COMPLETE, Promise, Some(0x40_0000);
    UploadProgress{..}, PROGRESS, Progress, None;
    WriteComplete(..), WRITE_COMPLETE, Promise, Some(0x10_0000);
    ReceivingResponse{..}, RECEIVE_RESPONSE, Progress, Some(0x40);
    ResponseReceived(..), RECEIVE_RESPONSE, Progress, Some(0x80);
    IntermediateResponse(..), INTERMEDIATE_RESPONSE, Progress, Some(0x8000);
    Authenticating{..}, AUTHENTICATION, Progress, None;
    Redirect(..), REDIRECT, Progress, Some(0x4000);
    OriginPaused{..}, QUEUED, Progress, None;
    CookieStored{..}, COOKIES, Progress, None;
    CookieRemoved{..}, COOKIES, Progress, None;
    CookieRefused{..}, COOKIES, Progress, None;
    HttpsWanted{..}, HSTS, Progress, None;
    MovedToHttps(..), HSTS, Progress, None;
    HeadersAvailable{..}, HEADERS_AVAILABLE, Promise, Some(0x2_0000);
    DataAvailable(..), DATA_AVAILABLE, Promise, Some(0x4_0000);
    ReadComplete(..), READ_COMPLETE, Promise, Some(0x8_0000);
    DownloadProgress{..}, PROGRESS, Progress, None;
    ReaderStalled{..}, READERS, Progress, None;
    WebSocketReadComplete{..}, READ_COMPLETE, Promise, Some(0x8_0000);
    WebSocketWriteComplete{..}, WRITE_COMPLETE, Promise, Some(0x10_0000);
    FrameSent(..), FRAMES, Progress, None;
    FrameReceived(..), FRAMES, Progress, None;
    ShutdownComplete{..}, SHUTDOWN_COMPLETE, Promise, Some(0x400_0000);
    CloseComplete{..}, CLOSE_COMPLETE, Promise, Some(0x200_0000);
    CacheMiss{..}, CACHE, Progress, None;
    CacheHit{..}, CACHE, Progress, None;
    CacheRevalidated{..}, CACHE, Progress, None;
    CacheStored{..}, CACHE, Progress, None;
    ClosingConnection{..}, CLOSE_CONNECTION, Progress, Some(0x100);
    ConnectionClosed{..}, CLOSE_CONNECTION, Progress, Some(0x200);
    WireReleased{..}, WIRES, Progress, None;
    WireHealthChanged{..}, WIRES, Progress, None;
    Retrying{..}, RETRYING, Progress, None;
    Healing{..}, HEALING, Progress, None;
    Healed{..}, HEALING, Progress, None;
    GaveUp{..}, HEALING, Promise, None;
    RequestError{..}, REQUEST_ERROR, Promise, Some(0x20_0000);
    HandleClosing{..}, HANDLES, Promise, Some(0x800);
}

impl Status {
    fn unmasked_name(&self) -> &'static str {
        if matches!(self, Self::Missed(_)) { "Missed" } else { "Unsubscribed" }
    }
}
