//! What a session remembers of servers from one request to the next: cookies, and who wants to be asked by https only.

#[cfg(feature = "cookies")]
mod cookie_jar;
mod file;
mod hsts_store;

#[cfg(feature = "cookies")]
pub use cookie_jar::{CookieFile, CookieJar, Loaded, SessionCookies};
pub use hsts_store::HstsStore;

use std::time::SystemTime;

use crate::clock;

/// Seconds since 1970.
fn now() -> i64 {
    let since = clock::time_of_day().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
