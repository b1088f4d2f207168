//! What is known of names, step by step. Time is stepped.

use std::collections::HashSet;

use super::*;

/// Look-ups are told apart by a number.
type Table = Names<&'static str, u32>;

const SECOND: Duration = Duration::from_secs(1);

fn table(change: impl FnOnce(&mut NameOptions)) -> Table {
    let mut options = NameOptions::default();
    change(&mut options);
    Names::new(options)
}

fn addresses(last: &[u8]) -> Vec<IpAddr> {
    last.iter().map(|last| IpAddr::from([192, 0, 2, *last])).collect()
}

fn lasting(last: u8, seconds: u64) -> Answer {
    Answer::new(addresses(&[last])).with_ttl(SECOND * seconds as u32)
}

/// Looks it up, from the question to the answer.
fn learn(table: &mut Table, key: &'static str, answer: Answer, now: Instant) -> Resolution {
    assert_eq!(table.renew(&key, now, || 0), Found::LookUp(0), "{key} is known");
    table.finish(&key, |_| true, answer, now).0
}

fn found(table: &mut Table, key: &'static str, now: Instant) -> Option<Resolution> {
    match table.ask(&key, now, || 0) {
        Found::Fresh(resolution) | Found::Stale(resolution) => Some(resolution),
        Found::LookUp(_) => {
            assert!(table.give_up(&key, |_| true).is_some());
            None
        }
        Found::Join(_) => panic!("nothing is under way"),
    }
}

#[test]
fn an_answer_is_kept_for_its_time_and_not_a_moment_longer() {
    let (mut table, now) = (table(|_| ()), Instant::now());
    let resolution = learn(&mut table, "a", lasting(1, 30), now);
    assert_eq!(resolution.found.as_deref(), Ok(&addresses(&[1])[..]));
    assert_eq!(resolution.kept.map(|kept| kept.runs_out), Some(now + 30 * SECOND));
    assert_eq!(table.ask(&"a", now + 29 * SECOND, || 0), Found::Fresh(resolution));
    assert_eq!(found(&mut table, "b", now), None);
    assert_eq!(found(&mut table, "a", now + 30 * SECOND), None);
}

#[test]
fn the_time_of_an_answer_has_bounds() {
    let now = Instant::now();
    for (says, lasts) in [(0, 5), (4, 5), (5, 5), (6, 6), (60, 60), (61, 60), (u32::MAX.into(), 60)] {
        let mut table = table(|options| (options.min_ttl, options.max_ttl) = (5 * SECOND, 60 * SECOND));
        let answer = Answer::new(addresses(&[1])).with_ttl(Duration::from_secs(says));
        let resolution = learn(&mut table, "a", answer, now);
        assert_eq!(resolution.kept.map(|kept| kept.runs_out), Some(now + SECOND * lasts), "{says}");
    }
}

#[test]
fn of_an_answer_without_a_time_nothing_is_kept_unless_one_is_assumed() {
    let now = Instant::now();
    let mut plain = table(|_| ());
    assert_eq!(learn(&mut plain, "a", Answer::new(addresses(&[1])), now).kept, None);
    assert_eq!(learn(&mut plain, "none", Answer::none("nobody"), now).kept, None);
    assert_eq!((found(&mut plain, "a", now), found(&mut plain, "none", now)), (None, None));
    let mut assuming = table(|options| options.assumed_ttl = Some(20 * SECOND));
    let lasts = |resolution: Resolution| resolution.kept.map(|kept| kept.runs_out - now);
    assert_eq!(lasts(learn(&mut assuming, "a", Answer::new(addresses(&[1])), now)), Some(20 * SECOND));
    assert_eq!(lasts(learn(&mut assuming, "b", lasting(1, 30), now)), Some(30 * SECOND), "it does tell");
    assert_eq!(lasts(learn(&mut assuming, "none", Answer::none("nobody"), now)), Some(10 * SECOND));
}

#[test]
fn an_answer_without_a_time_takes_the_place_of_one_with() {
    let (mut table, now) = (table(|options| options.stale_for = 100 * SECOND), Instant::now());
    learn(&mut table, "a", lasting(1, 1), now);
    let later = now + SECOND;
    assert!(found(&mut table, "a", later).is_some(), "stale");
    learn(&mut table, "a", Answer::new(addresses(&[2])), later);
    assert_eq!(found(&mut table, "a", later), None);
}

#[test]
fn that_there_is_nothing_is_remembered_for_as_long_as_it_may_be() {
    let (mut plain, now) = (table(|_| ()), Instant::now());
    for (says, lasts) in [(3, 3), (3600, 10)] {
        let now = now + SECOND * says;
        let resolution = learn(&mut plain, "a", Answer::none("the name does not exist").with_ttl(SECOND * says), now);
        assert_eq!(resolution.found, Err("the name does not exist".into()));
        assert_eq!(found(&mut plain, "a", now + SECOND * (lasts - 1)), Some(resolution));
        assert_eq!(found(&mut plain, "a", now + SECOND * lasts), None, "never stale");
    }
    let mut never = table(|options| options.negative_ttl = Duration::ZERO);
    assert_eq!(learn(&mut never, "a", Answer::none("nobody").with_ttl(SECOND), now).kept, None);
    assert_eq!(found(&mut never, "a", now), None);
}

#[test]
fn that_there_is_nothing_is_no_answer_that_may_be_stale() {
    let (mut table, now) = (table(|options| options.stale_for = 100 * SECOND), Instant::now());
    learn(&mut table, "a", Answer::none("nobody").with_ttl(SECOND), now);
    assert_eq!(found(&mut table, "a", now + SECOND), None);
}

#[test]
fn those_who_ask_for_a_name_that_is_looked_up_join_and_all_hear_it() {
    let (mut table, now) = (table(|_| ()), Instant::now());
    assert_eq!(table.ask(&"a", now, || 1), Found::LookUp(1));
    assert_eq!(table.ask(&"a", now, || 2), Found::Join(1));
    assert_eq!(table.renew(&"a", now, || 3), Found::Join(1));
    assert_eq!(table.ask(&"b", now, || 4), Found::LookUp(4));
    let (resolution, dropped) = table.finish(&"a", |_| true, lasting(1, 30), now);
    assert_eq!(dropped, ["a"], "the key of what was under way");
    assert_eq!(table.ask(&"a", now, || 5), Found::Fresh(resolution));
}

#[test]
fn one_that_is_given_up_is_looked_up_by_the_next_who_asks() {
    let (mut table, now) = (table(|_| ()), Instant::now());
    table.ask(&"a", now, || 1);
    assert_eq!(table.give_up(&"a", |number| *number == 1), Some(("a", 1)));
    assert_eq!(table.ask(&"a", now, || 2), Found::LookUp(2));
    assert_eq!(table.give_up(&"a", |number| *number == 1), None, "another one");
    assert_eq!(table.ask(&"a", now, || 3), Found::Join(2));
}

#[test]
fn what_is_stale_is_taken_at_once_and_renewed_by_one_look_up() {
    let (mut table, now) = (table(|options| options.stale_for = 10 * SECOND), Instant::now());
    let old = learn(&mut table, "a", lasting(1, 30), now);
    let later = now + 30 * SECOND;
    assert_eq!(table.renew(&"a", later - SECOND, || 1), Found::Fresh(old.clone()), "no need");
    assert_eq!(table.ask(&"a", later, || 1), Found::Stale(old.clone()));
    assert_eq!(table.renew(&"a", later, || 1), Found::LookUp(1));
    assert_eq!(table.ask(&"a", later, || 2), Found::Stale(old.clone()), "nobody waits for the new one");
    assert_eq!(table.renew(&"a", later, || 2), Found::Join(1));
    let (new, _) = table.finish(&"a", |_| true, lasting(2, 30), later);
    assert_eq!(table.ask(&"a", later, || 3), Found::Fresh(new));
}

#[test]
fn an_answer_that_cannot_be_renewed_is_taken_for_as_long_as_it_may_be_stale() {
    let (mut table, now) = (table(|options| options.stale_for = 10 * SECOND), Instant::now());
    let old = learn(&mut table, "a", lasting(1, 30), now);
    table.renew(&"a", now + 31 * SECOND, || 1);
    assert!(table.give_up(&"a", |_| true).is_some());
    assert_eq!(found(&mut table, "a", now + 39 * SECOND), Some(old));
    assert_eq!(found(&mut table, "a", now + 40 * SECOND), None);
}

#[test]
fn an_answer_that_led_nowhere_is_forgotten_but_not_the_one_after_it() {
    let (mut table, now) = (table(|options| options.stale_for = 10 * SECOND), Instant::now());
    let number = |resolution: Resolution| resolution.kept.unwrap().number;
    let first = number(learn(&mut table, "a", lasting(1, 30), now));
    table.forget(&"a", first);
    assert_eq!(found(&mut table, "a", now), None);
    let second = learn(&mut table, "a", lasting(1, 30), now);
    table.forget(&"a", first);
    table.forget(&"b", first);
    assert_eq!(found(&mut table, "a", now), Some(second));
}

#[test]
fn the_names_are_bounded_and_the_one_asked_for_longest_ago_goes() {
    let (mut table, now) = (table(|options| options.capacity = 2), Instant::now());
    learn(&mut table, "a", lasting(1, 30), now);
    learn(&mut table, "b", lasting(2, 30), now);
    assert!(found(&mut table, "a", now).is_some());
    assert_eq!(table.ask(&"c", now, || 0), Found::LookUp(0));
    let (_, dropped) = table.finish(&"c", |_| true, lasting(3, 30), now);
    assert_eq!(HashSet::from_iter(dropped), HashSet::from(["b", "c"]), "the eldest, and what was under way");
    let known = ["a", "b", "c"].map(|key| found(&mut table, key, now).is_some());
    assert_eq!(known, [true, false, true]);
    assert_eq!((table.known.len(), table.by_use.len(), table.under_way.len()), (2, 2, 0));
}

#[test]
fn a_name_that_is_only_renewed_is_used_too() {
    let (mut table, now) = (table(|options| options.capacity = 2), Instant::now());
    learn(&mut table, "a", lasting(1, 1), now);
    learn(&mut table, "b", lasting(2, 30), now);
    learn(&mut table, "a", lasting(1, 30), now + SECOND);
    learn(&mut table, "c", lasting(3, 30), now + SECOND);
    let known = ["a", "b", "c"].map(|key| found(&mut table, key, now + SECOND).is_some());
    assert_eq!(known, [true, false, true]);
}

#[test]
fn f_a_million_names_are_no_more_than_may_be_known() {
    let (mut table, now) = (Names::<u32, ()>::new(NameOptions::default()), Instant::now());
    for name in 0..1_000_000 {
        assert_eq!(table.ask(&name, now, || ()), Found::LookUp(()));
        drop(table.finish(&name, |_| true, lasting(1, 3600), now));
    }
    assert_eq!((table.known.len(), table.by_use.len(), table.under_way.len()), (1024, 1024, 0));
}

#[test]
fn a_table_that_may_hold_nothing_shares_look_ups_all_the_same() {
    let (mut table, now) = (table(|options| options.capacity = 0), Instant::now());
    assert_eq!(learn(&mut table, "a", lasting(1, 30), now).kept, None);
    assert_eq!(table.ask(&"a", now, || 1), Found::LookUp(1));
    assert_eq!(table.ask(&"a", now, || 2), Found::Join(1));
    assert!(table.known.is_empty());
}

#[test]
fn f_of_a_name_with_a_thousand_addresses_the_first_are_kept() {
    let (mut table, now) = (table(|_| ()), Instant::now());
    let many = (0..1000_u32).map(|n| IpAddr::from(n.to_be_bytes()));
    let resolution = learn(&mut table, "a", Answer::new(many).with_ttl(SECOND), now);
    assert_eq!(resolution.found.map(|found| found.len()), Ok(256));
}

#[test]
fn after_a_clear_nothing_is_known_and_what_is_looked_up_goes_on_for_those_who_wait_alone() {
    let (mut table, now) = (table(|_| ()), Instant::now());
    learn(&mut table, "a", lasting(1, 30), now);
    table.ask(&"b", now, || 1);
    drop(table.clear());
    assert_eq!(found(&mut table, "a", now), None);
    assert_eq!(table.ask(&"b", now, || 2), Found::LookUp(2), "of the old network");
    let (old, dropped) = table.finish(&"b", |number| *number == 1, lasting(1, 30), now);
    assert_eq!((old.found.as_deref(), old.kept), (Ok(&addresses(&[1])[..]), None));
    assert!(dropped.is_empty(), "its place is another's");
    assert_eq!(table.renew(&"b", now, || 3), Found::Join(2));
    let (new, _) = table.finish(&"b", |number| *number == 2, lasting(2, 30), now);
    let (late, _) = table.finish(&"b", |number| *number == 1, Answer::none("nobody"), now);
    assert_eq!(late.kept, None);
    assert_eq!(found(&mut table, "b", now), Some(new), "what is over after it spends nothing");
}

#[test]
fn a_look_up_that_hangs_is_joined_no_more() {
    let (mut table, now) = (table(|_| ()), Instant::now());
    assert_eq!(table.ask(&"a", now, || 1), Found::LookUp(1));
    assert_eq!(table.ask(&"a", now + 29 * SECOND, || 2), Found::Join(1));
    assert_eq!(table.ask(&"a", now + 30 * SECOND, || 3), Found::LookUp(3));
    assert_eq!(table.renew(&"a", now + 59 * SECOND, || 4), Found::Join(3));
    assert_eq!(table.give_up(&"a", |number| *number == 1), None, "those who waited for it have left");
    assert_eq!(table.renew(&"a", now + 60 * SECOND, || 5), Found::LookUp(5));
    assert_eq!(table.under_way.len(), 1);
}

#[test]
fn which_addresses_have_left_is_known_of_a_name_that_has_any() {
    let (mut table, now) = (table(|_| ()), Instant::now());
    let both = addresses(&[1, 2]);
    assert!(table.left(&"a", both.clone()).is_empty(), "nothing is known");
    learn(&mut table, "a", lasting(1, 1), now);
    learn(&mut table, "a", lasting(2, 1), now + SECOND);
    assert_eq!(table.left(&"a", both.clone()), addresses(&[1]));
    learn(&mut table, "a", Answer::none("nobody").with_ttl(SECOND), now + 2 * SECOND);
    assert!(table.left(&"a", both.clone()).is_empty(), "a name without addresses retires nothing");
    learn(&mut table, "a", lasting(1, 1), now + 3 * SECOND);
    assert!(table.left(&"a", both).is_empty(), "it came back: they take turns");
}
