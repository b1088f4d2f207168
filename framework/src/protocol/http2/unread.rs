//! What came of response bodies and was not read, stream by stream: who reads no more, and what that takes from the others (RFC
//! 9113 section 5.2).
//!
//! Octets that nobody reads take a part of the connection's window until they are read, and so from all other streams of the wire.
//! A stream holds others up when so much of it is unread that its server may have to wait, and when its reader has taken nothing
//! for a moment, however little is unread. What such streams hold is made up for; what others hold is not, or many readers that are
//! a little slow would hold as much as they are sent. One whose server waits and whose reader takes nothing for some time is
//! stalled, and is told of once. No server waits for who reads a response that has come whole:
//!
//! ```text
//!            half a window unread              nothing taken for so long
//!   reading ----------------------> standing -----------------------------> stalled, told
//!      ^                               |                                       |
//!      +-------------------------------+---------------------------------------+
//!               less unread, or something taken, or no more is to come
//! ```

use std::task::Waker;
use std::time::{Duration, Instant};

use super::by_stream::ByStream;

/// The streams of one wire that a request has, whether the server has ended them or not.
#[derive(Debug)]
pub(crate) struct Unread<R> {
    streams: ByStream<Body<R>>,
    octets: u64,
    looked_at: u64,
    next_look: Option<Instant>,
}

#[derive(Debug)]
struct Body<R> {
    reader: R,
    ended: bool,
    /// How many heads had come then, but for one that was the end, that nobody had taken.
    heads: Option<usize>,
    held: u64,
    taken: u64,
    /// What was taken when it was looked at last.
    taken_then: u64,
    /// Since when something is unread and no more was taken than that.
    idle: Option<Instant>,
    /// Since when it stands, with that much taken.
    standing: Option<Standing>,
    /// Its reader, who waits for more, and looks at the windows again when they have changed.
    waiting: Option<Waker>,
}

#[derive(Debug)]
struct Standing {
    since: Instant,
    told: bool,
}

/// What a look has found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Look<R> {
    /// Octets of streams that hold others up.
    pub(crate) held_up: u64,
    /// Those of them whose readers are stalled.
    pub(crate) stalled: u64,
    /// Who was not told yet that it is, and how much it leaves unread.
    pub(crate) news: Vec<(R, u64)>,
}

impl<R: Clone> Unread<R> {
    pub(crate) fn new() -> Self {
        Self { streams: ByStream::new(), octets: 0, looked_at: 0, next_look: None }
    }

    /// A request opened this stream.
    pub(crate) fn opened(&mut self, stream: u32, reader: R) {
        let (held, taken, taken_then) = (0, 0, 0);
        let (idle, standing, waiting) = (None, None, None);
        let body = Body { reader, ended: false, heads: None, held, taken, taken_then, idle, standing, waiting };
        self.streams.insert(stream, body);
    }

    /// Another reader has it from now on. Gives the one before.
    pub(crate) fn passes_to(&mut self, stream: u32, reader: R) -> Option<R> {
        self.streams.get_mut(stream).map(|body| std::mem::replace(&mut body.reader, reader))
    }

    /// The server has ended it: no more will come.
    pub(crate) fn ended(&mut self, stream: u32, heads: Option<usize>) {
        if let Some(body) = self.streams.get_mut(stream) {
            (body.ended, body.heads) = (true, heads);
        }
    }

    /// Is the next head that is taken the final one, without a doubt? One that is its stream's end is, and so is the only one of a stream
    /// whose body has come.
    pub(crate) fn is_final_next(&mut self, stream: u32) -> bool {
        self.streams.get_mut(stream).is_some_and(|body| match body.heads {
            Some(0) => true,
            Some(1) => body.held + body.taken > 0,
            _ => false,
        })
    }

    /// So much of its body came. What comes on a stream that no request has is not kept.
    pub(crate) fn received(&mut self, stream: u32, octets: u64) {
        if let Some(body) = self.streams.get_mut(stream) {
            body.held += octets;
            self.octets += octets;
        }
    }

    /// How much of its body has come and was not taken.
    pub(crate) fn held(&mut self, stream: u32) -> u64 {
        self.streams.get_mut(stream).map_or(0, |body| body.held)
    }

    /// Its reader took so much. Gives how much that is in all.
    pub(crate) fn taken(&mut self, stream: u32, octets: u64) -> u64 {
        let Some(body) = self.streams.get_mut(stream) else { return 0 };
        let octets = octets.min(body.held);
        body.held -= octets;
        body.taken += octets;
        self.octets -= octets;
        body.taken
    }

    /// Its reader waits for more. Gives who waited before, to be dropped where nothing is borrowed: it may be the last of a task.
    pub(crate) fn waits(&mut self, stream: u32, waker: &Waker) -> Option<Waker> {
        let waiting = &mut self.streams.get_mut(stream)?.waiting;
        match waiting {
            Some(known) if known.will_wake(waker) => None,
            _ => waiting.replace(waker.clone()),
        }
    }

    /// Those readers that have waited since this was asked last, or still do.
    pub(crate) fn take_waiting(&mut self) -> Vec<Waker> {
        self.streams.values_mut().filter_map(|body| body.waiting.take()).collect()
    }

    /// No request has it any more. Gives who read it, to be dropped where nothing is borrowed.
    pub(crate) fn given_up(&mut self, stream: u32) -> Option<(R, Option<Waker>)> {
        let body = self.streams.remove(stream)?;
        self.octets -= body.held;
        Some((body.reader, body.waiting))
    }

    /// The wire carries nothing: no room is kept for more.
    pub(crate) fn rest(&mut self) {
        self.streams.rest();
    }

    /// How much is not read, of all streams.
    pub(crate) fn octets(&self) -> u64 {
        self.octets
    }

    /// How many readers were told that they are stalled, and still are.
    pub(crate) fn stalled(&self) -> usize {
        self.streams.values().filter(|body| body.standing.as_ref().is_some_and(|standing| standing.told)).count()
    }

    /// Could a [`look`](Self::look) find what the last one did not? Where each stream has this window. Asked all the time.
    pub(crate) fn is_worth_a_look(&self, now: Instant, window: u32) -> bool {
        let window = u64::from(window);
        let change = self.octets.abs_diff(self.looked_at);
        change > window / STEP && self.octets.max(self.looked_at) >= window / 2
            || self.next_look.is_some_and(|next| next <= now)
    }

    /// When time alone makes a look worth it.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        self.next_look
    }

    /// Who holds others up now, and who is stalled.
    pub(crate) fn look(&mut self, now: Instant, window: u32, stalled_after: Duration) -> Look<R> {
        let mut look = Look { held_up: 0, stalled: 0, news: Vec::new() };
        (self.looked_at, self.next_look) = (self.octets, None);
        for body in self.streams.values_mut() {
            let took = std::mem::replace(&mut body.taken_then, body.taken) != body.taken;
            // What was read is given back when it is half a window: with as much unread the server may have to wait.
            let stands = body.held >= u64::from(window) / 2;
            let idle = body.idle.filter(|_| !took).unwrap_or(now);
            body.idle = (body.held > 0).then_some(idle);
            if stands || now.saturating_duration_since(idle) >= MOMENT {
                look.held_up += body.held;
            } else if body.held > 0 {
                self.next_look = self.next_look.into_iter().chain(idle.checked_add(MOMENT)).min();
            }
            if !stands || body.ended {
                body.standing = None;
                continue;
            }
            let standing = body.standing.take().filter(|_| !took).unwrap_or(Standing { since: now, told: false });
            let late = standing.since.checked_add(stalled_after);
            let stalled = late.is_some_and(|late| late <= now);
            if stalled {
                look.stalled += body.held;
                if !standing.told {
                    look.news.push((body.reader.clone(), body.held));
                }
            } else {
                self.next_look = self.next_look.into_iter().chain(late).min();
            }
            body.standing = Some(Standing { since: standing.since, told: stalled });
        }
        look
    }
}

/// A look is worth it when this part of a stream's window has come or gone.
const STEP: u64 = 16;
/// A reader that takes nothing for so long is not only busy with what it took.
const MOMENT: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
