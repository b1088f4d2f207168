//! Faults of what HTTP says: answers that are no answers, lengths that lie, codings that break.

use hinternet::{ErrorCode, RequestOptions, Stage};
use integration_tests::coded::Coded;
use integration_tests::http2_peer::frames;

use super::fault::{Case, Expected, Fault, answered, fails, fault, status};
use super::protocol::{ALL, BY_HTTP1, CONTENT, Protocol, REQUESTS, answer, stream};

use Protocol::{Http2, Secure, Tunnel, WebSocket};

/// The server says each of these in place of its first answer, and goes on as if nothing were the matter.
fn said(name: &'static str, octets: fn() -> Vec<Vec<u8>>) -> Fault {
    fault(name, move |protocol| octets().into_iter().map(|octets| Case::server(protocol.says(octets))).collect())
}

/// The same, and then it ends.
fn said_last(name: &'static str, octets: fn() -> Vec<&'static str>) -> Fault {
    fault(name, move |protocol| {
        octets().into_iter().map(|octets| Case::server(protocol.asked().send(octets).close())).collect()
    })
}

fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// An answer with this status in each protocol.
fn status_of(name: &'static str, code: u16, fields: &'static [(&'static str, &'static str)]) -> Fault {
    fault(name, move |protocol| {
        let whole = match protocol {
            Http2 => {
                let code = code.to_string();
                let all = [&[(":status", code.as_str())][..], fields, &[("content-length", "5")]].concat();
                [frames::headers(stream(0), &all, false), frames::data(stream(0), CONTENT, true)].concat()
            }
            _ => {
                let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                answer(&format!("{code} As It Is"), &fields, CONTENT).whole()
            }
        };
        vec![Case::server(protocol.says(whole))]
    })
}

fn wrong(stage: Stage) -> Expected {
    fails(ErrorCode::InvalidServerResponse, stage)
}

fn of_statuses() -> Vec<Fault> {
    vec![
        status_of("500", 500, &[]).at(&ALL, status(500).kept()),
        status_of("503 with Retry-After", 503, &[("retry-after", "1")]).at(&ALL, status(503).kept()),
        status_of("429 with Retry-After", 429, &[("retry-after", "1")]).at(&ALL, status(429).kept()),
        fault("A redirect to itself, without end", |protocol| {
            let moved = |n| match protocol {
                Http2 => frames::headers(stream(n), &[(":status", "302"), ("location", "/")], true).to_vec(),
                _ => b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n".to_vec(),
            };
            let script = (0..=10).fold(protocol.opens(), |script, n| protocol.reads(script, n).send(moved(n)));
            vec![Case::server(protocol.serves(script, 11))]
        })
        .at(&REQUESTS, fails(ErrorCode::RedirectFailed, Stage::Redirect).kept()),
        status_of("A redirect from https to http", 302, &[("location", "http://server.test/")])
            .at(&[Secure, Http2, Tunnel], fails(ErrorCode::RedirectFailed, Stage::Redirect).kept()),
        status_of("A redirect to what is no URL", 302, &[("location", "http://[/")])
            .at(&REQUESTS, wrong(Stage::Redirect).kept()),
    ]
}

fn of_heads() -> Vec<Fault> {
    vec![
        said("No HTTP", || texts(&["SSH-2.0-OpenSSH\r\n\r\n", "<html>hi</html>\r\n\r\n", "\0\0\0\0\r\n\r\n"]))
            .at(&BY_HTTP1, wrong(Stage::Head))
            .at(&[WebSocket], wrong(Stage::Head)),
        said("A status line that is none", || {
            texts(&[
                "HTTP/2.0 200 OK\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n",
                "HTTP/1.1 2000 OK\r\n\r\n",
                "http/1.1 200 OK\r\n\r\n",
            ])
        })
        .at(&BY_HTTP1, wrong(Stage::Head)),
        said("A field that is none", || {
            texts(&[
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                "HTTP/1.1 200 OK\r\nblank : x\r\n\r\n",
                "HTTP/1.1 200 OK\r\nA: b\r\r\nSet-Cookie: evil=1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
            ])
        })
        .at(&BY_HTTP1, wrong(Stage::Head)),
        said("A head longer than 64 KiB", || {
            vec![format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(70_000)).into_bytes()]
        })
        .at(&BY_HTTP1, fails(ErrorCode::HeaderSizeOverflow, Stage::Head)),
        said("More than a hundred fields", || {
            vec![format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101)).into_bytes()]
        })
        .at(&BY_HTTP1, fails(ErrorCode::HeaderCountExceeded, Stage::Head)),
        fault("More interim answers than ten", |protocol| {
            let interim = match protocol {
                Http2 => frames::response(stream(0), 103, false).to_vec(),
                _ => b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(),
            };
            vec![Case::server(protocol.says(interim.repeat(11)))]
        })
        .at(&BY_HTTP1, wrong(Stage::Head))
        .at(&[Http2], wrong(Stage::Head).kept()),
        fault("101 that nobody asked for", |protocol| {
            let switching = match protocol {
                Http2 => frames::response(stream(0), 101, false).to_vec(),
                _ => b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec(),
            };
            vec![Case::server(protocol.says(switching))]
        })
        .at(&BY_HTTP1, wrong(Stage::Head))
        .at(&[Http2], wrong(Stage::Head).kept()),
    ]
}

fn with_fields(fields: &'static [(&'static str, &'static str)], body: &'static str) -> impl Fn(Protocol) -> Vec<u8> {
    move |protocol| match protocol {
        Http2 => {
            let all = [&[(":status", "200")][..], fields].concat();
            [frames::headers(stream(0), &all, false), frames::data(stream(0), body, true)].concat()
        }
        _ => {
            let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}").into_bytes()
        }
    }
}

fn of_lengths() -> Vec<Fault> {
    vec![
        fault("Two lengths that differ", |protocol| {
            let whole = with_fields(&[("content-length", "5"), ("content-length", "6")], "hello!");
            vec![Case::server(protocol.says(whole(protocol)))]
        })
        .at(&BY_HTTP1, wrong(Stage::Head))
        .at(&[Http2], wrong(Stage::FirstByte).kept()),
        said("A length that is no number", || {
            ["-5", "0x5", "5 5", "99999999999999999999", "five"]
                .map(|length| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nhello").into_bytes())
                .to_vec()
        })
        .at(&BY_HTTP1, wrong(Stage::Head)),
        said("Chunks and a length", || {
            texts(&[
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            ])
        })
        .at(&BY_HTTP1, wrong(Stage::Head)),
        said("A chunk whose size is none", || {
            ["xyz\r\nhello", "10000000000000005\r\nhello", "-5\r\nhello", "5 hello", "5\r\nhello0\r\n\r\n"]
                .map(|body| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}\r\n").into_bytes())
                .to_vec()
        })
        .at(&BY_HTTP1, wrong(Stage::Body)),
        said_last("The end before the last chunk", || {
            vec![
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            ]
        })
        .at(&BY_HTTP1, fails(ErrorCode::ConnectionError, Stage::Body)),
        said("Octets behind the answer", || {
            texts(&[
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
            ])
        })
        .at(&BY_HTTP1, answered()),
        fault("More octets than the length says", |_| {
            let whole = with_fields(&[("content-length", "5")], "hello, and more");
            vec![Case::server(Http2.says(whole(Http2)))]
        })
        .at(&[Http2], wrong(Stage::Body).kept()),
        fault("Fewer octets than the length says", |_| {
            let whole = with_fields(&[("content-length", "50")], CONTENT);
            vec![Case::server(Http2.says(whole(Http2)))]
        })
        .at(&[Http2], wrong(Stage::Body).kept()),
    ]
}

/// The answer has this body, in gzip.
fn coded(name: &'static str, body: fn() -> Vec<u8>) -> Fault {
    fault(name, move |protocol| {
        let body = body();
        let length = body.len().to_string();
        let whole = match protocol {
            Http2 => {
                let all = [(":status", "200"), ("content-encoding", "gzip"), ("content-length", &length)];
                [frames::headers(stream(0), &all, false), frames::data(stream(0), &body, true)].concat()
            }
            _ => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n");
                [head.as_bytes(), &body].concat()
            }
        };
        vec![Case::server(protocol.says(whole))]
    })
}

fn gzipped() -> Vec<u8> {
    Coded::Gzip.code(CONTENT.as_bytes()).to_vec()
}

fn little(options: &mut RequestOptions) {
    options.limits.decoded_body = Some(4);
}

fn of_codings() -> Vec<Fault> {
    vec![
        coded("A gzip that ends too early", || gzipped()[..gzipped().len() - 9].to_vec())
            .at(&BY_HTTP1, wrong(Stage::Body))
            .at(&[Http2], wrong(Stage::Body).kept()),
        coded("A gzip whose checksum is wrong", || {
            let mut octets = gzipped();
            let at = octets.len() - 8;
            octets[at] ^= 1;
            octets
        })
        .at(&BY_HTTP1, wrong(Stage::Body))
        .at(&[Http2], wrong(Stage::Body).kept()),
        coded("A gzip that is none", || b"this is plain".to_vec())
            .at(&BY_HTTP1, wrong(Stage::Body))
            .at(&[Http2], wrong(Stage::Body).kept()),
        Fault {
            name: "A body that decodes to more than is allowed",
            cases: Box::new(|protocol| {
                let cases = (coded("", gzipped).cases)(protocol);
                cases.into_iter().map(|case| case.with(little)).collect()
            }),
            expected: Vec::new(),
        }
        .at(&BY_HTTP1, fails(ErrorCode::BodyTooLarge, Stage::Body))
        .at(&[Http2], fails(ErrorCode::BodyTooLarge, Stage::Body).kept()),
    ]
}

pub(crate) fn of_answers() -> Vec<Fault> {
    [of_statuses(), of_heads(), of_lengths(), of_codings()].into_iter().flatten().collect()
}
