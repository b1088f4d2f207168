//! Contract C, who is told: the slot, added subscribers, streams, inheritance, slow subscribers, and subscribers that act.

mod inheritance;
mod inside;
mod slot;
mod slow;
mod streams;

use hinternet::Session;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

/// A session with an empty slot, watched from beside it.
fn watched() -> (Recorder, Session) {
    let recorder = Recorder::start();
    let session = Session::open().unwrap();
    recorder.join(&session);
    (recorder, session)
}

async fn hello() -> Origin {
    Origin::start(|_| Reply::ok("hello")).await
}
