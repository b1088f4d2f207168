//! What goes out, in which order, and what is withdrawn.

use std::convert::Infallible;

use super::*;

/// Writes so many octets at a time: what a server would see, unmasked, frame by frame.
fn written(writer: &mut Writer, at_a_time: usize) -> Vec<(u8, Vec<u8>)> {
    let (mut wire, mut masks) = (Vec::new(), Vec::new());
    let mut count = 0_u32;
    loop {
        let mask = || {
            count += 1;
            masks.push(count.to_be_bytes());
            Ok::<_, Infallible>(count.to_be_bytes())
        };
        let Ok(octets) = writer.octets(mask);
        if octets.is_empty() {
            break;
        }
        let length = octets.len().min(at_a_time);
        wire.extend_from_slice(&octets[..length]);
        writer.wrote(length);
    }
    frames(&wire, &masks)
}

fn frames(mut wire: &[u8], masks: &[[u8; 4]]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let [first, second, rest @ ..] = wire {
        assert_eq!(second & 0x80, 0x80, "every frame is masked");
        let (length, rest) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            short => (usize::from(short), rest),
        };
        let (mask, rest) = rest.split_at(4);
        assert_eq!(mask, masks[all.len()], "every frame has a mask of its own");
        let (payload, rest) = rest.split_at(length);
        all.push((*first, payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask).collect()));
        wire = rest;
    }
    all
}

#[test]
fn rfc6455_5_4_control_frames_go_between_data_frames_and_the_close_frame_last() {
    for at_a_time in [1, 7, usize::MAX] {
        let mut writer = Writer::default();
        writer.send(OpCode::Text, true, Bytes::from_static(b"hello"));
        writer.close(CloseFrame::new(1000, "bye").unwrap());
        writer.ping([0; 8]);
        writer.pong(Bytes::from_static(b"1"));
        writer.pong(Bytes::from_static(b"2"));
        let expected =
            [(0x8a, b"2".to_vec()), (0x89, vec![0; 8]), (0x81, b"hello".to_vec()), (0x88, b"\x03\xe8bye".to_vec())];
        assert_eq!(written(&mut writer, at_a_time), expected, "only the last ping is answered");
        assert_eq!(writer.flushed(), Gone { message: true, close: true });
        writer.pong(Bytes::from_static(b"3"));
        writer.send(OpCode::Text, true, Bytes::from_static(b"late"));
        writer.close(CloseFrame::new(1001, "").unwrap());
        assert_eq!(written(&mut writer, at_a_time), [], "nothing follows the close frame");
    }
}

#[test]
fn a_large_message_is_one_frame_made_ready_piece_by_piece() {
    let payload: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    let mut writer = Writer::default();
    writer.send(OpCode::Binary, false, payload.clone().into());
    let Ok(octets) = writer.octets(|| Ok::<_, Infallible>([0; 4]));
    assert!(octets.len() <= CHUNK + 14);
    writer.pong(Bytes::from_static(b"waits for the end of the frame"));
    let mut again = Writer::default();
    again.send(OpCode::Binary, false, payload.clone().into());
    assert_eq!(written(&mut again, 10_000), [(0x02, payload)]);
}

#[test]
fn what_has_not_begun_is_withdrawn_and_what_has_goes_out_untold() {
    let mut writer = Writer::default();
    writer.send(OpCode::Text, true, Bytes::from_static(b"never"));
    assert!(writer.withdraw() && writer.is_free());
    assert_eq!(written(&mut writer, 1), []);
    writer.send(OpCode::Text, true, Bytes::from_static(b"begun"));
    let Ok(octets) = writer.octets(|| Ok::<_, Infallible>([0, 0, 0, 1]));
    assert!(!octets.is_empty());
    assert!(!writer.withdraw() && !writer.is_free());
    assert_eq!(
        frames(writer.octets(|| Ok::<_, Infallible>([9; 4])).unwrap(), &[[0, 0, 0, 1]]),
        [(0x81, b"begun".to_vec())]
    );
    writer.wrote(11);
    assert_eq!(writer.flushed(), Gone { message: false, close: false });
    assert!(writer.is_free());
}

#[test]
fn an_empty_message_is_told_of_when_it_has_gone() {
    let mut writer = Writer::default();
    writer.send(OpCode::Binary, true, Bytes::new());
    assert_eq!(writer.flushed(), Gone { message: false, close: false }, "it has not begun");
    assert_eq!(written(&mut writer, 1), [(0x82, vec![])]);
    assert_eq!(writer.flushed(), Gone { message: true, close: false });
    assert_eq!(writer.flushed(), Gone { message: false, close: false });
}

#[test]
fn what_is_put_behind_each_other_goes_out_in_order_and_its_end_is_known() {
    for at_a_time in [1, 7, usize::MAX] {
        let (mut writer, mut masks, mut count) = (Writer::default(), Vec::new(), 0_u32);
        let mut mask = || {
            count += 1;
            masks.push(count.to_be_bytes());
            Ok::<_, Infallible>(count.to_be_bytes())
        };
        let Ok(first) = writer.append((OpCode::Text, true, Bytes::from_static(b"one")), &mut mask);
        writer.pong(Bytes::from_static(b"p"));
        assert!(writer.owes() && writer.room(64) > 0);
        // Longer than a piece: nothing is put behind it before it is through.
        let long = vec![7; CHUNK + 1];
        let Ok(second) = writer.append((OpCode::Binary, true, long.clone().into()), &mut mask);
        assert_eq!((first, second), (Some(9), Some(9 + 7 + 8 + long.len() as u64)));
        let Some(second) = second else { panic!("its end is known") };
        assert_eq!(writer.room(usize::MAX), 0);
        let mut wire = Vec::new();
        loop {
            let Ok(octets) = writer.octets(&mut mask);
            if octets.is_empty() {
                break;
            }
            let length = octets.len().min(at_a_time);
            wire.extend_from_slice(&octets[..length]);
            writer.wrote(length);
        }
        // Only a flush tells that the last octets are through.
        assert!(writer.through() < second);
        assert_eq!(writer.flushed(), Gone { message: false, close: false });
        assert_eq!((writer.through(), writer.room(64)), (second, 64));
        let expected = [(0x81, b"one".to_vec()), (0x8a, b"p".to_vec()), (0x82, long)];
        assert_eq!(frames(&wire, &masks), expected);
    }
}

#[test]
fn those_who_hear_of_frames_hear_of_each_when_it_begins() {
    let mut writer = Writer::default();
    writer.tap(true);
    writer.send(OpCode::Text, false, Bytes::from_static(b"hello"));
    writer.ping([0; 8]);
    assert_eq!(writer.began(), []);
    written(&mut writer, 3);
    let told: Vec<_> = writer.began().iter().map(|frame| (frame.opcode, frame.fin, frame.length)).collect();
    assert_eq!(told, [(OpCode::Ping, true, 8), (OpCode::Text, false, 5)]);
    writer.tap(false);
    writer.pong(Bytes::new());
    written(&mut writer, 3);
    assert_eq!(writer.began(), []);
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::*;
    use crate::protocol::websocket::deflate::{Inflater, Then};

    fn agreed(least: usize) -> Option<Agreed> {
        Some(Agreed::on((15, 15), (true, true), 6, least))
    }

    /// The messages that these frames are, of which the first says whether it is compressed.
    fn messages(inflater: &mut Inflater, frames: &[(u8, Vec<u8>)]) -> Vec<(u8, Vec<u8>)> {
        let mut all: Vec<(u8, Vec<u8>)> = Vec::new();
        for (first, payload) in frames.iter().filter(|(first, _)| first & 0x0f < 8) {
            if first & 0x0f == 0 {
                all.last_mut().unwrap().1.extend_from_slice(payload);
            } else {
                all.push((first & 0x4f, payload.clone()));
            }
        }
        for (_, payload) in all.iter_mut().filter(|(first, _)| first & 0x40 != 0) {
            let (mut expanded, mut used) = (Vec::new(), 0);
            loop {
                let step = inflater.inflate(&payload[used..], true, usize::MAX).unwrap();
                used += step.used;
                expanded.extend_from_slice(&step.octets);
                if step.then == Then::End {
                    break;
                }
            }
            *payload = expanded;
        }
        all
    }

    #[test]
    fn rfc7692_6_1_a_large_message_goes_in_fragments_with_control_frames_between_them() {
        let mut random = fastrand::Rng::with_seed(1);
        let payload: Vec<u8> = std::iter::repeat_with(|| random.u8(..64)).take(400_000).collect();
        let mut writer = Writer::default().deflating(agreed(64));
        writer.send(OpCode::Binary, true, payload.clone().into());
        let Ok(octets) = writer.octets(|| Ok::<_, Infallible>([0; 4]));
        assert!(octets.len() <= CHUNK + 14);
        let mut writer = Writer::default().deflating(agreed(64));
        writer.send(OpCode::Binary, true, payload.clone().into());
        let mut wire = Vec::new();
        let mut masks = Vec::new();
        for round in 0.. {
            let mask = || {
                masks.push([7; 4]);
                Ok::<_, Infallible>([7; 4])
            };
            let Ok(octets) = writer.octets(mask);
            if octets.is_empty() {
                break;
            }
            let length = octets.len();
            wire.extend_from_slice(octets);
            writer.wrote(length);
            assert!(!writer.flushed().message || writer.is_free());
            if round == 2 {
                writer.pong(Bytes::from_static(b"!"));
            }
        }
        assert!(writer.is_free());
        let frames = frames(&wire, &masks);
        let firsts: Vec<_> = frames.iter().map(|(first, _)| *first).collect();
        assert_eq!((firsts[0], firsts.last()), (0x42, Some(&0x80)));
        assert!(firsts[1..firsts.len() - 1].iter().all(|first| matches!(first, 0x00 | 0x8a)) && firsts.contains(&0x8a));
        assert!(frames.iter().all(|(_, payload)| payload.len() < 3 * CHUNK));
        let mut inflater = Inflater::new(agreed(0).unwrap());
        assert!(messages(&mut inflater, &frames) == [(0x42, payload)]);
    }

    #[test]
    fn what_is_withdrawn_is_not_referred_to_and_what_was_begun_is() {
        let mut writer = Writer::default().deflating(agreed(0));
        let mut all = Vec::new();
        writer.send(OpCode::Text, true, Bytes::from_static(b"one and the same"));
        all.extend(written(&mut writer, 5));
        assert!(writer.flushed().message);
        writer.send(OpCode::Text, true, Bytes::from_static(b"this was never sent to anybody"));
        assert!(writer.withdraw() && writer.is_free());
        writer.send(OpCode::Text, true, Bytes::from_static(b"never sent to anybody: one and the same"));
        let Ok(_) = writer.octets(|| Ok::<_, Infallible>([0, 0, 0, 1]));
        assert!(!writer.withdraw());
        let Ok(octets) = writer.octets(|| Ok::<_, Infallible>([9; 4]));
        let length = octets.len();
        all.extend(frames(octets, &[[0, 0, 0, 1]]));
        writer.wrote(length);
        assert_eq!(writer.flushed(), Gone { message: false, close: false });
        writer.send(OpCode::Text, false, Bytes::from_static(b"never sent "));
        all.extend(written(&mut writer, 5));
        writer.flushed();
        writer.send(OpCode::Continuation, false, Bytes::from_static(b"a part that is withdrawn"));
        assert!(writer.withdraw());
        writer.send(OpCode::Continuation, true, Bytes::new());
        all.extend(written(&mut writer, 5));
        writer.flushed();
        let mut inflater = Inflater::new(agreed(0).unwrap());
        let expected = ["one and the same", "never sent to anybody: one and the same", "never sent "];
        assert_eq!(messages(&mut inflater, &all), expected.map(|text| (0x41, text.as_bytes().to_vec())));
    }

    #[test]
    fn what_is_put_behind_each_other_is_compressed_too_and_its_end_is_known() {
        let mut random = fastrand::Rng::with_seed(2);
        let large: Vec<u8> = std::iter::repeat_with(|| random.u8(..64)).take(400_000).collect();
        let mut writer = Writer::default().deflating(agreed(0));
        let (mut masks, mut wire) = (Vec::new(), Vec::new());
        let mut mask = || {
            masks.push([5; 4]);
            Ok::<_, Infallible>([5; 4])
        };
        for payload in [b"one and the same".to_vec(), large.clone(), b"one and the same".to_vec()] {
            let is_large = payload.len() > CHUNK;
            let Ok(end) = writer.append((OpCode::Binary, true, payload.into()), &mut mask);
            // Of a large one only the first frame is made, and nothing is put behind it before it is through.
            assert_eq!((end.is_none(), writer.is_free()), (is_large, !is_large));
            let Ok(octets) = writer.octets(&mut mask);
            assert!(octets.len() <= CHUNK + 14);
            while let Ok(octets) = writer.octets(&mut mask)
                && !octets.is_empty()
            {
                let length = octets.len();
                wire.extend_from_slice(octets);
                writer.wrote(length);
            }
            assert!(!writer.flushed().message && writer.is_free());
            assert_eq!(writer.through(), wire.len() as u64);
            assert_eq!(end.unwrap_or(writer.through()), writer.through());
        }
        let mut inflater = Inflater::new(agreed(0).unwrap());
        let sent = [&b"one and the same"[..], &large, b"one and the same"].map(|payload| (0x42, payload.to_vec()));
        assert!(messages(&mut inflater, &frames(&wire, &masks)) == sent);
    }

    #[test]
    fn a_short_message_goes_as_it_is() {
        let mut writer = Writer::default().deflating(agreed(6));
        writer.send(OpCode::Text, true, Bytes::from_static(b"short"));
        assert_eq!(written(&mut writer, 9), [(0x81, b"short".to_vec())]);
        writer.flushed();
        writer.send(OpCode::Text, false, Bytes::from_static(b"more may come"));
        assert_eq!(written(&mut writer, 9)[0].0, 0x41);
        writer.flushed();
        writer.send(OpCode::Continuation, true, Bytes::from_static(b"."));
        assert_eq!(written(&mut writer, 9)[0].0, 0x80);
    }
}
