//! Pauses, with the time stepped.

use super::*;

#[test]
fn each_failure_doubles_the_pause_up_to_a_minute_and_a_success_forgets_it() {
    let now = Instant::now();
    let mut redial = Redial::default();
    assert!(redial.is_due(now));
    for pause in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        redial.failed(now, 7);
        assert!(!redial.is_due(now + Duration::from_secs(pause) / 2 - Duration::from_millis(1)), "{pause}");
        assert!(redial.is_due(now + Duration::from_secs(pause)), "{pause}");
    }
    redial.succeeded();
    assert!(redial.is_due(now));
}

#[test]
fn those_that_fail_together_do_not_dial_together() {
    let now = Instant::now();
    let pauses = (0..8).map(|chance| {
        let mut redial = Redial::default();
        redial.failed(now, chance);
        redial.not_before.unwrap() - now
    });
    let mut pauses: Vec<_> = pauses.collect();
    assert!(pauses.iter().all(|pause| (500..=1000).contains(&pause.as_millis())), "{pauses:?}");
    pauses.dedup();
    assert_eq!(pauses.len(), 8, "{pauses:?}");
}

#[test]
fn no_number_of_failures_is_too_many() {
    let now = Instant::now();
    let mut redial = Redial { failures: u32::MAX, not_before: None };
    redial.failed(now, u64::MAX);
    assert!(redial.is_due(now + LONGEST));
}
