//! WebSocket: frames that come in, compressed or not, and messages that go out.

use bytes::{Bytes, BytesMut};

use super::pieces::{Taker, cuts};
use crate::protocol::websocket::OpCode;
#[cfg(feature = "deflate")]
use crate::protocol::websocket::deflate::Agreed;
use crate::protocol::websocket::fault::Fault;
use crate::protocol::websocket::reader::{Incoming, Piece, ReadLimits, Reader};
use crate::protocol::websocket::writer::Writer;

/// Frames are read in the same way however they are cut and however little of a message is asked for at a time, and no message is
/// longer than it may be. The first octet says whether they may be compressed, and into which window.
pub fn websocket(octets: &[u8]) {
    let Some((choice, octets)) = octets.split_first() else { return };
    let whole = read(reader(*choice), &[octets], usize::MAX);
    for (pieces, at_most) in cuts(octets).zip([usize::MAX, 3, 20]) {
        let told = read(reader(*choice), &pieces, at_most);
        assert_eq!(told, whole, "{at_most} at most of {} pieces", pieces.len());
    }
}

/// A message that is written comes back as it was, with the mask taken off; so do the control frames between its frames.
pub fn websocket_written(octets: &[u8]) {
    let mut taker = Taker(octets);
    let choice = taker.octet();
    let mut writer = writer(choice);
    let (mut sent, mut frames) = (Vec::new(), Vec::new());
    for _ in 0..taker.octet() % 8 {
        let kind = taker.octet();
        match kind & 3 {
            0 => {
                let payload = taker.octets().get(..125.min(taker.0.len())).unwrap_or_default();
                writer.pong(Bytes::copy_from_slice(payload));
                drain(&mut writer, kind, &mut frames);
                sent.push(Event::Pong(payload.to_vec()));
            }
            1 => {
                writer.ping([kind; 8]);
                drain(&mut writer, kind, &mut frames);
                sent.push(Event::Ping(vec![kind; 8]));
            }
            _ => {
                let message = taker.octets().repeat(if kind & 4 == 0 { 1 } else { 700 });
                let pieces: Vec<_> = message.chunks(message.len().div_ceil(2).max(1)).collect();
                let last = pieces.len().saturating_sub(1);
                for (at, piece) in pieces.iter().enumerate() {
                    let opcode = if at == 0 { OpCode::Binary } else { OpCode::Continuation };
                    writer.send(opcode, at == last, Bytes::copy_from_slice(piece));
                    drain(&mut writer, kind, &mut frames);
                    assert!(writer.is_free(), "a piece is still under way");
                }
                if !pieces.is_empty() {
                    sent.push(Event::Message { is_text: false, octets: message, over: true });
                }
            }
        }
    }
    let limits = ReadLimits { message: u64::MAX, frame: u64::MAX, fragments: u32::MAX };
    let told = read(with(Reader::new(limits), choice), &[&unmasked(&frames)], usize::MAX);
    assert_eq!(told, (sent, None));
}

#[derive(Debug, PartialEq)]
enum Event {
    Message { is_text: bool, octets: Vec<u8>, over: bool },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, Box<str>),
}

fn reader(choice: u8) -> Reader {
    with(Reader::new(ReadLimits { message: LONGEST_MESSAGE, frame: 600, fragments: 5 }), choice)
}

/// Of what is compressed and what comes in and goes out by the same terms.
#[cfg(feature = "deflate")]
fn agreed(choice: u8) -> Option<Agreed> {
    let (bits, takeover) = (8 + (choice >> 1 & 7), choice & 0x10 == 0);
    let level = 1 + (choice >> 5);
    (choice & 1 == 0).then(|| Agreed::on((bits, bits), (takeover, takeover), level, 16))
}

#[cfg(feature = "deflate")]
fn with(reader: Reader, choice: u8) -> Reader {
    reader.inflating(agreed(choice))
}

#[cfg(not(feature = "deflate"))]
fn with(reader: Reader, _: u8) -> Reader {
    reader
}

#[cfg(feature = "deflate")]
fn writer(choice: u8) -> Writer {
    Writer::default().deflating(agreed(choice))
}

#[cfg(not(feature = "deflate"))]
fn writer(_: u8) -> Writer {
    Writer::default()
}

/// What came of frames; a message that a fault cut short is left out, for how much of it had come hangs on how it was cut.
fn read(mut reader: Reader, pieces: &[&[u8]], at_most: usize) -> (Vec<Event>, Option<Fault>) {
    let (mut input, mut pieces, mut events) = (BytesMut::new(), pieces.iter(), Vec::new());
    loop {
        match reader.handle_input(&mut input, Some(at_most)) {
            Ok(Incoming::NeedMore { .. }) => match pieces.next() {
                Some(piece) => input.extend_from_slice(piece),
                None => return (events, None),
            },
            Ok(Incoming::Piece(piece)) => {
                assert!(piece.octets.len() <= at_most, "{} of {at_most}", piece.octets.len());
                take(piece, &mut events);
            }
            Ok(Incoming::Ping(payload)) => events.push(Event::Ping(payload.to_vec())),
            Ok(Incoming::Pong(payload)) => events.push(Event::Pong(payload.to_vec())),
            Ok(Incoming::Close(frame)) => events.push(Event::Close(frame.code, frame.reason)),
            Ok(other @ (Incoming::Held | Incoming::Began(_))) => panic!("nobody asked for {other:?}"),
            Err(fault) => {
                events.pop_if(|event| matches!(event, Event::Message { over: false, .. }));
                return (events, Some(fault));
            }
        }
    }
}

fn take(piece: Piece, events: &mut Vec<Event>) {
    let Piece { is_text, octets, last } = piece;
    match events.last_mut() {
        Some(Event::Message { is_text: begun, octets: held, over: over @ false }) => {
            assert_eq!(*begun, is_text);
            held.extend_from_slice(&octets);
            *over = last;
        }
        _ => events.push(Event::Message { is_text, octets: octets.to_vec(), over: last }),
    }
}

/// Writes all there is, so much at a time.
fn drain(writer: &mut Writer, kind: u8, out: &mut Vec<u8>) {
    let most = usize::from(kind >> 3) * 100 + 1;
    loop {
        let octets = match writer.octets(|| Ok::<_, ()>([kind, 1, 2, 3])) {
            Ok(octets) => octets.get(..most).unwrap_or(octets),
            Err(()) => return,
        };
        if octets.is_empty() {
            writer.flushed();
            return;
        }
        out.extend_from_slice(octets);
        let length = octets.len();
        writer.wrote(length);
    }
}

/// Client's frames as a server would send them.
fn unmasked(mut frames: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let [first, second, rest @ ..] = frames {
        assert!(second & 0x80 != 0, "a client masks every frame");
        let length_octets = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let (long, rest) = rest.split_at(length_octets);
        let length = match long {
            [] => usize::from(second & 0x7f),
            long => long.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)),
        };
        let (mask, rest) = rest.split_at(4);
        let (payload, rest) = rest.split_at(length);
        out.extend_from_slice(&[*first, second & 0x7f]);
        out.extend_from_slice(long);
        out.extend(payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask));
        frames = rest;
    }
    assert!(frames.is_empty());
    out
}

const LONGEST_MESSAGE: u64 = 2000;
