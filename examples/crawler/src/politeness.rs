//! How a host is asked: by how many requests at once, and with how long a pause between two. The framework sees to it.

use std::time::Duration;

use hinternet::Governor;
use url::Url;

use crate::scope;

/// A `Retry-After` may ask for this much; a longer one counts as this one.
pub const MOST_PATIENCE: Duration = Duration::from_secs(60);

// ANCHOR: governor
/// What a host's requests are held to. The pause is one by the host's clock. A host that is busy and does not say for how long is
/// not paused as a whole: only the page is tried again later.
pub fn governor(at_once: usize, delay: Duration) -> Governor {
    Governor::new().concurrency(at_once).interval(delay).max_pause(MOST_PATIENCE).back_off(Duration::ZERO)
}
// ANCHOR_END: governor

/// The pause for a host when none was asked for: none for one's own, a second for everybody else's.
pub fn default_delay(origin: &str) -> Duration {
    let foreign = Url::parse(origin).is_ok_and(|url| scope::is_third_party(&url));
    if foreign { Duration::from_secs(1) } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_hosts_need_no_delay() {
        assert_eq!(default_delay("http://127.0.0.1:8080"), Duration::ZERO);
        assert_eq!(default_delay("http://example.com"), Duration::from_secs(1));
    }
}
