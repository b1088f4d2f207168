//! What servers set, what is kept of it, and what requests carry (RFC 6265bis).

mod files;

use super::*;
use crate::reason::CookieRefusal;
use crate::target::Target;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 24 * 60 * 60;

fn set_at(store: &mut Store, url: &str, line: &str, now: i64) -> Result<Change, CookieRefusal> {
    let target = Target::parse(url).unwrap();
    store.set(&Scope::of(&target), line.as_bytes(), now)
}

fn set(store: &mut Store, url: &str, line: &str) -> Result<Change, CookieRefusal> {
    set_at(store, url, line, NOW)
}

fn sent_at(store: &mut Store, url: &str, now: i64) -> String {
    let target = Target::parse(url).unwrap();
    let field = store.field(&Scope::of(&target), b"", now);
    String::from_utf8(field.unwrap_or_default()).unwrap()
}

fn sent(store: &mut Store, url: &str) -> String {
    sent_at(store, url, NOW)
}

#[test]
fn a_domain_is_the_servers_own_or_above_it_and_never_a_public_suffix() {
    use CookieRefusal::{NotItsDomain, PublicSuffix};
    let cases = [
        ("http://a.example.co.uk/", "example.co.uk", Ok(Change::Stored)),
        ("http://a.example.co.uk/", ".EXAMPLE.co.uk", Ok(Change::Stored)),
        ("http://a.example.co.uk/", "co.uk", Err(PublicSuffix)),
        ("http://a.example.co.uk/", "co.UK", Err(PublicSuffix)),
        ("http://a.example.co.uk/", "co.uk.", Err(PublicSuffix)),
        ("http://a.example.co.uk./", "co.uk.", Err(PublicSuffix)),
        ("http://a.example.co.uk/", "uk", Err(PublicSuffix)),
        ("http://a.example.co.uk/", "example.co.uk.", Err(NotItsDomain)),
        ("http://a.example.co.uk./", "example.co.uk", Ok(Change::Stored)),
        ("http://a.example.co.uk/", "b.example.co.uk", Err(NotItsDomain)),
        ("http://example.co.uk/", "a.example.co.uk", Err(NotItsDomain)),
        ("http://badexample.co.uk/", "example.co.uk", Err(NotItsDomain)),
        ("http://me.github.io/", "github.io", Err(PublicSuffix)),
        ("http://a.b.c.kobe.jp/", "b.c.kobe.jp", Ok(Change::Stored)),
        ("http://a.b.c.kobe.jp/", "kobe.jp", Err(PublicSuffix)),
        ("http://.example.com/", "example.com", Err(PublicSuffix)),
        ("http://a.xn--85x722f.xn--55qx5d.cn/", "公司.cn", Err(PublicSuffix)),
        ("http://a.xn--85x722f.xn--55qx5d.cn/", "食狮.公司.cn", Ok(Change::Stored)),
        ("http://127.0.0.1/", ".127.0.0.1", Ok(Change::Stored)),
        ("http://127.0.0.1/", "0.0.1", Err(NotItsDomain)),
        ("http://[::1]/", "[::1]", Ok(Change::Stored)),
        ("http://localhost/", "localhost", Ok(Change::Stored)),
        ("http://h.example/", ".", Err(NotItsDomain)),
        ("http://h.example/", "h.example:80", Err(NotItsDomain)),
    ];
    for (url, domain, expected) in cases {
        let mut store = Store::default();
        assert_eq!(set(&mut store, url, &format!("a=b; domain={domain}")), expected, "{domain} from {url}");
        assert_eq!(store.len(), usize::from(expected.is_ok()));
    }
}

#[test]
fn a_cookie_of_an_address_or_of_a_suffix_itself_is_for_that_host_alone() {
    let mut store = Store::default();
    for (url, domain) in
        [("http://127.0.0.1/", "127.0.0.1"), ("http://localhost/", "localhost"), ("http://github.io/", "github.io")]
    {
        set(&mut store, url, &format!("a=b; domain={domain}")).unwrap();
        assert_eq!(sent(&mut store, url), "a=b");
    }
    assert!(store.all(NOW).iter().all(Cookie::is_host_only));
    assert_eq!(sent(&mut store, "http://me.github.io/"), "");
    assert_eq!(sent(&mut store, "http://a.localhost/"), "");
}

#[test]
fn an_empty_domain_is_ignored_and_the_host_alone_is_meant() {
    let mut store = Store::default();
    set(&mut store, "http://a.example.com/", "a=b; domain=").unwrap();
    assert_eq!(sent(&mut store, "http://a.example.com./"), "a=b", "the dot of the root makes no other host");
    assert_eq!(sent(&mut store, "http://b.a.example.com/"), "");
}

#[test]
fn the_longest_path_goes_first_and_then_the_oldest_whatever_was_changed_since() {
    let mut store = Store::default();
    let url = "http://h.example/a/b";
    for line in ["one=1; path=/", "two=2; path=/a", "three=3; path=/", "four=4", "other=5; path=/c"] {
        set(&mut store, url, line).unwrap();
    }
    set(&mut store, url, "one=6; path=/").unwrap();
    assert_eq!(sent(&mut store, url), "two=2; four=4; one=6; three=3");
    assert_eq!(sent(&mut store, "http://h.example/c"), "other=5; one=6; three=3");
}

#[test]
fn names_are_told_apart_by_case_and_the_place_is_name_domain_and_path() {
    let mut store = Store::default();
    for line in ["a=1", "A=2", "a=3; path=/x", "a=4; domain=h.example"] {
        set(&mut store, "http://h.example/x/y", line).unwrap();
    }
    assert_eq!(sent(&mut store, "http://h.example/x/y"), "a=3; A=2; a=4");
}

#[test]
fn secure_cookies_go_over_https_and_are_neither_set_nor_hidden_over_http() {
    let (mut store, http, https) = (Store::default(), "http://h.example/login", "https://h.example/login");
    assert_eq!(set(&mut store, http, "a=b; Secure"), Err(CookieRefusal::SetOverHttp));
    set(&mut store, https, "a=b; Secure; path=/login").unwrap();
    assert_eq!(sent(&mut store, http), "");
    for line in
        ["a=c; path=/login", "a=c; path=/login/en", "a=c; domain=h.example; path=/login", "a=; max-age=0; path=/login"]
    {
        assert_eq!(set(&mut store, http, line), Err(CookieRefusal::HidesSecure), "{line}");
    }
    assert_eq!(
        set(&mut store, "http://sub.h.example/login", "a=c; domain=h.example; path=/login"),
        Err(CookieRefusal::HidesSecure)
    );
    assert_eq!(set(&mut store, http, "a=c; path=/"), Ok(Change::Stored), "a wider path hides nothing");
    assert_eq!(set(&mut store, http, "b=c; path=/login"), Ok(Change::Stored), "nor does another name");
    assert_eq!(sent(&mut store, https), "a=b; b=c; a=c");
    assert_eq!(set(&mut store, https, "a=d; path=/login"), Ok(Change::Stored), "who can read it may change it");
    assert_eq!(sent(&mut store, http), "a=d; b=c; a=c");
}

#[test]
fn what_does_not_leave_the_machine_is_as_good_as_secure() {
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let (mut store, url) = (Store::default(), format!("http://{host}:8080/"));
        set(&mut store, &url, "a=b; Secure").unwrap();
        assert_eq!(sent(&mut store, &url), "a=b");
    }
    assert_eq!(set(&mut Store::default(), "http://localhost.example/", "a=b; Secure"), Err(CookieRefusal::SetOverHttp));
}

#[test]
fn names_that_promise_something_are_held_to_it() {
    let broken = Err(CookieRefusal::BrokenPrefix);
    let cases = [
        ("__Secure-a=b; Secure", Ok(Change::Stored)),
        ("__Secure-a=b", broken),
        ("__secure-a=b", broken),
        ("__Host-a=b; Secure; Path=/", Ok(Change::Stored)),
        ("__Host-a=b; Secure", broken),
        ("__Host-a=b; Path=/", broken),
        ("__Host-a=b; Secure; Path=/x", broken),
        ("__Host-a=b; Secure; Path=/; Domain=h.example", broken),
        ("__HOST-a=b; Secure; Path=/; Domain=h.example", broken),
        ("__Http-a=b; Secure; HttpOnly", Ok(Change::Stored)),
        ("__Http-a=b; Secure", broken),
        ("__Host-Http-a=b; Secure; HttpOnly; Path=/", Ok(Change::Stored)),
        ("__Host-Http-a=b; Secure; Path=/", broken),
        ("__Hosta=b", Ok(Change::Stored)),
    ];
    for (line, expected) in cases {
        assert_eq!(set(&mut Store::default(), "https://h.example/", line), expected, "{line}");
    }
}

#[test]
fn values_are_octets_and_control_characters_are_refused() {
    let target = Target::parse("http://h.example/").unwrap();
    let mut store = Store::default();
    for line in [&b"a=\"x, y\""[..], b"b=\xff%00\xfe", b"c=d=e", b"d="] {
        store.set(&Scope::of(&target), line, NOW).unwrap();
    }
    let field = store.field(&Scope::of(&target), b"", NOW).unwrap();
    assert_eq!(field, b"a=\"x, y\"; b=\xff%00\xfe; c=d=e; d=");
    for line in ["a=b\u{1}", "a\0=b", "a=b; path=/\u{7f}", "a\tb=c", "a=b\r\nc"] {
        assert_eq!(set(&mut store, "http://h.example/", line), Err(CookieRefusal::ControlCharacter), "{line:?}");
    }
    assert_eq!(set(&mut store, "http://h.example/", "a=b\tc"), Ok(Change::Stored), "a tab within a value is text");
    for line in ["", "a", "=a", " = a", ";a=b"] {
        assert_eq!(set(&mut store, "http://h.example/", line), Err(CookieRefusal::NoName), "{line:?}");
    }
    assert_eq!(set(&mut store, "http://h.example/", "a=b; path=/é"), Err(CookieRefusal::BadPath));
}

#[test]
fn a_time_is_at_most_400_days_and_one_that_is_over_removes() {
    let (mut store, url) = (Store::default(), "http://h.example/");
    // RUSTSEC-2017-0005: what is too much is as much as there can be.
    for line in [
        "a=b; max-age=99999999999999999999999999999999",
        "a=b; max-age=9223372036854775807",
        "a=b; expires=Fri, 31 Dec 9999 23:59:59 GMT",
        "a=b; max-age=34560001; expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        assert_eq!(set(&mut store, url, line), Ok(Change::Stored), "{line}");
        assert_eq!(sent_at(&mut store, url, NOW + 400 * DAY - 1), "a=b", "{line}");
        assert_eq!(sent_at(&mut store, url, NOW + 400 * DAY), "", "{line}");
        assert_eq!(store.len(), 0, "it was looked for, and is gone");
    }
    for line in [
        "a=; max-age=0",
        "a=; max-age=-99999999999999999999",
        "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "a=; expires=1 Jan 1601 0:0:0",
    ] {
        set(&mut store, url, "a=b").unwrap();
        assert_eq!(set(&mut store, url, line), Ok(Change::Removed), "{line}");
        assert_eq!(store.len(), 0);
    }
    for line in ["a=b; max-age=", "a=b; max-age=-", "a=b; max-age=+1", "a=b; max-age=1x", "a=b; expires=never"] {
        set(&mut store, url, line).unwrap();
        assert!(store.all(NOW)[0].expires().is_none(), "{line}: what cannot be meant is ignored");
    }
}

#[test]
fn sizes_are_bounded() {
    let (mut store, url) = (Store::default(), "http://h.example/");
    assert_eq!(set(&mut store, url, &format!("a={}", "b".repeat(4095))), Ok(Change::Stored));
    assert_eq!(set(&mut store, url, &format!("a={}", "b".repeat(4096))), Err(CookieRefusal::TooLarge));
    let long = "x".repeat(1024);
    set(&mut store, url, &format!("c=d; path=/{long}")).unwrap();
    assert_eq!(store.all(NOW).iter().find(|cookie| cookie.name() == b"c").unwrap().path(), "/", "too long is ignored");
}

#[test]
fn a_request_carries_150_cookies_and_8190_octets_at_most() {
    let (mut store, url) = (Store::default(), "http://h.example/");
    (0..170).for_each(|i| assert_eq!(set(&mut store, url, &format!("n{i}=v")), Ok(Change::Stored)));
    assert_eq!(sent(&mut store, url).split("; ").count(), 150);
    store.clear();
    let long = "b".repeat(4000);
    for line in [format!("a={long}"), format!("b={long}"), format!("c={long}"), "d=e".to_owned()] {
        set(&mut store, url, &line).unwrap();
    }
    let field = sent(&mut store, url);
    assert!(field.len() <= 8190 && field.ends_with("; d=e") && !field.contains("c="), "{}", field.len());
}

#[test]
fn a_server_and_all_its_names_have_180_cookies_and_those_used_last_stay() {
    let mut store = Store::default();
    set(&mut store, "https://h.example/", "kept=1; Secure").unwrap();
    set(&mut store, "http://h.example/", "used=1").unwrap();
    for i in 0..1000 {
        set(&mut store, &format!("http://n{i}.h.example/"), "a=b; domain=h.example; path=/deep").unwrap();
        set(&mut store, &format!("http://n{i}.h.example/"), &format!("c{i}=d")).unwrap();
        sent(&mut store, "http://h.example/");
    }
    assert_eq!(store.len(), 180);
    assert_eq!(sent(&mut store, "https://h.example/"), "kept=1; used=1");
}

#[test]
fn a_million_names_are_4096_cookies_at_most_and_what_is_used_stays() {
    let mut store = Store::default();
    set(&mut store, "http://mine.example/", "a=b").unwrap();
    let many = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
    for i in 0..many {
        set(&mut store, &format!("http://h{i}.example/"), "a=b").unwrap();
        if i % 100 == 0 {
            assert_eq!(sent(&mut store, "http://mine.example/"), "a=b");
        }
        assert!(store.len() <= 4096);
    }
    assert!(store.len() > 3900, "{}", store.len());
    assert_eq!(store.all(NOW).len(), store.len());
}

/// P4: what reaches a host was set by one that the cookie's domain is above of, and no public suffix.
#[test]
fn p4_a_host_is_sent_only_what_was_set_by_a_host_of_the_same_domain() {
    const HOSTS: [&str; 11] = [
        "kobe.jp",
        "a.b.c.kobe.jp",
        "example.co.uk",
        "a.example.co.uk",
        "b.example.co.uk",
        "co.uk",
        "other.co.uk",
        "me.github.io",
        "you.github.io",
        "127.0.0.1",
        "h",
    ];
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..300 {
        let mut store = Store::default();
        for _ in 0..40 {
            let (by, domain) = (HOSTS[random.usize(..HOSTS.len())], HOSTS[random.usize(..HOSTS.len())]);
            let attribute = if random.bool() { format!("; domain={domain}") } else { String::new() };
            let _refused = set(&mut store, &format!("http://{by}/"), &format!("n{}={by}{attribute}", random.u8(..5)));
        }
        for host in HOSTS {
            for pair in sent(&mut store, &format!("http://{host}/")).split("; ").filter(|pair| !pair.is_empty()) {
                let (_, by) = pair.split_once('=').unwrap();
                let same = crate::policy::domains::registrable(by) == crate::policy::domains::registrable(host);
                assert!(same, "{host} is sent what {by} has set");
            }
        }
        assert!(
            store
                .all(NOW)
                .iter()
                .all(|cookie| cookie.is_host_only() || !matches!(cookie.domain(), "co.uk" | "github.io" | "h"))
        );
    }
}

#[test]
fn p7_no_value_is_shown() {
    let mut store = Store::default();
    set(&mut store, "http://h.example/", "name=s3cret").unwrap();
    let shown = format!("{:?}", store.all(NOW));
    assert!(shown.contains("name") && !shown.contains("s3cret"), "{shown}");
    assert_eq!(shown_name(b"name=s3cret; path=/"), "name");
    assert_eq!(shown_name(b"s3cret"), "");
}
