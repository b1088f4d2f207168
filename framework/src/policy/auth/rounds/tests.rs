//! What is shown again, and what is not.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::options::AuthTarget;
use crate::target::Origin;

fn place(origin: &str) -> Place {
    Place { target: AuthTarget::Server, origin: Origin::parse(origin).unwrap() }
}

fn offers(field: &str) -> Offers {
    let fields = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_str(field).unwrap())]);
    Offers::of(&fields, AuthTarget::Server)
}

fn alice() -> Credentials {
    Credentials::from(("alice", "s3cret"))
}

fn chosen(rounds: &Rounds, place: &Place, offers: &Offers, credentials: &Credentials) -> Option<AuthScheme> {
    rounds.choose(place, offers, credentials, AuthSchemes::all(), true).map(|offer| offer.scheme)
}

fn shown(place: &Place, offers: &Offers, reason: AuthReason) -> Carried {
    let offer = offers.strongest(AuthSchemes::all(), true).unwrap();
    Carried {
        place: place.clone(),
        credentials: alice(),
        are_given: false,
        scheme: offer.scheme,
        realm: offer.realm.clone().unwrap_or_default(),
        question: offer.question.clone().map(Arc::new),
        reason,
    }
}

/// What becomes of a challenge after another one was answered.
fn then(first: &str, reason: AuthReason, second: &str) -> (bool, Option<AuthScheme>) {
    let (mut rounds, place) = (Rounds::default(), place("https://a.example"));
    rounds.shows(shown(&place, &offers(first), reason));
    let second = offers(second);
    let goes_on = rounds.challenged(&place, &second, true).is_some();
    (goes_on, chosen(&rounds, &place, &second, &alice()))
}

#[test]
fn the_same_credentials_are_never_shown_twice_for_the_same_challenge() {
    let basic = "Basic realm=x";
    for reason in [AuthReason::CallerAsked, AuthReason::Remembered, AuthReason::Challenged] {
        assert_eq!(then(basic, reason, basic), (false, None), "{reason}");
    }
    assert_eq!(then(basic, AuthReason::Challenged, "Basic realm=other"), (false, None), "the octets are the same");
    let digest = "Digest realm=x, nonce=n, qop=auth";
    assert_eq!(then(digest, AuthReason::Challenged, digest), (false, None));
    assert_eq!(
        then(digest, AuthReason::Challenged, "Digest realm=x, nonce=m, qop=auth"),
        (false, None),
        "a new nonce alone"
    );
}

#[test]
fn a_password_that_digest_did_not_prove_is_not_shown_by_basic() {
    let digest = "Digest realm=x, nonce=n, qop=auth";
    assert_eq!(then(digest, AuthReason::Challenged, "Basic realm=x"), (false, None));
    assert_eq!(
        then(digest, AuthReason::Challenged, "Digest realm=x, nonce=m, algorithm=SHA-1, Basic realm=x"),
        (false, None)
    );
}

#[test]
fn rfc7616_3_3_a_stale_nonce_is_no_refusal() {
    let (old, new) = ("Digest realm=x, nonce=n, qop=auth", "Digest realm=x, nonce=m, qop=auth, stale=true");
    assert_eq!(then(old, AuthReason::Challenged, new), (true, Some(AuthScheme::Digest)));
    let (mut rounds, place) = (Rounds::default(), place("https://a.example"));
    rounds.shows(shown(&place, &offers(old), AuthReason::Challenged));
    assert_eq!(rounds.challenged(&place, &offers(new), true).unwrap().reason, AuthReason::Stale);
}

#[test]
fn a_nonce_out_of_memory_may_be_forgotten_by_its_server_once() {
    let (old, new) = ("Digest realm=x, nonce=n, qop=auth", "Digest realm=x, nonce=m, qop=auth");
    assert_eq!(then(old, AuthReason::Remembered, new), (true, Some(AuthScheme::Digest)));
    assert_eq!(then(old, AuthReason::Remembered, old), (false, None), "it did not forget it");
    assert_eq!(then(old, AuthReason::Stale, new), (false, None));
}

#[test]
fn who_has_to_give_the_body_again_is_not_told_so_for_ever() {
    let (mut rounds, place) = (Rounds::default(), place("https://a.example"));
    rounds.shows(shown(&place, &offers("Digest realm=x, nonce=n, qop=auth"), AuthReason::Remembered));
    let new = offers("Digest realm=x, nonce=m, qop=auth");
    assert!(rounds.challenged(&place, &new, false).is_none() && chosen(&rounds, &place, &new, &alice()).is_none());
}

#[test]
fn another_realm_of_the_same_server_is_answered() {
    assert_eq!(
        then("Digest realm=x, nonce=n", AuthReason::Remembered, "Digest realm=y, nonce=m"),
        (false, Some(AuthScheme::Digest))
    );
}

#[test]
fn what_one_origin_refused_is_not_spent_for_another() {
    let (mut rounds, offers) = (Rounds::default(), offers("Basic realm=x"));
    let (a, b) = (place("https://a.example"), place("https://b.example"));
    rounds.shows(shown(&a, &offers, AuthReason::Challenged));
    assert!(rounds.challenged(&b, &offers, true).is_none(), "b was shown nothing");
    assert!(rounds.challenged(&a, &offers, true).is_none());
    assert_eq!(
        (chosen(&rounds, &a, &offers, &alice()), chosen(&rounds, &b, &offers, &alice())),
        (None, Some(AuthScheme::Basic))
    );
    assert_eq!(chosen(&rounds, &a, &offers, &Credentials::from(("bob", "s3cret"))), Some(AuthScheme::Basic));
    assert_eq!(
        chosen(&rounds, &a, &offers, &Credentials::from(("alice", "s3cret"))),
        None,
        "the same ones, given anew"
    );
}

#[test]
fn the_rounds_have_an_end_though_every_nonce_be_stale() {
    let (mut rounds, place) = (Rounds::default(), place("https://a.example"));
    let mut answered = 0;
    loop {
        let offers = offers(&format!("Digest realm=x, nonce=n{answered}, qop=auth, stale=true"));
        let _stale = rounds.challenged(&place, &offers, true);
        if chosen(&rounds, &place, &offers, &alice()).is_none() {
            break;
        }
        rounds.answers();
        rounds.shows(shown(&place, &offers, AuthReason::Challenged));
        answered += 1;
    }
    assert_eq!(answered, MOST_ANSWERS);
    assert_eq!(rounds.asks_provider(), None);
}

#[test]
fn a_provider_is_asked_three_times_at_most() {
    let mut rounds = Rounds::default();
    assert_eq!([(); 4].map(|()| rounds.asks_provider()), [Some(1), Some(2), Some(3), None]);
}

#[test]
fn without_tls_the_secret_itself_is_shown_only_if_that_is_asked_for() {
    let (options, all) = (Authentication::default(), AuthSchemes::all());
    let (plain, secure) = (place("http://a.example"), place("https://a.example"));
    assert_eq!(allowed(&options, &secure, all), all);
    assert_eq!(allowed(&options, &plain, all), all - AuthSchemes::BASIC - AuthSchemes::BEARER);
    assert_eq!(allowed(&options, &plain, AuthSchemes::BASIC), AuthSchemes::BASIC, "named alone");
    let open = Authentication { cleartext: true, ..options };
    assert_eq!(allowed(&open, &plain, all), all);
    let digest = Authentication { schemes: AuthSchemes::DIGEST, ..open };
    assert_eq!(allowed(&digest, &secure, AuthSchemes::BASIC), AuthSchemes::empty());
    let proxy = Place { target: AuthTarget::Proxy, ..secure };
    assert_eq!(
        allowed(&digest, &proxy, AuthSchemes::BASIC),
        AuthSchemes::BASIC,
        "servers and proxies have options of their own"
    );
    assert_eq!(allowed(&Authentication::off(), &proxy, all), AuthSchemes::empty());
}
