//! The chunked coding, whole and in pieces, and what is refused.

use super::*;

/// The body, the trailers and the octets left over; or the fault. `None` stands for a body that did not end.
type Outcome = Result<Option<(Vec<u8>, HeaderMap, Vec<u8>)>, Fault>;

fn decode_in_pieces(octets: &[u8], size: usize, limits: &HeadLimits) -> Outcome {
    let (mut decoder, mut buf, mut body) = (ChunkedDecoder::new(limits), BytesMut::new(), Vec::new());
    for piece in octets.chunks(size) {
        buf.extend_from_slice(piece);
        while let Some(data) = decoder.decode(&mut buf, usize::MAX)? {
            assert!(!data.is_empty());
            body.extend_from_slice(&data);
        }
    }
    Ok(decoder.is_ended().then(|| (body, decoder.trailers().clone(), buf.to_vec())))
}

fn decode_within(limits: &HeadLimits, octets: impl AsRef<[u8]>) -> Outcome {
    let octets = octets.as_ref();
    let whole = decode_in_pieces(octets, usize::MAX, limits);
    for size in [1, 2, 3, 5, 8, 13] {
        assert_eq!(decode_in_pieces(octets, size, limits), whole, "{} in {size}s", octets.escape_ascii());
    }
    whole
}

fn decode(octets: impl AsRef<[u8]>) -> Outcome {
    decode_within(&HeadLimits::default(), octets)
}

fn decode_body(octets: impl AsRef<[u8]>) -> Vec<u8> {
    decode(octets).expect("a valid body").expect("a whole body").0
}

#[test]
fn chunks_are_joined_and_what_follows_is_left() {
    let (body, trailers, left) = decode("5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\nHTTP").unwrap().unwrap();
    assert_eq!(body, b"hello, world");
    assert!(trailers.is_empty());
    assert_eq!(left, b"HTTP");
}

#[test]
fn sizes() {
    assert_eq!(decode_body("A\r\n0123456789\r\n0\r\n\r\n"), b"0123456789");
    assert_eq!(decode_body("a\r\n0123456789\r\n0\r\n\r\n"), b"0123456789");
    assert_eq!(decode_body("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n"), b"x");
    assert_eq!(decode("ffffffffffffffff\r\nx"), Ok(None));
    for size in ["", " 1", "+1", "-1", "0x1", "g", "1g", "1 ", "1\t", "00000000000000001", "10000000000000001"] {
        let fault = decode(format!("{size}\r\nx\r\n0\r\n\r\n")).unwrap_err();
        let garbage_follows_digits = size.starts_with(['1', '0']) && size.len() < 16;
        let expected = if garbage_follows_digits { Fault::ChunkExtension } else { Fault::ChunkSize };
        assert_eq!(fault, expected, "{size:?}");
    }
}

#[test]
fn a_size_that_never_ends_is_refused_before_its_line_ends() {
    assert_eq!(decode("0".repeat(17)), Err(Fault::ChunkSize));
    assert_eq!(decode("-"), Err(Fault::ChunkSize));
}

#[test]
fn every_line_ends_in_crlf() {
    for octets in ["1\nx\n0\n\n", "1;a\nb\r\nx\r\n0\r\n\r\n", "1\rx", "1\r\nx\r\n0\n\r\n", "1\r\nx\r\n0\r\na: b\n\r\n"]
    {
        assert_eq!(decode(octets), Err(Fault::BareLineEnd), "{octets:?}");
    }
    for octets in ["1\r\nxy\r\n0\r\n\r\n", "1\r\nx\n0\r\n\r\n", "1\r\nx\r0\r\n\r\n", "1\r\nx0\r\n\r\n"] {
        assert_eq!(decode(octets), Err(Fault::ChunkDataEnd), "{octets:?}");
    }
}

#[test]
fn extensions_are_skipped_but_must_be_well_formed() {
    for extension in [";a", ";a=b", ";a=\"b;c\"", ";a=\"\\\"\"", ";a;b=c;d", " ; a = b", "\t;a=\"\""] {
        assert_eq!(decode_body(format!("1{extension}\r\nx\r\n0{extension}\r\n\r\n")), b"x", "{extension:?}");
    }
    for extension in [
        " a",
        ";",
        ";;a",
        ";a=",
        ";=b",
        ";a=\"b",
        ";a=b\"",
        ";a=b c",
        ";a\0",
        ";a=\"\x7f\"",
        ";a ",
        ";a=\"\\",
        ";a=\"\\\x01\"",
    ] {
        let fault = decode(format!("1{extension}\r\nx\r\n0\r\n\r\n")).unwrap_err();
        assert_eq!(fault, Fault::ChunkExtension, "{extension:?}");
    }
}

#[test]
fn extensions_of_all_chunks_together_are_limited() {
    let limits = HeadLimits { chunk_extension_octets: 10, ..HeadLimits::default() };
    let too_large = Err(Fault::ChunkExtensionsTooLarge { limit: 10 });
    assert!(decode_within(&limits, "1;aaaa\r\nx\r\n0;aaaa\r\n\r\n").is_ok());
    assert_eq!(decode_within(&limits, "1;aaaa\r\nx\r\n0;aaaaa\r\n\r\n"), too_large);
    assert_eq!(decode_within(&limits, format!("1;{}\r\n", "a".repeat(10))), too_large);
    assert_eq!(decode_within(&limits, format!("1;{}", "a".repeat(100))), too_large);
}

#[test]
fn the_longest_size_line_there_can_be_is_read_and_one_octet_more_is_not_waited_for() {
    let limits = HeadLimits { chunk_extension_octets: 10, ..HeadLimits::default() };
    let longest = format!("{:016x};{}\r\n", 1, "a".repeat(9));
    assert!(decode_within(&limits, format!("{longest}x\r\n0\r\n\r\n")).is_ok());
    let endless = format!("{:016x};{}", 1, "a".repeat(11));
    assert_eq!(endless.len(), longest.len());
    assert_eq!(decode_within(&limits, endless.get(1..).unwrap()), Ok(None));
    assert_eq!(decode_within(&limits, &endless), Err(Fault::ChunkExtensionsTooLarge { limit: 10 }));
}

#[test]
fn a_bare_line_feed_is_forgiven_where_it_may_be() {
    let limits = HeadLimits { leniency: Leniency::BARE_LINE_FEED, ..HeadLimits::default() };
    let (body, trailers, left) = decode_within(&limits, "1\nx\n0\na: b\n\nHTTP").unwrap().unwrap();
    assert_eq!((&body[..], trailers["a"].as_bytes(), &left[..]), (&b"x"[..], &b"b"[..], &b"HTTP"[..]));
}

#[test]
fn that_a_line_feed_was_forgiven_is_kept_in_mind_whichever_line_ended_in_it() {
    let limits = HeadLimits { leniency: Leniency::BARE_LINE_FEED, ..HeadLimits::default() };
    let has_bare_lines = |octets: &str| {
        let (mut decoder, mut buf) = (ChunkedDecoder::new(&limits), BytesMut::from(octets));
        while decoder.decode(&mut buf, usize::MAX).unwrap().is_some() {}
        assert!(decoder.is_ended(), "{octets:?}");
        decoder.has_bare_lines()
    };
    assert!(!has_bare_lines("1\r\nx\r\n0\r\na: b\r\n\r\n"));
    let bare = [
        "1\nx\r\n0\r\na: b\r\n\r\n",
        "1\r\nx\n0\r\na: b\r\n\r\n",
        "1\r\nx\r\n0\na: b\r\n\r\n",
        "1\r\nx\r\n0\r\na: b\n\r\n",
        "1\r\nx\r\n0\r\na: b\r\n\n",
        "0\r\n\n",
    ];
    bare.into_iter().for_each(|octets| assert!(has_bare_lines(octets), "{octets:?}"));
}

/// A piece that shares the buffer has its octets where they came.
#[test]
fn few_octets_are_copied_and_many_cut_out_of_the_buffer() {
    let is_cut = |capacity: usize, length: usize| {
        let mut buf = BytesMut::with_capacity(capacity);
        buf.resize(capacity, b'x');
        let start = buf.as_ptr();
        let piece = take(&mut buf, length as u64, usize::MAX);
        assert_eq!((piece.len(), buf.len()), (length, capacity - length));
        piece.as_ptr() == start
    };
    assert!(!is_cut(64 * 1024, 4096) && is_cut(64 * 1024, 4097));
    assert!(!is_cut(1024, 512) && is_cut(1024, 513), "half of the buffer is not few");
    assert!(!is_cut(64 * 1024, 1));
}

#[test]
fn a_decoder_that_failed_fails_again() {
    let limits = HeadLimits { chunk_extension_octets: 1, ..HeadLimits::default() };
    let (mut decoder, mut buf) = (ChunkedDecoder::new(&limits), BytesMut::from("1;a\r\nx"));
    for _ in 0..3 {
        assert_eq!(decoder.decode(&mut buf, 1), Err(Fault::ChunkExtensionsTooLarge { limit: 1 }));
    }
}

#[test]
fn what_comes_behind_wrong_trailers_is_not_taken_for_them() {
    let mut decoder = ChunkedDecoder::new(&HeadLimits::default());
    let mut buf = BytesMut::from("0\r\nx : y\r\n\r\n\r\n");
    for _ in 0..3 {
        assert_eq!(decoder.decode(&mut buf, 1), Err(Fault::FieldLine));
    }
}

#[test]
fn trailers_are_kept_apart() {
    let (body, trailers, left) = decode("1\r\nx\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n").unwrap().unwrap();
    assert_eq!(body, b"x");
    assert_eq!(trailers["x-sum"], "1");
    assert_eq!(trailers.len(), 2);
    assert!(left.is_empty());
    for line in ["x", "x : y", ": y", " x: y", "x: a\0b"] {
        assert_eq!(decode(format!("0\r\n{line}\r\n\r\n")), Err(Fault::FieldLine), "{line:?}");
    }
}

#[test]
fn trailers_are_limited_in_size_and_number() {
    let limits = HeadLimits { trailer_octets: 24, trailer_fields: 3, ..HeadLimits::default() };
    let decode_trailers = |trailers: &str| decode_within(&limits, format!("0\r\n{trailers}\r\n"));
    assert!(decode_trailers(&"x: y\r\n".repeat(3)).is_ok());
    assert_eq!(decode_trailers(&"x: y\r\n".repeat(4)), Err(Fault::TooManyTrailers { limit: 3 }));
    assert_eq!(decode_trailers(&"x: y\r\n".repeat(5)), Err(Fault::TrailersTooLarge { limit: 24 }));
    assert_eq!(decode_within(&limits, format!("0\r\n{}", "x".repeat(26))), Err(Fault::TrailersTooLarge { limit: 24 }));
}

#[test]
fn a_size_line_is_not_searched_twice() {
    let (mut decoder, mut buf) = (ChunkedDecoder::new(&HeadLimits::default()), BytesMut::new());
    for octet in "1;name=value".bytes() {
        buf.extend_from_slice(&[octet]);
        assert_eq!(decoder.decode(&mut buf, 1), Ok(None));
        assert_eq!(decoder.scanned, buf.len());
    }
}

#[test]
fn chunk_headers() {
    for (length, header) in [(1, "1\r\n"), (15, "f\r\n"), (16, "10\r\n"), (0xbeef, "beef\r\n")] {
        assert_eq!(chunk_header(length).as_bytes(), header.as_bytes());
    }
    assert_eq!(chunk_header(usize::MAX).as_bytes(), format!("{:x}\r\n", usize::MAX).as_bytes());
}

#[test]
fn the_last_chunk_carries_the_trailers() {
    let mut trailers = HeaderMap::new();
    assert_eq!(last_chunk(&trailers).unwrap(), "0\r\n\r\n");
    trailers.insert("x-sum", "1".parse().unwrap());
    assert_eq!(last_chunk(&trailers).unwrap(), "0\r\nx-sum: 1\r\n\r\n");
    trailers.insert("set-cookie", "a=b".parse().unwrap());
    assert_eq!(last_chunk(&trailers), Err(Misuse::Trailer { name: "set-cookie".to_owned() }));
}

#[test]
fn a_folded_trailer_is_read_as_one_line() {
    let (_, trailers, left) = decode("0\r\na: b\r\n\tc\r\nd:\r\n e\r\n\r\nHTTP").unwrap().unwrap();
    assert_eq!(trailers["a"], "b c");
    assert_eq!(trailers["d"], "e");
    assert_eq!((trailers.len(), left), (2, b"HTTP".to_vec()));
    for trailers in [" a: b", "a: b\r\n \r\nc: d", "Content-Length: 1\r\n 2"] {
        assert_eq!(decode(format!("0\r\n{trailers}\r\n\r\n")), Err(Fault::FieldLine), "{trailers:?}");
    }
}
