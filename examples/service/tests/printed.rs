//! The program as a shell sees it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn service(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `HINTERNET_BLESS=1 cargo test -p service` writes what it prints into the file that the book shows.
#[test]
fn without_arguments_it_prints_what_the_book_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected.txt");
    let output = service(&[]).output().expect("the program can be run");
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    if std::env::var_os("HINTERNET_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&file, out).expect("the expectation can be written");
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(out == expected, "it does not print {}. It prints:\n{out}", file.display());
}

#[test]
fn a_server_that_is_not_there_is_exit_code_1() {
    let output = service(&["call", "http://127.0.0.1:1"]).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.contains("12029")), (Some(1), true), "{err}");
}

#[cfg(unix)]
#[test]
fn on_ctrl_c_the_client_says_what_became_of_its_calls_and_the_server_ends() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let interrupt = |child: &Child| kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let mut server = Ended(service(&["serve", "127.0.0.1:0"]).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let origin = line.strip_prefix("listening at ").expect("it says where");

    let mut client = Ended(service(&["call", origin, "hello"]).spawn().unwrap());
    let mut lines = BufReader::new(client.0.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "once      \"hello\"");
    interrupt(&client.0);
    let rest: Vec<_> = lines.map(Result::unwrap).filter(|line| !line.starts_with("once")).collect();
    let [draining, report] = &rest[..] else { panic!("{rest:?}") };
    assert_eq!(draining, "draining  what is under way may finish");
    assert!(report.starts_with("report    completed ") && report.ends_with(", cancelled 0, never sent 0"), "{report}");
    assert_eq!(client.0.wait().unwrap().code(), Some(0));

    interrupt(&server.0);
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
}

/// A test that fails leaves no process behind.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _has_ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
