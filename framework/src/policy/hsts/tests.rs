//! Who is asked by https only, for how long, and who cannot say so (RFC 6797).

use super::*;

const NOW: i64 = 1_800_000_000;

fn note(store: &mut Store, host: &str, field: &str) -> bool {
    store.note(host, Wish::parse(field.as_bytes()).unwrap(), NOW)
}

#[test]
fn rfc6797_6_1_the_field_is_read_strictly() {
    let wish = |max_age, include_subdomains| Some(Wish { max_age, include_subdomains });
    let cases = [
        ("max-age=31536000", wish(31_536_000, false)),
        ("max-age=15768000 ; includeSubDomains", wish(15_768_000, true)),
        ("max-age=\"31536000\"", wish(31_536_000, false)),
        ("max-age=0; includeSubDomains", wish(0, true)),
        (" MAX-AGE = 5 ;; includesubdomains ;", wish(5, true)),
        ("max-age=5; preload; x=\"y\"", wish(5, false)),
        ("max-age=99999999999999999999999", wish(u64::MAX, false)),
        ("", None),
        ("includeSubDomains", None),
        ("max-age", None),
        ("max-age=", None),
        ("max-age=-1", None),
        ("max-age=+1", None),
        ("max-age=1.5", None),
        ("max-age=\"1", None),
        ("max-age=1; max-age=1", None),
        ("max-age=1; includeSubDomains; includesubdomains", None),
        ("max-age=1; includeSubDomains=1", None),
        ("max-age=1, max-age=2", None),
    ];
    for (field, expected) in cases {
        assert_eq!(Wish::parse(field.as_bytes()), expected, "{field}");
    }
    assert_eq!(Wish::parse(b"max-age=1; \xff"), None);
    let endless: String = (0..1000).map(|i| format!("a{i};")).collect();
    assert_eq!(Wish::parse(format!("max-age=1;{endless}").as_bytes()), None);
}

#[test]
fn rfc6797_8_2_a_host_is_known_by_its_own_entry_or_by_one_above_that_means_it() {
    let mut store = Store::default();
    note(&mut store, "example.com", "max-age=100; includeSubDomains");
    note(&mut store, "alone.example.org", "max-age=100");
    for (host, is_known) in [
        ("example.com", true),
        ("a.example.com", true),
        ("b.a.example.com", true),
        ("badexample.com", false),
        ("com", false),
        ("alone.example.org", true),
        ("a.alone.example.org", false),
        ("example.org", false),
    ] {
        assert_eq!(store.has(host, NOW), is_known, "{host}");
    }
    assert!(!store.has("example.com", NOW + 100), "its time is over");
}

/// curl CVE-2024-9681: what a host says changes no other host's entry.
#[test]
fn a_host_below_changes_nothing_above_it() {
    let mut store = Store::default();
    note(&mut store, "example.com", "max-age=1000; includeSubDomains");
    note(&mut store, "a.example.com", "max-age=10");
    assert!(store.has("example.com", NOW + 500) && store.has("a.example.com", NOW + 500));
    note(&mut store, "a.example.com", "max-age=0");
    assert!(store.has("example.com", NOW), "only its own entry is gone");
    assert!(store.has("a.example.com", NOW), "and the one above means it still");
    note(&mut store, "example.com", "max-age=0; includeSubDomains");
    assert!(!store.has("example.com", NOW) && store.len() == 0);
}

#[test]
fn rfc6797_8_1_1_an_address_says_nothing_nor_what_is_no_name() {
    let mut store = Store::default();
    assert!(!note(&mut store, "127.0.0.1", "max-age=10") && !note(&mut store, "[::1]", "max-age=10"));
    assert!(!note(&mut store, "", "max-age=10") && !note(&mut store, "a..b", "max-age=10"));
    assert!(!store.has("127.0.0.1", NOW) && store.len() == 0);
}

#[test]
fn a_million_hosts_are_8192_at_most_and_what_is_used_stays() {
    let mut store = Store::default();
    note(&mut store, "mine.example", "max-age=10000");
    let many = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    for i in 0..many {
        note(&mut store, &format!("h{i}.example"), "max-age=10000");
        if i % 1000 == 0 {
            assert!(store.has("mine.example", NOW));
        }
        assert!(store.len() <= 8192);
    }
    assert!(store.len() > 7900, "{}", store.len());
}

#[test]
fn what_is_written_is_read_again_as_it_was() {
    let mut store = Store::default();
    note(&mut store, "example.com", "max-age=1000; includeSubDomains");
    note(&mut store, "xn--bcher-kva.example", "max-age=99999999999999999999");
    let all = store.all(NOW);
    assert_eq!(read(&write(&all)), Ok(all));
    let others = read("# comment\n\nBÜCHER.example. 1800000001\n".as_bytes()).unwrap();
    assert_eq!((&*others[0].host, others[0].include_subdomains), ("xn--bcher-kva.example", false));
    for (file, line) in [
        ("a", 1),
        ("# x\na b", 2),
        ("a b 5", 1),
        ("a:b 5", 1),
        ("... 6", 1),
        (". 6", 1),
        ("..a 6", 1),
        ("a..b 6", 1),
        ("a.. 6", 1),
    ] {
        assert_eq!(read(file.as_bytes()).unwrap_err().line, line, "{file}");
    }
}

#[test]
fn what_is_too_long_for_a_name_is_not_looked_for_label_by_label() {
    let mut store = Store::default();
    note(&mut store, "example", "max-age=1000; includeSubDomains");
    assert!(store.has(&format!("{}example", "a.".repeat(120)), NOW));
    assert!(!store.has(&format!("{}example", "a.".repeat(130)), NOW));
}
