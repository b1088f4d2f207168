//! What binds what is said inside a secure stream to that stream.

use std::fmt;

/// What binds an authentication inside a secure wire to that wire, so that it is of no use to who stands between (RFC 5056). From
/// [`Request::channel_binding`](crate::Request::channel_binding).
///
/// ```no_run
/// # fn example(request: hinternet::Request) {
/// use hinternet::network::ChannelBinding;
///
/// if let Some(octets) = request.channel_binding(ChannelBinding::ServerEndPoint) {
///     println!("{}, {} octets", ChannelBinding::ServerEndPoint.name(), octets.len());
/// }
/// # }
/// ```
#[doc(alias("WINHTTP_OPTION_SERVER_CBT", "SecPkgContext_Bindings"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// `tls-server-end-point` (RFC 5929 section 4), which is what Windows gives: a hash of the server's certificate. There is none
    /// for a certificate that was signed by an algorithm without one hash of its own, as Ed25519.
    ServerEndPoint,
    /// `tls-exporter` (RFC 9266): 32 octets that no other stream has. Of TLS 1.3 only.
    Exporter,
}

impl ChannelBinding {
    /// Its name in IANA's registry, which authentications put before it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServerEndPoint => "tls-server-end-point",
            Self::Exporter => "tls-exporter",
        }
    }
}

/// What a stream alone has. It is shown to nobody but the program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exported(pub(crate) [u8; 32]);

impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exported")
    }
}
