//! A process that is killed in the middle of a download leaves what a later one goes on from: never a mixture of two versions, and
//! no octet is asked for twice (P10; RFC 9110 13.1.5, 14.2).
//!
//! The process is this test's own program, run once more; it is told by its environment what to load, and tells by its output how far
//! it has come. SIGKILL asks nobody: nothing of it runs any more.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use integration_tests::patiently;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinSet;

use super::*;

const URL: &str = "HINTERNET_TEST_KILLED_URL";
const PATH: &str = "HINTERNET_TEST_KILLED_PATH";
const CHILD: &str = "killed::the_process_that_is_killed";

/// The process that is killed. Where nobody has told it what to load it has nothing to do.
#[tokio::test]
async fn the_process_that_is_killed() {
    let (Ok(url), Ok(path)) = (std::env::var(URL), std::env::var(PATH)) else { return };
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let download = session.download(url).unwrap().retry(policy().attempts(1));
    let downloaded = download.on_progress(|now| println!("{HELD}{}", now.received)).to_file(path).await;
    match downloaded {
        Ok(whole) => println!("{DONE}{} {}", whole.resumed_from, whole.length),
        Err(error) => println!("{FAILED}{error}"),
    }
    recorder.finish(session).await;
}

// Each begins a line of its own: the test runner may have begun one.
const HELD: &str = "\nheld ";
const DONE: &str = "\ndone ";
const FAILED: &str = "\nfailed ";

/// A server of one file, which knows of ranges, and stops where it is told to.
struct Server {
    url: String,
    state: Arc<Mutex<State>>,
    count: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

struct State {
    file: Vec<u8>,
    tag: &'static str,
    manner: Manner,
    /// It falls silent there: in the head, or behind so many octets of the file.
    stops: Stop,
    /// `Range` and `If-Range` of each request.
    asked: Vec<(Option<String>, Option<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Nowhere,
    BeforeTheHead,
    WithinTheHead,
    Behind(usize),
    /// Chunked, and the last chunk does not come.
    BeforeTheEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// It keeps to RFC 9110 13.1.5.
    Honest,
    /// It sends the range of what it has, whichever version was asked for.
    DeafToIfRange,
    /// It sends all of it each time.
    DeafToRanges,
}

impl Server {
    async fn start(file: Vec<u8>, tag: &'static str, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/film", listener.local_addr().unwrap());
        let state = State { file, tag, manner, stops: Stop::Nowhere, asked: Vec::new() };
        let (state, count) = (Arc::new(Mutex::new(state)), Arc::default());
        let mut serving = JoinSet::new();
        serving.spawn(listen(listener, Arc::clone(&state), Arc::clone(&count)));
        Self { url, state, count, _serving: serving }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    fn asked(&self) -> Vec<(Option<String>, Option<String>)> {
        self.state.lock().unwrap().asked.clone()
    }

    async fn wait_for_requests(&self, count: usize) {
        let come = async {
            while self.count.load(Ordering::SeqCst) < count {
                tokio::task::yield_now().await;
            }
        };
        patiently("requests", come).await;
    }
}

async fn listen(listener: TcpListener, state: Arc<Mutex<State>>, count: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (state, count) = (Arc::clone(&state), Arc::clone(&count));
        connections.spawn(async move {
            // Who is killed goes without a word.
            let _gone = serve(stream, &state, &count).await;
        });
    }
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>, count: &AtomicUsize) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let field = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")))?;
        Some(line.split_once(": ")?.1.to_owned())
    };
    let (range, if_range) = (field("range"), field("if-range"));
    let answer = {
        let mut state = state.lock().unwrap();
        state.asked.push((range.clone(), if_range.clone()));
        answer(&state, range.as_deref(), if_range.as_deref())
    };
    count.fetch_add(1, Ordering::SeqCst);
    stream.write_all(&answer).await?;
    // Whoever waits for more waits until it is killed, or has all and closes.
    while stream.read_buf(&mut Vec::new()).await? > 0 {}
    Ok(())
}

/// What is sent of the answer.
fn answer(state: &State, range: Option<&str>, if_range: Option<&str>) -> Vec<u8> {
    let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let is_same = state.manner == Manner::DeafToIfRange || if_range == Some(state.tag);
    let from = from.filter(|_| is_same && state.manner != Manner::DeafToRanges);
    if from == Some(state.file.len()) {
        let (length, tag) = (state.file.len(), state.tag);
        let head = format!("HTTP/1.1 416 No\r\netag: {tag}\r\ncontent-range: bytes */{length}\r\n");
        return format!("{head}content-length: 0\r\n\r\n").into();
    }
    let whole = match from {
        Some(from) => part(&state.file, from, state.tag),
        None => whole(&state.file, state.tag),
    };
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    match state.stops {
        Stop::Nowhere => whole,
        Stop::BeforeTheHead => Vec::new(),
        Stop::WithinTheHead => whole[..head - 10].to_vec(),
        Stop::Behind(octets) => whole[..head + octets - from.unwrap_or(0)].to_vec(),
        Stop::BeforeTheEnd => {
            let body = &whole[head..];
            let text = String::from_utf8_lossy(&whole[..head]);
            let fields: Vec<_> = text.trim_end().lines().filter(|line| !line.starts_with("content-length")).collect();
            let head = format!("{}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n", fields.join("\r\n"), body.len());
            [head.as_bytes(), body, b"\r\n"].concat()
        }
    }
}

/// The process under way.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(url: &str, folder: &TempDir) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", CHILD, "--nocapture"]).env(URL, url).env(PATH, folder.path().join("film"));
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next thing it says that begins so.
    async fn says(&mut self, beginning: &str) -> String {
        let said = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some(rest) = line.strip_prefix(beginning.trim()) {
                    return rest.trim().to_owned();
                }
                assert!(!line.starts_with(FAILED.trim()), "{line}");
            }
            panic!("the process ended without saying {beginning:?}");
        };
        patiently("a word of the process", said).await
    }

    async fn holds(&mut self, octets: usize) {
        while self.says(HELD).await != octets.to_string() {}
    }

    /// SIGKILL, and it is no more.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Runs a process that is killed where the server stops.
async fn killed_at(server: &Server, folder: &TempDir, stop: Stop) {
    server.set(|state| state.stops = stop);
    let requests = server.asked().len();
    let mut process = Process::start(&server.url, folder);
    server.wait_for_requests(requests + 1).await;
    match stop {
        Stop::Behind(0) | Stop::BeforeTheHead | Stop::WithinTheHead | Stop::Nowhere => {}
        Stop::Behind(octets) => process.holds(octets).await,
        Stop::BeforeTheEnd => process.holds(SIZE).await,
    }
    process.kill().await;
    server.set(|state| state.stops = Stop::Nowhere);
}

/// Runs a process that is let finish: from where it went on.
async fn finished(server: &Server, folder: &TempDir) -> u64 {
    let mut process = Process::start(&server.url, folder);
    let done = process.says(DONE).await;
    let (from, _) = done.split_once(' ').unwrap();
    assert!(patiently("the end of a process", process.child.wait()).await.unwrap().success());
    from.parse().unwrap()
}

/// How much of it is on the disk.
fn held(folder: &TempDir) -> u64 {
    std::fs::metadata(folder.path().join("film.part")).map_or(0, |about| about.len())
}

fn films(folder: &TempDir) -> Vec<String> {
    let names = std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The first version, long enough for many reads, and the other one, of which no octet is where the first has it.
fn first() -> Vec<u8> {
    (0..SIZE).map(|nth| (nth % 251) as u8).collect()
}

fn second() -> Vec<u8> {
    first().iter().map(|octet| octet ^ 0x80).collect()
}

const SIZE: usize = 300_000;
const PLACES: [Stop; 7] = [
    Stop::BeforeTheHead,
    Stop::WithinTheHead,
    Stop::Behind(0),
    Stop::Behind(1),
    Stop::Behind(100_000),
    Stop::Behind(SIZE - 1),
    Stop::BeforeTheEnd,
];

#[tokio::test]
async fn p10_a_killed_download_goes_on_where_the_disk_has_it() {
    for stop in PLACES {
        let (server, folder) = (Server::start(first(), TAG, Manner::Honest).await, tempfile::tempdir().unwrap());
        killed_at(&server, &folder, stop).await;
        let held = held(&folder);
        let from = finished(&server, &folder).await;
        assert_eq!(from, held, "{stop:?}");
        assert!(std::fs::read(folder.path().join("film")).unwrap() == first(), "{stop:?}: a mixture");
        let asked = server.asked();
        let again = if held > 0 { asks(&format!("bytes={held}-"), TAG) } else { ALL };
        assert_eq!(asked, [ALL, again], "{stop:?}");
        assert_eq!(films(&folder), ["film"], "{stop:?}");
    }
}

#[tokio::test]
async fn p10_a_killed_download_of_what_has_changed_begins_anew() {
    for manner in [Manner::Honest, Manner::DeafToIfRange, Manner::DeafToRanges] {
        for stop in PLACES {
            let (server, folder) = (Server::start(first(), TAG, manner).await, tempfile::tempdir().unwrap());
            killed_at(&server, &folder, stop).await;
            server.set(|state| (state.file, state.tag) = (second(), "\"v2\""));
            // Who is lied to gives up at once, and holds nothing of either.
            let mut process = Process::start(&server.url, &folder);
            let ended = async {
                loop {
                    let line = process.lines.next_line().await.unwrap();
                    match line {
                        Some(line) if line.starts_with(DONE.trim()) => return true,
                        Some(line) if line.starts_with(FAILED.trim()) => return false,
                        Some(_) => {}
                        None => panic!("{manner:?} {stop:?}: the process says nothing of its end"),
                    }
                }
            };
            let done = patiently("the end of a download", ended).await;
            assert!(patiently("the end of a process", process.child.wait()).await.unwrap().success());
            if !done {
                assert_eq!(manner, Manner::DeafToIfRange, "{stop:?}");
                finished(&server, &folder).await;
            }
            assert!(std::fs::read(folder.path().join("film")).unwrap() == second(), "{manner:?} {stop:?}: a mixture");
            assert_eq!(films(&folder), ["film"], "{manner:?} {stop:?}");
        }
    }
}

#[tokio::test]
async fn p10_a_download_that_is_killed_again_and_again_comes_to_its_end() {
    let (server, folder) = (Server::start(first(), TAG, Manner::Honest).await, tempfile::tempdir().unwrap());
    for nth in 1..6 {
        killed_at(&server, &folder, Stop::Behind(nth * 20_000)).await;
        if nth == 3 {
            server.set(|state| (state.file, state.tag) = (second(), "\"v2\""));
            killed_at(&server, &folder, Stop::Behind(30_000)).await;
        }
    }
    finished(&server, &folder).await;
    assert!(std::fs::read(folder.path().join("film")).unwrap() == second(), "a mixture");
    let ranges = server.asked().iter().filter(|(range, _)| range.is_some()).count();
    assert!(ranges >= 5, "{:?}", server.asked());
}

/// What a weak validator says is no reason to go on.
#[tokio::test]
async fn p10_a_killed_download_without_a_strong_validator_begins_anew() {
    let (server, folder) = (Server::start(first(), "W/\"v1\"", Manner::Honest).await, tempfile::tempdir().unwrap());
    killed_at(&server, &folder, Stop::Behind(100_000)).await;
    assert_eq!(finished(&server, &folder).await, 0);
    assert!(std::fs::read(folder.path().join("film")).unwrap() == first());
    assert_eq!(server.asked(), [ALL, ALL]);
}

/// Killed at moments that nobody chose, while the octets come as fast as they do.
#[tokio::test]
async fn p10_a_download_that_is_killed_at_any_of_its_words_is_whole_in_the_end() {
    let (server, folder) = (Server::start(first(), TAG, Manner::Honest).await, tempfile::tempdir().unwrap());
    for words in 0..5 {
        let mut process = Process::start(&server.url, &folder);
        for _ in 0..=words {
            // It may have come to its end.
            if process.lines.next_line().await.unwrap().is_none() {
                break;
            }
        }
        process.kill().await;
        if folder.path().join("film").exists() {
            assert!(std::fs::read(folder.path().join("film")).unwrap() == first(), "a mixture, after {words}");
        }
    }
    finished(&server, &folder).await;
    assert!(std::fs::read(folder.path().join("film")).unwrap() == first(), "a mixture");
}
