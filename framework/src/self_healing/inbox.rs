//! What came, until somebody receives it (pure): one message at most, and what became of the connection in a few words.

use std::collections::VecDeque;
use std::time::Duration;

use super::ended::Ended;
use crate::id::HandleId;
use crate::websocket::MessagePart;

/// What [`SelfHealing::receive`](crate::SelfHealing::receive) gives.
///
/// ```text
///   Connected, Message*, Disconnected        again and again
///   GaveUp | Closed                          the last
/// ```
///
/// Attempts that fail are no events; the statuses `Healing` tell of them. Of several outages that nobody has received yet the last
/// alone is told.
///
/// An example is at [`SelfHealing`](crate::SelfHealing).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HealingEvent {
    /// There is a WebSocket, and the resume hook has passed it. What follows comes from it.
    Connected {
        /// Which attempt it was, counted from the last WebSocket that was sound.
        attempt: u32,
        /// Its handle.
        websocket: HandleId,
        /// How long there was none.
        outage: Duration,
    },
    /// The next message.
    Message(MessagePart),
    /// The WebSocket ended, and another one will be made.
    Disconnected(Ended),
    /// No other one will be made: the end was final, or too many attempts have failed. The last event.
    GaveUp(Ended),
    /// `close` was called. The last event.
    Closed,
}

#[derive(Debug, Default)]
pub(super) struct Inbox(VecDeque<HealingEvent>);

impl Inbox {
    /// A message is received only when nothing is left here, so that whoever does not receive stops the server.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives back what is not told: its errors may be the caller's own, and are to be dropped behind the lock.
    #[must_use = "dropped behind the lock"]
    pub(super) fn put(&mut self, event: HealingEvent) -> Option<Ended> {
        use HealingEvent::{Connected, Disconnected};
        if let [.., Disconnected(how), Connected { .. }] = self.0.make_contiguous()
            && let Disconnected(again) = &event
        {
            // The one in between came and went, and nobody saw it.
            let before = std::mem::replace(how, again.clone());
            self.0.pop_back();
            return Some(before);
        }
        self.0.push_back(event);
        None
    }

    pub(super) fn take(&mut self) -> Option<HealingEvent> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::CloseStatus;

    fn connected(attempt: u32) -> HealingEvent {
        HealingEvent::Connected { attempt, websocket: HandleId::next(), outage: Duration::ZERO }
    }

    fn disconnected(code: u16) -> HealingEvent {
        HealingEvent::Disconnected(Ended::Closed(CloseStatus { code, reason: "".into() }))
    }

    fn words(inbox: &mut Inbox) -> Vec<String> {
        let word = |event| match event {
            HealingEvent::Connected { attempt, .. } => format!("connected {attempt}"),
            HealingEvent::Disconnected(Ended::Closed(status)) => format!("disconnected {}", status.code),
            HealingEvent::Message(_) => "message".to_owned(),
            other => format!("{other:?}"),
        };
        std::iter::from_fn(|| inbox.take()).map(word).collect()
    }

    #[test]
    fn outages_that_nobody_has_seen_are_one_with_its_last_reason() {
        let mut inbox = Inbox::default();
        drop(inbox.put(connected(1)));
        for attempt in 2..1_000 {
            drop(inbox.put(disconnected(attempt)));
            drop(inbox.put(connected(attempt.into())));
        }
        drop(inbox.put(HealingEvent::Closed));
        assert_eq!(words(&mut inbox), ["connected 1", "disconnected 999", "connected 999", "Closed"]);
    }

    #[test]
    fn a_message_stays_before_what_followed_it() {
        let mut inbox = Inbox::default();
        drop(inbox.put(HealingEvent::Message("hello".into())));
        drop(inbox.put(disconnected(1)));
        drop(inbox.put(connected(2)));
        drop(inbox.put(disconnected(2)));
        assert_eq!(words(&mut inbox), ["message", "disconnected 2"]);
        assert!(inbox.is_empty());
    }
}
