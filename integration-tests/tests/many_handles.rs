//! Very many handles that come and go leave nothing (reliability.md 6, row `self`). In a process of its own, whose memory is counted.

use std::alloc::System;

use hinternet::{Method, Session};
use integration_tests::recorder::Recorder;
use integration_tests::{patiently, subscribers_catch_up};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What is allocated, give or take what moves while the figures are read. What is reallocated is in both of them.
fn held() -> usize {
    let stats = ALLOCATED.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

/// Each of them leaves less than a pointer, and so nothing: in some stretch of its life the session grows by less. In no stretch is there
/// by chance more than the largest queue so far, which is that of one round; a leak is in all.
#[tokio::test]
async fn a_hundred_thousand_handles_that_were_opened_and_closed_leave_nothing() {
    const STRETCHES: usize = 10;
    const ROUNDS: usize = 10;
    const HANDLES: usize = 1_000;
    let recorder = Recorder::start().forgetting();
    let session = recorder.session(Session::builder());
    let mut after = Vec::new();
    for _ in 0..STRETCHES {
        for _ in 0..ROUNDS {
            open_and_close(&session, HANDLES).await;
        }
        after.push(held());
    }
    let grown: Vec<_> = after.windows(2).map(|two| two[1].saturating_sub(two[0])).collect();
    let least = grown.iter().min().copied().unwrap_or(usize::MAX);
    assert!(least < size_of::<usize>() * ROUNDS * HANDLES, "{grown:?} octets more behind each {}", ROUNDS * HANDLES);
    assert!(recorder.heard() >= (2 * STRETCHES * ROUNDS * HANDLES) as u64, "each was created, and closed");
    recorder.finish(session).await;
}

async fn open_and_close(session: &Session, handles: usize) {
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let requests: Vec<_> = (0..handles).map(|_| connection.open_request(Method::GET, "/").unwrap()).collect();
    // Every other is closed, and the others are forgotten.
    for request in requests.iter().step_by(2) {
        request.close().await.unwrap();
    }
    drop((requests, connection));
    let gone = async {
        loop {
            let seen = session.snapshot().await;
            if seen.connections.is_empty() && seen.requests.is_empty() {
                return;
            }
        }
    };
    patiently("the handles to go", gone).await;
    subscribers_catch_up();
}
