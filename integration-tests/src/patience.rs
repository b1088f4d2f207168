//! Waiting for what must come, and saying what did not.

use std::time::Duration;

use tokio::sync::watch;

use crate::sanitized::SANITIZED;

/// A test that waits so long hangs. No test is decided by this time: it only turns a hang into a failure. What a sanitizer watches
/// takes several times as long.
pub const HANG: Duration = Duration::from_secs(if SANITIZED { 300 } else { 30 });

/// Waits for what must come.
///
/// # Panics
/// When it does not come within [`HANG`].
pub async fn patiently<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(HANG, wait).await {
        Ok(value) => value,
        Err(_) => panic!("waited {HANG:?} for {what}"),
    }
}

/// Waits until what a double lets watch has come this far.
///
/// # Panics
/// When it does not, or the double is gone.
pub(crate) async fn reached<T>(what: &str, watched: &watch::Receiver<T>, is_reached: impl FnMut(&T) -> bool) {
    let mut watched = watched.clone();
    let waited = patiently(what, watched.wait_for(is_reached)).await;
    assert!(waited.is_ok(), "what is watched lives as long as its handle");
}
