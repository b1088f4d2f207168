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
                let (ours, theirs) = MemoryStream::pair();
                drop(theirs);
                Box::pin(async move { Ok(Box::new(ours) as _) })
            }
            2 if !self.comes_back => Box::pin(std::future::pending()),
            _ => Dialer::dial(&self.peer, to),
        }
    }
}

/// What the second of two requests comes to, where the first had a wire that is gone and the next was broken off, and when.
fn after_a_restart(resolves_in: Duration, comes_back: bool, then: impl FnOnce(Option<Error>, Duration) + 'static) {
    in_virtual_time(async move {
        let served = Script::new().read_preface().send(frames::settings(&[])).read_streams(1);
        let peer = MemoryPeer::playing(served.send(frames::answer(1, "ok")).close()).then(
            Script::new()
                .read_preface()
                .send(frames::settings(&[]))
                .read_streams(1)
                .send(frames::answer(1, "ok"))
                .keep(),
        );
        let restarting = Restarting { peer: peer.clone(), resolves_in, streams: Arc::default(), comes_back };
        let dial = DialOptions::default().resolver(restarting.clone()).dialer(restarting);
        let timeouts = limits(|timeouts| timeouts.connect = Some(LIMIT));
        let builder = Session::builder().timeouts(timeouts).protocols(Protocols::RequireHttp2);
        let recorder = Recorder::on_current_arbiter();
        let session = recorder.session(builder.on_current_arbiter().dial(dial));
        let text = async || session.get("http://a.example/").unwrap().send().await?.text().await;
        assert_eq!(text().await.unwrap(), "ok");
        tokio::time::sleep(SECOND).await;
        let began = Instant::now();
        then(text().await.err(), began.elapsed());
        recorder.finish(session).await;
    });
}

#[test]
fn a_handshake_that_was_broken_off_is_begun_again_however_long_the_name_took() {
    after_a_restart(2 * LIMIT, true, |error, took| {
        assert!(error.is_none(), "{error:?}");
        assert!(took <= 4 * LIMIT + Duration::from_millis(1), "{took:?}");
    });
}

#[test]
fn where_the_time_ends_while_it_is_begun_again_the_first_end_is_told() {
    after_a_restart(Duration::ZERO, false, |error, took| {
        let error = error.unwrap();
        assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect), "{error}");
        assert!(took >= LIMIT && took <= LIMIT + Duration::from_millis(1), "{took:?}");
    });
}
