//! What was told of an exchange that goes on while nobody waits for it (pure): what a call that takes it up again has to tell anew,
//! so that each step that ends has begun in the same call.

use crate::id::WireId;
use crate::notification::Status;

/// What was told of one exchange.
#[derive(Debug, Default)]
pub(super) struct Retelling {
    /// The steps that have begun and not ended.
    open: Vec<Status>,
    /// The wire it has.
    wire: Option<WireId>,
    /// The answer is waited for.
    receives: bool,
    /// A call was told that an answer has come.
    answered: bool,
    /// A call waits for it, or has.
    heard: bool,
}

impl Retelling {
    /// This is told.
    pub(super) fn note(&mut self, status: &Status) {
        self.open.retain(|begun| !ends(begun, status));
        match status {
            Status::ResolvingName(_)
            | Status::ConnectingToServer(_)
            | Status::SecuringConnection(_)
            | Status::SendingRequest
            | Status::ClosingConnection { .. } => self.open.push(status.clone()),
            Status::ReceivingResponse => {
                self.open.push(Status::ReceivingResponse);
                (self.receives, self.answered) = (true, false);
            }
            Status::ResponseReceived(_) => self.answered = true,
            Status::Retrying { .. } => self.receives = false,
            Status::WireAcquired { wire, .. } => self.wire = Some(*wire),
            Status::WireReleased { .. } | Status::ConnectionClosed => self.wire = None,
            _ => {}
        }
    }

    /// A call begins to wait for the head. What it has to be told first, if one before it has given that up.
    pub(super) fn resumed(&mut self) -> Vec<Status> {
        if !std::mem::replace(&mut self.heard, true) {
            return Vec::new();
        }
        if self.receives && self.answered {
            // An interim answer: the next one is waited for.
            self.open.push(Status::ReceivingResponse);
            self.answered = false;
        }
        self.open.clone()
    }

    /// The head has come. Was its call told so?
    pub(super) fn has_told_of_answer(&self) -> bool {
        self.answered
    }

    /// The wire that was told of, and whether the end of it has begun.
    pub(super) fn wire(&self) -> Option<(WireId, bool)> {
        let is_closing = self.open.iter().any(|begun| matches!(begun, Status::ClosingConnection { .. }));
        self.wire.map(|wire| (wire, is_closing))
    }
}

/// Does a step that has begun end with this?
fn ends(begun: &Status, now: &Status) -> bool {
    use Status::{
        ClosingConnection, ConnectAttemptEnded, ConnectedToServer, ConnectingToServer, ConnectionClosed,
        ConnectionSecured, NameResolved, ReceivingResponse, RequestSent, ResolvingName, ResponseReceived, Retrying,
        SecuringConnection, SendingRequest, WireAcquired,
    };
    match (begun, now) {
        (ResolvingName(_), NameResolved(_) | WireAcquired { .. })
        | (SecuringConnection(_), ConnectionSecured(_) | ConnectionClosed | WireAcquired { .. })
        | (ConnectingToServer(_), WireAcquired { .. })
        | (SendingRequest, RequestSent(_))
        | (ReceivingResponse, ResponseReceived(_))
        | (ClosingConnection { .. }, ConnectionClosed) => true,
        (ConnectingToServer(one), ConnectedToServer(other) | ConnectAttemptEnded(other, _)) => one == other,
        (ClosingConnection { .. }, _) => false,
        (_, Retrying { .. }) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::*;
    use crate::reason::CloseReason;

    fn after(told: &[Status]) -> Retelling {
        let mut retelling = Retelling::default();
        assert!(retelling.resumed().is_empty(), "the first call is told all as it happens");
        told.iter().for_each(|status| retelling.note(status));
        retelling
    }

    fn names(told: &[Status]) -> Vec<&'static str> {
        after(told).resumed().iter().map(Status::name).collect()
    }

    #[test]
    fn what_has_begun_and_not_ended_begins_again_for_the_next_call() {
        let (one, other) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([127, 0, 0, 1], 2)));
        let dial = [
            Status::ResolvingName("a".to_owned()),
            Status::NameResolved(vec![one, other]),
            Status::ConnectingToServer(one),
            Status::ConnectingToServer(other),
            Status::ConnectAttemptEnded(one, "refused".to_owned()),
        ];
        assert_eq!(names(&dial[..1]), ["ResolvingName"]);
        assert_eq!(names(&dial[..2]), [""; 0]);
        assert_eq!(names(&dial[..4]), ["ConnectingToServer", "ConnectingToServer"]);
        assert_eq!(names(&dial), ["ConnectingToServer"]);
        assert_eq!(names(&[Status::SendingRequest]), ["SendingRequest"]);
        assert_eq!(names(&[Status::SendingRequest, Status::RequestSent(1)]), [""; 0]);
        assert_eq!(names(&[Status::ReceivingResponse]), ["ReceivingResponse"]);
    }

    #[test]
    fn behind_an_interim_answer_the_next_one_is_waited_for_anew() {
        let mut retelling = after(&[Status::ReceivingResponse, Status::ResponseReceived(9)]);
        assert!(retelling.has_told_of_answer());
        assert_eq!(retelling.resumed().iter().map(Status::name).collect::<Vec<_>>(), ["ReceivingResponse"]);
        assert!(!retelling.has_told_of_answer());
    }

    #[test]
    fn the_wire_is_known_until_its_end_was_told() {
        let wire = WireId::known(7).unwrap();
        let acquired = Status::WireAcquired { wire, reused: false, waited: Duration::ZERO };
        let closing = Status::ClosingConnection { reason: CloseReason::Cancelled };
        assert_eq!(after(&[]).wire(), None);
        assert_eq!(after(std::slice::from_ref(&acquired)).wire(), Some((wire, false)));
        assert_eq!(after(&[acquired.clone(), closing.clone()]).wire(), Some((wire, true)));
        assert_eq!(after(&[acquired, closing, Status::ConnectionClosed]).wire(), None);
    }
}
