//! The credentials of a session, for those who set them.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Operation, Result};
use crate::options::{AuthSchemes, AuthTarget, Credentials};
use crate::origin;
use crate::policy::OriginPattern;
use crate::policy::auth::{CredentialSet, Keyring};
use crate::services::Services;
use crate::shown;

/// The credentials of a session: which are shown to whom, from [`Session::credentials`](crate::Session::credentials).
///
/// Each is bound to an origin, or to a pattern of origins, and never shown to any other. They are shown when they are asked for; after
/// they were accepted also unasked, below the path where they were ([`Authentication::preemptive`](crate::Authentication::preemptive)).
/// What is set on a request goes before them. A clone is the same store.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{AuthSchemes, AuthTarget};
///
/// session.credentials().set(AuthTarget::Server, "http://www.example.com", AuthSchemes::BASIC, ("me", "secret"))?;
/// let response = session.get("http://www.example.com/private")?.send().await?;
/// assert_eq!(response.text().await?, "Hello."); // it was asked for credentials, and showed them
/// assert!(session.credentials().remove(AuthTarget::Server, "http://www.example.com")?);
/// # session.close().await
/// # }
/// ```
#[derive(Clone)]
pub struct CredentialStore(Arc<Services>);

impl CredentialStore {
    pub(super) fn new(services: &Arc<Services>) -> Self {
        Self(Arc::clone(services))
    }

    /// Sets credentials for the servers, or the proxies, that a pattern means, to be shown by the strongest of these schemes that is
    /// asked for. What was set for the same pattern is replaced, and what was accepted of these origins is forgotten. Where they are
    /// for proxies, no wire that is open serves another request: it may be a tunnel that was opened by other credentials.
    ///
    /// A pattern is as in [`for_origins`](crate::SessionBuilder::for_origins): `https://api.example.com`, `*.example.com`. One that
    /// means all hosts is refused. Of several that mean an origin the most specific one counts.
    ///
    /// # Errors
    /// 87 for what is no pattern, and for credentials that none of the schemes has a use for.
    pub fn set(
        &self,
        target: AuthTarget,
        pattern: &str,
        schemes: impl Into<AuthSchemes>,
        credentials: impl Into<Credentials>,
    ) -> Result<()> {
        self.keyring().set(bound(target, pattern, schemes.into(), credentials.into())?);
        self.has_changed(target == AuthTarget::Proxy);
        Ok(())
    }

    /// Removes what is set for the pattern, and forgets what was accepted of these origins. Was there any?
    ///
    /// # Errors
    /// 87 for what is no pattern.
    pub fn remove(&self, target: AuthTarget, pattern: &str) -> Result<bool> {
        let was_set = self.keyring().remove(target, &parse(pattern)?);
        self.has_changed(was_set && target == AuthTarget::Proxy);
        Ok(was_set)
    }

    /// Removes all that is set, and forgets all that was accepted, nonces too. What is under way goes on with what it has.
    pub fn clear(&self) {
        let had_proxies = self.keyring().clear(false);
        self.has_changed(had_proxies);
    }

    /// Forgets all that was accepted, nonces too, and what a provider gave. What is set stays, and is shown when it is asked for.
    pub fn forget_accepted(&self) {
        self.keyring().clear(true);
    }

    fn keyring(&self) -> &Keyring {
        &self.0.terms.keyring
    }

    /// A tunnel that was opened by other credentials serves nobody from now on, nor one that is being opened by them.
    fn has_changed(&self, for_proxies: bool) {
        let session = self.0.session.id();
        for shard in self.0.engine.all_shards().iter().filter(|_| for_proxies) {
            // One that has stopped has no wires left.
            let _stopped = shard.run(move || {
                origin::distrust_tunnels(session);
            });
        }
    }
}

/// Shows nothing of what it holds.
impl fmt::Debug for CredentialStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialStore(..)")
    }
}

/// Credentials bound to a pattern.
pub(super) fn bound(
    target: AuthTarget,
    pattern: &str,
    named: AuthSchemes,
    credentials: Credentials,
) -> Result<CredentialSet> {
    if let Some(fault) = credentials.fault(named) {
        return Err(Error::parameter(Operation::SetCredentials, fault));
    }
    Ok(CredentialSet { target, pattern: parse(pattern)?, named, credentials })
}

fn parse(pattern: &str) -> Result<OriginPattern> {
    let refuse = |why: String| {
        let detail = format!("{:?} is no pattern of origins to show credentials to: {why}", shown::url(pattern));
        Error::parameter(Operation::SetCredentials, detail)
    };
    let parsed = OriginPattern::parse(pattern).map_err(|why| refuse(why.to_string()))?;
    if parsed.means_any_host() { Err(refuse("it means all hosts there are".to_owned())) } else { Ok(parsed) }
}
