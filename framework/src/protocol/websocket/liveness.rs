//! Is the peer still there: pings, how long their answers take, and when it counts as gone (RFC 6455 section 5.5.2).

use std::time::{Duration, Instant};

/// Pings, and what came of them.
#[derive(Debug)]
pub(crate) struct Liveness {
    every: Option<Duration>,
    patience: Duration,
    next: Option<Instant>,
    asked: Option<Asked>,
    /// Pings can be sent no more.
    mute: bool,
    count: u64,
}

/// A ping that was not answered yet.
#[derive(Debug, Clone, Copy)]
struct Asked {
    payload: [u8; 8],
    /// When it had gone out, from which on an answer is due; `None`: it waits to be written.
    at: Option<Instant>,
    /// When the peer was heard last since, whatever it said.
    heard: Instant,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping([u8; 8]),
    /// The peer has been silent for too long.
    Gone,
}

impl Liveness {
    pub(crate) fn new(every: Option<Duration>, patience: Duration, now: Instant) -> Self {
        Self {
            every,
            patience,
            next: every.and_then(|every| now.checked_add(every)),
            asked: None,
            mute: false,
            count: 0,
        }
    }

    /// Time has passed. While nobody listens for the peer, its silence proves nothing.
    pub(crate) fn handle_time(&mut self, now: Instant, listens: bool) -> Due {
        if let Some(asked) = &mut self.asked {
            if !listens || asked.at.is_none() {
                asked.heard = now;
            }
            let late = now.saturating_duration_since(asked.heard) >= self.patience;
            return if late { Due::Gone } else { Due::Nothing };
        }
        let Some(every) = self.every.filter(|_| self.next.is_some_and(|next| next <= now)) else { return Due::Nothing };
        self.next = now.checked_add(every);
        self.count += 1;
        let payload = self.count.to_be_bytes();
        self.asked = Some(Asked { payload, at: None, heard: now });
        Due::Ping(payload)
    }

    /// When to look again.
    pub(crate) fn due(&self) -> Option<Instant> {
        match &self.asked {
            // How long the peer may take nothing is not for a ping to say.
            Some(asked) if asked.at.is_none() => None,
            Some(asked) => asked.heard.checked_add(self.patience),
            None => self.next,
        }
    }

    /// Does a ping wait to be written?
    pub(crate) fn is_unsent(&self) -> bool {
        self.asked.is_some_and(|asked| asked.at.is_none())
    }

    /// The ping has gone out: the peer has its time from now on.
    pub(crate) fn sent(&mut self, now: Instant) {
        if let Some(asked) = &mut self.asked {
            (asked.at, asked.heard) = (Some(now), now);
        }
    }

    /// No ping can be sent any more: from now on silence alone counts, as after a ping.
    pub(crate) fn cannot_ask(&mut self, now: Instant) {
        if self.every.is_some() {
            let payload = self.count.to_be_bytes();
            (self.asked, self.mute) = (Some(Asked { payload, at: Some(now), heard: now }), true);
        }
    }

    /// Is an answer awaited? Only then it matters when the peer was heard.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Octets came from the peer, be they no answer.
    pub(crate) fn heard(&mut self, now: Instant) {
        if let Some(asked) = &mut self.asked {
            asked.heard = now;
        }
    }

    /// A pong came. How long the answer took, if it is the answer: pongs nobody asked for mean nothing.
    pub(crate) fn handle_pong(&mut self, payload: &[u8], now: Instant) -> Option<Duration> {
        let is_answered = |asked: &mut Asked| !self.mute && asked.at.is_some() && asked.payload == payload;
        let asked = self.asked.take_if(is_answered)?;
        Some(now.saturating_duration_since(asked.at?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_ping_is_due_so_often_and_its_answer_tells_the_round_trip() {
        let start = Instant::now();
        let mut alive = Liveness::new(Some(30 * SECOND), 10 * SECOND, start);
        assert_eq!(
            (alive.handle_time(start + 29 * SECOND, true), alive.due()),
            (Due::Nothing, Some(start + 30 * SECOND))
        );
        let Due::Ping(payload) = alive.handle_time(start + 30 * SECOND, true) else { panic!("no ping") };
        alive.sent(start + 30 * SECOND);
        assert_eq!(alive.handle_time(start + 31 * SECOND, true), Due::Nothing);
        assert_eq!(alive.handle_pong(b"unasked", start + 31 * SECOND), None);
        assert_eq!(alive.handle_pong(&payload, start + 32 * SECOND), Some(2 * SECOND));
        assert_eq!(alive.handle_pong(&payload, start + 32 * SECOND), None);
        assert_eq!(alive.due(), Some(start + 60 * SECOND));
        let Due::Ping(second) = alive.handle_time(start + 60 * SECOND, true) else { panic!("no ping") };
        assert_ne!(payload, second);
    }

    #[test]
    fn a_peer_that_is_silent_for_too_long_is_gone_but_not_one_that_speaks_or_is_not_listened_to() {
        let start = Instant::now();
        let mut alive = Liveness::new(Some(SECOND), 10 * SECOND, start);
        assert!(matches!(alive.handle_time(start + SECOND, true), Due::Ping(_)));
        alive.sent(start + SECOND);
        alive.heard(start + 5 * SECOND);
        assert_eq!(alive.handle_time(start + 12 * SECOND, true), Due::Nothing);
        assert_eq!(alive.handle_time(start + 15 * SECOND, false), Due::Nothing);
        assert_eq!(alive.due(), Some(start + 25 * SECOND));
        assert_eq!(alive.handle_time(start + 25 * SECOND, true), Due::Gone);
    }

    #[test]
    fn the_patience_begins_when_the_ping_has_gone_out() {
        let start = Instant::now();
        let mut alive = Liveness::new(Some(SECOND), 10 * SECOND, start);
        let Due::Ping(payload) = alive.handle_time(start + SECOND, true) else { panic!("no ping") };
        // It waits behind a long message.
        assert_eq!((alive.due(), alive.is_unsent()), (None, true));
        assert_eq!(alive.handle_time(start + 100 * SECOND, true), Due::Nothing);
        assert_eq!(alive.handle_pong(&payload, start + 100 * SECOND), None, "nobody can know it yet");
        alive.sent(start + 101 * SECOND);
        assert_eq!((alive.due(), alive.is_unsent()), (Some(start + 111 * SECOND), false));
        assert_eq!(alive.handle_time(start + 111 * SECOND, true), Due::Gone);
    }

    #[test]
    fn where_nothing_can_be_asked_any_more_silence_alone_counts() {
        let start = Instant::now();
        let mut alive = Liveness::new(Some(SECOND), 10 * SECOND, start);
        let Due::Ping(payload) = alive.handle_time(start + SECOND, true) else { panic!("no ping") };
        alive.sent(start + SECOND);
        alive.cannot_ask(start + 2 * SECOND);
        assert_eq!(alive.handle_pong(&payload, start + 3 * SECOND), None);
        alive.heard(start + 3 * SECOND);
        assert_eq!((alive.is_asking(), alive.due()), (true, Some(start + 13 * SECOND)));
        assert_eq!(alive.handle_time(start + 13 * SECOND, true), Due::Gone);
        let mut never = Liveness::new(None, 10 * SECOND, start);
        never.cannot_ask(start);
        assert_eq!(never.due(), None);
    }

    #[test]
    fn without_pings_nothing_is_ever_due() {
        let start = Instant::now();
        let mut alive = Liveness::new(None, SECOND, start);
        assert_eq!((alive.due(), alive.handle_time(start + 1_000 * SECOND, true)), (None, Due::Nothing));
        assert!(!alive.is_asking());
    }
}
