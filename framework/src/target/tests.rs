//! What an origin and a target are made from, and what is refused.

use super::*;

fn path(input: &str) -> String {
    let origin = Origin::parse("http://h").unwrap();
    Target::on(&origin, input, false).unwrap().path_and_query().to_owned()
}

#[test]
fn b12_blanks_controls_and_non_ascii_are_percent_encoded_once() {
    assert_eq!(path("/a b"), "/a%20b");
    assert_eq!(path("/a%20b"), "/a%20b");
    assert_eq!(path("/ä?ö=ü"), "/%C3%A4?%C3%B6=%C3%BC");
    assert_eq!(path("/a\tb "), "/a%09b%20");
    assert_eq!(path("/100%"), "/100%");
    assert_eq!(Target::parse("http://h/a b?c d#e").unwrap().path_and_query(), "/a%20b?c%20d");
}

#[test]
fn e01_a_path_is_encoded_as_the_url_standard_says() {
    assert_eq!(path("/\"<>`{}\u{7f}"), "/%22%3C%3E%60%7B%7D%7F");
    assert_eq!(path("/[a]^|~"), "/[a]^|~");
    assert_eq!(path("/a\\b"), "/a/b");
    assert_eq!(path("/?\"<>\u{7f}[a]\\^`{|}"), "/?%22%3C%3E%7F[a]\\^`{|}");
    assert_eq!((path("/a#b"), path("/?a#b")), ("/a".into(), "/?a".into()));
}

#[test]
fn b12_hosts_go_to_punycode() {
    assert_eq!(Origin::parse("http://Bücher.example").unwrap().host(), "xn--bcher-kva.example");
    assert_eq!(Origin::parse("http://[::1]:8080").unwrap().authority(), "[::1]:8080");
}

#[test]
fn a_path_without_its_slash_gets_one_and_cannot_change_the_host() {
    assert_eq!(path(""), "/");
    assert_eq!(path("x?y"), "/x?y");
    assert_eq!(path("?y"), "/?y");
    assert_eq!(path("//evil.example/x"), "//evil.example/x");
    assert_eq!(path("@evil.example/x"), "/@evil.example/x");
}

#[test]
fn the_asterisk_is_for_options_only() {
    let origin = Origin::parse("http://h").unwrap();
    assert_eq!(Target::on(&origin, "*", true).unwrap().path_and_query(), "*");
    assert_eq!(Target::on(&origin, "*", false).unwrap().path_and_query(), "/*");
}

#[test]
fn f_octets_that_would_inject_are_refused_with_87() {
    for input in ["http://h/a\r\nX: y", "http://h/a\nb", "http://h/\0", "http://h\r/"] {
        assert_eq!(Target::parse(input).unwrap_err().code(), ErrorCode::InvalidParameter, "{input:?}");
    }
}

#[test]
fn bad_urls_say_what_is_wrong() {
    let code = |input: &str| Target::parse(input).unwrap_err().code();
    assert_eq!(code("nonsense"), ErrorCode::InvalidUrl);
    assert_eq!(code("http://"), ErrorCode::InvalidUrl);
    assert_eq!(code("http://a b/"), ErrorCode::InvalidUrl);
    assert_eq!(code("http://h:99999/"), ErrorCode::InvalidUrl);
    assert_eq!(code("http://h:0/"), ErrorCode::InvalidUrl);
    assert_eq!(code("http://user:pw@h/"), ErrorCode::InvalidUrl);
    for octet in ['"', '`', '{', '}'] {
        assert_eq!(code(&format!("http://a{octet}b/")), ErrorCode::InvalidUrl, "no `Host` field may hold {octet}");
    }
    assert_eq!(code("ftp://h/"), ErrorCode::UnrecognizedScheme);
    for input in ["http://user:s3cret@h/", "http://user:s3cret@h:99999/", "http://h:x/?s3cret"] {
        let error = Target::parse(input).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    assert!(!format!("{:?}", Target::parse("http://h/?s3cret").unwrap()).contains("s3cret"));
}

#[test]
fn e_connect_takes_an_origin_only() {
    for input in ["http://h/path", "http://h/?q", "http://h/#f", "http://u@h"] {
        assert_eq!(Origin::parse(input).unwrap_err().code(), ErrorCode::InvalidUrl, "{input}");
    }
    assert_eq!(Origin::parse("http://h:80").unwrap(), Origin::parse("http://H/").unwrap());
    assert_eq!(Origin::parse("http://h:8080").unwrap().authority(), "h:8080");
}

/// As the `url` crate has it, whatever shorter way there may be.
fn the_long_way(input: &str) -> Target {
    Target::from_url(&Url::parse(input).unwrap()).unwrap()
}

#[test]
fn a_plain_url_gives_the_same_target_as_the_long_way() {
    for input in [
        "http://h",
        "http://h/",
        "https://h:80/a?b",
        "http://a.example:8080/x/y?z=1&z=2",
        "https://10.0.0.1:4433/",
        "http://b.example",
        "http://H:80/x",
        "http://[::1]:80/y",
    ] {
        for _ in 0..2 {
            let (short, long) = (Target::parse(input).unwrap(), the_long_way(input));
            assert_eq!((&short, short.origin()), (&long, long.origin()), "{input}");
            assert_eq!(short.path_and_query(), long.path_and_query());
            assert_eq!((short.url(), short.to_string()), (long.url(), Url::parse(input).unwrap().to_string()));
            let parts = |origin: &Origin| {
                let (scheme, secure, port) = (origin.scheme(), origin.is_secure(), origin.port());
                (scheme, secure, origin.host().to_owned(), port, origin.authority().to_owned(), origin.to_string())
            };
            assert_eq!(parts(short.origin()), parts(long.origin()));
        }
    }
}

#[test]
fn origins_that_differ_in_one_part_are_told_apart() {
    let origins = ["http://h", "https://h", "http://i", "http://h:81", "http://h:82", "http://i:81", "https://h:80"];
    for (at, one) in origins.iter().enumerate() {
        for (other_at, other) in origins.iter().enumerate() {
            let equal = Origin::parse(one).unwrap() == Origin::parse(other).unwrap();
            assert_eq!(equal, at == other_at, "{one} and {other}");
        }
    }
}

#[test]
fn a_plain_path_on_an_origin_is_the_path_of_the_whole_url() {
    let origin = Origin::parse("http://h").unwrap();
    for input in
        ["/", "/a", "/a/b?c=d&e", "//x", "/%20", "/a?/../b", "/.", "/a/../b", "/.a", "/%2e/c", "/:x", "/http://x/"]
    {
        let target = Target::on(&origin, input, false).unwrap();
        assert_eq!(target, the_long_way(&format!("http://h{input}")), "{input}");
    }
}

#[test]
fn a_query_is_added_behind_the_one_there_is() {
    let with = |input: &str| Target::parse(input).unwrap().with_query("a=b").url();
    assert_eq!(with("http://h"), "http://h/?a=b");
    assert_eq!(with("http://h/x?c"), "http://h/x?c&a=b");
}

#[test]
fn the_url_of_a_server_as_a_whole_has_no_path() {
    for (url, secure) in [("http://h", "https://h"), ("http://h:81", "https://h:81")] {
        let target = Target::on(&Origin::parse(url).unwrap(), "*", true).unwrap().by_https().unwrap();
        assert_eq!((target.url(), target.path_and_query()), (secure.to_owned(), "*"), "the same host, and no path");
        assert_eq!(*target.origin(), Origin::parse(secure).unwrap());
    }
    let target = Target::on(&Origin::parse("http://h:81").unwrap(), "*", true).unwrap();
    assert_eq!((target.url(), target.to_string()), ("http://h:81".to_owned(), "http://h:81*".to_owned()));
}
