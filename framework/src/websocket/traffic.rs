//! What has gone over a WebSocket, and what is in flight, for whoever looks at it from any thread.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::notification::MessageKind;

/// How much has gone each way, and what is in flight. Only the thread of the wire writes it, so nothing is lost between a look and a
/// store.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    sent: Counters,
    received: Counters,
    in_flight: AtomicU8,
}

#[derive(Debug, Default)]
struct Counters {
    messages: AtomicU64,
    octets: AtomicU64,
}

impl Traffic {
    /// These are through.
    pub(super) fn sent(&self, messages: u64, octets: u64) {
        self.sent.add(messages, octets);
    }

    /// This was received. A part that does not end its message is none, and neither is the server's close.
    pub(super) fn received(&self, kind: MessageKind, octets: u64) {
        self.received.add(messages(kind), octets);
    }

    pub(super) fn show_in_flight(&self, [sends, receives, closes]: [bool; 3]) {
        let shown = u8::from(sends) | u8::from(receives) << 1 | u8::from(closes) << 2;
        self.in_flight.store(shown, Ordering::Relaxed);
    }

    /// Messages and octets that were sent, and that were received.
    pub(super) fn counted(&self) -> [(u64, u64); 2] {
        [self.sent.read(), self.received.read()]
    }

    /// Is a send or shutdown in flight, a receive, a close?
    pub(super) fn in_flight(&self) -> [bool; 3] {
        let shown = self.in_flight.load(Ordering::Relaxed);
        [shown & 1 != 0, shown & 2 != 0, shown & 4 != 0]
    }
}

impl Counters {
    fn add(&self, messages: u64, octets: u64) {
        for (counter, more) in [(&self.messages, messages), (&self.octets, octets)] {
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
        }
    }

    fn read(&self) -> (u64, u64) {
        (self.messages.load(Ordering::Relaxed), self.octets.load(Ordering::Relaxed))
    }
}

/// How many messages a part completes.
pub(super) fn messages(kind: MessageKind) -> u64 {
    u64::from(!kind.is_fragment() && kind != MessageKind::Close)
}

/// What of a sink is on its way. Nobody may wait for the single piece, so two heaps of them are enough: one whose end is waited for, and
/// one that grows meanwhile.
#[derive(Debug, Default)]
pub(super) struct OnItsWay {
    first: Heap,
    next: Heap,
}

#[derive(Debug, Default)]
struct Heap {
    pieces: u64,
    /// Where its last piece ends among all octets of the wire; `None`: where the piece ends that is under way.
    end: Option<u64>,
    messages: u64,
    octets: u64,
}

impl OnItsWay {
    /// A piece that ends there.
    pub(super) fn add(&mut self, end: Option<u64>, kind: MessageKind, octets: u64) {
        let heap = if self.first.pieces == 0 { &mut self.first } else { &mut self.next };
        (heap.pieces, heap.end) = (heap.pieces + 1, end);
        (heap.messages, heap.octets) = (heap.messages + messages(kind), heap.octets + octets);
    }

    /// Counts what is through.
    pub(super) fn count(&mut self, is_through: impl Fn(Option<u64>) -> bool, traffic: &Traffic) {
        while self.first.pieces > 0 && is_through(self.first.end) {
            traffic.sent(self.first.messages, self.first.octets);
            self.first = std::mem::take(&mut self.next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_is_counted_when_it_is_through_and_once() {
        let (traffic, mut way) = (Traffic::default(), OnItsWay::default());
        let sent = || traffic.counted()[0];
        let so_far = |through| move |end: Option<u64>| end.is_some_and(|end| end <= through);
        way.add(Some(10), MessageKind::Text, 8);
        way.add(Some(20), MessageKind::BinaryFragment, 7);
        way.add(Some(30), MessageKind::Binary, 6);
        way.count(so_far(9), &traffic);
        assert_eq!(sent(), (0, 0));
        way.count(so_far(29), &traffic);
        assert_eq!(sent(), (1, 8));
        way.add(Some(40), MessageKind::Text, 1);
        way.count(so_far(40), &traffic);
        way.count(so_far(50), &traffic);
        assert_eq!(sent(), (3, 22));
        way.add(None, MessageKind::Text, 5);
        way.count(so_far(90), &traffic);
        assert_eq!(sent(), (3, 22));
        way.count(|end| end.is_none(), &traffic);
        assert_eq!(sent(), (4, 27));
        assert_eq!(traffic.counted()[1], (0, 0));
    }

    #[test]
    fn parts_are_octets_and_the_last_of_them_a_message() {
        let traffic = Traffic::default();
        traffic.received(MessageKind::TextFragment, 2);
        traffic.received(MessageKind::Text, 1);
        traffic.received(MessageKind::Close, 0);
        assert_eq!(traffic.counted(), [(0, 0), (1, 3)]);
    }

    #[test]
    fn what_is_in_flight_is_seen_and_what_is_not_is_not() {
        let traffic = Traffic::default();
        for shown in [[true, false, false], [false, true, false], [false, false, true], [true; 3], [false; 3]] {
            traffic.show_in_flight(shown);
            assert_eq!(traffic.in_flight(), shown);
        }
    }
}
