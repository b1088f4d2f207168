//! The Autobahn test suite, as it is: its server plays 517 cases to a client that sends every message back, and judges it.
//!
//! It needs a Python 2.7. Where there is none, `.ci/run peers` does not install it, and the test says so and passes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use hinternet::{Compression, ErrorCode, Session, WebSocket, WebSocketOptions};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use serde_json::Value;

use crate::peer::{Peer, ports};
use crate::place::tools;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the Autobahn test suite"]
async fn every_case_of_the_autobahn_suite_is_ok_or_listed_with_its_reason() {
    let Some(wstest) = wstest() else {
        say(&format!("0 of {CASES} cases run: no Autobahn suite, for want of a Python 2.7 when tools were installed"));
        return;
    };
    let [port] = ports();
    let server = Peer::start(&[port], |folder| vec![fuzzing_server(&wstest, folder, port)]);
    let base = format!("ws://127.0.0.1:{port}");
    assert_eq!(count(&base).await, CASES);
    let cases = stream::iter(1..=CASES).map(|n| play(format!("{base}/runCase?case={n}&agent={AGENT}")));
    cases.buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
    let mut judgement = judge(&reports(&base, &server).await);
    for _ in 0..2 {
        // The suite has times of its own, a second most often: on a machine that is busy they run out. So once more, alone.
        for id in judgement.wrong.keys().filter(|id| !id.ends_with('*')) {
            play(format!("{base}/runCase?casetuple={id}&agent={AGENT}")).await;
        }
        if !judgement.wrong.is_empty() {
            judgement = judge(&reports(&base, &server).await);
        }
    }
    let Judgement { tally, wrong } = judgement;
    let ok = tally.get("OK").copied().unwrap_or_default();
    let (failed, others) = (wrong.len(), CASES - ok);
    say(&format!("{ok} passed, {failed} failed, {others} skipped (the Autobahn suite itself: {tally:?})"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(tally.values().sum::<usize>(), CASES);
}

struct Judgement {
    tally: BTreeMap<String, usize>,
    /// By the case.
    wrong: BTreeMap<String, String>,
}

type Reports = serde_json::Map<String, Value>;

/// Compares what the suite says with what is listed.
fn judge(reports: &Reports) -> Judgement {
    let listed = listed();
    let (mut tally, mut wrong, mut used) = (BTreeMap::<_, usize>::new(), BTreeMap::new(), BTreeSet::new());
    for (id, report) in reports {
        let [behaviour, at_close] =
            ["behavior", "behaviorClose"].map(|name| report[name].as_str().unwrap_or("nothing"));
        *tally.entry(behaviour.to_owned()).or_default() += 1;
        let line = listed.iter().find(|(pattern, _)| is_of(id, pattern));
        let is_as_listed = line.is_some_and(|(_, listed)| *listed == behaviour && at_close != "FAILED");
        // What is known of a single case may depend on which of two comes first.
        used.extend(line.filter(|(pattern, _)| is_as_listed || *pattern == id).map(|(pattern, _)| *pattern));
        if !is_as_listed && (behaviour, at_close) != ("OK", "OK") {
            wrong.insert(id.clone(), format!("{behaviour}, at close {at_close}; listed is {line:?}"));
        }
    }
    let in_vain = listed.keys().filter(|pattern| !used.contains(*pattern));
    wrong.extend(in_vain.map(|pattern| ((*pattern).to_owned(), "is listed in vain".to_owned())));
    Judgement { tally, wrong }
}

/// What the suite says of every case.
async fn reports(base: &str, server: &Peer) -> Reports {
    tell(base, "updateReports").await;
    let reports = std::fs::read(server.folder().join("reports/index.json")).unwrap();
    let mut reports: Value = serde_json::from_slice(&reports).unwrap();
    serde_json::from_value(reports[AGENT].take()).expect("the cases of this agent")
}

async fn play(url: String) {
    let played = tokio::time::timeout(LONGEST, send_everything_back(&url)).await;
    assert!(played.is_ok(), "{url} took more than {LONGEST:?}");
}

/// Also where what a test prints is kept back unless it fails.
fn say(line: &str) {
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Is the case meant by this, which may be the beginning of many?
fn is_of(id: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(id == pattern, |beginning| id.starts_with(beginning))
}

/// The cases that are not simply OK, and what the suite says of each.
fn listed() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("autobahn.results").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &'static str| match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
        [id, behaviour @ ("NON-STRICT" | "INFORMATIONAL" | "UNIMPLEMENTED"), _reason] => (id, behaviour),
        _ => panic!("a line has a case, what is said of it, and a reason: {line}"),
    };
    lines.map(read).collect()
}

/// The client under test.
async fn send_everything_back(url: &str) {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let websocket = session.websocket(url).unwrap().options(options()).connect().await.unwrap();
    loop {
        let part = match websocket.receive().await {
            Ok(part) if part.is_close() => break,
            Ok(part) => part,
            // The suite breaks the protocol, or ends the connection.
            failed => {
                recorder.failure(websocket.id(), failed);
                break;
            }
        };
        match websocket.send(part).await {
            Ok(()) => {}
            // The server has closed meanwhile: that comes next.
            Err(error) if error.code() == ErrorCode::InvalidOperation => {}
            failed => drop(recorder.failure(websocket.id(), failed)),
        }
    }
    end(recorder, session, websocket).await;
}

fn options() -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.close_timeout = Duration::from_secs(2);
    options.compression = Some(Compression::default());
    options
}

/// How many cases it has.
async fn count(base: &str) -> usize {
    tell(base, "getCaseCount").await.and_then(|text| text.parse().ok()).expect("a number")
}

/// Asks the suite for something that is no case: its last message, if there is one.
async fn tell(base: &str, path: &str) -> Option<String> {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let url = format!("{base}/{path}?agent={AGENT}");
    let websocket = session.websocket(&url).unwrap().connect().await.unwrap();
    let mut last = None;
    loop {
        let part = patiently(path, websocket.receive()).await.unwrap();
        if part.is_close() {
            break;
        }
        last = part.as_text().map(str::to_owned);
    }
    end(recorder, session, websocket).await;
    last
}

async fn end(recorder: Recorder, session: Session, websocket: WebSocket) {
    drop(websocket);
    recorder.finish(session).await;
}

fn wstest() -> Option<PathBuf> {
    let wstest = tools().join("autobahn/bin/wstest");
    wstest.exists().then_some(wstest)
}

fn fuzzing_server(wstest: &Path, folder: &Path, port: u16) -> Command {
    let excluded = if PLAYS_ALL { "[]" } else { r#"["12.*", "13.*"]"# };
    let specification = format!(
        r#"{{"url": "ws://127.0.0.1:{port}", "outdir": "reports", "cases": ["*"], "exclude-cases": {excluded}, "exclude-agent-cases": {{}}}}"#
    );
    std::fs::write(folder.join("fuzzingserver.json"), specification).unwrap();
    let mut command = Command::new(wstest);
    command.args(["--mode", "fuzzingserver", "--spec", "fuzzingserver.json", "--webport", "0"]);
    // Where it was installed as packages of a user, and warnings of its age are no news.
    command.env("PYTHONUSERBASE", tools().join("autobahn")).env("PYTHONWARNINGS", "ignore");
    command
}

/// Unoptimised, a client takes minutes for the 216 cases that compress up to 128 MiB each: then those are left out, and their data is
/// played by `vectors/autobahn.rs` all the same.
const PLAYS_ALL: bool = !cfg!(debug_assertions);
const CASES: usize = if PLAYS_ALL { 517 } else { 301 };
/// A case hangs that takes so long: some are of a thousand messages of 128 KiB, and others are played at the same time.
const LONGEST: Duration = Duration::from_secs(240);
const AGENT: &str = "hinternet";
/// Many cases wait for a while.
const AT_ONCE: usize = if PLAYS_ALL { 4 } else { 8 };
