//! A wire of HTTP/2 that carries nothing gives the room of its streams back, within a tick. In a process of its own, whose memory
//! is counted.

use std::alloc::System;
use std::time::Duration;

use futures_util::future::try_join_all;
use hinternet::Protocols;
use integration_tests::simulation::{Answer, Conduct, Simulation};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn held() -> usize {
    let stats = ALLOCATED.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

const STREAMS: usize = 512;

#[test]
fn room_for_many_streams_is_given_back_by_a_wire_that_rests() {
    let conduct = Conduct { streams: STREAMS as u32, ..Conduct::answering(Answer::default()) };
    let held = Simulation::seeded(1).http2_peer(80, move |_| conduct.clone()).run(async move |world| {
        let session = world.session(|builder| builder.protocols(Protocols::RequireHttp2));
        let get = async || session.get(world.url(80, "/1"))?.send().await?.bytes().await;
        // The first opens the wire, which the others share.
        get().await.unwrap();
        try_join_all((0..STREAMS).map(|_| get())).await.unwrap();
        let burst = held();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let rested = held();
        world.recorder.finish(session).await;
        (burst, rested)
    });
    let (burst, rested) = held.unwrap();
    // A number and a word for each, at the least.
    assert!(rested + STREAMS * 2 * size_of::<usize>() <= burst, "{rested} octets are held, {burst} were before");
}
