//! Header fields that the caller names, and dates.

use super::command::Options;

/// A field that the caller names; without a value it is one that he does not want.
#[derive(Clone, Debug)]
pub(crate) struct HeaderLine {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

/// Year, month, day and time: what a date is before or after.
type Moment = (u32, usize, u32, String);

impl Options {
    /// The fields that the caller names.
    pub(crate) fn header_lines(&self) -> Vec<HeaderLine> {
        let mut lines: Vec<HeaderLine> = Vec::new();
        for header in &self.headers {
            let texts = match header.strip_prefix('@') {
                Some(file) => std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect(),
                None => vec![header.clone()],
            };
            for line in texts.iter().filter_map(|text| HeaderLine::read(text)) {
                // There is one host.
                if !(line.names("host") && lines.iter().any(|line| line.names("host"))) {
                    lines.push(line);
                }
            }
        }
        lines
    }
}

impl HeaderLine {
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_suffix(';').filter(|name| !name.contains(':')) {
            return Some(Self { name: name.to_owned(), value: Some(String::new()) });
        }
        let (name, value) = text.split_once(':')?;
        let value = value.trim_start();
        Some(Self { name: name.to_owned(), value: (!value.is_empty()).then(|| value.to_owned()) })
    }

    pub(crate) fn names(&self, name: &str) -> bool {
        self.name.trim_end().eq_ignore_ascii_case(name)
    }
}

/// `If-Modified-Since`, or with a hyphen before the date `If-Unmodified-Since`.
pub(crate) fn condition(text: &str) -> (&'static str, String) {
    let (name, date) = match text.strip_prefix('-') {
        Some(date) => ("If-Unmodified-Since", date),
        None => ("If-Modified-Since", text),
    };
    let (year, month, day, time) = moment(date);
    // The day of the week is not looked at.
    let date = httpdate::parse_http_date(&format!("Sun, {day:02} {} {year} {time} GMT", MONTHS[month]));
    (name, httpdate::fmt_http_date(date.unwrap_or_else(|error| panic!("{text:?}: {error}"))))
}

/// Is what was last modified then of the time that `-z` asks for?
pub(crate) fn meets(condition: &str, modified: &str) -> bool {
    match condition.strip_prefix('-') {
        None => moment(modified) > moment(condition),
        Some(date) => moment(modified) < moment(date),
    }
}

/// `dec 12 12:00:00 1999 GMT` or `Tue, 13 Jun 2000 12:10:00 GMT`, whatever day of the week that was.
fn moment(text: &str) -> Moment {
    let parts: Vec<_> = text.split(' ').collect();
    let (month, day, time, year) = match parts[..] {
        [month, day, time, year, "GMT"] => (month, day, time, year),
        [_, day, month, year, time, "GMT"] => (month, day, time, year),
        _ => panic!("{text:?} is no date known here"),
    };
    let month = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(month)).expect("a month");
    (year.parse().expect("a year"), month, day.parse().expect("a day"), time.to_owned())
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
