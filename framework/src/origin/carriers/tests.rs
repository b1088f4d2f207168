//! Who is lent which wire, and how often.

use std::cell::Cell;
use std::rc::Rc;

use super::*;

#[derive(Debug, Clone)]
struct Wire {
    name: u8,
    /// What the test says, less what was lent since.
    room: Rc<Cell<Option<usize>>>,
    unknown: Rc<Cell<bool>>,
    burdened: Rc<Cell<bool>>,
}

impl Pooled for Wire {
    fn is_used(&self) -> bool {
        true
    }
    fn is_sound(&mut self) -> bool {
        true
    }
    fn room(&self) -> Option<usize> {
        self.room.get()
    }
    fn is_burdened(&self) -> bool {
        self.burdened.get()
    }
    fn may_carry_more(&self) -> bool {
        self.unknown.get()
    }
    fn share(&self) -> Option<Self> {
        self.room.set(self.room.get().map(|room| room - 1));
        Some(self.clone())
    }
}

fn wire(name: u8, room: usize) -> Wire {
    Wire { name, room: Rc::new(Cell::new(Some(room))), unknown: Rc::default(), burdened: Rc::default() }
}

fn carriers(wires: impl IntoIterator<Item = Wire>, now: Instant) -> Carriers<Wire> {
    let mut carriers = Carriers::new();
    wires.into_iter().for_each(|wire| carriers.add(wire, now));
    carriers
}

#[test]
fn each_exchange_goes_to_the_wire_that_carries_the_fewest_until_all_are_full() {
    let mut carriers = carriers([wire(1, 2), wire(2, 3)], Instant::now());
    let lent: Vec<_> = std::iter::from_fn(|| carriers.lend().map(|wire| wire.name)).collect();
    assert_eq!(lent, [1, 2, 1, 2, 2]);
    assert!(carriers.are_full());
    carriers.one_less(|wire| wire.name == 1, Instant::now());
    carriers.find(|wire| wire.name == 1).unwrap().room.set(Some(1));
    assert!(!carriers.are_full());
    assert_eq!(carriers.lend().unwrap().name, 1);
}

#[test]
fn a_server_that_takes_no_streams_at_all_is_not_helped_by_one_wire_more() {
    let none = wire(1, 0);
    let mut carriers = carriers([none.clone()], Instant::now());
    assert!(carriers.lend().is_none());
    assert!(!carriers.are_full());
    none.room.set(Some(1));
    assert!(carriers.lend().is_some() && carriers.are_full());
}

#[test]
fn one_that_takes_no_more_for_a_while_stands_in_nobodys_way() {
    let silent = wire(1, 9);
    let mut carriers = carriers([silent.clone()], Instant::now());
    silent.room.set(None);
    assert!(carriers.lend().is_none() && carriers.are_full());
    carriers.add(wire(2, 9), Instant::now());
    assert_eq!(carriers.lend().unwrap().name, 2);
    silent.room.set(Some(9));
    assert_eq!(carriers.lend().unwrap().name, 1);
}

#[test]
fn a_server_is_heard_before_another_wire_is_opened_to_it() {
    let new = wire(1, 1);
    new.unknown.set(true);
    let mut carriers = carriers([new.clone()], Instant::now());
    assert!(carriers.lend().is_some() && carriers.lend().is_none() && !carriers.are_full());
    new.unknown.set(false);
    assert!(carriers.are_full());
}

#[test]
fn a_wire_that_is_removed_is_lent_no_more_and_what_it_carried_ends_without_a_word() {
    let now = Instant::now();
    let mut carriers = carriers([wire(1, 9)], now);
    carriers.lend().unwrap();
    assert_eq!(carriers.remove(|wire| wire.name == 1).unwrap().name, 1);
    assert!(carriers.lend().is_none() && carriers.is_empty());
    assert!(!carriers.one_less(|wire| wire.name == 1, now));
}

#[test]
fn only_a_wire_that_carries_nothing_is_idle_and_from_its_last_exchange_on() {
    let (start, second) = (Instant::now(), Duration::from_secs(1));
    let mut carriers = carriers([wire(1, 9), wire(2, 9)], start);
    let busy = carriers.lend().unwrap().name;
    let idle: Vec<_> = carriers.expire(start + second, second).map(|wire| wire.name).collect();
    assert_eq!(idle, [3 - busy]);
    assert_eq!(carriers.resting().count(), 0);
    carriers.one_less(|wire| wire.name == busy, start + second);
    assert_eq!(carriers.resting_since().collect::<Vec<_>>(), [start + second]);
    assert_eq!(carriers.resting().map(|wire| wire.name).collect::<Vec<_>>(), [busy]);
    assert_eq!(carriers.expire(start + 2 * second - Duration::from_millis(1), second).count(), 0);
    assert_eq!(carriers.take_resting(start + second).unwrap().name, busy);
}

#[test]
fn one_that_is_burdened_is_lent_only_where_no_other_has_room_and_is_not_welcome() {
    let (burdened, other) = (wire(1, 9), wire(2, 2));
    burdened.burdened.set(true);
    let mut carriers = carriers([burdened.clone(), other], Instant::now());
    assert!(carriers.welcome());
    let lent: Vec<_> = (0..3).map(|_| carriers.lend().unwrap().name).collect();
    assert_eq!(lent, [2, 2, 1]);
    assert!(!carriers.welcome() && carriers.serve());
    burdened.burdened.set(false);
    assert!(carriers.welcome());
    burdened.room.set(None);
    assert!(!carriers.welcome() && carriers.serve(), "the other one is full, and takes more when it has room");
}
