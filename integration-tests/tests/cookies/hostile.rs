//! A server that sets cookies without end, or wrong ones, costs a bounded amount and breaks nothing.

use hinternet::CookieJar;

use crate::place::Place;

/// 10^6 names are played against the store itself in a unit test; this is the same through the jar, as far as it fills.
#[test]
fn a_jar_that_is_full_stays_at_its_bound() {
    let jar = CookieJar::new();
    for i in 0..10_000 {
        jar.set(format!("http://h{i}.example/"), format!("name{i}=value")).unwrap();
    }
    assert!((3_900..=4_096).contains(&jar.len()), "{}", jar.len());
    assert!(jar.for_url("http://h9999.example/").unwrap().len() == 1, "the newest is there");
}

#[tokio::test]
async fn what_cannot_be_a_cookie_breaks_no_response() {
    let place = Place::new().await;
    let long = "x".repeat(5000);
    let lines = [
        "",
        "=",
        ";",
        "a",
        "=b",
        "a=b; max-age=99999999999999999999; expires=never; path; domain; secure=no",
        &long,
        "\u{e9}=\u{e9}",
    ];
    for line in lines {
        place.has_set("a.example", "/", line).await;
    }
    let sent = place.sent("a.example", "/").await;
    assert_eq!(sent, ["\u{e9}=\u{e9}"], "as octets; `secure=no` is secure");
    place.end().await;
}
