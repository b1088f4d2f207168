//! What is tried again, and when.

use std::time::{Duration, SystemTime};

/// How often one page is asked for, and how often a host that cannot be reached.
pub const ATTEMPTS: u8 = 5;

/// The pause before the second attempt, unless another one is asked for.
pub const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A `Retry-After` may ask for this much; a longer one counts as this one.
pub const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// Why an attempt failed that may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection. The host's trouble, not the page's: nothing else on it would do better now.
    Unreachable,
    /// No connection, nor will there be one: its certificate is refused, or its address. The host's trouble, too.
    Refused,
    /// The exchange broke off or took too long.
    Broken,
    /// The server answered that it cannot answer.
    Busy {
        /// When it thinks it can.
        retry_after: Option<Duration>,
    },
}

/// Does this status mean "later"? Then it is no answer yet.
pub fn means_later(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// The pause after so many failed attempts: the first one, doubled with each further attempt, give or take a quarter, so
/// that what failed together does not come back together. `chance` is a random number from 0 to 1.
pub fn back_off(first: Duration, failed_attempts: u8, chance: f64) -> Duration {
    let doubled = first * 2u32.pow(u32::from(failed_attempts.saturating_sub(1)).min(16));
    doubled.mul_f64(0.75 + 0.5 * chance.clamp(0.0, 1.0))
}

/// Reads a `Retry-After`: seconds, or a date (RFC 9110 10.2.3). At most [`MOST_PATIENCE`].
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim_ascii();
    let pause = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(pause.min(MOST_PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_spread_by_a_quarter() {
        let pauses: Vec<_> = (1..ATTEMPTS).map(|failed| back_off(FIRST_PAUSE, failed, 0.5).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000]);
        assert_eq!(back_off(FIRST_PAUSE, 1, 0.0), Duration::from_millis(375));
        assert_eq!(back_off(FIRST_PAUSE, 1, 1.0), Duration::from_millis(625));
        assert!(back_off(FIRST_PAUSE, u8::MAX, 1.0) < Duration::from_secs(100_000));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_capped() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("3600", now), Some(MOST_PATIENCE));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}
