//! What the classic programs share: a small site on loopback, for who gives them no other, and how they end.
//!
//! | path | answers |
//! |---|---|
//! | `/` | a line of text |
//! | `/upload` | how long the body was that it was sent |
//! | `/film` | a film of 256 KiB, or the rest of it |
//! | `/breaks` | the same, but half of it at first: then the connection breaks |
//! | `/slow` | nothing, for an hour |
//! | `/garbage` | no HTTP |
//! | else | 404 |

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use hinternet::Bytes;
use integration_tests::origin::{Origin, Reply};
use integration_tests::request::Request;

/// Starts the site on a free port of 127.0.0.1. It is there until it is dropped.
///
/// # Panics
/// When there is no port for it.
pub async fn site() -> Origin {
    Origin::start(answer).await
}

/// Begins a part of a program's output: the book shows it by this name.
pub fn part(name: &str) {
    println!("== {name}");
}

/// The end of a program: an error is shown as a sentence.
pub fn ended(result: Result<(), impl Display>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Resolves when the user has had enough: Ctrl-C. Never, where that cannot be heard.
pub async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// The film: lines that are numbered.
pub fn film() -> Bytes {
    (0..FILM / 8).map(|line| format!("{line:07}\n")).collect::<String>().into()
}

/// The answer with all of the film that has no more of it than this, head and all.
pub fn film_up_to(octets: usize) -> Bytes {
    let head = format!("HTTP/1.1 200 OK\r\netag: {TAG}\r\ncontent-length: {FILM}\r\n\r\n");
    [head.as_bytes(), &film()[..octets]].concat().into()
}

/// The answer with the film from this octet on, head and all.
pub fn film_from(octet: usize) -> Bytes {
    let range = format!("content-range: bytes {octet}-{}/{FILM}", FILM - 1);
    let head =
        format!("HTTP/1.1 206 Partial Content\r\netag: {TAG}\r\n{range}\r\ncontent-length: {}\r\n\r\n", FILM - octet);
    [head.as_bytes(), &film()[octet..]].concat().into()
}

fn answer(request: &Request) -> Reply {
    let text = |body: &str| Reply::ok(body.to_owned()).field("content-type", "text/plain; charset=utf-8");
    match (request.path(), from(request)) {
        ("/", _) => text("Hello from loopback.\n"),
        ("/upload", _) => text(&format!("{} octets arrived\n", request.body.len())),
        ("/film", None) => Reply::raw(film_up_to(FILM)),
        ("/breaks", None) => Reply::raw(film_up_to(FILM / 2)),
        ("/film" | "/breaks", Some(octet)) => Reply::raw(film_from(octet)),
        ("/slow", _) => text("").after(Duration::from_secs(60 * 60)),
        ("/garbage", _) => Reply::raw("What is this?\r\n\r\n"),
        _ => text("There is nothing here.\n").with_status(404),
    }
}

/// From which octet on the rest of something is asked for.
fn from(request: &Request) -> Option<usize> {
    let octet = request.field("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()?;
    (octet < FILM).then_some(octet)
}

/// Octets of the film.
pub const FILM: usize = 256 * 1024;

const TAG: &str = "\"first-cut\"";
