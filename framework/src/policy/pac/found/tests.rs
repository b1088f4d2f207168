//! Answers of scripts, good and hostile.

use super::*;

fn read(answer: &str) -> Vec<String> {
    read_answer(answer).unwrap().iter().map(Route::to_string).collect()
}

#[test]
fn an_answer_is_a_list_in_order() {
    let ways = read("PROXY w3proxy.netscape.com:8080; PROXY mozilla.netscape.com:8081 ;; SOCKS socks.example; DIRECT");
    let expected = [
        "http://w3proxy.netscape.com:8080",
        "http://mozilla.netscape.com:8081",
        "socks4://socks.example:1080",
        "direct",
    ];
    assert_eq!(ways, expected);
    assert_eq!(
        read("http a;HTTPS b:8443;https c;socks4 d;SOCKS5\te:1"),
        ["http://a:80", "https://b:8443", "https://c:443", "socks4://d:1080", "socks5h://e:1"]
    );
    assert_eq!(read("PROXY [2001:db8::1]:3128; PROXY [::1]"), ["http://[2001:db8::1]:3128", "http://[::1]:80"]);
}

#[test]
fn an_empty_answer_is_direct() {
    for empty in ["", " ", ";;", "DIRECT", "direct ;"] {
        assert_eq!(read(empty), ["direct"], "{empty:?}");
    }
}

#[test]
fn what_is_not_known_is_passed_over_and_nothing_else_is_no_answer() {
    assert_eq!(read("QUIC a:443; PROXY b:1"), ["http://b:1"]);
    for unusable in [
        "QUIC a:443",
        "PROXY",
        "PROXY :80",
        "PROXY a:0",
        "PROXY a:65536",
        "PROXY a:-1",
        "PROXY a:x",
        "PROXY user@host:1",
        "PROXY a b:1",
        "PROXY a/b:80",
        "PROXY a\r\nX-Evil: y:80",
        "PROXY a\0b:1",
        "DIRECT x",
        "null",
    ] {
        assert_eq!(read_answer(unusable), Err(Unreadable::NoWay), "{unusable:?}");
    }
}

#[test]
fn of_many_entries_the_first_twenty_count_and_a_million_are_no_answer() {
    assert_eq!(read(&"PROXY a:1;".repeat(1000)).len(), 20);
    let million = "PROXY a:1;".repeat(1_000_000);
    assert_eq!(read_answer(&million), Err(Unreadable::TooLong(10_000_000)));
}
