//! Credentials of one request: setting them, and asking which schemes are offered.

use std::sync::Arc;

use http::StatusCode;

use super::Request;
use super::state::Call;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::options::{AuthScheme, AuthSchemes, AuthTarget, Credentials};
use crate::policy::auth::Offers;

/// What a caller sets for one request, or for all of a connection.
#[derive(Clone, Default)]
pub(crate) struct Own {
    server: Option<Given>,
    proxy: Option<Given>,
}

/// Credentials, and the schemes they were set for.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) credentials: Credentials,
    pub(crate) named: AuthSchemes,
}

impl Own {
    pub(crate) fn of(&self, target: AuthTarget) -> Option<&Given> {
        match target {
            AuthTarget::Server => self.server.as_ref(),
            AuthTarget::Proxy => self.proxy.as_ref(),
        }
    }

    /// Sets them, or refuses what can never be shown.
    pub(crate) fn set(&mut self, target: AuthTarget, named: AuthSchemes, credentials: Credentials) -> Result<()> {
        if let Some(fault) = credentials.fault(named) {
            return Err(Error::parameter(Operation::SetCredentials, fault));
        }
        let given = Some(Given { credentials, named });
        match target {
            AuthTarget::Server => self.server = given,
            AuthTarget::Proxy => self.proxy = given,
        }
        Ok(())
    }
}

/// Which schemes a response asks for: [`Request::query_auth_schemes`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{AuthScheme, AuthTarget, Authentication, Method};
///
/// let request = session.connect("http://www.example.com")?.open_request(Method::GET, "/private")?;
/// request.send(()).await?;
/// assert_eq!(request.receive_response().await?.status(), 401);
/// let offered = request.query_auth_schemes()?;
/// assert_eq!((offered.first, offered.target), (AuthScheme::Basic, AuthTarget::Server));
///
/// request.set_credentials(offered.target, offered.first, ("me", "secret"))?;
/// request.send(()).await?; // again, with them
/// assert_eq!(request.receive_response().await?.status(), 200);
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfferedSchemes {
    /// All of them that are known here, whether or not they can be answered. (WinHTTP does not know Bearer, and leaves it out.)
    pub supported: AuthSchemes,
    /// The first of them, in the order of the response.
    pub first: AuthScheme,
    /// Who asks.
    pub target: AuthTarget,
    /// What the first one calls the place: text of the peer's, which may be anything.
    pub realm: Option<String>,
}

impl Request {
    /// Sets credentials for this request (`WinHttpSetCredentials`): for the server of its URL, or for the proxy on the way there.
    ///
    /// `schemes` is one [`AuthScheme`], or a set of them, of which the strongest is answered that is asked for. Where it is Basic or
    /// Bearer alone they are shown with the first `send` already, without being asked for, over a connection without TLS too. They
    /// are the request's until they are set anew, for every `send`; where a redirect leads to another origin they are shown to nobody,
    /// but for those for the proxy: that one they are shown to wherever the chain meets it, and no other.
    /// Nothing else than they is shown for this target.
    ///
    /// After a 401 that was delivered, `send` shows them at once, by what that response asked for.
    ///
    /// # Errors
    /// 87 for credentials that none of the schemes has a use for, 12019 while the request is under way, 6 when it is closed.
    #[doc(alias = "WinHttpSetCredentials")]
    pub fn set_credentials(
        &self,
        target: AuthTarget,
        schemes: impl Into<AuthSchemes>,
        credentials: impl Into<Credentials>,
    ) -> Result<()> {
        self.inner.shared.check(Call::SetCredentials, Operation::SetCredentials)?;
        let mut draft = self.inner.shared.draft();
        let own = Arc::make_mut(draft.credentials.get_or_insert_default());
        own.set(target, schemes.into(), credentials.into())
    }

    /// Which schemes the response asks for (`WinHttpQueryAuthSchemes`), after `receive_response` has given a 401 or a 407.
    ///
    /// # Errors
    /// 4317 if the response asks for no credentials, or by no scheme that is known; 12019 before there is a response.
    #[doc(alias("WINHTTP_QUERY_WWW_AUTHENTICATE", "WINHTTP_QUERY_PROXY_AUTHENTICATE"))]
    #[doc(alias = "WinHttpQueryAuthSchemes")]
    pub fn query_auth_schemes(&self) -> Result<OfferedSchemes> {
        let operation = Operation::QueryAuthSchemes;
        // A handle that is closed still knows what it got, as with its head.
        let Some(head) = self.inner.shared.head() else {
            self.inner.shared.check(Call::QueryAuthSchemes, operation)?;
            return Err(Error::parameter(operation, "there is no response head"));
        };
        let asked = asks(head.status()).and_then(|target| {
            let offers = Offers::of(head.headers(), target);
            let first = offers.first()?;
            let realm = offers.realm_of(first).map(|realm| String::from_utf8_lossy(realm).into_owned());
            Some(OfferedSchemes { supported: offers.schemes(), first, target, realm })
        });
        asked.ok_or_else(|| {
            let detail = "the response asks for no credentials by a scheme that is known";
            Error::new(ErrorCode::InvalidOperation, operation, Stage::State, Blame::Caller, detail)
                .with_url(&self.inner.shared.url())
        })
    }

    /// Those of the connection that it is opened on.
    #[inline]
    pub(crate) fn has_credentials(self, own: Option<Arc<Own>>) -> Self {
        if own.is_some() {
            self.inner.shared.draft().credentials = own;
        }
        self
    }
}

/// Who asks for credentials by this status (RFC 9110 15.5.2, 15.5.8).
pub(super) fn asks(status: StatusCode) -> Option<AuthTarget> {
    match status {
        StatusCode::UNAUTHORIZED => Some(AuthTarget::Server),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(AuthTarget::Proxy),
        _ => None,
    }
}
