//! How the lanes of one origin share the wires it may have (pure).
//!
//! ```text
//!           take                    put, and nobody wants one
//!   free ----------> held by a lane --------------------------> free
//!                      |      ^
//!                      +------+
//!           put, and a lane wants one: the one that holds the fewest
//! ```
//!
//! A place is held for every wire and for every dial, so what is held and what is free come to the limit at every moment. Where
//! none is free, none is wanted in vain: a lane gives up wires that rest, and one that holds more than its share gives up a busy
//! one, as soon as it comes back, to one that holds less. Lanes that have their shares do not take a wire from each other that
//! has only just come to rest: it would be dialed anew here and there all the time.

/// The places of one origin.
#[derive(Debug)]
pub(super) struct Shares {
    free: usize,
    /// What every lane may call its own.
    fair: usize,
    lanes: Vec<Share>,
    /// Wires that are being closed for other lanes just now.
    promised: usize,
}

/// What one lane has.
#[derive(Debug, Default)]
struct Share {
    joined: bool,
    held: usize,
    /// How many more it has waiters for.
    wanted: usize,
    /// Given to it by another, and not noticed yet. Part of what it holds.
    given: usize,
    /// It was asked for a wire that rests, and had more of them than were wanted then.
    has_more: bool,
}

/// One lane of the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaneId(pub(super) usize);

/// What a lane has that it might give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spare {
    /// A wire that has come to rest just now, with nobody in line for it.
    JustRested,
    /// A wire that rests when it is asked for.
    Resting,
    /// A wire or a place that somebody in line for it would have.
    Wanted,
}

/// Whether a lane may have one more wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// Not now. What becomes free is given to it.
    No {
        /// It wanted none before, or fewer than others could have given: those do not know yet.
        news: bool,
    },
}

impl Shares {
    pub(super) fn new(limit: usize, lanes: usize) -> Self {
        Self { free: limit, fair: limit / lanes.max(1), lanes: Vec::new(), promised: 0 }
    }

    pub(super) fn join(&mut self) -> LaneId {
        let vacant = self.lanes.iter().position(|lane| !lane.joined).unwrap_or_else(|| {
            self.lanes.push(Share::default());
            self.lanes.len() - 1
        });
        self.lanes[vacant] = Share { joined: true, ..Share::default() };
        LaneId(vacant)
    }

    /// The lane is gone with all its wires. Who is given what it held.
    pub(super) fn leave(&mut self, lane: LaneId) -> Vec<LaneId> {
        let Share { held, .. } = std::mem::take(&mut self.lanes[lane.0]);
        (0..held).filter_map(|_| self.pass_on()).collect()
    }

    /// A place for one of `wanted` more wires.
    pub(super) fn take(&mut self, lane: LaneId, wanted: usize) -> Taken {
        let share = &mut self.lanes[lane.0];
        if share.given > 0 {
            share.given -= 1;
            return Taken::Yes;
        }
        let before = std::mem::replace(&mut share.wanted, wanted);
        if self.free == 0 {
            return Taken::No { news: before == 0 || (wanted > before && self.others_have_more(lane)) };
        }
        self.free -= 1;
        share.held += 1;
        // While a place is free nobody wants one.
        share.wanted = 0;
        Taken::Yes
    }

    /// A place that is free. Where none is, the lane wants what it wanted before.
    pub(super) fn take_free(&mut self, lane: LaneId) -> bool {
        let is_free = self.free > 0;
        self.free -= usize::from(is_free);
        self.lanes[lane.0].held += usize::from(is_free);
        is_free
    }

    /// Has every lane left?
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.iter().all(|lane| !lane.joined)
    }

    /// The lane has wires enough.
    pub(super) fn is_content(&mut self, lane: LaneId) {
        self.lanes[lane.0].wanted = 0;
    }

    /// The lane has a place less. Who is given it.
    pub(super) fn put(&mut self, lane: LaneId) -> Option<LaneId> {
        self.lanes[lane.0].held -= 1;
        self.pass_on()
    }

    /// Shall the lane give up what it has for another? Then a [`put_promised`](Self::put_promised) must follow.
    pub(super) fn promise(&mut self, lane: LaneId, spare: Spare) -> bool {
        let others = || self.lanes.iter().enumerate().filter(|(id, _)| *id != lane.0).map(|(_, share)| share);
        let wanted: usize = others().map(|share| share.wanted).sum();
        let has_too_many = self.lanes[lane.0].held > self.fair;
        let others_starve = || others().any(|share| share.wanted > 0 && share.held < self.fair);
        let is_due = match spare {
            Spare::Resting => true,
            Spare::JustRested => has_too_many || others_starve(),
            Spare::Wanted => has_too_many && others_starve(),
        };
        let promises = is_due && wanted > self.promised;
        self.promised += usize::from(promises);
        if spare == Spare::Resting {
            self.lanes[lane.0].has_more = !promises;
        }
        promises
    }

    /// Told once: the lanes look anew when they hear of it.
    fn others_have_more(&mut self, lane: LaneId) -> bool {
        let others = self.lanes.iter_mut().enumerate().filter(|(id, _)| *id != lane.0);
        others.fold(false, |any, (_, share)| std::mem::take(&mut share.has_more) || any)
    }

    pub(super) fn put_promised(&mut self, lane: LaneId) -> Option<LaneId> {
        self.promised -= 1;
        self.put(lane)
    }

    /// How many places the lane was given since it last asked.
    pub(super) fn given(&mut self, lane: LaneId) -> usize {
        std::mem::take(&mut self.lanes[lane.0].given)
    }

    /// Does any lane want a place?
    pub(super) fn is_wanted(&self) -> bool {
        self.lanes.iter().any(|lane| lane.wanted > 0)
    }

    /// One place goes to the lane that holds the fewest of those that want one.
    fn pass_on(&mut self) -> Option<LaneId> {
        let wants = self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.wanted > 0);
        let Some((id, poorest)) = wants.min_by_key(|(_, lane)| lane.held) else {
            self.free += 1;
            return None;
        };
        poorest.held += 1;
        poorest.given += 1;
        poorest.wanted -= 1;
        Some(LaneId(id))
    }
}

#[cfg(test)]
mod tests;
