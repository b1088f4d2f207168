//! RFC 9112 6: where a response body ends, and that a body cut short is never taken for a whole one.

use hinternet::{ErrorCode, Method, Stage, Version};
use integration_tests::scripted_peer::Script;

use crate::answer::{Answer, Scene};

/// What a peer that answers this and closes gives.
async fn answer_to(method: Method, octets: &str) -> Answer {
    let scene = Scene::with(vec![Script::answering_once(octets.to_owned())]).await;
    let answer = scene.ask(method).await;
    scene.end().await;
    answer
}

#[tokio::test]
async fn content_length_ends_the_body() {
    let answer = answer_to(Method::GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more").await;
    assert_eq!(answer.text(), "hello");
}

#[tokio::test]
async fn content_length_said_twice_alike_is_said_once() {
    for fields in ["Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5"] {
        let answer = answer_to(Method::GET, &format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nhello")).await;
        assert_eq!(answer.text(), "hello", "{fields}");
    }
}

#[tokio::test]
async fn content_length_that_is_not_one_number_is_refused() {
    for length in ["+5", "-5", "0x5", "5 5", "5, 6", "", "5\r\nContent-Length: 6", "18446744073709551621"] {
        let answer = answer_to(Method::GET, &format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello")).await;
        assert_eq!(answer.error().code(), ErrorCode::InvalidServerResponse, "{length:?}");
        assert!(answer.head.is_none(), "{length:?}");
    }
}

#[tokio::test]
async fn the_last_chunk_ends_a_chunked_body() {
    let chunks = "5;ignored=\"a b\"\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let answer =
        answer_to(Method::GET, &format!("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n{chunks}")).await;
    assert_eq!(answer.text(), "hello world");
    assert!(answer.trailers.is_empty());
}

#[tokio::test]
async fn trailers_are_kept_apart_from_the_head_and_change_nothing() {
    let chunks = "5\r\nhello\r\n0\r\nX-T: 1\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\n\r\n";
    let answer =
        answer_to(Method::GET, &format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")).await;
    assert_eq!(answer.text(), "hello");
    assert_eq!(answer.trailers["x-t"], "1");
    assert!(answer.head().headers().get("x-t").is_none());
    assert!(answer.head().headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn broken_chunks_are_refused_after_what_was_whole() {
    for (chunks, code) in [
        ("-5\r\nhello\r\n0\r\n\r\n", ErrorCode::InvalidServerResponse),
        ("5\r\nhelloXX0\r\n\r\n", ErrorCode::InvalidServerResponse),
        ("5\nhello\n0\n\n", ErrorCode::InvalidServerResponse),
        ("10000000000000005\r\nhello", ErrorCode::InvalidServerResponse),
        ("0\r\nX: a\0b\r\n\r\n", ErrorCode::InvalidServerResponse),
    ] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
        let answer = answer_to(Method::GET, &format!("{head}{chunks}")).await;
        assert_eq!((answer.error().code(), answer.error().stage()), (code, Stage::Body), "{chunks:?}");
        assert!(answer.body.starts_with(b"abc"), "{chunks:?}");
    }
}

#[tokio::test]
async fn extensions_and_trailers_without_end_are_refused_by_size() {
    let endless = [
        format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(100_000)),
        format!("{}0\r\n\r\n", "1;abcdefgh\r\nx\r\n".repeat(5_000)),
        format!("0\r\n{}\r\n", "X: y\r\n".repeat(20_000)),
    ];
    for chunks in endless {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let answer = answer_to(Method::GET, &format!("{head}{chunks}")).await;
        assert_eq!(answer.error().code(), ErrorCode::ChunkedEncodingHeaderSizeOverflow, "{:.20}", chunks);
    }
}

#[tokio::test]
async fn a_transfer_encoding_that_is_not_a_single_chunked_is_refused() {
    for (version, coding) in [
        ("1.1", "chunked, chunked"),
        ("1.1", "chunked, gzip"),
        ("1.1", "gzip, chunked"),
        ("1.1", "xchunked"),
        ("1.1", "identity"),
        ("1.1", "chunked\r\nTransfer-Encoding: chunked"),
        ("1.0", "chunked"),
        ("0.9", "chunked"),
    ] {
        let octets = format!("HTTP/{version} 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
        let answer = answer_to(Method::GET, &octets).await;
        assert_eq!(answer.error().code(), ErrorCode::InvalidServerResponse, "{octets:?}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_runs_until_the_connection_closes() {
    for (line, version) in
        [("HTTP/1.1", Version::HTTP_11), ("HTTP/1.0", Version::HTTP_10), ("HTTP/0.9", Version::HTTP_09)]
    {
        let answer = answer_to(Method::GET, &format!("{line} 200 OK\r\n\r\nall of it")).await;
        assert_eq!((answer.head().version(), answer.text()), (version, "all of it"));
    }
}

#[tokio::test]
async fn head_204_and_304_have_no_body_whatever_their_fields_say() {
    for (method, status) in [(Method::HEAD, 200), (Method::GET, 204), (Method::GET, 304)] {
        for framing in ["", "Content-Length: 500\r\n", "Transfer-Encoding: chunked\r\n"] {
            // The connection is kept: only the framing can end the body.
            let octets = format!("HTTP/1.1 {status} x\r\n{framing}\r\n");
            let scene = Scene::with(vec![Script::answering(octets)]).await;
            let answer = scene.ask(method.clone()).await;
            assert_eq!((answer.status(), answer.text()), (status, ""), "{method} {framing:?}");
            if method == Method::HEAD && framing.starts_with("Content-Length") {
                assert_eq!(answer.head().headers()["content-length"], "500", "R-12");
            }
            assert!(!scene.closed_the_wire(answer.id), "{method} {status} {framing:?}");
            scene.end().await;
        }
    }
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_an_error_with_what_had_come() {
    for body in [
        "Content-Length: 10\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\nA\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        let answer = answer_to(Method::GET, &format!("HTTP/1.1 200 OK\r\n{body}")).await;
        let error = answer.error();
        assert_eq!((error.code(), error.stage()), (ErrorCode::ConnectionError, Stage::Body), "{body:?}");
        assert_eq!(answer.body, b"hello", "{body:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_cut_short_or_no_head_is_an_error() {
    for (octets, code) in [
        ("", ErrorCode::ConnectionError),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", ErrorCode::ConnectionError),
        ("<html>hi</html>", ErrorCode::InvalidServerResponse),
        ("HTTP/2.0 200 OK\r\n\r\n", ErrorCode::InvalidServerResponse),
        ("HTTP/1.1  200 OK\r\n\r\n", ErrorCode::InvalidServerResponse),
        ("HTTP/1.1 099 x\r\n\r\n", ErrorCode::InvalidServerResponse),
    ] {
        let answer = answer_to(Method::GET, octets).await;
        assert_eq!(answer.error().code(), code, "{octets:?}");
    }
}

#[tokio::test]
async fn heads_have_their_limits() {
    for (fields, code) in [
        ("A: b\r\n".repeat(101), ErrorCode::HeaderCountExceeded),
        (format!("A: {}\r\n", "b".repeat(65_536)), ErrorCode::HeaderSizeOverflow),
    ] {
        let answer = answer_to(Method::GET, &format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).await;
        assert_eq!(answer.error().code(), code);
    }
}
