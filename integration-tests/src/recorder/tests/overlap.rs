//! Sending and receiving overlap only where the recorder was told that they may, and even then nothing is lost.

use super::*;

/// A GET whose send completes when the response has been received.
fn overlapping() -> Story {
    let sent = Completed(Operation::Send, Ok(0));
    Story::of_a_get().without(&sent).with(&Completed(Operation::QueryDataAvailable, Ok(5)), sent)
}

fn breaches(story: &Story) -> Vec<&'static str> {
    let mut ledger = Ledger::default();
    ledger.sending_and_receiving_overlap();
    story.events().iter().for_each(|event| ledger.handle(event));
    ledger.violations().iter().map(|violation| violation.rule).collect()
}

#[test]
fn b10_a_response_is_received_beside_the_send_only_where_that_may_be() {
    assert_eq!(overlapping().first_breach(), "N3");
    assert_eq!(breaches(&overlapping()), [""; 0]);
    assert_eq!(breaches(&Story::of_a_get()), [""; 0], "nothing has to overlap");
}

#[test]
fn n2_a_send_that_overlaps_has_its_one_completion_all_the_same() {
    let sent = Completed(Operation::Send, Ok(0));
    assert_eq!(breaches(&overlapping().without(&sent)), ["N2"]);
    let twice = overlapping().with(&Completed(Operation::QueryDataAvailable, Ok(5)), sent);
    assert_eq!(breaches(&twice)[0], "N3");
}

#[test]
fn n3_a_response_is_not_received_before_the_head_has_gone_out() {
    let story = Story::of_a_get().without(&Ended(SendHead)).without(&Completed(Operation::Send, Ok(0)));
    assert_eq!(breaches(&story)[0], "N3");
}
