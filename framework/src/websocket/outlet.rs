//! What a sink has handed in, on the thread of the wire: it goes out in batches, and each piece of it is an operation.

mod giving_up;

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::line::InLine;
use super::messages::{SendBatch, Ticket};
use super::part::MessagePart;
use super::socket::Socket;
use super::state::Standing;
use super::traffic::OnItsWay;
use super::waiting::{Waiting, Woken};
use crate::clock;
use crate::error::{Error, Operation, Result, Stage};
use crate::notification::{MessageKind, NotificationMask as Mask, Status};
use crate::protocol::websocket::OpCode;
use crate::wire::Failure;

/// What a sink has under way.
#[derive(Default)]
pub(super) struct Outlet {
    /// Whose it is; nobody's, if that is gone.
    owner: Ticket,
    /// Some of it is not through yet.
    busy: bool,
    /// Pieces whose completion somebody hears of, and where each ends among all octets of the wire; `None`: where the piece ends that is
    /// under way.
    told: VecDeque<(Option<u64>, u64, MessageKind)>,
    /// The same of all pieces, to be counted.
    on_its_way: OnItsWay,
    /// What has found no room yet, and who waits on another thread for all of it.
    queue: VecDeque<MessagePart>,
    asker: Option<oneshot::Sender<Result<()>>>,
    /// What was in the queue when all was cancelled. It goes out all the same, and nobody hears of it.
    forsaken: VecDeque<(OpCode, bool, Bytes)>,
    /// What pieces failed with, until the sinks they are of ask.
    errors: Vec<(Ticket, Error)>,
    pub(super) waits: Option<InLine>,
    waiting: Waiting,
    /// They wait for room, and not for the end.
    for_room: bool,
}

impl Outlet {
    /// Its place in the line has come.
    pub(super) fn goes_on(&mut self) {
        if self.waits.take().is_some() {
            self.waiting.wake();
        }
    }

    pub(super) fn take_woken(&mut self, woken: &mut Woken) {
        (woken.sink, woken.other_sinks) = self.waiting.take_due();
    }

    /// What it ended with.
    pub(super) fn last_error(&mut self) -> Option<Error> {
        Some(self.errors.pop()?.1)
    }

    pub(super) fn has_frames_left(&self) -> bool {
        !self.forsaken.is_empty()
    }

    fn take_error(&mut self, sink: Ticket) -> Result<()> {
        match self.errors.iter().position(|(of, _)| *of == sink) {
            Some(at) => Err(self.errors.swap_remove(at).1),
            None => Ok(()),
        }
    }

    /// The sink will hear of it when it asks.
    fn keep_error(&mut self, error: Error) {
        self.errors.retain(|(of, _)| *of != self.owner);
        if self.owner != Ticket::default() {
            self.errors.push((self.owner, error));
        }
        self.waiting.wake();
    }

    fn is_busy_for(&self, sink: Ticket) -> bool {
        self.busy && self.owner == sink
    }

    /// It is over with the pieces that are under way.
    fn answer(&mut self, result: Result<()>) {
        self.busy = false;
        self.waiting.wake();
        if let Some(asker) = self.asker.take() {
            let before = self.take_error(self.owner);
            // Whoever left does not want to hear of it.
            drop(asker.send(before.and(result)));
        } else if let Err(error) = result {
            self.keep_error(error);
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
        let has_waited = self.outlet().waiting.forget(sink);
        if let Poll::Ready(refused) = self.may_take(sink) {
            refused?;
            let waits = self.outlet.as_ref().is_some_and(|outlet| outlet.waits.is_some());
            if !waits && let Some(place) = self.line_up() {
                let outlet = self.outlet();
                (outlet.waits, outlet.owner) = (Some(place), sink);
            } else if !waits {
                if self.has_room() {
                    return Poll::Ready(Ok(()));
                }
                self.write(wire);
                self.outlet().take_error(sink)?;
                if self.has_room() {
                    return Poll::Ready(Ok(()));
                }
            }
        }
        if !has_waited && let Some(link) = &mut self.link {
            link.stall.begin(clock::now);
        }
        let outlet = self.outlet();
        outlet.waiting.add(sink, waker);
        outlet.for_room = true;
        Poll::Pending
    }

    /// Takes a piece. It goes out with the next flush, or before.
    pub(super) fn take_piece(&mut self, sink: Ticket, part: MessagePart) -> Result<()> {
        let is_behind = |outlet: &Outlet| !outlet.queue.is_empty() || outlet.has_frames_left();
        let has_link = self.link.as_ref().is_some_and(|link| !link.mute);
        let is_free = self.link.as_ref().is_none_or(|link| link.writer.is_free());
        if !has_link || (is_free && !self.outlet.as_deref().is_some_and(is_behind)) {
            return self.put_piece(sink, part);
        }
        // What somebody else has begun is still under way.
        self.may_put(sink)?;
        self.standing.sending = true;
        let outlet = self.outlet();
        (outlet.owner, outlet.busy) = (sink, true);
        outlet.queue.push_back(part);
        Ok(())
    }

    /// Puts a piece behind what is ready, where there is room for it.
    fn put_piece(&mut self, sink: Ticket, part: MessagePart) -> Result<()> {
        self.may_put(sink)?;
        let (kind, octets) = (part.kind(), part.octets().len() as u64);
        let frame = self.frame_of(part)?;
        self.standing.sending = true;
        let is_watched = self.node.subscribers().wants(Mask::WRITE_COMPLETE | Mask::REQUEST_ERROR);
        let outlet = self.outlet();
        let was_busy = std::mem::replace(&mut outlet.busy, true);
        outlet.owner = sink;
        let Some(link) = self.link.as_mut().filter(|link| !link.mute) else {
            if is_watched {
                self.outlet().told.push_back((None, octets, kind));
            }
            // What it was lost by has not been told yet.
            self.serve_what_is_known();
            return self.outlet().take_error(sink);
        };
        if !was_busy {
            link.stall.begin(clock::now);
        }
        link.tap(self.node.wants(Mask::FRAMES));
        match link.append(frame) {
            Ok(end) => {
                let outlet = self.outlet();
                outlet.on_its_way.add(end, kind, octets);
                if is_watched {
                    outlet.told.push_back((end, octets, kind));
                }
            }
            Err(error) => {
                let operation = Operation::WebSocketSend;
                self.cannot_send(&Failure::Io(Stage::Messages, error).into_error(operation));
            }
        }
        self.outlet().take_error(sink)
    }

    /// Is all through that was taken?
    pub(super) fn poll_all_through(&mut self, sink: Ticket, wire: &mut Context<'_>, waker: &Waker) -> Poll<Result<()>> {
        self.outlet().waiting.forget(sink);
        // Each time there is room for what came from another thread.
        while self.outlet().is_busy_for(sink) && self.node.is_open() && self.write(wire) {}
        let outlet = self.outlet();
        outlet.take_error(sink)?;
        if !outlet.is_busy_for(sink) {
            return Poll::Ready(Ok(()));
        }
        outlet.waiting.add(sink, waker);
        outlet.for_room = false;
        Poll::Pending
    }

    /// A sink on another thread has handed these in.
    pub(super) fn take_batch(&mut self, batch: SendBatch) {
        let SendBatch { sink, parts, answer } = batch;
        if parts.is_empty() && !self.outlet().is_busy_for(sink) {
            return drop(answer.send(self.outlet().take_error(sink)));
        }
        match self.may_take(sink) {
            Poll::Ready(Ok(())) => {
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
        self.put_forsaken();
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
                && let Err(error) = self.put_piece(owner, part)
            {
                // What went before is still to go out.
                self.drop_queue(error);
            }
        }
    }

    /// The stream has taken some of it, or `all` that was ready: is there more to be made ready?
    pub(super) fn outlet_has_moved(&mut self, all: bool) -> bool {
        if self.outlet.is_none() {
            return false;
        }
        let has_room = self.has_room();
        let Some(outlet) = &mut self.outlet else { return false };
        if outlet.for_room && has_room && outlet.waits.is_none() {
            outlet.waiting.wake();
        }
        if !outlet.busy {
            return all && outlet.has_frames_left();
        }
        let (through, is_free) =
            self.link.as_ref().map_or((0, false), |link| (link.writer.through(), link.writer.is_free()));
        let is_through = |end: Option<u64>| end.map_or(is_free, |end| end <= through);
        outlet.on_its_way.count(is_through, &self.shared.traffic);
        while let Some((_, octets, kind)) = outlet.told.front().copied().filter(|(end, ..)| is_through(*end)) {
            outlet.told.pop_front();
            self.node.emit(Mask::WRITE_COMPLETE, || Status::WebSocketWriteComplete { octets, kind });
        }
        if all && outlet.queue.is_empty() && !outlet.has_frames_left() {
            self.standing.sending = self.sending.is_some();
            outlet.answer(Ok(()));
            return false;
        }
        all && outlet.waits.is_none()
    }

    pub(super) fn outlet_is_busy(&self) -> bool {
        self.outlet.as_ref().is_some_and(|outlet| outlet.busy)
    }

    pub(super) fn outlet_has_queue(&self) -> bool {
        self.outlet.as_ref().is_some_and(|outlet| !outlet.queue.is_empty())
    }

    /// Is there a sink that waits for room, whoever has taken it?
    pub(super) fn room_is_awaited(&self) -> bool {
        self.outlet.as_ref().is_some_and(|outlet| outlet.for_room && !outlet.waiting.is_empty())
    }

    pub(super) fn outlet(&mut self) -> &mut Outlet {
        self.outlet.get_or_insert_default()
    }

    /// Why not, if not. Pending: the handle is closed, and the end of what is under way is about to be told.
    fn may_take(&mut self, sink: Ticket) -> Poll<Result<()>> {
        let operation = Operation::WebSocketSend;
        let own = match &mut self.outlet {
            None => false,
            Some(outlet) => {
                if let Err(error) = outlet.take_error(sink) {
                    return Poll::Ready(Err(error));
                }
                outlet.is_busy_for(sink)
            }
        };
        if !self.node.is_open() {
            return if own { Poll::Pending } else { Poll::Ready(Err(self.node.gone(operation))) };
        }
        let standing = Standing { sending: self.standing.sending && !own, ..self.standing };
        Poll::Ready(standing.refusal_to_send().map_or(Ok(()), |reason| Err(self.refused(operation, reason))))
    }

    /// The same, where the end is about to be told: gone.
    fn may_put(&mut self, sink: Ticket) -> Result<()> {
        match self.may_take(sink) {
            Poll::Ready(refused) => refused,
            Poll::Pending => Err(self.node.gone(Operation::WebSocketSend)),
        }
    }

    fn has_room(&self) -> bool {
        self.outlet.as_ref().is_none_or(|outlet| outlet.queue.is_empty() && !outlet.has_frames_left())
            && self.has_room_beside_queue()
    }

    /// Where there is nothing to write to, the next piece tells why.
    fn has_room_beside_queue(&self) -> bool {
        self.link.as_ref().is_none_or(|link| link.mute || link.writer.room(self.options.write_queue) > 0)
    }
}
