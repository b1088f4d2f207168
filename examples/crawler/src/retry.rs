//! What is tried again, and when.

use std::time::Duration;

/// How often one page is asked for, and how often a host that cannot be reached.
pub const ATTEMPTS: u8 = 5;

/// The pause before the second attempt, unless another one is asked for.
pub const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Why an attempt failed that may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection. The host's trouble, not the page's: nothing else on it would do better now.
    Unreachable,
    /// No connection, nor will there be one: its certificate is refused, or its address. The host's trouble, too.
    Refused,
    /// The exchange broke off or took too long, or the server answered that it cannot answer.
    Broken,
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
}
