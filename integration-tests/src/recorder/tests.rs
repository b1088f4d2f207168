//! The recorder catches every breach: each test deletes, doubles or moves one notification of a right story.

mod overlap;

use super::event::Happened::*;
use super::event::Step::{CloseWire, Connect, ReceiveHead, Resolve, Secure, SendHead};
use super::*;
use hinternet::{ErrorCode, Operation};

const SESSION: u64 = 1;
const CONNECTION: u64 = 2;
const REQUEST: u64 = 3;
const WIRE: u64 = 9;

/// A story is a list of what happened on which handle; the sequence numbers are filled in.
#[derive(Clone)]
struct Story(Vec<(u64, Happened)>);

impl Story {
    /// A GET on a new wire, a body of five octets, every handle closed.
    fn of_a_get() -> Self {
        let ok = |operation, octets| (REQUEST, Completed(operation, Ok(octets)));
        let request = |happened| (REQUEST, happened);
        Self(vec![
            (SESSION, Created(SESSION)),
            (CONNECTION, Created(CONNECTION)),
            request(Created(REQUEST)),
            request(Began(Resolve)),
            request(Ended(Resolve)),
            request(Began(connect())),
            request(connected()),
            request(WireAcquired(WIRE)),
            request(Began(SendHead)),
            request(Ended(SendHead)),
            ok(Operation::Send, 0),
            request(Began(ReceiveHead)),
            request(Ended(ReceiveHead)),
            ok(Operation::Receive, 0),
            ok(Operation::QueryDataAvailable, 5),
            request(WireReleased(WIRE)),
            ok(Operation::Read, 5),
            ok(Operation::QueryDataAvailable, 0),
            request(Closing),
            (CONNECTION, Closing),
            (SESSION, Closing),
        ])
    }

    fn without(mut self, happened: &Happened) -> Self {
        let place = self.place(happened);
        self.0.remove(place);
        self
    }

    /// Cuts the request's story off before this and lets the handles close.
    fn up_to(mut self, happened: &Happened, then: &[Happened]) -> Self {
        let end = [(REQUEST, Closing), (CONNECTION, Closing), (SESSION, Closing)];
        self.0.truncate(self.place(happened));
        self.0.extend(then.iter().map(|happened| (REQUEST, happened.clone())));
        self.0.extend(end);
        self
    }

    fn with(mut self, before: &Happened, happened: Happened) -> Self {
        let place = self.place(before);
        self.0.insert(place, (REQUEST, happened));
        self
    }

    fn and_then(mut self, handle: u64, happened: Happened) -> Self {
        self.0.push((handle, happened));
        self
    }

    /// Of a handle's two ends it is the request's that is meant.
    fn place(&self, happened: &Happened) -> usize {
        self.0.iter().position(|(_, one)| one == happened).expect("the story tells of it")
    }

    fn events(&self) -> Vec<Event> {
        let mut next = std::collections::BTreeMap::new();
        let event = |(handle, happened): &(u64, Happened)| {
            let count = next.entry(*handle).or_insert(0);
            let sequence = *count;
            *count += 1;
            let (kind, parent) = match *handle {
                SESSION => (HandleKind::Session, None),
                CONNECTION => (HandleKind::Connection, Some(SESSION)),
                _ => (HandleKind::Request, Some(CONNECTION)),
            };
            Event { handle: *handle, kind, parent, sequence, happened: happened.clone() }
        };
        self.0.iter().map(event).collect()
    }

    fn breaches(&self) -> Vec<&'static str> {
        broken(&self.events())
    }

    /// One wrong notification may make later ones look wrong too.
    fn first_breach(&self) -> &'static str {
        self.breaches().first().copied().unwrap_or("none")
    }
}

fn broken(events: &[Event]) -> Vec<&'static str> {
    let mut ledger = Ledger::default();
    events.iter().for_each(|event| ledger.handle(event));
    ledger.violations().iter().map(|violation| violation.rule).collect()
}

fn connect() -> Step {
    Connect(address(1))
}

fn connected() -> Happened {
    Connected(address(1))
}

fn address(n: u8) -> std::net::SocketAddr {
    ([127, 0, 0, n], 80).into()
}

fn failed(operation: Operation, code: ErrorCode) -> Happened {
    Completed(operation, Err(code))
}

fn done(operation: Operation) -> Happened {
    Completed(operation, Ok(0))
}

/// The wire is.
fn lost() -> [Happened; 2] {
    [Began(CloseWire), Ended(CloseWire)]
}

/// The request is, on another wire.
fn sent_again() -> [Happened; 7] {
    let (begins, ends) = (Began(connect()), connected());
    [Began(Resolve), Ended(Resolve), begins, ends, WireAcquired(WIRE + 1), Began(SendHead), Ended(SendHead)]
}

#[test]
fn a_right_story_breaks_no_rule() {
    assert_eq!(Story::of_a_get().breaches(), [""; 0]);
}

#[test]
fn right_stories_of_failures_break_no_rule() {
    let story = Story::of_a_get;
    let stories = [
        story().up_to(&Ended(Resolve), &[failed(Operation::Send, ErrorCode::NameNotResolved)]),
        story().up_to(&connected(), &[Ended(connect()), failed(Operation::Send, ErrorCode::CannotConnect)]),
        story().up_to(
            &Began(ReceiveHead),
            &[Began(CloseWire), Ended(CloseWire), failed(Operation::Receive, ErrorCode::InvalidHandle)],
        ),
        story().up_to(
            &Ended(ReceiveHead),
            &[
                &lost()[..],
                &[Retrying],
                &sent_again(),
                &[Began(ReceiveHead), Ended(ReceiveHead), Interim, done(Operation::Receive), WireReleased(WIRE + 1)],
            ]
            .concat(),
        ),
        story().up_to(
            &Ended(ReceiveHead),
            &[
                &[Ended(ReceiveHead), Redirected, WireReleased(WIRE)][..],
                &sent_again(),
                &[Began(ReceiveHead), Ended(ReceiveHead), done(Operation::Receive), WireReleased(WIRE + 1)],
            ]
            .concat(),
        ),
        // Refused by the subscriber's credit, then closed: an operation with nothing before its completion.
        story().up_to(&Began(Resolve), &[failed(Operation::Send, ErrorCode::OperationCancelled)]),
    ];
    for story in stories {
        assert_eq!(story.breaches(), [""; 0], "{:?}", story.0);
    }
}

#[test]
fn a_receive_that_was_given_up_while_the_request_was_sent_again_goes_on_with_that() {
    let given_up = failed(Operation::Receive, ErrorCode::OperationCancelled);
    let given_up_resending = [&lost()[..], &[Retrying, Began(Resolve), given_up.clone()], &sent_again()].concat();
    let given_up_waiting = [&lost()[..], &[given_up], &sent_again()].concat();
    let receives = [Began(ReceiveHead), Ended(ReceiveHead), done(Operation::Receive), WireReleased(WIRE + 1)].to_vec();
    let sends = [vec![done(Operation::Send)], receives.clone()].concat();
    for next in [receives, sends] {
        let story = |before: &[Happened]| Story::of_a_get().up_to(&Ended(ReceiveHead), &[before, &next].concat());
        assert_eq!(story(&given_up_resending).breaches(), [""; 0], "{next:?}");
        let is_a_send = next.contains(&done(Operation::Send));
        assert_eq!(story(&given_up_waiting).breaches().is_empty(), is_a_send, "{next:?}");
    }
}

#[test]
fn n1_created_comes_first_and_once() {
    assert_eq!(Story::of_a_get().without(&Created(CONNECTION)).first_breach(), "N1");
    assert_eq!(Story::of_a_get().without(&Created(SESSION)).breaches(), [""; 0], "a session is exempt");
    assert_eq!(Story::of_a_get().with(&Began(Resolve), Created(REQUEST)).first_breach(), "N1");
    let mut other = Story::of_a_get();
    other.0[2].1 = Created(REQUEST + 1);
    assert_eq!(other.first_breach(), "N1");
}

#[test]
fn n1_a_handle_is_created_before_those_below_it() {
    for (above, below) in [(0, 1), (1, 2)] {
        let mut story = Story::of_a_get();
        story.0.swap(above, below);
        assert_eq!(story.breaches(), ["N1"], "{:?}", story.0[above]);
    }
}

#[test]
fn n1_nothing_comes_after_closing() {
    assert_eq!(Story::of_a_get().and_then(SESSION, Closing).first_breach(), "N1");
    let late = Story::of_a_get().and_then(REQUEST, Completed(Operation::Read, Ok(0)));
    assert_eq!(late.first_breach(), "N1");
}

#[test]
fn n2_every_deleted_completion_of_a_send_or_receive_is_missed() {
    for code in [ErrorCode::OperationCancelled, ErrorCode::InvalidHandle, ErrorCode::Timeout] {
        let sending = Story::of_a_get().up_to(&Ended(Resolve), &[failed(Operation::Send, code)]);
        assert_eq!(sending.breaches(), [""; 0]);
        assert!(sending.without(&failed(Operation::Send, code)).breaches().contains(&"N2"));
        let receiving =
            Story::of_a_get().up_to(&Ended(ReceiveHead), &[WireReleased(WIRE), failed(Operation::Receive, code)]);
        assert_eq!(receiving.breaches(), [""; 0]);
        assert!(receiving.without(&failed(Operation::Receive, code)).breaches().contains(&"N2"));
    }
    assert_ne!(Story::of_a_get().without(&done(Operation::Send)).breaches(), [""; 0]);
    assert_ne!(Story::of_a_get().without(&done(Operation::Receive)).breaches(), [""; 0]);
}

#[test]
fn n2_no_operation_completes_twice() {
    let send = Story::of_a_get().with(&Began(ReceiveHead), done(Operation::Send));
    assert_eq!(send.first_breach(), "N3");
    let receive = Story::of_a_get().with(&Completed(Operation::QueryDataAvailable, Ok(5)), done(Operation::Receive));
    assert_eq!(receive.first_breach(), "N3");
    let both = Story::of_a_get().with(&Began(ReceiveHead), failed(Operation::Send, ErrorCode::Timeout));
    assert!(both.breaches().contains(&"N3"));
    let error = failed(Operation::Read, ErrorCode::ConnectionError);
    let twice = Story::of_a_get().up_to(&Closing, &[error.clone(), error]);
    assert_eq!(twice.first_breach(), "N2");
}

#[test]
fn n3_a_completion_belongs_to_an_open_operation() {
    let before_send = Story::of_a_get().with(&Began(Resolve), done(Operation::Receive));
    assert_eq!(before_send.first_breach(), "N3");
    let read_before_head = Story::of_a_get().with(&Began(ReceiveHead), Completed(Operation::Read, Ok(5)));
    assert_eq!(read_before_head.first_breach(), "N3");
    let write_after_receive = Story::of_a_get().with(&Ended(ReceiveHead), Completed(Operation::Write, Ok(5)));
    assert_eq!(write_after_receive.first_breach(), "N3");
    let never_waits =
        Story::of_a_get().with(&Began(Resolve), failed(Operation::AddHeader, ErrorCode::InvalidParameter));
    assert_eq!(never_waits.first_breach(), "N3");
    let mut of_a_connection = Story::of_a_get();
    of_a_connection.0.insert(2, (CONNECTION, done(Operation::Send)));
    assert_eq!(of_a_connection.first_breach(), "N3");
}

#[test]
fn n3_informational_statuses_come_only_while_an_operation_is_open() {
    let receiving_too_soon = Story::of_a_get().with(&Began(Resolve), Began(ReceiveHead));
    assert!(receiving_too_soon.breaches().contains(&"N3"));
    let dialing_after_send = Story::of_a_get().with(&Began(ReceiveHead), Began(Resolve));
    assert!(dialing_after_send.breaches().contains(&"N3"));
    assert_eq!(Story::of_a_get().with(&Began(ReceiveHead), Downloaded).first_breach(), "N3");
    assert_eq!(Story::of_a_get().with(&Closing, Uploaded).first_breach(), "N3");
    assert_eq!(Story::of_a_get().with(&Began(Resolve), Interim).first_breach(), "N3");
    assert_eq!(Story::of_a_get().with(&Began(ReceiveHead), Retrying).first_breach(), "N3");
    assert_eq!(Story::of_a_get().with(&Began(ReceiveHead), Redirected).first_breach(), "N3", "no answer yet");
    assert_eq!(Story::of_a_get().with(&Ended(SendHead), Redirected).first_breach(), "N3");
}

#[test]
fn n4_no_completion_comes_before_what_leads_to_it() {
    let mut without_head = Story::of_a_get().without(&Began(SendHead));
    without_head = without_head.without(&Ended(SendHead));
    assert_eq!(without_head.first_breach(), "N4");
    let mut without_response = Story::of_a_get().without(&Began(ReceiveHead));
    without_response = without_response.without(&Ended(ReceiveHead));
    assert!(without_response.breaches().contains(&"N3"));
}

#[test]
fn n4_the_end_of_the_body_stays_the_end_and_what_was_announced_comes() {
    let more = Story::of_a_get().with(&Closing, Completed(Operation::Read, Ok(1)));
    assert_eq!(more.first_breach(), "N4");
    let less = Story::of_a_get().with(&WireReleased(WIRE), Completed(Operation::Read, Ok(0)));
    assert!(less.breaches().contains(&"N4"));
}

#[test]
fn n4_a_wire_is_given_up_before_the_handle_closes() {
    assert_eq!(Story::of_a_get().without(&WireReleased(WIRE)).first_breach(), "N4");
    assert_eq!(Story::of_a_get().with(&Began(SendHead), WireAcquired(WIRE + 1)).first_breach(), "N4");
}

#[test]
fn n5_children_close_before_their_parents() {
    let mut story = Story::of_a_get();
    let last = story.0.len() - 1;
    story.0.swap(last, last - 1);
    assert_eq!(story.first_breach(), "N5");
    let orphan = Story(vec![(CONNECTION, Created(CONNECTION)), (REQUEST, Created(REQUEST)), (CONNECTION, Closing)]);
    assert_eq!(orphan.first_breach(), "N5");
}

#[test]
fn a_handle_that_never_closes_is_seen() {
    let mut ledger = Ledger::default();
    let events = Story::of_a_get().events();
    events[..events.len() - 1].iter().for_each(|event| ledger.handle(event));
    assert!(!ledger.all_closed());
    ledger.handle(&events[events.len() - 1]);
    assert!(ledger.all_closed());
}

#[test]
fn b5_after_an_operation_ended_with_6_only_the_end_follows() {
    let doomed = failed(Operation::Read, ErrorCode::InvalidHandle);
    let story = Story::of_a_get().up_to(&Closing, &[doomed, Completed(Operation::Read, Ok(0))]);
    assert_eq!(story.first_breach(), "B.5");
}

#[test]
fn c2_every_beginning_has_its_partner() {
    assert_eq!(Story::of_a_get().without(&Began(connect())).breaches(), ["C.2"], "connected without an attempt");
    for step in [Resolve, SendHead, ReceiveHead] {
        let alone = Story::of_a_get().without(&Began(step)).breaches();
        assert!(alone.contains(&"C.2") || alone.contains(&"N3"), "{step:?} ended alone: {alone:?}");
    }
    for step in [SendHead, ReceiveHead] {
        assert!(!Story::of_a_get().without(&Ended(step)).breaches().is_empty(), "{step:?} never ended");
    }
    assert!(Story::of_a_get().with(&Closing, Began(CloseWire)).breaches().contains(&"C.2"));
    let twice = Story::of_a_get().with(&Ended(Resolve), Began(Resolve));
    assert_eq!(twice.first_breach(), "C.2");
}

#[test]
fn c6_attempts_to_several_addresses_overlap_and_those_that_lost_are_told_of_first() {
    let other = Connect(address(2));
    let race = |ends: &[Happened]| {
        let before = [&[Began(other)], ends].concat();
        before.into_iter().fold(Story::of_a_get(), |story, one| story.with(&connected(), one))
    };
    assert_eq!(race(&[Ended(other)]).breaches(), [""; 0]);
    assert_eq!(race(&[]).first_breach(), "C.6");
    let all_failed = |ends: &[Happened]| {
        let end = [ends, &[failed(Operation::Send, ErrorCode::CannotConnect)]].concat();
        Story::of_a_get().with(&connected(), Began(other)).up_to(&connected(), &end)
    };
    assert_eq!(all_failed(&[Ended(other), Ended(connect())]).breaches(), [""; 0]);
    assert_eq!(all_failed(&[Ended(other)]).first_breach(), "C.6");
}

#[test]
fn c2_the_pairs_of_connection_handles_are_pairs_too() {
    let tell = |happened: &[Happened]| {
        let mut story = Story::of_a_get();
        let place = story.0.len() - 2;
        story.0.splice(place..place, happened.iter().map(|one| (CONNECTION, one.clone())));
        story.breaches()
    };
    assert_eq!(tell(&[Began(CloseWire), Ended(CloseWire)]), [""; 0]);
    assert_eq!(tell(&[Began(CloseWire)]), ["C.2"]);
    assert_eq!(tell(&[Ended(CloseWire)]), ["C.2"]);
    assert_eq!(tell(&[connected()]), [""; 0], "the end of a dial that a request began");
}

#[test]
fn c9_a_wire_that_cannot_be_secured_is_closed_and_the_send_fails() {
    let secures = [connected(), Began(Secure)];
    let fails = failed(Operation::Send, ErrorCode::SecureFailure);
    let told = |rest: &[Happened]| {
        let story = [&secures[..], rest].concat();
        Story::of_a_get().up_to(&connected(), &story).breaches()
    };
    let [closing, closed] = lost();
    let all = [InsecureWire, closing.clone(), closed.clone(), fails.clone()];
    assert_eq!(told(&all), [""; 0]);
    assert_eq!(told(&[closing.clone(), closed.clone(), fails.clone()]), [""; 0], "the network failed");
    assert_eq!(told(&[InsecureWire, fails.clone()]), ["C.9"], "nothing of the wire's end");
    assert!(told(&[closing.clone(), closed.clone(), InsecureWire, fails.clone()]).contains(&"C.9"), "too late");
    assert!(told(&[InsecureWire, InsecureWire, closing.clone(), closed.clone(), fails.clone()]).contains(&"C.9"));
    assert!(told(&[InsecureWire, Ended(Secure), closing, closed, fails]).contains(&"C.9"), "secured all the same");
    assert_eq!(Story::of_a_get().with(&Began(Resolve), InsecureWire).first_breach(), "C.9");
}

#[test]
fn c7_sequence_numbers_have_no_gap_but_for_what_missed_counts() {
    let mut events = Story::of_a_get().events();
    events[4].sequence += 1;
    assert_eq!(broken(&events), ["C.7", "C.7"], "one too high, and the next one too low for it");
    let mut lost = Story::of_a_get().with(&connected(), Missed(1)).events();
    // `Missed(1)` stands for the `ConnectingToServer` before it, and takes the number after it.
    lost.remove(5);
    assert_eq!(broken(&lost), [""; 0]);
    lost[5].happened = Missed(2);
    assert_eq!(broken(&lost), ["C.7"]);
}

#[test]
fn c3_nothing_comes_after_unsubscribed() {
    let story = Story::of_a_get().with(&Closing, Unsubscribed);
    assert_eq!(story.first_breach(), "N1");
}

#[test]
fn b1_a_handle_keeps_its_place_in_the_tree() {
    let mut moved = Story::of_a_get().events();
    moved[5].parent = Some(SESSION);
    assert_eq!(broken(&moved), ["B.1"]);
    let mut root = Story::of_a_get().events();
    root[0].parent = Some(CONNECTION);
    assert!(broken(&root).contains(&"B.1"));
}

#[test]
fn a_status_without_a_rule_is_a_defect_of_the_recorder() {
    assert_eq!(Story::of_a_get().with(&Began(Resolve), Unknown("Teleported")).first_breach(), "recorder");
}

#[tokio::test]
#[should_panic(expected = "nothing was checked")]
async fn a_recorder_that_is_forgotten_fails_its_test() {
    drop(Recorder::start());
}

#[tokio::test]
#[should_panic(expected = "N2       handle")]
async fn n2_a_failure_that_no_notification_tells_of_fails_its_test() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    // Refused at once, so that nothing tells of it.
    let refused = session.connect("http://127.0.0.1:1").unwrap().open_request(hinternet::Method::GET, "/").unwrap();
    let result = refused.receive_response().await;
    recorder.failure(refused.id(), result);
    drop(refused);
    recorder.finish(session).await;
}

#[tokio::test]
async fn n2_a_refusal_that_nothing_tells_of_is_right() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = session.connect("http://127.0.0.1:1").unwrap().open_request(hinternet::Method::GET, "/").unwrap();
    let error = recorder.refusal(request.id(), request.receive_response().await);
    assert_eq!(error.code(), ErrorCode::IncorrectHandleState);
    drop(request);
    recorder.finish(session).await;
}

#[test]
fn what_has_closed_is_forgotten_and_nothing_may_come_after_it_still() {
    let mut ledger = Ledger::default();
    ledger.forget_what_closes();
    let events = Story::of_a_get().events();
    events.iter().for_each(|event| ledger.handle(event));
    assert!(ledger.all_closed() && ledger.violations().is_empty(), "{:?}", ledger.violations());
    assert!(ledger.is_empty());
    let late = Event { sequence: 20, happened: done(Operation::Read), ..events[2].clone() };
    ledger.handle(&late);
    assert_eq!(ledger.violations()[0].rule, "C.7");
    assert_eq!(ledger.violations()[1].rule, "N1");
}

#[test]
fn n2_an_operation_that_was_given_up_may_be_made_again_and_be_late_at_once() {
    let ends = |codes: [ErrorCode; 2]| {
        let failures = codes.map(|code| failed(Operation::Receive, code));
        Story::of_a_get().up_to(&Began(ReceiveHead), &failures).breaches()
    };
    assert!(!ends([ErrorCode::OperationCancelled, ErrorCode::Timeout]).contains(&"N2"));
    assert!(ends([ErrorCode::OperationCancelled, ErrorCode::ConnectionError]).contains(&"N2"));
    assert!(ends([ErrorCode::Timeout, ErrorCode::Timeout]).contains(&"N2"));
}

#[test]
fn a_receive_that_was_given_up_while_the_request_was_sent_again_may_find_it_stored() {
    let given_up = failed(Operation::Receive, ErrorCode::OperationCancelled);
    let begun = [Began(ReceiveHead), Ended(ReceiveHead), Redirected, CacheMiss, Queued, given_up, CacheHit];
    let found = [&begun[..], &[done(Operation::Receive)]].concat();
    let story = Story::of_a_get().up_to(&Began(ReceiveHead), &found);
    assert_eq!(story.breaches(), ["N4"], "the wire's end alone is missing");
    let twice = [&found[..], &[done(Operation::Receive)]].concat();
    assert_eq!(Story::of_a_get().up_to(&Began(ReceiveHead), &twice).first_breach(), "N3");
}
