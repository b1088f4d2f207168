//! A proxy that is asked for a tunnel.

use http::header::PROXY_AUTHENTICATE;

use super::*;
use crate::options::AuthTarget;
use crate::target::Origin;

fn proxy() -> Place {
    Place { target: AuthTarget::Proxy, origin: Origin::parse("http://proxy.example:3128").unwrap() }
}

fn dialogue(named: AuthSchemes) -> Dialogue {
    Dialogue::new(proxy(), Credentials::from(("foo", "bar")), named, &Authentication::default())
}

fn asked(dialogue: &mut Dialogue, field: &'static str) -> Option<String> {
    let fields = HeaderMap::from_iter([(PROXY_AUTHENTICATE, HeaderValue::from_static(field))]);
    let line = Line { method: "CONNECT", uri: "a.example:443", body: Some(b"") };
    dialogue.answer(&fields, &line, [7; 16]).map(|answer| match answer {
        Answer::Field(value) => value.to_str().unwrap().to_owned(),
        Answer::Handshake(scheme) => scheme.to_string(),
    })
}

#[test]
fn basic_alone_is_shown_unasked_and_not_again() {
    let mut dialogue = dialogue(AuthSchemes::BASIC);
    assert_eq!(dialogue.unasked().unwrap(), "Basic Zm9vOmJhcg==");
    assert_eq!(asked(&mut dialogue, "Basic realm=x"), None);
}

#[test]
fn where_there_is_a_choice_the_proxy_is_asked_first() {
    let mut dialogue = dialogue(AuthSchemes::BASIC | AuthSchemes::DIGEST);
    assert_eq!(dialogue.unasked(), None);
    let answer = asked(&mut dialogue, "Basic realm=x, Digest realm=x, nonce=n, qop=auth").unwrap();
    assert!(answer.starts_with("Digest username=\"foo\", realm=\"x\", nonce=\"n\", uri=\"a.example:443\""), "{answer}");
    assert_eq!(asked(&mut dialogue, "Basic realm=x, Digest realm=x, nonce=m, qop=auth"), None, "refused");
}

#[test]
fn a_stale_nonce_is_answered_anew() {
    let mut dialogue = dialogue(AuthSchemes::DIGEST);
    assert!(asked(&mut dialogue, "Digest realm=x, nonce=n, qop=auth").unwrap().contains("nc=00000001"));
    let again = asked(&mut dialogue, "Digest realm=x, nonce=m, qop=auth, stale=true").unwrap();
    assert!(again.contains("nonce=\"m\"") && again.contains("nc=00000001"), "{again}");
    assert_eq!(asked(&mut dialogue, "Digest realm=x, nonce=o, qop=auth"), None);
}

#[test]
fn a_challenge_of_the_server_is_not_the_proxys() {
    let mut dialogue = dialogue(AuthSchemes::BASIC);
    let fields = HeaderMap::from_iter([(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=x"))]);
    let line = Line { method: "CONNECT", uri: "a.example:443", body: None };
    assert!(dialogue.answer(&fields, &line, [7; 16]).is_none());
}

#[test]
fn without_tls_basic_is_not_chosen_by_the_proxy() {
    let mut dialogue = dialogue(AuthSchemes::all());
    assert_eq!((dialogue.unasked(), asked(&mut dialogue, "Basic realm=x")), (None, None));
}

#[test]
fn what_binds_the_stream_is_a_handshake_of_its_own() {
    let mut dialogue = dialogue(AuthSchemes::all());
    let answer = asked(&mut dialogue, "Digest realm=x, nonce=n, qop=auth, NTLM");
    if cfg!(feature = "negotiate") {
        assert_eq!(answer.as_deref(), Some("NTLM"));
        assert_eq!(asked(&mut dialogue, "NTLM"), None, "refused");
    } else {
        assert!(answer.unwrap().starts_with("Digest "));
    }
}
