//! Cookies: fields, dates and files.

use std::time::UNIX_EPOCH;

use crate::policy::cookies::{Cookie, Scope, Store, date as moment, json, netscape};
use crate::target::Target;

/// A cookie that was taken is within its bounds, comes back out of both kinds of files, and is sent as it was set.
pub fn set_cookie(octets: &[u8]) {
    for url in ["https://a.b.example.com/c/d?e", "http://a.b.example.com/c/d?e", "http://127.0.0.1/", "https://co.uk/"]
    {
        let target = Target::parse(url).expect("a target");
        let (scope, mut store) = (Scope::of(&target), Store::default());
        for line in octets.split(|octet| *octet == b'\n') {
            let _told = store.set(&scope, line, NOW);
        }
        let all = store.all(NOW);
        assert!(all.len() <= octets.len() && all.len() == store.len());
        for cookie in &all {
            assert!(!cookie.name().is_empty() && cookie.name().len() + cookie.value().len() <= 4096);
            assert!(target.origin().host().ends_with(cookie.domain()), "{cookie:?}");
            is_set_again(cookie, &scope);
        }
        assert_eq!(json::read(&json::write(&all)).as_ref(), Ok(&all));
        let read = netscape::read(&netscape::write(&all), NOW).expect("what was written is read");
        assert_eq!(read.iter().map(of_a_line).collect::<Vec<_>>(), all.iter().map(of_a_line).collect::<Vec<_>>());
        if let Some(field) = store.field(&scope, b"", NOW) {
            assert!(!field.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t'), "{}", field.escape_ascii());
            for pair in field.split(|octet| *octet == b';').map(<[u8]>::trim_ascii_start) {
                let is_it = |cookie: &Cookie| [cookie.name(), cookie.value()].join(&b'=') == pair;
                assert!(all.iter().any(is_it), "{} in {}", pair.escape_ascii(), field.escape_ascii());
            }
        }
    }
}

/// Its name and value are one cookie, the same, where they are all of a field.
fn is_set_again(cookie: &Cookie, scope: &Scope<'_>) {
    if cookie.name().starts_with(b"__") {
        // Its name may promise what the rest of the field says.
        return;
    }
    let (line, mut store) = ([cookie.name(), cookie.value()].join(&b'='), Store::default());
    assert!(store.set(scope, &line, NOW).is_ok(), "{}", line.escape_ascii());
    let pairs: Vec<_> = store.all(NOW).iter().map(|one| (one.name().to_vec(), one.value().to_vec())).collect();
    assert_eq!(pairs, [(cookie.name().to_vec(), cookie.value().to_vec())]);
}

/// What of it stands in a line of Netscape's.
fn of_a_line(cookie: &Cookie) -> impl PartialEq + std::fmt::Debug {
    let place = (cookie.domain().to_owned(), cookie.path().to_owned(), cookie.is_host_only());
    let flags = (cookie.is_secure(), cookie.is_http_only(), cookie.expires());
    (cookie.name().to_vec(), cookie.value().to_vec(), place, flags)
}

/// A date means what `httpdate` has it mean, if that takes it for one.
pub fn date(octets: &[u8]) {
    let ours = moment(octets);
    assert!(ours.is_none_or(|second| (FIRST..=LAST).contains(&second)), "{ours:?}");
    let Some(theirs) = std::str::from_utf8(octets).ok().and_then(|text| httpdate::parse_http_date(text).ok()) else {
        return;
    };
    let second = theirs.duration_since(UNIX_EPOCH).expect("it has no others").as_secs();
    match ours {
        Some(ours) => assert_eq!(u64::try_from(ours), Ok(second), "{}", octets.escape_ascii()),
        // It takes the 31st of a month that has 30 for the first of the next, and the crate says so by writing another date.
        None => assert_ne!(httpdate::fmt_http_date(theirs).as_bytes(), octets, "no date to us"),
    }
}

/// In 2001, before everything that expires in the dates of the suites.
const NOW: i64 = 1_000_000_000;
/// The first day of 1601, and the last second of 9999.
const FIRST: i64 = -11_644_473_600;
const LAST: i64 = 253_402_300_799;
