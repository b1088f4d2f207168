//! What WinHTTP was seen to do, fact by fact and sequence by sequence, and how it is here.
//!
//! The list is `book/surface/behaviour.toml`, the book's page is written from it. Each test that it names has to exist. Facts and
//! sequences, which are no part of this repository, are read where they are found: none may be without a row.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::is_written;
use super::listings::collect;
use super::map::reference;

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/surface/behaviour.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    part: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    title: String,
    rows: Vec<Row>,
}

/// A fact, and one of three: the tests by which it holds, those of what is deliberately stronger, or why it does not apply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// One, or the first and the last of several.
    id: String,
    fact: String,
    holds: Option<String>,
    stronger: Option<String>,
    not: Option<String>,
    note: Option<String>,
}

impl Row {
    fn tests(&self) -> impl Iterator<Item = &str> {
        self.holds.iter().chain(&self.stronger).flat_map(|tests| tests.split(", "))
    }
}

fn list() -> List {
    toml::from_str(&fs::read_to_string(LIST).unwrap()).unwrap()
}

#[test]
fn every_fact_says_one_thing_and_its_tests_exist() {
    let mut files = Vec::new();
    for folder in ["tests", "../framework/src"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let functions = functions(&files);
    for row in list().part.iter().flat_map(|part| &part.rows) {
        let said = [&row.holds, &row.stronger, &row.not].into_iter().flatten().count();
        assert_eq!(said, 1, "{}", row.id);
        assert!(row.stronger.is_none() || row.note.is_some(), "{}: in what is it stronger?", row.id);
        for test in row.tests() {
            assert!(functions.contains(test), "{}: there is no test {test}", row.id);
        }
    }
}

fn functions(files: &[PathBuf]) -> HashSet<String> {
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| {
            let lines = text.lines().filter_map(|line| line.trim().trim_start_matches("async ").strip_prefix("fn "));
            lines.filter_map(|line| Some(line.split('(').next()?.to_owned())).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn no_fact_and_no_sequence_is_without_a_row() {
    let list = list();
    let rows: HashSet<&str> = list.part.iter().flat_map(|part| &part.rows).flat_map(|row| row.id.split(' ')).collect();
    let Some(facts) = reference("winhttp-behaviour-facts.md") else { return };
    let (traces, sequences) =
        (reference("../golden/traces.md").unwrap(), reference("../golden/sequences.json").unwrap());
    let facts = facts.lines().filter_map(|line| Some(line.strip_prefix("- **")?.split_once("**")?.0));
    let traces = traces.lines().filter_map(|line| line.strip_prefix("## "));
    let sequences: Vec<serde_json::Value> = serde_json::from_str(&sequences).unwrap();
    let sequences = sequences.iter().map(|one| one["id"].as_str().unwrap());
    let all: Vec<_> = facts.chain(traces).chain(sequences).collect();
    println!("{} facts and sequences", all.len());
    assert!(all.len() > 300, "{}", all.len());
    let lost: Vec<_> = all.into_iter().filter(|id| !rows.contains(id)).collect();
    assert!(lost.is_empty(), "without a row: {lost:?}");
}

/// What is played of the recordings, and where it is edited before it is compared.
const PLAYED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/winhttp_sequences/differences.rs");

#[test]
fn what_is_said_to_be_as_it_was_recorded_is_played_without_a_difference() {
    let text = fs::read_to_string(PLAYED).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (differences, played) = text.split_once("const SCENARIOS").unwrap();
    let list = list();
    let part = list.part.iter().find(|part| part.title == "Recorded sequences").unwrap();
    let mut seen = 0;
    for row in part.rows.iter().filter(|row| row.tests().any(|test| test.starts_with("c9_recorded_sequences"))) {
        assert!(played.contains(&format!("\"{}\",", row.id)), "{} is not played", row.id);
        let differs = ["Dials", "LooksUpAgain", "SendCompletes", "Refused"]
            .iter()
            .any(|edit| differences.contains(&format!("\"{}\", Edit::{edit}(", row.id)));
        assert!(!differs || row.stronger.is_some(), "{} is not as it was recorded", row.id);
        seen += usize::from(differs);
    }
    assert!(seen > 0, "the list of differences is read");
}

#[test]
fn the_books_page_on_behaviour_is_written_from_it() {
    assert!(is_written("behaviour", &page(&list())), "run the test with HINTERNET_BLESS=1");
}

fn page(list: &List) -> String {
    let mut text = "# How WinHTTP behaves, and how it is here

Microsoft's pages say what a call is for. What it does in a given order, in a given state, was found out by others, who test
WinHTTP itself. These are their facts, and the sequences of notifications that were recorded or are asserted; beside each stands
how it is here.

- **holds**: it is so here too. The test named proves it.
- **stronger**: it is otherwise on purpose, and the program can rely on more. The test named proves that.
- A dash: it does not apply, for the reason given.

Whoever counts on one of those that are *stronger* has something to change.
"
    .to_owned();
    let rows = || list.part.iter().flat_map(|part| &part.rows);
    let (holds, stronger) =
        (rows().filter(|row| row.holds.is_some()).count(), rows().filter(|row| row.stronger.is_some()).count());
    let other = rows().count() - holds - stronger;
    writeln!(text, "\nOf {} rows {holds} hold, {stronger} are stronger, {other} do not apply.", rows().count())
        .unwrap();
    for part in &list.part {
        write!(text, "\n## {}\n\n| fact | here | |\n|---|---|---|\n", part.title).unwrap();
        for row in &part.rows {
            let kind = if row.holds.is_some() {
                "holds"
            } else if row.stronger.is_some() {
                "stronger"
            } else {
                "-"
            };
            let tests: Vec<_> = row.tests().map(|test| format!("`{test}`")).collect();
            let said = [row.not.clone(), row.note.clone(), Some(tests.join(", ")).filter(|tests| !tests.is_empty())];
            let said: Vec<_> = said.into_iter().flatten().collect();
            let fact = row.fact.replace('|', "\\|");
            writeln!(text, "| {}: {fact} | {kind} | {} |", row.id.replace(' ', " to "), said.join("<br>")).unwrap();
        }
    }
    text
}
