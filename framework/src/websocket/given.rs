//! What was handed out to a caller who may not have taken it (pure): the last octet of cancel safety.
//!
//! A call's future can be dropped after its answer was sent and before it was looked at. So the last answer is kept until the next
//! receive begins; if the future says that it was dropped, the next call gets it again. The operation was completed and notified
//! once, and is not again.

use super::messages::Ticket;
use super::part::MessagePart;
use crate::notification::MessageKind;

/// The last part handed out, or the one that came back.
#[derive(Default)]
pub(super) struct Given {
    out: Option<(Ticket, MessagePart)>,
    back: Option<MessagePart>,
}

impl Given {
    pub(super) fn hand_out(&mut self, ticket: Ticket, part: &MessagePart) {
        self.out = (ticket != Ticket::default()).then(|| (ticket, part.kept()));
    }

    /// The next receive begins: whoever asked has taken the last part.
    pub(super) fn forget(&mut self) {
        self.out = None;
    }

    /// The taker of this part is gone.
    pub(super) fn came_back(&mut self, ticket: Ticket) {
        if let Some((_, part)) = self.out.take_if(|(out, _)| *out == ticket) {
            self.back = Some(match self.back.take() {
                // It was a piece of what had come back before.
                Some(rest) => MessagePart::new(rest.kind(), [&part.octets()[..], rest.octets()].concat()),
                None => part,
            });
        }
    }

    /// Nobody has taken this, and nothing was received behind it.
    pub(super) fn give_back(&mut self, part: MessagePart) {
        self.back.get_or_insert(part);
    }

    /// What came back, up to so many octets.
    pub(super) fn take(&mut self, at_most: Option<usize>, ticket: Ticket) -> Option<MessagePart> {
        let part = self.back.take()?;
        let part = match at_most.filter(|most| *most < part.octets().len()) {
            None => part,
            Some(most) => {
                let (kind, mut rest) = (part.kind(), part.into_octets());
                let piece = rest.split_to(most);
                self.back = Some(MessagePart::new(kind, rest));
                MessagePart::new(MessageKind::of_part(kind.is_text(), false), piece)
            }
        };
        self.hand_out(ticket, &part);
        Some(part)
    }

    /// What came back of a message that has more to come.
    pub(super) fn take_fragment(&mut self) -> Option<MessagePart> {
        self.back.take_if(|part| part.kind().is_fragment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: MessageKind, text: &'static str) -> MessagePart {
        MessagePart::new(kind, text)
    }

    #[test]
    fn b7_what_nobody_took_is_given_again_whole_or_in_pieces_and_again() {
        let mut given = Given::default();
        given.hand_out(Ticket(1), &"hello".into());
        given.came_back(Ticket(2));
        assert_eq!(given.take(None, Ticket(3)), None);
        given.came_back(Ticket(1));
        assert_eq!(given.take(Some(2), Ticket(3)), Some(text(MessageKind::TextFragment, "he")));
        given.came_back(Ticket(3));
        assert_eq!(given.take(Some(2), Ticket(4)), Some(text(MessageKind::TextFragment, "he")));
        assert_eq!(given.take(Some(9), Ticket(5)), Some(text(MessageKind::Text, "llo")));
        given.forget();
        given.came_back(Ticket(5));
        assert_eq!(given.take(None, Ticket(6)), None);
    }

    #[test]
    fn what_came_as_a_message_is_not_kept() {
        let mut given = Given::default();
        given.hand_out(Ticket::default(), &"hello".into());
        given.came_back(Ticket::default());
        assert_eq!(given.take(None, Ticket(1)), None);
    }

    #[test]
    fn a_fragment_that_came_back_begins_the_message_it_is_of() {
        let mut given = Given::default();
        given.hand_out(Ticket(1), &"whole".into());
        given.came_back(Ticket(1));
        assert_eq!(given.take_fragment(), None);
        given.take(Some(2), Ticket(2));
        given.forget();
        given.take(None, Ticket(3));
        given.hand_out(Ticket(4), &text(MessageKind::BinaryFragment, "part"));
        given.came_back(Ticket(4));
        assert_eq!(given.take_fragment(), Some(text(MessageKind::BinaryFragment, "part")));
    }
}
