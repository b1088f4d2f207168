//! The map of the surface, compared with the table: no name of it may be without a row.
//!
//! The map is not part of this repository. It is looked for in the folder `HINTERNET_REFERENCE`, else beside the folder of the
//! vectors (`HINTERNET_VECTORS`). Without it nothing is compared, which under `CI=true` is a failure.

use std::path::PathBuf;

use super::table::{self, Answer, Row};

/// Upper-case words of the map that are no names of the surface, or that stand for several.
const NO_NAMES: &[&str] = &["SDK"];

/// What the map leaves out at the ends of names that it lists by the dozen.
const ENDS: [&str; 3] = ["_BUFFER_TYPE", "_CLOSE_STATUS", "_OPERATION"];

/// Reads a file of the reference.
pub(crate) fn reference(file: &str) -> Option<String> {
    let beside_vectors =
        || std::env::var_os("HINTERNET_VECTORS").map(|vectors| PathBuf::from(vectors).join("../reference"));
    let folder = std::env::var_os("HINTERNET_REFERENCE").map(PathBuf::from).or_else(beside_vectors);
    let text = folder.and_then(|folder| std::fs::read_to_string(folder.join(file)).ok());
    if text.is_none() {
        println!("{file} not found: nothing is compared with it");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{file} must be there under CI");
    }
    text
}

/// A name of the map, and whether it is to be modelled.
#[derive(Debug)]
struct Name {
    name: String,
    number: Option<i64>,
    fit: Option<Fit>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fit {
    Yes,
    Part,
    No,
}

#[test]
fn no_name_of_the_map_is_without_a_row() {
    let Some(map) = reference("winhttp-surface.md") else { return };
    let pages = table::pages();
    let rows: Vec<&Row> = table::rows(&pages).map(|(_, _, row)| row).collect();
    let names = names(&map);
    let (mut wrong, mut fits) = (Vec::new(), [0_usize; 3]);
    for one in &names {
        let mut named: Vec<_> = rows.iter().filter(|row| is_named(row, one)).collect();
        if named.iter().any(|row| row.number.is_some() && row.number == one.number) {
            // Not the structure of the same name.
            named.retain(|row| row.number == one.number);
        }
        if named.is_empty() {
            wrong.push(format!("{} {:?} has no row", one.name, one.number));
        }
        fits[one.fit.unwrap_or(Fit::No) as usize] += 1;
        let against = named.iter().all(|row| matches!(row.answer(), Some(Answer::NotHere(_))));
        let wanted = named.iter().any(|row| row.wanted);
        if (one.fit == Some(Fit::Yes) && against) != wanted {
            wrong.push(format!("{} is to be modelled: is its row `wanted`, and not here?", one.name));
        }
    }
    println!("{} names of the map: {} to be modelled, {} in part", names.len(), fits[0], fits[1]);
    assert!(names.len() > 700, "{}", names.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Has the row the name, in full or behind a prefix, and the number if both have one?
fn is_named(row: &Row, one: &Name) -> bool {
    let (full, short) = (row.name.to_uppercase(), one.name.to_uppercase());
    let full = ENDS.iter().find_map(|end| full.strip_suffix(end).filter(|_| !short.ends_with(end))).unwrap_or(&full);
    let ends = full.strip_suffix(&short[..]);
    let numbers = row.number.is_none() || one.number.is_none() || row.number == one.number;
    numbers && ends.is_some_and(|before| before.is_empty() || before.ends_with('_') || before == "WINHTTP")
}

/// All names of the sections that list some.
fn names(map: &str) -> Vec<Name> {
    let mut names = Vec::new();
    for section in map.split("\n## ").flat_map(|chapter| chapter.split("\n### ")) {
        let number = section.split(' ').next().unwrap_or_default().trim_end_matches('.');
        match number {
            "1.1" | "1.2" | "1.3" | "1.4" | "1.5" => names.extend(of_rows(section, functions)),
            "2.1" | "2.2" | "3.3" => {
                names.extend(of_rows(section, statuses));
                names.extend(in_prose(section));
            }
            "3.1" => names.extend(of_rows(section, errors)),
            "4" => names.extend(of_rows(section, options)),
            "2.3" | "3.2" | "5.1" | "5.2" | "5.3" | "5.4" | "5.5" | "5.6" | "5.7" | "5.8" | "7.2" | "7.3" => {
                names.extend(in_prose(section));
            }
            "7.1" => names.extend(of_rows(section, wininet)),
            "7.4" => names.extend(in_list(section)),
            _ => {}
        }
    }
    names.retain(|one| !NO_NAMES.contains(&&one.name[..]));
    names
}

/// The rows of a section's table, without its head.
fn of_rows(section: &str, read: fn(&[&str]) -> Vec<Name>) -> Vec<Name> {
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|---")).skip(1);
    rows.flat_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        read(&cells)
    })
    .collect()
}

fn fit(cells: &[&str]) -> Option<Fit> {
    let word = cells.last()?.split(|c: char| !c.is_alphabetic()).next()?;
    match word {
        "yes" => Some(Fit::Yes),
        "part" => Some(Fit::Part),
        _ => Some(Fit::No),
    }
}

/// `WinHttpGetProxyResult / WinHttpGetProxyResultEx, WinHttpFreeProxyResult`, `WinHttpOpen(agent, access)`
fn functions(cells: &[&str]) -> Vec<Name> {
    let outside = cells[0].split('(').next().unwrap_or_default();
    let words = outside.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3);
    words.map(|word| Name { name: word.to_owned(), number: None, fit: fit(cells) }).collect()
}

fn statuses(cells: &[&str]) -> Vec<Name> {
    let number = cells.get(1).and_then(|cell| number(cell));
    let alone = upper_words(cells[0]).filter(|_| !cells[0].contains("0x"));
    alone.map(|name| Name { name: name.to_owned(), number, fit: None }).collect()
}

/// `12037 / 12038 | SECURE_CERT_DATE_INVALID / CERT_CN_INVALID`
fn errors(cells: &[&str]) -> Vec<Name> {
    let numbers = cells[0].split(['/', ',']).map(|number| number.trim().parse().ok());
    let names =
        cells[1].split(['/', ',']).map(|name| name.trim().trim_start_matches("BEFORE_").trim_start_matches("AFTER_"));
    names.zip(numbers).map(|(name, number)| Name { name: name.to_owned(), number, fit: fit(cells) }).collect()
}

/// `166, 167 | SET_TOKEN_BINDING, TOKEN_BINDING_PUBLIC_KEY`
fn options(cells: &[&str]) -> Vec<Name> {
    let numbers: Vec<_> = cells[0].split(',').filter_map(|one| number(one.trim())).collect();
    let names: Vec<_> = upper_words(cells[1]).collect();
    let paired = numbers.len() == names.len();
    let named = names.iter().enumerate();
    named
        .map(|(n, name)| Name {
            name: (*name).to_owned(),
            number: numbers.get(n).copied().filter(|_| paired),
            fit: fit(cells),
        })
        .collect()
}

/// `InternetOpen(agent)`, `FtpCreate/RemoveDirectory`: what is abbreviated is left out.
fn wininet(cells: &[&str]) -> Vec<Name> {
    let outside = cells[0].split('(').next().unwrap_or_default();
    let words = outside.split([' ', ',', '+', '*']).filter(|word| {
        ["Internet", "Http", "Ftp"].iter().any(|family| word.starts_with(family))
            && !word.contains('/')
            && word.len() > 7
    });
    words.map(|word| Name { name: word.to_owned(), number: None, fit: None }).collect()
}

/// `NAME 0x10`, `NAME=16`, `NAME 1 (..)`
fn in_prose(section: &str) -> Vec<Name> {
    let words: Vec<_> = section
        .split(|c: char| c.is_whitespace() || "=,;:()|*{}+`".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let pairs = words.windows(2).filter(|pair| is_name(pair[0]));
    pairs
        .filter_map(|pair| {
            Some(Name { name: pair[0].to_owned(), number: Some(number(pair[1].trim_end_matches('.'))?), fit: None })
        })
        .collect()
}

/// `12003 EXTENDED_ERROR`
fn in_list(section: &str) -> Vec<Name> {
    let words: Vec<_> =
        section.split(|c: char| c.is_whitespace() || ",.()*".contains(c)).filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).filter(|pair| is_name(pair[1]));
    pairs
        .filter_map(|pair| {
            Some(Name { name: pair[1].split('/').next()?.to_owned(), number: Some(number(pair[0])?), fit: None })
        })
        .collect()
}

fn upper_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| is_name(word))
}

fn is_name(word: &str) -> bool {
    let starts = word.starts_with(|c: char| c.is_ascii_uppercase());
    starts && word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || "_/".contains(c))
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
