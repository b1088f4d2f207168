//! So many origins in turn that not all of them can be remembered: memory stays flat, descriptors within their bound (contract E).
//!
//! The server is a process of its own, this very program once more, so that what is measured is the client's. A recorder keeps
//! all it hears and so cannot be here; a counter takes its place.

use std::env;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use hinternet::{Engine, NotificationMask, Session, Status};
use integration_tests::{assert_kib, patiently, resident_kib};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};

const WIRES: usize = 400;
/// By then everything that is bounded has reached its bound.
const WARM: usize = 10_000;

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs /proc/self and all of 127.0.0.0/8")]
async fn e_memory_is_flat_and_descriptors_are_bounded_over_many_origins() {
    let origins = if env::var_os("HINTERNET_DEEP").is_some() { 100_000 } else { 30_000 };
    let (_server, _said, port) = start_server().await;
    // As many threads on every machine: each has sockets of its own.
    let engine = Engine::builder().shards(2).start().unwrap();
    let (closed, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counter = {
        let (closed, failed) = (Arc::clone(&closed), Arc::clone(&failed));
        engine.subscriber(move |one| match one.status {
            Status::HandleClosing => drop(closed.fetch_add(1, Ordering::Relaxed)),
            Status::RequestError { .. } => drop(failed.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        })
    };
    let mask = NotificationMask::ALL_NOTIFICATIONS;
    let builder = Session::builder().engine(engine).wires_per_session(WIRES);
    let session = builder.subscriber(counter, mask).open().unwrap();
    let get = |n: usize| {
        let url = format!("http://{}/", SocketAddr::from((address(n), port)));
        let session = &session;
        async move { session.get(url)?.send().await?.text().await }
    };

    let mut warm = 0;
    for ten_thousand in 0..origins / WARM {
        let mut answers = stream::iter(ten_thousand * WARM..(ten_thousand + 1) * WARM).map(get).buffer_unordered(16);
        let mut most_sockets = 0;
        for n in 0.. {
            let Some(answer) = patiently("an answer", answers.next()).await else { break };
            assert_eq!(answer.unwrap(), "hello");
            if n % 500 == 0 {
                most_sockets = most_sockets.max(sockets());
            }
        }
        // Beside the wires: the pairs by which each thread's signals and wake-ups go.
        assert!(most_sockets <= WIRES + 16, "{most_sockets} sockets for {WIRES} wires");
        let now = resident_kib();
        let so_far = (ten_thousand + 1) * WARM;
        println!("{so_far} origins: {now} KiB, at most {most_sockets} sockets");
        if ten_thousand == 0 {
            warm = now;
        }
        assert_kib(now, warm + 4 * 1024, format_args!("{so_far} origins"));
    }
    session.close().await.unwrap();
    session.closed().await;
    assert_eq!(failed.load(Ordering::Relaxed), 0);
    assert_eq!(closed.load(Ordering::Relaxed), origins / WARM * WARM + 1, "each request, and the session");
}

fn address(n: usize) -> Ipv4Addr {
    let [_, b, c, d] = (n as u32).to_be_bytes();
    Ipv4Addr::new(127, b + 1, c, d)
}

/// How many sockets this process has open.
fn sockets() -> usize {
    let is_socket = |entry: std::io::Result<std::fs::DirEntry>| {
        let target = entry.ok().and_then(|entry| std::fs::read_link(entry.path()).ok());
        target.is_some_and(|target| target.to_string_lossy().starts_with("socket:"))
    };
    std::fs::read_dir("/proc/self/fd").unwrap().map(is_socket).filter(|is_socket| *is_socket).count()
}

/// Names what the program shall be when it is started once more.
const ROLE: &str = "HINTERNET_MANY_ORIGINS_SERVER";

/// What it says has to have somewhere to go: libtest says of a test that it runs for a minute, and ends where nobody listens.
async fn start_server() -> (Child, Lines<BufReader<ChildStdout>>, u16) {
    let mut server = Command::new(env::current_exe().unwrap())
        .args(["--exact", "be_the_server", "--nocapture"])
        .env(ROLE, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, port)) = line.split_once("port ") {
                return port.parse().unwrap();
            }
        }
        panic!("the server ended");
    };
    let port = patiently("the server's port", port).await;
    (server, lines, port)
}

/// No test: the server's side, when the program is started once more for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn be_the_server() {
    if env::var_os(ROLE).is_none() {
        return;
    }
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    println!("port {}", listener.local_addr().unwrap().port());
    std::io::stdout().flush().unwrap();
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(stream));
        }
    };
    // Its input ends with the process that started it.
    let (mut orphaned, mut none) = (tokio::io::stdin(), [0]);
    tokio::select! {
        () = accept => {}
        _ = orphaned.read(&mut none) => {}
    }
}

async fn answer(mut stream: TcpStream) {
    let mut received = Vec::new();
    while matches!(stream.read_buf(&mut received).await, Ok(1..)) {
        if received.ends_with(b"\r\n\r\n") {
            received.clear();
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.is_err() {
                return;
            }
        }
    }
}
