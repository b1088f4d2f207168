//! Certificates, keys and revocation lists as callers give them: DER, or PEM that is read into it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::error::{Error, Operation, Result};

/// A certificate in DER (`CERT_CONTEXT`).
///
/// ```no_run
/// # async fn example() -> hinternet::Result<()> {
/// use hinternet::tls::{Certificate, TlsOptions};
///
/// let ours = Certificate::from_pem(&std::fs::read("authority.pem")?)?; // as many as the file has
/// let session = hinternet::Session::builder().tls(TlsOptions::new().trust(ours)).open()?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "CERT_CONTEXT")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Certificate(Bytes);

impl Certificate {
    /// A certificate in DER. It is looked into when it is used.
    pub fn from_der(der: impl Into<Bytes>) -> Self {
        Self(der.into())
    }

    /// All certificates of a PEM file; what else is in it is passed over.
    ///
    /// # Errors
    /// 87 for PEM that cannot be read, or holds no certificate.
    pub fn from_pem(pem: &[u8]) -> Result<Vec<Self>> {
        let found = CertificateDer::pem_slice_iter(pem)
            .map(|one| one.map(|der| Self(Bytes::copy_from_slice(&der))))
            .collect::<std::result::Result<Vec<_>, _>>();
        not_empty(found.map_err(|reason| unreadable("certificates", &reason))?, "certificate")
    }

    /// Its DER.
    pub fn der(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} octets)", self.0.len())
    }
}

/// A list of revoked certificates in DER (RFC 5280 section 5).
///
/// An example is at [`Revocation`](super::Revocation).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RevocationList(Bytes);

impl RevocationList {
    /// A list in DER. It is looked into at the first secure dial.
    pub fn from_der(der: impl Into<Bytes>) -> Self {
        Self(der.into())
    }

    /// All lists of a PEM file.
    ///
    /// # Errors
    /// 87 for PEM that cannot be read, or holds no list.
    pub fn from_pem(pem: &[u8]) -> Result<Vec<Self>> {
        let found = CertificateRevocationListDer::pem_slice_iter(pem)
            .map(|one| one.map(|der| Self(Bytes::copy_from_slice(&der))))
            .collect::<std::result::Result<Vec<_>, _>>();
        not_empty(found.map_err(|reason| unreadable("revocation lists", &reason))?, "revocation list")
    }

    /// Its DER.
    pub fn der(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RevocationList({} octets)", self.0.len())
    }
}

/// Who we are: a certificate with those that vouch for it, and its private key. The key is never shown.
///
/// ```no_run
/// # async fn example() -> hinternet::Result<()> {
/// use hinternet::tls::{ClientIdentity, TlsOptions};
///
/// let me = ClientIdentity::from_pem(&std::fs::read("me.pem")?, &std::fs::read("me.key")?)?;
/// let session = hinternet::Session::builder().tls(TlsOptions::new().client_identity(me)).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientIdentity(Arc<Pair>);

struct Pair {
    chain: Vec<Certificate>,
    key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    /// From PEM: our certificate first, then those that vouch for it, and the key, in one file or in two (PKCS#8, PKCS#1 or
    /// SEC1).
    ///
    /// # Errors
    /// 87 for PEM that cannot be read or holds no certificate, 12185 for one that holds no private key.
    #[doc(alias = "ERROR_WINHTTP_CLIENT_CERT_NO_PRIVATE_KEY")]
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self> {
        let chain = Certificate::from_pem(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|reason| no_key(reason.to_string()))?;
        Ok(Self(Arc::new(Pair { chain, key })))
    }

    /// From DER.
    ///
    /// # Errors
    /// 87 for no certificate at all, 12185 for a key that is neither PKCS#8, PKCS#1 nor SEC1.
    pub fn from_der(chain: Vec<Certificate>, key: Vec<u8>) -> Result<Self> {
        let chain = not_empty(chain, "certificate")?;
        let key = PrivateKeyDer::try_from(key).map_err(no_key)?;
        Ok(Self(Arc::new(Pair { chain, key })))
    }

    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.0.chain
    }

    pub(crate) fn key(&self) -> &PrivateKeyDer<'static> {
        &self.0.key
    }
}

impl PartialEq for ClientIdentity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.chain == other.0.chain && self.0.key.secret_der() == other.0.key.secret_der())
    }
}

impl Eq for ClientIdentity {}

impl Hash for ClientIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The certificate names its key.
        self.0.chain.hash(state);
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientIdentity({:?}, key ***)", self.0.chain)
    }
}

fn not_empty<T>(found: Vec<T>, what: &str) -> Result<Vec<T>> {
    if found.is_empty() {
        return Err(Error::parameter(Operation::SetOption, format!("there is no {what} in it")));
    }
    Ok(found)
}

fn unreadable(what: &str, reason: &rustls_pki_types::pem::Error) -> Error {
    Error::parameter(Operation::SetOption, format!("the {what} cannot be read as PEM: {reason}"))
}

fn no_key(reason: impl Into<String>) -> Error {
    let detail = format!("there is no private key in it: {}", reason.into());
    Error::new(
        crate::error::ErrorCode::ClientCertNoPrivateKey,
        Operation::SetOption,
        crate::error::Stage::Arguments,
        crate::error::Blame::Caller,
        detail,
    )
}
