//! Two options that differ in any one field are not equal, so that no wire is shared between them (P5).
//!
//! The tables name every field: one that is added does not compile before it has its line.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::VIA;

use crate::id::HandleId;
use crate::network::{
    ByPointer, Destination, Dialer, Dialing, FindingProxy, Lookup, Proxy, ProxyResolver, PublicAddresses, Resolver,
};
use crate::options::tls::{
    Certificate, Client, ClientCertificates, ClientIdentity, Dangers, Parts, Revocation, Roots, TlsOptions, TlsVersions,
};
use crate::options::{AuthScheme, AuthTarget, Bound, Credentials, DialOptions, NamedProxies, ProxySettings};

/// The default, and of every field a copy that differs in it alone.
macro_rules! each_changed {
    ($type:ident { $($field:ident: $changed:expr),* $(,)? }) => {{
        // Without `..`.
        let $type { $($field: _),* } = $type::default();
        let changed = vec![$((stringify!($field), $type { $field: $changed, ..$type::default() })),*];
        ($type::default(), changed)
    }};
}

/// Each is equal to its clone, and to no other; and what is equal has one hash.
fn assert_all_differ<T: Clone + Debug + Eq + Hash>((plain, changed): (T, Vec<(&'static str, T)>)) {
    let all: Vec<_> = std::iter::once(("nothing", plain)).chain(changed).collect();
    let hasher = RandomState::new();
    for (n, (field, one)) in all.iter().enumerate() {
        assert_eq!(one, &one.clone(), "{field}");
        assert_eq!(hasher.hash_one(one), hasher.hash_one(one.clone()), "{field}");
        for (other_field, other) in &all[n + 1..] {
            assert_ne!(one, other, "{field} and {other_field}");
        }
    }
}

fn bound(user: &str) -> Bound {
    let credentials = Credentials::new(user, "s3cret");
    Bound { target: AuthTarget::Server, scheme: AuthScheme::Ntlm, credentials }
}

/// Does nothing at all.
#[derive(Debug)]
struct Nobody;

impl Resolver for Nobody {
    fn resolve(&self, _host: &str) -> Lookup {
        Box::pin(std::future::pending())
    }
}

impl Dialer for Nobody {
    fn dial(&self, _to: &Destination) -> Dialing {
        Box::pin(std::future::pending())
    }
}

impl ClientCertificates for Nobody {
    fn choose(&self, _acceptable_authorities: &[&[u8]]) -> Option<ClientIdentity> {
        None
    }
}

#[test]
fn p5_every_field_of_the_dial_options_parts_wires() {
    assert_all_differ(each_changed!(DialOptions {
        resolver: Some(ByPointer(Arc::new(Nobody))),
        dialer: Some(ByPointer(Arc::new(Nobody))),
        address_policy: Some(ByPointer(Arc::new(PublicAddresses))),
        local_address: Some([127, 0, 0, 1].into()),
        keep_alive: None,
        no_delay: false,
        attempt_delay: Duration::from_millis(251),
        resolution_hostname: Some("other.example".to_owned()),
        fixed_addresses: vec![("h".to_owned(), vec![[127, 0, 0, 1].into()])],
        least_loaded: true,
        proxy: ProxySettings::FromEnvironment,
        always_tunnel: true,
        group: Some("other".into()),
        proxy_tls: TlsOptions::new().server_name_indication(false),
        bound: Some(Arc::new(bound("alice"))),
        own: Some(HandleId::next()),
    }));
}

#[test]
fn p5_wires_that_belong_to_somebody_are_parted_by_target_scheme_and_credentials() {
    let changed = vec![
        ("target", Bound { target: AuthTarget::Proxy, ..bound("alice") }),
        ("scheme", Bound { scheme: AuthScheme::Negotiate, ..bound("alice") }),
        ("credentials", bound("bob")),
    ];
    assert_all_differ((bound("alice"), changed));
    assert_eq!(bound("alice"), bound("alice"), "of the same user, wherever that was set");
    assert!(!format!("{:?}", bound("alice")).contains("alice"));
}

#[test]
fn p5_every_field_of_the_tls_options_parts_wires() {
    let (plain, changed) = each_changed!(Parts {
        roots: Roots::Named,
        extra_roots: vec![Certificate::from_der("an authority")],
        versions: TlsVersions::Only13,
        no_server_name: true,
        pins: vec![[7; 32]],
        client: Client::Chosen(ByPointer(Arc::new(Nobody))),
        revocation: Some(Revocation::by_lists([])),
        dangers: Dangers::DATE,
        verify_at: Some(SystemTime::UNIX_EPOCH),
        key_log: true,
    });
    let options = |parts: Parts| TlsOptions::new().with(|all| *all = parts.clone());
    let changed_options = changed.iter().map(|(field, parts)| (*field, options(parts.clone()))).collect();
    assert_all_differ((options(plain.clone()), changed_options));
    assert_all_differ((plain, changed));
}

#[test]
fn p5_two_resolvers_of_one_type_are_two_and_a_copy_of_the_options_keeps_its_own() {
    let one = DialOptions::default().resolver(Nobody);
    assert_ne!(one, DialOptions::default().resolver(Nobody));
    assert_eq!(one, one.clone());
}

impl ProxyResolver for Nobody {
    fn find(&self, _url: &str) -> FindingProxy {
        Box::pin(std::future::pending())
    }
}

#[test]
fn p5_every_setting_of_proxies_parts_wires() {
    let of = |url: &str| DialOptions::default().proxy(Proxy::parse(url).unwrap());
    let resolver = ProxySettings::automatic(Nobody);
    let all = [
        DialOptions::default(),
        DialOptions::default().proxy(ProxySettings::FromEnvironment),
        DialOptions::default().proxy(ProxySettings::System),
        DialOptions::default().proxy(resolver.clone()),
        DialOptions::default().proxy(ProxySettings::automatic(Nobody)),
        of("http://p:1"),
        of("https://p:1"),
        of("socks5://p:1"),
        of("socks5h://p:1"),
        of("http://q:1"),
        of("http://p:2"),
        of("http://u:x@p:1"),
        of("http://u:y@p:1"),
        of("http://v:x@p:1"),
        DialOptions::default().proxy(Proxy::parse("p:1").unwrap().wait_for_challenge()),
        DialOptions::default().proxy(Proxy::parse("p:1").unwrap().http10()),
        DialOptions::default().proxy(Proxy::parse("p:1").unwrap().through(Proxy::parse("q:1").unwrap()).unwrap()),
        DialOptions::default().proxy(Proxy::parse("p:1").unwrap().through(Proxy::parse("u:x@q:1").unwrap()).unwrap()),
        DialOptions::default().proxy(Proxy::parse("q:1").unwrap().through(Proxy::parse("p:1").unwrap()).unwrap()),
        DialOptions::default().proxy(Proxy::parse("p:1").unwrap().header(VIA, "x".parse().unwrap())),
        DialOptions::default().proxy(Proxy::parse("p:1").unwrap().header(VIA, "y".parse().unwrap())),
        DialOptions::default().proxy(NamedProxies::read("p:1;q:1").unwrap()),
        DialOptions::default().proxy(NamedProxies::read("http=p:1").unwrap()),
        DialOptions::default().proxy(ProxySettings::named("p:1", "h").unwrap()),
    ];
    for (n, one) in all.iter().enumerate() {
        assert_eq!(one, &one.clone(), "{n}");
        for (m, other) in all.iter().enumerate().skip(n + 1) {
            assert_ne!(one, other, "{n} and {m}");
        }
    }
}
