//! The order of addresses, and races by scenario. Time is stepped.

use super::*;

const DELAY: Duration = Duration::from_millis(250);

fn v4(n: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, n], 80))
}

fn v6(n: u16) -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 80))
}

struct Scenario {
    race: Race,
    now: Instant,
}

impl Scenario {
    fn of(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { race: Race::new(addresses, DELAY), now: Instant::now() }
    }

    #[track_caller]
    fn attempts(&mut self, address: SocketAddr) -> &mut Self {
        assert_eq!(self.race.next(self.now), Next::Attempt(address));
        self
    }

    /// Nothing is done before so much time has passed; then it has.
    #[track_caller]
    fn is_silent_for(&mut self, time: Duration) -> &mut Self {
        let then = self.now + time;
        assert_eq!(self.race.next(self.now), Next::Wait(Some(then)));
        assert_eq!(self.race.next(then - Duration::from_nanos(1)), Next::Wait(Some(then)));
        self.now = then;
        self
    }

    #[track_caller]
    fn waits_for_those_under_way(&mut self) -> &mut Self {
        assert_eq!(self.race.next(self.now + Duration::from_secs(3600)), Next::Wait(None));
        self
    }

    fn fails(&mut self, address: SocketAddr) -> &mut Self {
        self.race.handle_failed(address);
        self
    }

    #[track_caller]
    fn is_lost_after(&mut self, tried: usize) {
        assert_eq!(self.race.next(self.now), Next::Lost);
        assert_eq!(self.race.tried(), tried);
    }
}

#[test]
fn within_each_family_the_address_with_the_least_load_is_first() {
    let load = |address: &SocketAddr| match *address {
        address if address == v6(1) || address == v4(1) => 2,
        address if address == v6(2) => 1,
        _ => 0,
    };
    let ordered = |mut addresses: Vec<SocketAddr>| {
        least_loaded(&mut addresses, load);
        addresses
    };
    assert_eq!(ordered(vec![v6(1), v4(1), v6(2), v4(2)]), [v6(2), v6(1), v4(2), v4(1)]);
    assert_eq!(ordered(vec![v4(1), v6(3), v4(2), v4(3)]), [v4(2), v4(3), v4(1), v6(3)], "equal ones as they were");
    assert_eq!(interleaved(ordered(vec![v6(1), v4(1), v4(2)])), [v6(1), v4(2), v4(1)], "the family stays");
    assert_eq!(ordered(vec![v4(1)]), [v4(1)]);
    assert_eq!(ordered(vec![]), []);
}

#[test]
fn families_take_turns_beginning_with_that_of_the_first_address() {
    let found = vec![v6(1), v6(2), v6(3), v4(1), v4(2)];
    assert_eq!(interleaved(found), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
    assert_eq!(interleaved(vec![v4(1), v6(1), v4(2), v4(3)]), [v4(1), v6(1), v4(2), v4(3)]);
    assert_eq!(interleaved(vec![v4(2), v4(1)]), [v4(2), v4(1)]);
    assert_eq!(interleaved(vec![]), []);
}

#[test]
fn an_address_that_was_found_twice_is_tried_once() {
    assert_eq!(interleaved(vec![v4(1), v4(1), v6(1), v4(1), v6(1), v4(2)]), [v4(1), v6(1), v4(2)]);
}

#[test]
fn an_attempt_begins_whenever_the_last_one_is_silent_for_the_delay() {
    let mut race = Scenario::of([v6(1), v4(1), v6(2)]);
    race.attempts(v6(1)).is_silent_for(DELAY);
    race.attempts(v4(1)).is_silent_for(DELAY);
    race.attempts(v6(2)).waits_for_those_under_way();
}

#[test]
fn a_failure_begins_the_next_attempt_at_once_and_the_delay_anew() {
    let mut race = Scenario::of([v6(1), v4(1), v6(2)]);
    race.attempts(v6(1)).fails(v6(1)).attempts(v4(1)).is_silent_for(DELAY);
    race.attempts(v6(2));
}

#[test]
fn the_failure_of_an_earlier_attempt_begins_the_next_one_too() {
    let mut race = Scenario::of([v6(1), v4(1), v6(2)]);
    race.attempts(v6(1)).is_silent_for(DELAY).attempts(v4(1));
    race.fails(v6(1)).attempts(v6(2)).waits_for_those_under_way();
}

#[test]
fn the_first_to_connect_wins_and_the_others_are_given_up_in_their_order() {
    let mut race = Scenario::of([v6(1), v4(1), v6(2), v4(2)]);
    race.attempts(v6(1)).is_silent_for(DELAY).attempts(v4(1)).is_silent_for(DELAY).attempts(v6(2));
    assert_eq!(race.race.handle_connected(v4(1)), [v6(1), v6(2)]);
    race.is_lost_after(3);
}

#[test]
fn one_that_failed_is_not_given_up_as_well() {
    let mut race = Scenario::of([v6(1), v4(1), v6(2)]);
    race.attempts(v6(1)).is_silent_for(DELAY).attempts(v4(1)).is_silent_for(DELAY).attempts(v6(2));
    race.fails(v4(1));
    assert_eq!(race.race.handle_connected(v6(2)), [v6(1)]);
}

#[test]
fn the_race_is_lost_when_every_attempt_has_failed_and_not_before() {
    let mut race = Scenario::of([v6(1), v4(1)]);
    race.attempts(v6(1)).is_silent_for(DELAY).attempts(v4(1)).fails(v4(1)).waits_for_those_under_way();
    race.fails(v6(1)).is_lost_after(2);
    Scenario::of([]).is_lost_after(0);
}

#[test]
fn a_race_that_ran_out_of_time_gives_up_what_is_under_way_and_begins_nothing() {
    let mut race = Scenario::of([v6(1), v4(1), v6(2)]);
    race.attempts(v6(1)).is_silent_for(DELAY).attempts(v4(1));
    assert_eq!(race.race.give_up(), [v6(1), v4(1)]);
    race.is_lost_after(2);
}
