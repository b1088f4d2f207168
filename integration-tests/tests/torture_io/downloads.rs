//! Downloads that are gone on with: what they give is one version of the file from its first octet to its last, or an error.

use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::{Blame, ErrorCode, Result, RetryPolicy, Session};
use integration_tests::origin::Reply;
use integration_tests::request::Request as Asked;
use integration_tests::simulation::Simulation;
use tempfile::TempDir;

use super::{ALL, CONTENT, Torture};

/// A version of the file.
#[derive(Clone, Copy)]
struct Version {
    file: &'static str,
    tag: &'static str,
    /// Gives a part of it whatever version is asked for.
    is_careless: bool,
}

const FIRST: Version =
    Version { file: "once upon a time there was a file of some length", tag: "\"1\"", is_careless: false };
const SECOND: Version =
    Version { file: "ONCE UPON A TIME THERE WAS A FILE OF SOME LENGTH", tag: "\"2\"", is_careless: false };

/// The first request is broken off in the middle; the second and those that follow find the second of these versions.
fn site(versions: [Version; 2]) -> impl Fn(Simulation) -> Simulation {
    move |simulation| {
        let asked = AtomicUsize::new(0);
        simulation.site(80, move |request| {
            let n = asked.fetch_add(1, Ordering::Relaxed);
            answer(request, versions[n.min(1)], n == 0)
        })
    }
}

fn answer(request: &Asked, Version { file, tag, is_careless }: Version, is_broken: bool) -> Reply {
    let asked = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let from: usize = asked.filter(|_| is_careless || request.field("if-range") == Some(tag)).unwrap_or(0);
    let (rest, last, length) = (&file[from..], file.len() - 1, file.len());
    let sent = if is_broken { &rest[..rest.len() / 2] } else { rest };
    let head = match from {
        0 => "HTTP/1.1 200 OK\r\n".to_owned(),
        _ => format!("HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {from}-{last}/{length}\r\n"),
    };
    Reply::raw(format!("{head}etag: {tag}\r\ncontent-length: {}\r\n\r\n{sent}", rest.len())).closing()
}

/// One version, whichever; or, of a file that changes, one of the two words for that there is no such thing.
fn judged(versions: [Version; 2], got: Result<Vec<u8>>) -> Result<Vec<u8>> {
    let changes = versions[0].tag != versions[1].tag;
    match got {
        Ok(octets) => {
            let is_whole = versions.iter().any(|version| version.file.as_bytes() == octets);
            assert!(is_whole, "a mixture: {:?}", String::from_utf8_lossy(&octets));
            Ok(CONTENT.into())
        }
        Err(error) if changes && (error.code() == ErrorCode::ResendRequest || error.blame() == Blame::Peer) => {
            Ok(CONTENT.into())
        }
        Err(error) => Err(error),
    }
}

/// Where the server breaks it off so often.
fn into_a_file(versions: [Version; 2], breaks: RangeInclusive<usize>) {
    let folder = Rc::new(TempDir::new().unwrap());
    let scenario = async move |session: Session, origin: String| {
        // What is there of an attempt before is gone on with.
        let path = folder.path().join(session.id().value().to_string());
        let download = session.download(origin)?.retry(RetryPolicy::new().budget(None));
        judged(versions, download.to_file(path).await.map(|downloaded| std::fs::read(downloaded.path).unwrap()))
    };
    Torture::at(site(versions), scenario).breaks(breaks).run(&ALL);
}

fn as_a_stream(versions: [Version; 2]) {
    let scenario = async move |session: Session, origin: String| {
        let mut download = session.download(origin)?.retry(RetryPolicy::new().budget(None)).stream()?;
        let read = async {
            let mut octets = Vec::new();
            while let Some(piece) = download.chunk().await? {
                octets.extend_from_slice(&piece);
            }
            Ok(octets)
        };
        judged(versions, read.await)
    };
    Torture::at(site(versions), scenario).breaks(1..=1).run(&ALL);
}

#[test]
fn p10_a_file_that_is_gone_on_with() {
    into_a_file([FIRST, FIRST], 1..=1);
}

#[test]
fn p10_a_file_that_changes_in_the_middle() {
    into_a_file([FIRST, SECOND], 1..=1);
}

#[test]
fn p10_a_file_of_which_a_careless_server_gives_a_part_of_another() {
    into_a_file([FIRST, Version { is_careless: true, ..SECOND }], 1..=2);
}

#[test]
fn p10_a_stream_that_is_gone_on_with() {
    as_a_stream([FIRST, FIRST]);
}

#[test]
fn p10_a_stream_that_changes_in_the_middle() {
    as_a_stream([FIRST, SECOND]);
}
