//! What of it is given up: by a failure, by `cancel`, after too long in the line, or with its sink.

use std::task::Context;

use crate::error::{Error, Operation, Stage};
use crate::notification::{NotificationMask as Mask, Status};
use crate::websocket::messages::Ticket;
use crate::websocket::socket::Socket;
use crate::websocket::state::Standing;
use crate::websocket::traffic::OnItsWay;
use crate::wire::Failure;

impl Socket {
    /// The sink is gone, on this thread.
    pub(in crate::websocket) fn sink_is_gone(&mut self, sink: Ticket, wire: &mut Context<'_>) {
        while self.outlet().is_busy_for(sink) && self.node.is_open() && self.write(wire) {}
        self.outlet_is_left(sink);
    }

    /// The sink is gone, and hears of nothing any more. What it has handed in goes out.
    pub(in crate::websocket) fn outlet_is_left(&mut self, sink: Ticket) {
        let Some(outlet) = &mut self.outlet else { return };
        outlet.waiting.forget(sink);
        outlet.errors.retain(|(of, _)| *of != sink);
        if outlet.owner == sink {
            outlet.owner = Ticket::default();
            if !outlet.busy {
                // The next one in the line lines up for itself.
                outlet.goes_on();
            }
        }
    }

    /// What was given up by `cancel` before it found room, as far as there is room now.
    pub(super) fn put_forsaken(&mut self) {
        let Standing { shut, closing, closed_by_peer, .. } = self.standing;
        while let Some(outlet) = self.outlet.as_mut().filter(|outlet| outlet.has_frames_left()) {
            // Nothing goes behind a close frame.
            let may_go = !(shut | closing | closed_by_peer);
            let Some(link) = self.link.as_mut().filter(|link| may_go && !link.mute) else {
                return outlet.forsaken.clear();
            };
            if link.writer.room(self.options.write_queue) == 0 {
                return;
            }
            link.tap(self.node.wants(Mask::FRAMES));
            if let Some(frame) = outlet.forsaken.pop_front()
                && let Err(error) = link.append(frame)
            {
                self.cannot_send(&Failure::Io(Stage::Messages, error).into_error(Operation::WebSocketSend));
            }
        }
    }

    /// What a sink has under way fails; was there any?
    pub(in crate::websocket) fn fail_outlet(&mut self, error: &Error) -> bool {
        let operation = Operation::WebSocketSend;
        let Some(outlet) = self.outlet.as_mut().filter(|outlet| outlet.busy) else { return false };
        let error = error.clone().in_operation(operation);
        for _ in 0..outlet.told.len() + outlet.queue.len() {
            self.node.emit(Mask::REQUEST_ERROR, || Status::RequestError { operation, error: error.clone() });
        }
        (outlet.told, outlet.queue, outlet.waits) = Default::default();
        outlet.on_its_way = OnItsWay::default();
        outlet.answer(Err(error));
        self.standing.sending = self.sending.is_some();
        true
    }

    /// All of it is given up, and goes out all the same: a message that is cut off in its middle would swallow the next.
    pub(in crate::websocket) fn forsake_outlet(&mut self, error: &Error) {
        let Some(outlet) = self.outlet.as_mut().filter(|outlet| outlet.busy) else { return };
        let queue = std::mem::take(&mut outlet.queue);
        outlet.told.extend(queue.iter().map(|part| (None, part.octets().len() as u64, part.kind())));
        // Behind one that may not be sent none is.
        let frames: Vec<_> = queue.into_iter().map_while(|part| self.frame_of(part).ok()).collect();
        self.outlet().forsaken.extend(frames);
        self.fail_outlet(error);
    }

    /// What waits in the queue is not sent, and each piece of it is told of.
    pub(in crate::websocket) fn drop_queue(&mut self, error: Error) {
        let operation = Operation::WebSocketSend;
        let Some(outlet) = &mut self.outlet else { return };
        let error = error.in_operation(operation);
        for _ in std::mem::take(&mut outlet.queue) {
            self.node.emit(Mask::REQUEST_ERROR, || Status::RequestError { operation, error: error.clone() });
        }
        // Whoever asked hears of it when what went before is through.
        outlet.keep_error(error);
    }

    /// It has waited in the line for too long: nothing is changed by it. What went before is still to go out.
    pub(in crate::websocket) fn outlet_is_late(&mut self, error: &Error) {
        self.outlet().waits = None;
        self.drop_queue(error.clone());
    }

    /// What sinks wait for will not come, or has.
    pub(in crate::websocket) fn wake_sinks(&mut self) {
        if let Some(outlet) = &mut self.outlet {
            outlet.waits = None;
            outlet.waiting.wake();
        }
    }
}
