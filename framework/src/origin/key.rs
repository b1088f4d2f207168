//! What two requests must have in common to share a wire.

use crate::id::HandleId;
use crate::options::{DialOptions, RequestOptions, TlsOptions};
use crate::target::Origin;

/// Names every field of identity a wire has. A wire is lent only under the key it was dialed under.
///
/// Pools are never shared across sessions, so the session is part of it. An option that changes what a wire *is* stands in
/// [`DialOptions`] or [`TlsOptions`], which compare all of their fields; whatever does not gets a field here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OriginKey {
    session: HandleId,
    pub(super) origin: Origin,
    dial: DialOptions,
    /// `None` for a wire without TLS, which is the same under any.
    tls: Option<TlsOptions>,
}

impl OriginKey {
    /// The key of the wires that requests of this session to this origin may use under these options.
    pub(crate) fn new(session: HandleId, origin: &Origin, options: &RequestOptions) -> Self {
        let tls = origin.is_secure().then(|| options.tls.clone());
        Self { session, origin: origin.clone(), dial: options.dial.clone(), tls }
    }

    pub(super) fn session(&self) -> HandleId {
        self.session
    }

    pub(super) fn dial(&self) -> &DialOptions {
        &self.dial
    }

    pub(super) fn tls(&self) -> Option<&TlsOptions> {
        self.tls.as_ref()
    }

    /// Every field by name, for logs. Destructured without `..`, so that a field added above does not compile until it is
    /// named here.
    pub(crate) fn fields(&self) -> [(&'static str, String); 6] {
        let Self { session, origin, dial, tls } = self;
        [
            ("session", session.to_string()),
            ("scheme", origin.scheme().to_owned()),
            ("host", origin.host().to_owned()),
            ("port", origin.port().to_string()),
            ("dial", format!("{dial:?}")),
            ("tls", format!("{tls:?}")),
        ]
    }
}
