//! What a secure wire must be: whom to trust, who we are, which protocol versions, and which checks are given up.

mod certificate;
mod danger;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub use certificate::{Certificate, ClientIdentity, RevocationList};
pub(crate) use danger::Dangers;
pub use danger::{AcceptAnyCertificate, Danger, IgnoreDate, IgnoreName, IgnoreUnknownAuthority, IgnoreUsage, VerifyAt};

use crate::error::{Error, Operation, Result};
use crate::network::ByPointer;

/// What a secure wire must be (`SECURITY_FLAGS`, `SECURE_PROTOCOLS`, `CLIENT_CERT_CONTEXT`).
///
/// Cheap to clone. Two are equal when all that they hold is equal, and only requests with equal ones share a wire, a session
/// ticket or a verdict over a certificate.
///
/// ```no_run
/// # fn example() -> hinternet::Result<()> {
/// use hinternet::tls::{Certificate, TlsOptions};
///
/// let authority = Certificate::from_pem(std::fs::read("authority.pem")?.as_slice())?;
/// let session = hinternet::Session::builder().tls(TlsOptions::new().trust_only(authority)).open()?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "WINHTTP_OPTION_SECURITY_FLAGS")]
#[derive(Clone, Default)]
pub struct TlsOptions(Arc<Hashed>);

/// With the hash of all of it: a key with hundreds of certificates in it is looked up by a number.
#[derive(Clone, Default)]
struct Hashed {
    hash: u64,
    parts: Parts,
}

/// Every field is part of what a wire is: the derived comparison leaves none out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Parts {
    pub(crate) roots: Roots,
    /// Trusted beside the roots.
    pub(crate) extra_roots: Vec<Certificate>,
    pub(crate) versions: TlsVersions,
    pub(crate) no_server_name: bool,
    pub(crate) pins: Vec<[u8; 32]>,
    pub(crate) client: Client,
    pub(crate) revocation: Option<Revocation>,
    pub(crate) dangers: Dangers,
    pub(crate) verify_at: Option<SystemTime>,
    pub(crate) key_log: bool,
}

/// Whose word is taken for who a server is.
///
/// An example is at [`TlsOptions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Roots {
    /// The authorities this machine trusts. They are read at the first secure dial. On Windows and macOS it is the system that
    /// judges a server, by rules of its own beside the authorities; Windows asks by itself whether the certificate was revoked,
    /// for at most 10 s, in which the thread of the engine does nothing else.
    #[default]
    Platform,
    /// Mozilla's, built into the program: for machines without any.
    #[cfg(feature = "webpki-roots")]
    Webpki,
    /// None but those named by [`TlsOptions::trust`].
    Named,
}

/// Which versions of TLS are offered.
///
/// An example is at [`Revocation`].
#[doc(alias = "WINHTTP_OPTION_SECURE_PROTOCOLS")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsVersions {
    /// 1.3, and 1.2 for servers that do not know it.
    #[default]
    Both,
    /// Only 1.2 (RFC 5246).
    #[doc(alias = "WINHTTP_FLAG_SECURE_PROTOCOL_TLS1_2")]
    Only12,
    /// Only 1.3 (RFC 8446).
    #[doc(alias = "WINHTTP_FLAG_SECURE_PROTOCOL_TLS1_3")]
    Only13,
}

/// What is shown to a server that asks who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    #[default]
    None,
    Identity(ClientIdentity),
    Chosen(ByPointer<dyn ClientCertificates>),
}

/// Who a wire says we are, as far as its options tell.
#[cfg(feature = "cache")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows<'a> {
    Nobody,
    /// Who has this certificate, in DER.
    Certificate(&'a [u8]),
    /// Whom code of the caller's own chooses.
    WhoIsChosen,
}

/// Chooses who we are, for a server that asks.
///
/// ```
/// use hinternet::tls::{ClientCertificates, ClientIdentity, TlsOptions};
///
/// #[derive(Debug)]
/// struct Drawer(Option<ClientIdentity>);
///
/// impl ClientCertificates for Drawer {
///     fn choose(&self, acceptable_authorities: &[&[u8]]) -> Option<ClientIdentity> {
///         if acceptable_authorities.is_empty() { None } else { self.0.clone() }
///     }
/// }
///
/// let session = hinternet::Session::builder().tls(TlsOptions::new().client_certificates(Drawer(None))).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
pub trait ClientCertificates: fmt::Debug + Send + Sync + 'static {
    /// The identity for a server that accepts certificates of these authorities (distinguished names in DER; empty: of any),
    /// or `None` to show none. Called in the middle of a handshake, so it must not wait.
    fn choose(&self, acceptable_authorities: &[&[u8]]) -> Option<ClientIdentity>;
}

/// Lists of revoked certificates, and how far they reach.
///
/// ```no_run
/// # async fn example() -> hinternet::Result<()> {
/// use hinternet::tls::{Revocation, RevocationList, TlsOptions, TlsVersions};
///
/// let lists = RevocationList::from_pem(&std::fs::read("revoked.pem")?)?;
/// let tls = TlsOptions::new().versions(TlsVersions::Only13).revocation(Revocation::by_lists(lists).whole_chain());
/// let session = hinternet::Session::builder().tls(tls).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revocation {
    pub(crate) lists: Vec<RevocationList>,
    pub(crate) whole_chain: bool,
    pub(crate) allow_unknown: bool,
}

impl Revocation {
    /// Checks a server's own certificate against these lists; one that no list covers is refused (`CERT_REV_FAILED`), as is a
    /// list that is out of date.
    pub fn by_lists(lists: impl IntoIterator<Item = RevocationList>) -> Self {
        Self { lists: lists.into_iter().collect(), whole_chain: false, allow_unknown: false }
    }

    /// Checks the authorities between as well.
    pub fn whole_chain(mut self) -> Self {
        self.whole_chain = true;
        self
    }

    /// Accepts a certificate that no list covers.
    #[doc(alias = "WINHTTP_OPTION_IGNORE_CERT_REVOCATION_OFFLINE")]
    pub fn allow_unknown(mut self) -> Self {
        self.allow_unknown = true;
        self
    }
}

impl TlsOptions {
    /// The defaults: the machine's authorities, TLS 1.2 and 1.3, no certificate of our own, every check on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose word is taken for who a server is.
    pub fn roots(self, roots: Roots) -> Self {
        self.with(|parts| parts.roots = roots)
    }

    /// Trusts these authorities beside the others.
    pub fn trust(self, authorities: impl IntoIterator<Item = Certificate>) -> Self {
        self.with(|parts| parts.extra_roots.extend(authorities))
    }

    /// Trusts these authorities and no others.
    pub fn trust_only(self, authorities: impl IntoIterator<Item = Certificate>) -> Self {
        self.with(|parts| {
            parts.roots = Roots::Named;
            parts.extra_roots = authorities.into_iter().collect();
        })
    }

    /// Which versions of TLS are offered. There is no fallback to an older one than is offered.
    #[doc(alias = "WINHTTP_OPTION_SECURE_PROTOCOLS")]
    pub fn versions(self, versions: TlsVersions) -> Self {
        self.with(|parts| parts.versions = versions)
    }

    /// Whether the server is told by which name it is meant (SNI, RFC 6066 section 3). Default true; an address is never told.
    pub fn server_name_indication(self, on: bool) -> Self {
        self.with(|parts| parts.no_server_name = !on)
    }

    /// Accepts only a server whose own certificate holds one of these keys, beside all other checks: the SHA-256 of its
    /// `SubjectPublicKeyInfo` (RFC 7469 section 2.4). Name a second key that is not in use, or the first that is lost locks you
    /// out.
    pub fn pin_sha256(self, keys: impl IntoIterator<Item = [u8; 32]>) -> Self {
        self.with(|parts| parts.pins.extend(keys))
    }

    /// Who we are, for every server that asks.
    #[doc(alias = "WINHTTP_OPTION_ENABLE_HTTP2_PLUS_CLIENT_CERT")]
    #[doc(alias = "WINHTTP_OPTION_CLIENT_CERT_CONTEXT")]
    pub fn client_identity(self, identity: ClientIdentity) -> Self {
        self.with(|parts| parts.client = Client::Identity(identity))
    }

    /// Who chooses who we are when a server asks.
    pub fn client_certificates(self, chooser: impl ClientCertificates) -> Self {
        self.with(|parts| parts.client = Client::Chosen(ByPointer(Arc::new(chooser))))
    }

    /// Which certificates are revoked. Default: nobody is asked, but see [`Roots::Platform`].
    #[doc(alias = "WINHTTP_OPTION_ENABLE_FEATURE")]
    #[doc(alias = "WINHTTP_ENABLE_SSL_REVOCATION")]
    pub fn revocation(self, revocation: Revocation) -> Self {
        self.with(|parts| parts.revocation = Some(revocation))
    }

    /// Gives up a check. Each is a type of its own in [`tls::danger`](crate::tls::danger), so that a reader can search for it;
    /// the first handshake that makes use of one is logged as a warning.
    #[doc(alias = "SECURITY_FLAG_IGNORE_ALL_CERT_ERRORS")]
    pub fn dangerous(self, danger: impl Danger) -> Self {
        self.with(|parts| danger.give_up(&mut parts.dangers, &mut parts.verify_at))
    }

    /// Writes the secrets of every handshake to the file that `SSLKEYLOGFILE` names, for a program that looks into the traffic.
    /// Without this call the variable has no effect.
    pub fn key_log_from_environment(self, on: bool) -> Self {
        self.with(|parts| parts.key_log = on)
    }

    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        if self.0.parts.verify_at.is_some_and(|time| time < UNIX_EPOCH) {
            let detail = "certificates cannot be judged as of a time before 1970 (VerifyAt)";
            return Err(Error::parameter(operation, detail));
        }
        Ok(())
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// Who a server that asks is told we are.
    #[cfg(feature = "cache")]
    pub(crate) fn shows(&self) -> Shows<'_> {
        match &self.parts().client {
            Client::None => Shows::Nobody,
            Client::Identity(identity) => match identity.chain() {
                [ours, ..] => Shows::Certificate(ours.der()),
                [] => Shows::Nobody,
            },
            Client::Chosen(_) => Shows::WhoIsChosen,
        }
    }

    /// Is there no check that was given up?
    pub(crate) fn checks_all(&self) -> bool {
        self.parts().dangers.is_empty()
    }

    /// Does code of the caller's own run in a handshake?
    pub(crate) fn is_custom(&self) -> bool {
        matches!(self.parts().client, Client::Chosen(_))
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        let hashed = Arc::make_mut(&mut self.0);
        change(&mut hashed.parts);
        let mut hasher = std::hash::DefaultHasher::new();
        hashed.parts.hash(&mut hasher);
        hashed.hash = hasher.finish();
        self
    }
}

impl PartialEq for TlsOptions {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.parts == other.0.parts)
    }
}

impl Eq for TlsOptions {}

impl Hash for TlsOptions {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash.hash(state);
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.parts.fmt(f)
    }
}
