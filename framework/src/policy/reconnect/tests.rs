//! Pauses, with the time stepped and the chances seeded.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn pauses(terms: &SelfHealingOptions, count: usize, seed: u64) -> Vec<Duration> {
    let (mut plan, mut chances, now) = (Reconnect::default(), Chances::seeded(seed), Instant::now());
    (0..count).map_while(|_| plan.ended(now, None, terms, &mut chances)).collect()
}

#[test]
fn each_pause_is_any_time_up_to_one_that_grows_to_the_longest() {
    let terms = SelfHealingOptions::default();
    for seed in 0..500 {
        for (nth, pause) in pauses(&terms, 12, seed).into_iter().enumerate() {
            let most = Duration::from_secs(60.min(1 << nth));
            assert!(pause <= most, "pause {nth} of seed {seed}: {pause:?}");
        }
    }
}

#[test]
fn jitter_is_even_from_nothing_to_the_whole_pause() {
    let terms = SelfHealingOptions::default();
    let mut tenths = [0; 10];
    for seed in 0..10_000 {
        let pause = pauses(&terms, 1, seed)[0];
        tenths[((pause.as_secs_f64() * 10.0) as usize).min(9)] += 1;
    }
    // A thousand are due in each; five standard deviations are 150.
    assert!(tenths.iter().all(|tenth| (850..1_150).contains(tenth)), "{tenths:?}");
}

#[test]
fn the_pauses_of_one_follow_no_pattern_either() {
    let terms = SelfHealingOptions { factor: 1.0, ..SelfHealingOptions::default() };
    let all = pauses(&terms, 10_000, 7);
    let mean = all.iter().sum::<Duration>() / 10_000;
    assert!((490..510).contains(&mean.as_millis()), "{mean:?}");
    let rises = all.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((4_800..5_200).contains(&rises), "{rises}");
}

#[test]
fn the_same_seed_makes_the_same_pauses_and_another_makes_others() {
    let terms = SelfHealingOptions::default();
    assert_eq!(pauses(&terms, 8, 3), pauses(&terms, 8, 3));
    assert_ne!(pauses(&terms, 8, 3), pauses(&terms, 8, 4));
}

#[test]
fn a_sound_connection_sets_the_pauses_back_and_one_that_ends_early_does_not() {
    let terms = SelfHealingOptions::default();
    let (mut plan, mut chances, mut now) = (Reconnect::default(), Chances::seeded(1), Instant::now());
    for _ in 0..6 {
        plan.ended(now, None, &terms, &mut chances);
    }
    assert_eq!((plan.attempt(), plan.pauses), (7, 6));
    plan.connected(now);
    now += terms.settled_after - Duration::from_millis(1);
    plan.ended(now, None, &terms, &mut chances);
    assert_eq!((plan.attempt(), plan.pauses), (8, 7));
    plan.connected(now);
    now += terms.settled_after;
    assert!(plan.ended(now, None, &terms, &mut chances).unwrap() <= SECOND);
    assert_eq!((plan.attempt(), plan.pauses), (1, 1));
}

#[test]
fn so_many_attempts_in_a_row_are_made_and_no_more() {
    let terms = SelfHealingOptions { attempts: Some(3), ..SelfHealingOptions::default() };
    assert_eq!(pauses(&terms, 10, 1).len(), 2);
}

#[test]
fn what_the_server_asks_for_is_the_least_up_to_the_longest_pause() {
    let terms = SelfHealingOptions::default();
    let (mut plan, mut chances, now) = (Reconnect::default(), Chances::seeded(1), Instant::now());
    let pause = plan.ended(now, Some(5 * SECOND), &terms, &mut chances).unwrap();
    assert!((5 * SECOND..=6 * SECOND).contains(&pause), "{pause:?}");
    assert_eq!(plan.ended(now, Some(Duration::MAX), &terms, &mut chances), Some(60 * SECOND));
}

#[test]
fn no_number_of_failures_is_too_many() {
    let terms = SelfHealingOptions { factor: 1_000.0, ..SelfHealingOptions::default() };
    let mut plan = Reconnect { failures: u32::MAX, pauses: u32::MAX, connected: None };
    assert!(plan.ended(Instant::now(), None, &terms, &mut Chances::seeded(1)).unwrap() <= terms.longest_pause);
}
