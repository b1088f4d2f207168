//! The rules of the source tree, as a test: import direction, file length, purity, who reads the clock and who asks for chances.
//!
//! The checker works on tokens, so comments, doc examples and string literals never count as code. It knows
//! nothing of macros expanded elsewhere or of renamed imports (`use std::time::Instant as I`). Its own tests
//! feed it a violation of every rule, so that a checker that finds nothing cannot pass for a clean tree.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use tokens::{Declaration, PathUse, Token, declarations, paths, tokens, without_test_items};

#[cfg(test)]
#[path = "architecture/examples.rs"]
mod examples;
#[cfg(test)]
#[path = "architecture/tests.rs"]
mod tests;
#[path = "architecture/tokens.rs"]
mod tokens;

/// The picture of the crate, from what a caller sees down to the shared words. A module may import itself
/// and whatever stands below it. A new module gets its place here and the same place in `lib.rs`.
const PICTURE: &[(&str, &[&str])] = &[
    ("proofs", &["fuzzing"]),
    (
        "levels",
        &[
            "blocking",
            "any_handle",
            "tower",
            "pac",
            "session",
            "connection",
            "self_healing",
            "download",
            "event_source",
            "request",
            "websocket",
        ],
    ),
    ("machinery", &["services", "engine", "cache", "stores", "origin", "wire", "transport"]),
    ("pure", &["protocol", "policy"]),
    (
        "words",
        &[
            "handle",
            "snapshot",
            "notification",
            "options",
            "network",
            "url_components",
            "target",
            "error",
            "reason",
            "id",
            "shown",
            "trace",
            "clock",
            "chance",
            "in_place",
            "reused",
        ],
    ),
];

#[test]
fn the_source_tree_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    read_tree(&root, &root, &mut files);
    assert!(files.iter().any(|file| file.path == "lib.rs"), "no lib.rs under {}", root.display());

    let report = check(&files);
    assert!(
        report.modules == 0 || report.imports > 0,
        "{} modules and not one import: the checker is blind",
        report.modules
    );
    println!("{} files, {} modules, {} imports within the crate", files.len(), report.modules, report.imports);
    let listing: String = report.violations.iter().map(|v| format!("\n  {v}")).collect();
    assert!(listing.is_empty(), "the tree breaks its rules:{listing}\n");
}

/// What a file may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Picture,
    Declared,
    Direction,
    Root,
    SuperSuper,
    Length,
    TestLength,
    Purity,
    Head,
    Clock,
    Chance,
}

impl Rule {
    fn sentence(self) -> &'static str {
        match self {
            Self::Picture => "the `mod` lines of lib.rs stand in the order of PICTURE",
            Self::Declared => "every file belongs to a module declared in lib.rs",
            Self::Direction => "a module imports only modules declared below it in lib.rs",
            Self::Root => "an import goes by a module declared in lib.rs, not by a re-export of the root",
            Self::SuperSuper => "no `super::super`: name the module from `crate`",
            Self::Length => "no file over 400 lines",
            Self::TestLength => "no test file over 800 lines",
            Self::Purity => {
                "protocol/, policy/ and files marked (pure) name no tokio, no actix and no clock; time is an argument"
            }
            Self::Head => "a file starts with a `//!` line that says what it is",
            Self::Clock => "only clock.rs reads the clock",
            Self::Chance => "only chance.rs asks for chances, which a simulation has from its seed",
        }
    }
}

#[derive(PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    rule: Rule,
    found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, found } = self;
        write!(f, "src/{file}:{line}: {found} ({})", rule.sentence())
    }
}

/// A file with its path below `src/`, always with `/`.
struct Source {
    path: String,
    text: String,
}

#[derive(Default)]
struct Report {
    violations: Vec<Violation>,
    modules: usize,
    imports: usize,
}

fn check(files: &[Source]) -> Report {
    let declared =
        files.iter().find(|file| file.path == "lib.rs").map(|lib| declarations(&tokens(&lib.text))).unwrap_or_default();
    let test_modules: BTreeSet<Vec<String>> = files
        .iter()
        .flat_map(|file| {
            let of_tests = declarations(&tokens(&file.text)).into_iter().filter(|d| d.test_only);
            of_tests.map(|d| [module_of(&file.path), vec![d.name]].concat())
        })
        .collect();

    let mut report = Report { modules: declared.len(), ..Report::default() };
    check_picture(&declared, &mut report);
    for file in files {
        let module = module_of(&file.path);
        let is_test = file.path.split('/').any(|part| part == "tests" || part == "tests.rs")
            || (1..=module.len()).any(|n| test_modules.contains(&module[..n]));
        FileCheck { file, module, is_test, declared: &declared, report: &mut report }.run();
    }
    report
}

fn check_picture(declared: &[Declaration], report: &mut Report) {
    let order: Vec<&str> = PICTURE.iter().flat_map(|(_, modules)| *modules).copied().collect();
    let mut reached = 0;
    for d in declared.iter().filter(|d| !d.test_only && !d.macro_use) {
        let (line, found) = match order.iter().position(|name| *name == d.name) {
            Some(place) if place >= reached => {
                reached = place;
                continue;
            }
            Some(_) => (d.line, format!("`mod {}` comes after `mod {}`", d.name, order[reached])),
            None => (d.line, format!("`mod {}` has no place in the picture", d.name)),
        };
        report.violations.push(Violation { file: "lib.rs".into(), line, rule: Rule::Picture, found });
    }
}

/// One file under the rules.
struct FileCheck<'a> {
    file: &'a Source,
    module: Vec<String>,
    is_test: bool,
    declared: &'a [Declaration],
    report: &'a mut Report,
}

impl FileCheck<'_> {
    fn run(mut self) {
        self.head_and_length();
        let all = tokens(&self.file.text);
        let shipped = without_test_items(&all);
        self.purity(&all, &shipped);
        if self.file.path != "lib.rs" {
            self.place();
            self.imports(&all, &shipped);
        }
        if !self.is_test && self.file.path != "clock.rs" {
            for (line, found) in clock_reads(&shipped) {
                self.violation(line, Rule::Clock, found);
            }
        }
        if !self.is_test && self.file.path != "chance.rs" {
            for token in shipped.iter().filter(|token| SOURCES_OF_CHANCE.contains(&token.text)) {
                self.violation(token.line, Rule::Chance, format!("names `{}`", token.text));
            }
        }
    }

    fn head_and_length(&mut self) {
        if !self.file.text.starts_with("//!") {
            self.violation(1, Rule::Head, "starts otherwise".into());
        }
        let (limit, rule) = if self.is_test { (800, Rule::TestLength) } else { (400, Rule::Length) };
        let lines = self.file.text.lines().count();
        if lines > limit {
            self.violation(lines, rule, format!("has {lines} lines"));
        }
    }

    /// A test of a pure file may read the clock (there is no other way to an `Instant`), but needs no runtime.
    fn purity(&mut self, all: &[Token<'_>], shipped: &[Token<'_>]) {
        let mut head = self.file.text.lines().take_while(|line| line.starts_with("//!"));
        let in_pure_folder = PICTURE
            .iter()
            .any(|(layer, modules)| *layer == "pure" && self.module.first().is_some_and(|m| modules.contains(&&**m)));
        if !in_pure_folder && !head.any(|line| line.contains("(pure)")) {
            return;
        }
        for token in all {
            let root = token.text.split('_').next();
            if matches!(root, Some("tokio" | "actix")) {
                self.violation(token.line, Rule::Purity, format!("names `{}`", token.text));
            }
        }
        let reads = if self.is_test { Vec::new() } else { clock_reads(shipped) };
        for (line, found) in reads {
            self.violation(line, Rule::Purity, found);
        }
    }

    fn place(&mut self) {
        let top = &self.module[0];
        if self.declared.iter().all(|d| d.name != *top) {
            self.violation(1, Rule::Declared, format!("lib.rs has no `mod {top}`"));
        }
    }

    fn imports(&mut self, all: &[Token<'_>], shipped: &[Token<'_>]) {
        let shipped: BTreeSet<(usize, String)> =
            paths(shipped, &self.module).into_iter().map(|p| (p.line, p.to_string())).collect();
        for path in paths(all, &self.module) {
            self.report.imports += 1;
            let in_test_item = !shipped.contains(&(path.line, path.to_string()));
            self.import(&path, self.is_test || in_test_item);
        }
    }

    fn import(&mut self, path: &PathUse, in_test: bool) {
        if path.climbs_twice() {
            return self.violation(path.line, Rule::SuperSuper, format!("`{path}`"));
        }
        let Some(target) = path.below_root() else {
            return;
        };
        let place = |name: &str| self.declared.iter().position(|d| d.name == name);
        match (place(&self.module[0]), place(target)) {
            (_, None) if !path.calls_macro && !path.in_macro => {
                self.violation(path.line, Rule::Root, format!("`{path}`"));
            }
            (Some(from), Some(to)) if to < from && !in_test && !self.declared[to].macro_use => {
                let found = format!("`{}` imports `crate::{target}`", self.module[0]);
                self.violation(path.line, Rule::Direction, found);
            }
            _ => {}
        }
    }

    /// Several names of one import are one violation.
    fn violation(&mut self, line: usize, rule: Rule, found: String) {
        let violation = Violation { file: self.file.path.clone(), line, rule, found };
        if self.report.violations.last() != Some(&violation) {
            self.report.violations.push(violation);
        }
    }
}

/// A `HashMap` has its order from one too, but does not say so: nothing that is told may follow that order.
const SOURCES_OF_CHANCE: [&str; 6] = ["RandomState", "rand", "fastrand", "getrandom", "SystemRandom", "OsRng"];

fn clock_reads(tokens: &[Token<'_>]) -> Vec<(usize, String)> {
    let named = tokens.windows(3).filter_map(|w| match [w[0].text, w[1].text, w[2].text] {
        [clock @ ("Instant" | "SystemTime"), "::", "now"] => Some((w[0].line, format!("reads `{clock}::now`"))),
        _ => None,
    });
    // `Instant::elapsed` is `Instant::now` in disguise.
    let hidden = tokens.windows(4).filter_map(|w| match [w[0].text, w[1].text, w[2].text, w[3].text] {
        [".", "elapsed", "(", ")"] => Some((w[1].line, "reads the clock by `.elapsed()`".to_string())),
        _ => None,
    });
    named.chain(hidden).collect()
}

/// `session/actor.rs` is the module `session::actor`, `session/mod.rs` and `session.rs` are `session`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|part| *part != "lib").map(str::to_string).collect()
}

fn read_tree(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("a readable folder entry").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            read_tree(root, &entry, files);
        } else if entry.extension().is_some_and(|e| e == "rs") {
            let below = entry.strip_prefix(root).expect("an entry below the root");
            let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let text = fs::read_to_string(&entry).unwrap_or_else(|e| panic!("{}: {e}", entry.display()));
            files.push(Source { path: parts.join("/"), text });
        }
    }
}
