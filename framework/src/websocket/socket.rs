//! One WebSocket as its thread has it: what its actor works on, and its halves when they are polled there.
//!
//! There is no task for an operation: what is in flight is data here, and every turn of the actor does all that can be done for it
//! without waiting (`driving.rs`). So an operation is cancelled by taking it out.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::given::Given;
use super::inlet::Inlet;
use super::line::InLine;
use super::link::Link;
use super::messages::Ticket;
use super::outlet::Outlet;
use super::part::MessagePart;
use super::pending::Pending;
use super::state::{Call, Standing};
use super::waiting::Woken;
use super::{Shared, Upgraded};
use crate::clock::{self, Alarm};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::Node;
use crate::handle::reply::Reply;
use crate::notification::MessageKind;
use crate::options::WebSocketOptions;
use crate::protocol::websocket::OpCode;
use crate::protocol::websocket::closing::{CloseFrame, Closing};
use crate::protocol::websocket::fault::SendMisuse;
use crate::protocol::websocket::liveness::Liveness;
use crate::protocol::websocket::outgoing::Outgoing;
use crate::services::WorkGuard;

/// One WebSocket, but for its place in the tree.
pub(super) struct Socket {
    pub(super) node: Arc<Node>,
    pub(super) shared: Arc<Shared>,
    pub(super) options: WebSocketOptions,
    pub(super) send_timeout: Option<Duration>,
    pub(super) queue_timeout: Option<Duration>,
    pub(super) url: String,
    /// `None`: the wire is gone.
    pub(super) link: Option<Link>,
    pub(super) standing: Standing,
    pub(super) outgoing: Outgoing,
    pub(super) sending: Option<Sending>,
    pub(super) receiving: Option<Receiving>,
    pub(super) shutting: Option<Pending<()>>,
    pub(super) closing: Option<Closes>,
    /// What of a message has come that is received as a whole, and whether it is text.
    pub(super) gathered: (BytesMut, bool),
    /// The message that is coming was thrown away in part: what is left of it is nothing.
    pub(super) skips: bool,
    pub(super) given: Given,
    /// What has ended it, which no operation has told of yet.
    pub(super) untold: Option<Error>,
    /// What has ended the sending side alone, which no operation has told of yet.
    pub(super) untold_break: Option<Error>,
    pub(super) liveness: Liveness,
    pub(super) alarm: Alarm,
    /// What the alarm is set to.
    pub(super) armed: Option<Instant>,
    /// A subscriber with too much unhandled makes new operations wait (contract C.8).
    pub(super) line: Option<Pin<Box<dyn Future<Output = ()>>>>,
    pub(super) work: Option<WorkGuard>,
    /// What its halves have under way; `None` until there are any.
    pub(super) outlet: Option<Box<Outlet>>,
    pub(super) inlet: Option<Box<Inlet>>,
}

/// A send in flight.
pub(super) struct Sending {
    pub(super) pending: Pending<()>,
    pub(super) kind: MessageKind,
    pub(super) octets: u64,
    /// What is to go out, until it can.
    pub(super) frame: Option<(OpCode, bool, Bytes)>,
    /// Where the message stood before.
    pub(super) before: Outgoing,
    pub(super) waits: Option<InLine>,
}

/// A receive in flight; `None` wants a whole message.
pub(super) struct Receiving {
    pub(super) by: Receiver,
    pub(super) at_most: Option<usize>,
    pub(super) waits: Option<InLine>,
}

/// Who receives.
pub(super) enum Receiver {
    Call(Pending<MessagePart>),
    /// The stream of this name.
    Half(Ticket),
}

impl Receiver {
    pub(super) fn ticket(&self) -> Ticket {
        match self {
            Self::Call(pending) => pending.ticket(),
            Self::Half(ticket) => *ticket,
        }
    }
}

/// What became of the wish to receive.
pub(super) enum Begun {
    /// It is done: this came back from a call that was given up.
    Given(MessagePart),
    /// It is in flight, in a line if there is one.
    Waits(Option<InLine>),
}

/// A close in flight, and when it is given up.
pub(super) struct Closes {
    pub(super) pending: Pending<()>,
    pub(super) until: Option<Instant>,
}

impl Socket {
    pub(super) fn new(node: &Arc<Node>, shared: Arc<Shared>, mut upgraded: Upgraded) -> Self {
        let (options, send_timeout, queue_timeout) = (upgraded.options, upgraded.send_timeout, upgraded.queue_timeout);
        let (url, work) = (std::mem::take(&mut upgraded.url), upgraded.work.take());
        upgraded.lease.pass_to(node);
        if let Some(tunnel) = &upgraded.tunnel {
            tunnel.is_read_by(node);
        }
        Self {
            node: Arc::clone(node),
            shared,
            options,
            send_timeout,
            queue_timeout,
            url,
            link: Some(Link::new(upgraded)),
            standing: Standing::default(),
            outgoing: Outgoing::default(),
            sending: None,
            receiving: None,
            shutting: None,
            closing: None,
            gathered: (BytesMut::new(), false),
            skips: false,
            given: Given::default(),
            untold: None,
            untold_break: None,
            liveness: Liveness::new(options.ping_every, options.ping_timeout, clock::now()),
            alarm: Alarm::default(),
            armed: None,
            line: None,
            work,
            outlet: None,
            inlet: None,
        }
    }

    /// Refuses a call that does not fit (4317), with a reason.
    fn accept(&self, call: Call, operation: Operation) -> Result<()> {
        self.node.check_open(operation)?;
        self.standing.refusal(call).map_or(Ok(()), |reason| Err(self.refused(operation, reason)))
    }

    pub(super) fn refused(&self, operation: Operation, reason: &'static str) -> Error {
        let detail = format!("{} is not taken by the WebSocket: {reason}", operation.name());
        self.error(ErrorCode::InvalidOperation, operation, Stage::State, Blame::Caller, detail)
    }

    /// An operation was accepted.
    fn begin<T>(&self, operation: Operation, ticket: Ticket) -> (Pending<T>, Reply<T>) {
        Pending::new(&self.node, operation, ticket)
    }

    pub(super) fn send(&mut self, part: MessagePart, ticket: Ticket) -> Result<Reply<()>> {
        let operation = Operation::WebSocketSend;
        self.accept(Call::Send, operation)?;
        let (kind, octets, before) = (part.kind(), part.octets().len() as u64, self.outgoing);
        let frame = Some(self.frame_of(part)?);
        self.standing.sending = true;
        let (waits, (pending, reply)) = (self.line_up(), self.begin(operation, ticket));
        self.sending = Some(Sending { pending, kind, octets, frame, before, waits });
        if let Some(link) = &mut self.link {
            link.stall.begin(clock::now);
        }
        Ok(reply)
    }

    /// What a piece is on the wire. Refused, it changes nothing.
    pub(super) fn frame_of(&mut self, part: MessagePart) -> Result<(OpCode, bool, Bytes)> {
        let refuse =
            |misuse: SendMisuse| Error::parameter(Operation::WebSocketSend, misuse.to_string()).with_url(&self.url);
        if part.is_close() {
            return Err(refuse(SendMisuse::Close));
        }
        let (kind, payload) = (part.kind(), part.into_octets());
        let (mut outgoing, last) = (self.outgoing, !kind.is_fragment());
        let opcode = outgoing.take(kind.is_text(), &payload, last).map_err(refuse)?;
        self.outgoing = outgoing;
        Ok((opcode, last, payload))
    }

    pub(super) fn receive(&mut self, at_most: Option<usize>, ticket: Ticket) -> Result<Reply<MessagePart>> {
        let operation = Operation::WebSocketReceive;
        if at_most == Some(0) {
            return Err(Error::parameter(operation, "a receive of 0 octets could not be told from an empty message"));
        }
        let waits = match self.begin_receive(at_most, ticket)? {
            Begun::Given(part) => return Ok(Reply::now(Ok(part))),
            Begun::Waits(waits) => waits,
        };
        let (pending, reply) = self.begin(operation, ticket);
        self.receiving = Some(Receiving { by: Receiver::Call(pending), at_most, waits });
        Ok(reply)
    }

    pub(super) fn begin_receive(&mut self, at_most: Option<usize>, ticket: Ticket) -> Result<Begun> {
        let operation = Operation::WebSocketReceive;
        self.node.check_open(operation)?;
        if self.receiving.is_none() {
            // Part of a message that is wanted whole now: it comes with the rest.
            if at_most.is_none()
                && let Some(begun) = self.given.take_fragment()
            {
                let rest = self.gathered.0.split();
                self.gathered.0.extend_from_slice(begun.octets());
                self.gathered.0.unsplit(rest);
                self.gathered.1 = begun.kind().is_text();
            }
            if let Some(part) = self.given.take(at_most, ticket) {
                return Ok(Begun::Given(part));
            }
        }
        self.accept(Call::Receive, operation)?;
        self.given.forget();
        self.inlet.iter_mut().for_each(|inlet| inlet.goes_before());
        self.standing.receiving = true;
        if self.link.as_ref().is_some_and(|link| link.mute) {
            // Its silence meant nothing before.
            self.liveness.heard(clock::now());
        }
        Ok(Begun::Waits(self.line_up()))
    }

    pub(super) fn shut_down(&mut self, code: u16, reason: &str, ticket: Ticket) -> Result<Reply<()>> {
        let operation = Operation::WebSocketShutdown;
        self.accept(Call::Shutdown, operation)?;
        let frame = self.close_frame(code, reason, operation)?;
        (self.standing.sending, self.standing.shut) = (true, true);
        let (pending, reply) = self.begin(operation, ticket);
        self.shutting = Some(pending);
        if let Some(link) = &mut self.link {
            link.stall.begin(clock::now);
            link.writer.close(frame);
        }
        Ok(reply)
    }

    pub(super) fn close(&mut self, code: u16, reason: &str, ticket: Ticket) -> Result<Reply<()>> {
        let operation = Operation::WebSocketClose;
        self.accept(Call::Close, operation)?;
        let frame = self.close_frame(code, reason, operation)?;
        (self.standing.closing, self.standing.shut) = (true, true);
        let (pending, reply) = self.begin(operation, ticket);
        if self.receiving.is_some() {
            self.fail_receive(&self.cancelled("the WebSocket was closed while a receive was in flight"));
        }
        // The rest of a message that has begun would look like a whole one, if the close is given up.
        self.skips |= !self.gathered.0.is_empty() | self.given.take_fragment().is_some();
        self.gathered = Default::default();
        self.closing = Some(Closes { pending, until: clock::now().checked_add(self.options.close_timeout) });
        if let Some(link) = &mut self.link {
            link.writer.close(frame);
        }
        Ok(reply)
    }

    fn close_frame(&self, code: u16, reason: &str, operation: Operation) -> Result<CloseFrame> {
        CloseFrame::new(code, reason)
            .map_err(|misuse| Error::parameter(operation, misuse.to_string()).with_url(&self.url))
    }

    /// The future of a call was dropped, or a half.
    pub(super) fn abandon(&mut self, ticket: Ticket) {
        if !self.give_up(|of| of == ticket, "the call was given up by its caller") {
            self.given.came_back(ticket);
        }
        self.outlet_is_left(ticket);
        self.inlet_is_left(ticket);
    }

    /// All that is in flight ends with 12017. What a sink has handed in goes out all the same, as the rest of a frame does.
    pub(super) fn cancel(&mut self) {
        const WHY: &str = "the operation was cancelled";
        self.give_up(|_| true, WHY);
        self.forsake_outlet(&self.cancelled(WHY));
    }

    /// It is being left: shows what is in flight, and gives the tasks to be woken when nobody is inside.
    pub(super) fn take_woken(&mut self) -> Woken {
        let sends = self.sending.is_some() || self.shutting.is_some() || self.outlet_is_busy();
        self.shared.traffic.show_in_flight([sends, self.receiving.is_some(), self.closing.is_some()]);
        let mut woken = Woken::default();
        self.outlet.iter_mut().for_each(|outlet| outlet.take_woken(&mut woken));
        woken.stream = self.inlet.as_mut().and_then(|inlet| inlet.take_woken());
        woken
    }

    /// A half has done something for itself: is there anything left for the actor?
    pub(super) fn wants_a_turn(&self) -> bool {
        let Some(link) = &self.link else { return true };
        let has_ended = link.mute || link.lingers.is_some() || link.closing != Closing::Neither;
        has_ended
            || link.writer.owes()
            || self.sending.is_some()
            || self.line.is_some()
            || self.due().is_some_and(|due| self.armed.is_none_or(|armed| due < armed))
    }

    /// Takes out the operations this is true of, which end with 12017.
    pub(super) fn give_up(&mut self, meant: impl Fn(Ticket) -> bool, why: &'static str) -> bool {
        let error = self.cancelled(why);
        let mut any = false;
        if let Some(sending) = self.sending.take_if(|sending| meant(sending.pending.ticket())) {
            let is_untouched = match &mut self.link {
                Some(link) if sending.frame.is_none() => link.writer.withdraw(),
                _ => true,
            };
            if is_untouched {
                self.outgoing = sending.before;
            }
            (self.standing.sending, any) = (false, true);
            sending.pending.fail(&error);
        }
        if self.receiving.as_ref().is_some_and(|receiving| meant(receiving.by.ticket())) {
            any = true;
            self.fail_receive(&error);
        }
        if let Some(pending) = self.shutting.take_if(|pending| meant(pending.ticket())) {
            // The close frame goes out all the same.
            (self.standing.sending, any) = (false, true);
            pending.fail(&error);
        }
        if let Some(closes) = self.closing.take_if(|closes| meant(closes.pending.ticket())) {
            (self.standing.closing, any) = (false, true);
            closes.pending.fail(&error);
        }
        any
    }
}
