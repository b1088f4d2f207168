//! What was wrong with a server's certificate, as WinHTTP flags it.

use bitflags::bitflags;

bitflags! {
    /// What was wrong with a server's certificate, or with the handshake (`WINHTTP_CALLBACK_STATUS_SECURE_FAILURE`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct SecureFailureFlags: u32 {
        /// Whether it was revoked could not be found out.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_REV_FAILED")]
        const CERT_REV_FAILED = 0x1;
        /// It is malformed, or its chain is.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_INVALID_CERT")]
        const INVALID_CERT = 0x2;
        /// It was revoked.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_REVOKED")]
        const CERT_REVOKED = 0x4;
        /// No trusted authority vouches for it.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_INVALID_CA")]
        const INVALID_CA = 0x8;
        /// It is for another name.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_CN_INVALID")]
        const CERT_CN_INVALID = 0x10;
        /// It has expired, or is not valid yet.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_DATE_INVALID")]
        const CERT_DATE_INVALID = 0x20;
        /// It was not made for servers.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_CERT_WRONG_USAGE")]
        const CERT_WRONG_USAGE = 0x40;
        /// Not the certificate but the handshake failed.
        #[doc(alias = "WINHTTP_CALLBACK_STATUS_FLAG_SECURITY_CHANNEL_ERROR")]
        const SECURITY_CHANNEL_ERROR = 0x8000_0000;
    }
}
