//! What a self-healing WebSocket obeys: when it connects again, and how much may wait to be sent.

use std::time::Duration;

use super::timeouts::{check_one, check_pauses};
use crate::error::{Error, Operation, Result};

/// When a self-healing WebSocket connects again, and how much may wait to be sent meanwhile; see
/// [`SelfHealing`](crate::SelfHealing).
///
/// The pause before an attempt is *any* time up to a longest one (full jitter), which is `first_pause` after the first failure and
/// grows by `factor` up to `longest_pause`. So a thousand clients of one server that restarts do not come back at once.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{Overflow, SelfHealingOptions};
///
/// let mut options = SelfHealingOptions::default();
/// options.longest_pause = Duration::from_secs(30);
/// options.queue_messages = 100;
/// options.overflow = Overflow::DropOldest; // prices: the newest is what counts
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SelfHealingOptions {
    /// The first pause is at most so long. Default 1 s.
    pub first_pause: Duration,
    /// Each pause may be so many times as long as the one before. Default 2; 1 is no growth.
    pub factor: f64,
    /// No pause is longer, not even one that the server asks for by `Retry-After`. Default 60 s.
    pub longest_pause: Duration,
    /// A WebSocket that lived for so long counts as sound: when it ends the pauses begin anew, and so does the count of attempts. One
    /// that ends earlier was a failed attempt. Default 10 s.
    pub settled_after: Duration,
    /// So many attempts in a row may fail before it gives up. Default `None`: it never does.
    pub attempts: Option<u32>,
    /// How long one attempt may take to get a WebSocket, beside the [`Timeouts`](crate::Timeouts) of its stages. Default 30 s.
    pub connect_timeout: Duration,
    /// How long the resume hook may take. Default 30 s.
    pub resume_timeout: Duration,
    /// So many messages may wait to be sent, beside the one that is being sent. Default 1,024.
    pub queue_messages: usize,
    /// So many octets of messages may wait to be sent. Default 16 MiB. A message that is larger than that is refused (87).
    pub queue_octets: u64,
    /// What becomes of a message for which there is no room. Default: it is refused.
    pub overflow: Overflow,
    /// What the jitter starts from; two with the same seed make the same pauses. Default `None`: random octets of the system.
    pub seed: Option<u64>,
}

/// What becomes of a message for which a queue has no room.
///
/// An example is at [`SelfHealingOptions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// It is refused, with 1816.
    #[default]
    Refuse,
    /// The oldest that wait are dropped for it, and counted.
    DropOldest,
    /// Its `send` waits until there is room.
    Wait,
}

impl Default for SelfHealingOptions {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(1),
            factor: 2.0,
            longest_pause: Duration::from_secs(60),
            settled_after: Duration::from_secs(10),
            attempts: None,
            connect_timeout: Duration::from_secs(30),
            resume_timeout: Duration::from_secs(30),
            queue_messages: 1024,
            queue_octets: 16 * 1024 * 1024,
            overflow: Overflow::default(),
            seed: None,
        }
    }
}

impl SelfHealingOptions {
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        // Without `..`: a new option is checked here, or said to need none.
        let Self {
            first_pause,
            factor,
            longest_pause,
            settled_after: _,
            attempts,
            connect_timeout,
            resume_timeout,
            queue_messages,
            queue_octets,
            overflow: _,
            seed: _,
        } = *self;
        check_pauses((first_pause, longest_pause), factor, attempts, operation)?;
        if queue_messages == 0 || queue_octets == 0 {
            return Err(Error::parameter(operation, "a queue without room would take no message"));
        }
        check_one("connect_timeout", connect_timeout, operation)?;
        check_one("resume_timeout", resume_timeout, operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(change: impl FnOnce(&mut SelfHealingOptions)) -> bool {
        let mut options = SelfHealingOptions::default();
        change(&mut options);
        options.check(Operation::CompleteUpgrade).is_err()
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert!(!is_refused(|_| ()));
        assert!(!is_refused(|it| (it.factor, it.settled_after) = (1.0, Duration::ZERO)));
        assert!(is_refused(|it| it.factor = 0.5));
        assert!(is_refused(|it| it.factor = f64::NAN));
        assert!(is_refused(|it| it.longest_pause = Duration::from_millis(1)));
        assert!(is_refused(|it| it.first_pause = Duration::ZERO));
        assert!(is_refused(|it| it.attempts = Some(0)));
        assert!(is_refused(|it| it.queue_messages = 0));
        assert!(is_refused(|it| it.queue_octets = 0));
        assert!(is_refused(|it| it.connect_timeout = Duration::ZERO));
        assert!(is_refused(|it| it.resume_timeout = Duration::MAX));
    }
}
