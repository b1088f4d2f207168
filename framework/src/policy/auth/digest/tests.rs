//! Digest by the vectors of RFC 2069, 2617 and 7616, and what is made of challenges that are odd.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

use super::*;

fn question(field: &str) -> Option<Question> {
    let fields = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_bytes(field.as_bytes()).unwrap())]);
    Question::read(Challenge::all(&fields, &WWW_AUTHENTICATE).first()?)
}

fn line(uri: &str) -> Line<'_> {
    Line { method: "GET", uri, body: Some(b"") }
}

fn turn(cnonce: &str) -> Turn<'_> {
    Turn { cnonce, count: 1, began_with: None }
}

fn answer(field: &str, (user, password): (&str, &str), line: &Line<'_>, turn: &Turn<'_>) -> String {
    String::from_utf8(question(field).unwrap().answer(user, password, line, turn).unwrap()).unwrap()
}

fn part<'a>(answer: &'a str, name: &str) -> &'a str {
    let from = answer.find(&format!("{name}=")).unwrap() + name.len() + 1;
    answer[from..].split(", ").next().unwrap().trim_matches('"')
}

const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");

#[test]
fn rfc7616_3_9_1_sha_256_and_md5() {
    for (algorithm, response) in [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ] {
        let field = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        assert_eq!(
            answer(&field, MUFASA, &line("/dir/index.html"), &turn(cnonce)),
            format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", cnonce=\"{cnonce}\", \
                 nc=00000001, qop=auth, response=\"{response}\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", algorithm={algorithm}"
            )
        );
    }
}

/// With the hashes of erratum 4897: those of the RFC's own text are of SHA-512 cut short, which is another function.
#[test]
fn rfc7616_3_9_2_sha_512_256_with_the_users_name_hashed() {
    let field = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
                 nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
                 opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";
    let doe = ("J\u{e4}s\u{f8}n Doe", "Secret, or not?");
    let answer = answer(field, doe, &line("/doe.json"), &turn("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"));
    assert_eq!(part(&answer, "username"), "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
    assert_eq!(part(&answer, "response"), "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    assert!(answer.ends_with(", userhash=true"), "{answer}");
}

#[test]
fn rfc2617_3_5_and_rfc2069_2_4_are_answered_still() {
    let nonce = "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let with_qop = format!("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", {nonce}");
    let answered = answer(&with_qop, ("Mufasa", "Circle Of Life"), &line("/dir/index.html"), &turn("0a4f113b"));
    assert_eq!(part(&answered, "response"), "6629fae49393a05397450978507c4ef1");
    assert!(!answered.contains("algorithm"), "an old server need not know the word: {answered}");
    // RFC 2069's own example, with the response of its erratum 749.
    let without = format!("Digest realm=\"testrealm@host.com\", {nonce}");
    let answered = answer(&without, ("Mufasa", "CircleOfLife"), &line("/dir/index.html"), &turn("0a4f113b"));
    assert_eq!(part(&answered, "response"), "1949323746fe6a43ef61f9606e7febea");
    for absent in ["cnonce", "nc=", "qop", "algorithm"] {
        assert!(!answered.contains(absent), "{absent}: {answered}");
    }
}

#[test]
fn curl_test_64_the_bytes_are_curls() {
    assert_eq!(
        answer(
            "Digest realm=\"testrealm\", nonce=\"1053604145\"",
            ("testuser", "testpass"),
            &line("/64\""),
            &turn("x")
        ),
        "Digest username=\"testuser\", realm=\"testrealm\", nonce=\"1053604145\", uri=\"/64\\\"\", \
         response=\"1ee14b238b3259f17602e9ce41491ef9\""
    );
}

#[test]
fn rfc7616_3_4_2_the_key_of_a_session_is_that_of_its_first_nonce() {
    let field = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5-sess";
    let md5 = |parts: &[&[u8]]| String::from_utf8(Algorithm::MD5.hash(parts).as_bytes().to_vec()).unwrap();
    let expect = |began_with: &str| {
        let key = md5(&[md5(&[b"u", b"r", b"p"]).as_bytes(), began_with.as_bytes(), b"c"]);
        md5(&[key.as_bytes(), b"n", b"00000001", b"c", b"auth", md5(&[b"GET", b"/"]).as_bytes()])
    };
    let first = answer(field, ("u", "p"), &line("/"), &turn("c"));
    assert_eq!(part(&first, "response"), expect("n"));
    let later = answer(field, ("u", "p"), &line("/"), &Turn { began_with: Some(b"before"), ..turn("c") });
    assert_eq!(part(&later, "response"), expect("before"));
}

#[test]
fn rfc7616_3_4_3_auth_int_covers_the_body_and_needs_all_of_it() {
    let field = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"";
    let line = |body| Line { method: "POST", uri: "/", body };
    let response = |body| part(&answer(field, ("u", "p"), &line(Some(body)), &turn("c")), "response").to_owned();
    assert_ne!(response(b"a"), response(b"b"));
    assert!(answer(field, ("u", "p"), &line(Some(b"a")), &turn("c")).contains("qop=auth-int"));
    assert_eq!(question(field).unwrap().answer("u", "p", &line(None), &turn("c")), None);
}

#[test]
fn rfc7616_3_4_a_user_that_is_not_ascii_is_told_by_username_star() {
    let with = |more: &str| format!("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"{more}");
    let told = |more: &str, user: &str| {
        let question = question(&with(more)).unwrap();
        let answer = question.answer(user, "p", &line("/"), &turn("c")).unwrap();
        String::from_utf8(answer).unwrap().split(", realm").next().unwrap().to_owned()
    };
    assert_eq!(told(", charset=UTF-8", "J\u{e4}s\u{f8}n Doe"), "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe");
    assert_eq!(told(", charset=UTF-8", "Jason \"Doe\""), "Digest username=\"Jason \\\"Doe\\\"\"");
    assert_eq!(told("", "J\u{e4}s"), "Digest username=\"J\u{e4}s\"");
}

#[test]
fn what_quotes_and_backslashes_stand_for_is_hashed_and_they_are_sent_again() {
    let answered = answer("Digest realm=\"a \\\"b\\\" c\", nonce=\"n\\\\m\"", ("u", "p"), &line("/"), &turn("c"));
    assert!(answered.contains("realm=\"a \\\"b\\\" c\", nonce=\"n\\\\m\""), "{answered}");
    let md5 = |parts: &[&[u8]]| String::from_utf8(Algorithm::MD5.hash(parts).as_bytes().to_vec()).unwrap();
    let a1 = md5(&[b"u", b"a \"b\" c", b"p"]);
    assert_eq!(part(&answered, "response"), md5(&[a1.as_bytes(), b"n\\m", md5(&[b"GET", b"/"]).as_bytes()]));
}

#[test]
fn a_challenge_that_cannot_be_answered_is_none() {
    let long = "x".repeat(LONGEST + 1);
    for field in [
        "Digest realm=\"r\"",
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1",
        "Digest realm=\"r\", nonce=\"n\", qop=\"magic\"",
        "Digest realm=\"r\", nonce=\"n\", qop=\"\"",
        "Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess",
        &format!("Digest realm=\"{long}\", nonce=\"n\""),
        &format!("Digest realm=\"r\", nonce=\"{long}\""),
        &format!("Digest realm=\"r\", nonce=\"n\", opaque=\"{long}\""),
    ] {
        assert!(question(field).is_none(), "{}", &field[..field.len().min(60)]);
    }
}

#[test]
fn words_of_a_challenge_are_read_in_any_case_quoted_or_not() {
    let question =
        question("dIGEST Realm=r, NONCE=\"n\", Stale=TRUE, Algorithm=\"sha-256\", QOP=AUTH-INT, userhash=\"True\"");
    let question = question.unwrap();
    assert!(question.is_stale && question.wants_user_hashed && question.qop.auth_int && !question.qop.auth);
    assert_eq!(question.algorithm.name(), "SHA-256");
}

#[test]
fn a_domain_is_bounded() {
    let with = |domain: String| question(&format!("Digest realm=r, nonce=n, domain=\"{domain}\"")).unwrap().domain;
    assert_eq!(with("/a  http://b/c".into()).len(), 2);
    assert_eq!(with("/a ".repeat(500)).len(), MOST_OF_DOMAIN);
    assert_eq!(with("a".repeat(LONGEST + 1)).len(), 0);
}
