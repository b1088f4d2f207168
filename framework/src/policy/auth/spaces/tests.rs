//! What is remembered of servers that ask, and for how much of them.

use http::HeaderMap;
use http::header::{HeaderValue, WWW_AUTHENTICATE};

use super::*;
use crate::options::AuthSchemes;
use crate::policy::auth::dialogue::value;
use crate::policy::auth::{Line, Offers};

fn server(origin: &str) -> Place {
    Place { target: AuthTarget::Server, origin: Origin::parse(origin).unwrap() }
}

fn offer(field: &str) -> Offer {
    let fields = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_str(field).unwrap())]);
    Offers::of(&fields, AuthTarget::Server).strongest(AuthSchemes::all(), true).unwrap().clone()
}

fn alice() -> Credentials {
    Credentials::from(("alice", "s3cret"))
}

/// A session in which this was asked and accepted at a path.
fn accepted(place: &Place, field: &str, path: &str) -> Spaces {
    let mut spaces = Spaces::default();
    accept(&mut spaces, place, field, path);
    spaces
}

fn accept(spaces: &mut Spaces, place: &Place, field: &str, path: &str) {
    let offer = offer(field);
    spaces.challenged(place, &offer, [1; 16]);
    spaces.accepted(place, (offer.scheme, &offer.realm.unwrap_or_default()), path, None);
}

fn realm_at(spaces: &Spaces, place: &Place, path: &str) -> Option<String> {
    spaces.remembered(place, path).map(|space| String::from_utf8(space.realm).unwrap())
}

fn shown(spaces: &mut Spaces, place: &Place, realm: &str) -> Option<String> {
    let line = Line { method: "GET", uri: "/", body: None };
    let turn = spaces.turn(place, realm.as_bytes())?;
    let value = value(AuthScheme::Digest, &alice(), Some((&turn, &line)))?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn rfc7617_2_2_basic_is_remembered_at_and_below_the_directory() {
    let place = server("https://a.example");
    let spaces = accepted(&place, "Basic realm=x", "/docs/index.html?q=/other/");
    for (path, is_meant) in [
        ("/docs/", true),
        ("/docs/deeper/x", true),
        ("/docs/index.html", true),
        ("/docs", false),
        ("/", false),
        ("/docs2/", false),
        ("/x?y=/docs/", false),
    ] {
        assert_eq!(spaces.remembered(&place, path).is_some(), is_meant, "{path}");
    }
}

#[test]
fn rfc7616_3_3_digest_is_remembered_for_all_of_the_server_or_for_its_domain() {
    let place = server("https://a.example");
    assert!(accepted(&place, "Digest realm=x, nonce=n", "/deep/down").remembered(&place, "/other").is_some());
    let domain =
        "Digest realm=x, nonce=n, domain=\"/one https://a.example/two https://b.example/three //b.example/four\"";
    let spaces = accepted(&place, domain, "/zero/x");
    for (path, is_meant) in [("/one/x", true), ("/two", true), ("/three", false), ("/zero/x", false), ("/", false)] {
        assert_eq!(spaces.remembered(&place, path).is_some(), is_meant, "{path}");
    }
    let elsewhere = accepted(&place, "Digest realm=x, nonce=n, domain=\"https://b.example/\"", "/zero/x");
    assert!(elsewhere.remembered(&place, "/zero/y").is_some() && elsewhere.remembered(&place, "/").is_none());
    assert!(elsewhere.remembered(&server("https://b.example"), "/").is_none(), "it may not say where else");
}

#[test]
fn a_space_is_of_one_origin_and_of_one_kind_of_party() {
    let place = server("https://a.example");
    let mut spaces = accepted(&place, "Digest realm=x, nonce=n", "/");
    for other in ["http://a.example", "https://a.example:8443", "https://b.example"] {
        assert!(spaces.remembered(&server(other), "/").is_none(), "{other}");
        assert_eq!(shown(&mut spaces, &server(other), "x"), None, "{other}");
    }
    let proxy = Place { target: AuthTarget::Proxy, ..place.clone() };
    assert!(spaces.remembered(&proxy, "/").is_none() && shown(&mut spaces, &proxy, "x").is_none());
    assert_eq!(shown(&mut spaces, &place, "y"), None, "another realm");
    assert!(shown(&mut spaces, &place, "x").is_some());
}

#[test]
fn of_two_realms_the_closer_one_is_meant() {
    let place = server("https://a.example");
    let mut spaces = accepted(&place, "Basic realm=outer", "/");
    accept(&mut spaces, &place, "Basic realm=inner", "/in/");
    assert_eq!(realm_at(&spaces, &place, "/x").as_deref(), Some("outer"));
    assert_eq!(realm_at(&spaces, &place, "/in/x").as_deref(), Some("inner"));
}

#[test]
fn a_challenge_alone_lets_nothing_be_shown_unasked_and_a_refusal_ends_it() {
    let place = server("https://a.example");
    let mut spaces = Spaces::default();
    spaces.challenged(&place, &offer("Basic realm=x"), [1; 16]);
    assert!(spaces.remembered(&place, "/").is_none());
    spaces.accepted(&place, (AuthScheme::Basic, b"x"), "/", Some(alice()));
    assert!(spaces.remembered(&place, "/").unwrap().given.is_some());
    spaces.refused(&place, (AuthScheme::Basic, b"x"));
    assert!(spaces.remembered(&place, "/").is_none());
}

#[test]
fn rfc7616_3_4_all_who_use_a_nonce_count_it_together() {
    let place = server("https://a.example");
    let mut spaces = accepted(&place, "Digest realm=x, nonce=n, qop=auth", "/");
    assert!(shown(&mut spaces, &place, "x").unwrap().contains("nc=00000001"));
    // Another request was given the same challenge.
    spaces.challenged(&place, &offer("Digest realm=x, nonce=n, qop=auth"), [2; 16]);
    let second = shown(&mut spaces, &place, "x").unwrap();
    assert!(second.contains("nc=00000002") && second.contains("cnonce=\"0101"), "{second}");
    spaces.challenged(&place, &offer("Digest realm=x, nonce=m, qop=auth"), [2; 16]);
    assert!(shown(&mut spaces, &place, "x").unwrap().contains("nc=00000001"));
    spaces.next_nonce(&place, b"x", b"o");
    let next = shown(&mut spaces, &place, "x").unwrap();
    assert!(next.contains("nonce=\"o\"") && next.contains("nc=00000001"), "{next}");
}

#[test]
fn what_is_remembered_is_bounded_whatever_servers_ask() {
    let place = server("https://a.example");
    let mut spaces = accepted(&place, "Basic realm=kept", "/");
    for n in 0..3_000 {
        accept(&mut spaces, &server(&format!("https://s{n}.example")), &format!("Basic realm={n}"), "/");
        accept(&mut spaces, &place, "Basic realm=kept", "/");
        assert!(spaces.count <= MOST_SPACES);
    }
    assert!(spaces.remembered(&place, "/").is_some(), "the one used last stays");
    assert!(spaces.remembered(&server("https://s0.example"), "/").is_none());
    for n in 0..100 {
        accept(&mut spaces, &place, &format!("Basic realm=r{n}"), &format!("/{n}/"));
    }
    assert_eq!(spaces.all[&place].len(), MOST_REALMS);
    for n in 0..100 {
        accept(&mut spaces, &place, "Basic realm=r99", &format!("/{n}/"));
    }
    assert!(spaces.all[&place].iter().all(|space| space.paths.len() <= MOST_PATHS));
    assert_eq!(spaces.count, spaces.all.values().map(Vec::len).sum::<usize>());
    spaces.forget(|_| true);
    assert_eq!(spaces.count, 0);
}

#[test]
fn what_is_forgotten_is_gone_with_its_nonce() {
    let (a, b) = (server("https://a.example"), server("https://b.example"));
    let mut spaces = accepted(&a, "Digest realm=x, nonce=n", "/");
    accept(&mut spaces, &b, "Digest realm=x, nonce=n", "/");
    spaces.forget(|place| *place == a);
    assert!(spaces.remembered(&a, "/").is_none() && shown(&mut spaces, &a, "x").is_none());
    assert!(spaces.remembered(&b, "/").is_some());
}
