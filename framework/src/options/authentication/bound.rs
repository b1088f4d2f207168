//! To whom a wire belongs that says who uses it: NTLM and Negotiate authenticate a connection, not a request (RFC 4559 section 6).

use std::fmt;
use std::hash::{Hash, Hasher};

use super::{AuthScheme, AuthTarget, Credentials, Shown};

/// Who uses a wire, towards whom. It is part of the wire's key: requests of others, or of nobody, have no part in it.
#[derive(Clone)]
#[cfg_attr(not(feature = "negotiate"), allow(dead_code, reason = "nothing binds a wire without the feature"))]
pub(crate) struct Bound {
    pub(crate) target: AuthTarget,
    pub(crate) scheme: AuthScheme,
    pub(crate) credentials: Credentials,
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        let Self { target, scheme, credentials } = self;
        *target == other.target && *scheme == other.scheme && credentials.is_same(&other.credentials)
    }
}

impl Eq for Bound {}

/// Of the user's name and of no secret: those that differ in that alone are told apart by comparison.
impl Hash for Bound {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { target, scheme, credentials } = self;
        target.hash(state);
        scheme.hash(state);
        if let Shown::Password { user, .. } = credentials.shown() {
            user.hash(state);
        }
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("target", &self.target).field("scheme", &self.scheme).finish_non_exhaustive()
    }
}
