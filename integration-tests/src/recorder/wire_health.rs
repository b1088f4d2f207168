//! The order in which one handle may hear of the health of wires (C.6).
//!
//! ```text
//!   (Suspect recovered?)* Retiring? Draining? Closed, each wire for itself
//! ```
//!
//! What comes before may have been told to another handle: a session hears of its connections' wires when those are gone.

use std::collections::{BTreeMap, VecDeque};

use hinternet::WireHealth::{self, Closed, Draining, Retiring, Suspect};

use super::conversation::Breach;

/// What was told of each wire last.
#[derive(Debug, Default)]
pub(super) struct WireLives {
    living: BTreeMap<u64, WireHealth>,
    /// Those that closed, the last ones alone: a recorder may outlive any number of wires.
    closed: VecDeque<u64>,
}

impl WireLives {
    /// May this be told of the wire now?
    pub(super) fn handle(&mut self, wire: u64, health: WireHealth) -> Result<(), Breach> {
        let told = self.living.insert(wire, health);
        let fits = match (told, health) {
            _ if self.closed.contains(&wire) => false,
            (None | Some(Suspect), Retiring | Draining | Closed(_)) | (None, _) => true,
            (Some(Suspect), health) => health.takes_requests(),
            (Some(Retiring), health) => matches!(health, Draining | Closed(_)),
            (Some(Draining), health) => matches!(health, Closed(_)),
            (Some(_), health) => !health.takes_requests(),
        };
        if let Closed(_) = health {
            self.living.remove(&wire);
            self.closed.push_back(wire);
            if self.closed.len() > REMEMBERED {
                self.closed.pop_front();
            }
        }
        if fits { Ok(()) } else { Err(("C.6", format!("wire #{wire} is {health}, after {told:?}"))) }
    }
}

const REMEMBERED: usize = 64;

#[cfg(test)]
mod tests {
    use hinternet::CloseReason::{GoingAway, Retired};
    use hinternet::WireHealth::{Active, Idle};

    use super::*;

    #[test]
    fn what_cannot_come_is_a_breach() {
        for (told, expected) in [
            (vec![Suspect, Idle, Suspect, Active, Draining, Closed(GoingAway)], vec![true; 6]),
            (vec![Retiring, Draining, Closed(GoingAway)], vec![true; 3]),
            (vec![Suspect, Retiring, Closed(Retired)], vec![true; 3]),
            (vec![Suspect, Suspect], vec![true, false]),
            (vec![Suspect, Idle, Active], vec![true, true, false]),
            (vec![Retiring, Suspect], vec![true, false]),
            (vec![Retiring, Active], vec![true, false]),
            (vec![Draining, Retiring], vec![true, false]),
            (vec![Draining, Idle], vec![true, false]),
            (vec![Closed(GoingAway), Closed(GoingAway)], vec![true, false]),
            (vec![Closed(GoingAway), Suspect], vec![true, false]),
        ] {
            let mut lives = WireLives::default();
            let got: Vec<_> = told.iter().map(|health| lives.handle(1, *health).is_ok()).collect();
            assert_eq!(got, expected, "{told:?}");
        }
    }

    #[test]
    fn each_wire_is_for_itself_and_those_that_closed_are_forgotten_in_the_end() {
        let mut lives = WireLives::default();
        for wire in 0..1000 {
            lives.handle(wire, Draining).unwrap();
            lives.handle(wire, Closed(GoingAway)).unwrap();
        }
        assert_eq!((lives.living.len(), lives.closed.len()), (0, REMEMBERED));
    }
}
