//! Which challenges may be answered, and how: schemes, targets, and what a request obeys.

mod bound;
mod credentials;
mod provider;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use bitflags::bitflags;

use super::timeouts::check_one;
use crate::error::{Operation, Result};

pub(crate) use bound::Bound;
pub use credentials::Credentials;
pub(crate) use credentials::Shown;
pub use provider::{CredentialProvider, CredentialsAsked, Providing};

/// Who asks for credentials (`WINHTTP_AUTH_TARGET_*`).
///
/// An example is at [`CredentialStore`](crate::CredentialStore).
#[doc(alias("WINHTTP_AUTH_TARGET_SERVER", "WINHTTP_AUTH_TARGET_PROXY"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthTarget {
    /// The server of the URL: 401, `WWW-Authenticate`, `Authorization`.
    Server,
    /// A proxy on the way to it: 407, `Proxy-Authenticate`, `Proxy-Authorization`.
    Proxy,
}

/// How credentials are shown (`WINHTTP_AUTH_SCHEME_*`).
///
/// An example is at [`Authentication`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthScheme {
    /// User and password as they are (RFC 7617).
    #[doc(alias = "WINHTTP_AUTH_SCHEME_BASIC")]
    Basic,
    /// Microsoft's NTLM (MS-NLMP, MS-NTHT), which binds a connection to a user. Answered with the feature `negotiate`. A request that
    /// says it by hand, in `Authorization`, has a connection of HTTP/1.1 to itself, unless HTTP/2 is required: a 401 or 407 keeps it for the
    /// same request, sent again, and anything else closes it, as the end of the request does.
    #[doc(alias = "WINHTTP_AUTH_SCHEME_NTLM")]
    Ntlm,
    /// A proof that the password is known, without showing it (RFC 7616).
    #[doc(alias = "WINHTTP_AUTH_SCHEME_DIGEST")]
    Digest,
    /// Kerberos or NTLM by SPNEGO (RFC 4559), which binds a connection to a user. Answered with the feature `negotiate`; by hand as NTLM
    /// is.
    #[doc(alias = "WINHTTP_AUTH_SCHEME_NEGOTIATE")]
    Negotiate,
    /// A token (RFC 6750), which WinHTTP does not know.
    Bearer,
}

impl AuthScheme {
    /// All there are, the strongest first.
    pub const ALL: [Self; 5] = [Self::Negotiate, Self::Ntlm, Self::Digest, Self::Bearer, Self::Basic];

    /// The scheme's name as it is registered (RFC 9110 16.4.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Ntlm => "NTLM",
            Self::Digest => "Digest",
            Self::Negotiate => "Negotiate",
            Self::Bearer => "Bearer",
        }
    }

    /// WinHTTP's bit for it; `None` for what WinHTTP does not have.
    pub fn code(self) -> Option<u32> {
        match self {
            Self::Basic => Some(1),
            Self::Ntlm => Some(2),
            Self::Digest => Some(8),
            Self::Negotiate => Some(16),
            Self::Bearer => None,
        }
    }

    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| name.eq_ignore_ascii_case(scheme.name().as_bytes()))
    }

    /// Does it authenticate the connection, and with it all that is sent there, rather than a request?
    pub(crate) fn binds(self) -> bool {
        matches!(self, Self::Ntlm | Self::Negotiate)
    }

    /// Does who listens, or who only claims to be the server, learn the secret itself?
    pub(crate) fn shows_the_secret(self) -> bool {
        matches!(self, Self::Basic | Self::Bearer)
    }
}

impl fmt::Display for AuthScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

bitflags! {
    /// A set of schemes. Those that WinHTTP has carry its bits.
    ///
    /// An example is at [`CredentialStore`](crate::CredentialStore).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct AuthSchemes: u32 {
        /// [`AuthScheme::Basic`].
        #[doc(alias = "WINHTTP_PROXY_DISABLE_SCHEME_BASIC")]
        const BASIC = 1;
        /// [`AuthScheme::Ntlm`].
        #[doc(alias = "WINHTTP_PROXY_DISABLE_SCHEME_NTLM")]
        const NTLM = 2;
        /// [`AuthScheme::Digest`].
        #[doc(alias = "WINHTTP_PROXY_DISABLE_SCHEME_DIGEST")]
        const DIGEST = 8;
        /// [`AuthScheme::Negotiate`].
        #[doc(alias("WINHTTP_PROXY_DISABLE_SCHEME_KERBEROS", "WINHTTP_PROXY_DISABLE_SCHEME_NEGOTIATE"))]
        const NEGOTIATE = 16;
        /// [`AuthScheme::Bearer`].
        const BEARER = 1 << 16;
    }
}

impl From<AuthScheme> for AuthSchemes {
    fn from(scheme: AuthScheme) -> Self {
        match scheme {
            AuthScheme::Basic => Self::BASIC,
            AuthScheme::Ntlm => Self::NTLM,
            AuthScheme::Digest => Self::DIGEST,
            AuthScheme::Negotiate => Self::NEGOTIATE,
            AuthScheme::Bearer => Self::BEARER,
        }
    }
}

impl AuthSchemes {
    /// Is the scheme one of them?
    pub fn has(self, scheme: AuthScheme) -> bool {
        self.contains(scheme.into())
    }
}

/// How a request answers who asks for credentials: [`RequestOptions::authentication`](crate::RequestOptions::authentication).
///
/// It decides which of the credentials that there are may be shown; without any a 401 or a 407 is simply the response. There are none
/// of the user who is logged on, so it has no say in when those may be used (`WINHTTP_OPTION_AUTOLOGON_POLICY`).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{AuthScheme, AuthSchemes, Authentication};
///
/// let mut authentication = Authentication::default();
/// authentication.schemes = AuthSchemes::DIGEST | AuthSchemes::BASIC;
/// assert!(authentication.schemes.has(AuthScheme::Basic));
/// let request = session.get("http://www.example.com/private")?.authentication(authentication).basic_auth("me", "secret");
/// assert_eq!(request.send().await?.status(), 200);
///
/// // The caller answers a 401 itself.
/// let request = session.get("http://www.example.com/private")?.authentication(Authentication::off());
/// assert_eq!(request.send().await?.status(), 401);
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authentication {
    /// Which schemes may be answered to a server. None: a 401 is simply the response. Default: all that this build has.
    #[doc(alias("WINHTTP_DISABLE_AUTHENTICATION", "WINHTTP_OPTION_DISABLE_FEATURE"))]
    pub schemes: AuthSchemes,
    /// Which schemes may be answered to a proxy, be it one that forwards or one that opens tunnels. None: a 407 is simply the response,
    /// or the end of the tunnel; and credentials of a proxy that would go unasked do not go. Requests that differ in it share no wire
    /// through a proxy. Default: all that this build has.
    #[doc(alias = "WINHTTP_OPTION_DISABLE_PROXY_AUTH_SCHEMES")]
    pub proxy_schemes: AuthSchemes,
    /// Basic and Bearer may be answered over a connection without TLS, where everybody on the way reads the secret, also by
    /// credentials that leave the choice of the scheme to the server. Default: `false`. A request that names the one scheme itself, as
    /// by [`basic_auth`](crate::RequestBuilder::basic_auth) or `set_credentials` with [`AuthScheme::Basic`], has asked for it.
    pub cleartext: bool,
    /// Credentials that were accepted are shown with the next request to where they were asked for, without being asked again.
    /// Default: `true`.
    pub preemptive: bool,
    /// How long a [`CredentialProvider`] may take for one answer. Default: 60 s, for it may ask a person.
    pub provider_timeout: Duration,
}

impl Default for Authentication {
    fn default() -> Self {
        Self {
            schemes: AuthSchemes::all(),
            proxy_schemes: AuthSchemes::all(),
            cleartext: false,
            preemptive: true,
            provider_timeout: Duration::from_secs(60),
        }
    }
}

impl Authentication {
    /// Nobody is answered: a 401 and a 407 are simply responses, and nothing is shown unasked.
    pub fn off() -> Self {
        Self { schemes: AuthSchemes::empty(), proxy_schemes: AuthSchemes::empty(), ..Self::default() }
    }

    /// Which schemes may be answered to whom.
    pub(crate) fn schemes_for(&self, target: AuthTarget) -> AuthSchemes {
        match target {
            AuthTarget::Server => self.schemes,
            AuthTarget::Proxy => self.proxy_schemes,
        }
    }

    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        check_one("authentication.provider_timeout", self.provider_timeout, operation)
    }
}
