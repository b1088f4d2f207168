//! What two requests must have in common to share a wire.

use std::hash::{Hash, Hasher};

use crate::id::HandleId;
use crate::options::{DialOptions, RequestOptions, TlsOptions};
use crate::target::Origin;

/// Names every field of identity a wire has. A wire is lent only under the key it was dialed under.
///
/// Pools are never shared across sessions, so the session is part of it. An option that changes what a wire *is* stands in
/// [`DialOptions`] or [`TlsOptions`], which compare all of their fields; whatever does not gets a field here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OriginKey {
    session: HandleId,
    pub(super) origin: Origin,
    dial: DialOptions,
    /// `None` for a wire without TLS, which is the same under any.
    tls: Option<TlsOptions>,
}

impl Hash for OriginKey {
    /// Of numbers alone, since every request is looked up by it. Keys that differ in the way of dialing only, which are few, are
    /// told apart by comparison.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { session, origin, dial: _, tls } = self;
        session.hash(state);
        origin.hash(state);
        tls.hash(state);
    }
}

impl OriginKey {
    /// The key of the wires that requests of this session to this origin may use under these options.
    pub(crate) fn new(session: HandleId, origin: &Origin, options: &RequestOptions) -> Self {
        // Without `..`: whether a new option is part of what a wire is, is decided here.
        let RequestOptions { dial, tls, timeouts: _, limits: _, expect_continue: _, minimum_rate: _, resends: _ } =
            options;
        let tls = origin.is_secure().then(|| tls.clone());
        Self { session, origin: origin.clone(), dial: dial.clone(), tls }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(session: HandleId, url: &str, options: &RequestOptions) -> OriginKey {
        OriginKey::new(session, &Origin::parse(url).unwrap(), options)
    }

    #[test]
    fn p5_every_field_of_the_key_parts_wires() {
        let (session, options) = (HandleId::next(), RequestOptions::default());
        let plain = key(session, "https://h", &options);
        assert_eq!(plain, key(session, "https://h:443", &options.clone()));
        let other_dial = RequestOptions { dial: DialOptions::default().no_delay(false), ..options.clone() };
        let other_tls = RequestOptions { tls: TlsOptions::new().server_name_indication(false), ..options.clone() };
        let others = [
            ("session", key(HandleId::next(), "https://h", &options)),
            ("scheme", key(session, "http://h:443", &options)),
            ("host", key(session, "https://i", &options)),
            ("port", key(session, "https://h:444", &options)),
            ("dial", key(session, "https://h", &other_dial)),
            ("tls", key(session, "https://h", &other_tls)),
        ];
        assert_eq!(plain.fields().map(|(field, _)| field), others.each_ref().map(|(field, _)| *field));
        for (field, other) in &others {
            assert_ne!(&plain, other, "{field}");
        }
    }

    #[test]
    fn p5_a_wire_without_tls_is_the_same_under_any_tls_options() {
        let (session, options) = (HandleId::next(), RequestOptions::default());
        let other_tls = RequestOptions { tls: TlsOptions::new().server_name_indication(false), ..options.clone() };
        assert_eq!(key(session, "http://h", &options), key(session, "http://h", &other_tls));
    }
}
