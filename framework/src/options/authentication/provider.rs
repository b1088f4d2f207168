//! Who is asked for credentials when a server or a proxy asks for them and none are set.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use actix::{Message, Recipient};

use super::{AuthSchemes, AuthTarget, Credentials};
use crate::target::Origin;

/// Finds credentials when they are asked for: out of a vault, or by asking a person.
///
/// It is asked only for a challenge that nothing set answers, for each again until one is accepted or it gives `None`, and at most
/// three times for one request. What was accepted is remembered by the session for where it was asked for, and shown there with
/// later requests. Until an answer comes, and for [`provider_timeout`](super::Authentication::provider_timeout) at most, the request
/// waits; nothing else does.
///
/// An actor is one by its `Recipient<CredentialsAsked>`.
///
/// ```
/// use hinternet::{CredentialProvider, Credentials, CredentialsAsked, Providing};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl CredentialProvider for Vault {
///     fn credentials(&self, asked: &CredentialsAsked) -> Providing {
///         let known = (asked.origin.host() == "intranet.example.com" && asked.attempt == 1)
///             .then(|| Credentials::from(("service", "s3cret")));
///         Box::pin(async move { known })
///     }
/// }
/// ```
#[doc(alias = "HttpGetServerCredentials")]
pub trait CredentialProvider: fmt::Debug + Send + Sync + 'static {
    /// Credentials for who asks; `None` if there are none: then the 401 or 407 is the response. A panic fails the request.
    fn credentials(&self, asked: &CredentialsAsked) -> Providing;
}

/// An answer under way. It runs on one thread, and need not be `Send`. Dropped when nobody waits for it any more.
///
/// An example is at [`CredentialProvider`].
pub type Providing = Pin<Box<dyn Future<Output = Option<Credentials>>>>;

/// Who asks for credentials, and what for. An actor message, too.
///
/// An example is at [`CredentialProvider`].
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "Option<Credentials>")]
#[non_exhaustive]
pub struct CredentialsAsked {
    /// Server or proxy.
    pub target: AuthTarget,
    /// Which one. No other is shown what is answered.
    pub origin: Origin,
    /// What it calls the place (RFC 9110 11.5): text of the peer's, which may be anything. At most 1,024 octets of it.
    pub realm: Option<String>,
    /// The schemes it offers, of those that may be answered.
    pub schemes: AuthSchemes,
    /// 1, or more if those given before for this request were not accepted.
    pub attempt: u32,
}

impl CredentialProvider for Recipient<CredentialsAsked> {
    fn credentials(&self, asked: &CredentialsAsked) -> Providing {
        let answer = self.send(asked.clone());
        // An actor that is gone knows none.
        Box::pin(async move { answer.await.ok().flatten() })
    }
}
