//! The surface of WinHTTP and WinINet, name by name: what it is here, what does its work instead, or why it is not here.
//!
//! The table is `book/surface/*.toml`. What it says is here has to be in the sources, under WinHTTP's name
//! (`#[doc(alias = "WinHttpOpen")]`) where that is one that people look for; what has such a name has to be in the table. The
//! book's pages are written from it. The map of the surface, which is not part of this repository, is read where it is found.

mod behaviour;
mod codes;
mod listings;
mod map;
mod page;
mod source;
mod table;

use std::collections::{HashMap, HashSet};
use std::fs;

use hinternet::{ErrorCode, NotificationMask, SecureFailureFlags};
use table::Answer;

/// Of other libraries, for who comes from there.
const OTHERS: [&str; 1] = ["CURLOPT_"];

/// Writes the file anew if asked to, and says whether it is as it should be.
fn is_written(file: &str, text: &str) -> bool {
    let path = format!("{}/../book/src/winhttp/{file}.md", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("HINTERNET_BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    fs::read_to_string(path).unwrap_or_default() == text
}

#[test]
fn every_row_says_one_thing_and_says_why() {
    let mut wrong = Vec::new();
    for page in table::pages() {
        for part in &page.part {
            let mut names = HashSet::new();
            for row in &part.rows {
                let says = match row.answer() {
                    Some(Answer::Here(items)) => items.iter().all(|item| !item.is_empty()),
                    Some(Answer::Instead(text) | Answer::NotHere(text)) => {
                        text.split(' ').count() > 1 || text.len() > 3
                    }
                    None => false,
                };
                if !says || !names.insert(&row.name) || row.note.as_deref() == Some("") {
                    wrong.push(format!("{}, {}: {}", page.file, part.title, row.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_here_is_in_the_sources_under_its_name() {
    let (pages, items, roots) = (table::pages(), source::items(), source::roots());
    let mut of_path = HashMap::<&str, Vec<&source::Item>>::new();
    for item in &items {
        of_path.entry(&item.path).or_default().push(item);
    }
    let mut wrong = Vec::new();
    for (page, part, row) in table::rows(&pages) {
        for path in row.items() {
            let found = of_path.get(path).map_or(&[][..], Vec::as_slice);
            let problem = if found.is_empty() {
                "there is no such item"
            } else if !found.iter().any(|item| source::is_exported(item, &roots)) {
                "it is not exported"
            } else if part.aliases && !found.iter().any(|item| item.aliases.contains(&row.name)) {
                "it has no such alias"
            } else {
                continue;
            };
            let place = found.first().map_or("", |item| &item.place);
            wrong.push(format!("{}: {} is {path} {place}: {problem}", page.file, row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_alias_has_a_row() {
    let pages = table::pages();
    let here: HashSet<&str> =
        table::rows(&pages).filter(|(_, _, row)| !row.items().is_empty()).map(|(_, _, row)| &row.name[..]).collect();
    let items = source::items();
    let aliases = items.iter().flat_map(|item| item.aliases.iter().map(move |alias| (alias, item)));
    let lost: Vec<_> = aliases
        .filter(|(alias, _)| !here.contains(&alias[..]) && !OTHERS.iter().any(|other| alias.starts_with(other)))
        .map(|(alias, item)| format!("{}: {alias} of {} has no row that says it is here", item.place, item.path))
        .collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn the_numbers_are_the_librarys() {
    let pages = table::pages();
    let numbers: HashMap<_, _> =
        table::rows(&pages).filter_map(|(_, _, row)| Some((&row.name[..], row.number?))).collect();
    for code in ErrorCode::ALL {
        let full = ["ERROR_WINHTTP_", "ERROR_INTERNET_", "ERROR_"].map(|prefix| format!("{prefix}{}", code.name()));
        let row = full.iter().find_map(|name| numbers.get(&name[..])).or_else(|| numbers.get(code.name()));
        let known = row.is_some_and(|number| *number == i64::from(code.number()))
            || numbers.get(&format!("ERROR_{}", code.name())[..]) == Some(&i64::from(code.number()));
        assert!(known, "{code}");
    }
    for (name, flag) in NotificationMask::all().iter_names() {
        if flag.bits() <= u64::from(u32::MAX) {
            assert_eq!(
                numbers.get(&format!("WINHTTP_CALLBACK_FLAG_{name}")[..]),
                Some(&(flag.bits() as i64)),
                "{name}"
            );
        }
    }
    for (name, flag) in SecureFailureFlags::all().iter_names() {
        let row = numbers.get(&format!("WINHTTP_CALLBACK_STATUS_FLAG_{name}")[..]);
        assert_eq!(row, Some(&i64::from(flag.bits())), "{name}");
    }
}

#[test]
fn the_books_pages_are_written_from_it() {
    let pages = table::pages();
    for page in &pages {
        assert!(is_written(page.file, &page::of(page)), "{}: run the test with HINTERNET_BLESS=1", page.file);
    }
    assert!(is_written("counts", &page::index(&pages)), "run the test with HINTERNET_BLESS=1");
}
