//! What an event source obeys: when it connects again, and how large an event may be.

use std::time::Duration;

use super::timeouts::{check_one, check_pauses};
use crate::error::{Error, Operation, Result};

/// When an event source connects again, and how large an event may be; see [`EventSource`](crate::EventSource).
///
/// The pause before an attempt is *any* time up to a longest one (full jitter), which is `first_pause` after the first failure and
/// grows by `factor` up to `longest_pause`. What the server asks for, by its `retry` field or a `Retry-After`, comes on top.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{EventSourceOptions, Session};
///
/// let mut options = EventSourceOptions::default();
/// options.silence = Some(Duration::from_secs(60)); // this server says something every half minute
/// options.attempts = Some(5);
/// let session = Session::open()?;
/// let ticks = session.events("https://www.example.com/ticks")?.options(options).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventSourceOptions {
    /// The first pause is at most so long. Default 1 s.
    pub first_pause: Duration,
    /// Each pause may be so many times as long as the one before. Default 2; 1 is no growth.
    pub factor: f64,
    /// No pause is longer, not even one that the server asks for. Default 60 s.
    pub longest_pause: Duration,
    /// A stream that lived for so long, or has given an event, counts as sound: when it ends the pauses begin anew, and so does the
    /// count of attempts. Default 10 s.
    pub settled_after: Duration,
    /// So many attempts in a row may fail before it gives up. Default `None`: it never does.
    pub attempts: Option<u32>,
    /// A stream of which nothing is heard for so long while it is waited for, not even a comment, counts as lost. Default 5 min; `None`
    /// waits for ever, as browsers do, also for a server that is gone.
    pub silence: Option<Duration>,
    /// So many octets an event may hold. A larger one ends the source with an error. Default 1 MiB.
    pub largest_event: usize,
    /// What the jitter starts from; two with the same seed make the same pauses. Default `None`: random octets of the system.
    pub seed: Option<u64>,
}

impl Default for EventSourceOptions {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(1),
            factor: 2.0,
            longest_pause: Duration::from_secs(60),
            settled_after: Duration::from_secs(10),
            attempts: None,
            silence: Some(Duration::from_secs(5 * 60)),
            largest_event: 1024 * 1024,
            seed: None,
        }
    }
}

impl EventSourceOptions {
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        // Without `..`: a new option is checked here, or said to need none.
        let Self { first_pause, factor, longest_pause, settled_after: _, attempts, silence, largest_event, seed: _ } =
            *self;
        check_pauses((first_pause, longest_pause), factor, attempts, operation)?;
        if largest_event == 0 {
            return Err(Error::parameter(operation, "no event has 0 octets"));
        }
        silence.map_or(Ok(()), |silence| check_one("silence", silence, operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let is_refused = |change: fn(&mut EventSourceOptions)| {
            let mut options = EventSourceOptions::default();
            change(&mut options);
            options.check(Operation::Events).is_err()
        };
        assert!(!is_refused(|_| ()) && !is_refused(|it| (it.silence, it.factor) = (None, 1.0)));
        for wrong in [
            (|it| it.factor = f64::NAN) as fn(&mut EventSourceOptions),
            |it| it.longest_pause = Duration::from_millis(1),
            |it| it.first_pause = Duration::ZERO,
            |it| it.attempts = Some(0),
            |it| it.silence = Some(Duration::ZERO),
            |it| it.largest_event = 0,
        ] {
            assert!(is_refused(wrong));
        }
    }
}
