//! The actor of one WebSocket: takes calls as its state allows, and is driven by what its wire is ready for.
//!
//! There is no task for an operation: what is in flight is data here, and every turn of the actor does all that can be done for it
//! without waiting (`driving.rs`). So an operation is cancelled by taking it out.

use std::pin::Pin;
use std::sync::Arc;
use std::task;
use std::time::{Duration, Instant};

use actix::{Actor, ActorContext, ActorFuture, AsyncContext, Context, Handler};
use bytes::{Bytes, BytesMut};

use super::given::Given;
use super::line::InLine;
use super::link::Link;
use super::messages::{Abandon, CloseWebSocket, ReceiveMessage, SendMessage, ShutdownWebSocket, Ticket};
use super::part::MessagePart;
use super::pending::Pending;
use super::state::{Call, Standing};
use super::{Shared, Upgraded};
use crate::clock::{self, Alarm};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::reply::Reply;
use crate::handle::{ActorGuard, Cancel, CloseHandle, Ending, Node};
use crate::notification::MessageKind;
use crate::options::WebSocketOptions;
use crate::protocol::websocket::OpCode;
use crate::protocol::websocket::closing::CloseFrame;
use crate::protocol::websocket::fault::SendMisuse;
use crate::protocol::websocket::liveness::Liveness;
use crate::protocol::websocket::outgoing::Outgoing;
use crate::reason::CloseReason;
use crate::services::WorkGuard;

/// The actor of one WebSocket. It takes the messages of [`messages`](crate::messages); see
/// [`WebSocket::addr`](crate::WebSocket::addr).
pub struct WebSocketActor {
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
    /// A subscriber with too much unhandled makes new operations wait (contract C.8).
    pub(super) line: Option<Pin<Box<dyn Future<Output = ()>>>>,
    pub(super) work: Option<WorkGuard>,
    _guard: ActorGuard,
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
    pub(super) pending: Pending<MessagePart>,
    pub(super) at_most: Option<usize>,
    pub(super) waits: Option<InLine>,
}

/// A close in flight, and when it is given up.
pub(super) struct Closes {
    pub(super) pending: Pending<()>,
    pub(super) until: Option<Instant>,
}

impl WebSocketActor {
    pub(super) fn new(node: &Arc<Node>, shared: Arc<Shared>, mut upgraded: Upgraded, guard: ActorGuard) -> Self {
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
            line: None,
            work,
            _guard: guard,
        }
    }

    /// Refuses a call that does not fit (4317), with a reason.
    fn accept(&self, call: Call, operation: Operation) -> Result<()> {
        self.node.check_open(operation)?;
        match self.standing.refusal(call) {
            None => Ok(()),
            Some(reason) => {
                let detail = format!("{} is not taken by the WebSocket: {reason}", operation.name());
                Err(self.error(ErrorCode::InvalidOperation, operation, Stage::State, Blame::Caller, detail))
            }
        }
    }

    /// An operation was accepted.
    fn begin<T>(&self, operation: Operation, ticket: Ticket) -> (Pending<T>, Reply<T>) {
        Pending::new(&self.node, operation, ticket)
    }

    fn send(&mut self, part: MessagePart, ticket: Ticket) -> Result<Reply<()>> {
        let operation = Operation::WebSocketSend;
        self.accept(Call::Send, operation)?;
        let (kind, before) = (part.kind(), self.outgoing);
        let refuse = |misuse: String| Error::parameter(operation, misuse).with_url(&self.url);
        if part.is_close() {
            return Err(refuse(SendMisuse::Close.to_string()));
        }
        let (payload, last) = (part.into_octets(), !kind.is_fragment());
        let mut outgoing = before;
        let opcode = outgoing.take(kind.is_text(), &payload, last).map_err(|misuse| refuse(misuse.to_string()))?;
        self.outgoing = outgoing;
        self.standing.sending = true;
        let (waits, (pending, reply)) = (self.line_up(), self.begin(operation, ticket));
        let (octets, frame) = (payload.len() as u64, Some((opcode, last, payload)));
        self.sending = Some(Sending { pending, kind, octets, frame, before, waits });
        if let Some(link) = &mut self.link {
            link.stall.begin(clock::now);
        }
        Ok(reply)
    }

    fn receive(&mut self, at_most: Option<usize>, ticket: Ticket) -> Result<Reply<MessagePart>> {
        let operation = Operation::WebSocketReceive;
        if at_most == Some(0) {
            return Err(Error::parameter(operation, "a receive of 0 octets could not be told from an empty message"));
        }
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
                return Ok(Reply::now(Ok(part)));
            }
        }
        self.accept(Call::Receive, operation)?;
        self.given.forget();
        self.standing.receiving = true;
        if self.link.as_ref().is_some_and(|link| link.mute) {
            // Its silence meant nothing before.
            self.liveness.heard(clock::now());
        }
        let (waits, (pending, reply)) = (self.line_up(), self.begin(operation, ticket));
        self.receiving = Some(Receiving { pending, at_most, waits });
        Ok(reply)
    }

    fn shut_down(&mut self, code: u16, reason: &str, ticket: Ticket) -> Result<Reply<()>> {
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

    fn close(&mut self, code: u16, reason: &str, ticket: Ticket) -> Result<Reply<()>> {
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

    /// Takes out the operations this is true of, which end with 12017.
    fn give_up(&mut self, meant: impl Fn(Ticket) -> bool, why: &'static str) -> bool {
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
        if self.receiving.as_ref().is_some_and(|receiving| meant(receiving.pending.ticket())) {
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

impl Actor for WebSocketActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.spawn(Driving);
    }
}

/// Has the actor take a turn whenever it is woken: by its wire, by time, or by a message.
struct Driving;

impl ActorFuture<WebSocketActor> for Driving {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut WebSocketActor,
        _: &mut Context<WebSocketActor>,
        task: &mut task::Context<'_>,
    ) -> task::Poll<()> {
        actor.turn(task);
        task::Poll::Pending
    }
}

impl Handler<SendMessage> for WebSocketActor {
    type Result = Reply<()>;

    fn handle(&mut self, SendMessage { part, ticket }: SendMessage, _: &mut Context<Self>) -> Reply<()> {
        self.send(part, ticket).unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<ReceiveMessage> for WebSocketActor {
    type Result = Reply<MessagePart>;

    fn handle(&mut self, message: ReceiveMessage, _: &mut Context<Self>) -> Reply<MessagePart> {
        self.receive(message.at_most, message.ticket).unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<ShutdownWebSocket> for WebSocketActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: ShutdownWebSocket, _: &mut Context<Self>) -> Reply<()> {
        let ShutdownWebSocket { code, reason, ticket } = message;
        self.shut_down(code, &reason, ticket).unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<CloseWebSocket> for WebSocketActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: CloseWebSocket, _: &mut Context<Self>) -> Reply<()> {
        let CloseWebSocket { code, reason, ticket } = message;
        self.close(code, &reason, ticket).unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<Abandon> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, Abandon(ticket): Abandon, _: &mut Context<Self>) {
        if !self.give_up(|of| of == ticket, "the call was given up by its caller") {
            self.given.came_back(ticket);
        }
    }
}

impl Handler<Cancel> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, _: Cancel, _: &mut Context<Self>) {
        self.give_up(|_| true, "the operation was cancelled");
    }
}

impl Handler<CloseHandle> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, _: CloseHandle, context: &mut Context<Self>) {
        self.node.close(Ending::Closed);
        self.end_wire(CloseReason::Cancelled);
        // Each says with what it ends, by its own drop.
        (self.sending, self.receiving, self.shutting, self.closing) = (None, None, None, None);
        context.stop();
    }
}

impl std::fmt::Debug for WebSocketActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSocketActor")
    }
}
