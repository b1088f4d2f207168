//! What becomes of a request for every fault, on every way to its server: the error's code, its stage, whether the wire serves
//! again, whether the library sends again. The book's table is written from here.
//!
//! Rows are what goes wrong (`names`, `securing`, `carrying`, `answers`, ...), often once for every octet or frame; columns are
//! what has to come of it. A case that ends otherwise fails the test, and so does a table in the book that is another.

mod answers;
mod carrying;
mod fault;
mod names;
mod place;
mod protocol;
mod proxies;
mod securing;
mod streams;
mod table;
mod websockets;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use fault::Fault;
use futures_util::FutureExt;

/// A time that is up soon. What waits for it waits for nothing else.
const SOON: Duration = Duration::from_millis(50);
/// A time that is up later: it also runs while something else is done first, which takes longer than that on a busy machine.
const LATER: Duration = Duration::from_secs(1);

/// The table's parts, in its order.
fn parts() -> Vec<(&'static str, Vec<Fault>)> {
    vec![
        ("Names", names::of_names()),
        ("Connecting", names::of_connecting()),
        ("TLS", securing::of_securing()),
        ("Octets", carrying::of_carrying()),
        ("Answers", answers::of_answers()),
        ("HTTP/2", streams::of_streams()),
        ("WebSocket", websockets::of_websockets()),
        ("Proxies", proxies::of_proxies()),
        ("The caller", proxies::of_callers()),
    ]
}

/// Plays every case of a part, and says which did not end as expected.
async fn holds(name: &str) {
    let (_, faults) = parts().into_iter().find(|(part, _)| *part == name).expect("a part of the table");
    // By hand: only those whose names have this in them.
    let only = std::env::var("HINTERNET_FAULT").ok();
    let mut wrong = Vec::new();
    for fault in faults.iter().filter(|fault| only.as_ref().is_none_or(|only| fault.name.contains(only.as_str()))) {
        for (protocol, expected) in &fault.expected {
            let cases = (fault.cases)(*protocol);
            assert!(!cases.is_empty(), "{}: no case {}", fault.name, protocol.name());
            for (n, case) in cases.into_iter().enumerate() {
                // One that ends in a panic is no reason to be silent about the others.
                let seen = AssertUnwindSafe(place::play(*protocol, case)).catch_unwind().await;
                let is_wrong = match seen {
                    Ok(seen) if expected.allows(&seen) => continue,
                    Ok(seen) => format!("{seen:?}"),
                    Err(_) => "a panic, see above".to_owned(),
                };
                wrong.push(format!("{}, {}, case {n}: {is_wrong}", fault.name, protocol.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "not as the table says:\n{}", wrong.join("\n"));
}

macro_rules! holds {
    ($($test:ident: $part:literal,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                holds($part).await;
            }
        )*

        /// Every part has its test.
        const TESTED: &[&str] = &[$($part),*];
    };
}

holds! {
    faults_of_names: "Names",
    faults_of_connecting: "Connecting",
    faults_of_tls: "TLS",
    faults_of_what_carries_the_octets: "Octets",
    faults_of_answers: "Answers",
    faults_of_http2: "HTTP/2",
    faults_of_websockets: "WebSocket",
    faults_of_proxies: "Proxies",
    faults_of_the_caller: "The caller",
}

#[test]
fn the_books_table_is_this_one() {
    let parts = parts();
    assert_eq!(parts.iter().map(|(name, _)| *name).collect::<Vec<_>>(), TESTED);
    let (table, book) = (table::of(&parts), table::PLACE);
    if std::env::var_os("HINTERNET_BLESS").is_some() {
        std::fs::write(book, &table).unwrap();
    }
    let kept = std::fs::read_to_string(book).unwrap_or_default();
    assert!(kept == table, "run the test with HINTERNET_BLESS=1");
}
