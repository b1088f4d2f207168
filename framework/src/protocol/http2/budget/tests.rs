//! Whole conversations in octets, in every kind of pieces; time is stepped.

use std::time::Duration;

use super::frames::{ACK, DATA, GOAWAY, HEADERS, PADDED, SETTINGS, WINDOW_UPDATE};
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn settings(entries: &[(u16, u32)]) -> Vec<u8> {
    let entry = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(SETTINGS, 0, 0, &entries.iter().flat_map(entry).collect::<Vec<_>>())
}

fn goaway(last_stream: u32, code: u32, debug: &[u8]) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[&last_stream.to_be_bytes()[..], &code.to_be_bytes(), debug].concat())
}

fn ping() -> Vec<u8> {
    frame(PING, 0, 0, &[0; 8])
}

/// A wire on which the server has greeted.
fn greeted(limit: u32, now: Instant) -> Budget {
    let mut budget = Budget::new(limit);
    budget.handle_input(&settings(&[]), now).expect("a greeting");
    // The greeting is not what these tests are about.
    budget.bucket.refill();
    budget
}

fn feed(octets: &[u8]) -> (Budget, Result<(), WireFault>) {
    let mut budget = Budget::new(100);
    let result = budget.handle_input(octets, Instant::now());
    (budget, result)
}

fn flood(budget: &mut Budget, frame: &[u8], now: Instant) -> usize {
    (0..).find(|_| budget.handle_input(frame, now).is_err()).expect("a limit")
}

#[test]
fn rfc9113_3_4_the_first_frame_is_settings() {
    let (budget, result) = feed(&settings(&[(3, 100), (4, 65_535)]));
    assert_eq!((result, budget.has_greeted()), (Ok(()), true));
    assert_eq!(feed(&ping()).1, Err(WireFault::NotSettings { kind: PING }));
    assert_eq!(feed(&frame(SETTINGS, ACK, 0, &[])).1, Err(WireFault::NotSettings { kind: SETTINGS }));
    assert_eq!(feed(b"SSH-2.0-x\r\n").1, Err(WireFault::NotSettings { kind: b'-' }));
}

#[test]
fn a_server_has_not_greeted_before_all_of_its_settings_have_come() {
    let octets = settings(&[(3, 100)]);
    let (budget, result) = feed(&octets[..octets.len() - 1]);
    assert_eq!((result, budget.has_greeted()), (Ok(()), false));
}

#[test]
fn rfc9113_6_5_3_that_settings_were_acknowledged_is_told_once() {
    let now = Instant::now();
    let mut budget = greeted(100, now);
    budget.handle_input(&frame(PING, ACK, 0, &[0; 8]), now).unwrap();
    assert!(!budget.take_acknowledged());
    budget.handle_input(&[frame(SETTINGS, ACK, 0, &[]), settings(&[]), ping()].concat(), now).unwrap();
    assert!(budget.take_acknowledged());
    assert!(!budget.take_acknowledged());
}

#[test]
fn an_answer_in_http1_is_known_by_its_first_octets() {
    assert_eq!(feed(b"HTTP/1.1 400 Bad Request\r\n\r\n").1, Err(WireFault::SpokeHttp1));
    assert_eq!(feed(b"HTTP/1.").1, Err(WireFault::SpokeHttp1));
    assert_eq!(feed(b"HTTP/1").1, Ok(()));
    // Later it is but a frame.
    let (_, result) = feed(&[settings(&[]), b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()].concat());
    assert_eq!(result, Ok(()));
}

#[test]
fn rfc9113_6_5_2_a_server_does_not_enable_push() {
    assert_eq!(feed(&settings(&[(3, 1), (2, 0)])).1, Ok(()));
    assert_eq!(feed(&settings(&[(3, 1), (2, 1)])).1, Err(WireFault::EnabledPush));
    assert_eq!(feed(&[settings(&[]), settings(&[(2, 1)])].concat()).1, Err(WireFault::EnabledPush));
}

#[test]
fn rfc9113_6_5_3_an_acknowledgement_sets_nothing() {
    let acknowledged = frame(SETTINGS, ACK, 0, &[0, 2, 0, 0, 0, 1, 0, 8, 0, 0, 0, 1]);
    let (budget, result) = feed(&[settings(&[]), acknowledged].concat());
    assert_eq!((result, budget.extends_connect()), (Ok(()), false), "what is in it is for h2 to refuse");
}

#[test]
fn rfc9113_6_8_the_newest_goaway_counts_and_its_debug_data_is_not_kept() {
    let warned = [settings(&[]), goaway(0x7fff_ffff, 0, b"")].concat();
    assert_eq!(feed(&warned).0.going_away(), Some(GoingAway { last_stream: 0x7fff_ffff, code: 0 }));
    let left = [warned, goaway(0x8000_0007, 11, &[b'x'; 16_000])].concat();
    let (budget, result) = feed(&left);
    assert_eq!(result, Ok(()));
    assert_eq!(budget.going_away(), Some(GoingAway { last_stream: 7, code: 11 }));
    assert_eq!(feed(&[settings(&[]), frame(GOAWAY, 0, 0, &[0; 7])].concat()).0.going_away(), None);
}

#[test]
fn frames_and_octets_of_bodies_are_counted() {
    let octets = [
        settings(&[]),
        frame(HEADERS, 0, 1, b"head"),
        frame(CONTINUATION, 4, 1, b"more"),
        frame(DATA, 0, 1, b"12345"),
        frame(DATA, PADDED, 1, &[&[3][..], b"67", &[0; 3]].concat()),
        frame(DATA, 1, 1, b""),
    ];
    let (budget, result) = feed(&octets.concat());
    assert_eq!(result, Ok(()));
    assert_eq!(budget.received(), Received { frames: 6, control_frames: 3, data_octets: 7, window_octets: 11 });
}

#[test]
fn rfc9113_10_5_frames_of_no_use_are_limited_by_the_second() {
    let now = Instant::now();
    let kinds = [
        ping(),
        settings(&[]),
        frame(DATA, 0, 1, b""),
        frame(DATA, PADDED, 1, &[4, 0, 0, 0, 0]),
        frame(2, 0, 1, &[0; 5]),
        frame(3, 0, 1, &[0; 4]),
        frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
        frame(CONTINUATION, 0, 1, b""),
        frame(0xfa, 0, 0, b"unknown"),
    ];
    for kind in kinds {
        let mut budget = greeted(100, now);
        assert_eq!(flood(&mut budget, &kind, now), 100);
        let mut budget = greeted(100, now);
        let fault = (0..101).find_map(|_| budget.handle_input(&kind, now).err());
        assert_eq!(fault, Some(WireFault::TooManyControlFrames { limit: 100 }));
    }
}

#[test]
fn a_server_that_keeps_to_the_limit_in_every_second_never_meets_it() {
    let mut now = Instant::now();
    let mut budget = greeted(100, now);
    for _ in 0..50 {
        for _ in 0..100 {
            budget.handle_input(&ping(), now).expect("within the limit");
        }
        now += SECOND;
    }
    for _ in 0..5_000 {
        budget.handle_input(&ping(), now).expect("within the limit");
        now += SECOND / 100;
    }
}

#[test]
fn a_server_that_is_a_little_over_the_limit_meets_it_in_the_end() {
    let mut now = Instant::now();
    let mut budget = greeted(100, now);
    let passed = (0..).find(|_| {
        now += SECOND / 110;
        budget.handle_input(&ping(), now).is_err()
    });
    assert!((1_000..1_200).contains(&passed.unwrap()), "{passed:?}");
}

#[test]
fn anything_of_a_response_makes_up_for_frames_of_no_use() {
    let now = Instant::now();
    for useful in [frame(HEADERS, 4, 1, b"head"), frame(DATA, 0, 1, b"x"), frame(DATA, PADDED, 1, &[1, b'x', 0])] {
        let mut budget = greeted(10, now);
        for _ in 0..100 {
            for _ in 0..10 {
                budget.handle_input(&ping(), now).expect("within the limit");
            }
            budget.handle_input(&useful, now).expect("of use");
        }
    }
}

#[test]
fn an_upload_earns_its_window_updates() {
    let now = Instant::now();
    let mut budget = greeted(10, now);
    let update = frame(WINDOW_UPDATE, 0, 0, &[0, 0, 16, 0]);
    budget.sent(16 * 1024);
    budget.sent(1);
    assert_eq!(flood(&mut budget, &update, now), (2 + 8) + 2 + 10);
    let mut budget = greeted(10, now);
    budget.sent(64 * 1024);
    assert_eq!(flood(&mut budget, &update, now), (2 + 32) + 10);
    let mut budget = greeted(10, now);
    budget.sent(1);
    let before = budget.received().control_frames;
    budget.handle_input(&update, now).expect("earned");
    assert_eq!(budget.received().control_frames, before + 1, "it is counted all the same");
    let mut budget = greeted(10, now);
    budget.sent(1024 * 1024);
    assert_eq!(flood(&mut budget, &ping(), now), 10);
}

#[test]
fn the_verdict_does_not_depend_on_how_the_octets_are_cut() {
    let mut random = fastrand::Rng::with_seed(9113);
    let now = Instant::now();
    for _ in 0..2_000 {
        let octets = conversation(&mut random);
        let mut whole = Budget::new(20);
        let verdict = whole.handle_input(&octets, now);
        let mut cut = Budget::new(20);
        let mut rest = &octets[..];
        let mut result = Ok(());
        while !rest.is_empty() && result.is_ok() {
            let (piece, after) = rest.split_at(random.usize(1..=rest.len().min(12)));
            result = cut.handle_input(piece, now);
            rest = after;
        }
        // Behind a fault nothing is read on, so only there it shows where the last cut was.
        assert!(verdict.is_err() || cut == whole, "{octets:?}");
        assert_eq!((seen(&cut), result), (seen(&whole), verdict), "{octets:?}");
    }
}

fn seen(budget: &Budget) -> (bool, Option<GoingAway>, Received) {
    (budget.has_greeted(), budget.going_away(), budget.received())
}

/// Frames of any kind, mostly well begun, sometimes cut off or of plain noise.
fn conversation(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut octets = match random.u8(0..10) {
        0 => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        1 => Vec::new(),
        _ => settings(&[(random.u16(0..6), random.u32(0..3))]),
    };
    for _ in 0..random.usize(0..40) {
        let length = random.usize(0..30);
        let payload: Vec<u8> = (0..length).map(|_| random.u8(0..4)).collect();
        octets.extend(frame(random.u8(0..11), random.u8(0..16), random.u32(0..9), &payload));
    }
    octets.truncate(random.usize(octets.len() / 2..=octets.len()));
    octets
}

#[test]
fn a_stream_has_ended_with_the_last_octet_of_the_frame_that_says_so() {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        [&[0, 0, payload.len() as u8, kind, flags, 0x80, 0, 0, stream][..], payload].concat()
    };
    let now = Instant::now();
    let mut budget = Budget::new(100);
    let mut ended = |octets: &[u8]| {
        budget.handle_input(octets, now).unwrap();
        budget.take_ended().map(|(stream, _heads)| stream).collect::<Vec<_>>()
    };
    let none: [u32; 0] = [];
    assert_eq!(ended(&frame(4, 0, 0, &[])), none, "SETTINGS");
    assert_eq!(ended(&frame(4, 1, 0, &[])), none, "the flag means something else there");
    assert_eq!(ended(&frame(1, 4, 3, b"fields")), none);
    let last = frame(0, 1, 3, b"the end");
    assert_eq!(ended(&last[..last.len() - 1]), none);
    assert_eq!(ended(&last[last.len() - 1..]), [3]);
    let both = [frame(1, 5, 5, b"fields"), frame(3, 0, 7, &[0; 4])].concat();
    assert_eq!(ended(&both), [5, 7]);
    assert_eq!(ended(&[]), none);
}

#[test]
fn rfc9110_15_2_a_stream_has_so_many_interim_heads_that_nobody_took() {
    let now = Instant::now();
    for flags in [0, END_HEADERS, 0xfe] {
        let interim = frame(HEADERS, flags, 3, &[0x88]);
        let mut budget = greeted(100, now);
        budget.opened(3, 10);
        // The final head may be among them, and something that looks like trailers.
        assert_eq!(flood(&mut budget, &interim, now), 12 + SPARE_HEADS);
        let mut budget = greeted(100, now);
        budget.opened(3, 10);
        let fault = (0..=12 + SPARE_HEADS).find_map(|_| budget.handle_input(&interim, now).err());
        assert_eq!(fault, Some(WireFault::TooManyHeads { limit: 10 }));
        // What is spare is so for all streams together.
        let mut budget = greeted(100, now);
        (1..=11).step_by(2).for_each(|stream| budget.opened(stream, 10));
        let all: Vec<u8> = (1..=11).step_by(2).flat_map(|stream| frame(HEADERS, flags, stream, &[0x88])).collect();
        assert_eq!(flood(&mut budget, &all, now), 12 + SPARE_HEADS / 6);
    }
}

#[test]
fn rfc9110_15_2_no_body_of_another_stream_makes_up_for_heads_that_nobody_took() {
    let now = Instant::now();
    let mut budget = greeted(100, now);
    budget.opened(1, 10);
    budget.opened(3, 10);
    let both = [frame(HEADERS, END_HEADERS, 3, &[0x88]), frame(DATA, 0, 1, b"x")].concat();
    assert_eq!(flood(&mut budget, &both, now), 12 + SPARE_HEADS);
}

#[test]
fn rfc9110_15_2_heads_that_are_taken_are_not_limited_here_and_no_stream_answers_for_another() {
    let now = Instant::now();
    let mut budget = greeted(100, now);
    for stream in (1..1_000).step_by(2) {
        budget.opened(stream, 3);
    }
    for _ in 0..3 {
        for stream in (1..1_000).step_by(2) {
            budget.handle_input(&frame(HEADERS, END_HEADERS, stream, &[0x88]), now).expect("an early hint");
        }
    }
    for _ in 0..1_000 {
        budget.interim_taken(5);
        budget.handle_input(&frame(HEADERS, END_HEADERS, 5, &[0x88]), now).expect("one was taken");
    }
    let answer =
        |stream| [frame(HEADERS, END_HEADERS, stream, b"200"), frame(HEADERS, 5, stream, b"trailers")].concat();
    for stream in (1..1_000).step_by(2) {
        budget.handle_input(&answer(stream), now).expect("an answer");
    }
    assert_eq!((budget.open(), budget.take_ended().count(), budget.open()), (500, 500, 0));
}

#[test]
fn a_stream_has_ended_as_soon_as_its_last_frame_has_come_and_stays_so() {
    let now = Instant::now();
    let mut budget = greeted(100, now);
    for stream in [1, 3, 5] {
        budget.opened(stream, 0);
    }
    budget.handle_input(&frame(0, 0, 1, b"more follows"), now).unwrap();
    let last = frame(0, 1, 1, b"the end");
    budget.handle_input(&last[..last.len() - 1], now).unwrap();
    assert!(![1, 3, 5].map(|stream| budget.has_ended(stream)).contains(&true));
    budget.handle_input(&last[last.len() - 1..], now).unwrap();
    assert_eq!([1, 3, 5].map(|stream| budget.has_ended(stream)), [true, false, false]);
    assert_eq!(budget.take_ended().count(), 1);
    assert_eq!([1, 3, 5].map(|stream| budget.has_ended(stream)), [true, false, false]);
}

#[test]
fn a_stream_that_was_reset_before_its_end_has_none() {
    let now = Instant::now();
    let mut budget = greeted(100, now);
    [1, 3].into_iter().for_each(|stream| budget.opened(stream, 0));
    let reset = |stream| frame(3, 0, stream, &[0, 0, 0, 0]);
    let came = [frame(0, 0, 1, b"more follows"), reset(1), frame(0, 1, 3, b"the end"), reset(3)];
    budget.handle_input(&came.concat(), now).unwrap();
    assert_eq!([1, 3].map(|stream| budget.has_ended(stream)), [false, true]);
    budget.take_ended().for_each(drop);
    assert_eq!([1, 3].map(|stream| budget.has_ended(stream)), [false, true]);
    budget.given_up(1);
    assert!(budget.cut.is_empty(), "nothing is kept of what nobody asks for");
}

#[test]
fn what_comes_on_a_stream_that_was_given_up_is_not_kept() {
    let now = Instant::now();
    let mut budget = greeted(100, now);
    budget.opened(1, 0);
    budget.given_up(1);
    budget.interim_taken(1);
    for _ in 0..1_000 {
        budget.handle_input(&frame(HEADERS, END_HEADERS, 1, &[0x88]), now).expect("nobody keeps it");
    }
    assert_eq!(budget.open(), 0);
    // An unlimited number is the caller's own wish.
    budget.opened(3, usize::MAX);
    budget.interim_taken(3);
    budget.handle_input(&frame(HEADERS, END_HEADERS, 3, &[0x88]), now).expect("within the limit");
}

#[test]
fn what_came_of_a_body_is_told_when_its_frame_is_whole_and_without_padding() {
    let now = Instant::now();
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        [&[0, 0, payload.len() as u8, kind, flags, 0x80, 0, 0, stream][..], payload].concat()
    };
    let mut budget = greeted(100, now);
    let mut came = |octets: &[u8]| {
        budget.handle_input(octets, now).unwrap();
        budget.take_bodies().collect::<Vec<_>>()
    };
    let body = frame(0, 0, 3, b"piece");
    assert_eq!(came(&body[..12]), []);
    assert_eq!(came(&body[12..]), [(3, 5)]);
    let padded = frame(0, 8 | 1, 5, &[2, b'a', b'b', b'c', 0, 0]);
    assert_eq!(came(&[frame(1, 4, 7, b"fields"), padded, body.clone(), body].concat()), [(5, 3), (3, 5), (3, 5)]);
    assert_eq!(came(&frame(0, 1, 3, &[])), []);
}

#[test]
fn rfc8441_3_that_a_stream_may_carry_another_protocol_is_said_by_any_settings_and_only_by_1() {
    let now = Instant::now();
    let greeting = settings(&[(3, 1), (8, 1)]);
    for split in 1..greeting.len() {
        let mut budget = Budget::new(100);
        let (head, rest) = greeting.split_at(split);
        budget.handle_input(head, now).unwrap();
        budget.handle_input(rest, now).unwrap();
        assert!(budget.has_greeted() && budget.extends_connect());
        budget.handle_input(&settings(&[(3, 8)]), now).unwrap();
        assert!(budget.extends_connect(), "settings that do not name it change nothing");
    }
    let mut budget = Budget::new(100);
    budget.handle_input(&settings(&[(8, 0), (0x800, 1)]), now).unwrap();
    assert!(!budget.extends_connect());
    budget.handle_input(&settings(&[(8, 1)]), now).unwrap();
    assert!(budget.extends_connect());
}

#[test]
fn a_wire_that_rests_keeps_no_room_for_streams() {
    let mut budget = Budget::new(100);
    [1, 3, 5].into_iter().for_each(|stream| budget.opened(stream, 0));
    [1, 3, 5].into_iter().for_each(|stream| budget.given_up(stream));
    assert!(budget.open.room() > 0);
    budget.rest();
    assert_eq!(budget.open.room(), 0);
}

#[test]
fn frames_that_come_as_a_whole_are_those_that_come_octet_by_octet() {
    let now = Instant::now();
    let came = [
        frame(HEADERS, END_HEADERS, 1, b"fields"),
        frame(DATA, 0, 1, b"some"),
        frame(DATA, 0, 1, b""),
        frame(DATA, PADDED, 1, b"\x02more\0\0"),
        frame(DATA, 1, 1, b"the end"),
        frame(HEADERS, END_HEADERS, 3, b"early"),
        frame(HEADERS, END_HEADERS | 1, 3, b""),
        frame(HEADERS, 0xfe, 0x7f, b"of nobody"),
        frame(DATA, 1, 5, b""),
        frame(7, 0, 0, &[0, 0, 0, 9, 0, 0, 0, 0]),
    ]
    .concat();
    let heard = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut budget = greeted(100, now);
        [1, 3, 5].into_iter().for_each(|stream| budget.opened(stream, 10));
        pieces.for_each(|piece| budget.handle_input(piece, now).unwrap());
        budget
    };
    let whole = heard(&mut [&came[..]].into_iter());
    assert_eq!(heard(&mut came.chunks(1)), whole);
    for at in 1..came.len() {
        assert_eq!(heard(&mut [&came[..at], &came[at..]].into_iter()), whole, "{at}");
    }
    assert_eq!(whole.bodies, [(1, 4), (1, 4), (1, 7)]);
    assert_eq!(whole.received().control_frames, 4, "the settings, two that are empty, and a farewell");
}

#[test]
fn a_stream_that_has_ended_tells_how_many_of_its_heads_nobody_took() {
    let now = Instant::now();
    let (hint, answer, last) = (|s| frame(HEADERS, END_HEADERS, s, b"100"), |s| frame(DATA, 1, s, b"x"), 1);
    let mut budget = greeted(100, now);
    [1, 3, 5].into_iter().for_each(|stream| budget.opened(stream, 10));
    let came = [
        hint(1),
        answer(1),
        hint(3),
        hint(3),
        frame(HEADERS, END_HEADERS | last, 3, b"200"),
        frame(HEADERS, END_HEADERS | last, 5, b"200"),
        answer(7),
    ];
    budget.handle_input(&came[2], now).unwrap();
    budget.interim_taken(3);
    came.iter().enumerate().filter(|(n, _)| *n != 2).for_each(|(_, frame)| budget.handle_input(frame, now).unwrap());
    assert_eq!(budget.take_ended().collect::<Vec<_>>(), [(1, Some(1)), (3, Some(1)), (5, Some(0)), (7, None)]);
}
