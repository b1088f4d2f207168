//! A storm of signals: whatever a thread waits for in the system is interrupted again and again, while exchanges of every kind go on,
//! and none of them notices (reliability.md 6, row `transport`). The handler is tokio's, by which most calls begin again (SA_RESTART):
//! EINTR is what waits for events is given (`epoll_wait`, `poll`).
//!
//! The client is a process of its own, this very program once more, and each of its threads is meant.
#![cfg(target_os = "linux")]

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use hinternet::tls::TlsOptions;
use hinternet::{CookieFile, CookieJar, Session, SessionCookies, SessionOptions};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Answer, Http2Origin};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::tls::Tls;
use integration_tests::websocket::WebSocketOrigin;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

const ROLE: &str = "HINTERNET_TEST_SIGNALS";
const CHILD: &str = "the_client_in_the_storm";
const READY: &str = "let it blow";
const DONE: &str = "all was answered";
/// Everything is done so often.
const ROUNDS: usize = 50;

#[tokio::test]
async fn signals_without_end_disturb_no_exchange() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", CHILD, "--nocapture"]).env(ROLE, "client").kill_on_drop(true);
    let mut client = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let ready = async { while lines.next_line().await.unwrap().expect("the client gets ready") != READY {} };
    patiently("the client", ready).await;
    // A signal that is sent to the number of a thread wakes that thread. It may be gone by then, and in the end all are.
    let storm =
        "while [ -e /proc/$1/task/$1 ]; do for thread in /proc/$1/task/*; do kill -USR1 ${thread##*/}; done; done";
    let id = client.id().expect("it runs").to_string();
    let _storm = Command::new("sh").args(["-c", storm, "sh", &id]).stderr(Stdio::null()).kill_on_drop(true).spawn();
    // Each round has its own time: all of them take long where the disk is slow, or the machine does other things too.
    let mut said = Vec::new();
    while let Some(line) = patiently("the client's next round", lines.next_line()).await.unwrap() {
        said.push(line);
    }
    let end = async {
        let mut complained = String::new();
        client.stderr.take().unwrap().read_to_string(&mut complained).await.unwrap();
        (client.wait().await.unwrap(), complained)
    };
    let (status, complained) = patiently("the client's end", end).await;
    assert!(status.success() && said.iter().any(|line| line.starts_with(DONE)), "{said:#?}\n{complained}");
    println!("{}", said.iter().find(|line| line.starts_with(DONE)).unwrap());
}

/// The client, and its servers. Where nobody has given it the role it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_in_the_storm() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let handled = Arc::new(AtomicUsize::new(0));
    let (mut signals, counted) = (signal(SignalKind::user_defined1()).unwrap(), Arc::clone(&handled));
    let (tell, mut hears) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            let count = counted.fetch_add(1, Ordering::Relaxed) + 1;
            tell.send_replace(count);
        }
    });
    let client = Client::new().await;
    println!("\n{READY}");
    patiently("the storm", hears.wait_for(|count| *count > 0)).await.unwrap();
    let before = handled.load(Ordering::Relaxed);
    for round in 0..ROUNDS {
        client.asks(round).await;
        println!("round {round} is over");
    }
    let within = handled.load(Ordering::Relaxed) - before;
    // It still blows.
    let more = *hears.borrow();
    patiently("the storm", hears.wait_for(|count| *count > more)).await.unwrap();
    client.recorder.finish(client.session).await;
    println!("\n{DONE}, {within} times after a signal");
}

struct Client {
    recorder: Recorder,
    session: Session,
    urls: Vec<String>,
    echo: WebSocketOrigin,
    folder: tempfile::TempDir,
    _origins: ([Origin; 2], Http2Origin),
}

impl Client {
    async fn new() -> Self {
        let authority = Authority::new("The storm's own authority");
        let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1", "localhost"])));
        let plain = Origin::start(|request| Reply::ok(request.body.clone())).await;
        let secure = Origin::secure(&tls, |request| Reply::ok(request.body.clone())).await;
        let http2 = Http2Origin::secure(&tls.offering(&["h2"]), |_| Answer::echo()).await;
        let recorder = Recorder::start();
        let mut options = SessionOptions::default();
        options.request.tls = TlsOptions::new().trust_only([authority.certificate()]);
        // A few on each wire: names are looked up and sockets opened all the time.
        options.wire_max_requests = Some(3);
        let session = recorder.session(Session::builder().options(options));
        let urls = [plain.origin_named("localhost"), secure.origin_named("localhost"), http2.origin_named("localhost")];
        let (echo, folder) = (WebSocketOrigin::echo().await, tempfile::tempdir().unwrap());
        let urls = urls.map(|origin| format!("{origin}/")).into();
        Self { recorder, session, urls, echo, folder, _origins: ([plain, secure], http2) }
    }

    /// An upload that comes back, of each server at the same time; a message that does; and a file that is written and read.
    async fn asks(&self, round: usize) {
        let octets: Vec<u8> = (0..100_000_usize).map(|n| (n * 31 + round) as u8).collect();
        let uploads = self.urls.iter().map(async |url| {
            let response = self.session.post(&**url).unwrap().body(octets.clone()).send().await.unwrap();
            assert!(response.bytes().await.unwrap() == octets, "{url} in round {round}");
        });
        patiently("the answers", join_all(uploads)).await;
        let message = async {
            let websocket = self.session.websocket(&self.echo.url()).unwrap().connect().await.unwrap();
            websocket.send(octets.clone()).await.unwrap();
            assert!(websocket.receive().await.unwrap().octets() == &octets[..], "in round {round}");
            websocket.close(1000, "").await.unwrap();
        };
        patiently("the message", message).await;
        let (jar, path) = (CookieJar::new(), self.folder.path().join("jar"));
        jar.set(&*self.urls[1], format!("round={round}")).unwrap();
        patiently("the file", jar.save(&path, CookieFile::Json, SessionCookies::Keep)).await.unwrap();
        assert_eq!(patiently("the file", CookieJar::new().load(&path, CookieFile::Json)).await.unwrap().taken, 1);
    }
}
