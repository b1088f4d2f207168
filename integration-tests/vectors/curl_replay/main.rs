//! What curl's own test suite expects of an HTTP client: which requests go out, what is delivered, and how it ends.
//!
//! Each case is a command line. A small program like curl ([`transfer`]) plays it by the public API, against a server that answers as
//! curl's own does. Three things are compared: the requests ([`comparing`]), what was delivered of bodies, where the case looks at
//! it, and the exit code ([`exit_code`]).
//!
//! What curl the *program* does, this program does: it expands globs, reads files, joins form data, and knows which of its options
//! means which of ours. What curl the *library* does, `hinternet` has to do; where that decides otherwise on purpose but lets a
//! program decide, this one decides as curl does, by the public API: whose cookies are sent under a `Host` of the caller's, what is
//! made of credentials and blanks in a `Location`, names below `localhost`. What is left stands in the list of known differences.

mod authority;
mod base64;
mod body;
mod command;
mod comparing;
mod config;
mod cookies;
mod exit_code;
mod fields;
mod form;
mod globbing;
mod names;
mod preparing;
mod program;
mod proxying;
mod redirecting;
#[path = "../runner.rs"]
mod runner;
mod transfer;
mod trusting;
mod vector;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use comparing::{Strips, bodies, short};
use exit_code::Exit;
use futures_util::StreamExt;
use integration_tests::HANG;
use integration_tests::curl_replay::Replayer;
use integration_tests::recorder::Recorder;
use program::Program;
use runner::{Case, Suite, judge, list, read_json};
use serde_json::Value;
use vector::Vector;

fn main() -> ExitCode {
    let suite = Suite {
        name: "curl-replay",
        place: "curl-replay/cases.json",
        cases: 515,
        known_differences: include_str!("../curl_replay.known_differences"),
        most_known: 24,
    };
    let ended = suite.run(|place| async move { play_all(&place).await });
    // Where nothing was played, or single cases, nothing is said of the table.
    let unused = if ended == ExitCode::SUCCESS && exit_code::was_used() { exit_code::unused() } else { Vec::new() };
    for row in &unused {
        println!("FAILED no case needs {row} of the table of exit codes");
    }
    if unused.is_empty() { ended } else { ExitCode::FAILURE }
}

async fn play_all(file: &Path) -> Vec<Case> {
    let vectors = read_json(file);
    // For whoever works at one case: `-- 17 18`.
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| argument.parse::<u32>().is_ok()).collect();
    let is_wanted = |vector: &&Value| wanted.is_empty() || wanted.contains(&vector["id"].to_string());
    let cases = list(&vectors["cases"]).iter().filter(is_wanted).map(|vector| {
        let vector = vector.clone();
        judge(vector["id"].to_string(), None, async move {
            let played = tokio::time::timeout(HANG / 2, play(&vector)).await;
            played.unwrap_or_else(|_| Err("hangs".to_owned()))
        })
    });
    futures_util::stream::iter(cases).buffer_unordered(AT_ONCE).collect().await
}

async fn play(vector: &Value) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let replayer = Replayer::bind().await;
    let vector = Vector::new(vector, &replayer, folder.path());
    vector.write_files();
    let replaying = replayer.play(vector.part());
    let arguments = vector.arguments();
    let recorder = Recorder::start();
    let program = Program {
        arguments: arguments.clone(),
        environment: vector.environment(),
        standard_input: vector.standard_input(),
        output: folder.path().join(format!("curl{}.out", vector.number())),
        old_servers: Mutex::default(),
    };
    let ended = program.run(&recorder).await;
    recorder.settle().await;

    let right = vector.exit_codes();
    let mut wrong = Vec::new();
    if !right.iter().any(|code| ended.exit.covers(*code)) {
        wrong.push(format!("exit {}, not {right:?}", ended.exit));
    }
    let strips = Strips::new(vector.strips(), &arguments);
    for (what, heard, expected) in [
        ("server", replaying.heard(), vector.expected_requests()),
        ("proxy", replaying.heard_by_proxy(), vector.expected_proxy_requests()),
    ] {
        let compared = expected.map_or(Ok(()), |expected| strips.compare(what, &heard, &expected));
        wrong.extend(compared.err());
    }
    if let Some(expected) = vector.expected_output() {
        let (ours, theirs) = (bodies(&ended.output), bodies(&expected));
        let theirs = without_trailers(theirs, &ended.trailers);
        // What fails may have held its last octets back.
        let is_failure = !matches!(ended.exit, Exit::Code(0));
        if ours != theirs && !(is_failure && theirs.starts_with(&ours)) {
            let (ours, theirs) = (ours.escape_ascii().to_string(), theirs.escape_ascii().to_string());
            wrong.push(format!("delivered {}, not {}", short(&ours), short(&theirs)));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// What curl writes, less trailers that are those which were delivered. curl ends their lines as they ended on the wire; here they are
/// fields.
fn without_trailers(mut theirs: Vec<u8>, delivered: &[u8]) -> Vec<u8> {
    let without_cr = |octets: &[u8]| octets.iter().copied().filter(|octet| *octet != b'\r').collect::<Vec<_>>();
    let wanted = without_cr(delivered);
    let begin = (0..=theirs.len()).rev().find(|at| without_cr(&theirs[*at..]) == wanted);
    // Those that curl does not write are missed, not cut off.
    theirs.truncate(begin.unwrap_or(theirs.len()));
    if begin.is_none() && !delivered.is_empty() {
        theirs.extend_from_slice(b" and no trailers");
    }
    theirs
}

/// Most of a case is waiting.
const AT_ONCE: usize = 6;
