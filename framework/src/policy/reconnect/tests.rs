//! Pauses, with the time stepped and the chances seeded.

use http::StatusCode;

use super::*;
use crate::error::{Answered, Blame, Operation, Stage};

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

#[test]
fn the_longest_pause_grows_by_the_factor_up_to_the_most() {
    let terms = SelfHealingOptions { first_pause: SECOND, factor: 3.0, ..SelfHealingOptions::default() };
    let longest = [0, 1, 2, 3, 4, 5, u32::MAX].map(|pauses| longest(&Pauses::from(&terms), pauses));
    assert_eq!(longest, [1, 3, 9, 27, 60, 60, 60].map(|seconds| seconds * SECOND));
}

/// Its first numbers from the seed 0, of which the upper halves count here.
#[test]
fn chances_are_those_of_splitmix64() {
    let mut chances = Chances::seeded(0);
    for number in [0xe220_a839_u32, 0x6e78_9e6a, 0x06c4_5d18, 0xf88b_b8a8] {
        assert_eq!(chances.next(), f64::from(number) / f64::from(u32::MAX));
    }
}

#[test]
fn an_answer_is_hopeless_unless_its_status_may_pass() {
    let answered = |status| {
        let answer = Answered { status: StatusCode::from_u16(status).unwrap(), retry_after: None };
        let error = Error::new(ErrorCode::InvalidParameter, Operation::Send, Stage::Head, Blame::Peer, "a test");
        is_hopeless(&error.with_source(answer))
    };
    let hopeful: Vec<_> = (200..600).filter(|status| !answered(*status)).collect();
    assert_eq!(hopeful, [408, 425, 429].into_iter().chain(500..600).collect::<Vec<_>>());
}

#[test]
fn what_the_next_attempt_would_fail_by_again_is_hopeless() {
    use ErrorCode::*;
    for code in ErrorCode::ALL {
        let expected = matches!(
            code,
            InvalidParameter
                | InvalidUrl
                | UnrecognizedScheme
                | Shutdown
                | SecureFailure
                | ClientAuthCertNeeded
                | ClientCertNoPrivateKey
                | HttpProtocolMismatch
        );
        let error = Error::new(*code, Operation::Send, Stage::Connect, Blame::Network, "a test");
        assert_eq!(is_hopeless(&error), expected, "{code}");
    }
}
