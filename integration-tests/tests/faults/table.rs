//! The table as the book has it. Ways to the server on which a fault ends alike share a line.

use super::fault::{Expected, Fault};
use super::protocol::{ALL, Protocol};

/// Where it is kept.
pub(crate) const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/src/fault_table.md");

pub(crate) fn of(parts: &[(&'static str, Vec<Fault>)]) -> String {
    let mut out = String::new();
    for (name, faults) in parts {
        out.push_str(&format!("### {name}\n\n{HEAD}"));
        for fault in faults {
            for (n, (protocols, columns)) in alike(&fault.expected).into_iter().enumerate() {
                let name = if n == 0 { fault.name } else { "" };
                out.push_str(&format!("| {name} | {} | {} |\n", ways(&protocols), columns.join(" | ")));
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn alike(expected: &[(Protocol, Expected)]) -> Vec<(Vec<Protocol>, [String; 4])> {
    let mut lines: Vec<(Vec<Protocol>, [String; 4])> = Vec::new();
    for protocol in ALL {
        let Some((_, one)) = expected.iter().find(|(other, _)| *other == protocol) else { continue };
        let columns = one.columns();
        match lines.iter_mut().find(|(_, others)| *others == columns) {
            Some((protocols, _)) => protocols.push(protocol),
            None => lines.push((vec![protocol], columns)),
        }
    }
    lines
}

fn ways(protocols: &[Protocol]) -> String {
    if protocols == ALL {
        return "all".to_owned();
    }
    protocols.iter().map(|protocol| protocol.name()).collect::<Vec<_>>().join(", ")
}

const HEAD: &str = "| fault | on | outcome | stage | wire reused | sent again |\n|---|---|---|---|---|---|\n";
