//! Clients that are told to do anything at any time, servers that do anything to them, networks that fail between them: by a seed, on
//! one thread, in simulated time (reliability.md 5 and 6).
//!
//! | simulation | is |
//! |---|---|
//! | `client.rs`, `plan.rs` | HTTP/1.1: every command at every level, servers that break off, stall, babble and drip |
//! | with `site.rs` | the same with servers that redirect, ask for credentials, code, set cookies, are busy; with retries, a cache, proxies |
//! | `http2/` | streams that share wires and go both ways, servers that go away, refuse, reset and freeze, names that move |
//! | `websocket/` | messages both ways at once, servers that refuse, talk, close, cut, freeze and send rubbish |
//! | `cancels/` | all of these together, each cut off at a random moment |
//!
//! A seed that fails is made short (`suite.rs`): the seed, and the fewest commands that fail as well. It is kept in a `seeds.txt`.
//!
//! | rule | is checked by |
//! |---|---|
//! | N1, N3-N6 | the recorder, at every notification; and for who joins in the middle by `verdict.rs`, `Witnesses` |
//! | N2 | the recorder, and `verdict.rs`: what was told is what the calls gave |
//! | N7, N8 | `torture.rs` and `torture_flood.rs`, with subscribers that panic, block, call and lag |
//! | N9 | `ending.rs`: the session closes within 100 ms, whatever is going on; every call ends |
//! | N10 | `ending.rs`: in every third seed nobody closes the session, its last handle is dropped |
//! | P1 | `verdict.rs`, `http2/exchange.rs`, `websocket/ears.rs`: a body is whole or fails, on a network that cuts it anywhere |
//! | P2 | `site.rs`: its server parses each request to the end, or answers 400, which is a body that nobody may give |
//! | B.4-B.7 | `cancels/`: what is cut off has one terminal notification, whatever it was doing |
//! | P3, P6 | unit tests: `framework/src/target`, `framework/src/protocol/coding/tests.rs` |
//! | P4, P7 | `site.rs`: cookies and credentials reach their own host and proxy alone |
//! | P5 | `client.rs`: never more wires to an origin than it may have |
//! | P8 | `ending.rs`: no stream, handle, place in line, dial or holder of the network is left |
//! | P9 | `client.rs`: no story outlasts its total deadline; each limit alone: `virtual_time.rs`, `deadlines/` |

mod again;
mod cancels;
mod chances;
mod client;
mod ending;
mod http2;
mod plan;
mod site;
mod suite;
mod told;
mod verdict;
mod websocket;

use plan::Plan;
use suite::Simulated;

#[test]
fn n1_to_n6_hold_for_every_seed() {
    let seen = suite::every_seed::<Plan>();
    // The plans come to all that a session does for its caller.
    let all =
        ["Redirect(", "Authenticating(", "CookieStored", "Retrying(", "CacheStored", "CacheHit(", "CacheRevalidated"];
    let told = all.map(|what| (what, seen.runs_with(what)));
    println!("{told:?}");
    assert!(told.iter().all(|(_, runs)| *runs > 2), "{told:?}");
}

/// Seeds that failed once, with what was wrong then.
#[test]
fn seeds_that_failed_once_do_not_fail_again() {
    suite::failed_once::<Plan>();
}

#[test]
fn another_seed_is_another_run() {
    assert!(Plan::of(0).run().unwrap() != Plan::of(1).run().unwrap());
}

/// For looking for defects: the seeds from HINTERNET_FROM up to HINTERNET_TO, and what each that fails fails with.
#[test]
#[ignore = "looks at none without HINTERNET_FROM and HINTERNET_TO"]
fn seeds_of_http1_between() {
    suite::look_between::<Plan>();
}
