//! The subscriber: an actor that hears what the framework does, counts it, and shows it.
//!
//! | notification | is counted as |
//! |---|---|
//! | `ConnectedToServer` | a connection |
//! | `SendRequestComplete`, and `Redirect` where it goes on | a request |
//! | `ReadComplete(n)` | n octets |
//! | `CacheRevalidated` | an answer that has not changed |
//! | `RequestError` | an attempt that failed |
//! | `Missed(n)` | n of the above that were dropped, because this actor was too slow |

mod bars;
mod parked;

use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult};
use hinternet::{Notification, NotificationMask, Status};
use serde::Serialize;

pub use bars::Bars;

/// Counts, and shows it.
#[derive(Debug)]
pub struct Progress {
    tally: Tally,
    standing: Standing,
    bars: Option<Bars>,
}

/// What the framework said it did. Robots files and attempts that failed are part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Connections that were opened.
    pub connections: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Octets of bodies that were read.
    pub octets: u64,
    /// Answers that are what an earlier crawl has kept: the server has said so, and sent no body.
    pub unchanged: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Notifications that were dropped. If any, the other figures may be too small.
    pub missed: u64,
}

/// How far the crawl itself is: what the framework cannot know.
#[derive(Clone, Copy, Debug, Default, Message)]
#[rtype(result = "()")]
pub struct Standing {
    /// URLs that are done with.
    pub settled: u64,
    /// URLs that are known.
    pub known: u64,
    /// Attempts that were made again.
    pub retries: u64,
    /// URLs that got no answer at all.
    pub errors: u64,
    /// Requests that wait for their answer or read it.
    pub under_way: usize,
    /// When the next one may start, if none can now.
    pub next: Option<Instant>,
}

/// Asks for the tally, and takes away the bars: there is nothing more to show.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Tally")]
pub struct Finish;

impl Progress {
    // ANCHOR: mask
    /// What it must hear.
    pub const MASK: NotificationMask = NotificationMask::CONNECT_TO_SERVER
        .union(NotificationMask::SENDREQUEST_COMPLETE)
        .union(NotificationMask::READ_COMPLETE)
        .union(NotificationMask::REDIRECT)
        .union(NotificationMask::CACHE)
        .union(NotificationMask::REQUEST_ERROR);
    // ANCHOR_END: mask

    /// With nothing counted. Without bars it only counts.
    pub fn new(bars: Option<Bars>) -> Self {
        Self { tally: Tally::default(), standing: Standing::default(), bars }
    }
}

impl Actor for Progress {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if self.bars.is_some() {
            context.run_interval(REDRAWN, |progress, _| {
                if let Some(bars) = &progress.bars {
                    bars.show(&progress.tally, &progress.standing);
                }
            });
        }
    }
}

// ANCHOR: handle
impl Handler<Notification> for Progress {
    type Result = ();

    fn handle(&mut self, notification: Notification, _: &mut Self::Context) {
        self.tally.count(&notification.status);
    }
}
// ANCHOR_END: handle

impl Handler<Standing> for Progress {
    type Result = ();

    fn handle(&mut self, standing: Standing, _: &mut Self::Context) {
        self.standing = standing;
    }
}

impl Handler<Finish> for Progress {
    type Result = MessageResult<Finish>;

    fn handle(&mut self, _: Finish, _: &mut Self::Context) -> Self::Result {
        if let Some(bars) = self.bars.take() {
            bars.take_away();
        }
        MessageResult(self.tally)
    }
}

// ANCHOR: count
impl Tally {
    fn count(&mut self, status: &Status) {
        match status {
            Status::ConnectedToServer(_) => self.connections += 1,
            Status::SendRequestComplete | Status::Redirect(_) => self.requests += 1,
            Status::ReadComplete(octets) => self.octets += octets,
            Status::CacheRevalidated => self.unchanged += 1,
            Status::RequestError { .. } => self.errors += 1,
            Status::Missed(notifications) => self.missed += notifications,
            _ => {}
        }
    }
}
// ANCHOR_END: count

const REDRAWN: Duration = Duration::from_millis(100);
