//! Brings a recording and our own notifications into one form, and compares them handle by handle.
//!
//! Differences that hold for all scenarios, each with its reason:
//!
//! - Our extra statuses are left out: WinHTTP has no `WireAcquired`, `WireReleased`, `Queued`, progress, ...
//! - `RECEIVING_RESPONSE` and `RESPONSE_RECEIVED` while the body is read are left out: ours emits none there (C.9).
//! - `SENDREQUEST_COMPLETE` comes before `RECEIVING_RESPONSE`: ours completes when the request is sent; the recorded
//!   implementation held it back until the response was there.
//! - `CLOSING_CONNECTION` and `CONNECTION_CLOSED` are left out: the recorded implementation is silent about wires it
//!   closes. (`async_connection_close`, asserted on Windows, does have them: see `asserted.rs`.)
//! - A name with two addresses may be connected to twice (fact N-30): repeated `CONNECTING_TO_SERVER` are one.
//! - The body may come in other pieces: repeated pairs are one, and the octets of all reads together must be equal.
//! - Octets of heads are not compared: they depend on the `User-Agent`.

use std::collections::BTreeMap;

use hinternet::{Notification, Operation, Status};

use super::differences::{self, Edit};
use super::trace::{Call, Line, Scenario, Told};

/// What each handle was told, in comparable form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) statuses: BTreeMap<String, Vec<String>>,
    /// Octets of all reads, per handle.
    pub(crate) octets: BTreeMap<String, u64>,
}

const DIAL: [&str; 4] = ["resolvingname", "nameresolved", "connectingtoserver", "connectedtoserver"];

/// What the recording says.
pub(crate) fn recorded(name: &str, scenario: &Scenario) -> Story {
    let mut story = Story::default();
    for line in &scenario.lines {
        let Line::Call(call) = line else { continue };
        for told in &call.told {
            if let Some((handle, text)) = of_recording(name, call, told) {
                story.tell(handle, text);
            }
        }
        if call.function == "ReadData" {
            *story.octets.entry(call.handle.clone()).or_default() += call.octets_told().unwrap_or(0);
        }
    }
    for edit in differences::of(name) {
        match edit {
            Edit::Dials(request) => story.dial(request),
            Edit::LooksUpAgain(request) => story.look_up_again(request),
            Edit::SendCompletes(request) => story.complete_send(request),
            _ => {}
        }
    }
    story.finish()
}

/// What we were told.
pub(crate) fn ours(told: &[(char, Notification)], names: impl Fn(&Notification) -> String) -> Story {
    let mut story = Story::default();
    for (callback, notification) in told {
        let handle = names(notification);
        if let Status::ReadComplete(octets) = &notification.status {
            *story.octets.entry(handle.clone()).or_default() += octets;
        }
        if let Some(text) = of_ours(&notification.status) {
            story.tell(handle, with_callback(*callback, text));
        }
    }
    story.finish()
}

fn of_recording(name: &str, call: &Call, told: &Told) -> Option<(String, String)> {
    let status = told.status.replace('_', "").to_lowercase();
    let refused = |edit| matches!(edit, Edit::Refused(function) if function == call.function);
    match status.as_str() {
        "receivingresponse" | "responsereceived" if call.is_of_the_body() => return None,
        "closingconnection" | "connectionclosed" => return None,
        "requesterror" if differences::of(name).any(refused) => return None,
        _ => {}
    }
    let handle = match status.as_str() {
        "handlecreated" | "handleclosing" => told.payload.clone(),
        _ => worker(name, &told.thread).unwrap_or_else(|| call.handle.clone()),
    };
    let payload = match status.as_str() {
        "resolvingname" | "writecomplete" | "requesterror" => format!("({})", told.payload),
        "dataavailable" | "readcomplete" if told.payload == "0" => "(0)".to_owned(),
        _ => String::new(),
    };
    Some((handle, with_callback(told.callback, format!("{status}{payload}"))))
}

fn worker(name: &str, thread: &str) -> Option<String> {
    let all = differences::of(name).find_map(|edit| if let Edit::Workers(all) = edit { Some(all) } else { None });
    all?.iter().find(|(worker, _)| *worker == thread).map(|(_, handle)| (*handle).to_owned())
}

fn of_ours(status: &Status) -> Option<String> {
    status.code()?;
    let name = status.name().to_lowercase();
    Some(match status {
        Status::ClosingConnection { .. } | Status::ConnectionClosed => return None,
        Status::ResolvingName(host) => format!("{name}({host})"),
        Status::WriteComplete(octets) => format!("{name}({octets})"),
        Status::DataAvailable(0) | Status::ReadComplete(0) => format!("{name}(0)"),
        Status::RequestError { operation, error } => {
            format!("{name}({},ERROR_WINHTTP_{})", api(*operation), error.code().name())
        }
        _ => name,
    })
}

fn api(operation: Operation) -> &'static str {
    match operation {
        Operation::Send => "API_SEND_REQUEST",
        Operation::Receive => "API_RECEIVE_RESPONSE",
        Operation::QueryDataAvailable => "API_QUERY_DATA_AVAILABLE",
        Operation::Read => "API_READ_DATA",
        Operation::Write => "API_WRITE_DATA",
        _ => "no API",
    }
}

fn with_callback(callback: char, text: String) -> String {
    if callback == 'A' { text } else { format!("{callback}:{text}") }
}

impl Story {
    fn tell(&mut self, handle: String, text: String) {
        self.statuses.entry(handle).or_default().push(text);
    }

    /// Puts the four statuses of a dial before the first `SENDING_REQUEST`, in place of those that are there.
    fn dial(&mut self, request: &str) {
        let statuses = self.statuses.entry(request.to_owned()).or_default();
        statuses.retain(|status| !DIAL.iter().any(|dial| status.starts_with(dial)));
        let place = statuses.iter().position(|status| status == "sendingrequest").unwrap_or(0);
        let dial = ["resolvingname(127.0.0.1)", "nameresolved", "connectingtoserver", "connectedtoserver"];
        statuses.splice(place..place, dial.map(str::to_owned));
    }

    /// Puts a look-up before the second dial.
    fn look_up_again(&mut self, request: &str) {
        let statuses = self.statuses.entry(request.to_owned()).or_default();
        let dials = statuses.iter().enumerate().filter(|(_, status)| *status == "connectingtoserver");
        let place = dials.map(|(place, _)| place).nth(1).unwrap_or(0);
        statuses.splice(place..place, ["resolvingname(127.0.0.1)", "nameresolved"].map(str::to_owned));
    }

    fn complete_send(&mut self, request: &str) {
        let statuses = self.statuses.entry(request.to_owned()).or_default();
        let sent = statuses.iter().position(|status| status == "requestsent").map_or(0, |place| place + 1);
        statuses.insert(sent, "sendrequestcomplete".to_owned());
    }

    fn finish(mut self) -> Self {
        for statuses in self.statuses.values_mut() {
            complete_send_first(statuses);
            collapse(statuses);
        }
        self.octets.retain(|_, octets| *octets > 0);
        self
    }
}

fn complete_send_first(statuses: &mut [String]) {
    for at in 1..statuses.len() {
        if statuses[at] == "sendrequestcomplete" && statuses[at - 1] == "receivingresponse" {
            statuses.swap(at - 1, at);
        }
    }
}

fn collapse(statuses: &mut Vec<String>) {
    let repeatable = |status: &str| {
        let plain = status.trim_start_matches("B:");
        matches!(plain, "connectingtoserver" | "readcomplete" | "dataavailable")
    };
    let mut kept: Vec<String> = Vec::new();
    for status in statuses.drain(..) {
        let pair = kept.len() >= 2 && kept[kept.len() - 2] == status && repeatable(&status);
        let single = kept.last() == Some(&status) && repeatable(&status);
        // The second half of a repeated pair follows its first, which is the last one kept.
        match (pair, single) {
            (true, _) if !single => drop(kept.pop()),
            (_, true) => {}
            _ => kept.push(status),
        }
    }
    *statuses = kept;
}
