//! The cases of Wine's tests for `WinHttpCrackUrl` and `WinHttpCreateUrl`, by the ids of the facts read from them.

use super::*;
use crate::target::{Origin, Target};

/// What a case gives: the parts, or the code it is refused with. `None` where a user or a password is missing.
type Cracked<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a str, u16, &'a str, &'a str);

fn crack(url: &str, flags: UrlFlags) -> Result<UrlComponents<'_>, ErrorCode> {
    crack_url(url, flags).map_err(|error| error.code())
}

#[track_caller]
fn cracks(url: &str, flags: UrlFlags, expected: Cracked<'_>) {
    let url = crack(url, flags).unwrap();
    let found = (
        &*url.scheme,
        url.user.as_deref(),
        url.password.as_deref(),
        &*url.host,
        url.port.unwrap(),
        &*url.path,
        &*url.extra,
    );
    assert_eq!(found, expected);
}

const NONE: UrlFlags = UrlFlags::empty();
const USER: Option<&str> = Some("username");
const PASSWORD: Option<&str> = Some("password");

/// C02, C15, C16 and C27 are of buffers and pointers that are too small or missing: there is no such call to make here.
#[test]
fn a_url_is_cracked_as_windows_does() {
    let host = "www.winehq.org";
    cracks(BASE, NONE, ("http", USER, PASSWORD, host, 80, "/site/about", "?query")); // C01
    cracks(&BASE[..50], NONE, ("http", USER, PASSWORD, host, 80, "/site/about", "")); // C03
    cracks("http://www.winehq.org", NONE, ("http", None, None, host, 80, "", "")); // C04
    cracks("https://www.winehq.org/post?", NONE, ("https", None, None, host, 443, "/post", "?")); // C05
    cracks("http://winehq?", NONE, ("http", None, None, "winehq", 80, "", "?")); // C13, as Windows 8 does
    cracks("http://winehq/post;a", NONE, ("http", None, None, "winehq", 80, "/post;a", "")); // C14
    let with_port = |port| format!("http://username:password@www.winehq.org:{port}/site/about?query");
    for port in [42, 0, 80] {
        cracks(&with_port(port), NONE, ("http", USER, PASSWORD, host, port, "/site/about", "?query")); // C19, C20, C21
    }
    let secure = "https://username:password@www.winehq.org:443/site/about?query";
    cracks(secure, NONE, ("https", USER, PASSWORD, host, 443, "/site/about", "?query")); // C22
    let signs = "http://example.net/path?var1=example@example.com&var2=x&var3=y";
    let query = "?var1=example@example.com&var2=x&var3=y";
    cracks(signs, NONE, ("http", None, None, "example.net", 80, "/path", query)); // C23
    let colon = "https://tools.google.com/service/update2?w=3:BxDHoWy8ezM";
    let (host, query) = ("tools.google.com", "?w=3:BxDHoWy8ezM");
    cracks(colon, UrlFlags::DECODE, ("https", None, None, host, 443, "/service/update2", query)); // C24
    cracks("http://www.winehq.org/test", NONE, ("http", None, None, "www.winehq.org", 80, "/test", "")); // C26
    for (url, port) in [("http://winehq.org:0", 0), ("http://winehq.org:", 80)] {
        cracks(url, NONE, ("http", None, None, "winehq.org", port, "", "")); // C29, C30
    }
    cracks("http://winehq.org:/", NONE, ("http", None, None, "winehq.org", 80, "/", "")); // C31
}

#[test]
fn what_is_no_url_is_refused_as_windows_does() {
    // C06, C07, C08, C28
    for url in ["http://", "HTTP:www.winehq.org", "http:/www.winehq.org", "http://winehq.org:65536"] {
        assert_eq!(crack(url, NONE), Err(ErrorCode::InvalidUrl), "{url}");
    }
    // C09, C10, C11, C12, and what WinHTTP knows as the scheme of a proxy alone
    for url in ["www.winehq.org", "www", "http", "", "ftp://winehq.org/", "ws://winehq.org/"] {
        assert_eq!(crack(url, NONE), Err(ErrorCode::UnrecognizedScheme), "{url}");
    }
}

/// C17 wants buffers for it, which a part that owns its text is.
#[test]
fn c18_parts_are_told_apart_and_then_decoded() {
    let url = "http://username:password@www.winehq.org\
               /site/about%20!%22%23$%25&'()*+,-./:;%3C=%3E?@%5B%5C%5D%5E_%60%7B%7C%7D%7E";
    let (path, extra) = ("/site/about !\"#$%&'()*+,-./:;<=>", "?@[\\]^_`{|}~");
    assert_eq!((path.len(), extra.len()), (32, 12));
    cracks(url, UrlFlags::DECODE, ("http", USER, PASSWORD, "www.winehq.org", 80, path, extra));
    cracks("http://a%40b:c%3Ad@h/", UrlFlags::DECODE, ("http", Some("a@b"), Some("c:d"), "h", 80, "/", ""));
    let browser = crack("http://h/%41?%42", UrlFlags::DECODE | UrlFlags::BROWSER_MODE).unwrap();
    assert_eq!((&*browser.path, &*browser.extra), ("/A", "?%42"));
    assert_eq!(crack("http://h/%FF", UrlFlags::DECODE), Err(ErrorCode::InvalidUrl), "no text");
}

/// Windows decodes any octet too. What has come of it ends no line of a request.
#[test]
fn what_is_decoded_may_hold_line_ends_which_no_request_takes() {
    let url = "http://u%0D%0A:p%00@h/a%0D%0AX:%20y?q=%0A";
    let decoded = crack(url, UrlFlags::DECODE).unwrap();
    assert_eq!((decoded.user.as_deref(), decoded.password.as_deref()), (Some("u\r\n"), Some("p\0")));
    assert_eq!((&*decoded.path, &*decoded.extra), ("/a\r\nX: y", "?q=\n"));
    let bare = UrlComponents { user: None, password: None, ..decoded.clone() };
    assert_eq!(create(&bare, NONE), Err(ErrorCode::InvalidParameter));
    assert_eq!(create(&bare, UrlFlags::ESCAPE).unwrap(), "http://h/a%0D%0AX:%20y?q=%0A");
    let origin = Origin::parse(&bare.origin()).unwrap();
    for part in [&bare.path_and_extra(), &*bare.path, &*bare.extra] {
        for taken in [Target::on(&origin, part, false), Target::verbatim(&origin, part, false)] {
            assert_eq!(taken.unwrap_err().code(), ErrorCode::InvalidParameter, "{part:?}");
        }
    }
    let whole = format!("{}{}", bare.origin(), bare.path_and_extra());
    assert_eq!(Target::parse(&whole).unwrap_err().code(), ErrorCode::InvalidParameter);
}

/// Windows takes the blank in the host too.
#[test]
fn c25_escaping_wins_over_decoding() {
    let both = UrlFlags::ESCAPE | UrlFlags::DECODE;
    let url = crack("http://winehq.org/path with spaces", both).unwrap();
    assert_eq!(url.path, "/path%20with%20spaces");
    let user = crack("http://a%40b:c%3Ad@h/", both).unwrap();
    assert_eq!((user.user.as_deref(), user.password.as_deref()), (Some("a%40b"), Some("c%3Ad")));
    assert_eq!(crack("http://winehq.o g/path with spaces", both), Err(ErrorCode::InvalidUrl));
    let escaped = |flags| crack("http://h/a b\"%41#c d", UrlFlags::ESCAPE | flags).unwrap().path_and_extra();
    assert_eq!(escaped(NONE), "/a%20b%22%41#c%20d");
    assert_eq!(escaped(UrlFlags::ENCODE_PERCENT), "/a%20b%22%2541#c%20d");
    assert_eq!(escaped(UrlFlags::ENCODE_SPACES_ONLY), "/a%20b\"%41#c%20d");
    assert_eq!(escaped(UrlFlags::BROWSER_MODE), "/a%20b%22%41#c d");
}

#[test]
fn c32_without_an_extra_part_the_query_stays_in_the_path() {
    let url = "https://nba2k19-ws.2ksports.com:19133/nba/v4/Accounts/get_account?x=3789526775265663876";
    let parts = crack(url, NONE).unwrap();
    assert_eq!((parts.path_and_extra().as_str(), parts.path_and_extra().len()), (&url[37..], 50));
    assert_eq!(parts.origin(), "https://nba2k19-ws.2ksports.com:19133");
}

#[test]
fn a_part_that_is_not_changed_is_borrowed() {
    for flags in [NONE, UrlFlags::DECODE, UrlFlags::ESCAPE] {
        let url = crack("http://u:p@h/path?extra", flags).unwrap();
        for part in [&url.scheme, &url.host, &url.path, &url.extra, url.user.as_ref().unwrap()] {
            assert!(matches!(part, Cow::Borrowed(_)), "{flags:?} {part}");
        }
    }
}

#[test]
fn two_readers_of_one_url_find_one_host() {
    for url in [
        "http://good.example\\@evil.example/",
        "http://good.example\t@evil.example/\r\n",
        "http://evil.example\\.good.example/",
        "http://[::1]evil.example/",
        "http://[::1/",
        "http://h:+80/",
        "http://h:8\t0/",
        "http:///h/",
        "http://a\0b/",
        "http://a:1:2/",
    ] {
        assert!(matches!(crack(url, NONE), Err(ErrorCode::InvalidUrl | ErrorCode::InvalidParameter)), "{url:?}");
    }
    cracks("http://a@b@h/", NONE, ("http", Some("a@b"), None, "h", 80, "/", ""));
    cracks("HTTPS://EXAMPLE.com", NONE, ("HTTPS", None, None, "EXAMPLE.com", 443, "", ""));
    cracks("http://[::1]:81?", NONE, ("http", None, None, "[::1]", 81, "", "?"));
    assert!(crack("HTTPS://h", NONE).unwrap().is_secure());
}

#[test]
fn secrets_are_not_shown() {
    let url = crack("http://hans:s3cret@h/p?token=t0ken", NONE).unwrap();
    let shown = format!("{url:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("t0ken") && !shown.contains("hans"), "{shown}");
    let error = crack_url("http://hans:s3cret@h:x/p?token=t0ken", NONE).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert_eq!(crack("http://u@h/", UrlFlags::REJECT_USERPWD), Err(ErrorCode::InvalidUrl));
    assert!(crack("http://h/u@h", UrlFlags::REJECT_USERPWD).is_ok());
}

fn create(parts: &UrlComponents<'_>, flags: UrlFlags) -> Result<String, ErrorCode> {
    create_url(parts, flags).map_err(|error| error.code())
}

fn base() -> UrlComponents<'static> {
    crack(BASE, NONE).unwrap()
}

fn part_of(extra: &str) -> UrlComponents<'_> {
    UrlComponents { extra: extra.into(), ..UrlComponents::default() }
}

/// C01 to C06 are of missing pointers and lengths, C07 and C08 of a scheme that is said twice.
#[test]
fn a_url_is_created_as_windows_does() {
    let created = |parts: UrlComponents<'_>| create(&parts, NONE);
    assert_eq!(created(base()).unwrap(), BASE); // C07, C08, C09
    assert_eq!(BASE.len(), 56);
    let without_password = UrlComponents { password: None, ..base() };
    assert_eq!(created(without_password).unwrap(), "http://username@www.winehq.org/site/about?query"); // C10
    let empty_password = UrlComponents { password: Some("".into()), ..base() };
    assert_eq!(created(empty_password).unwrap(), "http://username:@www.winehq.org/site/about?query"); // C11
    assert_eq!(created(UrlComponents { user: None, ..base() }), Err(ErrorCode::InvalidParameter)); // C12
    let empty_user = UrlComponents { user: Some("".into()), ..base() };
    assert_eq!(created(empty_user).unwrap(), "http://:password@www.winehq.org/site/about?query"); // C13
    let nobody = UrlComponents { user: None, password: None, ..base() };
    assert_eq!(created(nobody).unwrap(), "http://www.winehq.org/site/about?query"); // C14
    let empty = UrlComponents { user: Some("".into()), password: Some("".into()), ..base() };
    assert_eq!(created(empty).unwrap(), "http://:@www.winehq.org/site/about?query"); // C15
    let ftp = UrlComponents { scheme: "ftp".into(), ..base() };
    assert_eq!(created(ftp).unwrap(), "ftp://username:password@www.winehq.org:80/site/about?query"); // C16
    for (port, length) in [(42, 59), (0, 58)] {
        let url = created(UrlComponents { port: Some(port), ..base() }).unwrap(); // C17, C25
        assert_eq!(url, format!("http://username:password@www.winehq.org:{port}/site/about?query"));
        assert_eq!(url.len(), length);
    }
    let with_port = "http://username:password@www.winehq.org:80/site/about?query";
    assert_eq!(create(&base(), UrlFlags::INCLUDE_DEFAULT_PORT).unwrap(), with_port);
}

#[test]
fn c18_what_is_escaped_and_what_is_kept() {
    let all: String = (' '..='~').filter(|character| !character.is_ascii_alphanumeric()).collect();
    let escaped = create(&part_of(&all), UrlFlags::ESCAPE).unwrap();
    let expected = "%20!%22%23$%25&'()*+,-./:;%3C=%3E?@%5B%5C%5D%5E_%60%7B%7C%7D%7E";
    assert_eq!(escaped, format!("http://{expected}"));
    // The length that Windows gives, of a whole URL.
    assert_eq!(BASE.len() - "?query".len() + expected.len(), 113);
    let spaces = create(&part_of("? %\""), UrlFlags::ESCAPE | UrlFlags::ENCODE_SPACES_ONLY).unwrap();
    assert_eq!(spaces, "http://?%20%\"");
    let path = UrlComponents { path: "/ ".into(), ..part_of("? ") };
    assert_eq!(create(&path, UrlFlags::ESCAPE | UrlFlags::BROWSER_MODE).unwrap(), "http:///%20? ");
}

#[test]
fn c19_c22_controls_are_escaped_in_upper_case() {
    let controls = "\r\x1f \n\x7f\r\n";
    let path = UrlComponents { path: controls.into(), ..UrlComponents::default() };
    for parts in [part_of(controls), path] {
        assert_eq!(create(&parts, UrlFlags::ESCAPE).unwrap(), "http://%0D%1F%20%0A%7F%0D%0A");
    }
}

/// Windows refuses to escape them, unless its code page is UTF-8.
#[test]
fn c20_c23_what_is_not_ascii_is_escaped_as_utf_8() {
    let path = UrlComponents { path: "/text=\u{fb00}".into(), ..UrlComponents::default() };
    let both = [(part_of("?text=\u{fb00}"), "http://?text="), (path, "http:///text=")];
    for (parts, before) in both {
        assert_eq!(create(&parts, UrlFlags::ESCAPE).unwrap(), format!("{before}%EF%AC%80"));
        assert_eq!(create(&parts, NONE).unwrap(), format!("{before}\u{fb00}")); // C21, C24
    }
}

#[test]
fn no_part_becomes_another() {
    let refused = [
        UrlComponents { user: Some("a:b".into()), ..base() },
        UrlComponents { user: Some("a@evil.example/".into()), ..base() },
        UrlComponents { password: Some("x@evil.example".into()), ..base() },
        UrlComponents { host: "evil.example/".into(), ..base() },
        UrlComponents { host: "a@evil.example".into(), ..base() },
        UrlComponents { host: "evil.example:81".into(), ..base() },
        UrlComponents { path: "/a?b".into(), ..base() },
        UrlComponents { extra: ".evil.example".into(), path: "".into(), ..base() },
        UrlComponents { scheme: "javascript://x\n".into(), ..base() },
    ];
    for parts in refused {
        assert_eq!(create(&parts, NONE), Err(ErrorCode::InvalidParameter), "{parts:?}");
    }
    for host in ["[::1]:81", "[::1", "::1]", "[::1]evil", "[a]b]", "[[::1]]", "h]"] {
        let parts = UrlComponents { host: host.into(), ..base() };
        assert_eq!(create(&parts, NONE), Err(ErrorCode::InvalidParameter), "{host}");
    }
    let address = UrlComponents { host: "[::1]".into(), ..base() };
    assert_eq!(create(&address, NONE).unwrap(), "http://username:password@[::1]/site/about?query");
    let path = UrlComponents { path: "evil.example".into(), ..base() };
    assert_eq!(create(&path, NONE).unwrap(), "http://username:password@www.winehq.org/evil.example?query");
    let odd = UrlComponents { user: Some("a@b".into()), password: Some(":/é".into()), ..base() };
    let url = create(&odd, UrlFlags::ESCAPE_AUTHORITY).unwrap();
    assert_eq!(url, "http://a%40b:%3A%2F%C3%A9@www.winehq.org/site/about?query");
    assert_eq!(crack(&url, UrlFlags::DECODE).unwrap(), odd);
    assert_eq!(create(&base(), UrlFlags::REJECT_USERPWD), Err(ErrorCode::InvalidUrl));
}

#[test]
fn without_a_host_nothing_becomes_it_behind_a_user_or_a_port() {
    let path = |parts| UrlComponents { host: "".into(), path: "evil.example".into(), extra: "".into(), ..parts };
    assert_eq!(create(&path(base()), NONE).unwrap(), "http://username:password@/evil.example");
    let at_a_port = UrlComponents { user: None, password: None, port: Some(8), ..base() };
    assert_eq!(create(&path(at_a_port.clone()), NONE).unwrap(), "http://:8/evil.example");
    let digits = UrlComponents { host: "".into(), path: "".into(), extra: "1".into(), ..at_a_port };
    assert_eq!(create(&digits, NONE), Err(ErrorCode::InvalidParameter));
}

#[test]
fn a_fragment_that_is_escaped_stays_one() {
    let fragment = UrlComponents { host: "h".into(), path: "/p".into(), ..part_of("#a b") };
    assert_eq!(create(&fragment, UrlFlags::ESCAPE).unwrap(), "http://h/p#a%20b");
    let behind_a_host = UrlComponents { host: "h".into(), ..part_of("#.evil.example") };
    assert_eq!(create(&behind_a_host, UrlFlags::ESCAPE).unwrap(), "http://h#.evil.example");
    let escaped = |url, flags| crack(url, UrlFlags::ESCAPE | flags).unwrap().extra.into_owned();
    assert_eq!(escaped("http://h/?q r#f g#h", NONE), "?q%20r#f%20g%23h");
    assert_eq!(escaped("http://h/?q r#f", UrlFlags::ENCODE_PERCENT), "?q%20r#f");
    assert_eq!(escaped("http://h/?#", NONE), "?#");
}

#[test]
fn line_ends_are_in_no_url_that_is_created() {
    let refused = [
        UrlComponents { user: Some("a\r\nb".into()), ..base() },
        UrlComponents { password: Some("a\nb".into()), ..base() },
        UrlComponents { host: "h\r\nx: y".into(), ..base() },
        UrlComponents { path: "/a\0b".into(), ..base() },
        UrlComponents { extra: "?a\nb".into(), ..base() },
    ];
    for parts in refused {
        assert_eq!(create(&parts, NONE), Err(ErrorCode::InvalidParameter), "{parts:?}");
    }
    let spaces_only = UrlFlags::ESCAPE | UrlFlags::ENCODE_SPACES_ONLY;
    assert_eq!(create(&part_of("?a\nb"), spaces_only), Err(ErrorCode::InvalidParameter));
}

/// Whatever it is given: no panic, and one host for all who read it.
#[test]
fn a_url_of_any_octets_is_taken_apart_or_refused() {
    let pieces = [
        "http://", "h", "@", ":", "/", "?", "#", "[", "]", "::1", "80", "65536", "%00", "%0d%0a", "%2f", "%", "é",
        "\u{ff0f}", "\\", "\t", " ", ".", "\u{202e}",
    ];
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut taken = 0;
    for _ in 0..20_000 {
        let length = next(8);
        let url: String = std::iter::once("http://").chain((0..length).map(|_| pieces[next(pieces.len())])).collect();
        for flags in [NONE, UrlFlags::DECODE, UrlFlags::ESCAPE, UrlFlags::ESCAPE | UrlFlags::ENCODE_PERCENT] {
            let Ok(parts) = crack(&url, flags) else { continue };
            taken += 1;
            assert!(!parts.host.is_empty() && !parts.host.contains(['\r', '\n', '\0', '@', '/', '?', '#']), "{url:?}");
            let read = Url::parse(&url).unwrap();
            let (host, path) = (parts.host.into_owned(), parts.path.into_owned());
            let again = UrlComponents { host: host.into(), path: path.into(), user: None, password: None, ..parts };
            if let Ok(created) = create(&again, NONE) {
                let created = Url::parse(&created).unwrap();
                assert_eq!((created.host(), created.port()), (read.host(), read.port()), "{url:?}");
            }
        }
    }
    assert!(taken > 1_000, "{taken}");
}

#[test]
fn a_url_may_be_long() {
    let long = "a".repeat(1 << 20);
    let url = format!("http://{long}:{long}@h/{long}?{long}#{long}");
    assert_eq!(crack(&url, UrlFlags::DECODE).unwrap().path.len(), long.len() + 1);
    assert_eq!(crack(&format!("http://h:{long}"), NONE), Err(ErrorCode::InvalidUrl));
    assert_eq!(crack(&format!("http://h:{}", "9".repeat(1000)), NONE), Err(ErrorCode::InvalidUrl));
}

#[test]
fn what_was_taken_apart_is_put_together_again() {
    for url in
        [BASE, "https://h", "http://h?", "http://[::1]:81/#x", "https://u@h:1/a//b/../c?d?e#f#g", "http://:@h/%zz"]
    {
        let parts = crack(url, NONE).unwrap().into_owned();
        assert_eq!(create(&parts, NONE).as_deref(), Ok(url));
    }
}

const BASE: &str = "http://username:password@www.winehq.org/site/about?query";
