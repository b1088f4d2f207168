//! Which framing a response has.

use super::*;

fn frame(method: Method, version: &str, status: u16, fields: &str) -> Result<BodyFraming, Fault> {
    decide(&method, &ResponseHead::of(&format!("{version} {status} x\r\n{fields}\r\n")), false)
}

fn frame_get(fields: &str) -> Result<BodyFraming, Fault> {
    frame(Method::GET, "HTTP/1.1", 200, fields)
}

#[test]
fn some_responses_have_no_body_whatever_their_fields_say() {
    let fields = "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n";
    for (method, status) in [
        (Method::HEAD, 200),
        (Method::HEAD, 404),
        (Method::GET, 101),
        (Method::GET, 103),
        (Method::GET, 204),
        (Method::GET, 304),
        (Method::CONNECT, 200),
        (Method::CONNECT, 299),
    ] {
        assert_eq!(frame(method.clone(), "HTTP/1.1", status, fields), Ok(BodyFraming::Empty), "{method} {status}");
    }
    assert_eq!(frame(Method::CONNECT, "HTTP/1.1", 407, "Content-Length: 5\r\n"), Ok(BodyFraming::Length(5)));
    assert_eq!(frame(Method::GET, "HTTP/1.1", 205, "Content-Length: 5\r\n"), Ok(BodyFraming::Length(5)));
}

#[test]
fn without_a_length_the_body_runs_until_close() {
    assert_eq!(frame_get(""), Ok(BodyFraming::UntilClose));
    assert_eq!(frame_get("Content-Length-X: 5\r\n"), Ok(BodyFraming::UntilClose));
}

#[test]
fn content_lengths() {
    for (value, length) in [("0", 0), ("5", 5), ("05", 5), (" \t5\t ", 5), ("5, 5", 5), ("5,5 ,\t5", 5)] {
        assert_eq!(frame_get(&format!("Content-Length:{value}\r\n")), Ok(BodyFraming::Length(length)), "{value:?}");
    }
    assert_eq!(frame_get("Content-Length: 18446744073709551615\r\n"), Ok(BodyFraming::Length(u64::MAX)));
    assert_eq!(frame_get("Content-Length: 5\r\ncontent-length: 5,5\r\n"), Ok(BodyFraming::Length(5)));
    for value in [
        "",
        " ",
        "+5",
        "-5",
        "0x5",
        "5 bytes",
        "5 5",
        "5;",
        "five",
        "5,",
        ",5",
        "5,,5",
        "5, 6",
        "05, 5",
        "\u{0665}",
        "18446744073709551616",
        "18446744073709551621",
    ] {
        assert_eq!(frame_get(&format!("Content-Length: {value}\r\n")), Err(Fault::ContentLength), "{value:?}");
    }
    assert_eq!(frame_get("Content-Length: 5\r\nContent-Length: 6\r\n"), Err(Fault::ContentLength));
    assert_eq!(frame_get("Content-Length: 5\r\nContent-Length:\r\n"), Err(Fault::ContentLength));
}

#[test]
fn only_a_single_chunked_is_a_transfer_encoding() {
    for value in ["chunked", "Chunked", "CHUNKED", "\tchunked "] {
        assert_eq!(frame_get(&format!("Transfer-Encoding: {value}\r\n")), Ok(BodyFraming::Chunked), "{value:?}");
    }
    for value in [
        "",
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "chunked,",
        ",chunked",
        "xchunked",
        "chunkedchunked",
        "\"chunked\"",
        "chunked;q=1",
    ] {
        let framing = frame_get(&format!("Transfer-Encoding: {value}\r\n"));
        assert_eq!(framing, Err(Fault::TransferEncoding), "{value:?}");
    }
    let two_fields = frame_get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    assert_eq!(two_fields, Err(Fault::TransferEncoding));
}

#[test]
fn nothing_below_http_1_1_has_a_transfer_encoding() {
    for version in ["HTTP/1.0", "HTTP/0.9"] {
        let framing = frame(Method::GET, version, 200, "Transfer-Encoding: chunked\r\n");
        assert_eq!(framing, Err(Fault::TransferEncodingInHttp10), "{version}");
    }
}

#[test]
fn two_framings_are_a_fault() {
    let framing = frame_get("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n");
    assert_eq!(framing, Err(Fault::BothFramings));
}

#[test]
fn rfc9112_7_gzip_is_a_transfer_encoding_where_it_was_asked_for() {
    let framing = |coding, gzip_asked| by(Version::HTTP_11, coding, Length::Unsaid, gzip_asked);
    assert_eq!(framing(Coding::GzipChunked, true), Ok(BodyFraming::Chunked));
    assert_eq!(framing(Coding::Gzip, true), Ok(BodyFraming::UntilClose));
    for coding in [Coding::GzipChunked, Coding::Gzip] {
        assert_eq!(framing(coding, false), Err(Fault::TransferEncoding));
    }
}
