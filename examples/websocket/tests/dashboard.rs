//! What the dashboard prints, small: fifty sockets on a server that drops some of them.

use std::path::Path;
use std::process::{Command, Stdio};

/// Every number is shown as `N`, and the lines of the seconds, of which there are more on a slower machine, once.
fn shape(said: &str) -> String {
    let mut shape = String::new();
    for line in said.lines() {
        let mut digits = false;
        let mut plain = String::new();
        for letter in line.chars() {
            match letter {
                '0'..='9' => {
                    if !std::mem::replace(&mut digits, true) {
                        plain.push('N');
                    }
                }
                '.' if digits => {}
                other => {
                    digits = false;
                    plain.push(other);
                }
            }
        }
        let plain = plain.replace("N MB", "N kB").replace("N B", "N kB").replace("median N ms, pN N ms", "not known");
        if !shape.ends_with(&format!("{plain}\n")) {
            shape.push_str(&plain);
            shape.push('\n');
        }
    }
    shape
}

/// The number before this word.
fn before(said: &str, word: &str) -> u64 {
    let end = said.find(word).unwrap_or_else(|| panic!("`{word}` is not in {said}"));
    said[..end].trim_end().rsplit(|one: char| !one.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn sockets_that_the_server_drops_heal_and_all_are_closed_in_the_end() {
    let arguments = ["--sockets", "50", "--rate", "20", "--break", "20", "--messages", "3000"];
    let shown = Command::new(env!("CARGO_BIN_EXE_dashboard"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let said = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.status.success() && shown.stderr.is_empty(), "{said}{}", String::from_utf8_lossy(&shown.stderr));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboard.txt");
    if std::env::var_os("HINTERNET_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&file, &said).expect("the expectation can be written");
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(shape(&said), shape(&expected), "{said}");
    let last = said.lines().rev().take(3).collect::<Vec<_>>().join("\n");
    assert!(before(&last, "messages") >= 3000, "{last}");
    assert!(before(&last, "were lost") > 0 && before(&last, "healed") > 0, "{last}");
    assert_eq!((before(&last, "gave up"), before(&last, ", with an error") > 0), (0, true), "{last}");
}
