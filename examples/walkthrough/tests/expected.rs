//! Each program prints what the book says it prints.
//!
//! `HINTERNET_BLESS=1 cargo test -p walkthrough` writes what they print into `expected/`. What differs from run to run is
//! masked there: ports, durations, and the words of the operating system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

programs! { hello naive checker supervised solutions first_request handle_path handle_tree notifications closing tls dialing cookies blocking }

fn compare(program: &str, executable: &str) {
    let output = Command::new(executable).output().expect("the program can be run");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} failed:\n{stdout}\n{stderr}");

    let printed = anchored(&masked(&stdout));
    let file = package().join("expected").join(program).with_extension("txt");
    if std::env::var_os("HINTERNET_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, printed).expect("the expectation can be written");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(printed == expected, "{program} does not print {}. It prints:\n{printed}", file.display());
}

/// Every listing and output of the README that names a file is that file.
#[test]
fn the_readme_shows_the_files_it_names() {
    let root = package().join("../..");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let mut shown = 0;
    for named in readme.split("<!-- shows ").skip(1) {
        let (name, rest) = named.split_once(" -->\n").expect("the comment has a line of its own");
        let (_, block) = rest.strip_prefix("```").and_then(|rest| rest.split_once('\n')).expect("a block follows");
        let (block, _) = block.split_once("```\n").expect("the block ends");
        let file = fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(block == file, "the README does not show {name} as it is:\n{file}");
        shown += 1;
    }
    assert_eq!(shown, 2, "the README shows a program and what it prints");
}

/// A line `== name` begins a part, which the book includes by this name.
fn anchored(printed: &str) -> String {
    let (mut out, mut open) = (String::new(), None);
    for line in printed.lines() {
        let Some(name) = line.strip_prefix("== ") else {
            out += &format!("{line}\n");
            continue;
        };
        end(&mut out, open.replace(name));
        out += &format!("ANCHOR: {name}\n");
    }
    end(&mut out, open);
    out
}

fn end(out: &mut String, part: Option<&str>) {
    if let Some(part) = part {
        *out += &format!("ANCHOR_END: {part}\n");
    }
}

fn masked(printed: &str) -> String {
    let to_the_end = |rest: &str, end: &[char]| rest.find(end).unwrap_or(rest.len());
    let port = |rest: &str| match rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()) {
        1 => 0, // port 1, where nobody listens, is the programs' own choice
        digits => digits,
    };
    let mut masked = after_each(printed, "127.0.0.1:", port, "PORT");
    for name in ["waited: ", "elapsed: "] {
        masked = after_each(&masked, name, |rest| to_the_end(rest, &[' ', ',', '\n']), "TIME");
    }
    for name in ["failed to lookup address information: ", "the last one: "] {
        masked = after_each(&masked, name, |rest| to_the_end(rest, &['[', '\n']), "(the system's words) ");
    }
    masked
}

/// Replaces what follows each `name`: so many octets as `length` says.
fn after_each(text: &str, name: &str, length: impl Fn(&str) -> usize, mask: &str) -> String {
    let mut pieces = text.split(name);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let length = length(piece);
        out += name;
        out += if length > 0 { mask } else { "" };
        out += &piece[length..];
    }
    out
}

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
