//! What was wrong with a server's certificate, as WinHTTP flags it, and what else is known of a failed handshake.

use std::fmt;

use bitflags::bitflags;
use bytes::Bytes;

bitflags! {
    /// What was wrong with a server's certificate, or with the handshake (`WINHTTP_CALLBACK_STATUS_SECURE_FAILURE`).
    ///
    /// An example is at [`tls::TlsFailureDetails`](TlsFailureDetails).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct SecureFailureFlags: u32 {
        /// Whether it was revoked could not be found out.
        #[doc(alias = "ERROR_WINHTTP_SECURE_CERT_REV_FAILED")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_REV_FAILED")]
        const CERT_REV_FAILED = 0x1;
        /// It is malformed, or its chain is; or its key is not one that was pinned.
        #[doc(alias = "ERROR_WINHTTP_SECURE_INVALID_CERT")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_INVALID_CERT")]
        const INVALID_CERT = 0x2;
        /// It was revoked.
        #[doc(alias = "ERROR_WINHTTP_SECURE_CERT_REVOKED")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_REVOKED")]
        const CERT_REVOKED = 0x4;
        /// No trusted authority vouches for it: it is from an unknown one, or signed itself.
        #[doc(alias = "ERROR_WINHTTP_SECURE_INVALID_CA")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_INVALID_CA")]
        const INVALID_CA = 0x8;
        /// It is for another name.
        #[doc(alias = "ERROR_WINHTTP_SECURE_CERT_CN_INVALID")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID")]
        const CERT_CN_INVALID = 0x10;
        /// It has expired, or is not valid yet.
        #[doc(alias = "ERROR_WINHTTP_SECURE_CERT_DATE_INVALID")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_DATE_INVALID")]
        const CERT_DATE_INVALID = 0x20;
        /// It was not made for servers.
        #[doc(alias = "ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_WRONG_USAGE")]
        const CERT_WRONG_USAGE = 0x40;
        /// Not the certificate but the handshake failed.
        #[doc(alias = "ERROR_WINHTTP_SECURE_CHANNEL_ERROR")]
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_SECURITY_CHANNEL_ERROR")]
        const SECURITY_CHANNEL_ERROR = 0x8000_0000;
    }
}

/// What is known of a failed handshake, or of a secure wire that broke, beside the error's sentence.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{ErrorCode, SecureFailureFlags};
///
/// // This server does not speak TLS.
/// let error = session.get("https://www.example.com/")?.send().await.unwrap_err();
/// if let (ErrorCode::SecureFailure, Some(details)) = (error.code(), error.tls()) {
///     assert_eq!(details.flags, SecureFailureFlags::SECURITY_CHANNEL_ERROR);
///     assert!(details.certificates.is_empty()); // it showed none
/// }
/// # assert_eq!(error.code(), ErrorCode::SecureFailure, "{error}");
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFailureDetails {
    /// All that was wrong with the certificate and not given up; `SECURITY_CHANNEL_ERROR` where the handshake failed for another
    /// reason; empty for 12044, and for a wire that broke after its handshake.
    pub flags: SecureFailureFlags,
    /// The certificates the server showed, in DER, its own first.
    #[doc(alias = "WINHTTP_OPTION_SERVER_CERT_CONTEXT")]
    pub certificates: Vec<Bytes>,
    /// The alert that ended it, if one did.
    pub alert: Option<TlsAlert>,
    /// Of whom the server accepts client certificates (distinguished names in DER), if it asked for one.
    #[doc(alias = "SecPkgContext_IssuerListInfoEx")]
    #[doc(alias = "WINHTTP_OPTION_CLIENT_CERT_ISSUER_LIST")]
    pub acceptable_authorities: Vec<Bytes>,
}

impl Default for TlsFailureDetails {
    fn default() -> Self {
        let flags = SecureFailureFlags::empty();
        Self { flags, certificates: Vec::new(), alert: None, acceptable_authorities: Vec::new() }
    }
}

/// A TLS alert (RFC 8446 section 6).
///
/// An example is at [`tls::TlsFailureDetails`](TlsFailureDetails).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsAlert {
    /// The server sent it.
    Received(u8),
    /// We sent it.
    Sent(u8),
}

impl TlsAlert {
    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Self::Received(number) | Self::Sent(number) => number,
        }
    }

    /// Its name in the RFCs, as in `handshake_failure`.
    pub fn name(self) -> &'static str {
        let found = ALERTS.iter().find(|(number, _)| *number == self.number());
        found.map_or("an unknown alert", |(_, name)| name)
    }
}

impl fmt::Display for TlsAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.number())
    }
}

/// The registry of IANA.
const ALERTS: [(u8, &str); 34] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];
