//! What a crawl found out, for people ([`Display`](std::fmt::Display)) and for programs (JSON).

mod figures;
mod latency;
mod redirects;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::discovery::LinkTally;
use crate::progress::Tally;

pub use figures::Figures;
pub use latency::Latency;
pub use redirects::{Led, RedirectTally, Redirected};

/// What a crawl found out.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Why it ended.
    pub stopped: Stopped,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// URLs that were answered with a 2xx.
    pub pages: u64,
    /// URLs that were answered, by status: the last one, if several attempts were made.
    pub statuses: BTreeMap<u16, u64>,
    /// Octets of the bodies of these answers. A redirect that was followed has as many as its head announced.
    pub octets: u64,
    /// From asking to the head of the answer.
    pub latency: Latency,
    /// Attempts that failed and were made again.
    pub retries: u64,
    /// URLs that got no answer at all, or a redirect to what is no URL.
    pub errors: u64,
    /// URLs that were not fetched because robots.txt forbids it.
    pub disallowed: u64,
    /// Answers that were left because they were longer than the cap.
    pub too_large: u64,
    /// URLs that lie deeper than the crawl went.
    pub too_deep: u64,
    /// URLs that were known, but not answered when the crawl ended.
    pub left: u64,
    /// What became of the links. Where redirects lead are links, too.
    pub links: LinkTally,
    /// What became of the redirects.
    pub redirects: RedirectTally,
    /// What the framework told its subscriber.
    pub wire: Tally,
    /// Every host, in the order of appearance.
    pub hosts: Vec<HostReport>,
    /// Every URL that got no answer, or one that means the server has failed.
    pub failed: Vec<Failed>,
    /// Every URL that was answered, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Vec<Fetched>>,
    /// The redirects that each request met, in their order, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chains: Option<Vec<Vec<Redirected>>>,
    /// What became of the requests under way when the crawl was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drained: Option<Drained>,
}

/// Why a crawl ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// Nothing was left.
    Finished,
    /// `--max-pages`.
    PageLimit,
    /// Somebody stopped it.
    Interrupted,
}

impl Stopped {
    /// The reason as a sentence.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Finished => "nothing was left to fetch",
            Self::PageLimit => "as many pages were fetched as were asked for",
            Self::Interrupted => "it was interrupted",
        }
    }
}

/// One host.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HostReport {
    /// Scheme, host and port.
    pub origin: String,
    /// URLs that were answered.
    pub answers: u64,
    /// Octets of their bodies.
    pub octets: u64,
    /// The mean time to an answer's head, in milliseconds.
    pub mean_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Attempts that failed and were made again.
    pub retries: u64,
    /// URLs that got no answer at all.
    pub errors: u64,
    /// URLs that robots.txt forbids.
    pub disallowed: u64,
    /// Could its robots.txt not be read, so that nothing was fetched?
    pub robots_unavailable: bool,
}

/// A URL that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The URL.
    pub url: String,
    /// What was wrong with the last attempt.
    pub reason: String,
}

/// A URL that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// The URL.
    pub url: String,
    /// The status of its answer.
    pub status: u16,
    /// Octets of its body.
    pub octets: u64,
}

/// What became of the requests under way when the session was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Drained {
    /// They finished in time.
    pub completed: u64,
    /// They were cut off at the deadline.
    pub cancelled: u64,
    /// They had not been sent.
    pub never_sent: u64,
}
