//! A fault: what goes wrong, in which cases, and what has to come of it on each way to the server.

use std::collections::BTreeSet;
use std::fmt;

use hinternet::{ErrorCode, RequestOptions, Stage};
use integration_tests::Gate;
use integration_tests::fault_proxy::Fault as Spoiling;
use integration_tests::scripted_peer::Script;

use super::protocol::Protocol;

/// One row of the table.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// Every case has to end as expected: often there is one for each octet.
    pub(crate) cases: Box<dyn Fn(Protocol) -> Vec<Case>>,
    pub(crate) expected: Vec<(Protocol, Expected)>,
}

/// A fault that is the same in all its cases.
pub(crate) fn fault(name: &'static str, cases: impl Fn(Protocol) -> Vec<Case> + 'static) -> Fault {
    Fault { name, cases: Box::new(cases), expected: Vec::new() }
}

impl Fault {
    /// What comes of it there.
    pub(crate) fn at(mut self, protocols: &[Protocol], expected: Expected) -> Self {
        self.expected.extend(protocols.iter().map(|protocol| (*protocol, expected.clone())));
        self
    }
}

/// What goes wrong once. All else is healthy, and after the first request so is this.
#[derive(Clone, Default)]
pub(crate) struct Case {
    /// What the resolver says of who is dialed.
    pub(crate) names: Names,
    /// What it says from the second request on.
    pub(crate) names_then: Names,
    /// The resolver answers nothing before the gate is open.
    pub(crate) is_name_held: bool,
    /// It is opened when the request has ended; where a wire ends before it, when that one's answer is read.
    pub(crate) gate: Gate,
    /// What becomes of the first attempts to connect.
    pub(crate) dials: Vec<Dial>,
    /// What the server does on its first connection.
    pub(crate) server: Option<Script>,
    /// What the proxy does on its first connection.
    pub(crate) proxy: Option<Script>,
    /// What the client is told beforehand.
    pub(crate) options: Option<fn(&mut RequestOptions)>,
    /// How many octets the request has; none make a GET of it.
    pub(crate) upload: usize,
    /// What comes before the fault.
    pub(crate) before: Before,
    /// The caller cancels when this is told.
    pub(crate) cancelled_at: Option<&'static str>,
    /// Somebody who is told of everything, and does this.
    pub(crate) subscriber: Listening,
    /// Whoever has got the message closes by a handshake.
    pub(crate) closes: bool,
    /// Whoever has got the message sends one so long.
    pub(crate) message: usize,
}

/// What the resolver says.
#[derive(Clone, Copy, Default)]
pub(crate) enum Names {
    #[default]
    Good,
    Missing,
    Failing,
    Silent,
    Panicking,
    /// These addresses and no others.
    Are(&'static [&'static str]),
    /// A thousand addresses at which nobody listens.
    Thousand,
}

/// What becomes of an attempt to connect.
#[derive(Clone)]
pub(crate) enum Dial {
    /// Nobody listens.
    Nobody,
    /// Nobody answers: the line of who waits for the server is full.
    Busy,
    /// The attempt lasts until the gate is open, and then succeeds.
    Held,
    /// The system refuses, with this number.
    Fails(i32),
    /// What comes back is spoiled.
    Spoiled(Spoiling),
}

/// What comes before the fault.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing: the wire is new.
    #[default]
    Nothing,
    /// A request that was answered, on the same wire.
    Answer,
    /// The same, and then, behind the gate, the wire has ended.
    End,
}

/// What a subscriber does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Listening {
    #[default]
    Well,
    /// It panics at each.
    Panicking,
    /// It does not come back from its first before the request has ended.
    Blocking,
}

impl Case {
    /// The server does this.
    pub(crate) fn server(script: Script) -> Self {
        Self { server: Some(script), ..Self::default() }
    }

    /// The proxy does this.
    pub(crate) fn proxy(script: Script) -> Self {
        Self { proxy: Some(script), ..Self::default() }
    }

    /// The resolver says this.
    pub(crate) fn names(names: Names) -> Self {
        Self { names, ..Self::default() }
    }

    /// The first attempt ends so.
    pub(crate) fn dial(dial: Dial) -> Self {
        Self { dials: vec![dial], ..Self::default() }
    }

    pub(crate) fn with(mut self, options: fn(&mut RequestOptions)) -> Self {
        self.options = Some(options);
        self
    }

    pub(crate) fn after(mut self, before: Before) -> Self {
        self.before = before;
        self
    }

    pub(crate) fn uploading(mut self, octets: usize) -> Self {
        self.upload = octets;
        self
    }

    pub(crate) fn cancelled_at(mut self, status: &'static str) -> Self {
        self.cancelled_at = Some(status);
        self
    }
}

/// What comes of it for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The answer of a healthy server, whole.
    Answered,
    /// Another answer, as the server gave it.
    Status(u16),
    Fails(ErrorCode, Stage),
}

/// What was seen of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) outcome: Outcome,
    /// Did the next request go over the same wire?
    pub(crate) kept: bool,
    /// How often it was sent again by itself.
    pub(crate) retried: usize,
}

/// What has to be seen in every case.
#[derive(Clone)]
pub(crate) struct Expected {
    /// Which of them is a matter of time, where there are several.
    outcomes: Vec<Outcome>,
    /// `None`: that is a matter of time.
    kept: Option<bool>,
    retried: usize,
}

/// The request does not notice.
pub(crate) fn answered() -> Expected {
    Expected { outcomes: vec![Outcome::Answered], kept: Some(false), retried: 0 }
}

/// The request is given this answer.
pub(crate) fn status(status: u16) -> Expected {
    Expected { outcomes: vec![Outcome::Status(status)], kept: Some(false), retried: 0 }
}

/// The request fails so.
pub(crate) fn fails(code: ErrorCode, stage: Stage) -> Expected {
    Expected { outcomes: vec![Outcome::Fails(code, stage)], kept: Some(false), retried: 0 }
}

impl Expected {
    /// Or it fails at this stage: when the fault is heard of is a matter of time.
    pub(crate) fn or(mut self, stage: Stage) -> Self {
        if let Some(Outcome::Fails(code, _)) = self.outcomes.first().copied() {
            self.outcomes.push(Outcome::Fails(code, stage));
        }
        self
    }

    /// The next request goes over the same wire.
    pub(crate) fn kept(mut self) -> Self {
        self.kept = Some(true);
        self
    }

    /// It does, or it does not: when the wire is heard of is a matter of time.
    pub(crate) fn kept_or_not(mut self) -> Self {
        self.kept = None;
        self
    }

    /// The library sends it once more.
    pub(crate) fn retried(mut self) -> Self {
        self.retried = 1;
        self
    }

    pub(crate) fn allows(&self, seen: &Seen) -> bool {
        let is_kept = self.kept.is_none_or(|kept| kept == seen.kept);
        is_kept && self.outcomes.contains(&seen.outcome) && self.retried == seen.retried
    }

    /// The columns of the table behind the fault's name and the protocols.
    pub(crate) fn columns(&self) -> [String; 4] {
        let codes: BTreeSet<String> = self.outcomes.iter().map(|outcome| outcome.to_string()).collect();
        let stages: Vec<String> = self.outcomes.iter().filter_map(Outcome::stage).collect();
        let is = |yes| if yes { "yes" } else { "no" }.to_owned();
        [
            codes.into_iter().collect::<Vec<_>>().join(" or "),
            stages.join(" or "),
            self.kept.map_or_else(|| "yes or no".to_owned(), is),
            is(self.retried > 0),
        ]
    }
}

impl Outcome {
    fn stage(&self) -> Option<String> {
        match self {
            Self::Fails(_, stage) => Some(format!("`{stage:?}`")),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("answered"),
            Self::Status(status) => write!(f, "answered: {status}"),
            Self::Fails(code, _) => write!(f, "{code}"),
        }
    }
}
