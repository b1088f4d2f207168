//! A test whose clock stands still, and jumps to what is due next as soon as nothing else is left to do.

/// Runs the test, and sessions opened `on_current_arbiter`, on this thread with a clock that stands still: it moves only when all
/// tasks wait, and then to the next timer. So a test can await a timeout and say exactly when it came.
///
/// What the test waits for must come from this thread, or the clock runs on to the timeouts meanwhile. The recorder lives on
/// another one: `tokio::time::resume()` before [`Recorder::finish`](crate::recorder::Recorder::finish).
///
/// # Panics
/// When there is no runtime to be had.
pub fn on_paused_clock(test: impl Future<Output = ()>) {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().expect("a runtime starts")
    };
    actix::System::with_tokio_rt(runtime).block_on(test);
}
