//! The order of calls (pure): which call a request takes in which state, as one table.
//!
//! ```text
//!            send                 body complete               receive_response            end of body
//!   Opened -------> Sending ---------------------> Sent -----------------> Receiving ---> Body <--> Reading ---> Done
//!                      |                             ^                                      |                      |
//!                      | body to be written          | receive_response, finish,           +------- send ---------+
//!                      v                             | last announced octet                       (from any of these,
//!                   Uploading <---> Writing ---------+                                             and from Failed)
//! ```
//!
//! An error or `cancel` leads to `Failed`, or to `Broken` once there is a head. The states in -ing that stand for a call in
//! flight take no other call. A 101 that was asked for leads to `Upgraded` in place of `Body`, and `complete_upgrade` from there to
//! `Done`.
//!
//! Over HTTP/2 the body of a request may go on beside the response ([`SendSide`]): then what a state takes is more or less by
//! what `BESIDE` says. The book's figure and the tests are made from these tables.

use std::fmt;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum State {
    Opened,
    Sending,
    Uploading,
    Writing,
    Sent,
    Receiving,
    Body,
    Reading,
    Done,
    Failed,
    Broken,
    Upgraded,
}

/// What goes on with the body of a request beside its state, over HTTP/2 (contract B.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum SendSide {
    /// Nothing: all is as the state says.
    Over,
    /// More of it may be written.
    Open,
    /// A call that sends is in flight.
    Busy,
}

/// A state, and what goes on beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    pub(crate) state: State,
    pub(crate) send_side: SendSide,
}

/// What is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    AddHeader,
    SetOptions,
    SetCredentials,
    Send,
    Write,
    Finish,
    Receive,
    Head,
    QueryAuthSchemes,
    QueryDataAvailable,
    Read,
    Upgrade,
    CompleteUpgrade,
}

impl State {
    pub(crate) const ALL: [Self; 12] = [
        Self::Opened,
        Self::Sending,
        Self::Uploading,
        Self::Writing,
        Self::Sent,
        Self::Receiving,
        Self::Body,
        Self::Reading,
        Self::Done,
        Self::Failed,
        Self::Broken,
        Self::Upgraded,
    ];

    /// Is the call taken in this state? If not it is refused with 12019, and nothing changes.
    #[inline]
    pub(crate) fn takes(self, call: Call) -> bool {
        TABLE.iter().any(|(taken, states)| *taken == call && states.contains(&self))
    }

    /// The state in a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Sending => "sending",
            Self::Uploading => "uploading",
            Self::Writing => "writing",
            Self::Sent => "sent",
            Self::Receiving => "receiving",
            Self::Body => "body",
            Self::Reading => "reading",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Broken => "broken",
            Self::Upgraded => "upgraded",
        }
    }

    /// The sentence for a reader.
    fn sentence(self) -> &'static str {
        match self {
            Self::Opened => "nothing was sent yet",
            Self::Sending => "a send is in flight",
            Self::Uploading => "its body is not complete",
            Self::Writing => "a write is in flight",
            Self::Sent => "it was sent and its response not asked for",
            Self::Receiving => "a receive_response is in flight",
            Self::Body => "its response is being read",
            Self::Reading => "a read is in flight",
            Self::Done => "its response is complete",
            Self::Failed => "its last operation failed",
            Self::Broken => "its response was cut short",
            Self::Upgraded => "the server has switched to WebSocket",
        }
    }
}

impl SendSide {
    pub(crate) const ALL: [Self; 3] = [Self::Over, Self::Open, Self::Busy];

    fn sentence(self) -> &'static str {
        match self {
            Self::Over => "",
            Self::Open => ", and more of the request may be written",
            Self::Busy => ", and a call that sends is in flight",
        }
    }
}

impl Standing {
    /// As long as nothing is received, that the body is open is what the state says.
    pub(crate) fn new(state: State, send_side: SendSide) -> Self {
        let receives = matches!(state, Receiving | Body | Reading | Done);
        Self { state, send_side: if receives || send_side == SendSide::Busy { send_side } else { SendSide::Over } }
    }

    /// For a handle to see.
    pub(crate) fn number(self) -> u8 {
        self.state as u8 + STATES * self.send_side as u8
    }

    pub(crate) fn from_number(number: u8) -> Self {
        let state = State::ALL.get(usize::from(number % STATES)).copied().unwrap_or(State::Failed);
        let send_side = SendSide::ALL.get(usize::from(number / STATES)).copied().unwrap_or(SendSide::Over);
        Self { state, send_side }
    }

    /// Is the call taken? If not it is refused with 12019, and nothing changes.
    pub(crate) fn takes(self, call: Call) -> bool {
        let beside = BESIDE.iter().find(|(send_side, ..)| *send_side == self.send_side);
        beside.map_or(self.state.takes(call), |(_, more, less)| {
            more.contains(&call) || self.state.takes(call) && !less.contains(&call)
        })
    }

    /// All there can be.
    #[cfg(test)]
    fn all() -> impl Iterator<Item = Self> {
        let all = SendSide::ALL.into_iter().flat_map(|side| State::ALL.map(|state| Self { state, send_side: side }));
        all.filter(|standing| match standing.send_side {
            SendSide::Over => true,
            SendSide::Open => matches!(standing.state, Receiving | Body | Reading | Done),
            SendSide::Busy => matches!(standing.state, Uploading | Receiving | Body | Reading | Done),
        })
    }
}

impl From<State> for Standing {
    fn from(state: State) -> Self {
        Self { state, send_side: SendSide::Over }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.state, self.send_side.sentence())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}: {}", self.sentence())
    }
}

impl Call {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 13] = [
        Self::AddHeader,
        Self::SetOptions,
        Self::SetCredentials,
        Self::Send,
        Self::Write,
        Self::Finish,
        Self::Receive,
        Self::Head,
        Self::QueryAuthSchemes,
        Self::QueryDataAvailable,
        Self::Read,
        Self::Upgrade,
        Self::CompleteUpgrade,
    ];

    /// The method's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AddHeader => "add_header",
            Self::SetOptions => "set_options",
            Self::SetCredentials => "set_credentials",
            Self::Send => "send",
            Self::Write => "write",
            Self::Finish => "finish",
            Self::Receive => "receive_response",
            Self::Head => "head",
            Self::QueryAuthSchemes => "query_auth_schemes",
            Self::QueryDataAvailable => "query_data_available",
            Self::Read => "read",
            Self::Upgrade => "upgrade_to_websocket",
            Self::CompleteUpgrade => "complete_upgrade",
        }
    }
}

/// The table as the book shows it.
#[cfg(test)]
fn figure() -> String {
    let mut figure = String::from("| state |");
    Call::ALL.iter().for_each(|call| figure += &format!(" {} |", call.name()));
    figure += "\n|---|";
    figure += &"---|".repeat(Call::ALL.len());
    for standing in Standing::all() {
        figure += &format!("\n| {standing} |");
        Call::ALL.iter().for_each(|call| figure += if standing.takes(*call) { " yes |" } else { " 12019 |" });
    }
    figure + "\n"
}

use State::{Body, Broken, Done, Failed, Opened, Reading, Receiving, Sent, Upgraded, Uploading};

const TABLE: [(Call, &[State]); 13] = [
    (Call::AddHeader, &[Opened, Body, Done, Failed, Broken, Upgraded]),
    (Call::SetOptions, &[Opened, Body, Done, Failed, Broken, Upgraded]),
    (Call::SetCredentials, &[Opened, Body, Done, Failed, Broken, Upgraded]),
    (Call::Send, &[Opened, Body, Done, Failed, Broken, Upgraded]),
    (Call::Write, &[Uploading]),
    (Call::Finish, &[Uploading]),
    (Call::Receive, &[Uploading, Sent]),
    (Call::Head, &[Body, Reading, Done, Broken, Upgraded]),
    (Call::QueryAuthSchemes, &[Body, Reading, Done, Broken, Upgraded]),
    (Call::QueryDataAvailable, &[Body, Done, Upgraded]),
    (Call::Read, &[Body, Done, Upgraded]),
    (Call::Upgrade, &[Opened, Body, Done, Failed, Broken, Upgraded]),
    (Call::CompleteUpgrade, &[Upgraded]),
];

const BESIDE: [(SendSide, &[Call], &[Call]); 2] = [
    (SendSide::Open, &[Call::Write, Call::Finish], &[]),
    (
        SendSide::Busy,
        &[],
        &[
            Call::AddHeader,
            Call::SetOptions,
            Call::SetCredentials,
            Call::Send,
            Call::Write,
            Call::Finish,
            Call::Upgrade,
        ],
    ),
];
const STATES: u8 = State::ALL.len() as u8;

#[cfg(test)]
mod tests;
