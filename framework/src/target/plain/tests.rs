//! What is read here is read as the `url` crate reads it.

use url::Url;

use super::*;

/// The parts as this module and as the `url` crate sees them; nothing where this module declines.
fn both(input: &str) -> Option<(Seen, Result<Seen, url::ParseError>)> {
    let (text, path) = cut(input)?;
    let parts = origin(text).filter(|_| is_path_and_query(path))?;
    let here = Seen {
        secure: parts.is_secure,
        host: parts.host.to_owned(),
        port: parts.port,
        path_and_query: if path.is_empty() { "/" } else { path }.to_owned(),
        whole: if path.is_empty() { format!("{input}/") } else { input.to_owned() },
    };
    let there = Url::parse(input).map(|url| Seen {
        secure: url.scheme() == "https",
        host: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default().unwrap_or_default(),
        path_and_query: url[url::Position::BeforePath..].to_owned(),
        whole: url.to_string(),
    });
    Some((here, there))
}

#[derive(Debug, PartialEq)]
struct Seen {
    secure: bool,
    host: String,
    port: u16,
    path_and_query: String,
    whole: String,
}

fn is_plain(input: &str) -> bool {
    match both(input) {
        Some((here, there)) => {
            assert_eq!(Ok(here), there, "{input:?}");
            true
        }
        None => false,
    }
}

#[test]
fn common_urls_are_plain() {
    for input in [
        "http://h",
        "http://h/",
        "https://h/",
        "https://www.example.com/a/path?with=a&query=too",
        "http://a-b.c1.example:8080/x/y.html?q=%20a+b",
        "http://127.0.0.1:65535/",
        "https://255.0.10.255/a.b",
        "http://1a.b/",
        "http://h//double//slash/",
        "http://h/a:b@c!$&()*+,;=~_-%zz%",
        "http://h/a?b/./c/../%2e?d",
        "http://h/a.b./c%2e",
        "https://h:80/",
        "http://h:443/",
    ] {
        assert!(is_plain(input), "{input}");
    }
}

#[test]
fn what_the_url_crate_may_change_or_refuse_is_not_plain() {
    for input in [
        "",
        "h",
        "http:",
        "http:/",
        "http://",
        "http:///",
        "https://",
        "https:///h",
        "http:////h",
        "https:/h",
        "ftp://h/",
        "HTTP://h/",
        "Https://h/",
        " http://h/",
        "http://h/ ",
        "http://H/",
        "http://h\t/",
        "http://h/\t",
        "http://h/a\nb",
        "http://h./",
        "http://.h/",
        "http://a..h/",
        "http://xn--a.h/",
        "http://a.xn--bcher-kva/",
        "http://b\u{fc}cher/",
        "http://h_/",
        "http://h%41/",
        "http://[::1]/",
        "http://u@h/",
        "http://u:p@h/",
        "http://@h/",
        "http://:@h/",
        "http://h:/",
        "http://h:0/",
        "http://h:080/",
        "http://h:80/",
        "https://h:443/",
        "http://h:65536/",
        "http://h:+1/",
        "http://h:1:2/",
        "http://h:1a/",
        "http://1/",
        "http://1.2/",
        "http://1.2.3/",
        "http://1.2.3.4.5/",
        "http://1.2.3.4./",
        "http://01.2.3.4/",
        "http://1.2.3.256/",
        "http://1.2.3.0x4/",
        "http://0x7f.1/",
        "http://a.0x1/",
        "http://a.1/",
        "http://a.08/",
        "http://a.1b/",
        "http://1.2.3.4a/",
        "http://-/",
        "http://h\\a",
        "http://h/a\\b",
        "http://h/#",
        "http://h#f",
        "http://h?q",
        "http://h/a#f",
        "http://h/.",
        "http://h/..",
        "http://h/./a",
        "http://h/a/../b",
        "http://h/a/..?q",
        "http://h/.a",
        "http://h/%2e",
        "http://h/%2E%2e/a",
        "http://h/.%2e/a",
        "http://h/a/%2e./b",
        "http://h/'",
        "http://h/?'",
        "http://h/\"",
        "http://h/<>",
        "http://h/{}",
        "http://h/`",
        "http://h/^|[]",
        "http://h/\u{e4}",
        "http://h/?\u{e4}",
    ] {
        assert!(!is_plain(input), "{input:?}");
    }
    assert!(!is_plain(&format!("http://{}/", "a".repeat(254))));
    assert!(is_plain(&format!("http://{}/", "a".repeat(253))));
}

#[test]
fn every_octet_in_every_place_is_read_alike_or_not_at_all() {
    let mut plain = 0;
    for octet in 0..=255_u8 {
        let character = char::from(octet);
        for input in [
            format!("http://h/{character}"),
            format!("http://h/a{character}b"),
            format!("http://h/a/{character}/b"),
            format!("http://h/a/{character}{character}"),
            format!("http://h/a?{character}"),
            format!("http://h/a?b{character}c"),
            format!("http://h{character}/"),
            format!("http://{character}h/"),
            format!("http://a{character}h/"),
            format!("http://h.{character}/"),
            format!("http://h:1{character}/"),
            format!("http://h:{character}/"),
            format!("http://1.2.3.{character}/"),
            format!("http://1.2.3.4{character}"),
            format!("http:{character}//h/"),
            format!("http{character}://h/"),
            format!("{character}http://h/"),
            format!("http://h/{character}").replace("//", "/"),
        ] {
            plain += u32::from(is_plain(&input));
        }
    }
    assert!(plain > 500, "only {plain} of them are read here");
}

#[test]
fn a_hundred_thousand_urls_made_of_awkward_pieces_are_read_alike_or_not_at_all() {
    const PIECES: [&str; 56] = [
        "http://",
        "https://",
        "http:",
        "/",
        "//",
        ".",
        "..",
        "%2e",
        "%2E",
        "%",
        "%2",
        "?",
        "#",
        "\\",
        "@",
        ":",
        ":80",
        ":443",
        ":8080",
        ":0",
        ":65535",
        ":65536",
        "a",
        "b.example",
        "example.com",
        "xn--",
        "xn--a",
        "-",
        "_",
        "0",
        "1",
        "255",
        "256",
        "01",
        "0x1",
        "127.0.0.1",
        "[::1]",
        "A",
        "z9",
        " ",
        "\t",
        "+",
        "=",
        "&",
        ";",
        ",",
        "!",
        "~",
        "'",
        "\"",
        "<",
        "{",
        "|",
        "^",
        "\u{fc}",
        "*",
    ];
    let mut random = fastrand::Rng::with_seed(0x0068_696e_7465_726e);
    let mut plain = 0;
    for round in 0..100_000 {
        let mut input = String::new();
        // Half of them begin as they should: the rest is decided by what follows.
        if round % 2 == 0 {
            input.push_str(["http://", "https://"][random.usize(..2)]);
            input.push_str(["h", "a.example", "10.0.0.1", ""][random.usize(..4)]);
        }
        for _ in 0..random.usize(..7) {
            input.push_str(PIECES[random.usize(..PIECES.len())]);
        }
        plain += u32::from(is_plain(&input));
    }
    assert!(plain > 2_000, "only {plain} of them are read here");
}
