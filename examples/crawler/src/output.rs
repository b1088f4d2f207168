//! Where the report goes: to the standard output as a table, and as JSON where `--json` says.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::report::Report;

/// Where the report goes.
#[derive(Debug)]
pub struct Output {
    json: Option<Json>,
}

#[derive(Debug)]
enum Json {
    /// In place of the table.
    Stdout,
    /// Beside it.
    File(PathBuf, File),
}

impl Output {
    /// Opens the file for the JSON, if there is to be one: a long crawl must not end with a path that was mistyped.
    ///
    /// # Errors
    /// A sentence, where the file cannot be written.
    pub fn open(json: Option<&Path>) -> Result<Self, String> {
        let json = match json {
            None => None,
            Some(path) if path == Path::new("-") => Some(Json::Stdout),
            Some(path) => {
                let file = File::create(path).map_err(|error| unwritable(path, &error))?;
                Some(Json::File(path.to_owned(), file))
            }
        };
        Ok(Self { json })
    }

    /// Writes the report. The table comes first: it is there even if the JSON cannot be written.
    ///
    /// # Errors
    /// A sentence that says what was not written.
    pub fn report(&mut self, report: &Report) -> Result<(), String> {
        if !self.json_is_stdout() {
            to_stdout(&report.to_string())?;
        }
        let Some(json) = &mut self.json else { return Ok(()) };
        let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())? + "\n";
        match json {
            Json::Stdout => to_stdout(&text),
            Json::File(path, file) => file.write_all(text.as_bytes()).map_err(|error| unwritable(path, &error)),
        }
    }

    /// Writes a line below the report: beside the standard output, if that is to be JSON and nothing else.
    ///
    /// # Errors
    /// A sentence that says what was not written.
    pub fn line(&self, line: &str) -> Result<(), String> {
        if self.json_is_stdout() {
            eprintln!("{line}");
            return Ok(());
        }
        to_stdout(&format!("{line}\n"))
    }

    fn json_is_stdout(&self) -> bool {
        matches!(self.json, Some(Json::Stdout))
    }
}

/// A reader that has seen enough, such as `head`, is no error.
fn to_stdout(text: &str) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("the standard output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    format!("the report cannot be written to {}: {error}", path.display())
}
