//! Responses of HTTP/1.1: heads, and bodies by their framing.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Version};

use super::pieces::cuts;
use crate::options::Leniency;
use crate::protocol::http1::{
    AfterHead, BodyLength, BodyStep, Fault, HeadLimits, HeadStep, ReceiveHead, RequestHead, ResponseHead, SendHead,
};
use crate::reason::CloseReason;

/// A response in answer to any kind of request: the same however it is cut, no longer than it came, and as `httparse` reads it.
pub fn response(octets: &[u8]) {
    for limits in [HeadLimits::default(), SMALL, LENIENT] {
        for (method, target) in [(Method::GET, "/"), (Method::HEAD, "/"), (Method::CONNECT, "h:1")] {
            let whole = read(&method, target, limits, &[octets], usize::MAX);
            for (pieces, at_most) in cuts(octets).zip([usize::MAX, 7, 1]) {
                let told = read(&method, target, limits, &pieces, at_most);
                assert_eq!(told, whole, "{method}, {at_most} at most of {} pieces", pieces.len());
            }
            let of_heads: usize = whole.heads.iter().map(|head| head.len()).sum();
            assert!(whole.taken <= octets.len());
            // Where a line may end in LF alone its head has CRLF.
            assert!(of_heads + whole.body.len() <= whole.taken || limits.leniency == Leniency::all());
        }
    }
}

/// What came of a response.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    heads: Vec<Bytes>,
    pub(super) body: Vec<u8>,
    trailers: Option<HeaderMap>,
    taken: usize,
    /// May the wire be used again?
    pub(super) end: Result<Result<(), CloseReason>, Fault>,
}

/// Reads a response that comes in these pieces, as much of its body at a time as is said.
pub(super) fn read(method: &Method, target: &str, limits: HeadLimits, pieces: &[&[u8]], at_most: usize) -> Told {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let (mut buffer, mut pieces) = (BytesMut::new(), pieces.iter());
    let mut told = Told { heads: Vec::new(), body: Vec::new(), trailers: None, taken: 0, end: Err(Fault::NoResponse) };
    let mut reading = asked(method, target, limits);
    let mut receiving = loop {
        match reading.handle_input(&mut buffer) {
            Ok(HeadStep::NeedMore) => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => {
                    (told.end, told.taken) = (Err(reading.handle_end(&buffer)), length);
                    return told;
                }
            },
            Ok(HeadStep::Interim(head)) => told.heads.push(heard(&head)),
            Ok(HeadStep::Final(head, receiving)) => {
                told.heads.push(heard(&head));
                break receiving;
            }
            Err(fault) => {
                (told.end, told.taken) = (Err(fault), length);
                return told;
            }
        }
    };
    let mut is_ended = false;
    let fault = loop {
        match receiving.handle_input(&mut buffer, at_most) {
            Ok(BodyStep::Data(data)) => {
                assert!((1..=at_most).contains(&data.len()), "{} octets of {at_most}", data.len());
                told.body.extend_from_slice(&data);
            }
            Ok(BodyStep::End) => break None,
            Ok(BodyStep::NeedMore) => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => {
                    assert!(!std::mem::replace(&mut is_ended, true), "it asks for more behind the end");
                    if let Err(fault) = receiving.handle_end() {
                        break Some(fault);
                    }
                }
            },
            Err(fault) => break Some(fault),
        }
    };
    pieces.for_each(|piece| buffer.extend_from_slice(piece));
    told.taken = length - buffer.len();
    match fault {
        // What had been taken of what is wrong hangs on how it came.
        Some(fault) => (told.end, told.taken) = (Err(fault), length),
        None => {
            assert!(receiving.is_ended() && receiving.remaining() == Some(0));
            told.trailers = receiving.trailers().cloned();
            told.end = Ok(receiving.reuse(&buffer));
        }
    }
    told
}

pub(super) fn asked(method: &Method, target: &str, limits: HeadLimits) -> ReceiveHead {
    let none = HeaderMap::new();
    let (version, accept_encoding, body) = (Version::HTTP_11, None, BodyLength::None);
    let head =
        RequestHead { version, method, target, host: "h", headers: &none, defaults: &none, accept_encoding, body };
    match SendHead::new(limits).encode(&head, &mut BytesMut::new()) {
        Ok(AfterHead::ReceiveHead(reading)) => reading,
        other => panic!("a request without a body was written: {other:?}"),
    }
}

/// The head as it came, which another parser reads in the same way.
fn heard(head: &ResponseHead) -> Bytes {
    let raw = head.raw();
    let is_folded = raw.windows(3).any(|three| matches!(three, [b'\r', b'\n', b' ' | b'\t']));
    if head.version() == Version::HTTP_09 || is_folded {
        // Neither is known to it.
        return raw.clone();
    }
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut theirs = httparse::Response::new(&mut fields);
    assert_eq!(theirs.parse(raw), Ok(httparse::Status::Complete(raw.len())), "{}", raw.escape_ascii());
    assert_eq!((theirs.code, theirs.headers.len()), (Some(head.status().as_u16()), head.headers().len()));
    for field in theirs.headers.iter() {
        let mut ours = head.headers().get_all(field.name).iter();
        assert!(ours.any(|value| value.as_bytes() == field.value), "{}: {}", field.name, field.value.escape_ascii());
    }
    raw.clone()
}

/// Limits that few octets reach.
const SMALL: HeadLimits = HeadLimits {
    head_octets: 128,
    header_fields: 4,
    interim_responses: 2,
    chunk_extension_octets: 16,
    trailer_octets: 32,
    trailer_fields: 2,
    leniency: Leniency::NONE,
};
/// Whatever can be forgiven is.
const LENIENT: HeadLimits = HeadLimits { leniency: Leniency::all(), ..SMALL };
