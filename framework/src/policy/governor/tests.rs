//! The gate by its promises, with a clock that is stepped by hand.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const BUSY: Verdict = Verdict::Busy { retry_after: None };

struct World {
    gate: Gate,
    now: Instant,
    next: u64,
}

impl World {
    fn new(governor: Governor) -> Self {
        let now = Instant::now();
        Self { gate: Gate::new(governor, now), now, next: 0 }
    }

    fn ask(&mut self, count: usize) {
        for _ in 0..count {
            self.gate.ask(Ticket(self.next), Priority::Normal);
            self.next += 1;
        }
    }

    fn all(&mut self) -> Vec<Leave> {
        std::iter::from_fn(|| self.gate.admit(self.now)).map(|(_, leave)| leave).collect()
    }

    fn one(&mut self) -> Leave {
        self.ask(1);
        let [leave] = self.all()[..] else { panic!("it does not go at once") };
        leave
    }

    fn answer(&mut self, leave: Leave, verdict: Verdict) -> Option<(Duration, PauseReason)> {
        let pause = self.gate.answered(leave, verdict, self.now, 0.5);
        self.gate.ended(true, self.now);
        pause
    }

    /// One that goes, and is refused a moment later.
    fn refused(&mut self, retry_after: Option<Duration>) -> Option<(Duration, PauseReason)> {
        let leave = self.one();
        self.now += Duration::from_millis(1);
        self.answer(leave, Verdict::Busy { retry_after })
    }

    fn well(&mut self) {
        let leave = self.one();
        self.now += Duration::from_millis(1);
        self.answer(leave, Verdict::Well);
    }

    /// Lets the time pass until the next one may go.
    fn wait(&mut self) -> Duration {
        let then = self.gate.next_wake().expect("it is for time to say");
        let waited = then.saturating_duration_since(self.now);
        self.now = self.now.max(then);
        waited
    }
}

#[test]
fn without_a_limit_all_go_at_once() {
    let mut world = World::new(Governor::new());
    world.ask(1000);
    assert_eq!(world.all().len(), 1000);
}

#[test]
fn never_more_than_the_limit_are_under_way() {
    let mut world = World::new(Governor::new().concurrency(3));
    world.ask(7);
    let leaves = world.all();
    assert_eq!((leaves.len(), world.gate.next_wake()), (3, None));
    world.gate.answered(leaves[0], Verdict::Well, world.now, 0.5);
    assert_eq!(world.all().len(), 0, "its body is not read yet");
    world.gate.ended(true, world.now);
    assert_eq!(world.all().len(), 1);
    world.gate.ended(false, world.now);
    assert_eq!(world.all().len(), 1, "failed");
    world.gate.unused(world.now);
    assert_eq!(world.all().len(), 1, "never went");
}

#[test]
fn a_rate_spreads_them_evenly() {
    let mut world = World::new(Governor::new().rate(4, SECOND));
    world.ask(9);
    let began = world.now;
    let mut went = vec![world.now - began; world.all().len()];
    while world.gate.next_wake().is_some() {
        world.wait();
        went.extend(vec![world.now - began; world.all().len()]);
    }
    assert_eq!(went, (0..9).map(|n| SECOND / 4 * n).collect::<Vec<_>>());
}

#[test]
fn a_burst_goes_at_once_and_comes_back_by_the_rate() {
    let mut world = World::new(Governor::new().rate(10, SECOND).burst(5));
    world.ask(100);
    assert_eq!((world.all().len(), world.gate.show(world.now).tokens), (5, Some(0)));
    assert_eq!(world.wait(), SECOND / 10);
    assert_eq!(world.all().len(), 1);
    world.now += SECOND / 5;
    assert_eq!(world.gate.show(world.now).tokens, Some(2));
    assert_eq!(world.all().len(), 2);
    world.now += 1000 * SECOND;
    assert_eq!(world.all().len(), 5, "no more than a burst");
}

/// A timer knows whole milliseconds, and is late.
#[test]
fn a_high_rate_is_kept_though_nobody_looks_so_often() {
    for rate in [300, 1_000, 9_999] {
        let mut world = World::new(Governor::new().rate(rate, SECOND));
        world.ask(30_000);
        let (began, mut went) = (world.now, 0);
        while world.now < began + SECOND {
            went += world.all().len();
            world.now += Duration::from_millis(if went % 2 == 0 { 1 } else { 4 });
        }
        let most = rate as usize + rate as usize / 100 + 1;
        assert!(went <= most && went >= rate as usize, "{went} of {rate}");
    }
}

#[test]
fn one_that_did_not_go_gives_its_token_back() {
    let mut world = World::new(Governor::new().rate(1, SECOND));
    world.one();
    world.gate.unused(world.now);
    world.one();
}

#[test]
fn one_that_did_not_go_is_not_waited_for() {
    let mut world = World::new(Governor::new().interval(SECOND));
    world.one();
    world.gate.unused(world.now);
    world.one();
}

#[test]
fn what_the_gate_goes_by_is_what_was_set_last() {
    let mut world = World::new(Governor::new());
    let set = Governor::new().concurrency(3).interval(SECOND);
    world.gate.set(&set, world.now);
    assert_eq!(*world.gate.governor(), set);
}

#[test]
fn a_place_in_the_line_is_told_to_who_waits() {
    let mut world = World::new(Governor::new().concurrency(1));
    world.ask(4);
    assert_eq!(world.all().len(), 1);
    let places = [0, 1, 2, 3].map(|n| world.gate.position(Ticket(n), Priority::Normal));
    assert_eq!(places, [None, Some(1), Some(2), Some(3)]);
}

#[test]
fn a_changed_rate_holds_from_now_on() {
    let (slow, quick) = (Governor::new().rate(1, 3600 * SECOND), Governor::new().rate(100, SECOND));
    let mut world = World::new(slow);
    world.one();
    world.ask(2);
    world.now += 1800 * SECOND;
    world.gate.set(&quick, world.now);
    assert_eq!(world.wait(), SECOND / 200, "half a token was back");
    assert_eq!(world.all().len(), 1);
    assert_eq!(world.wait(), SECOND / 100);
    assert_eq!(world.all().len(), 1);
    world.now += SECOND / 200;
    world.ask(1);
    world.gate.set(&slow, world.now);
    assert_eq!(world.wait(), 1800 * SECOND, "and the other way");
    world.gate.set(&Governor::new(), world.now);
    world.gate.set(&slow, world.now);
    assert_eq!(world.all().len(), 1, "without a rate there is no debt");
}

#[test]
fn a_changed_rate_takes_no_longer_than_its_own_burst() {
    const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    let mut world = World::new(Governor::new().rate(1_000_000_000, SECOND).burst(u32::MAX));
    world.ask(1_000);
    assert_eq!(world.all().len(), 1_000);
    world.gate.set(&Governor::new().rate(1, YEAR), world.now);
    world.ask(1);
    assert_eq!(world.wait(), YEAR);
    world.gate.set(&Governor::new().rate(1, YEAR).burst(u32::MAX), world.now);
    assert_eq!(world.all().len(), 1);
}

#[test]
fn a_bucket_that_was_full_before_the_clock_began_is_open() {
    let mut bucket = Bucket::full(Instant::now());
    bucket.take(SECOND, Instant::now());
    assert_eq!(bucket.opens(Duration::MAX, 2), None);
}

#[test]
fn an_interval_counts_from_the_answer() {
    let mut world = World::new(Governor::new().interval(SECOND));
    let first = world.one();
    world.ask(3);
    assert_eq!((world.all().len(), world.gate.next_wake()), (0, None), "it may still be on its way");
    world.now += 5 * SECOND;
    world.gate.answered(first, Verdict::Well, world.now, 0.5);
    assert_eq!(world.wait(), SECOND, "while its body arrives");
    assert_eq!(world.all().len(), 1);
    world.gate.ended(false, world.now);
    assert_eq!(world.wait(), SECOND, "what was never answered counts from its end");
}

#[test]
fn an_interval_that_is_set_later_counts_from_the_last_answer() {
    let mut world = World::new(Governor::new());
    world.well();
    world.gate.set(&Governor::new().interval(3 * SECOND), world.now);
    world.ask(1);
    assert_eq!(world.wait(), 3 * SECOND);
}

#[test]
fn retry_after_pauses_as_long_as_told_and_no_longer_than_the_most() {
    let mut world = World::new(Governor::new().max_pause(60 * SECOND));
    let told = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(world.refused(told(7)), Some((7 * SECOND, PauseReason::RetryAfter)));
    world.ask(1);
    assert_eq!(world.wait(), 7 * SECOND);
    let [leave] = world.all()[..] else { panic!("it goes") };
    assert_eq!(
        world.answer(leave, Verdict::Busy { retry_after: told(1_000_000_000) }),
        Some((60 * SECOND, PauseReason::RetryAfter))
    );
    world.now += 60 * SECOND;
    assert_eq!(world.refused(Some(Duration::MAX)), Some((60 * SECOND, PauseReason::RetryAfter)));
    world.now += 60 * SECOND;
    assert_eq!(world.refused(told(0)), None);
    world.one();
}

#[test]
fn without_it_the_pause_doubles_and_successes_halve_it() {
    let mut world = World::new(Governor::new().back_off(SECOND).max_pause(6 * SECOND));
    for seconds in [1, 2, 4, 6, 6] {
        assert_eq!(world.refused(None), Some((seconds * SECOND, PauseReason::Busy)));
        world.now += seconds * SECOND;
    }
    world.well();
    world.well();
    world.well();
    assert_eq!(world.refused(None).unwrap().0, 4 * SECOND);
    world.now += 4 * SECOND;
    (0..10).for_each(|_| world.well());
    assert_eq!(world.refused(None).unwrap().0, SECOND);
}

#[test]
fn a_back_off_is_spread_by_a_quarter() {
    let mut world = World::new(Governor::new().back_off(SECOND));
    let leave = world.one();
    let pause = |chance| Pause::default().refused(None, &world.gate.governor, leave.at, world.now, chance).unwrap().0;
    assert_eq!((pause(0.0), pause(1.0)), (SECOND * 3 / 4, SECOND * 5 / 4));
    let none = Governor::new().back_off(Duration::ZERO);
    assert_eq!(Pause::default().refused(None, &none, leave.at, world.now, 1.0), None);
}

#[test]
fn who_left_before_the_last_refusal_or_with_it_is_refused_by_the_same() {
    let (governor, left) = (Governor::new().back_off(SECOND), Instant::now());
    let (refused, later) = (left + SECOND, left + 2 * SECOND);
    let mut pause = Pause::default();
    let mut refuse = |retry_after, left, now| pause.refused(retry_after, &governor, left, now, 0.5);
    assert_eq!(refuse(None, left, refused), Some((SECOND, PauseReason::Busy)));
    assert_eq!(refuse(None, left, later), None);
    assert_eq!(refuse(None, refused, later), None);
    let told = Some((9 * SECOND, PauseReason::RetryAfter));
    assert_eq!(refuse(Some(9 * SECOND), left, later), told);
    assert_eq!(refuse(Some(9 * SECOND), left, later), None, "the same end is no news");
    assert_eq!(refuse(None, later, later + 20 * SECOND), Some((2 * SECOND, PauseReason::Busy)), "it left since");
}

#[test]
fn those_that_are_refused_together_are_one_refusal() {
    let mut world = World::new(Governor::new().adaptive(1..=64).concurrency(16));
    world.ask(16);
    let leaves = world.all();
    world.now += SECOND;
    let pauses: Vec<_> = leaves.into_iter().filter_map(|leave| world.answer(leave, BUSY)).collect();
    assert_eq!(pauses, [(SECOND, PauseReason::Busy)]);
    assert_eq!(world.gate.show(world.now).most, Some(8));
}

#[test]
fn an_adaptive_limit_grows_by_one_a_round_while_it_is_what_holds_them_back() {
    let mut world = World::new(Governor::new().adaptive(2..=5));
    let most = |world: &World| world.gate.show(world.now).most.unwrap();
    (0..20).for_each(|_| world.well());
    assert_eq!(most(&world), 2, "one at a time needs no more");
    // More than may go: whoever follows one that is answered takes the last place.
    world.ask(100);
    let mut under_way: std::collections::VecDeque<_> = world.all().into();
    for expected in [3, 4, 5] {
        let mut answers = 0;
        while most(&world) < expected {
            world.answer(under_way.pop_front().unwrap(), Verdict::Well);
            under_way.extend(world.all());
            answers += 1;
        }
        assert!(
            most(&world) == expected && answers <= expected,
            "{answers} answers: a round, and the one before the last"
        );
    }
    for _ in 0..20 {
        world.answer(under_way.pop_front().unwrap(), Verdict::Well);
        under_way.extend(world.all());
    }
    world.gate.line = Line::default();
    for leave in under_way {
        world.answer(leave, Verdict::Well);
    }
    assert_eq!(most(&world), 5, "the upper bound");
    let leave = world.one();
    world.now += SECOND;
    world.gate.failed(leave, world.now);
    world.gate.ended(false, world.now);
    assert_eq!(most(&world), 2);
    let leave = world.one();
    world.now += SECOND;
    world.answer(leave, BUSY);
    assert_eq!(most(&world), 2, "the lower bound");
}

#[test]
fn a_round_is_as_many_answers_as_may_be_under_way() {
    let (governor, now) = (Governor::new().adaptive(4..=9), Instant::now());
    let mut limit = Limit::new(&governor);
    let grown = [4, 4, 4, 5, 5, 5, 5, 5, 6].map(|_| {
        limit.suffices_not(&governor, now);
        limit.most(&governor).unwrap()
    });
    assert_eq!(grown, [4, 4, 4, 5, 5, 5, 5, 5, 6]);
}

#[test]
fn what_left_before_the_last_decrease_or_with_it_says_nothing_new() {
    let (governor, left) = (Governor::new().adaptive(1..=64).concurrency(16), Instant::now());
    let lowered = left + SECOND;
    let mut limit = Limit::new(&governor);
    let mut most = |left| {
        limit.is_too_much(&governor, left, lowered);
        limit.most(&governor)
    };
    assert_eq!([left, left, lowered, lowered + SECOND].map(&mut most), [8, 8, 8, 4].map(Some));
}

#[test]
fn who_goes_last_knows_that_it_does() {
    let mut world = World::new(Governor::new().concurrency(2));
    world.ask(2);
    assert_eq!(world.all().iter().map(|leave| leave.was_last).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_pause_by_the_program_lasts_until_it_is_lifted() {
    let mut world = World::new(Governor::new());
    world.gate.pause_for(100 * SECOND, world.now);
    world.gate.pause_for(SECOND, world.now);
    assert_eq!(world.gate.show(world.now).pause, Some((100 * SECOND, PauseReason::Program)));
    world.ask(1);
    assert_eq!(world.all().len(), 0);
    world.gate.resume();
    assert_eq!(world.all().len(), 1);
}

#[test]
fn a_pause_may_be_for_ever() {
    let mut world = World::new(Governor::new());
    world.gate.pause_for(Duration::MAX, world.now);
    world.ask(1);
    world.now += Duration::from_secs(50 * 366 * 24 * 60 * 60);
    assert_eq!(world.all().len(), 0);
}

#[test]
fn what_can_be_forgotten_holds_nobody_back() {
    let governor = Governor::new().rate(1, 100 * SECOND).back_off(SECOND);
    let mut world = World::new(governor);
    let forget = |world: &World, unused| world.gate.can_be_forgotten(unused, world.now);
    assert!(forget(&world, Duration::ZERO));
    let leave = world.one();
    world.now += SECOND;
    assert!(!forget(&world, Duration::ZERO), "under way");
    world.answer(leave, Verdict::Well);
    assert!(!forget(&world, Duration::ZERO), "its token is not back");
    world.now += 99 * SECOND;
    assert!(forget(&world, 99 * SECOND) && !forget(&world, 100 * SECOND));
    world.gate.pause_for(300 * SECOND, world.now);
    world.now += 299 * SECOND;
    assert!(!forget(&world, SECOND), "it is to be left alone");
    world.now += SECOND;
    assert!(forget(&world, SECOND));
    world.ask(1);
    assert!(!forget(&world, Duration::ZERO), "somebody waits");
    world.gate.withdraw(Ticket(world.next - 1), Priority::Normal, world.now);
    assert!(forget(&world, Duration::ZERO));
}
