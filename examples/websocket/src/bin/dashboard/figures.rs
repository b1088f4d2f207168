//! How all of them are at one moment.

use std::time::Duration;

/// What is shown.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) live: usize,
    pub(crate) connecting: usize,
    pub(crate) pausing: usize,
    pub(crate) over: usize,
    pub(crate) messages: u64,
    pub(crate) octets: u64,
    pub(crate) attempts: u64,
    pub(crate) lost: u64,
    pub(crate) healed: u64,
    pub(crate) longest_outage: Duration,
    pub(crate) last_loss: Option<String>,
    /// Why the last one that gave up did.
    pub(crate) gave_up: Option<String>,
    /// How old messages were when they came.
    pub(crate) lag: Option<Spread>,
    pub(crate) round_trip: Option<Spread>,
}

/// The middle of many times, and what one in a hundred exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
}

impl Spread {
    pub(crate) fn of(mut all: Vec<Duration>) -> Option<Self> {
        all.sort_unstable();
        let at = |percent: usize| all.get((all.len() * percent / 100).min(all.len().checked_sub(1)?)).copied();
        Some(Self { median: at(50)?, p99: at(99)? })
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        write!(f, "median {:.2} ms, p99 {:.2} ms", milliseconds(self.median), milliseconds(self.p99))
    }
}

/// Octets, as a reader has them.
pub(crate) fn octets(count: f64) -> String {
    match count {
        0.0..1e3 => format!("{count:.0} B"),
        1e3..1e6 => format!("{:.1} kB", count / 1e3),
        _ => format!("{:.1} MB", count / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_worst_of_a_hundred() {
        let all = (1..=200).rev().map(Duration::from_millis).collect();
        let spread = Spread::of(all).unwrap();
        assert_eq!((spread.median.as_millis(), spread.p99.as_millis()), (101, 199));
        assert_eq!(Spread::of(vec![Duration::from_secs(1)]).map(|one| one.p99), Some(Duration::from_secs(1)));
        assert_eq!(Spread::of(Vec::new()), None);
        assert_eq!([octets(999.0), octets(1500.0), octets(2.5e7)], ["999 B", "1.5 kB", "25.0 MB"]);
    }
}
