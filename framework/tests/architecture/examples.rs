//! Every public type has an example in its documentation, or a sentence that leads to one: a user can begin anywhere.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Source, read_tree};

/// What has documentation of its own.
#[derive(Default)]
struct Item {
    /// `Type`, `function`, `module`, `Type::method`.
    name: String,
    is_type: bool,
    has_example: bool,
    /// What a sentence on an example links to.
    leads_to: Vec<String>,
    place: String,
}

#[test]
fn every_public_type_has_an_example_or_leads_to_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    read_tree(&root, &root, &mut files);
    files.retain(|file| !file.path.starts_with("fuzzing") && !file.path.contains("tests"));
    let (types, lacking) = lacking(&files);
    println!("{types} public types");
    assert!(types > 200, "{types} public types: the reader is blind");
    assert!(lacking.is_empty(), "no example, and no link to one:\n  {}", lacking.join("\n  "));
}

#[test]
fn a_type_without_an_example_is_found() {
    let file = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    let lib = file("lib.rs", "pub use words::{\n    A, B, C, D,\n};\n/// M.\n///\n/// ```\n/// ```\npub mod m {}");
    let good = "/// A.\n///\n/// ```\n/// a();\n/// ```\n#[derive(Clone)]\npub struct A;\n/// An example is at [`A`].\npub enum B {}\n";
    let ways = "/// An example is at [`make`](crate::A::make).\npub struct C;\nimpl A {\n    /// Makes.\n    /// ```no_run\n    /// ```\n    pub fn make() {}\n}\n/// An example is at [`m`](crate::m).\npub trait D {}\n/// No.\npub struct Hidden;";
    assert_eq!(lacking(&[file("lib.rs", &lib.text), file("words.rs", &format!("{good}{ways}"))]), (4, Vec::new()));

    let bad = "/// A.\n///\n/// ```text\n/// a\n/// ```\npub struct A;\n/// An example is at [`A`].\npub enum B {}\n/// See [`C`].\npub struct C;\n/// An example is at [`E`].\npub struct D;";
    let (_, found) = lacking(&[lib, file("words.rs", bad)]);
    assert_eq!(found, ["words.rs:6: A", "words.rs:8: B", "words.rs:10: C", "words.rs:12: D"]);
}

/// How many types are public, and which of them lack an example.
fn lacking(files: &[Source]) -> (usize, Vec<String>) {
    let exported: BTreeSet<&str> = files.iter().flat_map(exports).collect();
    let items: Vec<Item> = files.iter().flat_map(items).collect();
    let examples: BTreeSet<&str> = items.iter().filter(|item| item.has_example).map(|item| &item.name[..]).collect();
    let types: Vec<&Item> = items.iter().filter(|item| item.is_type && exported.contains(&item.name[..])).collect();
    let lacks = |item: &&&Item| !item.has_example && !item.leads_to.iter().any(|to| examples.contains(&to[..]));
    (types.len(), types.iter().filter(lacks).map(|item| format!("{}: {}", item.place, item.name)).collect())
}

/// The words of what a file re-exports for users; of an open module also what it declares.
fn exports(file: &Source) -> Vec<&str> {
    let is_open =
        ["blocking", "network", "tower", "transport"].iter().any(|open| file.path == format!("{open}/mod.rs"));
    if file.path != "lib.rs" && !is_open {
        return Vec::new();
    }
    let uses = file.text.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
    let declared = file.text.lines().filter(|_| is_open).filter_map(|line| line.strip_prefix("pub "));
    uses.chain(declared).flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_')).collect()
}

fn items(file: &Source) -> Vec<Item> {
    let (mut items, mut docs, mut of) = (Vec::new(), Vec::new(), None);
    let mut is_attribute = false;
    for (n, line) in file.text.lines().enumerate() {
        let trimmed = line.trim();
        if is_attribute || trimmed.starts_with("#[") {
            is_attribute = !trimmed.ends_with(']');
            continue;
        }
        if let Some(doc) = trimmed.strip_prefix("///") {
            docs.push(doc.trim());
            continue;
        }
        if line.starts_with("impl") {
            of = implemented(line);
        }
        if let Some((name, is_type)) = declared(trimmed) {
            let name = match of {
                Some(of) if !is_type && line.starts_with(' ') => format!("{of}::{name}"),
                _ => name.to_owned(),
            };
            let (has_example, leads_to) = (has_example(&docs), docs.iter().flat_map(|doc| links(doc)).collect());
            items.push(Item { name, is_type, has_example, leads_to, place: format!("{}:{}", file.path, n + 1) });
        }
        docs.clear();
    }
    items
}

fn declared(line: &str) -> Option<(&str, bool)> {
    let word = |rest: &'_ str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    // `dangers! { IgnoreName = NAME; }`
    if let Some((name, value)) = line.strip_suffix(';').and_then(|line| line.split_once(" = "))
        && name.starts_with(char::is_uppercase)
        && value.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    {
        return Some((name, true));
    }
    let rest = line.strip_prefix("pub ")?;
    let rest = rest.trim_start_matches("const ").trim_start_matches("async ");
    for (keyword, is_type) in
        [("struct ", true), ("enum ", true), ("trait ", true), ("type ", true), ("fn ", false), ("mod ", false)]
    {
        if let Some(rest) = rest.strip_prefix(keyword) {
            // A macro's `$name` is none.
            return Some((&rest[..word(rest)], is_type)).filter(|(name, _)| !name.is_empty());
        }
    }
    None
}

/// The type of `impl Type {` and `impl<T> Trait for Type<T> {`.
fn implemented(line: &str) -> Option<&str> {
    let head = line.trim_end_matches(" {").split(" where").next()?;
    head.rsplit(' ').next()?.split('<').next()
}

/// A block that is compiled.
fn has_example(docs: &[&str]) -> bool {
    docs.iter()
        .any(|doc| doc.strip_prefix("```").is_some_and(|kind| ["no_run", "rust", "should_panic"].contains(&kind)))
        || docs.iter().filter(|doc| **doc == "```").count() > docs.iter().filter(|doc| is_opened_otherwise(doc)).count()
}

fn is_opened_otherwise(doc: &str) -> bool {
    doc.len() > 3 && doc.starts_with("```")
}

/// Where a sentence on an example leads: the last name, and the last two.
fn links(doc: &str) -> Vec<String> {
    if !doc.contains("xample") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for link in doc.split("[`").skip(1) {
        let Some((label, rest)) = link.split_once("`]") else { continue };
        let path = rest.strip_prefix('(').and_then(|rest| rest.split(')').next()).unwrap_or(label);
        let names: Vec<_> = path.split("::").collect();
        found.extend(names.last().map(|name| (*name).to_owned()));
        found.extend(names.windows(2).next_back().map(|two| two.join("::")));
    }
    found
}
