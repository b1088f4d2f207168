//! When a connection that ended is made again: later each time, at any moment up to then, and not for ever.
//!
//! "Full jitter": the pause is any time up to the longest one, not one around it, so that those who lost a server at the same moment
//! come back evenly spread over that time.

use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode};
use crate::options::{EventSourceOptions, SelfHealingOptions};

/// What is remembered of the attempts before.
#[derive(Debug, Default)]
pub(crate) struct Reconnect {
    /// Attempts in a row that failed.
    failures: u32,
    /// Pauses since there was a sound connection.
    pauses: u32,
    connected: Option<Instant>,
}

impl Reconnect {
    pub(crate) fn connected(&mut self, now: Instant) {
        self.connected = Some(now);
    }

    /// The connection, or the attempt to make one, has ended. How long to wait before the next; `None`: there is none.
    ///
    /// `asked_for` is how long the server wants to be left alone.
    pub(crate) fn ended(
        &mut self,
        now: Instant,
        asked_for: Option<Duration>,
        terms: impl Into<Pauses>,
        chances: &mut Chances,
    ) -> Option<Duration> {
        let terms = terms.into();
        let lived = self.connected.take().map(|since| now.saturating_duration_since(since));
        if lived.is_some_and(|lived| lived >= terms.settled_after) {
            (self.failures, self.pauses) = (0, 0);
        } else {
            self.failures = self.failures.saturating_add(1);
        }
        if terms.attempts.is_some_and(|most| self.failures >= most) {
            return None;
        }
        let most = longest(&terms, self.pauses);
        self.pauses = self.pauses.saturating_add(1);
        let pause = asked_for.unwrap_or_default().saturating_add(most.mul_f64(chances.next()));
        Some(pause.min(terms.longest_pause))
    }

    /// Which attempt the next one is, since there was a sound connection.
    pub(crate) fn attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }
}

/// What the pauses go by; each kind of option has a field of each name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pauses {
    pub(crate) first_pause: Duration,
    pub(crate) factor: f64,
    pub(crate) longest_pause: Duration,
    pub(crate) settled_after: Duration,
    pub(crate) attempts: Option<u32>,
}

macro_rules! pauses_from {
    ($($options:ident),*) => {
        $(impl From<&$options> for Pauses {
            fn from(options: &$options) -> Self {
                let &$options { first_pause, factor, longest_pause, settled_after, attempts, .. } = options;
                Self { first_pause, factor, longest_pause, settled_after, attempts }
            }
        })*
    };
}

pauses_from!(SelfHealingOptions, EventSourceOptions);

/// Would the next attempt fail as this one: is the call wrong, or TLS, or does the server answer what it will answer again?
pub(crate) fn is_hopeless(error: &Error) -> bool {
    if let Some(status) = error.answered() {
        return !matches!(status.as_u16(), 408 | 425 | 429 | 500..);
    }
    // Not whatever is said to be the caller's fault: a server that ends the connection behind its 101 makes the upgrade come late,
    // which is 12019.
    matches!(
        error.code(),
        ErrorCode::InvalidParameter
            | ErrorCode::InvalidUrl
            | ErrorCode::UnrecognizedScheme
            | ErrorCode::Shutdown
            | ErrorCode::SecureFailure
            | ErrorCode::ClientAuthCertNeeded
            | ErrorCode::ClientCertNoPrivateKey
            | ErrorCode::HttpProtocolMismatch
    )
}

/// The longest pause after so many pauses.
fn longest(terms: &Pauses, pauses: u32) -> Duration {
    let grown = terms.first_pause.as_secs_f64() * terms.factor.powi(pauses.min(1_000).cast_signed());
    Duration::try_from_secs_f64(grown).map_or(terms.longest_pause, |pause| pause.min(terms.longest_pause))
}

/// Chances that a seed determines (splitmix64): one after the other, each from 0 to 1.
#[derive(Debug)]
pub(crate) struct Chances(u64);

impl Chances {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(((mixed ^ (mixed >> 31)) >> 32) as u32) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
