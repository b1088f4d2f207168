//! Patterns and the origins they mean.

use super::*;

fn pattern(text: &str) -> OriginPattern {
    OriginPattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn means(text: &str, origin: &str) -> bool {
    pattern(text).means(&Origin::parse(origin).unwrap())
}

#[test]
fn a_star_means_all_and_what_is_left_out_may_be_anything() {
    for origin in ["http://a", "https://a.b.example:8443", "http://[::1]", "http://127.0.0.1:81"] {
        assert!(means("*", origin), "{origin}");
    }
    assert!(means("https://*", "https://a:8443") && !means("https://*", "http://a"));
    assert!(means("*:8443", "http://a:8443") && !means("*:8443", "http://a"));
    assert!(means("api.example.com", "http://api.example.com:81"));
    assert!(means("http://api.example.com", "http://api.example.com:81"));
}

#[test]
fn a_star_before_a_name_means_all_below_it_and_not_the_name() {
    for (origin, is_meant) in [
        ("http://a.example.com", true),
        ("https://a.b.example.com:1", true),
        ("http://example.com", false),
        ("http://notexample.com", false),
        ("http://a.example.com.evil.org", false),
    ] {
        assert_eq!(means("*.example.com", origin), is_meant, "{origin}");
    }
}

#[test]
fn ports_are_compared_also_where_they_are_the_schemes_own() {
    assert!(means("https://api.example.com:8443", "https://api.example.com:8443"));
    assert!(!means("https://api.example.com:8443", "https://api.example.com"));
    assert!(means("api.example.com:443", "https://api.example.com"));
    assert!(!means("api.example.com:443", "http://api.example.com"));
}

#[test]
fn hosts_are_compared_as_they_go_on_the_wire() {
    assert!(means("HTTPS://API.Example.COM", "https://api.example.com"));
    assert!(means("*.BÜCHER.example", "http://a.xn--bcher-kva.example"));
    assert!(means("bücher.example", "http://xn--bcher-kva.example"));
    assert!(means("[2001:DB8::0:1]:80", "http://[2001:db8::1]"));
    assert!(means("[::1]", "http://[::1]:8080") && !means("[::1]:80", "http://[::1]:8080"));
    assert!(means("127.0.0.1", "http://127.0.0.1:8080"));
}

#[test]
fn what_is_no_pattern_says_why() {
    for (text, why) in [
        ("", NoPattern::Host),
        ("ftp://a", NoPattern::Scheme),
        ("://a", NoPattern::Scheme),
        ("http://a/path", NoPattern::TooMuch),
        ("user@a", NoPattern::TooMuch),
        ("a b", NoPattern::TooMuch),
        ("http://", NoPattern::Host),
        ("a*.example.com", NoPattern::Star),
        ("*.*.com", NoPattern::Star),
        ("a.*", NoPattern::Star),
        ("*.", NoPattern::Host),
        ("[::1", NoPattern::Port),
        ("[zz]", NoPattern::Host),
        ("::1", NoPattern::Port),
        ("a:", NoPattern::Port),
        ("a:0", NoPattern::Port),
        ("a:65536", NoPattern::Port),
        ("a:+1", NoPattern::Port),
        ("[::1]x", NoPattern::Host),
    ] {
        assert_eq!(OriginPattern::parse(text), Err(why), "{text:?}");
    }
}

#[test]
fn the_most_specific_one_is_the_one_with_the_host_then_the_port_then_the_scheme() {
    let order = [
        "*",
        "https://*",
        "*:8443",
        "https://*:8443",
        "*.com",
        "*.example.com",
        "https://*.example.com",
        "*.example.com:8443",
        "a.example.com",
        "https://a.example.com",
        "a.example.com:8443",
        "https://a.example.com:8443",
    ];
    for (index, less) in order.iter().enumerate() {
        assert_eq!(pattern(less).by_specificity(&pattern(less)), Ordering::Equal);
        for more in &order[index + 1..] {
            assert_eq!(pattern(less).by_specificity(&pattern(more)), Ordering::Less, "{less} {more}");
        }
    }
}
