//! Which requests share wires, and under what their origin is found.

use std::collections::HashSet;

use super::*;
use crate::network::Proxy;
use crate::options::{AuthScheme, AuthTarget, Authentication, Bound, Credentials};

fn key(session: HandleId, url: &str, options: &RequestOptions) -> OriginKey {
    Sought::new(session, &Origin::parse(url).unwrap(), &Arc::new(options.clone())).to_key()
}

#[test]
fn p5_every_field_of_the_key_parts_wires() {
    let (session, mut options) = (HandleId::next(), RequestOptions::default());
    options.dial = DialOptions::default().proxy(Proxy::parse("p:80").unwrap());
    let plain = key(session, "https://h", &options);
    assert_eq!(plain, key(session, "https://h:443", &options.clone()));
    let other_dial = RequestOptions { dial: options.dial.clone().no_delay(false), ..options.clone() };
    let other_schemes = RequestOptions { authentication: Authentication::off(), ..options.clone() };
    let other_tls = RequestOptions { tls: TlsOptions::new().server_name_indication(false), ..options.clone() };
    let other_http2 = RequestOptions { protocols: Protocols::RequireHttp2, ..options.clone() };
    let others = [
        ("session", key(HandleId::next(), "https://h", &options)),
        ("scheme", key(session, "http://h:443", &options)),
        ("host", key(session, "https://i", &options)),
        ("port", key(session, "https://h:444", &options)),
        ("dial", key(session, "https://h", &other_dial)),
        ("tls", key(session, "https://h", &other_tls)),
        ("http2", key(session, "https://h", &other_http2)),
        ("proxy_schemes", key(session, "https://h", &other_schemes)),
    ];
    assert_eq!(plain.fields().map(|(field, _)| field), others.each_ref().map(|(field, _)| *field));
    for (field, other) in &others {
        assert_ne!(&plain, other, "{field}");
    }
}

#[test]
fn p5_a_group_has_its_wires_to_itself() {
    let session = HandleId::next();
    let of = |group: Option<&str>| {
        let dial = DialOptions::default().group(group);
        key(session, "https://h", &RequestOptions { dial, ..RequestOptions::default() })
    };
    assert_eq!(of(Some("a")), of(Some("a")));
    assert_eq!(of(None), key(session, "https://h", &RequestOptions::default()));
    let groups: HashSet<_> = [None, Some("a"), Some("b"), Some("")].map(of).into();
    assert_eq!(groups.len(), 4);
}

#[test]
fn users_of_one_origin_are_told_apart_by_the_hash_of_the_key() {
    let (session, hasher) = (HandleId::next(), Folding::known());
    let hash = |user: Option<&str>| {
        let mut options = RequestOptions::default();
        let credentials = user.map(|user| Credentials::new(user, "s3cret"));
        let bound = |credentials| Bound { target: AuthTarget::Server, scheme: AuthScheme::Ntlm, credentials };
        options.dial.bound = credentials.map(bound).map(Arc::new);
        hasher.hash_one(key(session, "https://h", &options))
    };
    assert_eq!(HashSet::from([None, Some("alice"), Some("bob")].map(hash)).len(), 3);
    assert_eq!(hash(Some("alice")), hash(Some("alice")));
}

#[test]
fn p5_where_no_proxy_is_on_the_way_a_wire_is_the_same_whatever_one_might_be_shown() {
    let (session, options) = (HandleId::next(), RequestOptions::default());
    let other = RequestOptions { authentication: Authentication::off(), ..options.clone() };
    assert_eq!(key(session, "https://h", &options), key(session, "https://h", &other));
}

#[test]
fn p5_a_wire_without_tls_is_the_same_under_any_tls_options() {
    let (session, options) = (HandleId::next(), RequestOptions::default());
    let other_tls = RequestOptions { tls: TlsOptions::new().server_name_indication(false), ..options.clone() };
    assert_eq!(key(session, "http://h", &options), key(session, "http://h", &other_tls));
}

#[test]
fn p5_where_only_http1_can_come_of_it_a_wire_is_the_same_under_any_terms_of_http2() {
    let (session, options) = (HandleId::next(), RequestOptions::default());
    let mut other = options.clone();
    (other.http2.adaptive_window, other.limits.response_head) = (false, 1024);
    assert_eq!(key(session, "http://h", &options), key(session, "http://h", &other));
    assert_ne!(key(session, "https://h", &options), key(session, "https://h", &other));
    (other.protocols, other.http2) = (Protocols::Http1, options.http2);
    let mut third = other.clone();
    third.limits.response_head = 2048;
    assert_eq!(key(session, "https://h", &other), key(session, "https://h", &third));
}

#[test]
fn p5_what_is_sought_is_found_under_the_key_made_of_it_and_under_no_other() {
    let (session, options) = (HandleId::next(), SharedOptions::default());
    let origins = ["http://a", "http://b", "https://a"].map(|url| Origin::parse(url).unwrap());
    let sought = |origin| Sought::new(session, origin, &options);
    let mut known = HashSet::<_, Folding>::default();
    for origin in &origins[1..] {
        known.insert(UnderKey(sought(origin)));
    }
    let found = origins.each_ref().map(|origin| {
        let sought = sought(origin);
        known.get(&sought as &dyn Keyed).map(|found| found.0.to_key() == sought.to_key())
    });
    assert_eq!(found, [None, Some(true), Some(true)]);
}
