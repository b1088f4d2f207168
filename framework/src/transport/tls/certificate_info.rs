//! What a certificate says of itself, for programs that show it to people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{certificate, settings};

/// What a certificate says of itself (`WINHTTP_CERTIFICATE_INFO`). That it says so makes nothing of it true: whether it was
/// accepted is known from the handshake alone.
///
/// Text in it was written by whoever made the certificate; it is freed of controls and cut at 200 characters.
///
/// An example is at [`SecurityInfo`](crate::network::SecurityInfo).
#[doc(alias = "WINHTTP_CERTIFICATE_INFO")]
#[doc(alias = "WINHTTP_OPTION_SECURITY_CERTIFICATE_STRUCT")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateInfo {
    /// Who it is about, as in `CN=www.example.com`.
    pub subject: String,
    /// Who made it.
    pub issuer: String,
    /// The names and addresses it is for.
    pub names: Vec<String>,
    /// Before this moment it is not valid.
    pub valid_from: SystemTime,
    /// After this moment it is not valid any more.
    pub valid_to: SystemTime,
    /// The SHA-256 of its public key: what [`TlsOptions::pin_sha256`](crate::tls::TlsOptions::pin_sha256) takes.
    pub key_sha256: [u8; 32],
}

impl CertificateInfo {
    /// Reads a certificate in DER, as [`SecurityInfo`](crate::network::SecurityInfo) and
    /// [`TlsFailureDetails`](crate::tls::TlsFailureDetails) hold them; `None` for what is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (from, to) = certificate::validity(der)?;
        let hash = settings::sha256().ok()?.hash(certificate::public_key_info(der)?);
        Some(Self {
            subject: certificate::subject(der),
            issuer: certificate::issuer(der),
            names: certificate::all_names(der),
            valid_from: moment(from),
            valid_to: moment(to),
            key_sha256: hash.as_ref().try_into().ok()?,
        })
    }
}

/// Seconds since 1970; earlier ones have a certificate valid since then.
fn moment(seconds: i64) -> SystemTime {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    // A date with a year of five digits cannot be written into a certificate: the sum fits.
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
