//! Lives that go well, lives that do not, and every event in every state.

use super::*;
use WireHealth::{Active, Closed, Draining, Fresh, Idle, Retiring, Suspect};

fn life(events: &[Event]) -> Life {
    let mut life = Life::new();
    for event in events {
        life.handle(*event).expect("a legal event");
    }
    life
}

fn end_of(events: &[Event]) -> WireHealth {
    life(events).health()
}

const OPENED: Event = Event::StreamOpened;
const ENDED: Event = Event::StreamEnded;

#[test]
fn streams_come_and_go() {
    let mut life = Life::new();
    assert_eq!(life.health(), Fresh);
    assert_eq!(life.stream_opened(), Ok(Some(Change { from: Fresh, to: Active })));
    assert_eq!(life.stream_opened(), Ok(None));
    assert_eq!(life.stream_ended(), Ok(None));
    assert_eq!(life.stream_ended(), Ok(Some(Change { from: Active, to: Idle })));
    assert_eq!(life.stream_opened(), Ok(Some(Change { from: Idle, to: Active })));
    assert_eq!(life.streams(), 1);
}

#[test]
fn a_suspect_takes_nothing_new_and_comes_back_where_it_would_be() {
    let mut suspect = life(&[OPENED]);
    assert_eq!(suspect.suspected(), Ok(Some(Change { from: Active, to: Suspect })));
    assert_eq!(suspect.stream_opened(), Err(Illegal { health: Suspect, streams: 1, event: OPENED }));
    assert_eq!(suspect.recovered(), Ok(Some(Change { from: Suspect, to: Active })));
    assert_eq!(end_of(&[OPENED, Event::Suspected, ENDED]), Suspect);
    assert_eq!(end_of(&[OPENED, Event::Suspected, ENDED, Event::Recovered]), Idle);
    assert_eq!(end_of(&[Event::Suspected, Event::Recovered]), Fresh);
}

#[test]
fn a_retired_wire_ends_with_its_last_stream_and_for_its_reason() {
    let mut wire = life(&[OPENED, OPENED]);
    assert_eq!(wire.retired(CloseReason::IdleTimeout), Ok(Some(Change { from: Active, to: Retiring })));
    assert_eq!(wire.retired(CloseReason::MadeRoom), Ok(None));
    assert_eq!(wire.stream_ended(), Ok(None));
    let closed = Closed(CloseReason::IdleTimeout);
    assert_eq!(wire.stream_ended(), Ok(Some(Change { from: Retiring, to: closed })));
    assert_eq!(end_of(&[Event::Retired(CloseReason::MadeRoom)]), Closed(CloseReason::MadeRoom));
}

#[test]
fn rfc9113_6_8_after_goaway_what_is_in_flight_ends_and_nothing_begins() {
    let mut wire = life(&[OPENED]);
    assert_eq!(wire.going_away(), Ok(Some(Change { from: Active, to: Draining })));
    assert_eq!(wire.going_away(), Ok(None));
    assert!(wire.stream_opened().is_err());
    assert_eq!(wire.stream_ended(), Ok(Some(Change { from: Draining, to: Closed(CloseReason::GoingAway) })));
    assert_eq!(end_of(&[OPENED, ENDED, Event::GoingAway]), Closed(CloseReason::GoingAway));
    let retired_before = [OPENED, Event::Retired(CloseReason::Retired), Event::GoingAway];
    assert_eq!(end_of(&retired_before), Draining);
}

#[test]
fn the_first_reason_to_close_counts_and_the_streams_end_behind_it() {
    let mut wire = life(&[OPENED, OPENED]);
    let closed = Closed(CloseReason::PingTimeout);
    assert_eq!(wire.closed(CloseReason::PingTimeout), Ok(Some(Change { from: Active, to: closed })));
    assert_eq!(wire.closed(CloseReason::PeerClosed), Ok(None));
    assert_eq!((wire.stream_ended(), wire.stream_ended(), wire.streams()), (Ok(None), Ok(None), 0));
    assert_eq!(wire.stream_ended(), Err(Illegal { health: closed, streams: 0, event: ENDED }));
}

#[test]
fn a_mistake_names_state_and_event() {
    let mistake = Life::new().stream_ended().unwrap_err();
    assert_eq!(mistake.to_string(), "a wire that is fresh with 0 streams cannot have the event StreamEnded");
}

/// All lives of up to six events.
#[test]
fn in_every_life_streams_open_only_where_requests_are_taken_and_nothing_comes_after_the_end() {
    let why = CloseReason::TransportError;
    let events = [
        OPENED,
        ENDED,
        Event::Suspected,
        Event::Recovered,
        Event::Retired(CloseReason::IdleTimeout),
        Event::GoingAway,
        Event::Closed(why),
    ];
    let mut lives = vec![Life::new()];
    for _ in 0..6 {
        let mut next = Vec::new();
        for before in &lives {
            for event in events {
                let mut life = before.clone();
                let outcome = life.handle(event);
                let (from, to) = (before.health(), life.health());
                assert_eq!(event == OPENED && outcome.is_ok(), event == OPENED && from.takes_requests());
                assert!(event == OPENED || event == ENDED || outcome.is_ok(), "{from} {event:?}");
                assert_eq!(outcome.map(|change| change.is_some()).unwrap_or(false), from != to);
                assert!(!matches!(from, Closed(_)) || from == to, "{from} came back as {to}");
                assert_eq!(to == Active, to.takes_requests() && life.streams() > 0);
                assert!(!matches!(to, Retiring | Draining) || life.streams() > 0, "nothing holds it back");
                next.push(life);
            }
        }
        lives = next;
    }
}
