//! The table of states and calls, against the contract's words.

use super::*;

#[test]
fn b10_every_call_has_exactly_one_row() {
    for call in Call::ALL {
        assert_eq!(TABLE.iter().filter(|(taken, _)| *taken == call).count(), 1, "{call:?}");
    }
}

#[test]
fn b10_a_call_in_flight_refuses_every_other_but_a_look_at_the_head() {
    for state in [State::Sending, State::Writing, State::Receiving, State::Reading] {
        let taken: Vec<_> = Call::ALL.into_iter().filter(|call| state.takes(*call)).collect();
        let expected = if state == State::Reading { vec![Call::Head, Call::QueryAuthSchemes] } else { vec![] };
        assert_eq!(taken, expected, "{state}");
    }
}

#[test]
fn b10_a_request_can_be_sent_again_after_a_completed_response() {
    assert!(Done.takes(Call::Send) && Opened.takes(Call::Send));
    assert!(!Sent.takes(Call::Send) && !Uploading.takes(Call::Send));
}

#[test]
fn b10_a_second_receive_response_is_refused() {
    assert!(Sent.takes(Call::Receive));
    assert!(!Body.takes(Call::Receive) && !Done.takes(Call::Receive) && !Opened.takes(Call::Receive));
}

#[test]
fn numbers_come_back_as_the_states_they_were() {
    for state in State::ALL {
        for send_side in SendSide::ALL {
            let standing = Standing { state, send_side };
            assert_eq!(Standing::from_number(standing.number()), standing);
        }
        assert_eq!(Standing::from_number(state as u8), state.into());
    }
}

#[test]
fn each_state_is_shown_by_its_own_name() {
    for state in State::ALL {
        assert_eq!(state.word(), format!("{state:?}").to_lowercase());
    }
}

#[test]
fn b10_a_call_of_each_side_may_be_in_flight_and_no_second_one() {
    let sends = [Call::Write, Call::Finish];
    let receives = [Call::Receive, Call::QueryDataAvailable, Call::Read];
    for standing in Standing::all() {
        let Standing { state, send_side } = standing;
        for call in Call::ALL {
            let (taken, alone) = (standing.takes(call), state.takes(call));
            let expected = match send_side {
                SendSide::Over => alone,
                SendSide::Open => alone || sends.contains(&call),
                // What receives is taken or not, whatever the other side does.
                SendSide::Busy => {
                    alone && (receives.contains(&call) || matches!(call, Call::Head | Call::QueryAuthSchemes))
                }
            };
            assert_eq!(taken, expected, "{call:?} {standing}");
        }
    }
    assert!(Standing::new(Uploading, SendSide::Busy).takes(Call::Receive));
    assert!(Standing::new(Receiving, SendSide::Open).takes(Call::Write));
    assert!(Standing::new(Reading, SendSide::Open).takes(Call::Finish));
}

#[test]
fn b10_the_books_figure_is_this_table() {
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/src/state_table.md");
    if std::env::var_os("HINTERNET_BLESS").is_some() {
        std::fs::write(book, figure()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(book).unwrap(), figure(), "run the test with HINTERNET_BLESS=1");
}
