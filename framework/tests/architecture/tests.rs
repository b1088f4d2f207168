//! The checker under test: each rule is broken once on purpose, and what is allowed passes.

use super::{Rule, Source, check, module_of, tokens};

const LIB: &str = "//! Root.\nmod session;\nmod connection;\nmod protocol;\nmod error;\nmod clock;\n";

/// The rules that a tree of `lib.rs` and these files breaks, with file and line.
fn broken(files: &[(&str, &str)]) -> Vec<(Rule, String)> {
    let lib = [("lib.rs", LIB)];
    let lib = if files.iter().any(|(path, _)| *path == "lib.rs") { &[][..] } else { &lib[..] };
    let files: Vec<Source> =
        lib.iter().chain(files).map(|(path, text)| Source { path: path.to_string(), text: text.to_string() }).collect();
    let report = check(&files);
    report.violations.into_iter().map(|v| (v.rule, format!("{}:{}", v.file, v.line))).collect()
}

#[track_caller]
fn breaks(rule: Rule, place: &str, files: &[(&str, &str)]) {
    assert_eq!(broken(files), [(rule, place.to_string())]);
}

#[track_caller]
fn passes(files: &[(&str, &str)]) {
    assert_eq!(broken(files), []);
}

#[test]
fn an_import_may_point_down_and_at_home() {
    passes(&[("session/actor.rs", "//! A.\nuse crate::connection::Connection;\nuse crate::session::Session;\n")]);
    passes(&[("session.rs", "//! A.\nuse crate::{connection::Connection, error::{Error, Result}};\n")]);
    passes(&[("error.rs", "//! A.\nuse crate::clock;\n\npub(crate) fn a() -> u8 { crate::clock::now() }\n")]);
}

#[test]
fn an_upward_import_is_found_in_every_form() {
    for import in [
        "use crate::session::Session;",
        "use crate::{clock, session::Session};",
        "use crate::{clock, session::{self, Session as S}};",
        "pub(crate) use crate::session::*;",
        "fn a() { crate::session::open(); }",
        "fn a(s: &crate::session::Session) {}",
        "use hinternet::session::Session;",
        "use super::session::Session;",
        "use self::super::session::Session;",
        "mod inner { use crate::session::Session; }",
        "macro_rules! a { () => { $crate::session::open() } }",
        "impl A { fn a() -> Vec<crate::session::Session> { b'\"'; \"// no comment\"; 'a' } }",
    ] {
        let text = format!("//! A.\n\n{import}\n");
        breaks(Rule::Direction, "error.rs:3", &[("error.rs", &text)]);
    }
    let grouped = "//! A.\nuse crate::{\n    clock,\n    connection::{\n        Connection,\n    },\n};\n";
    breaks(Rule::Direction, "protocol/mod.rs:5", &[("protocol/mod.rs", grouped)]);
    let from_below = "//! A.\nuse super::super::session::Session;\nuse crate::session::Session;\n";
    assert_eq!(
        broken(&[("protocol/http1/head.rs", from_below)]),
        [
            (Rule::SuperSuper, "protocol/http1/head.rs:2".to_string()),
            (Rule::Direction, "protocol/http1/head.rs:3".to_string())
        ]
    );
}

#[test]
fn super_means_the_parent_where_it_is_written() {
    passes(&[("error/mod.rs", "//! A.\nmod sealed { use super::Error; }\nmod b { use crate::clock; }\n")]);
    passes(&[("error/code.rs", "//! A.\nuse super::session::Session;\n")]);
    breaks(Rule::SuperSuper, "error/code.rs:2", &[("error/code.rs", "//! A.\nuse super::{super::clock, Error};\n")]);
    breaks(Rule::Root, "error/mod.rs:3", &[("error/mod.rs", "//! A.\nmod a { use super::B; }\nuse super::Session;\n")]);
}

#[test]
fn the_root_is_no_place_to_import_from() {
    for import in
        ["use crate::Session;", "use crate::{error::Error, Session};", "use crate::*;", "use crate::prelude::A;"]
    {
        breaks(Rule::Root, "session.rs:2", &[("session.rs", &format!("//! A.\n{import}\n"))]);
        breaks(Rule::Root, "session/tests.rs:2", &[("session/tests.rs", &format!("//! A.\n{import}\n"))]);
    }
    passes(&[("session.rs", "//! A.\nfn a() { crate::started!(1); }\nmacro_rules! b { () => { $crate::Session } }\n")]);
    passes(&[(
        "session.rs",
        "//! Not code: crate::Session.\nconst A: &str = r#\"crate::Session\"#; // crate::Session\n",
    )]);
}

#[test]
fn tests_may_look_up() {
    let upward = "//! A.\nuse crate::session::Session;\n";
    passes(&[("error/tests.rs", upward)]);
    passes(&[("error/tests/scenario.rs", upward)]);
    passes(&[("error/mod.rs", "//! A.\n#[cfg(test)]\nmod scenario;\n"), ("error/scenario.rs", upward)]);
    passes(&[(
        "error.rs",
        "//! A.\n#[cfg(test)]\n#[allow(x)]\npub(crate) mod t { use crate::session::A; fn b() {} }\n",
    )]);
    passes(&[("error.rs", "//! A.\n#[cfg(all(test, unix))]\nuse crate::{session::A, connection::B};\n")]);
    let after = "//! A.\n#[cfg(test)]\nuse crate::session::A;\nuse crate::session::B;\n";
    breaks(Rule::Direction, "error.rs:4", &[("error.rs", after)]);
    let otherwise = "//! A.\n#[cfg(not(test))]\nuse crate::session::A;\n";
    breaks(Rule::Direction, "error.rs:3", &[("error.rs", otherwise)]);
    let field = "//! A.\nstruct A {\n#[cfg(test)] a: u8,\n b: crate::session::B }\n";
    breaks(Rule::Direction, "error.rs:4", &[("error.rs", field)]);
}

#[test]
fn the_mod_lines_follow_the_picture() {
    breaks(Rule::Picture, "lib.rs:3", &[("lib.rs", "//! A.\nmod error;\npub(crate) mod session;\n")]);
    breaks(Rule::Picture, "lib.rs:2", &[("lib.rs", "//! A.\nmod helpers;\n")]);
    breaks(Rule::Declared, "stray.rs:1", &[("stray.rs", "//! A.\n")]);
    passes(&[(
        "lib.rs",
        "//! A.\n#![a]\n#[macro_use]\nmod macros;\npub mod session;\n#[cfg(test)]\nmod x;\nmod id;\n",
    )]);
}

#[test]
fn pure_files_name_no_runtime_and_no_clock() {
    for code in ["use tokio::time;", "fn a() { actix_rt::spawn(b); }", "fn a() { tokio_stream::iter([1]); }"] {
        let text = format!("//! A.\n{code}\n");
        breaks(Rule::Purity, "protocol/http1/head.rs:2", &[("protocol/http1/head.rs", &text)]);
        breaks(Rule::Purity, "protocol/tests.rs:2", &[("protocol/tests.rs", &text)]);
        passes(&[("session.rs", &text)]);
        let marked = format!("//! A state (pure).\n{code}\n");
        breaks(Rule::Purity, "session.rs:2", &[("session.rs", &marked)]);
    }
    for code in ["std::time::Instant::now()", "SystemTime::now()", "started.elapsed()"] {
        let text = format!("//! A (pure).\nfn a() {{ {code}; }}\n");
        let place = "session.rs:2".to_string();
        assert_eq!(broken(&[("session.rs", &text)]), [(Rule::Purity, place.clone()), (Rule::Clock, place)]);
        passes(&[("protocol/tests.rs", &text)]);
    }
    passes(&[("protocol/a.rs", "//! No tokio here.\nfn actor(elapsed: u8) { \"tokio\"; /* /* tokio */ actix */ }\n")]);
}

#[test]
fn only_the_clock_reads_the_clock() {
    breaks(Rule::Clock, "session.rs:2", &[("session.rs", "//! A.\nfn a() { tokio::time::Instant::now(); }\n")]);
    passes(&[
        ("clock.rs", "//! A.\nfn a() { Instant::now(); }\n"),
        ("session/tests.rs", "//! A.\nlet a = Instant::now();\n"),
    ]);
}

#[test]
fn only_chance_asks_for_chances() {
    for code in [
        "use std::hash::RandomState;",
        "fn a(o: &mut [u8]) { aws_lc_rs::rand::fill(o); }",
        "fn a() { fastrand::u64(..); }",
    ] {
        let text = format!("//! A.\n{code}\n");
        breaks(Rule::Chance, "session.rs:2", &[("session.rs", &text)]);
        passes(&[("chance.rs", &text), ("session/tests.rs", &text), ("lib.rs", &format!("{LIB}mod chance;\n"))]);
    }
}

#[test]
fn a_file_has_a_head_and_an_end() {
    breaks(Rule::Head, "session.rs:1", &[("session.rs", "use std::fmt;\n")]);
    let lines = |n: usize| format!("//! A.\n{}", "\n".repeat(n - 1));
    passes(&[("session.rs", &lines(400)), ("session/tests.rs", &lines(800))]);
    breaks(Rule::Length, "session.rs:401", &[("session.rs", &lines(401))]);
    breaks(Rule::TestLength, "session/tests.rs:801", &[("session/tests.rs", &lines(801))]);
}

#[test]
fn tokens_are_code_only() {
    let text = "a::b /* x /* y */ z */ 'c' '\\'' 'life b\"s\\\"t\" r##\"r\"#\"## br\"\\\" // end\nr#type 1.5";
    let seen: Vec<String> = tokens(text).iter().map(|t| format!("{}@{}", t.text, t.line)).collect();
    let expected = "a@1 ::@1 b@1 \"@1 \"@1 \"@1 \"@1 \"@1 \"@1 type@2 1@2 .@2 5@2";
    assert_eq!(seen.join(" "), expected);
}

#[test]
fn a_path_gives_the_module() {
    assert_eq!(module_of("lib.rs"), [""; 0]);
    assert_eq!(module_of("clock.rs"), ["clock"]);
    assert_eq!(module_of("session/mod.rs"), ["session"]);
    assert_eq!(module_of("wire/http1/head.rs"), ["wire", "http1", "head"]);
}
