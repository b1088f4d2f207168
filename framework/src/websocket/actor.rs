//! The actor of one WebSocket: takes calls as its state allows, is driven by what its wire is ready for, and owns its end.

use std::pin::Pin;
use std::rc::Rc;
use std::task;

use actix::{Actor, ActorContext, ActorFuture, AsyncContext, Context, Handler};

use super::local::Local;
use super::messages::{Abandon, CloseWebSocket, ReceiveMessage, SendBatch, SendMessage, ShutdownWebSocket, TakeBatch};
use super::part::MessagePart;
use crate::handle::reply::Reply;
use crate::handle::{ActorGuard, Cancel, CloseHandle};

/// The actor of one WebSocket. It takes the messages of [`messages`](crate::messages); see
/// [`WebSocket::addr`](crate::WebSocket::addr).
///
/// An example is at [`messages`](crate::messages).
pub struct WebSocketActor {
    local: Rc<Local>,
    _guard: ActorGuard,
}

impl WebSocketActor {
    pub(super) fn new(local: Rc<Local>, guard: ActorGuard) -> Self {
        Self { local, _guard: guard }
    }
}

/// By the end of the handle, by a crash, or with its thread: before the guard, whose end is the handle's.
impl Drop for WebSocketActor {
    fn drop(&mut self) {
        self.local.abandon();
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
        actor.local.turn(task);
        task::Poll::Pending
    }
}

impl Handler<SendMessage> for WebSocketActor {
    type Result = Reply<()>;

    fn handle(&mut self, SendMessage { part, ticket }: SendMessage, _: &mut Context<Self>) -> Reply<()> {
        self.local.work(|socket| socket.send(part, ticket)).unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<ReceiveMessage> for WebSocketActor {
    type Result = Reply<MessagePart>;

    fn handle(&mut self, message: ReceiveMessage, _: &mut Context<Self>) -> Reply<MessagePart> {
        let ReceiveMessage { at_most, ticket } = message;
        self.local.work(|socket| socket.receive(at_most, ticket)).unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<ShutdownWebSocket> for WebSocketActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: ShutdownWebSocket, _: &mut Context<Self>) -> Reply<()> {
        let ShutdownWebSocket { code, reason, ticket } = message;
        let taken = self.local.work(|socket| socket.shut_down(code, &reason, ticket));
        taken.unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<CloseWebSocket> for WebSocketActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: CloseWebSocket, _: &mut Context<Self>) -> Reply<()> {
        let CloseWebSocket { code, reason, ticket } = message;
        let taken = self.local.work(|socket| socket.close(code, &reason, ticket));
        taken.unwrap_or_else(|error| Reply::now(Err(error)))
    }
}

impl Handler<SendBatch> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, batch: SendBatch, _: &mut Context<Self>) {
        self.local.work(|socket| socket.take_batch(batch));
    }
}

impl Handler<TakeBatch> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, wish: TakeBatch, _: &mut Context<Self>) {
        self.local.work(|socket| socket.give_batch(wish));
    }
}

impl Handler<Abandon> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, Abandon(ticket): Abandon, _: &mut Context<Self>) {
        self.local.work(|socket| socket.abandon(ticket));
    }
}

impl Handler<Cancel> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, _: Cancel, _: &mut Context<Self>) {
        self.local.work(|socket| socket.cancel());
    }
}

impl Handler<CloseHandle> for WebSocketActor {
    type Result = ();

    fn handle(&mut self, _: CloseHandle, context: &mut Context<Self>) {
        self.local.work(|socket| socket.end());
        context.stop();
    }
}

impl std::fmt::Debug for WebSocketActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSocketActor")
    }
}
