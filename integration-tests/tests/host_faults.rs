//! What the machine does to a client, below the network: a server that is killed or stopped (reliability.md 6, row `host`).
//!
//! The server is a process of its own, this very program once more. SIGKILL and SIGSTOP ask nobody.
#![cfg(target_os = "linux")]

use std::process::Stdio;
use std::time::Duration;

use hinternet::{Blame, ErrorCode, Method, Session, Stage, Timeouts};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::{patiently, poll_once};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;

const ROLE: &str = "HINTERNET_TEST_HOST_FAULTS";
const CHILD: &str = "the_server_that_is_killed_or_stopped";
const PORT: &str = "listens at ";
const ANSWERED: &str = "has answered by half";

/// The server: half of each answer at once, and the other half when it is told to go on. Where nobody has given it the role it has
/// nothing to do.
#[tokio::test]
async fn the_server_that_is_killed_or_stopped() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // A line of its own: the test runner may have begun one.
    println!("\n{PORT}{}", listener.local_addr().unwrap());
    let (go_on, told) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut told = told.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap() == 0 {
                        return;
                    }
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await.unwrap();
                println!("{ANSWERED}");
                told.wait_for(|told| *told).await.unwrap();
                // Who has not waited for it is gone.
                drop(stream.write_all(b"again").await);
            });
        }
    });
    let mut line = String::new();
    let mut orders = BufReader::new(tokio::io::stdin());
    orders.read_line(&mut line).await.unwrap();
    go_on.send(true).unwrap();
    // Until whoever has started it is gone.
    while orders.read_line(&mut line).await.unwrap() > 0 {}
}

struct Server {
    process: Child,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    origin: String,
}

impl Server {
    async fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", CHILD, "--nocapture"]).env(ROLE, "server").kill_on_drop(true);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, said) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut server = Self { process, orders, said: BufReader::new(said).lines(), origin: String::new() };
        server.origin = format!("http://{}", server.says(PORT).await);
        server
    }

    /// Waits until it says this, and gives what else is in the line.
    async fn says(&mut self, what: &str) -> String {
        let line = async {
            loop {
                let line = self.said.next_line().await.unwrap().expect("the server runs");
                if let Some(rest) = line.strip_prefix(what) {
                    return rest.to_owned();
                }
            }
        };
        patiently("the server to say something", line).await
    }

    async fn signal(&self, name: &str) {
        // A shell has `kill` built in, where no program of this name is installed.
        let kill = format!("kill {name} {}", self.process.id().expect("it runs"));
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
    }

    async fn stop(&self) {
        self.signal("-STOP").await;
        let stat = format!("/proc/{}/stat", self.process.id().unwrap());
        let stopped = async {
            // Behind the name, which may hold anything.
            while !std::fs::read_to_string(&stat).unwrap().rsplit(") ").next().unwrap().starts_with('T') {
                tokio::task::yield_now().await;
            }
        };
        patiently("the server to be stopped", stopped).await;
    }

    async fn go_on(&mut self) {
        self.orders.write_all(b"go on\n").await.unwrap();
    }
}

/// A request of which the first half of the body was read. It had left the server before it was waited for, so that no limit ends that,
/// however slow the server's process is.
async fn half_read(session: &Session, server: &mut Server) -> hinternet::Request {
    let request = session.connect(&server.origin).unwrap().open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    server.says(ANSWERED).await;
    request.receive_response().await.unwrap();
    assert_eq!(request.read_exact(5).await.unwrap(), "hello");
    request
}

#[tokio::test]
async fn a_server_that_is_killed_within_a_body_is_an_error_and_never_an_end() {
    let mut server = Server::start().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = half_read(&session, &mut server).await;
    server.process.start_kill().unwrap();
    let broken = recorder.failure(request.id(), patiently("the end", request.read()).await);
    assert_eq!((broken.code(), broken.stage()), (ErrorCode::ConnectionError, Stage::Body));
    assert_ne!(broken.blame(), Blame::Caller);
    // It is gone, and the session says so at once.
    server.process.wait().await.unwrap();
    let refused = patiently("a refusal", session.get(&*server.origin).unwrap().send()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::CannotConnect);
    drop(request);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_server_that_is_stopped_within_a_body_and_goes_on_has_lost_nothing() {
    let mut server = Server::start().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = half_read(&session, &mut server).await;
    server.stop().await;
    // What would have it answer is there, and is not looked at.
    server.go_on().await;
    let mut rest = Box::pin(read_all(&request));
    assert!(poll_once(rest.as_mut()).await.is_none());
    server.signal("-CONT").await;
    assert_eq!(patiently("the other half", rest).await.unwrap(), b"again");
    drop(request);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_server_that_stays_stopped_is_a_timeout_and_its_successor_is_another_wire() {
    let mut server = Server::start().await;
    let recorder = Recorder::start();
    let mut timeouts = Timeouts::default();
    timeouts.receive = Some(Duration::from_millis(50));
    let session = recorder.session(Session::builder().timeouts(timeouts).wires_per_origin(1));
    let request = half_read(&session, &mut server).await;
    server.stop().await;
    let stalled = recorder.failure(request.id(), patiently("the limit", request.read()).await);
    assert_eq!((stalled.code(), stalled.stage()), (ErrorCode::Timeout, Stage::Body));
    server.go_on().await;
    server.signal("-CONT").await;
    let again = session.get(&*server.origin).unwrap().timeouts(Timeouts::default()).send().await.unwrap();
    assert_eq!(patiently("a whole answer", again.text()).await.unwrap(), "helloagain");
    drop(request);
    recorder.finish(session).await;
}
