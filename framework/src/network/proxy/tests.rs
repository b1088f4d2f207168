//! URLs of proxies, their credentials, chains of them.

use super::*;

fn parsed(url: &str) -> String {
    Proxy::parse(url).map_or_else(|error| error.to_string(), |proxy| proxy.to_string())
}

#[test]
fn a_proxys_url_names_protocol_host_and_port() {
    let cases = [
        ("proxy.example", "http://proxy.example:80"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("http://Proxy.Example:80/", "http://proxy.example:80"),
        ("https://proxy.example", "https://proxy.example:443"),
        ("https://proxy.example:80", "https://proxy.example:80"),
        ("SOCKS5://[::1]", "socks5://[::1]:1080"),
        ("socks5h://b\u{fc}cher.example:1", "socks5h://xn--bcher-kva.example:1"),
        ("socks4a://u@proxy.example:80", "socks4a://proxy.example:80"),
        ("socks://127.1:9", "socks4://127.0.0.1:9"),
    ];
    for (url, expected) in cases {
        assert_eq!(parsed(url), expected, "{url}");
    }
}

#[test]
fn what_is_no_url_of_a_proxy_is_refused_and_not_repeated() {
    for url in [
        "",
        "http://",
        "ftp://tell-nobody@proxy.example",
        "http://tell-nobody:tell-nobody@proxy.example/path",
        "http://tell-nobody@proxy.example?q",
        "http://tell-nobody@proxy.example#f",
        "http://tell-nobody@proxy.example:0",
        "http://tell-nobody@proxy.example:65536",
        "http://tell-nobody@proxy .example",
        "http://tell-nobody@proxy.example\r\nX: y",
        "http://tell%0d%0anobody@proxy.example",
        "http://tell%3anobody@proxy.example",
        "http://tell%ffnobody@proxy.example",
        "socks5://tell-nobody@proxy.example",
    ] {
        let error = Proxy::parse(url).expect_err(url);
        assert_eq!(error.code(), crate::error::ErrorCode::InvalidParameter, "{url}");
        assert!(!format!("{error} {error:?}").contains("nobody"), "{url}: {error}");
    }
}

#[test]
fn credentials_are_decoded_and_shown_by_nothing() {
    let proxy = Proxy::parse("http://us%20er:p%40ss%3aword@proxy.example").unwrap();
    let secret = proxy.secret().unwrap();
    assert_eq!((secret.user.as_str(), secret.password.as_str()), ("us er", "p@ss:word"));
    let with_field = proxy.clone().header(HeaderName::from_static("x-token"), HeaderValue::from_static("p@ss:word"));
    let outer = Proxy::parse("socks5://p.example").unwrap().through(with_field.clone()).unwrap();
    for shown in [format!("{with_field}"), format!("{with_field:?}"), format!("{outer:?}"), format!("{secret:?}")] {
        assert!(!shown.contains("p@ss:word") && !shown.contains("us er"), "{shown}");
    }
}

#[test]
fn proxies_that_differ_in_anything_are_not_equal() {
    let plain = || Proxy::parse("http://proxy.example:1").unwrap();
    let others = [
        Proxy::parse("https://proxy.example:1").unwrap(),
        Proxy::parse("http://proxy.example:2").unwrap(),
        Proxy::parse("http://other.example:1").unwrap(),
        plain().credentials("u", "p").unwrap(),
        plain().credentials("u", "q").unwrap(),
        plain().credentials("v", "p").unwrap(),
        plain().wait_for_challenge(),
        plain().header(HeaderName::from_static("a"), HeaderValue::from_static("b")),
        plain().through(Proxy::parse("http://near.example").unwrap()).unwrap(),
    ];
    assert_eq!(plain(), plain());
    for (n, one) in others.iter().enumerate() {
        assert_ne!(one, &plain(), "{n}");
        assert!(others[n + 1..].iter().all(|other| one != other), "{n}");
    }
}

#[test]
fn a_chain_begins_with_the_nearest_and_has_four_at_most() {
    let named = |name: &str| Proxy::parse(name).unwrap();
    let two = named("far").through(named("middle")).unwrap();
    let three = two.through(named("near")).unwrap();
    assert_eq!(three.chain().iter().map(|proxy| proxy.host()).collect::<Vec<_>>(), ["near", "middle", "far"]);
    let four = three.through(named("nearer")).unwrap();
    assert_eq!(four.chain().len(), 4);
    assert!(four.through(named("nearest")).is_err());
}

#[test]
fn socks_carries_at_most_255_octets_of_each() {
    let (long, too_long) = ("x".repeat(255), "x".repeat(256));
    let socks = || Proxy::parse("socks5://p.example").unwrap();
    assert!(socks().credentials(&long, &long).is_ok());
    assert!(socks().credentials(&too_long, "p").is_err());
    assert!(socks().credentials("u", &too_long).is_err());
    assert!(Proxy::parse("http://p.example").unwrap().credentials(&too_long, "p").is_ok());
}
