//! Each program prints what the book says it prints.
//!
//! `HINTERNET_BLESS=1 cargo test -p classics` writes what they print into `expected/`. Ports differ from run to run, and so do the
//! times; both are masked there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

macro_rules! programs {
    ($($program:ident)*) => {
        $(
            #[test]
            fn $program() {
                compare(stringify!($program), env!(concat!("CARGO_BIN_EXE_", stringify!($program))));
            }
        )*
    };
}

programs! { winhttp_get status_subscriber winhttp_handle_tree sendreq_async wait_for_multiple download }

fn compare(program: &str, executable: &str) {
    let output = Command::new(executable).stdin(Stdio::null()).output().expect("the program can be run");
    let Output { status, stdout, stderr } = output;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success() && stderr.is_empty(), "{program} failed:\n{stdout}\n{stderr}");

    let printed = anchored(&without_ports(&stdout));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected").join(program).with_extension("txt");
    if std::env::var_os("HINTERNET_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, printed).expect("the expectation can be written");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(printed == expected, "{program} does not print {}. It prints:\n{printed}", file.display());
}

/// A line `== name` begins a part, which the book includes by this name.
fn anchored(printed: &str) -> String {
    let mut parts = printed.split("== ");
    assert_eq!(parts.next(), Some(""), "a program begins with a part");
    parts
        .map(|part| part.split_once('\n').expect("the name has a line"))
        .fold(String::new(), |out, (name, part)| out + &format!("ANCHOR: {name}\n{part}ANCHOR_END: {name}\n"))
}

/// Port 1, where nobody listens, is the programs' own choice.
fn without_ports(printed: &str) -> String {
    let mut pieces = printed.split("127.0.0.1:");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |out, piece| {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        let port = if piece.len() - rest.len() > 1 { "PORT" } else { &piece[..piece.len() - rest.len()] };
        format!("{out}127.0.0.1:{port}{rest}")
    })
}
