//! Frames in pieces, their order, and what they may hold.

use super::*;

const LIMITS: ReadLimits = ReadLimits { message: 1000, frame: 500, fragments: 4 };

/// All that comes of these octets, in pieces of this size, with everything wished for.
fn read_in(size: usize, octets: &[u8]) -> (Vec<Incoming>, Option<Fault>) {
    let (mut reader, mut input, mut all) = (Reader::new(LIMITS), BytesMut::new(), Vec::new());
    for piece in octets.chunks(size) {
        input.extend_from_slice(piece);
        loop {
            match reader.handle_input(&mut input, Some(usize::MAX)) {
                Ok(Incoming::NeedMore { .. }) => break,
                Ok(incoming) => all.push(incoming),
                Err(fault) => return (all, Some(fault)),
            }
        }
    }
    (all, None)
}

fn fault(octets: &[u8]) -> Option<Fault> {
    let whole = read_in(octets.len(), octets).1;
    assert_eq!(read_in(1, octets).1, whole);
    whole
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    match payload.len() {
        length @ 0..=125 => [&[first, length as u8], payload].concat(),
        length => [&[first, 126], &(length as u16).to_be_bytes()[..], payload].concat(),
    }
}

/// The messages that pieces make, and the control frames between them.
fn joined(all: Vec<Incoming>) -> Vec<String> {
    let (mut told, mut open) = (Vec::new(), Vec::new());
    for one in all {
        match one {
            Incoming::Piece(Piece { is_text, octets, last }) => {
                open.extend_from_slice(&octets);
                if last {
                    let octets = std::mem::take(&mut open);
                    told.push(format!(
                        "{} {}",
                        if is_text { "text" } else { "binary" },
                        String::from_utf8_lossy(&octets)
                    ));
                }
            }
            Incoming::Ping(payload) => told.push(format!("ping {}", String::from_utf8_lossy(&payload))),
            Incoming::Pong(payload) => told.push(format!("pong {}", String::from_utf8_lossy(&payload))),
            Incoming::Close(frame) => told.push(format!("close {} {}", frame.code, frame.reason)),
            Incoming::NeedMore { .. } | Incoming::Held | Incoming::Began(_) => panic!("{one:?}"),
        }
    }
    told
}

#[test]
fn rfc6455_5_4_messages_and_what_stands_between_their_fragments_come_out_however_they_are_cut() {
    let octets = [
        frame(0x81, "h\u{e9}llo".as_bytes()),
        frame(0x02, b"one "),
        frame(0x89, b"still there?"),
        frame(0x00, b""),
        frame(0x8a, b""),
        frame(0x80, b"two"),
        frame(0x82, &[b'x'; 300]),
        frame(0x88, b"\x03\xe8bye"),
        frame(0x81, b"nothing after a close is delivered"),
    ]
    .concat();
    let expected = [
        "text h\u{e9}llo",
        "ping still there?",
        "pong ",
        "binary one two",
        &format!("binary {}", "x".repeat(300)),
        "close 1000 bye",
    ];
    for size in 1..=octets.len() {
        let (all, fault) = read_in(size, &octets);
        assert_eq!((joined(all), fault), (expected.map(str::to_owned).to_vec(), None), "in pieces of {size}");
    }
}

#[test]
fn rfc6455_5_4_what_may_not_follow_is_refused() {
    assert_eq!(fault(&frame(0x80, b"x")), Some(Fault::UnexpectedContinuation));
    assert_eq!(fault(&[frame(0x01, b"a"), frame(0x81, b"b")].concat()), Some(Fault::UnexpectedBegin));
    assert_eq!(fault(&[frame(0x01, b"a"), frame(0x82, b"b")].concat()), Some(Fault::UnexpectedBegin));
    assert_eq!(fault(&[frame(0x81, b"a"), frame(0x80, b"b")].concat()), Some(Fault::UnexpectedContinuation));
}

#[test]
fn rfc6455_8_1_text_fails_at_its_first_bad_octet_before_its_frame_is_complete() {
    let (all, fault) = read_in(1, b"\x81\x7dab\xff");
    assert_eq!((all.len(), fault), (2, Some(Fault::NotText)));
    assert_eq!(Fault::NotText.close_code(), 1007);
    // A character that a fragment began and the message does not end.
    assert_eq!(self::fault(&[frame(0x01, b"\xe2\x82"), frame(0x80, b"")].concat()), Some(Fault::NotText));
    assert_eq!(self::fault(&[frame(0x01, b"\xe2\x82"), frame(0x80, b"\xac")].concat()), None);
}

#[test]
fn limits_hold_before_anything_is_kept() {
    assert_eq!(fault(&[0x82, 126, 0x01, 0xf5]), Some(Fault::FrameTooLong { limit: 500 }));
    let third = [0x00, 126, 0x01, 0xf4];
    let sum = [frame(0x02, &[0; 500]), frame(0x00, &[0; 500]), third.to_vec()].concat();
    assert_eq!(fault(&sum), Some(Fault::MessageTooLong { limit: 1000 }));
    let most = [frame(0x02, &[0; 500]), frame(0x80, &[0; 500])].concat();
    assert_eq!(fault(&most), None, "a limit is what there may be");
    let flood = [frame(0x01, b""), frame(0x00, b"").repeat(4)].concat();
    assert_eq!(fault(&flood), Some(Fault::TooManyFragments { limit: 4 }));
    assert_eq!(Fault::TooManyFragments { limit: 4 }.close_code(), 1009);
}

#[test]
fn without_a_wish_control_frames_are_read_and_a_message_is_left_where_it_is() {
    let mut reader = Reader::new(LIMITS);
    let mut input = BytesMut::from(&[frame(0x89, b"a"), frame(0x81, b"hello"), frame(0x89, b"b")].concat()[..]);
    assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::Ping(Bytes::from_static(b"a"))));
    assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::Held));
    let piece = |octets: &'static [u8], last| Ok(Incoming::Piece(Piece { is_text: true, octets: octets.into(), last }));
    assert_eq!(reader.handle_input(&mut input, Some(2)), piece(b"he", false));
    assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::Held));
    assert_eq!(reader.handle_input(&mut input, Some(9)), piece(b"llo", true));
    assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::Ping(Bytes::from_static(b"b"))));
    assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::NeedMore { want: 0 }));
}

#[test]
fn of_a_message_that_has_only_been_announced_nothing_is_held() {
    let (mut reader, mut input) = (Reader::new(LIMITS), BytesMut::from(&b"\x81\x05"[..]));
    assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::NeedMore { want: 0 }));
    assert_eq!(reader.handle_input(&mut input, Some(9)), Ok(Incoming::NeedMore { want: 5 }));
}

#[test]
fn an_empty_message_is_held_too() {
    let (mut reader, mut input) = (Reader::new(LIMITS), BytesMut::from(&b"\x81\x00"[..]));
    assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::Held));
    let empty = Piece { is_text: true, octets: Bytes::new(), last: true };
    assert_eq!(reader.handle_input(&mut input, Some(1)), Ok(Incoming::Piece(empty)));
}

#[test]
fn whatever_comes_the_reader_takes_it_or_names_a_fault() {
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let octets: Vec<u8> = (0..random.usize(1..200)).map(|_| random.u8(..) & random.u8(..)).collect();
        let (whole, once) = read_in(octets.len(), &octets);
        let (pieces, again) = read_in(random.usize(1..8), &octets);
        // Where it is cut decides neither what is wrong nor whether.
        assert_eq!(once, again, "seed {seed}");
        if once.is_none() {
            assert_eq!(joined(whole), joined(pieces), "seed {seed}");
        }
    }
}

#[test]
fn those_who_hear_of_frames_hear_of_each_before_what_it_brings() {
    let mut reader = Reader::new(LIMITS);
    reader.tap(true);
    let octets =
        [frame(0x01, b"he"), frame(0x89, b"p"), frame(0x00, b""), frame(0x80, b"y"), frame(0x88, b"")].concat();
    let (mut input, mut told) = (BytesMut::new(), Vec::new());
    for octet in octets {
        input.extend_from_slice(&[octet]);
        loop {
            match reader.handle_input(&mut input, Some(9)).unwrap() {
                Incoming::NeedMore { .. } => break,
                Incoming::Began(frame) => {
                    told.push(format!("{:?} {} {}", frame.opcode, frame.fin, frame.length));
                }
                Incoming::Piece(piece) => told.push(format!("{:?}", piece.octets)),
                other => told.push(format!("{other:?}").split(['(', ' ']).next().unwrap().to_owned()),
            }
        }
    }
    let first = ["Text false 2", "b\"h\"", "b\"e\"", "Ping true 1", "Ping", "Continuation false 0"];
    let last = ["Continuation true 1", "b\"y\"", "Close true 0", "Close"];
    assert_eq!(told, [&first[..], &last].concat());
    reader.tap(false);
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::*;

    fn reader() -> Reader {
        Reader::new(LIMITS).inflating(Some(Agreed::on((15, 15), (true, true), 6, 0)))
    }

    /// What comes of these octets, asked for by so many at a time, and the pieces' kind.
    fn read(octets: &[u8], size: usize, wish: usize) -> (Vec<String>, Option<Fault>) {
        let (mut reader, mut input, mut all) = (reader(), BytesMut::new(), Vec::new());
        for piece in octets.chunks(size) {
            input.extend_from_slice(piece);
            loop {
                match reader.handle_input(&mut input, Some(wish)) {
                    Ok(Incoming::NeedMore { .. }) => break,
                    Ok(incoming) => all.push(incoming),
                    Err(fault) => return (joined(all), Some(fault)),
                }
            }
        }
        assert!(input.is_empty());
        (joined(all), None)
    }

    const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

    #[test]
    fn rfc7692_6_compressed_messages_and_others_take_turns_however_they_are_cut() {
        let octets = [
            frame(0xc1, &HELLO),
            frame(0x81, b"plain"),
            frame(0x41, &HELLO[..2]),
            frame(0x89, b"?"),
            frame(0x00, b""),
            frame(0x00, &HELLO[2..]),
            frame(0x80, b""),
            frame(0xc2, b"\x00"),
            frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
            frame(0x88, b""),
        ]
        .concat();
        let expected = ["text Hello", "text plain", "ping ?", "text Hello", "binary ", "text Hello", "close 1005 "];
        for size in [1, 2, 3, 5, 7, octets.len()] {
            for wish in [1, 2, 4, 5, 6, 1000] {
                assert_eq!(read(&octets, size, wish), (expected.map(str::to_owned).to_vec(), None), "{size} {wish}");
            }
        }
    }

    #[test]
    fn rfc7692_6_what_is_asked_for_ends_with_the_message_and_without_a_wish_it_is_left_where_it_is() {
        let (mut reader, mut input) = (reader(), BytesMut::from(&frame(0xc1, &HELLO)[..]));
        let piece =
            |octets: &'static [u8], last| Ok(Incoming::Piece(Piece { is_text: true, octets: octets.into(), last }));
        assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::Held));
        assert_eq!(reader.handle_input(&mut input, Some(3)), piece(b"Hel", false));
        assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::Held), "though nothing is left of the frame");
        assert_eq!(reader.handle_input(&mut input, Some(2)), piece(b"lo", true));
        assert_eq!(reader.handle_input(&mut input, None), Ok(Incoming::NeedMore { want: 0 }));
    }

    #[test]
    fn all_of_a_fragment_is_expanded_before_the_next_one_is_waited_for() {
        let (mut reader, mut input) = (reader(), BytesMut::from(&frame(0x41, &HELLO)[..]));
        for octet in ["H", "e", "l", "l", "o"] {
            let piece = Piece { is_text: true, octets: octet.into(), last: false };
            assert_eq!(reader.handle_input(&mut input, Some(1)), Ok(Incoming::Piece(piece)));
        }
        assert_eq!(reader.handle_input(&mut input, Some(1)), Ok(Incoming::NeedMore { want: 0 }));
    }

    #[test]
    fn what_does_not_compress_may_be_longer_by_an_eighth_and_a_little() {
        const LONGEST: u64 = 1 << 20;
        let announced = |length: u64| {
            let mut reader = reader();
            reader.limits = ReadLimits { message: LONGEST, frame: u64::MAX, fragments: 1 };
            reader.handle_input(&mut BytesMut::from(&[&[0xc2, 127][..], &length.to_be_bytes()].concat()[..]), Some(9))
        };
        let most = LONGEST + LONGEST / 8 + 64 * 1024;
        assert_eq!(announced(most), Ok(Incoming::NeedMore { want: most }));
        assert_eq!(announced(most + 1), Err(Fault::MessageTooLong { limit: LONGEST }));
    }

    #[test]
    fn rfc7692_6_rsv1_on_what_begins_no_message_is_refused() {
        for octets in [&frame(0xc9, b"")[..], &[frame(0x41, &HELLO), frame(0xc0, b"")].concat(), &frame(0xa1, b"")] {
            assert_eq!(read(octets, 1, 1).1, Some(Fault::ReservedBits));
        }
        assert_eq!(fault(&frame(0xc1, &HELLO)), Some(Fault::ReservedBits), "without it having been agreed to");
    }

    #[test]
    fn rfc6455_8_1_what_a_text_message_expands_to_is_text() {
        // Stored blocks: a euro sign in two frames, and one that is cut off.
        let [first, second] = [&b"\x00\x02\x00\xfd\xff\xe2\x82"[..], b"\x00\x01\x00\xfe\xff\xac\x00"];
        let whole = [frame(0x41, first), frame(0x80, second)].concat();
        assert_eq!(read(&whole, 1, 1), (vec!["text \u{20ac}".to_owned()], None));
        let cut = frame(0xc1, &[first, b"\x00"].concat());
        assert_eq!(read(&cut, cut.len(), 1000), (vec![], Some(Fault::NotText)));
    }

    #[test]
    fn of_several_faults_the_first_octet_that_is_wrong_decides() {
        use crate::protocol::websocket::deflate::Deflater;
        // As many octets, and a block of the third kind.
        let flawed = |octets: &[u8]| {
            let mut deflater = Deflater::new(Agreed::on((15, 15), (true, true), 9, 0));
            let payload = deflater.next(Some(OpCode::Text), &mut octets.to_vec().into(), true).payload;
            frame(0xc1, &[&payload[..], &[0x00, 0x00, 0xff, 0xff, 0x06]].concat())
        };
        let too_long = Fault::MessageTooLong { limit: 1000 };
        let bad_text = [&b"\xff"[..], &[b'x'; 1000]].concat();
        for (octets, fault) in
            [(&[b'x'; 1000][..], Fault::NotDeflated), (&[b'x'; 1001], too_long), (&bad_text, Fault::NotText)]
        {
            let frame = flawed(octets);
            for (cut, wish) in
                [(1, 1), (1, usize::MAX), (frame.len(), 1), (frame.len(), 999), (frame.len(), usize::MAX)]
            {
                assert_eq!(read(&frame, cut, wish), (vec![], Some(fault)), "cut by {cut}, {wish} at most");
            }
        }
    }

    #[test]
    fn limits_are_those_of_what_a_message_expands_to() {
        use crate::protocol::websocket::deflate::Deflater;
        let compressed = |length: usize| {
            let mut deflater = Deflater::new(Agreed::on((15, 15), (true, true), 9, 0));
            frame(0xc2, &deflater.next(Some(OpCode::Binary), &mut vec![b'x'; length].into(), true).payload)
        };
        for wish in [1, 999, 1000, 1001] {
            assert_eq!(read(&compressed(1000), 1, wish), (vec![format!("binary {}", "x".repeat(1000))], None));
            let too_long = compressed(1001);
            let limit = Fault::MessageTooLong { limit: 1000 };
            assert_eq!(read(&too_long, too_long.len(), wish), (vec![], Some(limit)));
        }
        // Of what comes to nothing there may not be without end either.
        let mut reader = reader();
        let empty = frame(0x42, &[0x00, 0x00, 0x00, 0xff, 0xff].repeat(99));
        let mut input = BytesMut::from(&[empty, frame(0x00, &[0x00, 0x00, 0x00, 0xff, 0xff].repeat(99))].concat()[..]);
        assert_eq!(reader.handle_input(&mut input, Some(9)), Ok(Incoming::NeedMore { want: 0 }));
        reader.limits = ReadLimits { message: 1000, frame: 1 << 40, fragments: 100 };
        let mut input = BytesMut::from(&[&[0x00, 127][..], &(66_000_u64).to_be_bytes()].concat()[..]);
        let limit = Fault::MessageTooLong { limit: 1000 };
        assert_eq!(reader.handle_input(&mut input, Some(9)), Err(limit));
    }
}
