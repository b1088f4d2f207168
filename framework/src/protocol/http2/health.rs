//! The life of a wire with streams, event by event.
//!
//! ```text
//!             stream opened           last stream ended
//!   Fresh -------------------> Active <---------------> Idle
//!     |                           |     stream opened     |
//!     +---------------------------+-----------------------+
//!                                 |  suspected
//!                                 v
//!                              Suspect ---> back where it would be by now, when recovered
//!                                 |
//!          retired                |  going away
//!        +------------------------+--------------------+          from any of the above,
//!        v                                             v          Closed at once without a stream
//!     Retiring ------------------------------------> Draining
//!        |                    going away               |
//!        |  last stream ended                          |  last stream ended
//!        v                                             v
//!     Closed(as retired)                        Closed(GoingAway)            Closed(reason) from everywhere
//! ```
//!
//! Streams are opened on Fresh, Active and Idle wires only, so a wire that was suspect once may serve again, and one that is on
//! its way out may not. Each event gives the change it made, to be told.

use thiserror::Error;

use crate::reason::{CloseReason, WireHealth};

/// The life of one wire.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    health: WireHealth,
    streams: usize,
    has_served: bool,
    /// Why it is closed once its last stream has ended.
    farewell: CloseReason,
}

/// What an event has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: WireHealth,
    pub(crate) to: WireHealth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    StreamOpened,
    StreamEnded,
    Suspected,
    Recovered,
    Retired(CloseReason),
    GoingAway,
    Closed(CloseReason),
}

/// The library's mistake: nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a wire that is {health} with {streams} streams cannot have the event {event:?}")]
pub(crate) struct Illegal {
    pub(crate) health: WireHealth,
    pub(crate) streams: usize,
    pub(crate) event: Event,
}

pub(crate) type Outcome = Result<Option<Change>, Illegal>;

impl Life {
    /// Of a wire that was opened now.
    pub(crate) fn new() -> Self {
        Self { health: WireHealth::Fresh, streams: 0, has_served: false, farewell: CloseReason::Retired }
    }

    pub(crate) fn stream_opened(&mut self) -> Outcome {
        self.handle(Event::StreamOpened)
    }

    /// A stream ended, well or not.
    pub(crate) fn stream_ended(&mut self) -> Outcome {
        self.handle(Event::StreamEnded)
    }

    /// The server was silent for too long.
    pub(crate) fn suspected(&mut self) -> Outcome {
        self.handle(Event::Suspected)
    }

    /// It was heard again.
    pub(crate) fn recovered(&mut self) -> Outcome {
        self.handle(Event::Recovered)
    }

    /// This side wants the wire no more, for this reason; what is in flight may end.
    pub(crate) fn retired(&mut self, why: CloseReason) -> Outcome {
        self.handle(Event::Retired(why))
    }

    /// The server sent GOAWAY; those streams that it will not serve end by themselves.
    pub(crate) fn going_away(&mut self) -> Outcome {
        self.handle(Event::GoingAway)
    }

    /// The wire is gone, or has to go now.
    pub(crate) fn closed(&mut self, why: CloseReason) -> Outcome {
        self.handle(Event::Closed(why))
    }

    pub(crate) fn health(&self) -> WireHealth {
        self.health
    }

    /// How many are open.
    pub(crate) fn streams(&self) -> usize {
        self.streams
    }

    fn handle(&mut self, event: Event) -> Outcome {
        use WireHealth::{Active, Closed, Draining, Fresh, Idle, Retiring, Suspect};

        let (from, streams) = (self.health, self.streams);
        let to = match (from, event) {
            (Fresh | Active | Idle, Event::StreamOpened) => {
                self.streams += 1;
                self.has_served = true;
                Active
            }
            (_, Event::StreamEnded) if streams > 0 => {
                self.streams -= 1;
                match from {
                    Active => self.working(),
                    Retiring | Draining => self.leaving(from),
                    // A suspect is none the better for it, and on a closed one they all end.
                    Fresh | Idle | Suspect | Closed(_) => from,
                }
            }
            (Fresh | Active | Idle, Event::Suspected) => Suspect,
            (Suspect, Event::Recovered) => self.working(),
            (Fresh | Active | Idle | Suspect, Event::Retired(why)) => {
                self.farewell = why;
                self.leaving(Retiring)
            }
            (Fresh | Active | Idle | Suspect | Retiring, Event::GoingAway) => {
                self.farewell = CloseReason::GoingAway;
                self.leaving(Draining)
            }
            (Fresh | Active | Idle | Suspect | Retiring | Draining, Event::Closed(why)) => Closed(why),
            // It may be heard that the server is alive before it is missed.
            (Fresh | Active | Idle, Event::Recovered) | (Suspect, Event::Suspected) => from,
            // The first reason counts.
            (Retiring | Draining | Closed(_), Event::Suspected | Event::Recovered | Event::Retired(_))
            | (Draining | Closed(_), Event::GoingAway)
            | (Closed(_), Event::Closed(_)) => from,
            (health, event) => return Err(Illegal { health, streams, event }),
        };
        self.health = to;
        Ok((from != to).then_some(Change { from, to }))
    }

    /// What a wire is that all is well with.
    fn working(&self) -> WireHealth {
        match self.streams {
            0 if self.has_served => WireHealth::Idle,
            0 => WireHealth::Fresh,
            _ => WireHealth::Active,
        }
    }

    fn leaving(&self, health: WireHealth) -> WireHealth {
        if self.streams == 0 { WireHealth::Closed(self.farewell) } else { health }
    }
}

#[cfg(test)]
mod tests;
