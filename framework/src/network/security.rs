//! What is known of a secure wire.

use bytes::Bytes;

/// What is known of a secure wire (`WINHTTP_SECURITY_INFO`, `SERVER_CERT_CHAIN_CONTEXT`).
#[doc(alias = "WINHTTP_SECURITY_INFO")]
#[doc(alias = "WINHTTP_OPTION_SERVER_CERT_CHAIN_CONTEXT")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecurityInfo {
    /// The version of TLS: `TLS 1.2` or `TLS 1.3`.
    pub protocol: &'static str,
    /// The cipher suite by its IANA name.
    pub cipher_suite: &'static str,
    /// The application protocol agreed on (ALPN, RFC 7301), if any.
    pub application_protocol: Option<String>,
    /// Was an earlier session taken up again (RFC 8446 section 2.2)?
    pub resumed: bool,
    /// The server's certificates in DER, its own first.
    pub certificates: Vec<Bytes>,
}
