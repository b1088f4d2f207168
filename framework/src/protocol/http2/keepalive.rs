//! When to PING, and what silence means (RFC 9113 section 6.7). One ping at most is under way, and serves whoever wants one: is
//! the server alive, how far is it, how much does the path hold.
//!
//! ```text
//!                greeted                    wanted: Ping
//!   first word ----------> nothing awaited --------------> pong
//!       |                        ^                          |
//!       |                        +--------------------------+
//!       |                                   pong            |
//!       |  silent for ping_timeout: Suspect                 |
//!       v                                                   v
//!   suspected <--------------- the same ---------------- suspected ---> back where it was, by anything heard: Recovered
//!       |                                                   |           (before the first word: only by that)
//!       |  silent for as long again: Close                  |
//!       +-----------------------> closed <------------------+
//! ```
//!
//! Silent is who sends nothing at all: a pong may stand in line behind much of a response. So the time runs from the ping or from
//! what was last heard, whichever is later; only the first word is waited for whatever else comes. A time that leaps, as when a
//! computer sleeps, makes a wire suspect but does not close it: the time to its close runs from when it was told.
//!
//! A driver tells what happened, then calls `poll` until there is nothing more to do, then sleeps until `next_deadline`. What was
//! received is told before the time is.

use std::mem;
use std::time::{Duration, Instant};

use crate::options::Http2Options;

/// Asks one server for signs of life.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    ping_after: Option<Duration>,
    ping_every: Option<Duration>,
    ping_timeout: Duration,
    state: State,
    /// When the wire became suspect.
    suspected: Option<Instant>,
    recovered: bool,
    wanted: bool,
    heard_at: Instant,
    streams: usize,
    /// Since when streams are open and no ping was sent.
    unasked_since: Instant,
    rtt: Option<RoundTrip>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting { since: Instant },
    Calm,
    Pong { since: Instant },
    Closed,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Ping,
    /// The server is silent: nothing new is to be asked on this wire.
    Suspect,
    /// It was not dead.
    Recovered,
    /// It is taken for dead.
    Close,
}

/// How long a ping and its answer were under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoundTrip {
    pub(crate) last: Duration,
    /// An eighth of each new one goes in (RFC 6298 section 2).
    pub(crate) smoothed: Duration,
}

impl KeepAlive {
    /// For a wire that was opened now.
    pub(crate) fn new(options: &Http2Options, now: Instant) -> Self {
        Self {
            ping_after: options.ping_after,
            ping_every: options.ping_every,
            ping_timeout: options.ping_timeout,
            state: State::Greeting { since: now },
            suspected: None,
            recovered: false,
            wanted: false,
            heard_at: now,
            streams: 0,
            unasked_since: now,
            rtt: None,
        }
    }

    /// All of the server's first SETTINGS came.
    pub(crate) fn greeted(&mut self, now: Instant) {
        self.heard_at = now;
        if let State::Greeting { .. } = self.state {
            self.state = State::Calm;
            self.clear_suspicion();
        }
    }

    /// Something came, whatever it was.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
        if let State::Pong { .. } = self.state {
            self.clear_suspicion();
        }
    }

    /// The answer to the ping came.
    pub(crate) fn pong(&mut self, now: Instant) {
        self.heard(now);
        if let State::Pong { since } = self.state {
            self.state = State::Calm;
            let last = now.saturating_duration_since(since);
            let smoothed = self.rtt.map_or(last, |rtt| (rtt.smoothed * 7 + last) / 8);
            self.rtt = Some(RoundTrip { last, smoothed });
        }
    }

    /// An exchange begins: is the server still there?
    pub(crate) fn used(&mut self, now: Instant) {
        let silent = now.saturating_duration_since(self.heard_at);
        if self.ping_after.is_some_and(|after| silent >= after) {
            self.want();
        }
    }

    /// An exchange took too long.
    pub(crate) fn doubted(&mut self) {
        self.want();
    }

    /// The round trip is to be measured.
    pub(crate) fn measure(&mut self) {
        self.want();
    }

    /// So many streams are open.
    pub(crate) fn streams(&mut self, open: usize, now: Instant) {
        if self.streams == 0 {
            self.unasked_since = now;
        }
        self.streams = open;
    }

    /// Is a ping under way?
    pub(crate) fn awaits_pong(&self) -> bool {
        matches!(self.state, State::Pong { .. })
    }

    /// What to do now; to be called until it is nothing.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Action> {
        if mem::take(&mut self.recovered) {
            return Some(Action::Recovered);
        }
        if self.wanted && self.state == State::Calm || self.next_deadline()? <= now { self.act(now) } else { None }
    }

    /// When there is something to do though nothing happens.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match (self.state, self.suspected) {
            (State::Closed, _) => None,
            (State::Calm, _) => {
                let every = self.ping_every.filter(|_| self.streams > 0)?;
                self.unasked_since.checked_add(every)
            }
            (State::Greeting { .. } | State::Pong { .. }, Some(suspected)) => suspected.checked_add(self.ping_timeout),
            (State::Greeting { since }, None) => since.checked_add(self.ping_timeout),
            (State::Pong { since }, None) => since.max(self.heard_at).checked_add(self.ping_timeout),
        }
    }

    /// Of the pings so far.
    pub(crate) fn rtt(&self) -> Option<RoundTrip> {
        self.rtt
    }

    /// The one that is under way will do, if there is one.
    fn want(&mut self) {
        self.wanted |= !matches!(self.state, State::Pong { .. });
    }

    fn act(&mut self, now: Instant) -> Option<Action> {
        match (self.state, self.suspected) {
            (State::Closed, _) => None,
            (State::Calm, _) => {
                self.state = State::Pong { since: now };
                self.unasked_since = now;
                self.wanted = false;
                Some(Action::Ping)
            }
            (State::Greeting { .. } | State::Pong { .. }, None) => {
                self.suspected = Some(now);
                Some(Action::Suspect)
            }
            (State::Greeting { .. } | State::Pong { .. }, Some(_)) => {
                self.state = State::Closed;
                Some(Action::Close)
            }
        }
    }

    fn clear_suspicion(&mut self) {
        self.recovered |= self.suspected.take().is_some();
    }
}

#[cfg(test)]
mod tests;
