//! The table: the files `book/surface/*.toml`, one a page of the book.

use std::fs;
use std::path::Path;

use serde::Deserialize;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/surface");

/// The pages, in the book's order.
pub(crate) const PAGES: [&str; 9] =
    ["functions", "options", "statuses", "errors", "headers", "constants", "structures", "wininet", "win32"];

/// A page: what of the surface belongs together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// The page's file name, without its end.
    #[serde(skip)]
    pub(crate) file: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    /// Whose names they are.
    #[serde(default = "winhttp")]
    pub(crate) column: String,
    pub(crate) part: Vec<Part>,
}

/// A table on a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) title: String,
    /// Its numbers are flags.
    #[serde(default)]
    pub(crate) hex: bool,
    /// Its names are found in the documentation, so that what is here carries them.
    #[serde(default = "yes")]
    pub(crate) aliases: bool,
    pub(crate) rows: Vec<Row>,
}

/// A name of WinHTTP, and one of three: the items that it is here, what does its work instead, or why it is not here.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) number: Option<i64>,
    here: Option<String>,
    instead: Option<String>,
    not: Option<String>,
    pub(crate) note: Option<String>,
    /// The map wants it modelled, and it is not here all the same.
    #[serde(default)]
    pub(crate) wanted: bool,
}

/// What a row says.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer<'a> {
    Here(Vec<&'a str>),
    Instead(&'a str),
    NotHere(&'a str),
}

impl Row {
    /// What it says, if it says one thing.
    pub(crate) fn answer(&self) -> Option<Answer<'_>> {
        match (&self.here, &self.instead, &self.not) {
            (Some(items), None, None) => Some(Answer::Here(items.split(", ").collect())),
            (None, Some(instead), None) => Some(Answer::Instead(instead)),
            (None, None, Some(reason)) => Some(Answer::NotHere(reason)),
            _ => None,
        }
    }

    /// The items it names.
    pub(crate) fn items(&self) -> Vec<&str> {
        match self.answer() {
            Some(Answer::Here(items)) => items,
            _ => Vec::new(),
        }
    }
}

/// All pages.
pub(crate) fn pages() -> Vec<Page> {
    let files = fs::read_dir(TABLE).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|end| end == "toml") && path.file_stem().is_none_or(|stem| stem != "behaviour")
    });
    assert_eq!(files.count(), PAGES.len(), "{TABLE} has a file that no page is made of");
    PAGES.iter().map(|file| page(file)).collect()
}

fn page(file: &'static str) -> Page {
    let path = Path::new(TABLE).join(file).with_extension("toml");
    let mut page: Page =
        toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{file}: {error}"));
    page.file = file;
    page
}

/// Every row, with its page and its part.
pub(crate) fn rows(pages: &[Page]) -> impl Iterator<Item = (&Page, &Part, &Row)> {
    pages
        .iter()
        .flat_map(|page| page.part.iter().flat_map(move |part| part.rows.iter().map(move |row| (page, part, row))))
}

fn winhttp() -> String {
    "WinHTTP".into()
}

fn yes() -> bool {
    true
}
