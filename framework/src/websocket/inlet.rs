//! What a stream has asked for, on the thread of the wire: each message is an operation, which begins when it is wanted.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use super::messages::{TakeBatch, Ticket};
use super::part::MessagePart;
use super::socket::{Begun, Receiver, Receiving, Socket};
use crate::error::{Error, Operation, Result};
use crate::notification::{NotificationMask as Mask, Status};

/// What has come for a stream.
#[derive(Default)]
pub(super) struct Inlet {
    /// With whose they are: the stream that has them in flight need not be the one that asks next.
    items: VecDeque<(Ticket, Result<MessagePart>)>,
    octets: usize,
    /// They are the last thing that was received.
    is_last: bool,
    /// A stream on another thread that waits for them.
    asker: Option<(Ticket, oneshot::Sender<Vec<Result<MessagePart>>>)>,
    waker: Option<(Ticket, Waker)>,
    wakes: bool,
}

impl Inlet {
    pub(super) fn put(&mut self, stream: Ticket, item: Result<MessagePart>) {
        self.is_last |= self.items.is_empty();
        self.octets += item.as_ref().map_or(0, |part| part.octets().len());
        self.items.push_back((stream, item));
        self.wakes = true;
    }

    pub(super) fn take_woken(&mut self) -> Option<(Ticket, Waker)> {
        if std::mem::take(&mut self.wakes) { self.waker.take() } else { None }
    }

    /// What it ended with.
    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.items.pop_back()?.1.err()
    }

    /// Another receive begins: what is here comes before what it gives.
    pub(super) fn goes_before(&mut self) {
        self.is_last = false;
    }

    fn take(&mut self, stream: Ticket) -> Option<Result<MessagePart>> {
        let at = self.items.iter().position(|(of, _)| *of == stream)?;
        let (_, item) = self.items.remove(at)?;
        self.octets = if self.items.is_empty() { 0 } else { self.octets };
        Some(item)
    }

    /// All there is for it.
    fn take_all(&mut self, stream: Ticket) -> Vec<Result<MessagePart>> {
        let items = std::mem::take(&mut self.items);
        self.octets = 0;
        let mut all = Vec::with_capacity(items.len());
        for (of, item) in items {
            if of == stream {
                all.push(item);
            } else {
                self.items.push_back((of, item));
            }
        }
        all
    }

    fn forget_waker(&mut self, stream: Ticket) {
        self.waker.take_if(|(of, _)| *of == stream);
    }

    fn wait(&mut self, stream: Ticket, waker: &Waker) {
        self.waker = Some((stream, waker.clone()));
    }

    /// Is what has come enough for one message to another thread?
    fn is_full(&self) -> bool {
        let is_last = |item: &Result<MessagePart>| item.as_ref().map_or(true, MessagePart::is_close);
        self.octets >= MOST_OCTETS
            || self.items.len() >= MOST_ITEMS
            || self.items.back().is_some_and(|(_, item)| is_last(item))
    }
}

impl Socket {
    /// The next message for a stream on this thread.
    pub(super) fn poll_message(
        &mut self,
        stream: Ticket,
        wire: &mut Context<'_>,
        waker: &Waker,
    ) -> Poll<Result<MessagePart>> {
        let inlet = self.inlet();
        inlet.forget_waker(stream);
        if let Some(item) = inlet.take(stream) {
            return Poll::Ready(item);
        }
        if self.is_received_by(stream) {
            if !self.node.is_open() {
                // The end of what is in flight is about to be told.
                self.inlet().wait(stream, waker);
                return Poll::Pending;
            }
        } else if let Some(part) = self.begin_for(stream)? {
            return Poll::Ready(Ok(part));
        }
        for _ in 0..MOST_STEPS {
            if self.untold.is_some() || self.standing.closed_by_peer || !self.gathered.0.is_empty() {
                self.serve_what_is_known();
            }
            let has_read = self.read(wire);
            if let Some(item) = self.inlet().take(stream) {
                return Poll::Ready(item);
            }
            if !has_read {
                self.inlet().wait(stream, waker);
                return Poll::Pending;
            }
        }
        // Others on this thread are due; the peer may flood.
        waker.wake_by_ref();
        Poll::Pending
    }

    /// A stream on another thread wants what has come.
    pub(super) fn give_batch(&mut self, wish: TakeBatch) {
        let TakeBatch { stream, answer } = wish;
        let another = |(asker, answer): &(Ticket, oneshot::Sender<_>)| *asker != stream && !answer.is_closed();
        if self.inlet().asker.as_ref().is_some_and(another) {
            let error = self.refused(Operation::WebSocketReceive, "a receive is in flight");
            return drop(answer.send(vec![Err(error)]));
        }
        self.inlet().asker = Some((stream, answer));
        // Here and not by the turn: what is asked for next finds it in flight.
        self.want_more();
    }

    /// Goes on receiving for the stream on another thread, while there is more to be had at once.
    pub(super) fn want_more(&mut self) {
        let Some(inlet) = &self.inlet else { return };
        let Some(stream) = inlet.asker.as_ref().filter(|_| !inlet.is_full()).map(|(stream, _)| *stream) else { return };
        if self.is_received_by(stream) {
            return;
        }
        match self.begin_for(stream) {
            Ok(None) => {}
            Ok(Some(part)) => self.inlet().put(stream, Ok(part)),
            Err(error) if self.inlet().items.iter().all(|(of, _)| *of != stream) => {
                self.inlet().put(stream, Err(error));
            }
            Err(_) => {}
        }
    }

    /// There is no more at once: what has come is given to the stream on another thread.
    pub(super) fn answer_stream(&mut self) {
        let Some(inlet) = self.inlet.as_mut().filter(|inlet| !inlet.items.is_empty()) else { return };
        let Some((stream, asker)) = inlet.asker.take() else { return };
        let all = inlet.take_all(stream);
        if all.is_empty() {
            inlet.asker = Some((stream, asker));
            return;
        }
        // Whoever left does not want to have it.
        drop(asker.send(all));
        if self.is_received_by(stream) {
            // It was begun to see whether there is more. What it has of a message is kept for the next.
            (self.receiving, self.standing.receiving) = (None, false);
        }
    }

    /// What a stream has in flight fails.
    pub(super) fn inlet_fails(&mut self, stream: Ticket, error: &Error) {
        let operation = Operation::WebSocketReceive;
        let error = error.clone().in_operation(operation);
        self.node.emit(Mask::REQUEST_ERROR, || Status::RequestError { operation, error: error.clone() });
        self.inlet().put(stream, Err(error));
    }

    /// The stream is gone. What came for it and was not taken is the next one's, if nothing has been received behind it.
    pub(super) fn inlet_is_left(&mut self, stream: Ticket) {
        let Some(inlet) = &mut self.inlet else { return };
        inlet.forget_waker(stream);
        inlet.asker.take_if(|(of, _)| *of == stream);
        let all = inlet.take_all(stream);
        let mut parts = all.into_iter().flatten();
        if let (Some(part), None) = (parts.next(), parts.next())
            && inlet.is_last
        {
            self.given.give_back(part);
        }
    }

    pub(super) fn inlet(&mut self) -> &mut Inlet {
        self.inlet.get_or_insert_default()
    }

    fn begin_for(&mut self, stream: Ticket) -> Result<Option<MessagePart>> {
        match self.begin_receive(None, Ticket::default())? {
            Begun::Given(part) => Ok(Some(part)),
            Begun::Waits(waits) => {
                self.receiving = Some(Receiving { by: Receiver::Half(stream), at_most: None, waits });
                Ok(None)
            }
        }
    }

    fn is_received_by(&self, stream: Ticket) -> bool {
        self.receiving.as_ref().is_some_and(|receiving| matches!(receiving.by, Receiver::Half(by) if by == stream))
    }
}

/// How much goes to another thread at a time, in octets and in messages.
const MOST_OCTETS: usize = 256 * 1024;
const MOST_ITEMS: usize = 256;
/// How much one poll does before others get their turn.
const MOST_STEPS: usize = 64;
