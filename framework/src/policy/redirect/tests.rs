//! RFC 9110 10.2.2 and 15.4, and the rules and bad inputs of curl, browsers and their advisories.

use http::HeaderValue;

use super::*;

fn target(url: &str) -> Target {
    Target::parse(url).unwrap()
}

fn headers(fields: &[(&str, &[u8])]) -> HeaderMap {
    let field = |(name, value): &(&str, &[u8])| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap())
    };
    fields.iter().map(field).collect()
}

struct Case {
    method: Method,
    at: &'static str,
    status: u16,
    options: RedirectOptions,
    hops: u32,
}

impl Case {
    fn new(status: u16) -> Self {
        Self {
            method: Method::GET,
            at: "http://a.test/dir/page?q=1",
            status,
            options: RedirectOptions::default(),
            hops: 0,
        }
    }

    fn to(&self, locations: &[&[u8]]) -> Verdict {
        let fields: Vec<_> = locations.iter().map(|location| ("location", *location)).collect();
        judge(
            &Answered {
                method: &self.method,
                target: &target(self.at),
                status: StatusCode::from_u16(self.status).unwrap(),
                headers: &headers(&fields),
                hops: self.hops,
            },
            &self.options,
            |_| None,
        )
    }

    fn leads(&self, location: &[u8]) -> Hop {
        match self.to(&[location]) {
            Verdict::Follow(hop) => hop,
            other => panic!("{other:?} for {:?}", String::from_utf8_lossy(location)),
        }
    }
}

fn refused(location: &[u8]) -> Error {
    match Case::new(302).to(&[location]) {
        Verdict::Refuse(refusal) => refusal.into_error(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rfc9110_15_4_what_becomes_of_method_and_body() {
    let table = [
        (301, Method::GET, Method::GET, false),
        (302, Method::GET, Method::GET, false),
        (303, Method::GET, Method::GET, true),
        (307, Method::GET, Method::GET, false),
        (308, Method::GET, Method::GET, false),
        (301, Method::POST, Method::GET, true),
        (302, Method::POST, Method::GET, true),
        (303, Method::POST, Method::GET, true),
        (307, Method::POST, Method::POST, false),
        (308, Method::POST, Method::POST, false),
        (301, Method::PUT, Method::PUT, false),
        (302, Method::DELETE, Method::DELETE, false),
        (303, Method::PUT, Method::GET, true),
        (303, Method::HEAD, Method::HEAD, true),
        (301, Method::HEAD, Method::HEAD, false),
        (308, Method::PATCH, Method::PATCH, false),
    ];
    for (status, method, becomes, drops_body) in table {
        let hop = Case { method: method.clone(), ..Case::new(status) }.leads(b"/next");
        assert_eq!((hop.method, hop.drops_body), (becomes, drops_body), "{status} {method}");
    }
}

#[test]
fn statuses_that_are_no_redirect_and_a_location_that_says_nothing_are_delivered() {
    for status in [200, 201, 300, 304, 305, 306, 399, 401, 500] {
        assert_eq!(Case::new(status).to(&[b"/next"]), Verdict::Deliver, "{status}");
    }
    for status in [301, 302, 303, 307, 308] {
        assert_eq!(Case::new(status).to(&[]), Verdict::Deliver);
        assert_eq!(Case::new(status).to(&[b""]), Verdict::Deliver);
        let never = Case { options: RedirectPolicy::Never.into(), ..Case::new(status) };
        assert_eq!(never.to(&[b"/next"]), Verdict::Deliver);
        assert_eq!(never.to(&[b"file:///etc/passwd"]), Verdict::Deliver, "what is not followed is not judged");
    }
}

#[test]
fn rfc9110_10_2_2_a_location_is_read_from_where_it_was_met() {
    let table: [(&[u8], &str); 18] = [
        (b"/next", "http://a.test/next"),
        (b"next", "http://a.test/dir/next"),
        (b"../up?x=y", "http://a.test/up?x=y"),
        (b"?only=query", "http://a.test/dir/page?only=query"),
        (b"#part", "http://a.test/dir/page?q=1"),
        (b"//b.test/x", "http://b.test/x"),
        (b"http://b.test:8080", "http://b.test:8080/"),
        (b"HTTPS://B.Test/", "https://b.test/"),
        (b"http://b.test:80/", "http://b.test/"),
        (b"  /trimmed \t", "http://a.test/trimmed"),
        (b"/a b", "http://a.test/a%20b"),
        (b"/a\tb", "http://a.test/a%09b"),
        ("/gr\u{fc}n".as_bytes(), "http://a.test/gr%C3%BCn"),
        (b"/gr\xfcn", "http://a.test/gr%FCn"),
        (b"/kept%2Fas%20it%20is", "http://a.test/kept%2Fas%20it%20is"),
        ("http://b\u{fc}cher.test/".as_bytes(), "http://xn--bcher-kva.test/"),
        (b"\\\\b.test\\x", "http://b.test/x"),
        (b"http://[::1]:81/", "http://[::1]:81/"),
    ];
    for (location, url) in table {
        assert_eq!(Case::new(302).leads(location).target.url(), url, "{:?}", String::from_utf8_lossy(location));
    }
}

#[test]
fn rfc9110_10_2_2_a_fragment_is_inherited_unless_the_location_has_its_own() {
    let case = Case { at: "http://a.test/page#here", ..Case::new(302) };
    assert_eq!(case.leads(b"/next").target.fragment(), Some("here"));
    assert_eq!(case.leads(b"/next#there").target.fragment(), Some("there"));
    assert_eq!(case.leads(b"/next#").target.fragment(), Some(""), "one of nothing is its own");
    assert_eq!(Case::new(302).leads(b"/next").target.fragment(), None);
}

#[test]
fn userinfo_in_a_location_is_nobodys_credentials_and_is_left_out() {
    for location in [&b"http://user:s3cret@b.test/x"[..], b"//user@b.test/x", b"http://:s3cret@b.test/x"] {
        let hop = Case::new(302).leads(location);
        assert_eq!(hop.target.url(), "http://b.test/x");
    }
}

#[test]
fn only_http_and_https_are_followed() {
    for (location, scheme) in [
        (&b"file:///etc/passwd"[..], "file"),
        (b"javascript:alert(1)", "javascript"),
        (b"data:,x", "data"),
        (b"ftp://b.test/", "ftp"),
        (b"ws://b.test/", "ws"),
        (b"mailto:someone@b.test", "mailto"),
    ] {
        let error = refused(location);
        assert_eq!((error.code(), error.blame()), (ErrorCode::UnrecognizedScheme, Blame::Peer), "{scheme}");
        assert!(error.to_string().contains(scheme), "{error}");
    }
    let endless = [b"x".repeat(5000), b":y".to_vec()].concat();
    assert!(refused(&endless).to_string().len() < 300, "a stranger's word is shown in part");
}

#[test]
fn what_is_no_url_is_an_error_of_the_servers_and_never_a_request() {
    for location in
        [&b"http://"[..], b"http://b.test:99999/", b"http://b.test:0/", b"http://[::1/", b"http://a b/", b"http://%00/"]
    {
        let error = refused(location);
        assert_eq!((error.code(), error.blame()), (ErrorCode::InvalidServerResponse, Blame::Peer), "{error}");
    }
}

#[test]
fn two_places_at_once_are_none_and_one_place_said_twice_is_one() {
    assert_eq!(Case::new(302).to(&[b"/a", b"/b"]), Verdict::Refuse(Refusal::Ambiguous));
    assert!(matches!(Case::new(302).to(&[b"/a", b"/a"]), Verdict::Follow(_)));
}

#[test]
fn winhttp_policy_https_to_http_is_forbidden_unless_asked_for() {
    let secure = Case { at: "https://a.test/", ..Case::new(302) };
    assert_eq!(secure.to(&[b"http://a.test/"]), Verdict::Refuse(Refusal::FromHttpsToHttp));
    assert_eq!(secure.leads(b"https://b.test/").target.url(), "https://b.test/");
    let always = Case { options: RedirectPolicy::Always.into(), at: "https://a.test/", ..Case::new(302) };
    assert_eq!(always.leads(b"http://a.test/").target.url(), "http://a.test/");
    assert_eq!(Case::new(302).leads(b"https://a.test/").target.url(), "https://a.test/");
    let error = Refusal::FromHttpsToHttp.into_error();
    assert_eq!((error.code().number(), error.stage()), (12156, Stage::Redirect));
}

#[test]
fn winhttp_option_89_so_many_in_a_row_and_no_more() {
    assert!(matches!(Case { hops: 9, ..Case::new(302) }.to(&[b"/a"]), Verdict::Follow(_)));
    assert_eq!(Case { hops: 10, ..Case::new(302) }.to(&[b"/a"]), Verdict::Refuse(Refusal::TooMany { limit: 10 }));
    let none = RedirectOptions { limit: 0, ..RedirectOptions::default() };
    assert_eq!(Case { options: none, ..Case::new(302) }.to(&[b"/a"]), Verdict::Refuse(Refusal::TooMany { limit: 0 }));
    assert_eq!(Refusal::TooMany { limit: 10 }.into_error().code().number(), 12156);
}

#[test]
fn the_fields_of_a_body_go_with_it() {
    let mut fields = headers(&[
        ("content-type", b"text/plain"),
        ("content-length", b"5"),
        ("content-language", b"en"),
        ("content-encoding", b"gzip"),
        ("content-location", b"/x"),
        ("transfer-encoding", b"chunked"),
        ("expect", b"100-continue"),
        ("trailer", b"x-sum"),
        ("digest", b"sha-256=x"),
        ("accept", b"*/*"),
        ("x-own", b"1"),
    ]);
    without_body(&mut fields);
    let mut left: Vec<_> = fields.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["accept", "x-own"]);
}

#[test]
fn what_is_for_one_origin_stays_there() {
    let mut secret = HeaderValue::from_static("marked");
    secret.set_sensitive(true);
    let mut fields = headers(&[
        ("authorization", b"Bearer x"),
        ("cookie", b"a=b"),
        ("cookie2", b"a=b"),
        ("proxy-authorization", b"Basic x"),
        ("host", b"a.test"),
        ("x-api-key", b"listed"),
        ("x-marked", b"in part"),
        ("referer", b"http://a.test/"),
        ("accept", b"*/*"),
    ]);
    fields.append("x-marked", secret);
    let options =
        RedirectOptions { sensitive: vec![HeaderName::from_static("x-api-key")], ..RedirectOptions::default() };
    let (from, to) = (target("https://a.test/"), target("https://b.test/"));
    let names = |fields: &HeaderMap| {
        let mut names: Vec<_> = fields.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names
    };
    let mut left = fields.clone();
    assert!(without_secrets(&mut left, &from, &to, &options));
    assert_eq!(names(&left), ["accept", "referer"]);
    let mut left = fields.clone();
    without_secrets(&mut left, &from, &target("http://b.test/"), &options);
    assert_eq!(names(&left), ["accept"], "no word of a secure place where anybody may read it");
    let trusting = RedirectOptions { danger_keep_credentials: true, ..options };
    assert!(!without_secrets(&mut fields, &from, &to, &trusting));
    assert!(fields.contains_key("authorization") && !fields.contains_key("host"), "but never the name of another host");
}

#[test]
fn rfc6797_8_3_a_host_that_wants_https_is_not_gone_back_to_by_http() {
    let case = Case { at: "https://a.test/", ..Case::new(302) };
    assert_eq!(case.to(&[b"http://b.test/x"]), Verdict::Refuse(Refusal::FromHttpsToHttp));
    let answered = Answered {
        method: &Method::GET,
        target: &target("https://a.test/"),
        status: StatusCode::FOUND,
        headers: &headers(&[("location", b"http://b.test/x")]),
        hops: 0,
    };
    let Verdict::Follow(hop) = judge(&answered, &RedirectOptions::default(), Target::by_https) else {
        panic!("refused")
    };
    assert_eq!(hop.target, target("https://b.test/x"));
}

/// RFC 9110 section 7.1: the URI of a server as a whole has no path, and that is what a `Location` is relative to.
#[test]
fn where_the_server_as_a_whole_was_asked_it_is_redirected_from_its_root() {
    let origin = crate::target::Origin::parse("http://a.test:81").unwrap();
    let asked = Target::on(&origin, "*", true).unwrap();
    for (location, leads_to) in [
        (&b"x"[..], "http://a.test:81/x"),
        (b"/x", "http://a.test:81/x"),
        (b"?x", "http://a.test:81/?x"),
        (b"*", "http://a.test:81/*"),
        (b"//b.test", "http://b.test/"),
    ] {
        let headers = headers(&[("location", location)]);
        let (method, status) = (&Method::OPTIONS, StatusCode::TEMPORARY_REDIRECT);
        let answered = Answered { method, target: &asked, status, headers: &headers, hops: 0 };
        let verdict = judge(&answered, &RedirectOptions::default(), |_| None);
        let Verdict::Follow(hop) = verdict else { panic!("{verdict:?}") };
        assert_eq!((hop.method, hop.target.url()), (Method::OPTIONS, leads_to.to_owned()));
    }
}
