//! What is forgiven to whom.

use bytes::BytesMut;

use super::*;
use crate::protocol::http1::chunked::ChunkedDecoder;
use crate::protocol::http1::head::{HeadLimits, parse_response_head};

type Framed = Result<(BodyFraming, Option<CloseReason>), Fault>;

fn frame(fields: &str, forgiven: Leniency) -> Framed {
    let head = ResponseHead::of(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"));
    decide(&Method::GET, &head, false, forgiven)
}

/// What forgives one mistake forgives no other; but where no length is believed, none can be wrong.
fn only_by(forgiver: Leniency, fields: &str, framing: BodyFraming, reason: CloseReason) {
    for flag in (Leniency::all() - Leniency::NO_LENGTHS).iter() {
        let framed = frame(fields, flag);
        if flag == forgiver {
            assert_eq!(framed, Ok((framing, Some(reason))), "{fields:?} {flag:?}");
        } else {
            assert!(framed.is_err() || framed == frame(fields, Leniency::NONE), "{fields:?} {flag:?}: {framed:?}");
        }
    }
}

#[test]
fn the_coding_wins_over_a_length_and_the_wire_serves_nobody_else() {
    let fields = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
    only_by(Leniency::BOTH_FRAMINGS, fields, BodyFraming::Chunked, CloseReason::BothFramings);
    assert_eq!(frame(fields, Leniency::NONE), Err(Fault::BothFramings));
    // In no order of the two.
    let fields = "Transfer-Encoding: chunked\r\nContent-Length: 3, 4\r\n";
    only_by(Leniency::BOTH_FRAMINGS, fields, BodyFraming::Chunked, CloseReason::BothFramings);
}

#[test]
fn a_coding_said_twice_is_one() {
    let flag = Leniency::REPEATED_CODINGS;
    for fields in [
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: Chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
    ] {
        only_by(flag, fields, BodyFraming::Chunked, CloseReason::ProtocolError);
    }
    let fields = "Transfer-Encoding: identity, Identity\r\nContent-Length: 7\r\n";
    only_by(flag, fields, BodyFraming::Length(7), CloseReason::BothFramings);
    for unknown in [
        "gzip, chunked",
        "chunked, gzip",
        "chunked, identity",
        "gzip, identity, chunked",
        "chunked, gzip, chunked",
        "xchunked",
        "chunked;q=1",
        "",
    ] {
        let fault = frame(&format!("Transfer-Encoding: {unknown}\r\n"), Leniency::all());
        assert_eq!(fault, Err(Fault::TransferEncoding), "{unknown:?}");
    }
}

#[test]
fn one_length_in_several_spellings_is_that_length_and_one_beyond_all_counting_is_none() {
    let flag = Leniency::STRANGE_LENGTHS;
    let fields = "Content-Length: 6,06,6\r\nContent-Length: 6,    6\r\n";
    only_by(flag, fields, BodyFraming::Length(6), CloseReason::ProtocolError);
    let fields = "Content-Length: 36893488147419103232\r\n";
    only_by(flag, fields, BodyFraming::UntilClose, CloseReason::ProtocolError);
    for unclear in ["5, 6", "5,", "-5", "+5", "five", "", "5, 36893488147419103232"] {
        let fields = format!("Content-Length: {unclear}\r\n");
        assert_eq!(frame(&fields, flag), Err(Fault::ContentLength), "{unclear:?}");
    }
}

#[test]
fn without_lengths_a_body_runs_until_close() {
    let fields = "Content-Length: 677654\r\n";
    let flag = Leniency::NO_LENGTHS;
    assert_eq!(frame(fields, flag), Ok((BodyFraming::UntilClose, Some(CloseReason::ProtocolError))));
    assert_eq!(frame("Content-Length: x\r\n", flag), Ok((BodyFraming::UntilClose, Some(CloseReason::ProtocolError))));
    assert_eq!(frame("", flag), Ok((BodyFraming::UntilClose, None)));
    assert_eq!(frame("Transfer-Encoding: chunked\r\n", flag), Ok((BodyFraming::Chunked, None)));
}

#[test]
fn what_has_no_body_has_none_whatever_is_forgiven() {
    let head = ResponseHead::of("HTTP/1.1 204 x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(decide(&Method::GET, &head, false, Leniency::all()), Ok((BodyFraming::Empty, None)));
}

#[test]
fn a_coding_in_http_1_0_is_not_forgiven() {
    let head = ResponseHead::of("HTTP/1.0 200 x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n");
    let framed = decide(&Method::GET, &head, false, Leniency::all());
    assert_eq!(framed, Err(Fault::TransferEncodingInHttp10));
}

#[test]
fn gzip_is_a_coding_for_who_has_asked_for_it() {
    for (fields, framing) in [
        ("Transfer-Encoding: gzip, chunked\r\n", BodyFraming::Chunked),
        ("Transfer-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n", BodyFraming::Chunked),
        ("Transfer-Encoding: GZIP\r\n", BodyFraming::UntilClose),
    ] {
        let head = ResponseHead::of(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"));
        assert!(head.is_gzipped_on_the_way());
        assert_eq!(framing::decide(&Method::GET, &head, true), Ok(framing), "{fields:?}");
        assert_eq!(framing::decide(&Method::GET, &head, false), Err(Fault::TransferEncoding), "{fields:?}");
    }
    for other in ["gzip, gzip, chunked", "chunked, gzip", "gzip, chunked, chunked", "br, chunked", "gzip;x, chunked"] {
        let head = ResponseHead::of(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {other}\r\n\r\n"));
        assert_eq!(framing::decide(&Method::GET, &head, true), Err(Fault::TransferEncoding), "{other:?}");
    }
}

fn lenient() -> HeadLimits {
    HeadLimits { leniency: Leniency::BARE_LINE_FEED, ..HeadLimits::default() }
}

/// The head, and what is left behind it.
type Taken = Result<Option<(Vec<u8>, Vec<u8>)>, Fault>;

fn head_in_pieces(octets: &[u8], size: usize, limits: &HeadLimits) -> Taken {
    let (mut buf, mut scanned) = (BytesMut::new(), 0);
    for piece in octets.chunks(size) {
        buf.extend_from_slice(piece);
        if let Some(head) = parse_response_head(&mut buf, limits, &mut scanned)? {
            return Ok(Some((head.raw().to_vec(), buf.to_vec())));
        }
    }
    Ok(None)
}

#[test]
fn a_line_of_a_head_may_end_in_lf_alone() {
    for octets in [
        "HTTP/1.1 200 OK\nA: b\nC: d\n\n",
        "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\n",
        "HTTP/1.1 200 OK\nA: b\r\nC: d\n\r\n",
    ] {
        for size in [1, 2, 3, 7, octets.len()] {
            let taken = head_in_pieces(octets.as_bytes(), size, &lenient()).unwrap().unwrap();
            assert_eq!(taken, (b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n".to_vec(), Vec::new()), "{octets:?} {size}");
            assert_eq!(head_in_pieces(octets.as_bytes(), size, &HeadLimits::default()), Err(Fault::BareLineEnd));
        }
    }
    let (_, rest) = head_in_pieces(b"HTTP/1.1 200 OK\n\n\r\nbody", usize::MAX, &lenient()).unwrap().unwrap();
    assert_eq!(rest, b"\r\nbody");
}

#[test]
fn a_cr_without_lf_is_refused_all_the_same() {
    for octets in ["HTTP/1.1 200 OK\nA: b\rC: d\n\n", "HTTP/1.1 200 OK\rA: b\n\n", "HTTP/1.1 200 OK\nA: b\n\r \n"] {
        for size in [1, octets.len()] {
            let fault = head_in_pieces(octets.as_bytes(), size, &lenient());
            assert!(matches!(fault, Err(Fault::BareLineEnd | Fault::FieldLine)), "{octets:?}: {fault:?}");
        }
    }
}

#[test]
fn so_may_the_lines_of_chunks_and_trailers() {
    let octets = b"5\nhello\r\n3;a=b\r\n, w\n0\nA: b\r\nC: d\n\nrest";
    for size in [1, 2, 3, 5, octets.len()] {
        let (mut decoder, mut buf, mut body) = (ChunkedDecoder::new(&lenient()), BytesMut::new(), Vec::new());
        for piece in octets.chunks(size) {
            buf.extend_from_slice(piece);
            while let Some(data) = decoder.decode(&mut buf, usize::MAX).unwrap() {
                body.extend_from_slice(&data);
            }
        }
        assert!(decoder.is_ended());
        assert_eq!((body.as_slice(), &buf[..]), (b"hello, w".as_slice(), b"rest".as_slice()), "{size}");
        assert_eq!((decoder.trailers()["a"].as_bytes(), decoder.trailers()["c"].as_bytes()), (&b"b"[..], &b"d"[..]));
    }
    let mut strict = ChunkedDecoder::new(&HeadLimits::default());
    assert_eq!(strict.decode(&mut BytesMut::from("5\nhello"), usize::MAX), Err(Fault::BareLineEnd));
}
