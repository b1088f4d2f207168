//! Files of cookies: what is written is read again as it was, and a file may hold anything.

use super::*;
use crate::policy::cookies::{json, netscape};

fn restored(cookies: Vec<Cookie>) -> (Store, usize) {
    let mut store = Store::default();
    let refused = cookies.into_iter().filter(|cookie| store.restore(cookie.clone(), NOW).is_err()).count();
    (store, refused)
}

#[test]
fn what_is_written_is_read_again_as_it_was() {
    let mut random = fastrand::Rng::with_seed(7);
    let octets = |random: &mut fastrand::Rng, most: usize| -> Vec<u8> {
        let length = random.usize(1..most);
        std::iter::repeat_with(|| random.u8(0x20..=0xff))
            .filter(|octet| !matches!(octet, b';' | b'=' | 0x7f))
            .take(length)
            .collect()
    };
    for _ in 0..200 {
        let mut store = Store::default();
        for _ in 0..20 {
            let host = ["https://example.com/a/b", "https://a.example.com/", "https://[::1]/", "https://127.0.0.1/x"]
                [random.usize(..4)];
            let mut line = octets(&mut random, 12);
            line.push(b'=');
            line.extend(octets(&mut random, 30));
            for (attribute, odds) in [
                ("; Domain=example.com", 2),
                ("; Secure", 2),
                ("; HttpOnly", 2),
                ("; Path=/a b", 4),
                ("; Max-Age=5000", 2),
                ("; SameSite=Lax", 3),
            ] {
                if random.usize(..odds) == 0 {
                    line.extend_from_slice(attribute.as_bytes());
                }
            }
            let _refused = store.set(&Scope::of(&Target::parse(host).unwrap()), &line, NOW);
        }
        let all = store.all(NOW);
        let (again, refused) = restored(json::read(&json::write(&all)).unwrap());
        assert_eq!((again.all(NOW), refused), (all.clone(), 0), "JSON");
        let (again, refused) = restored(netscape::read(&netscape::write(&all), NOW).unwrap());
        let without_site: Vec<_> =
            all.into_iter().map(|cookie| Cookie { same_site: SameSite::Unsaid, ..cookie }).collect();
        assert_eq!((again.all(NOW), refused), (without_site, 0), "Netscape");
    }
}

#[test]
fn host_only_survives_a_file() {
    let mut store = Store::default();
    set(&mut store, "http://example.com/", "own=1").unwrap();
    set(&mut store, "http://example.com/", "all=2; domain=example.com").unwrap();
    let all = store.all(NOW);
    for cookies in [json::read(&json::write(&all)).unwrap(), netscape::read(&netscape::write(&all), NOW).unwrap()] {
        let (mut again, _) = restored(cookies);
        assert_eq!(sent(&mut again, "http://www.example.com/"), "all=2");
        assert_eq!(sent(&mut again, "http://example.com/"), "own=1; all=2");
    }
}

#[test]
fn the_file_of_others_is_read() {
    let file = b"# Netscape HTTP Cookie File\n# a comment\r\n\n\
        .example.com\tTRUE\t/\tTRUE\t1800001000\tsid\tx=1; \r\n\
        #HttpOnly_www.example.com\tFALSE\t/foo\tFALSE\t0\tname\tva\tlue\n\
        example.com\tFALSE\t/\tFALSE\t0\tempty\n";
    let cookies = netscape::read(file, NOW).unwrap();
    assert_eq!(cookies.len(), 3);
    assert!(cookies[0].is_secure() && !cookies[0].is_host_only() && cookies[0].expires().is_some());
    assert!(cookies[1].is_http_only() && cookies[1].is_host_only() && cookies[1].expires().is_none());
    assert_eq!((cookies[1].name(), cookies[1].value(), cookies[2].value()), (&b"name"[..], &b"va\tlue"[..], &b""[..]));
    let (_, refused) = restored(cookies);
    assert_eq!(refused, 1, "a semicolon would make two of one");
}

#[test]
fn an_address_in_a_file_is_that_host_alone() {
    let cookies = netscape::read(b".127.0.0.1\tTRUE\t/\tFALSE\t0\ta\tb", NOW).unwrap();
    assert!(cookies[0].is_host_only());
    let (mut store, refused) = restored(cookies);
    assert_eq!((sent(&mut store, "http://127.0.0.1/"), refused), ("a=b".to_owned(), 0));
}

#[test]
fn what_no_server_may_set_no_file_may() {
    let lines = [
        ".co.uk\tTRUE\t/\tFALSE\t0\ta\tb",
        "0.0.1\tTRUE\t/\tFALSE\t0\ta\tb\x01",
        "example.com\tFALSE\t/\tFALSE\t0\t__Host-a\tb",
        "example.com\tFALSE\tx\tFALSE\t0\ta\tb",
        "example.com\tFALSE\t/\tFALSE\t0\t\tb",
        "\tFALSE\t/\tFALSE\t0\ta\tb",
    ];
    let (store, refused) = restored(netscape::read(lines.join("\n").as_bytes(), NOW).unwrap());
    assert_eq!((store.len(), refused), (0, lines.len()));
}

#[test]
fn a_time_in_a_file_is_at_most_400_days_off_and_one_that_is_over_is_not_kept() {
    let file = format!("h.example\tFALSE\t/\tFALSE\t{}\ta\tb\nh.example\tFALSE\t/\tFALSE\t1\tc\td", i64::MAX);
    let (mut store, refused) = restored(netscape::read(file.as_bytes(), NOW).unwrap());
    assert_eq!((store.len(), refused), (1, 0));
    assert_eq!(sent_at(&mut store, "http://h.example/", NOW + 400 * DAY), "");
}

#[test]
fn what_is_no_such_file_is_told_by_its_line() {
    let line = |file: &[u8]| netscape::read(file, NOW).unwrap_err().line;
    assert_eq!(line(b"# x\n\nnonsense\n"), 3);
    assert_eq!(line(b"h\tTRUE\t/\tFALSE\tnever\ta\tb"), 1);
    assert_eq!(line(b"h\tYES\t/\tFALSE\t0\ta\tb"), 1);
    let whole = json::write(&{
        let mut store = Store::default();
        set(&mut store, "http://example.com/", "a=b").unwrap();
        store.all(NOW)
    });
    for cut in 0..whole.len() - 2 {
        assert!(json::read(&whole[..cut]).is_err(), "cut at {cut}");
    }
    assert!(json::read(br#"{"version":2,"cookies":[]}"#).is_err());
    assert!(json::read(br#"{"version":1,"cookies":[{"name":"a","value":"b","domain":"h","path":"/","secure":false,"http_only":false}]}"#).is_err(), "no default for host_only");
}
