//! What is known of a secure wire.

use bytes::Bytes;

/// What is known of a secure wire (`WINHTTP_SECURITY_INFO`, `SERVER_CERT_CHAIN_CONTEXT`).
///
/// ```no_run
/// # async fn example(session: hinternet::Session) -> hinternet::Result<()> {
/// let response = session.get("https://www.example.com/")?.send().await?;
/// if let Some(secure) = response.security_info() {
///     println!("{} by {}, {:?} bits", secure.protocol, secure.cipher_suite, secure.key_bits());
///     if let Some(own) = secure.certificates.first().and_then(|der| hinternet::transport::CertificateInfo::read(der)) {
///         println!("of {}, until {:?}", own.subject, own.valid_to);
///     }
/// }
/// # Ok(())
/// # }
/// ```
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
    #[doc(alias = "WINHTTP_REQUEST_STAT_FLAG_TLS_SESSION_RESUMPTION")]
    pub resumed: bool,
    /// The server's certificates in DER, its own first.
    pub certificates: Vec<Bytes>,
}

impl SecurityInfo {
    /// How many bits the key has that encrypts (`WINHTTP_OPTION_SECURITY_KEY_BITNESS`): 128 or 256, by the name of the cipher suite.
    /// `None` for a suite that says nothing of it.
    #[doc(alias = "WINHTTP_OPTION_SECURITY_KEY_BITNESS")]
    pub fn key_bits(&self) -> Option<u16> {
        let known = [("AES_128", 128), ("AES_256", 256), ("CHACHA20", 256)];
        known.into_iter().find_map(|(cipher, bits)| self.cipher_suite.contains(cipher).then_some(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suites_that_are_spoken_say_how_long_their_keys_are() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        for suite in provider.cipher_suites {
            let name = suite.suite().as_str().unwrap();
            let security = SecurityInfo {
                protocol: "TLS 1.3",
                cipher_suite: name,
                application_protocol: None,
                resumed: false,
                certificates: Vec::new(),
            };
            let expected = if name.contains("128") { 128 } else { 256 };
            assert_eq!(security.key_bits(), Some(expected), "{name}");
        }
    }
}
