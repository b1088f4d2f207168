//! How much may be under way unread: windows that grow with what the path holds, which is its throughput times its round trip
//! (RFC 9113 section 5.2).
//!
//! While a ping is under way, what comes is counted. If that is near to the window, it may be the window that keeps the server
//! from sending more; if besides more comes than before the window last grew, growing helped, and it grows again. If no more
//! comes, the path is full, and a larger window would only fill queues on it.
//!
//! ```text
//!                enough came: wants a ping             pong: grown?
//!   not measuring -----------------------> measuring -----------------> not measuring
//!        ^            pinged (whoever wanted it)           no: not wanted again for a while, four times as long each time
//! ```

use std::time::{Duration, Instant};

use crate::options::Http2Options;

/// What one wire's windows are, and what they should be.
#[derive(Debug)]
pub(crate) struct AdaptiveWindow {
    is_adaptive: bool,
    windows: Windows,
    measuring: Option<Measure>,
    /// What came since the last measure.
    unmeasured: u64,
    wants_ping: bool,
    pause: Duration,
    not_before: Option<Instant>,
    /// Octets a second when the window last grew.
    throughput: u64,
}

/// The receive windows of a wire, in octets. They never shrink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Of each stream.
    pub(crate) stream: u32,
    /// Of all streams together.
    pub(crate) connection: u32,
}

#[derive(Debug, Clone, Copy)]
struct Measure {
    since: Instant,
    octets: u64,
    /// The ping was wanted for it.
    is_wanted: bool,
}

impl AdaptiveWindow {
    pub(crate) fn new(options: &Http2Options) -> Self {
        Self {
            is_adaptive: options.adaptive_window,
            windows: Windows { stream: options.stream_window, connection: options.connection_window },
            measuring: None,
            unmeasured: 0,
            wants_ping: false,
            pause: Duration::ZERO,
            not_before: None,
            throughput: 0,
        }
    }

    /// So much came that takes of a window, on all streams.
    pub(crate) fn received(&mut self, octets: u64, now: Instant) {
        if let Some(measure) = &mut self.measuring {
            measure.octets = measure.octets.saturating_add(octets);
            return;
        }
        self.unmeasured = self.unmeasured.saturating_add(octets);
        // Small answers have no use for a larger window, and get by without pings.
        let is_enough = self.unmeasured >= u64::from(self.limiting() / FEW);
        let is_time = self.not_before.is_none_or(|earliest| now >= earliest);
        self.wants_ping = is_enough && is_time && self.may_grow();
    }

    /// Should a ping be sent, that `pinged` is to be told of?
    pub(crate) fn wants_ping(&self) -> bool {
        self.wants_ping
    }

    /// A ping was sent, for whatever it was wanted.
    pub(crate) fn pinged(&mut self, now: Instant) {
        let is_wanted = std::mem::take(&mut self.wants_ping);
        self.unmeasured = 0;
        self.measuring = self.may_grow().then_some(Measure { since: now, octets: 0, is_wanted });
    }

    /// Its answer came: the new windows, if they should be others.
    pub(crate) fn pong(&mut self, now: Instant) -> Option<Windows> {
        let Measure { since, octets, is_wanted } = self.measuring.take()?;
        let window = u64::from(self.limiting());
        let time = now.saturating_duration_since(since).as_nanos().max(1);
        let throughput = u64::try_from(u128::from(octets) * SECOND / time).unwrap_or(u64::MAX);
        // What was read is given back when it is half a window, so that no more than the other half is sure to be open: a server
        // that is held up by the window may send as little as that in a round trip.
        let is_full = octets >= window / 2;
        if !is_full || throughput <= self.throughput.saturating_add(self.throughput / NOISE) {
            // A ping that found the wire idle says nothing of the path.
            if is_wanted {
                self.pause = (self.pause * 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                self.not_before = now.checked_add(self.pause);
            }
            return None;
        }
        self.throughput = throughput;
        self.pause = Duration::ZERO;
        self.not_before = None;
        let grown = u32::try_from(octets.saturating_mul(2)).map_or(MOST, |grown| grown.min(MOST));
        let Windows { stream, connection } = self.windows;
        // One stream whose body nobody reads should not take all there is.
        self.windows =
            Windows { stream: stream.max(grown), connection: connection.max(grown.saturating_mul(2).min(MOST)) };
        (self.windows != Windows { stream, connection }).then_some(self.windows)
    }

    pub(crate) fn windows(&self) -> Windows {
        self.windows
    }

    /// What keeps a server with one large response from sending more.
    fn limiting(&self) -> u32 {
        self.windows.stream.min(self.windows.connection)
    }

    fn may_grow(&self) -> bool {
        self.is_adaptive && self.limiting() < MOST
    }
}

const MOST: u32 = 16 * 1024 * 1024;
/// A measure is not worth a ping before this part of the window has come.
const FEW: u32 = 4;
/// More by less than this part is no more.
const NOISE: u64 = 8;
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const SECOND: u128 = Duration::from_secs(1).as_nanos();

#[cfg(test)]
mod tests;
