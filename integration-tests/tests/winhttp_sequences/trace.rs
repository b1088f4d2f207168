//! Reads the recorded traces: which calls were made, and which notifications each call led to.

use std::collections::BTreeMap;

/// One recorded scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) lines: Vec<Line>,
}

/// One call, or a remark of the recording.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    Call(Call),
    Remark(String),
}

/// `Function(handle, arguments) = result  IN> notifications  THEN> notifications`
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: String,
    /// The handle it was made on, as in `request#1`.
    pub(crate) handle: String,
    /// `key=value` by key; what has no `=` under its own name.
    pub(crate) arguments: BTreeMap<String, String>,
    /// As it stands after the ` = `.
    pub(crate) result: String,
    pub(crate) told: Vec<Told>,
}

/// One recorded notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Which callback got it.
    pub(crate) callback: char,
    /// On which thread, as in `w1` or `u`.
    pub(crate) thread: String,
    /// As in `READ_COMPLETE`.
    pub(crate) status: String,
    /// What stands in parentheses after it.
    pub(crate) payload: String,
}

/// All scenarios of a recording, by name.
pub(crate) fn read(recording: &str) -> BTreeMap<String, Scenario> {
    let sections = recording.split("\n## ").skip(1);
    let scenario = |section: &str| {
        let name = section.lines().next()?.trim().to_owned();
        let block = section.split("```").nth(1)?;
        Some((name, Scenario { lines: block.lines().filter_map(line).collect() }))
    };
    sections.filter_map(scenario).collect()
}

/// Reads one line; also used for calls that the recording left out.
pub(crate) fn line(text: &str) -> Option<Line> {
    let text = text.trim();
    if let Some(remark) = text.strip_prefix('#') {
        return Some(Line::Remark(remark.trim().to_owned()));
    }
    // A call made from inside a callback is marked by its thread.
    let text = text.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(text, |(_, rest)| rest);
    let (call, rest) = text.split_once(" = ")?;
    let (function, arguments) = call.strip_suffix(')')?.split_once('(')?;
    let mut arguments = arguments.split([',', ' ']).filter(|argument| !argument.is_empty());
    let handle = arguments.next()?.to_owned();
    let pair = |argument: &str| {
        let (key, value) = argument.split_once('=').unwrap_or((argument, ""));
        (key.to_owned(), value.to_owned())
    };
    let (result, told) = rest.split_once("  ").unwrap_or((rest, ""));
    Some(Line::Call(Call {
        function: function.to_owned(),
        handle,
        arguments: arguments.map(pair).collect(),
        result: result.trim().to_owned(),
        told: told.split_whitespace().filter_map(notification).collect(),
    }))
}

fn notification(text: &str) -> Option<Told> {
    let (thread, status) = text.split_once(':')?;
    let (thread, callback) = thread.split_once('/').unwrap_or((thread, "A"));
    let (status, payload) = status.strip_suffix(')').and_then(|text| text.split_once('(')).unwrap_or((status, ""));
    Some(Told {
        callback: callback.chars().next()?,
        thread: thread.to_owned(),
        status: status.to_owned(),
        payload: payload.to_owned(),
    })
}

impl Call {
    /// Is it about the option of this name?
    pub(crate) fn is_about(&self, option: &str) -> bool {
        self.arguments.get("option").is_some_and(|given| given.contains(&format!("({option})")))
    }

    pub(crate) fn argument(&self, key: &str) -> &str {
        self.arguments.get(key).map_or("", String::as_str)
    }

    /// A number, decimal or after `0x`.
    pub(crate) fn number(&self, key: &str) -> u64 {
        let text = self.argument(key);
        match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => text.parse(),
        }
        .unwrap_or(0)
    }

    /// The octets its completion told of, if it did.
    pub(crate) fn octets_told(&self) -> Option<u64> {
        let completion =
            self.told.iter().find(|told| matches!(told.status.as_str(), "DATA_AVAILABLE" | "READ_COMPLETE"));
        completion.and_then(|told| told.payload.parse().ok())
    }

    /// Does it read from the body?
    pub(crate) fn is_of_the_body(&self) -> bool {
        matches!(self.function.as_str(), "QueryDataAvailable" | "ReadData")
    }
}
