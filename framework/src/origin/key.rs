//! What two requests must have in common to share a wire.

use crate::id::HandleId;
use crate::target::Origin;

/// Names every field of identity a wire has. A wire is lent only under the key it was dialed under.
///
/// Pools are never shared across sessions, so the session is part of it. A new option that changes what a wire *is* (its
/// route, its trust, its client certificate, its local address) gets a field here and an arm in [`OriginKey::fields`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OriginKey {
    pub(crate) session: HandleId,
    pub(crate) origin: Origin,
}

impl OriginKey {
    /// Every field by name, for logs. Destructured without `..`, so that a field added above does not compile until it is
    /// named here.
    pub(crate) fn fields(&self) -> [(&'static str, String); 4] {
        let Self { session, origin } = self;
        [
            ("session", session.to_string()),
            ("scheme", origin.scheme().to_owned()),
            ("host", origin.host().to_owned()),
            ("port", origin.port().to_string()),
        ]
    }
}
