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
        assert_eq!((first, second, writer.room(usize::MAX)), (9, 9 + 7 + 8 + long.len() as u64, 0));
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
