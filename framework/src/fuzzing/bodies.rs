//! What bodies hold: codings, parts and events.

use bytes::Bytes;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};

use super::pieces::cuts;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
use crate::options::Decompression;
use crate::protocol::byte_ranges::{Asked, ContentRange, PartsReader, Step};
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
use crate::protocol::coding::{Caps, Decoded, Decoder, Fault, Listed, listed};
use crate::protocol::event_stream::{Event, Reader};

/// A coded body is within its cap, and the same however it is cut and however much of it is asked for at a time. The first octet says
/// which codings it has.
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
pub fn coding(octets: &[u8]) {
    let Some((choice, body)) = octets.split_first() else { return };
    let names = ["gzip", "deflate", "br", "zstd"];
    let name = |shift: u8| names.get(usize::from(choice >> shift & 3)).copied().unwrap_or_default();
    let codings = if choice & 0x80 == 0 { name(0).to_owned() } else { format!("{}, {}", name(0), name(2)) };
    let field = HeaderValue::from_str(&codings).expect("names");
    let fields = HeaderMap::from_iter([(CONTENT_ENCODING, field)]);
    let Ok(Listed::Coded(codings)) = listed(&fields, Decompression::all()) else { return };
    let caps = Caps { octets: Some(CAP as u64), ratio: None };
    let whole = decode(Decoder::new(&codings, caps), &[body], usize::MAX);
    for (pieces, at_most) in cuts(body).zip([usize::MAX, 4096, 100]) {
        let told = decode(Decoder::new(&codings, caps), &pieces, at_most);
        match (&told, &whole) {
            (Ok(told), Ok(whole)) => assert!(told == whole, "{} octets, not {}", told.len(), whole.len()),
            (Err(_), Err(_)) => {}
            _ => panic!("{at_most} at a time: {:?}, not {:?}", told.map(|all| all.len()), whole.map(|all| all.len())),
        }
    }
    let dense = Caps { octets: Some(CAP as u64), ratio: Some(10) };
    if let Ok(told) = decode(Decoder::new(&codings, dense), &[body], usize::MAX) {
        assert!(whole.is_ok_and(|whole| told == whole));
    }
}

#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
fn decode(mut decoder: Decoder, pieces: &[&[u8]], at_most: usize) -> Result<Vec<u8>, Fault> {
    let (mut pieces, mut content) = (pieces.iter(), Vec::new());
    for _ in 0..MOST_LOOKS {
        match decoder.decode(at_most) {
            Ok(Decoded::Data(octets)) => {
                assert!((1..=at_most).contains(&octets.len()), "{} of {at_most}", octets.len());
                content.extend_from_slice(&octets);
                assert!(content.len() <= CAP, "{} octets", content.len());
            }
            Ok(Decoded::NeedMore) => match pieces.next() {
                Some(piece) => decoder.take(Bytes::copy_from_slice(piece)),
                None => decoder.end_input(),
            },
            Ok(Decoded::Busy) => {}
            Ok(Decoded::End) => {
                assert!(decoder.is_over());
                return Ok(content);
            }
            Err(fault) => {
                assert_eq!(decoder.decode(at_most), Err(fault), "a fault stays");
                return Err(fault);
            }
        }
    }
    panic!("it does not end")
}

/// The parts of a body are among those that were asked for, none has more octets than it says, and they are the same however the body
/// is cut.
pub fn byteranges(octets: &[u8]) {
    let whole = parts(&[octets]);
    for pieces in cuts(octets) {
        assert_eq!(parts(&pieces), whole, "in {} pieces", pieces.len());
    }
    let (all, _) = whole;
    assert!(all.len() <= ASKED.len());
    for (range, octets) in all {
        assert!(octets.len() as u64 <= range.len() && ASKED.iter().any(|asked| asked.is_answered_by(&range)));
    }
}

type Parts = (Vec<(ContentRange, Vec<u8>)>, Result<Step, String>);

fn parts(pieces: &[&[u8]]) -> Parts {
    let (mut reader, mut pieces, mut all) = (PartsReader::new("b", ASKED.to_vec()), pieces.iter(), Vec::new());
    loop {
        match reader.next() {
            Ok(Step::Part(part)) => all.push((part.range, Vec::new())),
            Ok(Step::Data(octets)) => {
                let (_, held) = all.last_mut().expect("data is of a part");
                assert!(!octets.is_empty());
                held.extend_from_slice(&octets);
            }
            Ok(Step::NeedMore) => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => return (all, Ok(Step::NeedMore)),
            },
            Ok(Step::End) => return (all, Ok(Step::End)),
            Err(fault) => return (all, Err(fault.to_string())),
        }
    }
}

/// Events are no larger than they may be, and the same however the stream is cut.
pub fn event_stream(octets: &[u8]) {
    let whole = events(&[octets]);
    for pieces in cuts(octets) {
        assert_eq!(events(&pieces), whole, "in {} pieces", pieces.len());
    }
    let length: usize = whole.0.iter().map(|event| event.data.len()).sum();
    assert!(length <= octets.len() * REPLACEMENT);
}

type Told = (Vec<Event>, String, Option<std::time::Duration>, bool);

fn events(pieces: &[&[u8]]) -> Told {
    let (mut reader, mut all) = (Reader::new("0".to_owned(), LARGEST_EVENT), Vec::new());
    let mut is_too_large = false;
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece));
        loop {
            match reader.next() {
                Ok(Some(event)) => {
                    assert!(event.data.len() <= LARGEST_EVENT * REPLACEMENT);
                    all.push(event);
                }
                Ok(None) => break,
                Err(_) => {
                    is_too_large = true;
                    break;
                }
            }
        }
        if is_too_large {
            break;
        }
    }
    (all, reader.last_id().to_owned(), reader.reconnection_time(), is_too_large)
}

#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
const CAP: usize = 64 * 1024;
/// More than every octet of the largest body, one at a time, and every piece of it.
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
const MOST_LOOKS: usize = 4 * CAP;
const ASKED: [Asked; 4] = [Asked::From(1), Asked::Between(0, 3), Asked::Between(5, 9), Asked::Last(4)];
const LARGEST_EVENT: usize = 128;
/// An octet that is no text becomes three.
const REPLACEMENT: usize = 3;
