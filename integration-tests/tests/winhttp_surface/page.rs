//! The book's pages, written from the table.

use std::fmt::Write as _;

use super::table::{Answer, Page, Part, Row};

/// How many rows say what.
#[derive(Default)]
struct Count {
    here: usize,
    instead: usize,
    not_here: usize,
}

impl Count {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        rows.fold(Self::default(), |mut count, row| {
            match row.answer() {
                Some(Answer::Here(_)) => count.here += 1,
                Some(Answer::Instead(_)) => count.instead += 1,
                _ => count.not_here += 1,
            }
            count
        })
    }
}

/// The page of one file of the table.
pub(crate) fn of(page: &Page) -> String {
    let mut text = format!("# {}\n\n{}\n", page.title, page.text);
    for part in &page.part {
        let head = format!("| {} | here | |\n|---|---|---|", page.column);
        // The element is for the widths of the columns: `book/tables.css`.
        write!(text, "\n## {}\n\n<div class=\"surface\">\n\n{head}\n", part.title).unwrap();
        for alike in part.rows.chunk_by(|a, b| a.answer() == b.answer() && a.note == b.note) {
            let names: Vec<_> = alike.iter().map(|row| name(row, part)).collect();
            let (first, second) = says(&alike[0]);
            writeln!(text, "| {} | {first} | {second} |", names.join(", ")).unwrap();
        }
        text += "\n</div>\n";
    }
    text
}

fn name(row: &Row, part: &Part) -> String {
    match row.number {
        Some(number) if part.hex && number > 9 => format!("`{}` 0x{number:X}", row.name),
        Some(number) => format!("`{}` {number}", row.name),
        None => format!("`{}`", row.name),
    }
}

/// The second and the third column.
fn says(row: &Row) -> (String, String) {
    let note = row.note.clone().unwrap_or_default();
    match row.answer() {
        Some(Answer::Here(items)) => {
            let items: Vec<_> = items.iter().map(|item| format!("`{item}`")).collect();
            (items.join(", "), note)
        }
        Some(Answer::Instead(instead)) => ("-".into(), format!("{instead}{}", follow(&note))),
        Some(Answer::NotHere(reason)) => ("*not here*".into(), format!("{reason}{}", follow(&note))),
        None => unreachable!("a test sees to it"),
    }
}

fn follow(note: &str) -> String {
    if note.is_empty() { String::new() } else { format!("; {note}") }
}

/// The table of the pages, which the chapter on the surface shows.
pub(crate) fn index(pages: &[Page]) -> String {
    let mut text = "| | names | here | done otherwise | not here |\n|---|---|---|---|---|\n".to_owned();
    let mut line = |title: String, count: Count| {
        let Count { here, instead, not_here } = count;
        writeln!(text, "| {title} | {} | {here} | {instead} | {not_here} |", here + instead + not_here).unwrap();
    };
    for page in pages {
        line(format!("[{}]({}.md)", page.title, page.file), Count::of(page.part.iter().flat_map(|part| &part.rows)));
    }
    line("all".into(), Count::of(pages.iter().flat_map(|page| page.part.iter().flat_map(|part| &part.rows))));
    text
}
