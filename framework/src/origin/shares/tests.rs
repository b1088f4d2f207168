//! Who has how many places, by scenario.

use super::*;

/// Two lanes that share four places.
fn two() -> (Shares, LaneId, LaneId) {
    let mut shares = Shares::new(4, 2);
    let (one, other) = (shares.join(), shares.join());
    (shares, one, other)
}

fn take_all(shares: &mut Shares, lane: LaneId) -> usize {
    std::iter::repeat_with(|| shares.take(lane, 1)).take_while(|taken| *taken == Taken::Yes).count()
}

#[test]
fn one_lane_may_have_all_that_no_other_wants() {
    let (mut shares, one, other) = two();
    assert_eq!(take_all(&mut shares, one), 4);
    assert_eq!(shares.take(other, 1), Taken::No { news: true });
    assert_eq!(shares.take(other, 2), Taken::No { news: false });
}

#[test]
fn what_becomes_free_goes_to_the_lane_that_holds_the_fewest() {
    let (mut shares, one, other) = two();
    take_all(&mut shares, one);
    shares.take(other, 1);
    assert_eq!(shares.put(one), Some(other), "though the first wants one too");
    assert_eq!((shares.given(other), shares.given(other)), (1, 0));
    assert_eq!(shares.put(one), Some(one));
    assert_eq!((shares.take(one, 1), shares.given(one)), (Taken::Yes, 0), "it was given it");
}

#[test]
fn a_place_for_a_wire_that_nobody_waits_for_is_taken_only_where_it_is_free_and_changes_no_wish() {
    let (mut shares, one, other) = two();
    assert!(shares.take_free(other));
    assert_eq!(take_all(&mut shares, one), 3);
    shares.is_content(one);
    assert!(!shares.take_free(other) && !shares.is_wanted());
    shares.take(other, 2);
    assert!(!shares.take_free(other) && shares.is_wanted());
    let held = |lane: LaneId| shares.lanes[lane.0].held;
    assert_eq!((held(one), held(other)), (3, 1));
    assert_eq!((shares.put(one), shares.put(one)), (Some(other), Some(other)), "it wants two as before");
}

#[test]
fn a_resting_wire_is_given_up_for_a_lane_that_wants_one_and_no_more_than_are_wanted() {
    let (mut shares, one, other) = two();
    take_all(&mut shares, one);
    shares.is_content(one);
    assert!(!shares.promise(one, Spare::Resting), "nobody wants one");
    shares.take(other, 1);
    assert!(!shares.promise(other, Spare::Resting), "not for itself");
    assert!(shares.promise(one, Spare::Resting));
    assert!(!shares.promise(one, Spare::Resting), "one is on its way");
    assert_eq!(shares.put_promised(one), Some(other));
    assert!(!shares.is_wanted());
}

#[test]
fn the_last_lane_that_leaves_leaves_nobody() {
    let (mut shares, one, other) = two();
    shares.leave(one);
    assert!(!shares.is_empty());
    shares.leave(other);
    assert!(shares.is_empty());
}

#[test]
fn a_third_lane_hears_of_one_more_that_is_wanted_when_it_has_a_wire_that_rests_for_it() {
    let mut shares = Shares::new(6, 3);
    let (one, other, third) = (shares.join(), shares.join(), shares.join());
    for _ in 0..3 {
        shares.take(one, 1);
        shares.take(third, 1);
    }
    assert_eq!(shares.take(other, 1), Taken::No { news: true });
    assert!(shares.promise(one, Spare::Resting));
    assert_eq!(shares.take(other, 2), Taken::No { news: false }, "nobody has one more");
    shares.take(other, 1);
    assert!(!shares.promise(third, Spare::Resting), "one is on its way");
    assert_eq!(shares.take(other, 1), Taken::No { news: false }, "it wants no more than it did");
    assert_eq!(shares.take(other, 2), Taken::No { news: true }, "the third has one more");
    assert_eq!(shares.take(other, 3), Taken::No { news: false }, "it was told");
    assert!(shares.promise(third, Spare::Resting));
}

#[test]
fn a_busy_wire_is_given_up_by_a_lane_with_more_than_its_share_to_one_with_less() {
    let (mut shares, one, other) = two();
    take_all(&mut shares, one);
    for held in 0..2 {
        shares.take(other, 4);
        assert!(shares.promise(one, Spare::Wanted), "{held} held");
        assert_eq!((shares.put_promised(one), shares.given(other)), (Some(other), 1));
    }
    shares.take(other, 4);
    assert!(!shares.promise(one, Spare::Wanted), "each has its share");
}

#[test]
fn lanes_with_their_shares_take_no_wire_from_each_other_that_came_to_rest_just_now() {
    let (mut shares, one, other) = two();
    take_all(&mut shares, one);
    shares.is_content(one);
    for held in 0..2 {
        shares.take(other, 1);
        assert!(shares.promise(one, Spare::JustRested), "{held} held");
        assert_eq!((shares.put_promised(one), shares.given(other)), (Some(other), 1));
    }
    shares.take(other, 1);
    assert!(!shares.promise(one, Spare::JustRested), "each has its share");
    assert!(shares.promise(one, Spare::Resting), "but nobody waits while a wire rests for long");
}

#[test]
fn a_wire_that_came_to_rest_just_now_goes_from_a_lane_with_too_many_though_nobody_starves() {
    let mut shares = Shares::new(6, 3);
    let (one, other, _wants_nothing) = (shares.join(), shares.join(), shares.join());
    (0..3).for_each(|_| assert_eq!(shares.take(one, 1), Taken::Yes));
    (0..3).for_each(|_| assert_eq!(shares.take(other, 1), Taken::Yes));
    shares.take(other, 1);
    assert!(!shares.promise(one, Spare::Wanted), "the other has its share");
    assert!(shares.promise(one, Spare::JustRested), "it has one too many");
}

#[test]
fn a_lane_with_its_share_gives_a_wire_that_came_to_rest_just_now_to_one_with_less() {
    let mut shares = Shares::new(6, 3);
    let (one, other, third) = (shares.join(), shares.join(), shares.join());
    for (lane, held) in [(one, 4), (other, 2)] {
        (0..held).for_each(|_| assert_eq!(shares.take(lane, 1), Taken::Yes));
    }
    shares.take(third, 1);
    assert!(!shares.promise(other, Spare::Wanted), "it has no more than its share");
    assert!(shares.promise(other, Spare::JustRested), "the third has nothing");
}

#[test]
fn a_lane_that_wants_no_more_is_given_no_more() {
    let (mut shares, one, other) = two();
    take_all(&mut shares, one);
    shares.is_content(one);
    shares.take(other, 3);
    shares.is_content(other);
    assert_eq!((shares.put(one), shares.is_wanted()), (None, false));
    assert_eq!(shares.take(other, 1), Taken::Yes);
}

#[test]
fn what_a_lane_held_is_the_others_when_it_is_gone() {
    let (mut shares, one, other) = two();
    take_all(&mut shares, one);
    shares.take(other, 3);
    assert_eq!(shares.leave(one), [other, other, other]);
    assert_eq!(shares.given(other), 3);
    assert_eq!(shares.join(), one, "its place among the lanes is used again");
    assert_eq!(take_all(&mut shares, one), 1, "the fourth is free");
}

/// Whatever happens, what is held and what is free come to the limit, and nobody wants a place while one is free.
#[test]
fn no_place_is_lost_and_none_made() {
    const LIMIT: usize = 7;
    let mut random = 1_u32;
    let mut next = |below: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) as usize % below
    };
    let mut shares = Shares::new(LIMIT, 3);
    let lanes = [shares.join(), shares.join(), shares.join()];
    let knows_of_one = |shares: &Shares, lane: LaneId| shares.lanes[lane.0].held > shares.lanes[lane.0].given;
    for step in 0..20_000 {
        let lane = lanes[next(lanes.len())];
        match next(6) {
            0 | 1 => {
                shares.take(lane, 1 + next(3));
            }
            2 if knows_of_one(&shares, lane) => {
                shares.put(lane);
            }
            3 => {
                let spare = [Spare::Resting, Spare::JustRested, Spare::Wanted][next(3)];
                if knows_of_one(&shares, lane) && shares.promise(lane, spare) {
                    shares.put_promised(lane);
                }
            }
            4 => shares.is_content(lane),
            5 if next(10) == 0 => {
                shares.leave(lane);
                assert_eq!(shares.join(), lane);
            }
            _ => {
                shares.given(lane);
            }
        }
        let held: usize = shares.lanes.iter().map(|lane| lane.held).sum();
        assert_eq!(held + shares.free, LIMIT, "step {step}");
        assert!(shares.free == 0 || !shares.is_wanted(), "step {step}");
        assert!(shares.lanes.iter().all(|lane| lane.given <= lane.held), "step {step}");
    }
}
