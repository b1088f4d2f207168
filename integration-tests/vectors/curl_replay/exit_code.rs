//! Which of curl's exit codes an error stands for: what `curl_replay.exit_codes` says.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{LazyLock, Mutex};

use hinternet::Error;

/// How the program ended.
#[derive(Debug)]
pub(crate) enum Exit {
    /// By a decision of the program's own, with curl's number.
    Code(i32),
    /// By an error of the library's.
    Failed(Error),
}

impl Exit {
    /// Would curl have ended with this number?
    pub(crate) fn covers(&self, code: i32) -> bool {
        self.codes().contains(&code)
    }

    fn codes(&self) -> &'static [i32] {
        if matches!(self, Self::Code(0)) {
            return &[0];
        }
        let Some((place, row)) = TABLE.iter().enumerate().find(|(_, row)| row.fits(self)) else { return &[] };
        USED.lock().expect("nobody panics with it").insert(place);
        &row.codes
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Failed(error) => write!(f, "{:?} ({error})", self.codes()),
        }
    }
}

/// Has any case failed?
pub(crate) fn was_used() -> bool {
    !USED.lock().expect("nobody panics with it").is_empty()
}

/// The rows of the table that no case has needed.
pub(crate) fn unused() -> Vec<String> {
    let used = USED.lock().expect("nobody panics with it");
    let unused = TABLE.iter().enumerate().filter(|(place, _)| !used.contains(place));
    unused.map(|(_, row)| format!("{row:?}")).collect()
}

/// One row of the table; what it leaves open fits all.
#[derive(Debug)]
struct Row {
    codes: Vec<i32>,
    /// `-` is the program itself.
    ours: &'static str,
    stage: &'static str,
    says: &'static str,
}

impl Row {
    fn read(line: &'static str) -> Self {
        let cells: Vec<_> = line.splitn(5, '|').map(str::trim).collect();
        let [codes, ours, stage, says, _why] = cells[..] else { panic!("{line:?} is no row") };
        let codes = codes.split(',').map(|code| code.trim().parse().expect("a number")).collect();
        Self { codes, ours, stage, says }
    }

    fn fits(&self, exit: &Exit) -> bool {
        let is = |cell: &str, found: &str| cell == "*" || cell == found;
        match exit {
            Exit::Code(code) => self.ours == "-" && self.codes.contains(code),
            Exit::Failed(error) => {
                let sentence = error.to_string();
                let number = sentence.split(' ').nth(1).expect("an error begins with its number");
                is(self.ours, number)
                    && is(self.stage, &format!("{:?}", error.stage()))
                    && (self.says == "*" || sentence.contains(self.says))
            }
        }
    }
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = include_str!("../curl_replay.exit_codes").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(Row::read).collect()
});
static USED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

pub(crate) const FAILED_INIT: i32 = 2;
pub(crate) const URL_MALFORMAT: i32 = 3;
pub(crate) const COULDNT_RESOLVE_PROXY: i32 = 5;
pub(crate) const WEIRD_SERVER_REPLY: i32 = 8;
pub(crate) const HTTP_RETURNED_ERROR: i32 = 22;
pub(crate) const WRITE_ERROR: i32 = 23;
pub(crate) const UPLOAD_FAILED: i32 = 25;
pub(crate) const READ_ERROR: i32 = 26;
pub(crate) const RANGE_ERROR: i32 = 33;
pub(crate) const BAD_FUNCTION_ARGUMENT: i32 = 43;
pub(crate) const SETOPT_OPTION_SYNTAX: i32 = 49;
pub(crate) const FILESIZE_EXCEEDED: i32 = 63;
