//! Challenges as servers write them, and as attackers do.

use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use super::*;

fn read(fields: &[&str]) -> Vec<(String, String)> {
    let mut map = HeaderMap::new();
    for field in fields {
        map.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(field.as_bytes()).unwrap());
    }
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let shown = |challenge: &Challenge<'_>| match &challenge.asked {
        Asked::Token68(token) => format!("68:{}", text(token)),
        Asked::Parameters(all) => {
            all.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join(";")
        }
    };
    Challenge::all(&map, &WWW_AUTHENTICATE).iter().map(|one| (text(one.scheme), shown(one))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(scheme, asked)| ((*scheme).to_owned(), (*asked).to_owned())).collect()
}

#[test]
fn rfc9110_11_6_1_a_field_holds_one_challenge_or_several() {
    assert_eq!(read(&["Basic realm=\"simple\""]), pairs(&[("Basic", "realm=simple")]));
    assert_eq!(
        read(&["Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\""]),
        pairs(&[("Basic", "realm=simple"), ("Newauth", "realm=apps;type=1;title=Login to \"apps\"")])
    );
    assert_eq!(
        read(&["Negotiate, NTLM,Basic realm=x", "Digest realm=\"a, b\", nonce=\"c\""]),
        pairs(&[("Negotiate", ""), ("NTLM", ""), ("Basic", "realm=x"), ("Digest", "realm=a, b;nonce=c")])
    );
}

#[test]
fn rfc9110_11_2_token68_is_no_parameter() {
    assert_eq!(read(&["Negotiate YII/+-._~=="]), pairs(&[("Negotiate", "68:YII/+-._~==")]));
    assert_eq!(read(&["NTLM TlRM=, Basic realm=\"x\""]), pairs(&[("NTLM", "68:TlRM="), ("Basic", "realm=x")]));
    assert_eq!(read(&["Basic realm=x, NTLM abc="]), pairs(&[("Basic", "realm=x"), ("NTLM", "68:abc=")]));
    assert_eq!(read(&["A b=c"]), pairs(&[("A", "b=c")]));
}

#[test]
fn empty_members_blanks_and_tabs_are_passed_over() {
    assert_eq!(
        read(&[" ,, Basic  realm = \"x\" ,\t, charset\t=\tUTF-8 ,", "", ","]),
        pairs(&[("Basic", "realm=x;charset=UTF-8")])
    );
}

#[test]
fn of_a_parameter_that_is_repeated_the_last_counts() {
    assert_eq!(
        read(&["Digest realm=\"x\", nonce=1, NONCE=2, algorithm=MD5, algorithm=MD5"]),
        pairs(&[("Digest", "realm=x;NONCE=2;algorithm=MD5")])
    );
}

#[test]
fn a_challenge_with_a_flaw_counts_for_nothing_and_ends_its_field() {
    for flawed in [
        "Digest realm=\"x\\\"",
        "Digest realm=\"x",
        "Digest realm=\"x\" nonce=\"y\"",
        "Digest realm=\"x\"y",
        "Digest\trealm=x",
        "Digest@x",
        "Digest a b",
    ] {
        let both = format!("Basic realm=first, {flawed}, Basic realm=\"after\"");
        assert_eq!(read(&[&both]).first(), Some(&("Basic".to_owned(), "realm=first".to_owned())), "{flawed}");
        assert!(!read(&[&both]).iter().any(|(scheme, asked)| scheme == "Digest" && !asked.is_empty()), "{flawed}");
        assert_eq!(read(&[flawed, "Basic realm=other"]).last(), Some(&("Basic".to_owned(), "realm=other".to_owned())));
    }
}

#[test]
fn what_is_kept_of_endless_challenges_is_bounded() {
    assert_eq!(read(&[&"Basic realm=x, ".repeat(2_000)]).len(), MOST);
    assert_eq!(read(&[&"Basic realm=x, ".repeat(20), &"Basic realm=y, ".repeat(20)]).len(), MOST);
    let many: String = (0..2_000).map(|n| format!(", p{n}=x")).collect();
    assert_eq!(read(&[&format!("Basic realm=x{many}")]), pairs(&[]));
}

#[test]
fn no_octets_make_the_reader_panic() {
    let mut random = fastrand::Rng::with_seed(11);
    let pieces = ["Basic", " ", "realm", "=", "\"", "\\", ",", "x", "\t", "==", "\u{e4}", "Digest nonce=\"a\", "];
    for _ in 0..20_000 {
        let text: String = (0..random.usize(0..24)).map(|_| pieces[random.usize(0..pieces.len())]).collect();
        let _read = read(&[&text]);
    }
}

#[test]
fn rfc7615_3_the_next_nonce_is_read_from_its_own_field() {
    let next = |field: &'static str| {
        let fields = HeaderMap::from_iter([(
            http::HeaderName::from_static("authentication-info"),
            HeaderValue::from_static(field),
        )]);
        (next_nonce(&fields, AuthTarget::Server), next_nonce(&fields, AuthTarget::Proxy))
    };
    assert_eq!(next("qop=auth, rspauth=\"x\", nextnonce=\"a b\""), (Some(b"a b".to_vec()), None));
    for none in ["", "qop=auth", "nextnonce=\"x", "nextnonce", "Digest nextnonce=\"x\""] {
        assert_eq!(next(none), (None, None), "{none}");
    }
}
