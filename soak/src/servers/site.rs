//! What the honest servers answer: the path says what is wanted.

use std::time::Duration;

use integration_tests::coded::Coded;
use integration_tests::origin::Reply;
use integration_tests::request::Request;

use crate::octets::{FILE, event, octets};

/// The answer, also of a server that spoils nothing but says what it must not.
pub(super) fn answer(request: &Request) -> Reply {
    let mut parts = request.path().trim_start_matches('/').split('/');
    let what = parts.next().unwrap_or_default();
    let number: usize = parts.next().and_then(|number| number.parse().ok()).unwrap_or(0);
    match what {
        "octets" => Reply::ok(octets(number)),
        "chunked" => Reply::new(200).chunked(octets(number).chunks(3_000).map(<[u8]>::to_vec)),
        "until-close" => Reply::new(200).until_close(octets(number)),
        "echo" => Reply::ok(request.body.clone()),
        "interim" => Reply::ok(octets(number)).interim(103).interim(103),
        "closing" => Reply::ok(octets(number)).closing(),
        "redirect" if number > 0 => Reply::redirect(302, format!("/redirect/{}", number - 1)),
        "redirect" => Reply::ok(octets(100)),
        "loop" => Reply::redirect(302, "/loop"),
        "cookie" => Reply::ok("").field("set-cookie", "flavour=oat; Path=/"),
        "cookies" => Reply::ok(request.field("cookie").unwrap_or_default().to_owned()),
        "coded" => {
            let coded = Coded::ALL[number % Coded::ALL.len()];
            Reply::ok(coded.code(&octets(20_000))).field("content-encoding", coded.name())
        }
        "bomb" => {
            let (begin, more) = Coded::Gzip.bomb();
            let body = [&begin[..], &more.repeat(40)].concat();
            Reply::ok(body).field("content-encoding", "gzip")
        }
        "cached" => cached(request, number),
        "slow" => Reply::ok(octets(100)).after(Duration::from_millis(number as u64)),
        "silent" => Reply::ok("").after(Duration::from_secs(5)),
        "dropped" => Reply::drop_connection(),
        "garbage" => Reply::raw("\x16\x03\x01 what?\r\n\r\n"),
        "short" => Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello"),
        "two-lengths" => Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!"),
        "events" => events(request),
        "file" => file(request),
        _ => Reply::new(404),
    }
}

/// Fresh for a second, and then confirmed.
fn cached(request: &Request, number: usize) -> Reply {
    let tag = format!("\"{number}\"");
    let reply = match request.field("if-none-match") {
        Some(known) if known == tag => Reply::new(304),
        _ => Reply::ok(octets(number)),
    };
    reply.field("etag", tag).field("cache-control", "max-age=1")
}

/// The three events behind the last that was seen; then the stream ends, and is to be asked for again soon.
fn events(request: &Request) -> Reply {
    let last: u64 = request.field("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0);
    let events: String = (last + 1..last + 4).map(|n| format!("id: {n}\ndata: {}\n\n", event(n))).collect();
    Reply::ok(format!("retry: 10\n\n{events}")).field("content-type", "text/event-stream")
}

/// A file of which parts can be asked for.
fn file(request: &Request) -> Reply {
    let (file, tag) = (octets(FILE), "\"first\"");
    let from = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let from = from.and_then(|(from, _)| from.parse::<usize>().ok()).filter(|from| *from < FILE);
    match from.filter(|_| request.field("if-range").is_none_or(|known| known == tag)) {
        Some(from) => Reply::new(206)
            .body(file[from..].to_vec())
            .field("content-range", format!("bytes {from}-{}/{FILE}", FILE - 1))
            .field("etag", tag),
        None => Reply::ok(file).field("etag", tag).field("accept-ranges", "bytes"),
    }
}
