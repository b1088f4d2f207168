//! A handshake that a server broke off as it restarted, and that is begun again within the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::network::{Destination, Dialer, Dialing, Lookup, Resolver};
use hinternet::transport::MemoryStream;
use hinternet::{DialOptions, Protocols};
use integration_tests::http2_peer::frames;

use super::*;

/// A resolver that takes its time, and a dialer whose first stream is served and whose second is dead.
#[derive(Clone, Debug)]
struct Restarting {
    peer: MemoryPeer,
    resolves_in: Duration,
    streams: Arc<AtomicUsize>,
    /// How long the second takes to come, and then to break.
    slow: Duration,
    /// Does the third connection come at all?
    comes_back: bool,
}

impl Resolver for Restarting {
    fn resolve(&self, name: &str) -> Lookup {
        let (lookup, takes) = (Resolver::resolve(&self.peer, name), self.resolves_in);
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            lookup.await
        })
    }
}

impl Dialer for Restarting {
    fn dial(&self, to: &Destination) -> Dialing {
        match self.streams.fetch_add(1, Ordering::Relaxed) {
            1 => {
                // With no room for a first word.
                let ((ours, theirs), slow) = (MemoryStream::pair_holding(1), self.slow);
                Box::pin(async move {
                    tokio::time::sleep(slow).await;
                    actix::spawn(async move {
                        tokio::time::sleep(slow).await;
                        drop(theirs);
                    });
                    Ok(Box::new(ours) as _)
                })
            }
            2 if !self.comes_back => Box::pin(std::future::pending()),
            _ => Dialer::dial(&self.peer, to),
        }
    }
}

/// What the second of two requests comes to, where the first had a wire that is gone and the next was broken off; when; and how many
/// streams were dialed.
fn after_a_restart(restarting: Restarting, then: impl FnOnce(hinternet::Result<String>, Duration, usize) + 'static) {
    in_virtual_time(async move {
        let streams = Arc::clone(&restarting.streams);
        let dial = DialOptions::default().resolver(restarting.clone()).dialer(restarting);
        let timeouts = limits(|timeouts| timeouts.connect = Some(LIMIT));
        let builder = Session::builder().timeouts(timeouts).protocols(Protocols::RequireHttp2);
        let recorder = Recorder::on_current_arbiter();
        let session = recorder.session(builder.on_current_arbiter().dial(dial));
        let text = async || session.get("http://a.example/").unwrap().send().await?.text().await;
        assert_eq!(text().await.unwrap(), "ok");
        tokio::time::sleep(SECOND).await;
        let began = Instant::now();
        let outcome = text().await;
        then(outcome, began.elapsed(), streams.load(Ordering::Relaxed));
        recorder.finish(session).await;
    });
}

/// Each stream of its peer serves one request.
fn restarting() -> Restarting {
    let served = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
    let peer = MemoryPeer::playing(served.send(frames::answer(1, "ok")).close());
    Restarting { peer, resolves_in: Duration::ZERO, streams: Arc::default(), slow: Duration::ZERO, comes_back: true }
}

fn assert_is_at(took: Duration, due: Duration) {
    assert!(took >= due && took <= due + Duration::from_millis(5), "{took:?} and not {due:?}");
}

#[test]
fn a_handshake_that_was_broken_off_is_begun_again_however_long_the_name_took() {
    after_a_restart(Restarting { resolves_in: 2 * LIMIT, ..restarting() }, |outcome, took, streams| {
        assert_eq!((outcome.unwrap().as_str(), streams), ("ok", 3));
        assert_is_at(took, 4 * LIMIT);
    });
}

#[test]
fn where_the_time_ends_while_it_is_begun_again_the_first_end_is_told() {
    after_a_restart(Restarting { comes_back: false, ..restarting() }, |outcome, took, streams| {
        let error = outcome.unwrap_err();
        assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect), "{error}");
        assert_is_at(took, LIMIT);
        assert_eq!(streams, 3);
    });
}

#[test]
fn where_no_time_is_left_it_is_not_begun_again() {
    let slow = LIMIT * 3 / 4;
    // Not so much as the name is asked for again, which would take a second more.
    after_a_restart(Restarting { slow, resolves_in: SECOND, ..restarting() }, move |outcome, took, streams| {
        let error = outcome.unwrap_err();
        assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect), "{error}");
        assert_is_at(took, SECOND + 2 * slow);
        assert_eq!(streams, 2);
    });
}
