//! Who may be sent to an origin now: the gates of a session, a line before each, and the one timer that a line needs.
//!
//! An origin has one gate on however many shards it is served, so a gate is shared and locked; nobody is woken under the lock. Of
//! those in a line one keeps the time for all: it is woken when time alone lets somebody go. It hands on when it goes.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use tokio::time::{Sleep, sleep_until};

use super::Folding;
use super::snapshot::Line;
use crate::clock;
use crate::id::HandleId;
use crate::options::{Governor, Priority};
use crate::policy::governor::{Gate, Leave, Ticket, Verdict};
use crate::reason::PauseReason;
use crate::snapshot::{GovernorSnapshot, Waiting};
use crate::target::Origin;

/// The gates of a session's origins, and the one for all of them together.
#[derive(Debug)]
pub(crate) struct Governors {
    known: Mutex<Known>,
    all: Option<(Governor, Arc<Governed>)>,
}

#[derive(Debug, Default)]
struct Known {
    gates: HashMap<Origin, Arc<Governed>, Folding>,
    /// So many may stand here before those are looked for that can be forgotten.
    allowance: usize,
    swept: Option<Instant>,
}

/// The gate of one origin.
#[derive(Debug)]
pub(crate) struct Governed(Mutex<Watched>);

#[derive(Debug)]
struct Watched {
    gate: Gate,
    waiting: BTreeMap<Ticket, Waiter>,
    next_ticket: u64,
    /// Who keeps the time, and for when.
    keeper: Option<Ticket>,
    alarm: Option<Instant>,
    /// Who is to look, once the lock is given back.
    woken: Vec<Waker>,
    /// Spreads pauses; another one in every process, which is what they are spread for.
    chance: RandomState,
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
}

impl Governors {
    /// So many may be under way to all origins together.
    pub(crate) fn new(at_once: Option<usize>) -> Self {
        let all = at_once.map(|requests| {
            let governor = Governor::new().concurrency(requests);
            (governor, Arc::new(Governed::new(&governor, clock::now())))
        });
        Self { known: Mutex::default(), all }
    }

    /// The gate of all origins together, and what it goes by.
    pub(crate) fn of_all(&self) -> Option<&(Governor, Arc<Governed>)> {
        self.all.as_ref()
    }

    /// The gate of an origin, which need not be used.
    pub(crate) fn gate(&self, origin: &Origin, governor: &Governor) -> Arc<Governed> {
        let mut known = self.lock();
        if let Some(gate) = known.gates.get(origin) {
            return Arc::clone(gate);
        }
        let now = clock::now();
        if known.gates.len() >= known.allowance.max(REMEMBERED) {
            known.forget(Duration::ZERO, now);
            // Those that must be remembered may be many. The next look is worth its price when as many more have come.
            known.allowance = 2 * known.gates.len();
        }
        let gate = Arc::new(Governed::new(governor, now));
        known.gates.insert(origin.clone(), Arc::clone(&gate));
        gate
    }

    /// The gate of an origin that has one.
    pub(crate) fn known(&self, origin: &Origin) -> Option<Arc<Governed>> {
        self.lock().gates.get(origin).cloned()
    }

    /// Forgets the gates that nobody has used for a minute and that would hold nobody back. It looks once a second.
    pub(super) fn sweep(&self, now: Instant) {
        let mut known = self.lock();
        let due = known.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= TICK);
        if due && !known.gates.is_empty() {
            known.swept = Some(now);
            known.forget(MEMORY, now);
        }
    }

    pub(crate) fn snapshot(&self, now: Instant) -> Vec<GovernorSnapshot> {
        let gates: Vec<_> = self.lock().gates.iter().map(|(origin, gate)| (origin.clone(), Arc::clone(gate))).collect();
        let mut shown: Vec<_> = gates.into_iter().map(|(origin, gate)| gate.lock().show(origin, now)).collect();
        shown.sort_by_cached_key(|one| one.origin.to_string());
        shown
    }

    /// What those wait for who stand in line, of one origin or of all.
    pub(crate) fn look_along_the_lines(&self, origin: Option<&Origin>, line: &mut Line, now: Instant) {
        let mut gates: Vec<_> = match origin {
            Some(origin) => self.known(origin).into_iter().collect(),
            None => self.lock().gates.values().cloned().collect(),
        };
        gates.extend(self.all.as_ref().map(|(_, gate)| Arc::clone(gate)));
        gates.iter().for_each(|gate| gate.lock().look_along_the_line(line, now));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn forget(&mut self, unused: Duration, now: Instant) {
        // One that somebody holds is about to be used: they come by under the lock of this table.
        let stays =
            |gate: &mut Arc<Governed>| Arc::strong_count(gate) > 1 || !gate.lock().gate.can_be_forgotten(unused, now);
        self.gates.retain(|_, gate| stays(gate));
    }
}

impl Governed {
    fn new(governor: &Governor, now: Instant) -> Self {
        Self(Mutex::new(Watched {
            gate: Gate::new(*governor, now),
            waiting: BTreeMap::new(),
            next_ticket: 0,
            keeper: None,
            alarm: None,
            woken: Vec::new(),
            chance: RandomState::new(),
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
            watched.gate.set(governor, now);
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

    /// From now on it goes by this.
    pub(crate) fn set(&self, governor: &Governor) {
        self.change(|watched, _| watched.gate.set(governor));
    }

    pub(crate) fn pause_for(&self, length: Duration) {
        self.change(|watched, now| watched.gate.pause_for(length, now));
    }

    pub(crate) fn resume(&self) {
        self.change(|watched, _| watched.gate.resume());
    }

    fn turn(self: &Arc<Self>, leave: Leave) -> Turn {
        Turn { governed: Arc::clone(self), leave, answered: false }
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

    fn show(&self, origin: Origin, now: Instant) -> GovernorSnapshot {
        let shown = self.gate.show(now);
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

    fn look_along_the_line(&self, line: &mut Line, now: Instant) {
        let opens_in = self.gate.next_wake().map(|then| then.saturating_duration_since(now));
        for (ticket, waiter) in &self.waiting {
            if let Some(position) = self.gate.position(*ticket, waiter.priority) {
                line.insert(waiter.request, Waiting::Governor { position, opens_in });
            }
        }
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

impl Turn {
    /// Its answer begins. The pause that this causes, if it is news.
    pub(crate) fn answered(&mut self, status: StatusCode, fields: &HeaderMap) -> Option<(Duration, PauseReason)> {
        if std::mem::replace(&mut self.answered, true) {
            return None;
        }
        let (leave, verdict) = (self.leave, Verdict::of(status, fields, clock::time_of_day()));
        self.governed.change(|watched, now| {
            let chance = f64::from(watched.chance.hash_one(watched.next_ticket) as u32) / f64::from(u32::MAX);
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
        self.governed.change(|watched, now| watched.gate.ended(self.answered, now));
    }
}

const TICK: Duration = Duration::from_secs(1);
/// How long a gate is remembered that nobody uses: what it has found out about its server is worth that much.
const MEMORY: Duration = Duration::from_secs(60);
/// So many may be remembered so long.
const REMEMBERED: usize = 1_000;
