//! Which wire serves whom (pure): the wires of one origin and the line that waits for them.
//!
//! ```text
//!            ask                         dialed                 took
//!  waiter ---------> line    dial -------------------> idle ----------> lent
//!                     |        ^                        ^ |               |
//!                     +--------+                        | | expire,       | lost
//!                   room for one more                   | v discard       v
//!                                                       +--- gave back --(gone)
//! ```
//!
//! All policy is in [`Pool::assign`]: called after every event until it returns `None`, it says what to do next. The first in
//! line gets the wire that was idle for the shortest time (a stack lets the others grow old enough to be closed); while there
//! is room every waiter has a dial of its own, and whichever wire comes first, dialed or given back, goes to the first in line.

mod places;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::carriers::Carriers;
use super::pooled::Pooled;

/// The wires of one origin, and who waits for them.
#[derive(Debug)]
pub(super) struct Pool<W> {
    limit: Option<usize>,
    /// The limit is what it has so far of something shared: more may be had for the asking.
    sharing: bool,
    /// Asked in vain since there was last nothing to do.
    refused: bool,
    idle: Vec<Idle<W>>,
    carriers: Carriers<W>,
    /// A wire that is dialed may come to carry all who wait: until that is known, and where it is so, one is dialed at a time.
    one_at_a_time: bool,
    /// Those wires that carry several, and those of them that take no more and are not over yet.
    driven: usize,
    lent: usize,
    dials: usize,
    /// Those dials that were made for nobody, and that nobody counts on yet.
    ahead: usize,
    line: VecDeque<Waiter>,
    /// The youngest idle wire was never looked at: whoever waits takes it as it is. A server that closes or speaks before it is
    /// asked would else be dialed for ever.
    just_dialed: bool,
    /// A dial is over since the line was last looked through for who counted on it.
    dial_ended: bool,
}

#[derive(Debug)]
struct Idle<W> {
    wire: W,
    since: Instant,
}

#[derive(Debug)]
struct Waiter {
    ticket: Ticket,
    /// Only a wire that never served will do.
    fresh: bool,
    /// Counts on a dial: its own, or that of somebody whom its own has served.
    dialing: bool,
    /// The dial made in its name goes on.
    own_dial: bool,
}

/// Names a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(pub(super) u64);

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Assignment<W> {
    /// Lend the wire to the waiter, who has left the line.
    Lend(Ticket, W),
    /// Dial, in the name of the waiter.
    Dial(Ticket),
    /// Close the wire: it is not sound any more, or stands in the way of a fresh one.
    Discard(W),
    /// Ask for a place for one more wire, where places are shared; about so many are waited for.
    TakePlace(usize),
}

impl<W: Pooled> Pool<W> {
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self {
            limit,
            sharing: false,
            refused: false,
            idle: Vec::new(),
            carriers: Carriers::new(),
            one_at_a_time: false,
            driven: 0,
            lent: 0,
            dials: 0,
            ahead: 0,
            line: VecDeque::new(),
            just_dialed: false,
            dial_ended: false,
        }
    }

    /// A pool whose wires may carry several exchanges at a time.
    pub(super) fn dialing_one_at_a_time(self) -> Self {
        Self { one_at_a_time: true, ..self }
    }

    /// Somebody wants a wire and stands in line.
    pub(super) fn ask(&mut self, ticket: Ticket, fresh: bool) {
        self.line.push_back(Waiter { ticket, fresh, dialing: false, own_dial: false });
    }

    /// Somebody wants a wire no more. A dial in their name goes on, for others.
    pub(super) fn withdraw(&mut self, ticket: Ticket) {
        let _left = self.place(ticket).and_then(|index| self.line.remove(index));
    }

    /// Tickets are given out in order and so stand in order: a long line is not walked through for each who leaves it.
    fn place(&self, ticket: Ticket) -> Option<usize> {
        self.line.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()
    }

    /// The dial made in this waiter's name succeeded.
    pub(super) fn dialed(&mut self, ticket: Ticket, wire: W, now: Instant) {
        if let Some(index) = self.place(ticket) {
            self.line[index].own_dial = false;
        }
        self.dial_is_over();
        self.one_at_a_time = wire.carries_several();
        if self.one_at_a_time {
            self.carriers.add(wire, now);
            self.driven += 1;
        } else {
            self.idle.push(Idle { wire, since: now });
            self.just_dialed = true;
        }
        self.dial_ended = true;
    }

    /// One exchange less on a wire that carries several.
    pub(super) fn carries_one_less(&mut self, is_it: impl Fn(&W) -> bool, now: Instant) {
        self.carriers.one_less(is_it, now);
        // The room of a line is for those who come in numbers.
        if self.line.is_empty() && self.line.capacity() > 0 && self.carriers.rest() {
            self.line = VecDeque::new();
        }
    }

    /// A wire that carries several exchanges takes no more of them.
    pub(super) fn carries_no_more(&mut self, is_it: impl Fn(&W) -> bool) -> Option<W> {
        self.carriers.remove(is_it)
    }

    /// The wire that carries several exchanges.
    pub(super) fn carrier(&self, is_it: impl Fn(&W) -> bool) -> Option<&W> {
        self.carriers.find(is_it)
    }

    /// The wires that could carry several exchanges, and carry none.
    pub(super) fn resting_carriers(&self) -> impl Iterator<Item = &W> {
        self.carriers.resting()
    }

    /// The wires that this is true of, and which are idle or carry several exchanges: those go on, and no others come.
    pub(super) fn take_if(&mut self, mut is_so: impl FnMut(&W) -> bool) -> Vec<W> {
        let idle = self.idle.extract_if(.., |idle| is_so(&idle.wire)).map(|idle| idle.wire).collect::<Vec<_>>();
        idle.into_iter().chain(self.carriers.take_if(is_so)).collect()
    }

    /// One that carried several is over.
    pub(super) fn is_over(&mut self) {
        self.driven = self.driven.saturating_sub(1);
    }

    /// Counts this waiter on a dial that was made for somebody else?
    pub(super) fn waits_for_anothers_dial(&self, ticket: Ticket) -> bool {
        let own = self.place(ticket).is_none_or(|index| self.line[index].own_dial);
        self.one_at_a_time && self.carriers.is_empty() && self.dials > 0 && !own
    }

    /// Those who count on a dial that was made for all of them, and has failed by the server's fault: they would dial one after the
    /// other, each in vain.
    pub(super) fn take_all_who_wait(&mut self) -> Vec<Ticket> {
        if self.one_at_a_time && self.dials == 0 && self.carriers.is_empty() {
            self.line.drain(..).map(|waiter| waiter.ticket).collect()
        } else {
            Vec::new()
        }
    }

    /// A dial failed; the waiter in whose name it was made leaves the line, if still there.
    pub(super) fn dial_failed(&mut self, ticket: Ticket) -> bool {
        let before = self.line.len();
        self.withdraw(ticket);
        self.dial_is_over();
        self.dial_ended = true;
        self.line.len() < before
    }

    /// A waiter whose dial served somebody else counts on that one's dial; when that is over too, it dials again.
    fn forget_spent_dials(&mut self) {
        if !std::mem::take(&mut self.dial_ended) {
            return;
        }
        let waiting_for_one = self.line.iter().filter(|waiter| waiter.dialing).count();
        let spent = waiting_for_one.saturating_sub(self.dials);
        self.line
            .iter_mut()
            .rev()
            .filter(|waiter| waiter.dialing && !waiter.own_dial)
            .take(spent)
            .for_each(|waiter| waiter.dialing = false);
    }

    /// A lent wire came back and may serve again.
    pub(super) fn gave_back(&mut self, wire: W, now: Instant) {
        self.lent -= 1;
        self.idle.push(Idle { wire, since: now });
    }

    /// A lent wire is gone.
    pub(super) fn lost(&mut self) {
        self.lent -= 1;
    }

    /// What [`ask`](Self::ask) and [`assign`](Self::assign) come to for somebody whom any wire will do, where they come to it
    /// at once: nobody stands in line, and a wire is idle. An `Err` is to be closed, after which it may be called again; `None`
    /// sends to the line.
    #[inline]
    pub(super) fn lend_at_once(&mut self, is_sound: impl FnOnce(&mut W) -> bool) -> Option<Result<W, W>> {
        if !self.line.is_empty() {
            return None;
        }
        if let Some(wire) = self.carriers.lend() {
            return Some(Ok(wire));
        }
        let just_dialed = std::mem::take(&mut self.just_dialed);
        let Idle { mut wire, .. } = self.idle.pop()?;
        if !just_dialed && !is_sound(&mut wire) {
            return Some(Err(wire));
        }
        self.lent += 1;
        Some(Ok(wire))
    }

    /// A hold of a wire that carries several exchanges, if this is true of one that may carry one more, and nobody stands in line.
    pub(super) fn lend_share(&mut self, is_fit: impl Fn(&W) -> bool) -> Option<W> {
        if self.line.is_empty() { self.carriers.lend_if(is_fit) } else { None }
    }

    /// Does nobody stand in line? Then there is nothing to [`assign`](Self::assign).
    pub(super) fn has_no_line(&self) -> bool {
        self.line.is_empty()
    }

    /// The next thing to do; call again until `None`.
    pub(super) fn assign(&mut self) -> Option<Assignment<W>> {
        let next = self.next_assignment();
        if next.is_none() {
            self.refused = false;
        }
        next
    }

    fn next_assignment(&mut self) -> Option<Assignment<W>> {
        let just_dialed = std::mem::take(&mut self.just_dialed);
        let first = self.line.front()?;
        let (ticket, fresh) = (first.ticket, first.fresh);
        // One that failed is here no more: any of them will do for somebody who wants a fresh one.
        if let Some(wire) = self.carriers.lend() {
            self.line.pop_front();
            return Some(Assignment::Lend(ticket, wire));
        }
        if let Some(index) = self.idle.iter().rposition(|idle| !fresh || !idle.wire.is_used()) {
            let mut wire = self.idle.remove(index).wire;
            if !just_dialed && !wire.is_sound() {
                return Some(Assignment::Discard(wire));
            }
            self.line.pop_front();
            self.lent += 1;
            return Some(Assignment::Lend(ticket, wire));
        }
        // Not before the wire of an ended dial is lent: only then it is known who still counts on one.
        self.forget_spent_dials();
        self.dial_for_the_next()
    }

    fn dial_for_the_next(&mut self) -> Option<Assignment<W>> {
        if self.one_at_a_time && (self.dials > 0 || !self.carriers.are_full()) {
            return None;
        }
        // Every waiter has at most one dial, and those ahead have theirs first.
        let is_full = self.is_full();
        let waiting = self.line.len();
        let mut waiters = self.line.iter_mut().filter(|waiter| !waiter.dialing);
        let waiter = loop {
            let waiter = waiters.next()?;
            if self.ahead == 0 {
                break waiter;
            }
            self.ahead -= 1;
            waiter.dialing = true;
        };
        if is_full {
            if self.sharing && !self.refused {
                return Some(Assignment::TakePlace(waiting.saturating_sub(self.dials).max(1)));
            }
            // A fresh waiter refuses the wires that are idle here; the oldest makes room. Any other waits for one of them.
            return (waiter.fresh && !self.idle.is_empty()).then(|| Assignment::Discard(self.idle.remove(0).wire));
        }
        (waiter.dialing, waiter.own_dial) = (true, true);
        self.dials += 1;
        Some(Assignment::Dial(waiter.ticket))
    }

    /// Wires that were idle for too long, or are not sound any more.
    pub(super) fn expire(&mut self, now: Instant, idle_timeout: Duration) -> Vec<W> {
        let expired =
            |idle: &mut Idle<W>| now.saturating_duration_since(idle.since) >= idle_timeout || !idle.wire.is_sound();
        let idle = self.idle.extract_if(.., expired).map(|idle| idle.wire);
        idle.chain(self.carriers.expire(now, idle_timeout)).collect()
    }

    /// When each idle wire came to rest.
    pub(super) fn resting_since(&self) -> impl Iterator<Item = Instant> {
        self.idle.iter().map(|idle| idle.since).chain(self.carriers.resting_since())
    }

    /// The idle wire that came to rest then, to be closed; `None` if it rests no more.
    pub(super) fn take_resting(&mut self, since: Instant) -> Option<W> {
        match self.idle.iter().position(|idle| idle.since == since) {
            Some(index) => Some(self.idle.remove(index).wire),
            None => self.carriers.take_resting(since),
        }
    }

    /// All idle wires, to be closed.
    pub(super) fn take_idle(&mut self) -> Vec<W> {
        self.idle.drain(..).map(|idle| idle.wire).chain(self.carriers.take_all()).collect()
    }

    /// Those who wait, the next one first, and whether each counts on a dial of its own or of another who waits.
    pub(super) fn line(&self) -> impl Iterator<Item = (Ticket, bool)> {
        self.line.iter().map(|waiter| (waiter.ticket, waiter.dialing))
    }

    /// The wires that carry one exchange at a time, and now none.
    pub(super) fn idle(&self) -> impl Iterator<Item = &W> {
        self.idle.iter().map(|idle| &idle.wire)
    }

    /// Is the dial under way made for all who wait?
    pub(super) fn dials_for_all(&self) -> bool {
        self.one_at_a_time && self.dials > 0
    }

    pub(super) fn has_carriers(&self) -> bool {
        !self.carriers.is_empty()
    }

    /// The place in the line of a waiter for whom nothing is being dialed; 1 is next.
    pub(super) fn position(&self, ticket: Ticket) -> Option<usize> {
        let index = self.place(ticket)?;
        (!self.line[index].dialing).then_some(index + 1)
    }

    /// Neither a wire nor anybody who wants one.
    pub(super) fn is_empty(&self) -> bool {
        self.idle.is_empty() && self.carriers.is_empty() && self.lent == 0 && self.dials == 0 && self.line.is_empty()
    }
}

#[cfg(test)]
mod tests;
