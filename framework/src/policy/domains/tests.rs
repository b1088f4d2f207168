//! Which hosts are the same, which are below which, and which domains are nobody's own.

use super::*;

#[test]
fn names_are_compared_in_the_form_that_urls_have() {
    let cases = [
        ("example.com", Some("example.com")),
        ("EXAMPLE.Com", Some("example.com")),
        ("bücher.example", Some("xn--bcher-kva.example")),
        ("a。b", Some("a.b")),
        ("example.com.", Some("example.com.")),
        ("_dmarc.example", Some("_dmarc.example")),
        ("a b", None),
        ("a:80", None),
        // RUSTSEC-2024-0421: punycode of nothing but ASCII is no name.
        ("xn--example-.org", None),
    ];
    for (name, expected) in cases {
        assert_eq!(canonical(name.as_bytes()).as_deref(), expected, "{name}");
    }
    assert_eq!(canonical(b"\xff"), None);
    assert_eq!(of_url("example.com."), "example.com");
}

#[cfg(feature = "cookies")]
#[test]
fn below_is_by_whole_labels_and_addresses_are_below_nothing() {
    assert!(is_within("example.com", "example.com"));
    assert!(is_within("a.example.com", "example.com"));
    assert!(!is_within("badexample.com", "example.com"));
    assert!(!is_within("example.com", "a.example.com"));
    assert!(!is_within("a.example.com", ""));
    assert!(is_within("127.0.0.1", "127.0.0.1"));
    assert!(!is_within("127.0.0.1", "0.0.1"));
    assert!(!is_within("[::1]", "1]"));
}

#[cfg(feature = "cookies")]
#[test]
fn public_suffixes_are_known_in_either_spelling() {
    for suffix in ["com", "co.uk", "github.io", "localhost", "xn--fiqs8s", "xn--55qx5d.cn", "nosuchtld"] {
        assert!(is_public_suffix(suffix), "{suffix}");
        assert_eq!(registrable(suffix), suffix);
    }
    for (host, own) in [
        ("www.example.co.uk", "example.co.uk"),
        ("a.b.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("me.github.io", "me.github.io"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
    ] {
        assert_eq!(registrable(host), own);
        assert!(!is_public_suffix(host), "{host}");
    }
}
