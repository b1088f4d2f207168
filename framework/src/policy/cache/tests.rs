//! The rules of RFC 9111 for a private cache, each with an example; and what a hostile server may say.

use std::time::UNIX_EPOCH;

use http::HeaderValue;

use super::*;

const NOW: u64 = 1_794_056_709;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW + seconds)
}

fn fields(of: &[(&'static str, &str)]) -> HeaderMap {
    of.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn salt() -> Salt {
    Salt::of(&[7; 32])
}

fn asked(of: &[(&'static str, &str)]) -> Asked {
    Asked::new(&fields(of), &fields(&[("accept", "*/*")]), &salt())
}

fn stored_for(asking: &Asked, of: &[(&'static str, &str)]) -> Option<Arc<Stored>> {
    let candidate = Candidate::new(asking, StatusCode::OK, &fields(of), at(0))?;
    candidate.with_body(bytes::Bytes::from_static(b"body")).map(Arc::new)
}

fn stored(of: &[(&'static str, &str)]) -> Option<Arc<Stored>> {
    stored_for(&asked(&[]), of)
}

fn said(mode: CacheMode, stored: Option<Arc<Stored>>, asking: &Asked, after: u64) -> &'static str {
    match answer(mode, stored, asking, at(after)) {
        Answer::Take { stale: false, .. } => "fresh",
        Answer::Take { .. } => "stale",
        Answer::Validate { .. } => "validate",
        Answer::Fetch => "fetch",
        Answer::Fail => "fail",
    }
}

fn standard(of: &[(&'static str, &str)], after: u64) -> &'static str {
    said(CacheMode::Standard, stored(of), &asked(&[]), after)
}

#[test]
fn what_was_stored_before_the_clock_was_set_back_is_validated() {
    let kept = || stored(&[("cache-control", "max-age=600")]);
    let said =
        |mode: CacheMode, earlier: u64| match answer(mode, kept(), &asked(&[]), at(0) - Duration::from_secs(earlier)) {
            Answer::Take { stale: false, .. } => "taken",
            Answer::Take { .. } => "taken, though stale",
            Answer::Validate { .. } => "validate",
            other => panic!("{other:?}"),
        };
    assert_eq!(said(CacheMode::Standard, 60), "taken", "it was set right");
    assert_eq!(said(CacheMode::Standard, 61), "validate");
    assert_eq!(said(CacheMode::Standard, 24 * 60 * 60), "validate");
    assert_eq!(said(CacheMode::Offline, 24 * 60 * 60), "taken, though stale", "there is nobody to ask");
}

#[test]
fn rfc9111_4_2_what_is_fresh_answers_and_what_is_stale_is_validated() {
    assert_eq!(standard(&[("cache-control", "max-age=60")], 59), "fresh");
    assert_eq!(standard(&[("cache-control", "max-age=60")], 60), "validate");
    assert_eq!(standard(&[("cache-control", "max-age=60"), ("age", "30")], 31), "validate");
    assert_eq!(standard(&[("cache-control", "private, max-age=60")], 1), "fresh", "we are a private cache");
    assert_eq!(standard(&[("cache-control", "s-maxage=0, max-age=60")], 1), "fresh", "and no shared one");
    assert_eq!(standard(&[("cache-control", "no-cache"), ("etag", "\"a\"")], 0), "validate");
    let heuristic = [("date", "Sat, 07 Nov 2026 13:05:09 GMT"), ("last-modified", "Sat, 07 Nov 2026 12:05:09 GMT")];
    assert_eq!(standard(&heuristic, 359), "fresh", "a tenth of its age (section 4.2.2)");
    assert_eq!(standard(&heuristic, 360), "validate");
}

#[test]
fn rfc9111_3_what_must_not_be_stored_is_not() {
    for none in [
        &[("cache-control", "no-store, max-age=60")][..],
        &[("cache-control", "max-age=60"), ("vary", "*")],
        &[("cache-control", "max-age=60"), ("vary", "accept, *")],
        &[("cache-control", "max-age=0")],
        &[("cache-control", "no-cache")],
        &[],
    ] {
        assert!(stored(none).is_none(), "{none:?}");
    }
    assert!(stored_for(&asked(&[("cache-control", "no-store")]), &[("cache-control", "max-age=60")]).is_none());
    for status in [206, 304, 500, 100] {
        let status = StatusCode::from_u16(status).unwrap();
        assert!(
            Candidate::new(&asked(&[]), status, &fields(&[("cache-control", "max-age=9")]), at(0)).is_none(),
            "{status}"
        );
    }
    let short = Candidate::new(
        &asked(&[]),
        StatusCode::OK,
        &fields(&[("cache-control", "max-age=9"), ("content-length", "5")]),
        at(0),
    );
    assert!(short.unwrap().with_body(bytes::Bytes::from_static(b"body")).is_none(), "it has 4 octets");
}

#[test]
fn rfc9111_4_1_vary_and_who_asks_choose_the_response() {
    let german = asked(&[("accept-language", "de")]);
    let varies = [("cache-control", "max-age=60"), ("vary", "Accept-Language")];
    let stored = stored_for(&german, &varies);
    assert_eq!(said(CacheMode::Standard, stored.clone(), &german, 1), "fresh");
    assert_eq!(said(CacheMode::Standard, stored.clone(), &asked(&[("accept-language", "fr")]), 1), "fetch");
    assert_eq!(said(CacheMode::Standard, stored, &asked(&[]), 1), "fetch");
    let alice = asked(&[("authorization", "Basic alice")]);
    let hers = stored_for(&alice, &[("cache-control", "max-age=60")]);
    assert_eq!(said(CacheMode::Standard, hers.clone(), &alice, 1), "fresh");
    assert_eq!(said(CacheMode::Standard, hers.clone(), &asked(&[("authorization", "Basic bob")]), 1), "fetch");
    assert_eq!(said(CacheMode::Standard, hers.clone(), &asked(&[]), 1), "fetch");
    let by_cookie =
        stored_for(&asked(&[("cookie", "id=s3cret")]), &[("cache-control", "max-age=60"), ("vary", "cookie")]);
    assert_eq!(said(CacheMode::Standard, by_cookie.clone(), &asked(&[("cookie", "id=s3cret")]), 1), "fresh");
    assert_eq!(said(CacheMode::Standard, by_cookie.clone(), &asked(&[("cookie", "id=other")]), 1), "fetch");
    let shown = format!("{hers:?} {by_cookie:?} {}", by_cookie.as_ref().unwrap().variant());
    assert!(!shown.contains("alice") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn rfc9111_5_2_1_the_request_has_a_say() {
    let kept = || stored(&[("cache-control", "max-age=60"), ("etag", "\"a\"")]);
    let with = |value| asked(&[("cache-control", value)]);
    assert_eq!(said(CacheMode::Standard, kept(), &with("no-cache"), 1), "validate");
    assert_eq!(said(CacheMode::Standard, kept(), &asked(&[("pragma", "no-cache")]), 1), "validate");
    assert_eq!(said(CacheMode::Standard, kept(), &with("max-age=10"), 11), "validate");
    assert_eq!(said(CacheMode::Standard, kept(), &with("min-fresh=50"), 11), "validate");
    assert_eq!(said(CacheMode::Standard, kept(), &with("max-stale=30"), 80), "stale");
    assert_eq!(said(CacheMode::Standard, kept(), &with("max-stale"), 8000), "stale");
}

#[test]
fn a_mode_decides_what_may_be_taken_and_stored() {
    let kept = || stored(&[("cache-control", "max-age=60")]);
    assert_eq!(said(CacheMode::Offline, kept(), &asked(&[]), 6000), "stale");
    assert_eq!(said(CacheMode::Offline, kept(), &asked(&[]), 1), "fresh");
    assert_eq!(said(CacheMode::Offline, None, &asked(&[]), 1), "fail");
    assert_eq!(said(CacheMode::IfNetworkFails, kept(), &asked(&[]), 60), "validate");
    let table = |mode: CacheMode| (mode.reads(), mode.writes());
    assert_eq!(table(CacheMode::Standard), (true, true));
    assert_eq!(table(CacheMode::Reload), (false, true));
    assert_eq!(table(CacheMode::NoWrite), (true, false));
    assert_eq!(table(CacheMode::Offline), (true, false));
    assert_eq!(table(CacheMode::IfNetworkFails), (true, true));
    assert_eq!(table(CacheMode::Off), (false, false));
    let mut said = HeaderMap::new();
    adds(CacheMode::Reload, &mut said, None);
    assert_eq!(said[CACHE_CONTROL], "no-cache");
}

#[test]
fn a_range_a_condition_of_ones_own_and_other_methods_are_their_callers_affair() {
    let none = HeaderMap::new();
    assert!(takes_part(&Method::GET, &fields(&[("accept", "*/*")]), &none));
    for own in ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"] {
        assert!(!takes_part(&Method::GET, &fields(&[(own, "x")]), &none), "{own}");
        assert!(!takes_part(&Method::GET, &none, &fields(&[(own, "x")])), "{own}, as all requests have it");
    }
    assert!(!takes_part(&Method::POST, &none, &none) && !takes_part(&Method::HEAD, &none, &none));
}

#[test]
fn rfc9111_4_3_validators_are_asked_with_and_a_304_brings_fields_up_to_date() {
    let kept = stored(&[
        ("cache-control", "max-age=60"),
        ("etag", "W/\"a\""),
        ("last-modified", "Sat, 07 Nov 2026 12:05:09 GMT"),
        ("content-length", "4"),
        ("set-cookie", "a=1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("age", "5"),
    ])
    .unwrap();
    assert!(!kept.fields.contains_key("x-hop") && !kept.fields.contains_key("connection"));
    let mut sent = HeaderMap::new();
    adds(CacheMode::Standard, &mut sent, Some(&kept));
    assert_eq!(
        (&sent[IF_NONE_MATCH], &sent[IF_MODIFIED_SINCE]),
        (&HeaderValue::from_static("W/\"a\""), &HeaderValue::from_static("Sat, 07 Nov 2026 12:05:09 GMT"))
    );
    let said_304 = [
        ("etag", "\"a\""),
        ("cache-control", "max-age=100"),
        ("content-length", "0"),
        ("x-new", "1"),
        ("set-cookie", "b=2"),
    ];
    let fresh = kept.refreshed(&fields(&said_304), at(60)).unwrap();
    assert_eq!(
        (&fresh.fields["content-length"], &fresh.fields["x-new"], &fresh.fields["set-cookie"]),
        (&HeaderValue::from_static("4"), &HeaderValue::from_static("1"), &HeaderValue::from_static("b=2"))
    );
    assert_eq!(said(CacheMode::Standard, Some(Arc::new(fresh)), &asked(&[]), 159), "fresh");
    assert!(kept.refreshed(&fields(&[("etag", "\"b\"")]), at(60)).is_none(), "of another");
    assert!(kept.refreshed(&fields(&[]), at(60)).is_some(), "a server that says nothing means what it was asked of");
    assert!(kept.refreshed(&fields(&[("last-modified", "Sat, 07 Nov 2026 12:05:10 GMT")]), at(60)).is_none());
}

#[test]
fn rfc9111_4_4_an_unsafe_method_invalidates_what_it_names_of_its_own_origin() {
    let target = Target::parse("http://a.example/list?q").unwrap();
    let of = |method: Method, status, said: &[(&'static str, &str)]| {
        invalidated(&method, &target, StatusCode::from_u16(status).unwrap(), &fields(said))
    };
    assert_eq!(
        of(Method::POST, 201, &[("location", "/new"), ("content-location", "http://b.example/x")]),
        ["http://a.example/list?q", "http://a.example/new"]
    );
    assert_eq!(of(Method::DELETE, 302, &[]), ["http://a.example/list?q"]);
    assert!(of(Method::POST, 500, &[]).is_empty() && of(Method::GET, 200, &[("location", "/new")]).is_empty());
    assert_eq!(
        of(Method::PUT, 204, &[("location", "\u{7f}")].map(|_| ("location", "http://["))),
        ["http://a.example/list?q"]
    );
}

#[test]
fn what_a_hostile_server_says_is_survived() {
    for age in ["18446744073709551615", "99999999999999999999999", "-1", "x", ""] {
        for lifetime in [
            "max-age=18446744073709551615",
            "max-age=99999999999999999999",
            "max-age=-1",
            "max-age",
            "=,=,,",
            "max-age=1, max-age=2",
            "immutable",
        ] {
            let of = [
                ("age", age),
                ("cache-control", lifetime),
                ("etag", "x"),
                ("expires", "Fri, 31 Dec 9999 23:59:59 GMT"),
                ("date", "0"),
                ("last-modified", "Thu, 01 Jan 1970 00:00:00 GMT"),
                ("warning", "199 a"),
            ];
            if let Some(stored) = stored(&of) {
                for after in [0, 1, u64::from(u32::MAX)] {
                    let _any = said(
                        CacheMode::Standard,
                        Some(Arc::clone(&stored)),
                        &asked(&[("cache-control", "max-stale=18446744073709551615")]),
                        after,
                    );
                    let _any = said(CacheMode::Standard, Some(Arc::clone(&stored)), &asked(&[]), after);
                }
            }
        }
    }
}

#[test]
fn the_least_recently_used_goes_when_there_is_no_room() {
    let key = |url: &str, variant: &str| Key { url: url.into(), variant: variant.into() };
    let mut lru = Lru::new(100);
    assert!(lru.insert(key("a", ""), 40).is_empty() && lru.insert(key("b", ""), 40).is_empty());
    lru.touch(&key("a", ""));
    assert_eq!(lru.insert(key("c", ""), 40), [key("b", "")]);
    assert_eq!((lru.len(), lru.taken()), (2, 80));
    assert!(lru.insert(key("a", ""), 60).is_empty(), "it takes the place of the old one");
    assert_eq!(lru.taken(), 100);
    assert_eq!(lru.insert(key("d", ""), 101), [key("c", ""), key("a", ""), key("d", "")], "too large for all of it");
    assert_eq!((lru.len(), lru.taken()), (0, 0));
    let gone: Vec<_> = (0..20).flat_map(|n| lru.insert(key("u", &n.to_string()), 1)).collect();
    assert_eq!(gone.len(), 4, "of one URL 16 variants are kept");
    assert_eq!(lru.of_url("u")[0], key("u", "4"));
    lru.of_url("u").iter().for_each(|key| lru.remove(key));
    assert!(lru.of_url("u").is_empty() && lru.by_url.is_empty() && lru.order.is_empty());
}

#[test]
fn no_value_that_is_said_to_be_sensitive_is_kept() {
    let asking = |key: &'static str| {
        let mut value = HeaderValue::from_static(key);
        value.set_sensitive(true);
        Asked::new(&HeaderMap::from_iter([(HeaderName::from_static("x-api-key"), value)]), &HeaderMap::new(), &salt())
    };
    let said = [("cache-control", "max-age=60"), ("vary", "x-api-key")];
    let kept = stored_for(&asking("planted-secret"), &said).unwrap();
    assert!(
        kept.asked.fields().iter().all(|(_, value)| value != "planted-secret") && !kept.variant().contains("planted")
    );
    assert!(kept.matches(&asking("planted-secret")) && !kept.matches(&asking("another")));
}
