//! How often a server is asked, and by how many requests at a time.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::error::{Error, Operation, Result};

/// How often a server is asked, and by how many requests at a time: for crawlers, and for services that keep to a quota.
///
/// What it lets go is *under way* from then on until its response is read to the end, has failed or is given up: also while it
/// waits for a wire, and while nobody reads its body. A request that the library sends again stays under way. The others wait
/// in a line of their own ([`Queued`](crate::Status::Queued)), for as long as [`Timeouts::queue`](crate::Timeouts::queue) and
/// [`Timeouts::total`](crate::Timeouts::total) say.
///
/// An origin - scheme, host and port within a session - has one line for all its requests that have a governor, whatever else
/// their options are and on whatever lane they run; it goes by the governor that came last, unless a program steers it by hand
/// ([`Connection::govern`](crate::Connection::govern)). A request without one does not wait and is not counted.
///
/// A server that says it is busy is left alone for a while, by all of them. It says so with 429, with 503, or with any other 5xx
/// that has a `Retry-After` (RFC 9110 10.2.3, RFC 6585 section 4). What was let go before goes on, and the answer is the caller's
/// like any other: nothing is sent again.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{Governor, Session};
///
/// # fn example() -> hinternet::Result<()> {
/// let polite = Governor::new().concurrency(2).rate(10, Duration::from_secs(1)).burst(5);
/// let session = Session::builder().governor(polite).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Governor {
    pub(crate) concurrency: Option<usize>,
    pub(crate) adaptive: Option<(usize, usize)>,
    pub(crate) rate: Option<(u32, Duration)>,
    pub(crate) burst: u32,
    pub(crate) interval: Duration,
    pub(crate) back_off: Duration,
    pub(crate) max_pause: Duration,
}

/// Which requests go first where several wait for their turn.
///
/// Of thirteen that are let go while all kinds wait, eight are `High`, four `Normal` and one `Low`: nobody waits for ever. Within
/// a kind the first to come is the first to go.
///
/// ```
/// use hinternet::{Governor, Priority, Session};
///
/// let session = Session::builder().governor(Governor::new().concurrency(2)).open()?;
/// let soon = session.get("http://www.example.com/")?.priority(Priority::High);
/// let whenever = session.get("http://www.example.com/")?.priority(Priority::Low);
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for it.
    High,
    /// The default.
    #[default]
    Normal,
    /// It can wait.
    Low,
}

impl Default for Governor {
    /// Limits nothing but what a server asks for: it waits when told to, for up to a minute.
    fn default() -> Self {
        Self {
            concurrency: None,
            adaptive: None,
            rate: None,
            burst: 1,
            interval: Duration::ZERO,
            back_off: Duration::from_secs(1),
            max_pause: Duration::from_secs(60),
        }
    }
}

impl Governor {
    /// Limits nothing but what a server asks for.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many requests are under way at once, at most. Default: any number. 0 is refused (87).
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = Some(requests);
        self
    }

    /// Finds the number of requests under way by itself, within these bounds: when all it may have are under way and answered,
    /// one more each round; after a 429, a 503, a time-out or a connection that cannot be made, half as many, once a round. A
    /// time-out counts where the server was waited for: not one in a line, of a body that the caller sends, or of the deadline for
    /// all of it while a body is read; nor does what the caller's own settings refuse.
    /// [`concurrency`](Self::concurrency) is where it begins; without that it begins at the lower bound. Default: off. An empty
    /// range and a lower bound of 0 are refused (87).
    pub fn adaptive(mut self, bounds: RangeInclusive<usize>) -> Self {
        self.adaptive = Some((*bounds.start(), *bounds.end()));
        self
    }

    /// So many requests are let go in so much time, spread evenly; see [`burst`](Self::burst). Counted is the moment a request
    /// is let go: one that waits after that, for a wire or in the line of all origins
    /// ([`requests_at_once`](crate::SessionOptions::requests_at_once)), may come to stand closer to the next. One that waits there
    /// in vain gives its share back. A rate that is changed holds from then on: what is missing comes back at the new one. Of more than a hundred a second those
    /// that fall into ten milliseconds may go together. Default: as many as may. No requests,
    /// and more than one a nanosecond or less than one a year, are refused (87).
    pub fn rate(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Some((requests, per));
        self
    }

    /// So many requests may be let go at once after a time without any, as part of the rate. Default 1: none comes sooner than its
    /// share of the time. 0 is refused (87).
    pub fn burst(mut self, requests: u32) -> Self {
        self.burst = requests;
        self
    }

    /// At least so long between two requests *by the server's clock*, as a `Crawl-delay` asks for: from the beginning of an
    /// answer, when the request has arrived for certain, to the moment the next request is let go. So none is let go while an
    /// answer is awaited. A request that fails without an answer counts from its end. Default: none. More than a year is refused
    /// (87).
    pub fn interval(mut self, least: Duration) -> Self {
        self.interval = least;
        self
    }

    /// The pause after an answer that says "busy" and not for how long (429 or 503 without a `Retry-After`); doubled for each
    /// that follows, halved again with each success, and spread by a quarter, so that those who were refused together do not come
    /// back together. Default 1 s; zero is no pause. More than a year is refused (87).
    pub fn back_off(mut self, first: Duration) -> Self {
        self.back_off = first;
        self
    }

    /// No pause that a server causes is longer, whatever its `Retry-After` says. Default 60 s; zero is no pause at all. More than
    /// a year is refused (87).
    pub fn max_pause(mut self, most: Duration) -> Self {
        self.max_pause = most;
        self
    }

    /// The time that one request takes up, by the rate.
    pub(crate) fn spacing(&self) -> Option<Duration> {
        self.rate.map(|(requests, per)| per / requests.max(1))
    }

    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        // Without `..`: a new setting is checked here, or said to need no check.
        let Self { concurrency, adaptive, rate, burst, interval, back_off, max_pause } = *self;
        let refuse = |detail: &'static str| Err(Error::parameter(operation, detail));
        if concurrency == Some(0) || burst == 0 || rate.is_some_and(|(requests, _)| requests == 0) {
            return refuse("a governor with a concurrency, a burst or a rate of 0: no request could ever be sent");
        }
        if adaptive.is_some_and(|(floor, ceiling)| floor == 0 || floor > ceiling) {
            return refuse("the bounds of an adaptive governor are empty or begin at 0");
        }
        if self.spacing().is_some_and(|spacing| spacing.is_zero()) {
            return refuse("a governor's rate is over one request a nanosecond");
        }
        let times = [interval, back_off, max_pause, self.spacing().unwrap_or_default()];
        if times.iter().any(|time| *time > A_YEAR) {
            return refuse("a governor's time is over a year");
        }
        Ok(())
    }
}

const A_YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
