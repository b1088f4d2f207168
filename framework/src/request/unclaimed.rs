//! What was handed out to a caller who may not have taken it (pure): the last octet of cancel safety.
//!
//! A call's future can be dropped after its answer was sent and before it was looked at. So the last answer is kept until the
//! next operation begins; if the future says that it was dropped, the next call of the same kind gets it again. The operation
//! was completed and notified once, and is not again. What is given again is kept again: the next future may be dropped too.

use std::sync::Arc;

use bytes::Bytes;

use super::messages::{Amount, Ticket};
use crate::protocol::http1::ResponseHead;

/// The last answer, and whether its taker is gone.
#[derive(Default)]
pub(super) struct Unclaimed {
    handed_out: Option<(Ticket, Answer)>,
    head: Option<Arc<ResponseHead>>,
    data: Bytes,
}

enum Answer {
    Head(Arc<ResponseHead>),
    Data(Bytes),
}

impl Unclaimed {
    pub(super) fn hand_out_head(&mut self, ticket: Ticket, head: &Arc<ResponseHead>) {
        self.hand_out(ticket, Answer::Head(Arc::clone(head)));
    }

    pub(super) fn hand_out_data(&mut self, ticket: Ticket, data: &Bytes) {
        self.hand_out(ticket, Answer::Data(data.clone()));
    }

    fn hand_out(&mut self, ticket: Ticket, answer: Answer) {
        self.handed_out = (ticket != Ticket::default()).then_some((ticket, answer));
    }

    /// The next operation begins: whoever asked has taken the last answer.
    pub(super) fn forget(&mut self) {
        self.handed_out = None;
    }

    /// The taker of this answer is gone.
    pub(super) fn came_back(&mut self, ticket: Ticket) {
        match self.handed_out.take_if(|(handed_out, _)| *handed_out == ticket) {
            Some((_, Answer::Head(head))) => self.head = Some(head),
            // What was left of an earlier answer comes after it.
            Some((_, Answer::Data(data))) if self.data.is_empty() => self.data = data,
            Some((_, Answer::Data(data))) => self.data = [data, std::mem::take(&mut self.data)].concat().into(),
            None => {}
        }
    }

    pub(super) fn take_head(&mut self, ticket: Ticket) -> Option<Arc<ResponseHead>> {
        let head = self.head.take()?;
        self.hand_out_head(ticket, &head);
        Some(head)
    }

    pub(super) fn data_available(&self) -> Option<u64> {
        (!self.data.is_empty()).then_some(self.data.len() as u64)
    }

    /// Is there something to give again, and less of it than an exact read wants?
    pub(super) fn falls_short_of(&self, amount: Amount) -> bool {
        matches!(amount, Amount::Exactly(length) if !self.data.is_empty() && self.data.len() < length)
    }

    /// All there is to give again, for a read that goes on from there.
    pub(super) fn take_all(&mut self) -> Bytes {
        std::mem::take(&mut self.data)
    }

    /// Up to the amount. An exact read that wants more begins with [`take_all`](Self::take_all), while more can come.
    pub(super) fn take_data(&mut self, amount: Amount, ticket: Ticket) -> Option<Bytes> {
        if self.data.is_empty() {
            return None;
        }
        let max = match amount {
            Amount::Available => usize::MAX,
            Amount::AtMost(max) | Amount::Exactly(max) => max,
        };
        let data = self.data.split_to(max.min(self.data.len()));
        self.hand_out_data(ticket, &data);
        Some(data)
    }
}
