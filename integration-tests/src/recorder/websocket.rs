//! The order in which one WebSocket's notifications may come (N2, N3, N4).
//!
//! ```text
//!  HandleCreated, WireAcquired, then of the sending side:    WebSocketWriteComplete* -> ShutdownComplete
//!                               of the receiving side:       WebSocketReadComplete*
//!                               and the end of both:         CloseComplete; the wire's own end; HandleClosing
//! ```
//!
//! Frames go while it has a wire. Any of its operations may fail, but none after `close` has completed.

use hinternet::Operation;

use super::conversation::Breach;
use super::event::{Happened, Step};

/// Where one WebSocket stands, as far as notifications tell.
#[derive(Debug, Default)]
pub(super) struct WebSocketStory {
    had_wire: bool,
    wire: Option<u64>,
    closing_wire: bool,
    shut: bool,
    closed: bool,
}

impl WebSocketStory {
    /// Takes in what happened.
    pub(super) fn handle(&mut self, happened: &Happened) -> Result<(), Breach> {
        match happened {
            Happened::Created(_) | Happened::Queued => Ok(()),
            // Only what shares its wire can keep others waiting.
            Happened::ReaderStalled if self.wire.is_some() => Ok(()),
            Happened::WireAcquired(wire) if !std::mem::replace(&mut self.had_wire, true) => {
                self.wire = Some(*wire);
                Ok(())
            }
            Happened::Frame if self.wire.is_some() => Ok(()),
            Happened::Began(Step::CloseWire) if self.wire.take().is_some() => {
                self.closing_wire = true;
                Ok(())
            }
            // A stream of one that it shared.
            Happened::WireReleased(wire) if self.wire == Some(*wire) => {
                self.wire = None;
                Ok(())
            }
            Happened::Ended(Step::CloseWire) if std::mem::take(&mut self.closing_wire) => Ok(()),
            Happened::Completed(operation, result) => self.on_completion(*operation, result.is_ok()),
            other => Err(("N3", format!("{other:?} on a WebSocket, {self:?}"))),
        }
    }

    fn on_completion(&mut self, operation: Operation, success: bool) -> Result<(), Breach> {
        let (shut, closed) = (self.shut, self.closed);
        let may_be = match operation {
            Operation::WebSocketSend => !shut,
            Operation::WebSocketShutdown => !std::mem::replace(&mut self.shut, success || shut) && !closed,
            Operation::WebSocketReceive => true,
            Operation::WebSocketClose => !std::mem::replace(&mut self.closed, success || closed),
            _ => false,
        };
        match may_be && !closed {
            true => Ok(()),
            false => Err(("N3", format!("{operation:?} completed ({success}), {self:?}"))),
        }
    }

    /// The handle closes: what was left open?
    pub(super) fn left_open(&self) -> Vec<Breach> {
        let mut left = Vec::new();
        if let Some(wire) = self.wire {
            left.push(("N4", format!("HandleClosing with {wire} not given up")));
        }
        if self.closing_wire {
            left.push(("C.2", "ClosingConnection without ConnectionClosed".to_owned()));
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use hinternet::ErrorCode;

    use super::*;

    fn told(all: &[Happened]) -> Vec<bool> {
        let mut story = WebSocketStory::default();
        let mut told: Vec<_> = all.iter().map(|one| story.handle(one).is_ok()).collect();
        told.push(story.left_open().is_empty());
        told
    }

    #[test]
    fn a_whole_story_is_in_order() {
        use Happened::{Began, Completed, Created, Ended, WireAcquired};
        let whole = [
            Created(1),
            WireAcquired(1),
            Happened::Frame,
            Completed(Operation::WebSocketSend, Ok(5)),
            Completed(Operation::WebSocketReceive, Err(ErrorCode::OperationCancelled)),
            Completed(Operation::WebSocketShutdown, Ok(0)),
            Completed(Operation::WebSocketReceive, Ok(0)),
            Began(Step::CloseWire),
            Ended(Step::CloseWire),
            Completed(Operation::WebSocketClose, Ok(0)),
        ];
        assert!(told(&whole).iter().all(|is_right| *is_right));
    }

    #[test]
    fn what_cannot_come_is_a_breach() {
        use Happened::{Began, Completed, Ended, ReaderStalled, WireAcquired, WireReleased};
        let shutdown = Completed(Operation::WebSocketShutdown, Ok(0));
        let close = Completed(Operation::WebSocketClose, Ok(0));
        let send = Completed(Operation::WebSocketSend, Ok(0));
        let receive = Completed(Operation::WebSocketReceive, Ok(0));
        for (wrong, expected) in [
            (vec![shutdown.clone(), send.clone()], vec![true, false, true]),
            (vec![shutdown.clone(), shutdown.clone()], vec![true, false, true]),
            (vec![close.clone(), receive], vec![true, false, true]),
            (vec![close.clone(), close], vec![true, false, true]),
            (vec![Completed(Operation::Read, Ok(0))], vec![false, true]),
            (vec![WireAcquired(1), WireAcquired(2)], vec![true, false, false]),
            (vec![WireAcquired(1), Began(Step::CloseWire)], vec![true, true, false]),
            (vec![Ended(Step::CloseWire)], vec![false, true]),
            (vec![WireAcquired(1), WireReleased(1), ReaderStalled], vec![true, true, false, true]),
            (vec![WireAcquired(1), WireReleased(2)], vec![true, false, false]),
            (vec![Happened::Retrying], vec![false, true]),
            (vec![Happened::Frame], vec![false, true]),
            (vec![WireAcquired(1), Began(Step::CloseWire), Happened::Frame], vec![true, true, false, false]),
        ] {
            assert_eq!(told(&wrong), expected, "{wrong:?}");
        }
    }
}
