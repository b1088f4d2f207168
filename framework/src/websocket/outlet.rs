//! What a sink has handed in, on the thread of the wire: it goes out in batches, and each piece of it is an operation.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use super::line::InLine;
use super::messages::{SendBatch, Ticket};
use super::part::MessagePart;
use super::socket::Socket;
use super::state::Standing;
use super::traffic::OnItsWay;
use crate::clock;
use crate::error::{Error, Operation, Result, Stage};
use crate::notification::{MessageKind, NotificationMask as Mask, Status};
use crate::wire::Failure;

/// What a sink has under way.
#[derive(Default)]
pub(super) struct Outlet {
    /// Whose it is.
    owner: Ticket,
    /// Some of it is not through yet.
    busy: bool,
    /// Pieces whose completion somebody hears of, and where each ends among all octets of the wire.
    told: VecDeque<(u64, u64, MessageKind)>,
    /// The same of all pieces, to be counted.
    on_its_way: OnItsWay,
    /// What came from another thread and has found no room yet, and who waits there for all of it.
    queue: VecDeque<MessagePart>,
    asker: Option<oneshot::Sender<Result<()>>>,
    /// What it failed with, until the sink asks.
    error: Option<Error>,
    pub(super) waits: Option<InLine>,
    waker: Option<Waker>,
    wakes: bool,
}

impl Outlet {
    /// Its place in the line has come.
    pub(super) fn goes_on(&mut self) {
        self.wakes |= self.waits.take().is_some();
    }

    pub(super) fn take_woken(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.wakes) { self.waker.take() } else { None }
    }

    pub(super) fn take_error(&mut self) -> Option<(Ticket, Error)> {
        Some((self.owner, self.error.take()?))
    }

    /// It is over with the pieces that are under way.
    fn answer(&mut self, result: Result<()>) {
        (self.busy, self.waits, self.wakes) = (false, None, true);
        match self.asker.take() {
            // Whoever left does not want to hear of it.
            Some(asker) => drop(asker.send(result)),
            None => self.error = result.err().or(self.error.take()),
        }
    }
}

impl Socket {
    /// Is there room for a piece?
    pub(super) fn poll_ready_to_take(
        &mut self,
        sink: Ticket,
        wire: &mut Context<'_>,
        waker: &Waker,
    ) -> Poll<Result<()>> {
        self.outlet().waker = None;
        if let Poll::Ready(refused) = self.may_take(sink) {
            refused?;
            let waits = self.outlet.as_ref().is_some_and(|outlet| outlet.waits.is_some());
            if !waits && let Some(place) = self.line_up() {
                self.outlet().waits = Some(place);
            } else if !waits {
                if self.has_room() {
                    return Poll::Ready(Ok(()));
                }
                self.write(wire);
                if let Some((_, error)) = self.outlet().take_error() {
                    return Poll::Ready(Err(error));
                }
                if self.has_room() {
                    return Poll::Ready(Ok(()));
                }
            }
        }
        self.outlet().waker = Some(waker.clone());
        Poll::Pending
    }

    /// Takes a piece. It goes out with the next flush, or before.
    pub(super) fn take_piece(&mut self, sink: Ticket, part: MessagePart) -> Result<()> {
        let operation = Operation::WebSocketSend;
        match self.may_take(sink) {
            Poll::Ready(refused) => refused?,
            Poll::Pending => return Err(self.node.gone(operation)),
        }
        let (kind, octets) = (part.kind(), part.octets().len() as u64);
        let frame = self.frame_of(part)?;
        self.standing.sending = true;
        let is_watched = self.node.subscribers().wants(Mask::WRITE_COMPLETE | Mask::REQUEST_ERROR);
        let outlet = self.outlet();
        (outlet.owner, outlet.busy) = (sink, true);
        let Some(link) = self.link.as_mut().filter(|link| !link.mute) else {
            if is_watched {
                self.outlet().told.push_back((u64::MAX, octets, kind));
            }
            // What it was lost by has not been told yet.
            self.serve_what_is_known();
            return self.outlet().take_error().map_or(Ok(()), |(_, error)| Err(error));
        };
        link.stall.begin(clock::now);
        link.tap(self.node.wants(Mask::FRAMES));
        match link.append(frame) {
            Ok(end) => {
                let outlet = self.outlet();
                outlet.on_its_way.add(end, kind, octets);
                if is_watched {
                    outlet.told.push_back((end, octets, kind));
                }
            }
            Err(error) => self.cannot_send(&Failure::Io(Stage::Messages, error).into_error(operation)),
        }
        self.outlet().take_error().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Is all through that was taken?
    pub(super) fn poll_all_through(&mut self, wire: &mut Context<'_>, waker: &Waker) -> Poll<Result<()>> {
        self.outlet().waker = None;
        // Each time there is room for what came from another thread.
        while self.outlet_is_busy() && self.node.is_open() && self.write(wire) {}
        if let Some((_, error)) = self.outlet().take_error() {
            return Poll::Ready(Err(error));
        }
        if !self.outlet_is_busy() {
            return Poll::Ready(Ok(()));
        }
        self.outlet().waker = Some(waker.clone());
        Poll::Pending
    }

    /// A sink on another thread has handed these in.
    pub(super) fn take_batch(&mut self, batch: SendBatch) {
        let SendBatch { sink, parts, answer } = batch;
        match self.may_take(sink) {
            Poll::Ready(Ok(())) if !parts.is_empty() || self.outlet_is_busy() => {
                self.standing.sending = true;
                let outlet = self.outlet();
                (outlet.owner, outlet.busy, outlet.asker) = (sink, true, Some(answer));
                outlet.queue.extend(parts);
            }
            Poll::Ready(refused) => drop(answer.send(refused)),
            // Its end is about to tell.
            Poll::Pending => self.outlet().asker = Some(answer),
        }
    }

    /// Makes ready what there is room for of what came from another thread.
    pub(super) fn make_batch_ready(&mut self, task: &mut Context<'_>) {
        while let Some(outlet) = &mut self.outlet
            && !outlet.queue.is_empty()
            && outlet.waits.is_none()
        {
            if let Some(place) = self.line_up() {
                self.outlet().waits = Some(place);
                // Who is served in the line now was not in it when the turn began.
                self.pass_line(task);
                return;
            }
            if !self.has_room_beside_queue() {
                return;
            }
            let outlet = self.outlet();
            let (owner, next) = (outlet.owner, outlet.queue.pop_front());
            if let Some(part) = next
                && let Err(error) = self.take_piece(owner, part)
            {
                let outlet = self.outlet();
                outlet.queue.clear();
                // What went before is still to go out.
                match outlet.asker.take() {
                    Some(asker) => drop(asker.send(Err(error))),
                    None => outlet.error = Some(error),
                }
            }
        }
    }

    /// The stream has taken some of it, or `all` that was ready: is there more to be made ready?
    pub(super) fn outlet_has_moved(&mut self, all: bool) -> bool {
        let Some(outlet) = self.outlet.as_mut().filter(|outlet| outlet.busy) else { return false };
        let through = self.link.as_ref().map_or(0, |link| link.writer.through());
        outlet.on_its_way.count(through, &self.shared.traffic);
        while let Some((_, octets, kind)) = outlet.told.front().copied().filter(|(end, ..)| *end <= through) {
            outlet.told.pop_front();
            self.node.emit(Mask::WRITE_COMPLETE, || Status::WebSocketWriteComplete { octets, kind });
        }
        if all && outlet.queue.is_empty() {
            self.standing.sending = self.sending.is_some();
            outlet.answer(Ok(()));
            return false;
        }
        let has_more = !outlet.queue.is_empty() && outlet.waits.is_none();
        outlet.wakes |= !has_more;
        all && has_more
    }

    pub(super) fn outlet_is_busy(&self) -> bool {
        self.outlet.as_ref().is_some_and(|outlet| outlet.busy)
    }

    /// What a sink has under way fails; was there any?
    pub(super) fn fail_outlet(&mut self, error: &Error) -> bool {
        let operation = Operation::WebSocketSend;
        let Some(outlet) = self.outlet.as_mut().filter(|outlet| outlet.busy) else { return false };
        let error = error.clone().in_operation(operation);
        for _ in 0..outlet.told.len() + outlet.queue.len() {
            self.node.emit(Mask::REQUEST_ERROR, || Status::RequestError { operation, error: error.clone() });
        }
        (outlet.told, outlet.queue, outlet.on_its_way) = Default::default();
        outlet.answer(Err(error));
        self.standing.sending = self.sending.is_some();
        true
    }

    /// It has waited in the line for too long: nothing is changed by it.
    pub(super) fn outlet_is_late(&mut self, error: &Error) {
        let outlet = self.outlet();
        let busy = outlet.busy;
        outlet.queue.clear();
        outlet.answer(Err(error.clone().in_operation(Operation::WebSocketSend)));
        // What went before is still to go out.
        outlet.busy = busy;
    }

    pub(super) fn outlet(&mut self) -> &mut Outlet {
        self.outlet.get_or_insert_default()
    }

    /// Why not, if not. Pending: the handle is closed, and the end of what is under way is about to be told.
    fn may_take(&mut self, sink: Ticket) -> Poll<Result<()>> {
        let operation = Operation::WebSocketSend;
        let own = match &mut self.outlet {
            None => false,
            Some(outlet) => match outlet.error.take() {
                Some(error) => return Poll::Ready(Err(error)),
                None => outlet.busy && outlet.owner == sink,
            },
        };
        if !self.node.is_open() {
            return if own { Poll::Pending } else { Poll::Ready(Err(self.node.gone(operation))) };
        }
        let standing = Standing { sending: self.standing.sending && !own, ..self.standing };
        Poll::Ready(standing.refusal_to_send().map_or(Ok(()), |reason| Err(self.refused(operation, reason))))
    }

    fn has_room(&self) -> bool {
        self.outlet.as_ref().is_none_or(|outlet| outlet.queue.is_empty()) && self.has_room_beside_queue()
    }

    /// Where there is nothing to write to, the next piece tells why.
    fn has_room_beside_queue(&self) -> bool {
        self.link.as_ref().is_none_or(|link| link.mute || link.writer.room(self.options.write_queue) > 0)
    }
}
