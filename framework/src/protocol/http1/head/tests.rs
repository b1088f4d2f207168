//! Heads that pass, heads that do not, and where the limits are.

use super::*;

impl ResponseHead {
    /// A head for tests that are about something else.
    pub(crate) fn of(text: &str) -> Self {
        parse(text).expect("a valid head").expect("a complete head")
    }
}

fn parse(octets: impl AsRef<[u8]>) -> Result<Option<ResponseHead>, Fault> {
    parse_within(&HeadLimits::default(), octets)
}

fn parse_within(limits: &HeadLimits, octets: impl AsRef<[u8]>) -> Result<Option<ResponseHead>, Fault> {
    parse_response_head(&mut BytesMut::from(octets.as_ref()), limits, &mut 0)
}

/// Feeds `octets` in pieces of `size`, and gives the first verdict with what was left over by then.
fn parse_in_pieces(octets: &[u8], size: usize) -> Result<Option<ResponseHead>, Fault> {
    let (mut buf, mut scanned) = (BytesMut::new(), 0);
    for piece in octets.chunks(size) {
        buf.extend_from_slice(piece);
        if let Some(head) = parse_response_head(&mut buf, &HeadLimits::default(), &mut scanned)? {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

#[test]
fn a_head_is_taken_off_the_buffer_and_nothing_else() {
    let mut buf = BytesMut::from("HTTP/1.1 404 Not Found\r\nServer: x\r\nset-Cookie: a\r\nSET-cookie: b\r\n\r\nbody");
    let head = parse_response_head(&mut buf, &HeadLimits::default(), &mut 0).unwrap().unwrap();
    assert_eq!(head.status(), 404);
    assert_eq!(head.version(), Version::HTTP_11);
    assert_eq!(head.reason(), b"Not Found");
    assert_eq!(head.headers()["server"], "x");
    assert_eq!(head.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(head.raw(), "HTTP/1.1 404 Not Found\r\nServer: x\r\nset-Cookie: a\r\nSET-cookie: b\r\n\r\n");
    assert_eq!(buf, "body");
}

#[test]
fn values_are_slices_of_the_raw_head() {
    let head = ResponseHead::of("HTTP/1.1 200 OK\r\nX: some value\r\n\r\n");
    let value = head.headers()["x"].as_bytes().as_ptr_range();
    let raw = head.raw().as_ptr_range();
    assert!(raw.start <= value.start && value.end <= raw.end);
}

#[test]
fn status_lines() {
    let good: [(&[u8], u16, Version, &[u8]); 10] = [
        (b"HTTP/1.1 200 OK", 200, Version::HTTP_11, b"OK"),
        (b"HTTP/1.0 200 OK", 200, Version::HTTP_10, b"OK"),
        (b"HTTP/0.9 200 OK", 200, Version::HTTP_09, b"OK"),
        (b"HTTP/1.1 204", 204, Version::HTTP_11, b""),
        (b"HTTP/1.1 204 ", 204, Version::HTTP_11, b""),
        (b"HTTP/1.1 200  two blanks", 200, Version::HTTP_11, b" two blanks"),
        (b"HTTP/1.1 200 a\ttab", 200, Version::HTTP_11, b"a\ttab"),
        (b"HTTP/1.1 200 \xe9\xff", 200, Version::HTTP_11, b"\xe9\xff"),
        (b"HTTP/1.1 100 x", 100, Version::HTTP_11, b"x"),
        (b"HTTP/1.1 999 x", 999, Version::HTTP_11, b"x"),
    ];
    for (line, status, version, reason) in good {
        let head = parse([line, b"\r\n\r\n"].concat()).unwrap().unwrap();
        assert_eq!((head.status().as_u16(), head.version(), head.reason()), (status, version, reason));
    }
    let bad: [&[u8]; 22] = [
        b"<html>",
        b"HTTP",
        b"HTTP/1.1",
        b"HTTP/1.1 ",
        b"HTTP/1.1 20",
        b"HTTP/1.1 2000",
        b"HTTP/1.1 099 x",
        b"HTTP/1.1 000 x",
        b"HTTP/1.1 -20 x",
        b"HTTP/1.1 2x0 x",
        b"HTTP/1.1 200OK",
        b"HTTP/1.1 200\tOK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1 200 a\0b",
        b"HTTP/1.1 200 a\x07b",
        b"HTTP/1.1 200 a\x7fb",
        b"HTTP/1.2 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/0.8 200 OK",
        b"http/1.1 200 OK",
        b" HTTP/1.1 200 OK",
    ];
    for line in bad {
        assert_eq!(parse([line, b"\r\n\r\n"].concat()).unwrap_err(), Fault::StatusLine, "{}", line.escape_ascii());
    }
}

#[test]
fn field_lines() {
    let good: [(&[u8], &[u8]); 6] = [
        (b"x:1", b"1"),
        (b"x: \t 1 \t", b"1"),
        (b"x:", b""),
        (b"x: a\tb", b"a\tb"),
        (b"x: \xe9\xff", b"\xe9\xff"),
        (b"X: a: b", b"a: b"),
    ];
    for (line, value) in good {
        let head = parse([b"HTTP/1.1 200 OK\r\n", line, b"\r\n\r\n"].concat()).unwrap().unwrap();
        assert_eq!(head.headers()["x"].as_bytes(), value);
    }
    let bad: [&[u8]; 11] = [
        b"no colon",
        b": no name",
        b"x : blank before the colon",
        b"x\t: tab before the colon",
        b" x: blank before the first field",
        b"x y: blank in the name",
        b"x\xe9: y",
        b"x(y): z",
        b"x: a\0b",
        b"x: a\x0bb",
        b"x: a\x7fb",
    ];
    for line in bad {
        let octets = [b"HTTP/1.1 200 OK\r\n", line, b"\r\ny: z\r\n\r\n"].concat();
        assert_eq!(parse(octets).unwrap_err(), Fault::FieldLine, "{}", line.escape_ascii());
    }
}

/// RFC 9112 section 5.2: a user agent MUST replace each obs-fold by one or more SP.
#[test]
fn a_folded_line_is_read_as_one_and_kept_as_it_came() {
    let good: [(&str, &str); 8] = [
        ("x: a\r\n b", "a b"),
        ("x: a\r\n\tb", "a b"),
        ("x: a \t\r\n\t  b\r\n c", "a b c"),
        ("x:\r\n a", "a"),
        ("x: \r\n a \t", "a"),
        ("x: a;\r\n b: c", "a; b: c"),
        ("x: a\r\n , , b", "a , , b"),
        ("x: a\r\n :", "a :"),
    ];
    for (line, value) in good {
        let octets = format!("HTTP/1.1 200 OK\r\nw: 1\r\n{line}\r\ny: z\r\n\r\n");
        let head = parse(&octets).unwrap().unwrap();
        assert_eq!(head.headers()["x"], value, "{line:?}");
        assert_eq!(head.headers()["w"], "1");
        assert_eq!(head.headers()["y"], "z");
        assert_eq!((head.headers().len(), head.raw_length()), (3, octets.len()));
        assert_eq!(head.raw(), &octets);
        for size in 1..octets.len() {
            let cut = parse_in_pieces(octets.as_bytes(), size).unwrap().unwrap();
            assert_eq!((cut.raw(), cut.headers()), (head.raw(), head.headers()), "{line:?} in pieces of {size}");
        }
    }
}

#[test]
fn what_a_fold_may_not_do() {
    for (lines, why) in [
        (" x: y", "nothing stands before it that could go on"),
        (" x: y\r\nz: 1", "the same"),
        ("x: y\r\n \r\nz: 1", "some readers take a line of blanks for the empty one"),
        ("x: y\r\n\t", "the same"),
        ("x: y\r\n z\r\n \t ", "the same"),
        ("x\r\n : y", "a name stands before its colon on one line"),
        ("x\r\n y: z", "the same"),
        ("x \r\n : y", "the same"),
        ("x: y\r\n a\0b", "a control character"),
        ("x: y\r\n a\x7f", "a control character"),
        ("x: y\r\n a\r\nz", "the next line is none"),
        ("content-length: 1\r\n 2", "framing"),
        ("Content-Length:\r\n 12", "framing"),
        ("x: y\r\n z\r\nCONTENT-LENGTH: 1\r\n , 1", "framing"),
        ("transfer-encoding:\r\n chunked", "framing"),
        ("Transfer-Encoding: chunked\r\n  abc", "framing"),
    ] {
        for octets in [format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n"), format!("HTTP/1.0 404 x\r\n{lines}\r\n\r\nbody")]
        {
            assert_eq!(parse(&octets).unwrap_err(), Fault::FieldLine, "{octets:?}: {why}");
            for size in 1..octets.len() {
                assert_eq!(
                    parse_in_pieces(octets.as_bytes(), size).unwrap_err(),
                    Fault::FieldLine,
                    "{octets:?}: {why}"
                );
            }
        }
    }
    for octets in ["HTTP/1.1 200 OK\r\nx: y\n z\r\n\r\n", "HTTP/1.1 200 OK\r\nx: y\r\n z\r a\r\n\r\n"] {
        assert_eq!(parse(octets).unwrap_err(), Fault::BareLineEnd, "{octets:?}");
    }
}

#[test]
fn what_folded_fields_say_is_heard() {
    let head =
        parse("HTTP/1.1 200 OK\r\nConnection:\r\n keep-alive,\r\n\tclose\r\nSet-Cookie: a=b;\r\n secure\r\n\r\n");
    let said = *head.unwrap().unwrap().said();
    assert!(said.connection.close && said.connection.keep_alive && said.sets_cookies && !said.wants_https);
    let head = parse("HTTP/1.1 200 OK\r\nConnection: clo\r\n se\r\nx: content-length: 1\r\n content-length: 2\r\n\r\n");
    let said = *head.unwrap().unwrap().said();
    assert_eq!(said, Said::default());
}

#[test]
fn a_folded_head_has_the_limits_of_any_other() {
    let folded = format!("HTTP/1.1 200 OK\r\nx: y\r\n{}\r\n", " z\r\n".repeat(1_000));
    let within = HeadLimits { header_fields: 1, head_octets: folded.len(), ..HeadLimits::default() };
    assert_eq!(parse_within(&within, &folded).unwrap().unwrap().headers()["x"].len(), 2_001);
    let limit = folded.len() - 1;
    let short = HeadLimits { head_octets: limit, ..within };
    assert_eq!(parse_within(&short, &folded).unwrap_err(), Fault::HeadTooLarge { limit });
    let two = "HTTP/1.1 200 OK\r\nx: y\r\n z\r\nx: y\r\n\r\n";
    assert_eq!(parse_within(&within, two).unwrap_err(), Fault::TooManyFields { limit: 1 });
}

#[test]
fn a_line_ends_in_crlf_only() {
    for octets in [
        "HTTP/1.1 200 OK\nx: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n\n",
        "HTTP/1.1 200 OK\r\nx: y\rz: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\r\nz: 1\r\n\r\n",
        "HTTP/1.1 200 OK\rx: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\rx: y\r\n\r\n",
    ] {
        assert_eq!(parse(octets).unwrap_err(), Fault::BareLineEnd, "{octets:?}");
    }
}

#[test]
fn a_few_blank_lines_before_the_status_line_are_skipped() {
    let head = parse("\r\n\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").unwrap().unwrap();
    assert_eq!(head.raw(), "HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(parse("\r\n".repeat(5)).unwrap_err(), Fault::BlankLines { limit: 4 });
    for octets in ["\nHTTP/1.1 200 OK\r\n\r\n", "\rHTTP/1.1 200 OK\r\n\r\n", "\r\r\nHTTP/1.1 200 OK\r\n\r\n"] {
        assert_eq!(parse(octets).unwrap_err(), Fault::StatusLine, "{octets:?}");
    }
}

#[test]
fn the_verdict_does_not_depend_on_how_the_octets_are_cut() {
    for octets in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "\r\n\r\nHTTP/1.1 200 OK\r\na: b\r\nc: d\r\n\r\n",
        "\r\n\rHTTP/1.1 200 OK\r\n\r\n",
        "\r\n\r\n\r\n\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\r\n\r\n",
        "HTTP/1.1 200 OK\na: b\n\n",
        "HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n c\r\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\n \r\n\r\n",
        "HTTP/2.0 200 OK\n\n",
        "junk",
        "HTTP/1.1 200 OK\r\na: b\r\n",
    ] {
        let whole = parse(octets).map(|head| head.map(|head| head.raw().clone()));
        for size in 1..octets.len() {
            let cut = parse_in_pieces(octets.as_bytes(), size).map(|head| head.map(|head| head.raw().clone()));
            assert_eq!(cut, whole, "{octets:?} in pieces of {size}");
        }
    }
}

#[test]
fn no_octet_is_searched_twice() {
    let (mut buf, mut scanned) = (BytesMut::new(), 0);
    let octets = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(90));
    for octet in octets.bytes() {
        buf.extend_from_slice(&[octet]);
        assert!(parse_response_head(&mut buf, &HeadLimits::default(), &mut scanned).unwrap().is_none());
        let waits_for_lf = usize::from(octet == b'\r');
        assert_eq!(scanned + waits_for_lf, buf.len());
    }
    buf.extend_from_slice(b"\r\n");
    assert!(parse_response_head(&mut buf, &HeadLimits::default(), &mut scanned).unwrap().is_some());
    assert_eq!(scanned, 0);
}

#[test]
fn a_head_may_be_as_large_as_the_limit_and_no_larger() {
    let head = "HTTP/1.1 200 OK\r\nx: y\r\n\r\n";
    let within = |head_octets| HeadLimits { head_octets, ..HeadLimits::default() };
    assert!(parse_within(&within(head.len()), head).unwrap().is_some());
    let limit = head.len() - 1;
    assert_eq!(parse_within(&within(limit), head).unwrap_err(), Fault::HeadTooLarge { limit });
}

#[test]
fn an_endless_head_fails_as_soon_as_it_reaches_the_limit() {
    let (mut buf, mut scanned) = (BytesMut::from("HTTP/1.1 200 OK\r\n"), 0);
    let limits = HeadLimits { head_octets: 1000, ..HeadLimits::default() };
    let fault = loop {
        buf.extend_from_slice(b"x: y\r\n");
        if let Err(fault) = parse_response_head(&mut buf, &limits, &mut scanned) {
            break fault;
        }
    };
    assert_eq!(fault, Fault::HeadTooLarge { limit: 1000 });
    assert!(buf.len() < 1000 + 6);
}

#[test]
fn fields_are_limited_in_number() {
    let head = |fields: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(fields));
    let within = |header_fields| HeadLimits { header_fields, ..HeadLimits::default() };
    for limit in [0, 1, 31, 32, 33, 100, 1000] {
        let parsed = parse_within(&within(limit), head(limit)).unwrap().unwrap();
        assert_eq!(parsed.headers().len(), limit);
        let fault = parse_within(&within(limit), head(limit + 1)).unwrap_err();
        assert_eq!(fault, Fault::TooManyFields { limit });
    }
}

#[test]
fn more_fields_than_a_header_map_can_hold_are_a_fault_too() {
    let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(40_000));
    let limits = HeadLimits { head_octets: usize::MAX, header_fields: usize::MAX, ..HeadLimits::default() };
    assert_eq!(parse_within(&limits, head).unwrap_err(), Fault::TooManyFields { limit: usize::MAX });
}
