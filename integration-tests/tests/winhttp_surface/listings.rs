//! The names of variables: a handle is called the same in every listing of the book, as the table says.

use std::fs;
use std::path::{Path, PathBuf};

use super::table;

/// Rows that say how a variable is called, what such a handle is made by, and how nobody calls it.
const HANDLES: [(&str, &[&str], &[&str]); 4] = [
    ("hSession", &["Session::open()", "Session::builder()"], &["s", "sess", "client", "h_session", "root"]),
    ("hConnect", &["session.connect("], &["c", "conn", "connect", "h_connect", "handle"]),
    ("hRequest", &[".open_request("], &["r", "req", "h_request", "handle"]),
    ("hWebSocket", &[".complete_upgrade(", "session.websocket("], &["w", "ws", "socket", "sock", "h_websocket"]),
];

#[test]
fn a_handle_is_called_in_every_listing_as_the_table_says() {
    let pages = table::pages();
    let mut files = Vec::new();
    for folder in ["examples", "book/listings"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &mut files);
    }
    assert!(!files.is_empty());
    let (mut seen, mut wrong) = ([0; HANDLES.len()], Vec::new());
    for file in &files {
        for line in fs::read_to_string(file).unwrap().lines() {
            let Some((name, made)) = binding(line) else { continue };
            for (n, (row, calls, others)) in HANDLES.iter().enumerate() {
                let (_, _, row) = table::rows(&pages).find(|(_, _, one)| one.name == *row).expect("a row of the table");
                let expected = row.note.as_deref().unwrap().trim_matches('`');
                if calls.iter().any(|call| made.contains(call)) {
                    seen[n] += usize::from(name == expected);
                    if others.contains(&name) {
                        wrong.push(format!("{}: {name}, not {expected}", file.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.iter().all(|seen| *seen > 0), "a handle that no listing has: {seen:?}");
}

/// The variable of `let name = made;`
fn binding(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix("let ")?;
    let (name, made) = rest.strip_prefix("mut ").unwrap_or(rest).split_once(" = ")?;
    Some((name.split(':').next()?, made))
}

/// All sources in a folder.
pub(crate) fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}
