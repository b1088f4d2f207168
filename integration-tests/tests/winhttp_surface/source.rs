//! The items of the library, read from its sources line by line: their paths, and the names of WinHTTP that they carry.
//!
//! It knows the forms that rustfmt gives to what has an alias. An alias before anything else ends the reading in a panic.

use std::fs;
use std::path::{Path, PathBuf};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../framework/src");

/// A public item: a type, or what belongs to one (`Type::method`, `Type::field`, `Enum::Variant`, `Flags::CONSTANT`).
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) path: String,
    pub(crate) aliases: Vec<String>,
    /// File and line, for who has to look.
    pub(crate) place: String,
}

/// What stands between braces, and how deep.
struct Container {
    indent: usize,
    kind: Kind,
    name: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Enum,
    Impl,
    Struct,
    Trait,
}

/// All items of the library.
pub(crate) fn items() -> Vec<Item> {
    let mut files = Vec::new();
    collect(Path::new(SOURCES), &mut files);
    files.sort();
    files.iter().flat_map(|file| items_of(file)).collect()
}

/// What a program can name at all: the crate's root, and its two open modules.
pub(crate) fn is_exported(item: &Item, roots: &str) -> bool {
    let first = item.path.split("::").next().unwrap_or_default();
    roots.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == first)
}

/// The files that say what is exported.
pub(crate) fn roots() -> String {
    ["lib.rs", "network/mod.rs", "transport/mod.rs"]
        .map(|file| fs::read_to_string(Path::new(SOURCES).join(file)).unwrap())
        .concat()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !matches!(name, "tests" | "fuzzing") {
            collect(&path, files);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}

fn items_of(file: &Path) -> Vec<Item> {
    let text = fs::read_to_string(file).unwrap();
    let short = file.strip_prefix(SOURCES).unwrap().display().to_string();
    let (mut items, mut containers, mut aliases) = (Vec::new(), Vec::<Container>::new(), Vec::new());
    let mut lines = text.lines().enumerate();
    while let Some((n, line)) = lines.next() {
        let (indent, trimmed) = (line.len() - line.trim_start().len(), line.trim());
        if trimmed.is_empty() || trimmed.starts_with("//") {
            continue;
        }
        if trimmed.starts_with("#[") && !trimmed.contains("macro_rules") {
            let mut attribute = trimmed.to_owned();
            while attribute.matches('[').count() > attribute.matches(']').count() {
                attribute += lines.next().expect("the attribute's end").1.trim();
            }
            aliases.extend(aliases_in(&attribute));
            continue;
        }
        if trimmed.starts_with(['}', ')']) {
            containers.pop_if(|container| container.indent == indent);
            continue;
        }
        let found = if let Some((path, name)) = error_code(trimmed) {
            aliases.push(name);
            Some(path)
        } else {
            item(trimmed, indent, containers.last())
        };
        let place = format!("{short}:{}", n + 1);
        match found {
            Some(path) => items.push(Item { path, aliases: std::mem::take(&mut aliases), place }),
            None => assert!(aliases.is_empty(), "{place}: of what is {aliases:?} an alias?"),
        }
        if let Some((kind, name)) = opened(trimmed) {
            containers.push(Container { indent, kind, name });
        }
    }
    items
}

/// The names in `#[doc(alias = "a")]` and in `#[doc(alias("a", "b"))]`; a macro's `alias = $name` has none.
fn aliases_in(attribute: &str) -> impl Iterator<Item = String> {
    let list = if attribute.contains("doc(alias") { attribute } else { "" };
    list.split('"').skip(1).step_by(2).map(str::to_owned)
}

/// A line of the table of error codes: `Timeout = 12002, "ERROR_WINHTTP_TIMEOUT";`
pub(crate) fn error_code(line: &str) -> Option<(String, String)> {
    let (variant, rest) = line.split_once(" = ")?;
    let (_, name) = rest.strip_suffix("\";")?.split_once(", \"")?;
    name.starts_with("ERROR_").then(|| (format!("ErrorCode::{variant}"), name.to_owned()))
}

/// The item that begins with a line, if it is public.
fn item(line: &str, indent: usize, within: Option<&Container>) -> Option<String> {
    let (is_public, rest) = match line.strip_prefix("pub ") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let rest = ["async ", "const "].iter().fold(rest, |rest, word| match rest.strip_prefix(word) {
        Some(after) if after.starts_with("fn ") || after.starts_with("async ") => after,
        _ => rest,
    });
    let member = |name: &str| within.map_or_else(|| name.to_owned(), |within| format!("{}::{name}", within.name));
    let named = |keyword: &str| rest.strip_prefix(keyword).map(identifier);
    let direct = within.is_some_and(|within| within.indent + 4 == indent);
    let kind = within.map(|within| within.kind);
    if let Some(name) = named("fn ") {
        return (is_public || kind == Some(Kind::Trait) && direct).then(|| member(name));
    }
    if let Some(name) = ["struct ", "enum ", "trait ", "type "].iter().find_map(|keyword| named(keyword)) {
        return is_public.then(|| name.to_owned());
    }
    if let Some(name) = named("const ") {
        // A flag has no `pub`.
        return (is_public || kind == Some(Kind::Struct)).then(|| member(name));
    }
    match kind {
        Some(Kind::Enum) if direct && rest.starts_with(char::is_uppercase) => Some(member(identifier(rest))),
        Some(Kind::Struct) if direct && is_public && rest.contains(": ") => Some(member(identifier(rest))),
        // `dangers! { IgnoreName = NAME; }`
        None if rest.starts_with(char::is_uppercase) && rest.contains(" = ") => Some(identifier(rest).to_owned()),
        _ => None,
    }
}

/// What a line opens, and whose members stand in it.
fn opened(line: &str) -> Option<(Kind, String)> {
    if line.ends_with([';', '}']) {
        return None;
    }
    let line = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
    for (word, kind) in [("enum ", Kind::Enum), ("struct ", Kind::Struct), ("trait ", Kind::Trait)] {
        if let Some(rest) = line.strip_prefix(word) {
            return Some((kind, identifier(rest).to_owned()));
        }
    }
    let rest = line.strip_prefix("impl")?;
    let rest = if rest.starts_with('<') { after_generics(rest) } else { rest };
    let of = rest.split_once(" for ").map_or(rest, |(_, of)| of);
    let path = of.trim().split(['<', ' ']).next()?;
    Some((Kind::Impl, path.rsplit("::").next()?.to_owned()))
}

fn after_generics(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += match c {
            '<' => 1,
            '>' if !text[..at].ends_with('-') => -1,
            _ => 0,
        };
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    text
}

fn identifier(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}
