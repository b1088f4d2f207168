//! Time is stepped: who is too slow, and when exactly.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at_least(octets: u64, seconds: u32) -> Throughput {
    Throughput::new(MinimumRate { octets, within: seconds * SECOND })
}

#[test]
fn a_silent_peer_is_too_slow_at_the_end_of_the_first_window() {
    let mut body = at_least(100, 10);
    assert_eq!(body.patience(), 10 * SECOND);
    body.waited(4 * SECOND);
    assert_eq!(body.patience(), 6 * SECOND);
    body.waited(6 * SECOND);
    assert_eq!(body.patience(), Duration::ZERO);
    assert_eq!(body.stalled().seen, 0);
}

#[test]
fn a_drip_is_too_slow_at_the_end_of_the_first_window_however_often_it_drips() {
    let mut body = at_least(100, 10);
    for _ in 0..9 {
        body.waited(SECOND);
        body.moved(1);
    }
    assert_eq!(body.patience(), SECOND);
    assert_eq!(body.stalled().seen, 9);
}

#[test]
fn a_peer_that_is_just_fast_enough_is_never_too_slow() {
    let mut body = at_least(10, 10);
    for _ in 0..1000 {
        body.waited(SECOND);
        assert!(body.patience() > Duration::ZERO || body.stalled().seen == 9);
        body.moved(1);
        assert!(body.patience() >= SECOND, "{body:?}");
    }
}

#[test]
fn what_came_at_once_counts_for_one_window_and_no_longer() {
    let mut body = at_least(10, 10);
    body.waited(3 * SECOND);
    body.moved(1_000_000);
    assert_eq!(body.patience(), 10 * SECOND);
    body.waited(10 * SECOND);
    assert_eq!((body.patience(), body.stalled().seen), (Duration::ZERO, 0));
}

#[test]
fn every_window_counts_and_not_only_those_that_begin_where_the_last_was_filled() {
    let mut body = at_least(10, 10);
    body.waited(SECOND);
    body.moved(9);
    body.waited(8 * SECOND);
    body.moved(1);
    // The nine leave the window ten seconds after they came, and the one alone is not enough.
    assert_eq!((body.patience(), body.stalled().seen), (2 * SECOND, 1));
}

#[test]
fn time_in_which_nobody_waits_does_not_count() {
    let mut body = at_least(10, 10);
    for _ in 0..1000 {
        // The caller comes once an hour, and finds it all there.
        body.waited(Duration::ZERO);
        body.moved(1);
    }
    assert_eq!(body.patience(), 10 * SECOND);
}

#[test]
fn a_drip_fills_no_memory() {
    let mut body = at_least(u64::MAX, 3600);
    for _ in 0..1_000_000 {
        body.waited(Duration::from_millis(1));
        body.moved(1);
    }
    assert!(body.arrivals.len() <= FINENESS as usize + 2, "{}", body.arrivals.len());
    body.moved(u64::MAX);
    assert_eq!(body.patience(), 3600 * SECOND, "and does not overflow");
}

#[test]
fn a_fine_drip_is_too_slow_as_a_coarse_one_is() {
    let mut body = at_least(1_000_000, 10);
    while body.patience() > Duration::ZERO {
        body.waited(Duration::from_millis(1));
        body.moved(1);
    }
    assert_eq!((body.waited, body.stalled().seen), (10 * SECOND, 10_000));
}

#[test]
fn no_window_that_is_full_is_called_too_slow_and_none_that_is_not_is_missed_by_more_than_its_fineness() {
    // Against the definition, over pseudo-random bodies.
    let mut seed = 7_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut ended, within) = (0, Duration::from_millis(1280));
    for _ in 0..2000 {
        let least = MinimumRate { octets: 1 + next(30), within };
        let mut body = Throughput::new(least);
        let (mut arrivals, mut waited) = (vec![(Duration::ZERO, least.octets)], Duration::ZERO);
        for _ in 0..200 {
            let (pause, octets) = (Duration::from_millis(next(400)), next(20));
            // By the definition: the first moment at which the window that ends there has too little.
            let mut newer = 0;
            let leaves = arrivals.iter().rev().find(|(_, octets)| {
                newer += octets;
                newer >= least.octets
            });
            let exact = leaves.unwrap().0 + within;
            let says = waited + body.patience();
            assert!(exact <= says && says <= exact + within / FINENESS, "{exact:?} {says:?}");
            if pause >= body.patience() {
                ended += 1;
                break;
            }
            waited += pause;
            body.waited(pause);
            body.moved(octets);
            arrivals.push((waited, octets));
        }
    }
    assert!(ended > 500, "{ended} bodies were too slow");
}
