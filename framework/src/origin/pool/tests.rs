//! The pool by scenario: no sockets, no clock.

use super::*;

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Wire {
    name: u8,
    used: bool,
    sound: bool,
}

impl Pooled for Wire {
    fn is_used(&self) -> bool {
        self.used
    }
    fn is_sound(&mut self) -> bool {
        self.sound
    }
}

fn wire(name: u8) -> Wire {
    Wire { name, used: true, sound: true }
}

fn pool(limit: usize) -> Pool<Wire> {
    Pool::new(Some(limit))
}

fn lend(ticket: u64, wire: Wire) -> Option<Assignment<Wire>> {
    Some(Assignment::Lend(Ticket(ticket), wire))
}

fn dial(ticket: u64) -> Option<Assignment<Wire>> {
    Some(Assignment::Dial(Ticket(ticket)))
}

#[test]
fn each_waiter_has_one_dial_while_there_is_room() {
    let mut pool = pool(2);
    for ticket in 1..=3 {
        pool.ask(Ticket(ticket), false);
    }
    assert_eq!(pool.assign(), dial(1));
    assert_eq!(pool.assign(), dial(2));
    assert_eq!(pool.assign(), None);
    assert_eq!(pool.position(Ticket(3)), Some(3));
    assert_eq!(pool.position(Ticket(1)), None, "its wire is on the way");
}

#[test]
fn the_first_wire_to_come_goes_to_the_first_in_line() {
    let now = Instant::now();
    let mut pool = pool(2);
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    assert_eq!((pool.assign(), pool.assign()), (dial(1), dial(2)));
    pool.dialed(Ticket(2), wire(b'b'), now);
    assert_eq!(pool.assign(), lend(1, wire(b'b')), "though it was dialed for the second");
    pool.gave_back(wire(b'b'), now);
    assert_eq!(pool.assign(), lend(2, wire(b'b')));
    pool.dialed(Ticket(1), wire(b'a'), now);
    assert_eq!(pool.assign(), None);
    assert_eq!(pool.take_idle(), [wire(b'a')]);
}

#[test]
fn idle_wires_are_a_stack() {
    let now = Instant::now();
    let mut pool = pool(2);
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    while pool.assign().is_some() {}
    pool.withdraw(Ticket(1));
    pool.withdraw(Ticket(2));
    pool.dialed(Ticket(1), wire(b'a'), now);
    pool.dialed(Ticket(2), wire(b'b'), now);
    pool.ask(Ticket(3), false);
    assert_eq!(pool.assign(), lend(3, wire(b'b')));
}

#[test]
fn a_failed_dial_fails_its_waiter_and_lets_the_next_one_dial() {
    let mut pool = pool(1);
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    assert_eq!((pool.assign(), pool.assign()), (dial(1), None));
    assert!(pool.dial_failed(Ticket(1)));
    assert_eq!(pool.assign(), dial(2));
}

#[test]
fn a_waiter_whose_dial_served_another_dials_again_when_that_ones_fails() {
    let mut pool = pool(2);
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    assert_eq!((pool.assign(), pool.assign()), (dial(1), dial(2)));
    pool.dialed(Ticket(2), wire(b'b'), Instant::now());
    assert_eq!(pool.assign(), lend(1, wire(b'b')));
    assert!(!pool.dial_failed(Ticket(1)), "the first has its wire");
    assert_eq!(pool.assign(), dial(2));
}

#[test]
fn a_waiter_whose_own_dial_goes_on_does_not_dial_a_second_time() {
    let mut pool = pool(3);
    for ticket in 1..=3 {
        pool.ask(Ticket(ticket), false);
    }
    assert_eq!((pool.assign(), pool.assign(), pool.assign()), (dial(1), dial(2), dial(3)));
    pool.dialed(Ticket(2), wire(b'b'), Instant::now());
    assert_eq!(pool.assign(), lend(1, wire(b'b')));
    assert!(!pool.dial_failed(Ticket(1)));
    assert_eq!(pool.assign(), dial(2), "the third still has its own");
    assert_eq!(pool.assign(), None);
}

#[test]
fn a_wire_dialed_for_another_costs_no_second_dial() {
    let mut pool = pool(3);
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    assert_eq!((pool.assign(), pool.assign()), (dial(1), dial(2)));
    pool.dialed(Ticket(2), wire(b'b'), Instant::now());
    assert_eq!(pool.assign(), lend(1, wire(b'b')));
    assert_eq!(pool.assign(), None, "the second counts on the first one's dial");
    pool.dialed(Ticket(1), wire(b'a'), Instant::now());
    assert_eq!(pool.assign(), lend(2, wire(b'a')));
}

#[test]
fn a_waiter_that_left_is_passed_over_and_its_dial_serves_others() {
    let mut pool = pool(1);
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    assert_eq!(pool.assign(), dial(1));
    pool.withdraw(Ticket(1));
    pool.dialed(Ticket(1), wire(b'a'), Instant::now());
    assert_eq!(pool.assign(), lend(2, wire(b'a')));
    pool.lost();
    assert!(pool.is_empty());
}

#[test]
fn an_unsound_wire_is_discarded_and_the_next_one_lent() {
    let now = Instant::now();
    let mut pool = pool(2);
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    while pool.assign().is_some() {}
    pool.withdraw(Ticket(1));
    pool.withdraw(Ticket(2));
    let broken = Wire { sound: false, ..wire(b'b') };
    pool.dialed(Ticket(1), wire(b'a'), now);
    pool.dialed(Ticket(2), broken, now);
    assert_eq!(pool.assign(), None);
    pool.ask(Ticket(3), false);
    assert_eq!(pool.assign(), Some(Assignment::Discard(broken)));
    assert_eq!(pool.assign(), lend(3, wire(b'a')));
}

#[test]
fn a_request_that_failed_on_a_used_wire_gets_a_fresh_one_even_at_the_limit() {
    let now = Instant::now();
    let mut pool = pool(1);
    pool.ask(Ticket(1), false);
    assert_eq!(pool.assign(), dial(1));
    pool.dialed(Ticket(1), wire(b'a'), now);
    assert_eq!(pool.assign(), lend(1, wire(b'a')));
    pool.gave_back(wire(b'a'), now);
    pool.ask(Ticket(2), true);
    assert_eq!(pool.assign(), Some(Assignment::Discard(wire(b'a'))));
    assert_eq!(pool.assign(), dial(2));
    let fresh = Wire { used: false, ..wire(b'n') };
    pool.dialed(Ticket(2), fresh, now);
    assert_eq!(pool.assign(), lend(2, fresh));
}

#[test]
fn wires_expire_by_age_and_by_what_the_peer_did() {
    let start = Instant::now();
    let mut pool = Pool::new(None);
    for ticket in 1..=3 {
        pool.ask(Ticket(ticket), false);
    }
    while pool.assign().is_some() {}
    for ticket in 1..=3 {
        pool.withdraw(Ticket(ticket));
    }
    let ended = Wire { sound: false, ..wire(b'e') };
    pool.dialed(Ticket(1), wire(b'o'), start);
    pool.dialed(Ticket(2), ended, start + Duration::from_secs(5));
    pool.dialed(Ticket(3), wire(b'n'), start + Duration::from_secs(5));
    let expired = pool.expire(start + Duration::from_secs(10), Duration::from_secs(10));
    assert_eq!(expired, [wire(b'o'), ended]);
    assert_eq!(pool.take_idle(), [wire(b'n')]);
}

#[test]
fn a_wire_that_was_just_dialed_is_lent_as_it_is_and_one_that_rested_is_not() {
    let now = Instant::now();
    let unsound = Wire { name: b'a', used: false, sound: false };
    let mut pool = pool(2);
    pool.ask(Ticket(1), false);
    assert_eq!(pool.assign(), dial(1));
    pool.dialed(Ticket(1), unsound, now);
    assert_eq!(pool.assign(), lend(1, unsound), "its request hears what is wrong with it");

    pool.ask(Ticket(2), false);
    assert_eq!(pool.assign(), dial(2));
    pool.withdraw(Ticket(2));
    pool.dialed(Ticket(2), unsound, now);
    assert_eq!(pool.assign(), None);
    pool.ask(Ticket(3), false);
    assert_eq!(pool.assign(), Some(Assignment::Discard(unsound)));
}

/// A pool with these idle wires, that came to rest in this order.
fn resting(wires: &[Wire], at: Instant) -> Pool<Wire> {
    let mut pool = Pool::new(None);
    let tickets = (1..).map(Ticket).take(wires.len());
    tickets.clone().for_each(|ticket| pool.ask(ticket, false));
    while pool.assign().is_some() {}
    tickets.clone().for_each(|ticket| pool.withdraw(ticket));
    tickets.zip(wires).for_each(|(ticket, wire)| pool.dialed(ticket, *wire, at));
    assert_eq!(pool.assign(), None);
    pool
}

#[test]
fn who_comes_while_nobody_waits_is_lent_at_once_what_the_line_would_come_to() {
    let broken = |name| Wire { sound: false, ..wire(name) };
    let ask = |pool: &mut Pool<Wire>| {
        pool.ask(Ticket(9), false);
        std::iter::from_fn(|| pool.assign())
            .map_while(|next| match next {
                Assignment::Lend(_, wire) => Some(Ok(wire)),
                Assignment::Discard(wire) => Some(Err(wire)),
                Assignment::Dial(_) | Assignment::TakePlace(_) => None,
            })
            .collect::<Vec<_>>()
    };
    let at_once = |pool: &mut Pool<Wire>| {
        let mut told = Vec::new();
        while let Some(next) = pool.lend_at_once(|wire| wire.is_sound()) {
            told.push(next);
            if next.is_ok() {
                break;
            }
        }
        told
    };
    let now = Instant::now();
    for wires in [
        &[][..],
        &[wire(b'a')],
        &[wire(b'a'), wire(b'b')],
        &[wire(b'a'), broken(b'b')],
        &[broken(b'a'), broken(b'b')],
        &[broken(b'a'), wire(b'b'), broken(b'c'), broken(b'd')],
    ] {
        let (mut line, mut short) = (resting(wires, now), resting(wires, now));
        assert_eq!(at_once(&mut short), ask(&mut line), "{wires:?}");
        line.withdraw(Ticket(9));
        assert_eq!((short.lent, short.take_idle()), (line.lent, line.take_idle()), "{wires:?}");
    }
}

#[test]
fn nobody_is_lent_a_wire_at_once_while_another_stands_in_line() {
    let now = Instant::now();
    let mut pool = pool(1);
    pool.ask(Ticket(1), false);
    assert_eq!(pool.assign(), dial(1));
    pool.dialed(Ticket(1), wire(b'a'), now);
    assert_eq!(pool.lend_at_once(|_| true), None, "the wire is the first one's");
    assert_eq!(pool.assign(), lend(1, wire(b'a')));
    pool.gave_back(wire(b'a'), now);
    assert!(pool.has_no_line());
    assert_eq!(pool.lend_at_once(|_| true), Some(Ok(wire(b'a'))));
}

#[test]
fn a_wire_that_was_just_dialed_is_lent_at_once_as_it_is() {
    let unsound = Wire { name: b'a', used: false, sound: false };
    let mut pool = pool(1);
    pool.ask(Ticket(1), false);
    assert_eq!(pool.assign(), dial(1));
    pool.withdraw(Ticket(1));
    pool.dialed(Ticket(1), unsound, Instant::now());
    assert_eq!(pool.lend_at_once(|wire| wire.is_sound()), Some(Ok(unsound)));
}

#[test]
fn a_pool_that_shares_asks_for_each_place_and_knows_what_it_does_not_need() {
    let now = Instant::now();
    let mut pool = Pool::sharing();
    pool.ask(Ticket(1), false);
    pool.ask(Ticket(2), false);
    assert_eq!(pool.assign(), Some(Assignment::TakePlace(2)));
    pool.may_have_more(1);
    assert_eq!(pool.assign(), dial(1));
    assert_eq!(pool.assign(), Some(Assignment::TakePlace(1)));
    pool.is_refused();
    assert_eq!(pool.assign(), None);
    assert_eq!(pool.assign(), Some(Assignment::TakePlace(1)), "after the next event it asks again");
    pool.is_refused();
    assert_eq!((pool.assign(), pool.spare()), (None, 0));
    pool.dialed(Ticket(1), wire(b'a'), now);
    assert_eq!(pool.assign(), lend(1, wire(b'a')));
    pool.lost();
    assert_eq!(pool.spare(), 1);
    assert_eq!(pool.assign(), dial(2), "the place is there");
    pool.withdraw(Ticket(2));
    pool.dialed(Ticket(2), wire(b'b'), now);
    assert_eq!((pool.assign(), pool.rests_in_vain()), (None, true));
    assert_eq!(pool.take_oldest(), Some(wire(b'b')));
    pool.may_have_less();
    assert_eq!((pool.spare(), pool.limit), (0, Some(0)));
}

#[test]
fn who_wants_a_fresh_wire_gets_a_shared_place_before_an_idle_wire_has_to_go() {
    let now = Instant::now();
    let mut pool = Pool::sharing();
    pool.may_have_more(1);
    pool.ask(Ticket(1), false);
    assert_eq!(pool.assign(), dial(1));
    pool.withdraw(Ticket(1));
    pool.dialed(Ticket(1), wire(b'a'), now);
    assert_eq!(pool.assign(), None);
    pool.ask(Ticket(2), true);
    assert_eq!(pool.assign(), Some(Assignment::TakePlace(1)));
    pool.is_refused();
    assert_eq!(pool.assign(), Some(Assignment::Discard(wire(b'a'))));
    assert_eq!(pool.assign(), dial(2));
}

/// A wire that carries as many exchanges at a time as `room` says, less what was lent since.
#[derive(Debug, Clone)]
struct Wide(std::rc::Rc<std::cell::Cell<usize>>);

impl Wide {
    fn with_room(room: usize) -> Self {
        Self(std::rc::Rc::new(std::cell::Cell::new(room)))
    }
}

impl Pooled for Wide {
    fn is_used(&self) -> bool {
        true
    }
    fn is_sound(&mut self) -> bool {
        true
    }
    fn room(&self) -> Option<usize> {
        Some(self.0.get())
    }
    fn carries_several(&self) -> bool {
        true
    }
    fn share(&self) -> Option<Self> {
        self.0.set(self.0.get() - 1);
        Some(self.clone())
    }
}

fn wide(limit: usize, waiters: u64) -> Pool<Wide> {
    let mut pool = Pool::new(Some(limit)).dialing_one_at_a_time();
    (1..=waiters).for_each(|ticket| pool.ask(Ticket(ticket), false));
    pool
}

/// The tickets of those who were lent a wire, and of those for whom one is dialed.
fn assigned(pool: &mut Pool<Wide>) -> (Vec<u64>, Vec<u64>) {
    let (mut lent, mut dialed) = (Vec::new(), Vec::new());
    while let Some(next) = pool.assign() {
        match next {
            Assignment::Lend(Ticket(ticket), _) => lent.push(ticket),
            Assignment::Dial(Ticket(ticket)) => dialed.push(ticket),
            other => panic!("{other:?}"),
        }
    }
    (lent, dialed)
}

#[test]
fn one_dial_serves_all_who_wait_as_far_as_its_wire_has_room_and_then_another_is_dialed() {
    let mut pool = wide(2, 5);
    assert_eq!(assigned(&mut pool), (vec![], vec![1]));
    assert!(pool.waits_for_anothers_dial(Ticket(2)) && !pool.waits_for_anothers_dial(Ticket(1)));
    pool.dialed(Ticket(1), Wide::with_room(3), Instant::now());
    assert_eq!(assigned(&mut pool), (vec![1, 2, 3], vec![4]));
    assert!(!pool.waits_for_anothers_dial(Ticket(5)), "it waits for room as well");
    pool.dialed(Ticket(4), Wide::with_room(1), Instant::now());
    assert_eq!(assigned(&mut pool), (vec![4], vec![]), "no more wires are allowed");
}

#[test]
fn a_dial_that_fails_fails_those_who_count_on_it_unless_a_wire_serves_them() {
    let mut pool = wide(9, 3);
    assert_eq!(assigned(&mut pool), (vec![], vec![1]));
    assert!(pool.dial_failed(Ticket(1)));
    assert_eq!(pool.take_all_who_wait(), [Ticket(2), Ticket(3)]);
    assert!(pool.is_empty());

    let mut pool = wide(9, 3);
    let first = Wide::with_room(1);
    assigned(&mut pool);
    pool.dialed(Ticket(1), first.clone(), Instant::now());
    assert_eq!(assigned(&mut pool), (vec![1], vec![2]));
    assert!(pool.dial_failed(Ticket(2)));
    assert_eq!(pool.take_all_who_wait(), [], "the first wire serves on");
    first.0.set(1);
    assert_eq!(assigned(&mut pool), (vec![3], vec![]));
}

#[test]
fn wires_that_are_leaving_make_room_for_as_many_again_and_not_for_more() {
    let mut pool = wide(1, 3);
    for ticket in 1..=2 {
        assert_eq!(assigned(&mut pool), (vec![], vec![ticket]));
        pool.dialed(Ticket(ticket), Wide::with_room(1), Instant::now());
        assert_eq!(assigned(&mut pool).0, [ticket]);
        // The server goes away, and drips what it still owes.
        assert!(pool.carries_no_more(|_| true).is_some());
    }
    assert_eq!(assigned(&mut pool), (vec![], vec![]));
    pool.is_over();
    assert_eq!(assigned(&mut pool), (vec![], vec![3]));
}

#[test]
fn one_that_comes_while_a_wire_is_dialed_ahead_counts_on_it_and_dials_for_itself_when_it_fails() {
    let mut pool = pool(5);
    pool.dial_ahead();
    pool.ask(Ticket(2), false);
    pool.ask(Ticket(3), false);
    assert_eq!(pool.assign(), dial(3), "the first counts on the one ahead");
    assert_eq!(pool.assign(), None);
    assert!(!pool.dial_failed(Ticket(1)), "nobody waited for it");
    assert_eq!(pool.assign(), dial(2));
    assert_eq!(pool.assign(), None);
}

#[test]
fn when_a_dial_ahead_has_failed_nobody_counts_on_the_own_dial_of_another() {
    let mut pool = pool(5);
    pool.ask(Ticket(1), false);
    assert_eq!(pool.assign(), dial(1));
    pool.dial_ahead();
    pool.dial_failed(Ticket(9));
    pool.ask(Ticket(2), false);
    assert_eq!(pool.assign(), dial(2));
}

#[test]
fn a_dial_ahead_that_nobody_counted_on_is_forgotten_when_it_is_over() {
    let mut pool = pool(5);
    pool.dial_ahead();
    pool.dial_failed(Ticket(1));
    pool.ask(Ticket(2), false);
    assert_eq!(pool.assign(), dial(2));
}

#[test]
fn another_carrier_is_wanted_where_none_is_there_or_being_dialed_and_not_where_the_server_says_how_many() {
    let mut pool = wide(2, 1);
    assert!(pool.wants_carrier());
    assigned(&mut pool);
    assert!(!pool.wants_carrier(), "one is being dialed");
    let first = Wide::with_room(2);
    pool.dialed(Ticket(1), first.clone(), Instant::now());
    assigned(&mut pool);
    assert!(!pool.wants_carrier(), "one has room");
    first.0.set(0);
    assert!(pool.wants_carrier());
    pool.dial_ahead();
    assert!(pool.is_full() && !pool.wants_carrier());
}

#[test]
fn a_pool_is_empty_only_without_a_wire_a_dial_and_a_waiter() {
    let now = Instant::now();
    let mut pool = pool(2);
    assert!(pool.is_empty());
    pool.ask(Ticket(1), false);
    assert!(!pool.is_empty() && !pool.has_no_line(), "one waits");
    assert_eq!(pool.assign(), dial(1));
    pool.withdraw(Ticket(1));
    assert!(!pool.is_empty() && pool.has_no_line(), "its dial goes on");
    pool.dialed(Ticket(1), wire(b'a'), now);
    assert!(!pool.is_empty(), "the wire is idle");
    assert_eq!(pool.lend_at_once(|_| true), Some(Ok(wire(b'a'))));
    assert!(!pool.is_empty(), "it is lent");
    pool.lost();
    assert!(pool.is_empty());

    let mut pool = wide(1, 1);
    assigned(&mut pool);
    pool.withdraw(Ticket(1));
    pool.dialed(Ticket(1), Wide::with_room(1), now);
    assert!(!pool.is_empty() && pool.has_carriers());
    assert_eq!(pool.take_idle().len(), 1);
    assert!(pool.is_empty() && !pool.has_carriers());
}

#[test]
fn what_is_shown_of_a_pool_is_who_waits_in_order_and_what_is_idle() {
    let now = Instant::now();
    let mut pool = resting(&[wire(b'a'), wire(b'b')], now);
    assert_eq!(pool.idle().collect::<Vec<_>>(), [&wire(b'a'), &wire(b'b')]);
    pool.take_idle();
    pool.limit = Some(1);
    pool.ask(Ticket(3), false);
    pool.ask(Ticket(4), false);
    assert_eq!((pool.assign(), pool.assign()), (dial(3), None));
    assert_eq!(pool.line().collect::<Vec<_>>(), [(Ticket(3), true), (Ticket(4), false)]);
    assert!(!pool.dials_for_all(), "the dial is the third one's own");
    assert_eq!(pool.take_all_who_wait(), []);
}

#[test]
fn a_dial_is_for_all_who_wait_only_while_it_is_under_way() {
    let mut pool = wide(9, 2);
    assert!(!pool.dials_for_all() && !pool.waits_for_anothers_dial(Ticket(2)), "there is none yet");
    assigned(&mut pool);
    assert!(pool.dials_for_all() && pool.waits_for_anothers_dial(Ticket(2)));
    assert_eq!(pool.take_all_who_wait(), [], "it may come");
    pool.dialed(Ticket(1), Wide::with_room(2), Instant::now());
    assert!(!pool.dials_for_all());
}

#[test]
fn who_wants_a_share_of_a_wire_gets_it_where_nobody_waits_and_it_is_fit() {
    let mut pool = wide(1, 1);
    assigned(&mut pool);
    let carrier = Wide::with_room(3);
    pool.dialed(Ticket(1), carrier.clone(), Instant::now());
    assert!(pool.lend_share(|_| true).is_none(), "the first in line comes before");
    assert_eq!(assigned(&mut pool), (vec![1], vec![]));
    assert!(pool.lend_share(|_| false).is_none());
    assert!(pool.lend_share(|_| true).is_some());
    assert_eq!(carrier.0.get(), 1);
}

#[test]
fn wires_are_found_and_taken_whether_idle_or_carrying() {
    let now = Instant::now();
    let mut narrow = resting(&[wire(b'a'), wire(b'b')], now);
    assert_eq!(narrow.take_if(|wire| wire.name == b'a'), [wire(b'a')]);
    assert_eq!(narrow.take_idle(), [wire(b'b')]);

    let mut pool = wide(1, 1);
    assigned(&mut pool);
    pool.dialed(Ticket(1), Wide::with_room(1), now);
    assert!(pool.carrier(|wire| wire.0.get() == 1).is_some() && pool.carrier(|_| false).is_none());
    assert_eq!(pool.take_if(|_| false).len(), 0);
    assert_eq!(pool.take_if(|_| true).len(), 1);
    assert!(pool.carrier(|_| true).is_none());
}

#[test]
fn a_carrier_rests_from_its_last_exchange_on_and_then_the_room_of_the_line_is_given_back() {
    let (start, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
    let mut pool = wide(1, 2);
    assigned(&mut pool);
    pool.dialed(Ticket(1), Wide::with_room(2), start);
    assert_eq!(assigned(&mut pool), (vec![1, 2], vec![]));
    pool.carries_one_less(|_| true, start);
    assert!(pool.line.capacity() > 0, "one is still carried, and others may come");
    assert_eq!((pool.resting_since().next(), pool.resting_carriers().count()), (None, 0));
    pool.carries_one_less(|_| true, later);
    assert_eq!((pool.line.capacity(), pool.resting_carriers().count()), (0, 1));
    assert_eq!(pool.resting_since().collect::<Vec<_>>(), [later]);
}

#[test]
fn who_waits_for_room_on_a_wire_that_rests_is_not_forgotten() {
    let mut pool = wide(1, 2);
    assigned(&mut pool);
    pool.dialed(Ticket(1), Wide::with_room(0), Instant::now());
    pool.carries_one_less(|_| true, Instant::now());
    assert_eq!(pool.line().count(), 2);
}

#[test]
fn a_fresh_waiter_at_the_limit_has_nothing_discarded_where_nothing_rests() {
    let mut pool = pool(1);
    pool.ask(Ticket(1), false);
    assert_eq!(pool.assign(), dial(1));
    pool.ask(Ticket(2), true);
    assert_eq!(pool.assign(), None);
}

#[test]
fn who_takes_any_wire_waits_at_the_limit_and_has_none_discarded() {
    let mut pool = resting(&[Wire { sound: false, ..wire(b'a') }], Instant::now());
    pool.limit = Some(0);
    pool.ask(Ticket(2), false);
    assert!(matches!(pool.assign(), Some(Assignment::Discard(_))), "it is not sound");
    assert_eq!(pool.assign(), None);
}
