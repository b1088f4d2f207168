//! What the crawler prints without arguments has the form that the book shows.
//!
//! `printed.txt` is the output of a run; `HINTERNET_BLESS=1 cargo test -p crawler --test printed` writes it anew. Figures
//! differ from run to run and are not compared here: `lab.rs` checks them against the lab's ground truth.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_book_shows_what_the_crawler_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_crawler")).output().expect("the crawler can be run");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("printed.txt");
    if std::env::var_os("HINTERNET_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, printed.as_bytes()).expect("the output can be written");
        return;
    }
    let shown = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(form(&shown), form(&printed), "{} is another form than this:\n{printed}", file.display());
}

/// The words of each line, with 0 for every figure and without its unit.
fn form(output: &str) -> Vec<Vec<String>> {
    let unit = |word: &str| matches!(word, "s" | "ms" | "µs" | "s,");
    let words = |line: &str| line.split_whitespace().filter(|word| !unit(word)).map(without_figures).collect();
    output.lines().map(words).collect()
}

fn without_figures(word: &str) -> String {
    let of_figure = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let (mut out, mut in_figure) = (String::new(), false);
    for c in word.chars() {
        in_figure = c.is_ascii_digit() || (in_figure && of_figure(c));
        match in_figure {
            true if out.ends_with('0') => {}
            true => out.push('0'),
            false => out.push(c),
        }
    }
    out
}
