//! Which statuses a subscriber gets: WinHTTP's names and bits in the low half, ours in the high.

use bitflags::bitflags;

bitflags! {
    /// Which statuses a subscription delivers.
    ///
    /// The low 32 bits have WinHTTP's names and values; the high 32 are for what WinHTTP does not have.
    /// An empty mask keeps a subscriber in its place and silences it. `Missed` and `Unsubscribed` come
    /// whatever the mask.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> hinternet::Result<()> {
    /// # let session = builder().open()?;
    /// use hinternet::{NotificationMask, Status};
    ///
    /// let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    /// let subscriber = hinternet::subscriber(move |notification| {
    ///     if let Status::ReceivingResponse | Status::ResponseReceived(_) = notification.status {
    ///         let _ = tell.send(notification.name());
    ///     }
    /// });
    /// session.set_subscriber(subscriber, NotificationMask::RECEIVE_RESPONSE | NotificationMask::PROGRESS).await?;
    /// session.get("http://www.example.com/")?.send().await?;
    /// assert_eq!(told.recv().await, Some("ReceivingResponse"));
    /// assert_eq!(told.recv().await, Some("ResponseReceived"));
    /// # session.close().await
    /// # }
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct NotificationMask: u64 {
        /// `ResolvingName`, `NameResolved`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_RESOLVE_NAME")]
        const RESOLVE_NAME = 0x3;
        /// `ConnectingToServer`, `ConnectedToServer`, `ConnectAttemptEnded`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_CONNECT_TO_SERVER")]
        const CONNECT_TO_SERVER = 0xC;
        /// `SendingRequest`, `RequestSent`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_SEND_REQUEST")]
        const SEND_REQUEST = 0x30;
        /// `ReceivingResponse`, `ResponseReceived`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_RECEIVE_RESPONSE")]
        const RECEIVE_RESPONSE = 0xC0;
        /// `ClosingConnection`, `ConnectionClosed`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_CLOSE_CONNECTION")]
        const CLOSE_CONNECTION = 0x300;
        /// `HandleCreated`, `HandleClosing`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_HANDLES")]
        const HANDLES = 0xC00;
        /// `DetectingProxy`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_DETECTING_PROXY")]
        const DETECTING_PROXY = 0x1000;
        /// `Redirect`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_REDIRECT")]
        const REDIRECT = 0x4000;
        /// `IntermediateResponse`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_INTERMEDIATE_RESPONSE")]
        const INTERMEDIATE_RESPONSE = 0x8000;
        /// `SecureFailure`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_SECURE_FAILURE")]
        const SECURE_FAILURE = 0x1_0000;
        /// `HeadersAvailable`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_HEADERS_AVAILABLE")]
        const HEADERS_AVAILABLE = 0x2_0000;
        /// `DataAvailable`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_DATA_AVAILABLE")]
        const DATA_AVAILABLE = 0x4_0000;
        /// `ReadComplete`, `WebSocketReadComplete`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_READ_COMPLETE")]
        const READ_COMPLETE = 0x8_0000;
        /// `WriteComplete`, `WebSocketWriteComplete`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_WRITE_COMPLETE")]
        const WRITE_COMPLETE = 0x10_0000;
        /// `RequestError`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_REQUEST_ERROR")]
        const REQUEST_ERROR = 0x20_0000;
        /// `SendRequestComplete`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_SENDREQUEST_COMPLETE")]
        const SENDREQUEST_COMPLETE = 0x40_0000;
        /// `ProxyFound`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_GETPROXYFORURL_COMPLETE")]
        const GETPROXYFORURL_COMPLETE = 0x100_0000;
        /// `CloseComplete`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_CLOSE_COMPLETE")]
        const CLOSE_COMPLETE = 0x200_0000;
        /// `ShutdownComplete`.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_SHUTDOWN_COMPLETE")]
        const SHUTDOWN_COMPLETE = 0x400_0000;
        /// WinHTTP's `GETPROXYSETTINGS_COMPLETE`; nothing of this version emits it.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_GETPROXYSETTINGS_COMPLETE")]
        const GETPROXYSETTINGS_COMPLETE = 0x800_0000;

        /// `WireAcquired`, `WireReleased`, `WireHealthChanged`.
        const WIRES = 1 << 32;
        /// `Queued`, `OriginPaused`.
        const QUEUED = 1 << 33;
        /// `UploadProgress`, `DownloadProgress`.
        const PROGRESS = 1 << 34;
        /// `Retrying`.
        const RETRYING = 1 << 35;
        /// `SecuringConnection`, `ConnectionSecured`.
        const TLS_HANDSHAKE = 1 << 36;
        /// `ReaderStalled`.
        const READERS = 1 << 37;
        /// `FrameSent`, `FrameReceived`: every frame of a WebSocket, pings and pongs too.
        const FRAMES = 1 << 38;
        /// `Healing`, `Healed`, `GaveUp`.
        const HEALING = 1 << 39;
        /// `OpeningTunnel`, `TunnelOpened`, `TunnelFailed`: what is asked of proxies.
        const TUNNELS = 1 << 45;

        /// `Authenticating`.
        const AUTHENTICATION = 1 << 40;
        /// `CookieStored`, `CookieRemoved`, `CookieRefused`.
        const COOKIES = 1 << 42;
        /// `MovedToHttps`, `HttpsWanted`.
        const HSTS = 1 << 43;

        /// `CacheMiss`, `CacheHit`, `CacheRevalidated`, `CacheStored`.
        const CACHE = 1 << 46;

        /// Every success and every failure of an operation, as WinHTTP groups them: without those of a
        /// WebSocket's close and shutdown.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_ALL_COMPLETIONS")]
        const ALL_COMPLETIONS = 0x097E_0000;
        /// [`ALL_COMPLETIONS`](Self::ALL_COMPLETIONS) and those of a WebSocket's close and shutdown.
        const ALL_OUTCOMES = Self::ALL_COMPLETIONS.bits() | Self::CLOSE_COMPLETE.bits() | Self::SHUTDOWN_COMPLETE.bits();
        /// All that WinHTTP has.
        #[doc(alias = "WINHTTP_CALLBACK_FLAG_ALL_NOTIFICATIONS")]
        const ALL_NOTIFICATIONS = 0xFFFF_FFFF;
        /// All there is, and all that will ever be.
        const EVERYTHING = u64::MAX;
    }
}

impl Default for NotificationMask {
    /// [`EVERYTHING`](Self::EVERYTHING).
    fn default() -> Self {
        Self::EVERYTHING
    }
}
