//! The program as a shell sees it: what it prints where, and its exit code.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

fn crawler(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crawler"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    told(crawler(arguments).output().expect("the crawler can be run"))
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |octets| String::from_utf8(octets).expect("it prints UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A host that answers when the test says so.
struct Host(TcpListener);

impl Host {
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        (Self(listener), url)
    }

    /// The next request's path, and the connection to answer it on.
    fn request(&self) -> (String, TcpStream) {
        let mut stream = self.0.accept().unwrap().0;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            stream.read_exact(&mut octet).unwrap();
            head.push(octet[0]);
        }
        let head = String::from_utf8(head).unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), stream)
    }

    fn answer(&self, status: &str) {
        let (_, mut stream) = self.request();
        send(&mut stream, status);
    }
}

fn send(stream: &mut TcpStream, status: &str) {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
}

#[test]
fn json_on_the_standard_output_stands_there_alone() {
    let (code, out, err) = run(&["--json", "-", "--max-pages", "20"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"));
    assert_eq!((code, report["stopped"].as_str()), (Some(0), Some("page_limit")));
    assert!(err.contains("the lab      not checked"), "{err}");
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_the_crawl() {
    let (host, url) = Host::start();
    let (code, out, err) = run(&["--json", "/nowhere/report.json", &url]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("cannot be written to /nowhere/report.json"), "{err}");
    host.0.set_nonblocking(true).unwrap();
    assert!(host.0.accept().is_err(), "nothing was asked for");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (host, url) = Host::start();
    let mut child = crawler(&[&url]).spawn().unwrap();
    drop(child.stdout.take());
    host.answer("404 Not Found");
    host.answer("204 No Content");
    let (code, _, err) = told(child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

#[test]
fn a_host_whose_rules_cannot_be_read_is_named() {
    let (host, url) = Host::start();
    let child = crawler(&[&url, "--back-off", "1ms"]).spawn().unwrap();
    (0..5).for_each(|_| host.answer("500 Internal Server Error"));
    let (code, out, _) = told(child.wait_with_output().unwrap());
    assert_eq!(code, Some(1));
    assert!(out.contains(&format!("no rules     {}  robots.txt unreadable", url.trim_end_matches('/'))), "{out}");
    assert!(!out.contains("latency"), "there is none: {out}");
}

#[cfg(unix)]
mod signals {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::*;

    fn send_signal(child: &Child, signal: Signal) {
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
    }

    /// A crawl with one request under way that was told to stop, and has said that it will.
    fn stopping(signal: Signal) -> (Child, TcpStream, BufReader<impl Read>, String) {
        let (host, url) = Host::start();
        let mut child = crawler(&[&url, "--deadline", "1m"]).spawn().unwrap();
        let (path, stream) = host.request();
        assert_eq!(path, "/robots.txt");
        send_signal(&child, signal);
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        (child, stream, errors, line)
    }

    #[test]
    fn the_first_lets_finish_what_is_under_way() {
        for (signal, name, code) in [(Signal::SIGINT, "Ctrl-C", 130), (Signal::SIGTERM, "SIGTERM", 143)] {
            let (child, mut stream, _errors, line) = stopping(signal);
            assert_eq!(line, format!("crawler: stopping within 60s; another {name} ends it at once\n"));
            send(&mut stream, "404 Not Found");
            let (ended, out, _) = told(child.wait_with_output().unwrap());
            assert_eq!(ended, Some(code), "{out}");
            for line in ["not fetched  1 left undone", "under way ", "stopped      it was interrupted"] {
                assert!(out.contains(line), "{line} in {out}");
            }
        }
    }

    #[test]
    fn a_page_that_is_cut_off_at_the_deadline_is_left_undone() {
        let (host, url) = Host::start();
        let child = crawler(&[&url, "--deadline", "10ms"]).spawn().unwrap();
        host.answer("404 Not Found");
        let (path, _stream) = host.request();
        assert_eq!(path, "/");
        send_signal(&child, Signal::SIGINT);
        let (ended, out, _) = told(child.wait_with_output().unwrap());
        assert_eq!(ended, Some(130), "{out}");
        for line in ["not fetched  1 left undone", "under way    0 completed, 1 cut off", "errors       0"] {
            assert!(out.contains(line), "{line} in {out}");
        }
    }

    #[test]
    fn the_second_ends_it_at_once() {
        let (child, _stream, mut errors, _) = stopping(Signal::SIGINT);
        send_signal(&child, Signal::SIGINT);
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        assert_eq!(line, "crawler: ended by Ctrl-C, without a report\n");
        let (ended, out, _) = told(child.wait_with_output().unwrap());
        assert_eq!((ended, out.as_str()), (Some(130), ""));
    }
}
