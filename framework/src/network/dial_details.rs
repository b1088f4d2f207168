//! How a wire was dialed.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use super::Exported;

/// How the wire of a request was dialed, beyond the points of [`Timings`](crate::Timings): what was tried in vain before, and the legs
/// of its TLS handshakes. From [`Request::dial_details`](crate::Request::dial_details).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// let response = session.get("http://www.example.com/")?.send().await?;
/// let details = response.dial_details().expect("its wire was dialed for it");
/// assert_eq!((details.failed_addresses, details.tls), (0, None)); // at once, and without TLS
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_REQUEST_STATS")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DialDetails {
    /// Addresses of the host, or of the nearest proxy, to which connecting failed before one took the stream
    /// (`WinHttpConnectFailureCount`). Attempts that were given up because another was faster are not counted.
    pub failed_addresses: u32,
    /// Routes that were tried in vain before the one that the wire goes by, of several (`WinHttpProxyFailureCount`).
    pub failed_routes: u32,
    /// The handshake with the server; `None` without TLS.
    pub tls: Option<TlsLegs>,
    /// The handshake with the nearest proxy that is spoken to by TLS; `None` without one.
    pub proxy_tls: Option<TlsLegs>,
    /// Has that proxy taken up an earlier session again (RFC 8446 section 2.2)?
    #[doc(alias = "WINHTTP_REQUEST_STAT_FLAG_PROXY_TLS_SESSION_RESUMPTION")]
    pub proxy_tls_resumed: bool,
    /// What the stream to the server alone has.
    pub(crate) exported: Option<Exported>,
}

/// The legs of a TLS handshake: what one side sends until it waits for the other. WinHTTP counts three of the client.
///
/// A handshake of TLS 1.3 has two, the ClientHello and our Finished (RFC 8446 section 2). One of TLS 1.2 has a second of the server
/// (RFC 5246 section 7.3); so has one of TLS 1.3 in which the server asks for another ClientHello.
///
/// An example is at [`DialDetails`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsLegs {
    /// The handshake began (`WinHttpTlsHandshakeClientLeg1Start`).
    pub start: Instant,
    /// The ClientHello was written (`WinHttpTlsHandshakeClientLeg1End`).
    pub hello_sent: Option<Instant>,
    /// The first of the server's answer came (`WinHttpTlsHandshakeClientLeg2Start`).
    pub answered: Option<Instant>,
    /// Our second leg was written (`WinHttpTlsHandshakeClientLeg2End`).
    pub answer_sent: Option<Instant>,
    /// The first of the server's second leg came (`WinHttpTlsHandshakeClientLeg3Start`); `None` if it has none.
    pub answered_again: Option<Instant>,
    /// The stream was secure (`WinHttpTlsHandshakeClientLeg3End`).
    pub end: Instant,
    /// Octets of our first leg and of our second (`WinHttpTlsHandshakeClientLeg1Size`, `Leg2Size`), with the headers of records. What
    /// follows is counted with the second.
    pub client_octets: [u64; 2],
    /// The same of the server's (`WinHttpTlsHandshakeServerLeg1Size`, `Leg2Size`).
    pub server_octets: [u64; 2],
}

impl DialDetails {
    /// Of a dial of which there is nothing to tell, as most are that go straight to a server without TLS.
    pub(crate) fn nothing() -> Arc<Self> {
        static NOTHING: LazyLock<Arc<DialDetails>> = LazyLock::new(Arc::default);
        Arc::clone(&NOTHING)
    }
}
