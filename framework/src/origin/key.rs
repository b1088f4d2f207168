//! What two requests must have in common to share a wire.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use crate::chance;
use crate::id::HandleId;
use crate::options::{
    AuthSchemes, DialOptions, Http2Options, Limits, Protocols, RequestOptions, SharedOptions, TlsOptions,
};
use crate::target::Origin;

/// Names every field of identity a wire has. A wire is lent only under the key it was dialed under.
///
/// Pools are never shared across sessions, so the session is part of it. What else is, stands in [`Identity`]: of the options
/// that this holds, which as a rule are those of all origins, the others are no part of it. A request seeks it by [`Sought`],
/// which has the same fields.
#[derive(Clone, Debug)]
pub(crate) struct OriginKey {
    session: HandleId,
    pub(super) origin: Origin,
    options: SharedOptions,
}

/// What of a request's options a wire is. An option that changes what a wire *is* stands in [`DialOptions`] or [`TlsOptions`],
/// which compare all of their fields; whatever does not gets a field here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity<'a> {
    dial: &'a DialOptions,
    /// `None` for a wire without TLS, which is the same under any.
    tls: Option<&'a TlsOptions>,
    /// `None` where only HTTP/1.1 can come of it, which is the same under any.
    http2: Option<Http2Terms<'a>>,
    /// Who we are to the proxies on the way: what they may be answered by. `None` where there is none.
    proxy_schemes: Option<AuthSchemes>,
}

/// How HTTP/2 is spoken, where it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Http2Terms<'a> {
    /// Nothing else will do.
    pub(crate) required: bool,
    pub(crate) options: &'a Http2Options,
    /// Octets of a response's fields: a wire has one limit for all its requests.
    pub(crate) response_head: usize,
}

impl<'a> Identity<'a> {
    fn of(origin: &Origin, options: &'a RequestOptions) -> Self {
        // Without `..`: whether a new option is part of what a wire is, is decided here.
        let RequestOptions {
            dial,
            tls,
            protocols,
            http2,
            limits,
            timeouts: _,
            // Where a framing is forgiven, the wire serves no other request.
            leniency: _,
            expect_continue: _,
            minimum_rate: _,
            resends: _,
            decompression: _,
            retry: _,
            governor: _,
            priority: _,
            websocket: _,
            authentication,
            redirects: _,
            #[cfg(feature = "cookies")]
                cookies: _,
            #[cfg(feature = "cache")]
                cache: _,
        } = options;
        let secure = origin.is_secure();
        let http2 = Http2Terms::new(secure, *protocols, http2, limits);
        // What is shown to a server is no property of its wire; what is shown to a proxy may have opened it.
        let proxy_schemes = (!dial.proxy.is_direct()).then_some(authentication.proxy_schemes);
        Self { dial, tls: secure.then_some(tls), http2, proxy_schemes }
    }
}

impl<'a> Http2Terms<'a> {
    fn new(secure: bool, protocols: Protocols, options: &'a Http2Options, limits: &Limits) -> Option<Self> {
        let required = match protocols {
            Protocols::Http1 | Protocols::Http10 => return None,
            // Without TLS there is nobody who would choose it.
            Protocols::PreferHttp2 if !secure => return None,
            Protocols::PreferHttp2 => false,
            Protocols::RequireHttp2 => true,
        };
        Some(Self { required, options, response_head: limits.response_head })
    }
}

impl PartialEq for OriginKey {
    fn eq(&self, other: &Self) -> bool {
        self.sought() == other.sought()
    }
}

impl Eq for OriginKey {}

impl Hash for OriginKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sought().hash(state);
    }
}

/// The same by reference, by which a request seeks its origin: to find one that is known nothing is copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought<'a> {
    session: HandleId,
    origin: &'a Origin,
    options: &'a SharedOptions,
}

impl PartialEq for Sought<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.session == other.session
            && self.origin == other.origin
            // The same options, as a rule: nothing in them can differ then.
            && (Arc::ptr_eq(self.options, other.options) || self.identity() == other.identity())
    }
}

impl Eq for Sought<'_> {}

impl Hash for Sought<'_> {
    /// Of numbers alone, since every request is looked up by it, but for whose wires they are: of users there may be many. Keys that
    /// differ in the way of dialing or in HTTP/2 only, which are few, are told apart by comparison.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { session, origin, options } = self;
        session.hash(state);
        origin.hash(state);
        origin.is_secure().then_some(&options.tls).hash(state);
        let DialOptions { group, bound, own, .. } = &options.dial;
        if let Some(group) = group {
            group.hash(state);
        }
        if let Some(bound) = bound {
            bound.hash(state);
        }
        if let Some(own) = own {
            own.hash(state);
        }
    }
}

impl<'a> Sought<'a> {
    /// The key of the wires that requests of this session to this origin may use under these options.
    pub(crate) fn new(session: HandleId, origin: &'a Origin, options: &'a SharedOptions) -> Self {
        Self { session, origin, options }
    }

    fn identity(&self) -> Identity<'a> {
        Identity::of(self.origin, self.options)
    }

    pub(super) fn to_key(self) -> OriginKey {
        let Self { session, origin, options } = self;
        OriginKey { session, origin: origin.clone(), options: Arc::clone(options) }
    }
}

/// Something that stands under a key, or is one: so that what is kept is found by what is sought, without a copy.
pub(super) trait Keyed {
    fn sought(&self) -> Sought<'_>;
}

impl Keyed for Sought<'_> {
    fn sought(&self) -> Sought<'_> {
        *self
    }
}

impl PartialEq for dyn Keyed + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.sought() == other.sought()
    }
}

impl Eq for dyn Keyed + '_ {}

impl Hash for dyn Keyed + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sought().hash(state);
    }
}

/// What stands under a key in a set, and is found by what is sought.
pub(super) struct UnderKey<T>(pub(super) T);

impl<'a, T: Keyed + 'a> Borrow<dyn Keyed + 'a> for UnderKey<T> {
    fn borrow(&self) -> &(dyn Keyed + 'a) {
        &self.0
    }
}

impl<T: Keyed> PartialEq for UnderKey<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.sought() == other.0.sought()
    }
}

impl<T: Keyed> Eq for UnderKey<T> {}

impl<T: Keyed> Hash for UnderKey<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.sought().hash(state);
    }
}

/// Makes one number of those a key is hashed to, which are hashes themselves. It begins with a secret one: hosts are named by
/// strangers, who shall not choose such as fall together.
#[derive(Clone, Debug)]
pub(crate) struct Folding(u64);

impl Folding {
    /// Without the secret: the same in every run. For a choice of few, where nothing grows if a stranger makes it.
    pub(crate) const fn known() -> Self {
        Self(0x6869_6e74_6572_6e65)
    }
}

impl Default for Folding {
    fn default() -> Self {
        Self(chance::secret())
    }
}

impl BuildHasher for Folding {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded(self.0)
    }
}

pub(crate) struct Folded(u64);

impl Hasher for Folded {
    fn write_u64(&mut self, number: u64) {
        // The fractional part of the golden ratio: no pattern of bits survives both halves of the product.
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write(&mut self, octets: &[u8]) {
        for eight in octets.chunks(8) {
            let mut number = [0; 8];
            number[..eight.len()].copy_from_slice(eight);
            self.write_u64(u64::from_le_bytes(number));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl OriginKey {
    pub(super) fn sought(&self) -> Sought<'_> {
        let Self { session, origin, options } = self;
        Sought { session: *session, origin, options }
    }

    pub(super) fn session(&self) -> HandleId {
        self.session
    }

    pub(super) fn dial(&self) -> &DialOptions {
        &self.options.dial
    }

    pub(super) fn tls(&self) -> Option<&TlsOptions> {
        Identity::of(&self.origin, &self.options).tls
    }

    pub(super) fn http2(&self) -> Option<Http2Terms<'_>> {
        Identity::of(&self.origin, &self.options).http2
    }

    pub(super) fn proxy_schemes(&self) -> AuthSchemes {
        Identity::of(&self.origin, &self.options).proxy_schemes.unwrap_or(AuthSchemes::empty())
    }

    /// Every field by name, for logs. Destructured without `..`, so that a field added above does not compile until it is
    /// named here.
    pub(crate) fn fields(&self) -> [(&'static str, String); 8] {
        let Self { session, origin, options } = self;
        let Identity { dial, tls, http2, proxy_schemes } = Identity::of(origin, options);
        [
            ("session", session.to_string()),
            ("scheme", origin.scheme().to_owned()),
            ("host", origin.host().to_owned()),
            ("port", origin.port().to_string()),
            ("dial", format!("{dial:?}")),
            ("tls", format!("{tls:?}")),
            ("http2", format!("{http2:?}")),
            ("proxy_schemes", format!("{proxy_schemes:?}")),
        ]
    }
}

#[cfg(test)]
mod tests;
