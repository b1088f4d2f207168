//! A log that takes its time (reliability.md 6, row `self`).
//!
//! In a program of its own: tracing remembers for all threads whether the one that first comes to a line has a log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hinternet::Session;
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;

/// Everything that is logged takes its time, on the very thread that does the work.
struct SlowLog(&'static AtomicUsize);

impl SlowLog {
    fn write(&self) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(200) {
            std::hint::spin_loop();
        }
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl tracing::Subscriber for SlowLog {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.write();
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {
        self.write();
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.write();
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn a_slow_log_loses_nothing() {
    static LINES: AtomicUsize = AtomicUsize::new(0);
    let log = tracing::Dispatch::new(SlowLog(&LINES));
    let _until_the_end = tracing::dispatcher::set_default(&log);
    actix::System::new().block_on(async {
        let origin = Origin::start(|request| Reply::ok(request.path().to_owned())).await;
        let recorder = Recorder::on_current_arbiter();
        let session = recorder.session(Session::builder().on_current_arbiter());
        let all = (0..50).map(async |n| {
            let path = format!("/{n}");
            let response = session.get(origin.url(&path)).unwrap().send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), path);
        });
        patiently("all answers", futures_util::future::join_all(all)).await;
        recorder.finish(session).await;
    });
    // A span of each request, and what else there is to tell.
    assert!(LINES.load(Ordering::Relaxed) > 50, "{LINES:?} lines");
}
