//! What reading costs, and that twice as much costs twice as much: inputs of 64 KiB to 4 MiB, each made so that a reader that goes
//! back to where it has been takes very long over it.
//!
//! All is read whatever it costs. Only an optimised build that has its time (`HINTERNET_DEEP=1`) is judged: a second of the
//! processor for a mebibyte, which is far above what any reader needs and far below what a quadratic one takes for four of them.
//! That is this thread's time on a processor, and not what it took by the clock.

use bytes::BytesMut;
use http::Method;

use super::http1::asked;
use crate::options::Leniency;
use crate::protocol::http1::{BodyStep, HeadLimits, HeadStep};

/// Reads the octets, in one way or another.
type Reader = fn(&[u8]);

/// An input: what it begins with, what is repeated, and what it ends with.
type Parts = (&'static [u8], &'static [u8], &'static [u8]);

const ALL: &[(&str, Parts, Reader)] = &[
    ("a head of many fields", (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", b"\r\n"), response),
    ("a head of one long field", (b"HTTP/1.1 200 OK\r\na: ", b"b", b"\r\n\r\n"), response),
    ("a head of folded lines", (b"HTTP/1.1 200 OK\r\na: ", b"b\r\n ", b"\r\n\r\n"), response),
    ("a head behind empty lines", (b"", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n"), response),
    ("many interim heads", (b"", b"HTTP/1.1 103 Early\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"), response),
    ("many lengths", (b"HTTP/1.1 200 OK\r\ncontent-length: 1", b", 1", b"\r\n\r\nx"), response),
    ("many connection options", (b"HTTP/1.1 200 OK\r\nconnection: a", b", a", b"\r\n\r\n"), response),
    ("chunks of an octet", (CHUNKED, b"1\r\nx\r\n", b"0\r\n\r\n"), response),
    ("a chunk size of many digits", (CHUNKED, b"0", b"1\r\nx\r\n0\r\n\r\n"), response),
    ("a long chunk extension", (CHUNKED_EXTENSION, b"x", b"\r\nx\r\n0\r\n\r\n"), response),
    ("many chunk extensions", (CHUNKED_EXTENSION, b";a=\"b\"", b"\r\nx\r\n0\r\n\r\n"), response),
    ("many trailers", (TRAILERS, b"a: b\r\n", b"\r\n"), response),
    #[cfg(feature = "cookies")]
    ("cookies of many names", (b"", b"@#=b; path=/@#; max-age=9\n", b""), numbered_cookies),
    #[cfg(feature = "cookies")]
    ("a cookie of many attributes", (b"a=b", b"; path=/x; domain=x; max-age=1", b""), super::set_cookie),
    #[cfg(feature = "cookies")]
    ("a cookie of many semicolons", (b"a=b", b"; ", b""), super::set_cookie),
    #[cfg(feature = "cookies")]
    ("a cookie's date of many tokens", (b"a=b; expires=", b"1 ", b""), super::set_cookie),
    ("many challenges", (b"Basic realm=a", b", Basic realm=a", b""), super::challenge),
    ("a challenge of many parameters", (b"Digest a=b", b", a=b", b""), super::challenge),
    ("a challenge that is quoted without end", (b"Digest realm=\"", b"\\\"", b""), super::challenge),
    ("a challenge of commas", (b"Digest ", b",", b""), super::challenge),
    ("a long path", (b"http://h/", b"a/", b""), super::url),
    ("a path that goes up", (b"http://h/", b"a/../", b""), super::url),
    ("a path to be escaped", (b"http://h/", b"\xc3\xbc<>", b""), super::url),
    ("a long host", (b"http://", b"a.", b"/"), super::url),
    ("a host to be mapped", (b"http://", "ü".as_bytes(), b"/"), super::url),
    ("a URL with many @", (b"http://", b"a@", b"h/"), super::url),
    ("a URL of slashes", (b"http:", b"/", b"h"), super::url),
    ("a URL of tabs and ends of lines", (b"http://h/", b"\t\r\n", b"a"), super::url),
    ("many ranges", (b"bytes=0-1", b",3-4", b""), super::fields),
    ("many codings", (b"gzip", b", gzip", b""), super::fields),
    ("many extensions", (b"permessage-deflate", b"; a=b, permessage-deflate", b""), super::fields),
    #[cfg(feature = "pac")]
    ("an answer of many proxies", (b"", b"PROXY a:1; ", b"DIRECT"), proxies),
    #[cfg(feature = "pac")]
    ("an answer of unknown ways", (b"", b"X a:1;", b"DIRECT"), proxies),
];

/// A whole response in pieces, as from a network, where all that bounds a head is off.
fn response(octets: &[u8]) {
    let limits = HeadLimits {
        head_octets: usize::MAX,
        header_fields: usize::MAX,
        interim_responses: u32::MAX as usize,
        chunk_extension_octets: usize::MAX,
        trailer_octets: usize::MAX,
        trailer_fields: usize::MAX,
        leniency: Leniency::all(),
    };
    let (mut reading, mut buffer) = (asked(&Method::GET, "/", limits), BytesMut::new());
    let mut pieces = octets.chunks(PIECE);
    let mut receiving = loop {
        match reading.handle_input(&mut buffer) {
            Ok(HeadStep::NeedMore) => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => return,
            },
            Ok(HeadStep::Interim(_)) => {}
            Ok(HeadStep::Final(_, receiving)) => break receiving,
            Err(_) => return,
        }
    };
    loop {
        match receiving.handle_input(&mut buffer, usize::MAX) {
            Ok(BodyStep::Data(_)) => {}
            Ok(BodyStep::NeedMore) => match pieces.next() {
                Some(piece) => buffer.extend_from_slice(piece),
                None => return,
            },
            Ok(BodyStep::End) | Err(_) => return,
        }
    }
}

/// Each `@#` is another number, so that no cookie takes the place of the one before it.
#[cfg(feature = "cookies")]
fn numbered_cookies(octets: &[u8]) {
    use crate::policy::cookies::{Scope, Store};
    use crate::target::Target;
    let target = Target::parse("https://a.example/").expect("a target");
    let mut store = Store::default();
    for (n, line) in octets.split(|octet| *octet == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line).replace("@#", &n.to_string());
        let _told = store.set(&Scope::of(&target), line.as_bytes(), 1_000_000_000);
    }
}

#[cfg(feature = "pac")]
fn proxies(octets: &[u8]) {
    let _ways = crate::policy::pac::read_answer(&String::from_utf8_lossy(octets));
}

fn input((begin, more, end): Parts, length: usize) -> Vec<u8> {
    [begin, &more.repeat(length / more.len()), end].concat()
}

/// For how long this thread was on a processor, in nanoseconds; `None` where nobody says it.
fn processor_time() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn cost(parts: Parts, reader: Reader, length: usize) -> u64 {
    let octets = input(parts, length);
    let before = processor_time();
    reader(&octets);
    processor_time().zip(before).map_or(0, |(after, before)| after - before)
}

#[test]
fn reading_costs_at_most_a_second_of_the_processor_for_a_mebibyte() {
    let is_judged = std::env::var_os("HINTERNET_DEEP").is_some() && !cfg!(debug_assertions);
    let longest = if is_judged { 4 << 20 } else { 64 << 10 };
    let lengths = || std::iter::successors(Some(64 << 10), |length| Some(length * 2)).take_while(|n| *n <= longest);
    let mut dear = Vec::new();
    for (name, parts, reader) in ALL {
        let costs: Vec<_> = lengths().map(|length| cost(*parts, *reader, length)).collect();
        let told: Vec<_> = costs.iter().map(|cost| format!("{:.1}", *cost as f64 / 1e6)).collect();
        println!("{name}: {} ms for 64 KiB and each time twice as much", told.join(" "));
        let too_much = |(length, cost): (usize, &u64)| *cost > (length as u64 * 1_000_000_000) >> 20;
        if is_judged && lengths().zip(&costs).any(too_much) {
            dear.push(*name);
        }
    }
    assert!(dear.is_empty(), "more than a second for a mebibyte: {dear:?}");
}

/// As much as comes at a time: less than a socket has, so that whoever begins anew does so often.
const PIECE: usize = 1024;
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const CHUNKED_EXTENSION: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;";
const TRAILERS: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
