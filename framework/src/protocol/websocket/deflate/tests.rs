//! Compressed messages both ways: the samples of RFC 7692, every window beside a reader of our own, and what no message may be.

use bytes::Bytes;
use reference::Reference;

use super::*;
use crate::protocol::websocket::OpCode;
use crate::protocol::websocket::fault::Fault;

mod reference;

fn inflater(takeover: bool) -> Inflater {
    Inflater::new(Agreed::on((15, 15), (true, takeover), 6, 0))
}

/// A message in these frames, with so much asked for at a time.
fn expanded(inflater: &mut Inflater, frames: &[&[u8]], at_most: usize) -> Result<Vec<u8>, Fault> {
    let mut all = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        let (mut rest, ends) = (*frame, n + 1 == frames.len());
        loop {
            let Inflated { used, octets, then } = inflater.inflate(rest, ends, at_most)?;
            assert!(octets.len() <= at_most);
            all.extend_from_slice(&octets);
            rest = &rest[used..];
            match then {
                Then::End => {
                    assert!(ends && rest.is_empty());
                    return Ok(all);
                }
                Then::Input => {
                    assert!(rest.is_empty() && !ends);
                    break;
                }
                Then::More => {}
                Then::Flaw => assert!(!octets.is_empty(), "nothing comes before the flaw, so it is told"),
            }
        }
    }
    panic!("the message did not end");
}

fn is_hello(inflater: &mut Inflater, frames: &[&[u8]]) {
    assert_eq!(expanded(inflater, frames, usize::MAX).as_deref(), Ok(&b"Hello"[..]), "{frames:x?}");
}

const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

#[test]
fn rfc7692_7_2_3_every_sample_is_read() {
    // 7.2.3.1: one block, whole and in fragments.
    is_hello(&mut inflater(true), &[&HELLO]);
    is_hello(&mut inflater(true), &[&HELLO[..3], &HELLO[3..]]);
    // 7.2.3.2: the second message refers to the first.
    let mut shared = inflater(true);
    is_hello(&mut shared, &[&HELLO]);
    is_hello(&mut shared, &[&[0xf2, 0x00, 0x11, 0x00, 0x00]]);
    let mut alone = inflater(false);
    is_hello(&mut alone, &[&HELLO]);
    is_hello(&mut alone, &[&HELLO]);
    let refers = expanded(&mut alone, &[&[0xf2, 0x00, 0x11, 0x00, 0x00]], usize::MAX);
    assert_eq!(refers, Err(Fault::NotDeflated), "to a context that was not taken over");
    // 7.2.3.3: a block without compression.
    is_hello(&mut inflater(true), &[&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]]);
    // 7.2.3.4: a block that says it is the last one, and what may follow.
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let mut after_the_last = inflater(true);
    for _ in 0..2 {
        is_hello(&mut after_the_last, &[&last]);
        is_hello(&mut after_the_last, &[&last[..7]]);
        is_hello(&mut after_the_last, &[&HELLO]);
    }
    // 7.2.3.5: two blocks.
    let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    is_hello(&mut inflater(true), &[&two]);
    // 7.2.3.6: an empty message.
    let mut empty = inflater(true);
    assert_eq!(expanded(&mut empty, &[&[0x00]], 1).as_deref(), Ok(&b""[..]));
    assert_eq!(expanded(&mut empty, &[&[0x02, 0x00]], 1).as_deref(), Ok(&b""[..]));
    assert_eq!(expanded(&mut empty, &[&[]], 1).as_deref(), Ok(&b""[..]), "which somebody may mean by it");
    is_hello(&mut empty, &[&[], &HELLO, &[]]);
}

#[test]
fn rfc7692_7_2_3_what_is_sent_is_what_the_samples_are() {
    let mut deflater = Deflater::new(Agreed::on((15, 15), (true, true), 6, 0));
    let mut hello = || deflater.next(Some(OpCode::Text), &mut Bytes::from_static(b"Hello"), true);
    assert_eq!(hello(), Deflated { payload: Bytes::copy_from_slice(&HELLO), rsv1: true, more: false });
    assert_eq!(hello().payload[..], [0xf2, 0x00, 0x11, 0x00, 0x00]);
    let empty = deflater.next(Some(OpCode::Binary), &mut Bytes::new(), true);
    assert!(!empty.payload.is_empty() && empty.rsv1);
    let mut alone = Deflater::new(Agreed::on((15, 15), (false, true), 6, 5));
    for _ in 0..2 {
        assert_eq!(alone.next(Some(OpCode::Text), &mut Bytes::from_static(b"Hello"), true).payload[..], HELLO);
    }
    let short = alone.next(Some(OpCode::Text), &mut Bytes::from_static(b"Hell"), true);
    assert_eq!(short, Deflated { payload: "Hell".into(), rsv1: false, more: false });
}

#[test]
fn rfc7692_6_2_however_a_message_is_cut_and_asked_for_it_is_the_same() {
    let text: Vec<u8> = (0..5000_u32).flat_map(|n| format!("{} ", n % 700).into_bytes()).collect();
    let mut deflater = Deflater::new(Agreed::on((15, 15), (true, true), 6, 0));
    let payload = deflater.next(Some(OpCode::Text), &mut text.clone().into(), true).payload;
    for at_most in [1, 2, 3, 100, 4096, text.len() - 1, text.len(), usize::MAX] {
        for cut in [1, 2, 7, 100, payload.len()] {
            let frames: Vec<_> = payload.chunks(cut).collect();
            assert!(expanded(&mut inflater(true), &frames, at_most).as_ref() == Ok(&text), "{at_most} of {cut}");
        }
    }
}

#[test]
fn rfc7692_7_2_2_what_is_no_compressed_message_is_refused() {
    let refused = |payload: &[u8]| {
        for size in [1, payload.len()] {
            let frames: Vec<_> = payload.chunks(size).collect();
            let read = expanded(&mut inflater(true), &frames, 1);
            assert_eq!(read, Err(Fault::NotDeflated), "{payload:x?} in frames of {size}");
        }
    };
    // The third kind of block is none.
    refused(&[0x06]);
    // A length that is not what it is checked by.
    refused(&[0x00, 0x05, 0x00, 0xff, 0xff]);
    // A distance to before the beginning.
    refused(&[0xf2, 0x00, 0x11, 0x00, 0x00]);
    // Messages that end inside of a block.
    for cut in 1..HELLO.len() - 1 {
        refused(&HELLO[..cut]);
    }
    refused(&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48]);
    assert_eq!(Fault::NotDeflated.close_code(), 1007);
}

#[test]
fn what_comes_before_a_flaw_is_told_before_it_however_the_message_is_cut() {
    // A third kind of block, and the middle of one.
    let third = [&HELLO[..], &FLUSH_END, &[0x06]].concat();
    for (before, payload) in [("Hello", &third[..]), ("Hell", &HELLO[..5])] {
        for (cut, at_most) in [(1, 1), (1, 9), (2, 3), (payload.len(), 1), (payload.len(), 4), (payload.len(), 9)] {
            let (mut inflater, mut told, mut sent) = (inflater(true), Vec::new(), 0);
            let fault = loop {
                let end = (sent + cut).min(payload.len());
                match inflater.inflate(&payload[sent..end], end == payload.len(), at_most) {
                    Ok(Inflated { used, octets, then }) => {
                        assert_ne!(then, Then::End);
                        told.extend_from_slice(&octets);
                        sent += used;
                    }
                    Err(fault) => break fault,
                }
            };
            let told = String::from_utf8(told).unwrap();
            assert_eq!((told.as_str(), fault), (before, Fault::NotDeflated), "cut by {cut}, {at_most} at most");
        }
    }
}

#[test]
fn a_message_that_expands_to_very_much_is_expanded_as_far_as_it_is_asked_for() {
    let mut deflater = Deflater::new(Agreed::on((15, 15), (true, true), 9, 0));
    let mut octets = Bytes::from(vec![0; 64 * 1024 * 1024]);
    let mut bomb = Vec::new();
    let mut begins = Some(OpCode::Binary);
    loop {
        let before = octets.len();
        let frame = deflater.next(begins.take(), &mut octets, true);
        bomb.extend_from_slice(&frame.payload);
        // No more is compressed at a time than others on the thread can wait for.
        assert!(before - octets.len() <= 1024 * 1024 + 32 * 1024);
        if !frame.more {
            break;
        }
    }
    assert!(bomb.len() < 128 * 1024, "{} octets", bomb.len());
    let mut inflater = inflater(true);
    let Inflated { used, octets, then } = inflater.inflate(&bomb, true, 1000).unwrap();
    assert!(octets.len() == 1000 && then == Then::More && used < 64 * 1024);
    // Nor is more made at once than fits a piece, whatever is asked for.
    let Inflated { octets, then, .. } = inflater.inflate(&bomb[used..], true, usize::MAX).unwrap();
    assert!(octets.len() <= 32 * 1024 && then == Then::More);
}

/// Something that refers back at every distance, and something that does not.
fn message(random: &mut fastrand::Rng) -> Vec<u8> {
    let length = match random.u8(..4) {
        0 => random.usize(..8),
        1 => random.usize(..2_000),
        2 => random.usize(..20_000),
        _ => random.usize(..120_000),
    };
    let mut octets = Vec::with_capacity(length);
    while octets.len() < length {
        let run = random.usize(1..400);
        if octets.len() > 300 && random.bool() {
            let most = octets.len().min(1 << random.u32(6..16));
            let far = random.usize(..most);
            let from = octets.len() - 1 - far;
            (0..run).for_each(|n| octets.push(octets[from + n]));
        } else {
            let letters = random.u8(1..=255);
            octets.extend(std::iter::repeat_with(|| random.u8(..letters)).take(run));
        }
    }
    octets.truncate(length);
    octets
}

#[test]
fn rfc7692_7_1_2_whatever_is_sent_is_read_with_the_window_agreed_to() {
    let mut farthest = [0; 16];
    // Every window with every level, twice.
    for seed in 0..2 * 8 * 9 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (bits, takeover, level) = (8 + (seed % 8) as u8, random.bool(), 1 + (seed / 8 % 9) as u8);
        let agreed = Agreed::on((bits, bits), (takeover, takeover), level, random.usize(..100));
        let (mut deflater, mut inflater, mut reference) =
            (Deflater::new(agreed), Inflater::new(agreed), Reference::default());
        for _ in 0..random.usize(1..5) {
            let octets = message(&mut random);
            let (mut frames, mut compressed) = (Vec::new(), false);
            let pieces: Vec<_> = octets.chunks(random.usize(1..100_000)).map(Bytes::copy_from_slice).collect();
            let count = pieces.len();
            for (n, mut piece) in pieces.into_iter().chain((count == 0).then(Bytes::new)).enumerate() {
                let mut begins = Some(if n == 0 { OpCode::Binary } else { OpCode::Continuation });
                loop {
                    let frame = deflater.next(begins.take(), &mut piece, n + 1 >= count);
                    assert!(!frame.rsv1 || frames.is_empty());
                    compressed |= frame.rsv1;
                    assert!(frame.payload.len() < 100 * 1024, "seed {seed}: a frame of {}", frame.payload.len());
                    frames.push(frame.payload);
                    if !frame.more {
                        break;
                    }
                }
            }
            if !compressed {
                assert!(frames.concat() == octets, "seed {seed}");
                continue;
            }
            assert!(reference.message(&frames.concat()) == octets, "seed {seed}, {bits} bits, level {level}");
            let frames: Vec<_> = frames.iter().map(|frame| &frame[..]).collect();
            let at_most = random.usize(1..10_000);
            assert!(expanded(&mut inflater, &frames, at_most).as_ref() == Ok(&octets), "seed {seed}");
            if !takeover {
                reference.forget();
            }
        }
        assert!(reference.farthest <= 1 << bits, "seed {seed}: {} with {bits} bits", reference.farthest);
        farthest[usize::from(bits)] = reference.farthest.max(farthest[usize::from(bits)]);
    }
    // It was put to the test: zlib leaves 262 octets of each window free, and uses one of 512 for 256.
    assert!((200..=250).contains(&farthest[8]), "{farthest:?}");
    assert!((9..16).all(|bits| farthest[bits] > (1 << bits) / 3), "{farthest:?}");
}

#[test]
fn whatever_comes_is_expanded_or_refused() {
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut octets: Vec<u8> = (0..random.usize(1..100)).map(|_| random.u8(..) & random.u8(..)).collect();
        if random.bool() {
            octets.splice(..0, HELLO);
        }
        let whole = expanded(&mut inflater(true), &[&octets], usize::MAX);
        let size = random.usize(1..9);
        let frames: Vec<_> = octets.chunks(size).collect();
        assert_eq!(expanded(&mut inflater(true), &frames, random.usize(1..9)), whole, "seed {seed}");
    }
}

#[test]
fn a_message_of_empty_last_blocks_is_read_without_a_context_for_each() {
    let octets = [0x03, 0x00].repeat(200_000);
    assert_eq!(expanded(&mut inflater(true), &[&octets], 100).as_deref(), Ok(&b""[..]));
}
