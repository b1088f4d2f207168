//! What a request's handle and its actor both hold.

use std::ops::Deref;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use actix::Addr;
use http::Method;

use super::actor::RequestActor;
use super::aim::Aim;
use super::credentials::Own;
use super::facts::Facts;
use super::fields::Fields;
use super::history::PriorResponse;
use super::landing::Landing;
use super::mailbox::Mailbox;
use super::resting::SentAgain;
use super::showing::Awaits;
use super::state::{Call, Standing, State};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage, WireState};
use crate::handle::Node;
use crate::options::SharedOptions;
use crate::protocol::http1::ResponseHead;
use crate::reason::CloseReason;
use crate::services::Services;
use crate::target::Target;

/// What a request's handle holds together with its actor, or with the flight before there is one.
pub(super) struct Shared {
    pub(super) node: Arc<Node>,
    pub(super) services: Arc<Services>,
    pub(super) method: Method,
    pub(super) target: Target,
    /// The target is another than its caller said, because its host wants to be asked by https.
    pub(super) by_https: bool,
    pub(super) mailbox: Mailbox,
    pub(super) landing: Landing,
    state: AtomicU8,
    /// Read by those who look at it: the thread that works for it, what that waits for, and the wire that carries it; 0 is none.
    pub(super) shard: AtomicU64,
    pub(super) awaits: AtomicU8,
    /// What a call waits for that sends beside the response.
    pub(super) sender_awaits: AtomicU8,
    pub(super) wire: AtomicU64,
    /// What of the request is on a wire that is being sent again inside a receive.
    pub(super) sent_again: AtomicU8,
    draft: Mutex<Draft>,
    outcome: Mutex<Outcome>,
}

/// Held by what works for the request, started or not: when that is gone, nobody waits for it in vain.
pub(super) struct Served(pub(super) Arc<Shared>);

impl Deref for Served {
    type Target = Arc<Shared>;

    fn deref(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.mailbox.close();
        self.landing.give_up();
    }
}

/// What the caller may still change.
pub(super) struct Draft {
    pub(super) headers: Fields,
    pub(super) options: SharedOptions,
    /// Where a redirect has led that only the caller can follow: the next send goes there.
    pub(super) aim: Aim,
    /// What is shown to who asks for it.
    pub(super) credentials: Option<Arc<Own>>,
    /// Each send asks for an upgrade to WebSocket.
    pub(super) upgrades: bool,
    /// When it was begun to be sent, for the last time.
    pub(super) begun: Option<Instant>,
    /// What the program says of it.
    pub(super) annotation: Option<Arc<str>>,
}

/// What the last exchange gave.
#[derive(Default)]
struct Outcome {
    head: Option<Arc<ResponseHead>>,
    /// Where a follow-up has led, if it was elsewhere.
    moved_to: Option<Target>,
    /// The responses that were followed by another exchange.
    history: Vec<PriorResponse>,
    /// Also while the next exchange is under way, for who has the response of this one.
    facts: Option<Facts>,
    /// Another exchange has begun, which has given none yet.
    facts_are_old: bool,
    /// What one side of the exchange failed with, and what becomes of the wire, for the other.
    broken_by: Option<(Error, CloseReason)>,
}

impl Shared {
    pub(super) fn new(
        node: Arc<Node>,
        services: Arc<Services>,
        method: Method,
        target: Target,
        options: SharedOptions,
        by_https: bool,
    ) -> Arc<Self> {
        let draft = Mutex::new(Draft {
            headers: Fields::default(),
            options,
            aim: Aim::default(),
            credentials: None,
            upgrades: false,
            begun: None,
            annotation: None,
        });
        Arc::new(Self {
            node,
            services,
            method,
            target,
            by_https,
            mailbox: Mailbox::default(),
            landing: Landing::default(),
            state: AtomicU8::new(Standing::from(State::Opened).number()),
            shard: AtomicU64::new(0),
            awaits: AtomicU8::new(Awaits::Nothing as u8),
            sender_awaits: AtomicU8::new(Awaits::Nothing as u8),
            wire: AtomicU64::new(0),
            sent_again: AtomicU8::new(SentAgain::Nothing as u8),
            draft,
            outcome: Mutex::default(),
        })
    }

    /// The handle above the request; it hears of wires when no request does.
    pub(super) fn owner(&self) -> &Arc<Node> {
        self.node.above().unwrap_or(&self.node)
    }

    /// The actor's address. A flight under way begins to listen there when it is first asked for.
    pub(super) fn addr(&self) -> &Addr<RequestActor> {
        let is_new = !self.mailbox.has_addr();
        let addr = self.mailbox.addr();
        if is_new {
            self.node.stop().nudge();
        }
        addr
    }

    pub(super) fn standing(&self) -> Standing {
        Standing::from_number(self.state.load(Ordering::Acquire))
    }

    pub(super) fn state(&self) -> State {
        self.standing().state
    }

    pub(super) fn enter(&self, standing: impl Into<Standing>) {
        self.state.store(standing.into().number(), Ordering::Release);
    }

    /// Refuses a call that does not fit the state (12019), naming both.
    pub(super) fn check(&self, call: Call, operation: Operation) -> Result<()> {
        self.node.check_open(operation)?;
        let standing = self.standing();
        if standing.takes(call) {
            return Ok(());
        }
        let detail = format!("{} is not taken while the request is {standing}", call.name());
        Err(Error::new(ErrorCode::IncorrectHandleState, operation, Stage::State, Blame::Caller, detail)
            .with_url(&self.url()))
    }

    pub(super) fn draft(&self) -> MutexGuard<'_, Draft> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn head(&self) -> Option<Arc<ResponseHead>> {
        self.outcome().head.clone()
    }

    pub(super) fn facts(&self) -> Option<Facts> {
        let outcome = self.outcome();
        outcome.facts.as_ref().filter(|_| !outcome.facts_are_old).cloned()
    }

    /// Those of the last exchange that has given some.
    pub(super) fn last_facts(&self) -> Option<Facts> {
        self.outcome().facts.clone()
    }

    /// A new exchange begins: what the last one gave is over.
    pub(super) fn forget_outcome(&self) {
        let mut outcome = self.outcome();
        // A request that is sent for the first time has none.
        let Outcome { head, moved_to, history, facts, broken_by, .. } = &*outcome;
        if head.is_some() || facts.is_some() || broken_by.is_some() || moved_to.is_some() || !history.is_empty() {
            *outcome = Outcome { facts: outcome.facts.take(), facts_are_old: true, ..Outcome::default() };
        }
    }

    /// Another exchange follows this response.
    pub(super) fn is_prior(&self, response: PriorResponse) {
        self.outcome().history.push(response);
    }

    pub(super) fn history(&self) -> Vec<PriorResponse> {
        self.outcome().history.clone()
    }

    /// A follow-up goes elsewhere.
    pub(super) fn moved_to(&self, target: &Target) {
        self.outcome().moved_to = Some(target.clone());
    }

    /// Where the last exchange went.
    pub(super) fn last_target(&self) -> Target {
        self.outcome().moved_to.clone().unwrap_or_else(|| self.target.clone())
    }

    /// The URL of the last exchange.
    pub(super) fn url(&self) -> String {
        self.last_target().url()
    }

    pub(super) fn set_head(&self, head: Arc<ResponseHead>) {
        self.outcome().head = Some(head);
    }

    /// What an operation has come to, with the head if that was not shown yet.
    #[inline]
    pub(super) fn set_facts(&self, head: Option<Arc<ResponseHead>>, facts: impl FnOnce() -> Facts) {
        let mut outcome = self.outcome();
        if head.is_some() {
            outcome.head = head;
        }
        outcome.facts_are_old = false;
        outcome.facts = None;
        // Where they stay.
        outcome.facts.get_or_insert_with(facts);
    }

    /// One side of the exchange has failed, and the other fails with it: only the first error counts.
    pub(super) fn broke(&self, error: &Error, reason: CloseReason) {
        self.outcome().broken_by.get_or_insert_with(|| (error.clone(), reason));
    }

    /// What ended the exchange, where that was no call of its caller's.
    pub(super) fn broken_by(&self) -> Option<(Error, CloseReason)> {
        if let Some(cause) = self.node.stop().take_cause() {
            // Only who is sent a response can leave it unread.
            let cause = cause.with_url(&self.url()).with_wire_state(WireState::ResponseStarted);
            self.broke(&cause, CloseReason::Cancelled);
        }
        self.outcome().broken_by.clone()
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
