//! Waiting for what must come, and saying what did not.

use std::time::Duration;

/// A test that waits so long hangs. No test is decided by this time: it only turns a hang into a failure.
pub const HANG: Duration = Duration::from_secs(30);

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
