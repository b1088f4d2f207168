//! Who may be sent to an origin now: its gate, the line before that, and the one timer that a line needs.
//!
//! An origin has one gate on however many shards it is served, so a gate is shared and locked; nobody is woken under the lock. Of
//! those in a line one keeps the time for all: it is woken when time alone lets somebody go. It hands on when it goes.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use tokio::time::{Sleep, sleep_until};

use super::snapshot::Line;
use crate::chance;
use crate::clock;
use crate::id::HandleId;
use crate::options::{Governor, Priority};
use crate::policy::Chances;
use crate::policy::governor::{Gate, Leave, Ticket, Verdict};
use crate::reason::PauseReason;
use crate::snapshot::{GovernorSnapshot, Waiting};
use crate::target::Origin;

/// The gate of one origin.
#[derive(Debug)]
pub(crate) struct Governed(Mutex<Watched>);

#[derive(Debug)]
struct Watched {
    gate: Gate,
    steered: Option<Box<Steering>>,
    waiting: BTreeMap<Ticket, Waiter>,
    next_ticket: u64,
    /// Who keeps the time, and for when.
    keeper: Option<Ticket>,
    alarm: Option<Instant>,
    /// Who is to look, once the lock is given back.
    woken: Vec<Waker>,
    /// Spread pauses; others in every process, which is what they are spread for.
    chances: Chances,
}

/// An origin that a program steers by hand.
#[derive(Debug)]
struct Steering {
    by: Governor,
    /// What requests have brought last that was another one.
    otherwise: Option<Governor>,
}

#[derive(Debug)]
struct Waiter {
    request: HandleId,
    priority: Priority,
    waker: Option<Waker>,
    leave: Option<Leave>,
}

/// A place in the line before a gate. Resolves when it is its turn; dropped, it is given up.
pub(crate) struct Place {
    governed: Arc<Governed>,
    ticket: Ticket,
    priority: Priority,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What a request that is under way was let go by.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    pub(crate) origin: Option<Turn>,
    pub(crate) all: Option<Turn>,
}

/// A request that was let go. Until it is dropped it is under way.
#[derive(Debug)]
pub(crate) struct Turn {
    governed: Arc<Governed>,
    leave: Leave,
    answered: bool,
    /// All others have let it go too.
    went: bool,
}

impl Governed {
    pub(super) fn new(governor: &Governor, now: Instant) -> Self {
        Self(Mutex::new(Watched {
            gate: Gate::new(*governor, now),
            steered: None,
            waiting: BTreeMap::new(),
            next_ticket: 0,
            keeper: None,
            alarm: None,
            woken: Vec::new(),
            chances: Chances::seeded(chance::number()),
        }))
    }

    /// Asks to go: at once, or the place in the line.
    pub(crate) fn ask(
        self: &Arc<Self>,
        governor: &Governor,
        priority: Priority,
        request: HandleId,
    ) -> Result<Turn, Place> {
        let (ticket, leave) = self.change(|watched, now| {
            let ticket = Ticket(watched.next_ticket);
            watched.next_ticket += 1;
            watched.came_with(governor, now);
            watched.gate.ask(ticket, priority);
            watched.waiting.insert(ticket, Waiter { request, priority, waker: None, leave: None });
            watched.admit(now);
            (ticket, watched.take_leave(ticket))
        });
        match leave {
            Some(leave) => Ok(self.turn(leave)),
            None => Err(Place { governed: Arc::clone(self), ticket, priority, timer: None }),
        }
    }

    /// From now on it goes by this, whatever requests bring; `None`: by what they bring.
    pub(super) fn steer(&self, governor: Option<Governor>) {
        self.change(|watched, now| watched.steer(governor, now));
    }

    pub(crate) fn pause_for(&self, length: Duration) {
        self.change(|watched, now| watched.gate.pause_for(length, now));
    }

    pub(crate) fn resume(&self) {
        self.change(|watched, _| watched.gate.resume());
    }

    fn turn(self: &Arc<Self>, leave: Leave) -> Turn {
        Turn { governed: Arc::clone(self), leave, answered: false, went: false }
    }

    /// Has nobody used it for so long, and would one that is new do the same?
    pub(super) fn can_be_forgotten(&self, unused: Duration, now: Instant) -> bool {
        let watched = self.lock();
        watched.steered.is_none() && watched.gate.can_be_forgotten(unused, now)
    }

    pub(super) fn unused_since(&self) -> Instant {
        self.lock().gate.unused_since()
    }

    pub(super) fn show(&self, origin: Origin, now: Instant) -> GovernorSnapshot {
        let shown = self.lock().gate.show(now);
        GovernorSnapshot {
            origin,
            concurrency: shown.most,
            under_way: shown.under_way,
            waiting: shown.waiting,
            tokens: shown.tokens,
            opens_in: shown.opens_in,
            paused_for: shown.pause.map(|(left, _)| left),
            paused_by: shown.pause.map(|(_, reason)| reason),
        }
    }

    pub(super) fn look_along_the_line(&self, line: &mut Line, now: Instant) {
        let Watched { gate, waiting, .. } = &*self.lock();
        let opens_in = gate.next_wake().map(|then| then.saturating_duration_since(now));
        for (ticket, waiter) in waiting {
            if let Some(position) = gate.position(*ticket, waiter.priority) {
                line.insert(waiter.request, Waiting::Governor { position, opens_in });
            }
        }
    }

    /// Does something, and what follows from it.
    fn change<T>(&self, change: impl FnOnce(&mut Watched, Instant) -> T) -> T {
        let mut watched = self.lock();
        let now = clock::now();
        let outcome = change(&mut watched, now);
        watched.settle(now);
        let woken = std::mem::take(&mut watched.woken);
        drop(watched);
        woken.into_iter().for_each(Waker::wake);
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// Somebody comes whose governor is this.
    fn came_with(&mut self, governor: &Governor, now: Instant) {
        match &mut self.steered {
            None => self.gate.set(governor, now),
            // Those of a handle that steers bring the same.
            Some(steering) if steering.by == *governor => {}
            Some(steering) => steering.otherwise = Some(*governor),
        }
    }

    fn steer(&mut self, governor: Option<Governor>, now: Instant) {
        let before = self.steered.take();
        if let Some(by) = governor {
            let otherwise = match before {
                Some(steering) => steering.otherwise,
                None => (self.next_ticket > 0).then(|| *self.gate.governor()),
            };
            self.steered = Some(Box::new(Steering { by, otherwise }));
            self.gate.set(&by, now);
        } else if let Some(Steering { otherwise, .. }) = before.map(|steering| *steering) {
            self.gate.set(&otherwise.unwrap_or_default(), now);
        }
    }

    /// Lets go who may go.
    fn admit(&mut self, now: Instant) {
        while let Some((ticket, leave)) = self.gate.admit(now) {
            let Some(waiter) = self.waiting.get_mut(&ticket) else {
                // Nobody leaves the one line and not the other.
                self.gate.unused(now);
                continue;
            };
            waiter.leave = Some(leave);
            self.woken.extend(waiter.waker.take());
        }
    }

    /// After every change: lets go who may go, and has somebody keep the time.
    fn settle(&mut self, now: Instant) {
        self.admit(now);
        let alarm = self.gate.next_wake();
        let keeper =
            self.keeper.and_then(|keeper| self.waiting.get_mut(&keeper)).filter(|keeper| keeper.leave.is_none());
        match keeper {
            Some(keeper) if alarm != self.alarm => self.woken.extend(keeper.waker.take()),
            Some(_) => {}
            None => {
                self.keeper = None;
                // The first to look takes over.
                let next = self.waiting.values_mut().find(|waiter| waiter.leave.is_none());
                self.woken.extend(next.filter(|_| alarm.is_some()).and_then(|waiter| waiter.waker.take()));
            }
        }
        self.alarm = alarm;
    }

    /// It is not its turn yet. Until when it keeps the time, if it does.
    fn look(&mut self, ticket: Ticket, waker: &Waker) -> Option<Instant> {
        self.waiting.get_mut(&ticket)?.waker = Some(waker.clone());
        if *self.keeper.get_or_insert(ticket) != ticket {
            return None;
        }
        self.alarm = self.gate.next_wake();
        self.alarm
    }

    fn take_leave(&mut self, ticket: Ticket) -> Option<Leave> {
        let leave = self.waiting.get_mut(&ticket)?.leave.take()?;
        self.waiting.remove(&ticket);
        Some(leave)
    }
}

impl Place {
    /// How many turns it takes until it is this one's; 1 is next.
    pub(crate) fn position(&self) -> usize {
        self.governed.lock().gate.position(self.ticket, self.priority).unwrap_or(1)
    }
}

impl Future for Place {
    type Output = Turn;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn> {
        loop {
            let (ticket, governed) = (self.ticket, Arc::clone(&self.governed));
            let (leave, alarm) = governed.change(|watched, now| {
                watched.admit(now);
                let leave = watched.take_leave(ticket);
                (leave, watched.look(ticket, context.waker()))
            });
            if let Some(leave) = leave {
                return Poll::Ready(governed.turn(leave));
            }
            let Some(alarm) = alarm else {
                self.timer = None;
                return Poll::Pending;
            };
            let alarm = tokio::time::Instant::from_std(alarm);
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(alarm)));
            if timer.deadline() != alarm {
                timer.as_mut().reset(alarm);
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self { ticket, priority, .. } = *self;
        self.governed.change(|watched, now| match watched.waiting.remove(&ticket) {
            // It was let go and did not look.
            Some(Waiter { leave: Some(_), .. }) => watched.gate.unused(now),
            Some(_) => watched.gate.withdraw(ticket, priority, now),
            None => {}
        });
    }
}

impl Turns {
    /// Everybody has let it go.
    pub(crate) fn go(mut self: Box<Self>) -> Box<Self> {
        [&mut self.origin, &mut self.all].into_iter().flatten().for_each(|turn| turn.went = true);
        self
    }
}

impl Turn {
    /// Has a pause begun since it was let go?
    pub(crate) fn is_paused(&self) -> bool {
        self.governed.lock().gate.is_paused(clock::now())
    }

    /// It waited in vain for a wire, or for one by which it might be asked: its server never was.
    pub(crate) fn never_went(&mut self) {
        self.went = self.answered;
    }

    /// Its answer begins. The pause that this causes, if it is news.
    pub(crate) fn answered(&mut self, status: StatusCode, fields: &HeaderMap) -> Option<(Duration, PauseReason)> {
        if std::mem::replace(&mut self.answered, true) {
            return None;
        }
        let (leave, verdict) = (self.leave, Verdict::of(status, fields, clock::time_of_day()));
        self.governed.change(|watched, now| {
            let chance = watched.chances.next();
            watched.gate.answered(leave, verdict, now, chance)
        })
    }

    /// It came to nothing: time ran out, or the server could not be reached.
    pub(crate) fn failed(&self) {
        self.governed.change(|watched, now| watched.gate.failed(self.leave, now));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.governed.change(|watched, now| match self.went {
            true => watched.gate.ended(self.answered, now),
            false => watched.gate.unused(now),
        });
    }
}
