//! The book's chapter on error codes: what each code means, whose fault it is, at which stages it comes, and what to do.
//!
//! The meaning is that of the sources, the rest is `book/errors.toml`. A code that nobody has described fails here; so does a stage
//! or a blame that the sources or the table of faults give a code, and its description does not.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hinternet::ErrorCode;
use serde::Deserialize;

use super::listings::collect;
use super::source;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    code: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The variant's name.
    code: String,
    #[serde(default)]
    blame: Vec<String>,
    #[serde(default)]
    stages: Vec<String>,
    todo: String,
}

/// A code as the sources have it.
struct Code {
    variant: String,
    winhttp_name: String,
    meaning: String,
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

fn described() -> Vec<Row> {
    toml::from_str::<Described>(&read("book/errors.toml")).unwrap().code
}

fn codes() -> Vec<Code> {
    let (text, mut codes, mut meaning) = (read("framework/src/error/code.rs"), Vec::new(), String::new());
    for line in text.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("/// ") {
            meaning = format!("{meaning} {more}").trim_start().to_owned();
        } else if let Some((path, winhttp_name)) = source::error_code(line) {
            let variant = path.trim_start_matches("ErrorCode::").to_owned();
            codes.push(Code { variant, winhttp_name, meaning: without_links(&std::mem::take(&mut meaning)) });
        } else if !line.starts_with("#[") {
            meaning.clear();
        }
    }
    codes
}

/// [`Limits`](crate::Limits) leads nowhere in the book.
fn without_links(text: &str) -> String {
    let mut pieces = text.split("](crate::");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let opened = out.rfind('[').expect("a link begins");
        out.remove(opened);
        out += piece.split_once(')').expect("a link ends").1;
    }
    out
}

/// What makes an error whose code is written out: the code, and the stage and the blame where they are, too.
fn made() -> Vec<(String, Option<String>, Option<String>, String)> {
    let mut files = Vec::<PathBuf>::new();
    collect(&Path::new(ROOT).join("framework/src"), &mut files);
    files.retain(|file| !file.ends_with("tests.rs") && !file.components().any(|part| part.as_os_str() == "tests"));
    let mut made = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let mut calls = vec!["Error::new("];
        if file.ends_with("error/mod.rs") {
            calls.push("Self::new(");
        }
        for (at, call) in calls.iter().flat_map(|call| text.match_indices(call)) {
            let arguments = arguments(&text[at + call.len()..]);
            let of = |n: usize, word: &str| {
                let (_, name) = arguments.get(n)?.split_once(word)?;
                name.chars().all(char::is_alphanumeric).then(|| name.to_owned())
            };
            if let Some(code) = of(0, "ErrorCode::") {
                made.push((code, of(2, "Stage::"), of(3, "Blame::"), file.display().to_string()));
            }
        }
        for (at, call) in ["Error::timeout(", "Error::too_late("].iter().flat_map(|call| text.match_indices(call)) {
            let stage = arguments(&text[at + call.len()..])
                .get(1)
                .and_then(|stage| stage.strip_prefix("Stage::").map(str::to_owned));
            made.push(("Timeout".to_owned(), stage, None, file.display().to_string()));
        }
    }
    made
}

/// The first arguments of a call, whose opening parenthesis was before the text.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ',' if depth == 0 => {
                found.push(text[begin..at].trim());
                begin = at + 1;
            }
            ')' | ']' | '}' if depth == 0 => {
                found.push(text[begin..at].trim());
                break;
            }
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if found.len() == 4 {
            break;
        }
    }
    found
}

/// What the table of faults has: a code's number, and a stage.
fn met() -> Vec<(u32, String)> {
    let table = read("book/src/fault_table.md");
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<_> = line.split(" | ").collect();
        let number: u32 = cells.get(2)?.split(' ').next()?.parse().ok()?;
        Some(cells.get(3)?.split('`').skip(1).step_by(2).map(move |stage| (number, stage.to_owned())))
    });
    rows.flatten().collect()
}

#[test]
fn every_code_is_described_once_and_in_order() {
    let described: Vec<_> = described().into_iter().map(|row| row.code).collect();
    let all: Vec<_> = ErrorCode::ALL.iter().map(|code| format!("{code:?}")).collect();
    assert_eq!(described, all);
    assert_eq!(codes().into_iter().map(|code| code.variant).collect::<Vec<_>>(), all);
}

#[test]
fn what_the_description_of_a_code_names_is_in_the_sources() {
    let items = source::items();
    let known: HashSet<&str> = items.iter().map(|item| &item.path[..]).collect();
    let mut wrong = Vec::new();
    for row in described() {
        let places = row.stages.iter().map(|stage| format!("Stage::{stage}"));
        let blames = row.blame.iter().map(|blame| format!("Blame::{blame}"));
        let named = row.todo.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).map(str::to_owned);
        for name in places.chain(blames).chain(named) {
            let is_module = name.starts_with("tls::");
            if !is_module && !known.contains(&name[..]) {
                wrong.push(format!("{}: there is no {name}", row.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_code_comes_only_at_stages_and_by_faults_of_its_description() {
    let (rows, made, met) = (described(), made(), met());
    assert!(made.len() > 50 && met.len() > 50, "{} calls and {} faults: the reader is blind", made.len(), met.len());
    let row =
        |code: &str| rows.iter().find(|row| row.code == code).unwrap_or_else(|| panic!("{code} is not described"));
    let mut wrong = HashSet::new();
    for (code, stage, blame, file) in made {
        let row = row(&code);
        wrong.extend(
            stage.filter(|stage| !row.stages.contains(stage)).map(|stage| format!("{code} at {stage}: {file}")),
        );
        wrong
            .extend(blame.filter(|blame| !row.blame.contains(blame)).map(|blame| format!("{code} by {blame}: {file}")));
    }
    for (number, stage) in met {
        let code = ErrorCode::ALL.iter().find(|code| code.number() == number).expect("a code of the table of faults");
        if !row(&format!("{code:?}")).stages.contains(&stage) {
            wrong.insert(format!("{code:?} at {stage}: the table of faults"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_chapter_says_which_codes_may_succeed_later() {
    let text = read("framework/src/error/mod.rs");
    let (_, body) = text.split_once("pub fn is_retryable").expect("the question");
    let body = body.split("\n    }").next().unwrap_or_default();
    let codes = ErrorCode::ALL.iter().filter(|code| {
        let name = format!("ErrorCode::{code:?}");
        body.match_indices(&name).any(|(at, _)| !body[at + name.len()..].starts_with(char::is_alphanumeric))
    });
    let numbers: Vec<_> = codes.map(|code| code.number().to_string()).collect();
    let (last, others) = numbers.split_last().expect("there are some");
    let said =
        format!("`Error::is_retryable` is true of {} and {last}, unless the caller is at fault.", others.join(", "));
    assert!(read("book/src/errors.md").contains(&said), "{said}");
}

#[test]
fn the_books_chapter_on_codes_is_written_from_it() {
    assert!(super::is_written("../error_codes", &page()), "run the test with HINTERNET_BLESS=1");
}

fn page() -> String {
    // The element is for the widths of the columns: `book/tables.css`.
    let mut text = "<div class=\"surface\">\n\n| code | here | whose fault |\n|---|---|---|\n".to_owned();
    let mut rest = String::new();
    for ((row, code), known) in described().iter().zip(codes()).zip(ErrorCode::ALL) {
        let title = known.to_string();
        let anchor = title.to_lowercase().replace(' ', "-");
        let blame = row.blame.iter().map(|blame| blamed(blame)).collect::<Vec<_>>().join(", ");
        let (blame, stages) = match row.stages.is_empty() {
            true => ("nobody's: no call ends with it".to_owned(), String::new()),
            false => {
                let stages: Vec<_> = row.stages.iter().map(|stage| format!("`{stage}`")).collect();
                (blame, format!("- **Stage**: {}\n", stages.join(", ")))
            }
        };
        writeln!(text, "| [{title}](#{anchor}) | `ErrorCode::{}` | {blame} |", code.variant).unwrap();
        write!(rest, "\n### {title}\n\n{} `{}` in WinHTTP's headers.\n\n", code.meaning, code.winhttp_name).unwrap();
        write!(rest, "- **Whose fault**: {blame}\n{stages}- **What to do**: {}\n", row.todo).unwrap();
    }
    text + "\n</div>\n" + &rest
}

fn blamed(blame: &str) -> &'static str {
    match blame {
        "Caller" => "the caller's",
        "Peer" => "the server's",
        "Network" => "the network's",
        _ => "the library's",
    }
}
