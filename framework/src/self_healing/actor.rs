//! The supervisor: takes what is asked as messages, and is driven by whatever it waits for (`driving.rs`).

use std::pin::Pin;
use std::sync::Arc;
use std::task;
use std::time::Instant;

use actix::{Actor, ActorContext, ActorFuture, AsyncContext, Context, Handler, ResponseFuture};

use super::builder::{IsFinal, Resume};
use super::calls;
use super::driving::Stand;
use super::inbox::HealingEvent;
use super::messages::{CloseSelfHealing, QueueMessage, ReceiveEvent};
use super::shared::{LastWord, Shared};
use crate::clock::{self, Alarm};
use crate::error::Result;
use crate::handle::{ActorGuard, Cancel, CloseHandle, Ending, Node};
use crate::options::SelfHealingOptions;
use crate::policy::{Chances, Reconnect};
use crate::request::WebSocketBuilder;

/// The actor of one self-healing WebSocket. It takes the messages of [`messages`](crate::messages); see
/// [`SelfHealing::addr`](crate::SelfHealing::addr).
///
/// An example is at [`messages`](crate::messages).
pub struct SelfHealingActor {
    pub(super) node: Arc<Node>,
    pub(super) shared: Arc<Shared>,
    pub(super) recipe: Recipe,
    pub(super) plan: Reconnect,
    pub(super) chances: Chances,
    pub(super) stand: Stand,
    pub(super) alarm: Alarm,
    /// Since when there is no WebSocket.
    pub(super) without_since: Instant,
    _guard: ActorGuard,
    // Behind the guard.
    _last_word: LastWord,
}

/// How to make the next WebSocket, and when.
pub(super) struct Recipe {
    pub(super) websocket: WebSocketBuilder,
    pub(super) options: SelfHealingOptions,
    pub(super) resume: Option<Resume>,
    pub(super) is_final: Option<IsFinal>,
}

impl SelfHealingActor {
    pub(super) fn new(
        node: Arc<Node>,
        shared: Arc<Shared>,
        recipe: Recipe,
        chances: Chances,
        guard: ActorGuard,
    ) -> Self {
        let now = clock::now();
        Self {
            node,
            recipe,
            plan: Reconnect::default(),
            chances,
            stand: Stand::Pausing { until: now },
            alarm: Alarm::default(),
            without_since: now,
            _guard: guard,
            _last_word: LastWord(Arc::clone(&shared)),
            shared,
        }
    }
}

impl Actor for SelfHealingActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.spawn(Driving);
    }
}

/// Has the actor take a turn whenever it is woken.
struct Driving;

impl ActorFuture<SelfHealingActor> for Driving {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut SelfHealingActor,
        _: &mut Context<SelfHealingActor>,
        task: &mut task::Context<'_>,
    ) -> task::Poll<()> {
        actor.turn(task);
        task::Poll::Pending
    }
}

impl Handler<QueueMessage> for SelfHealingActor {
    type Result = ResponseFuture<Result<()>>;

    fn handle(&mut self, QueueMessage(message): QueueMessage, _: &mut Context<Self>) -> Self::Result {
        let (shared, node) = (Arc::clone(&self.shared), Arc::clone(&self.node));
        Box::pin(async move { calls::put(&shared, &node, message).await })
    }
}

impl Handler<ReceiveEvent> for SelfHealingActor {
    type Result = ResponseFuture<Result<HealingEvent>>;

    fn handle(&mut self, _: ReceiveEvent, _: &mut Context<Self>) -> Self::Result {
        let (shared, node) = (Arc::clone(&self.shared), Arc::clone(&self.node));
        Box::pin(async move { calls::receive(&shared, &node).await })
    }
}

impl Handler<CloseSelfHealing> for SelfHealingActor {
    type Result = ResponseFuture<Result<u64>>;

    fn handle(&mut self, message: CloseSelfHealing, _: &mut Context<Self>) -> Self::Result {
        let (shared, node) = (Arc::clone(&self.shared), Arc::clone(&self.node));
        let CloseSelfHealing { code, reason } = message;
        Box::pin(async move { calls::close(&shared, &node, code, reason).await })
    }
}

impl Handler<Cancel> for SelfHealingActor {
    type Result = ();

    /// What is below has a cancel of its own.
    fn handle(&mut self, _: Cancel, _: &mut Context<Self>) {
        self.shared.cancel();
    }
}

impl Handler<CloseHandle> for SelfHealingActor {
    type Result = ();

    fn handle(&mut self, _: CloseHandle, context: &mut Context<Self>) {
        self.node.close(Ending::Closed);
        self.stand = Stand::Over;
        context.stop();
    }
}

impl std::fmt::Debug for SelfHealingActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SelfHealingActor")
    }
}
