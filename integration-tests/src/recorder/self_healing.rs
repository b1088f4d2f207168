//! The order in which a self-healing WebSocket's notifications may come (N3, N4).
//!
//! ```text
//!   HandleCreated, then (Healing* Healed)* again and again, then Healing*, GaveUp?, HandleClosing
//! ```

use super::conversation::Breach;
use super::event::Happened;

/// Where one stands, as far as notifications tell.
#[derive(Debug, Default)]
pub(super) struct SelfHealingStory {
    live: bool,
    over: bool,
}

impl SelfHealingStory {
    /// Is it of this story, and in its place?
    pub(super) fn handle(&mut self, happened: &Happened) -> Option<Result<(), Breach>> {
        let fits = match happened {
            Happened::Healing => {
                self.live = false;
                !self.over
            }
            Happened::Healed => !std::mem::replace(&mut self.live, true) && !self.over,
            Happened::GaveUp => !std::mem::replace(&mut self.over, true),
            _ => return None,
        };
        Some(if fits { Ok(()) } else { Err(("N3", format!("{happened:?}, {self:?}"))) })
    }
}

#[cfg(test)]
mod tests {
    use super::Happened::{GaveUp, Healed, Healing};
    use super::*;

    #[test]
    fn what_cannot_come_is_a_breach() {
        for (told, expected) in [
            (vec![Healing, Healing, Healed, Healing, Healed, GaveUp], vec![true; 6]),
            (vec![Healed, Healed], vec![true, false]),
            (vec![GaveUp, Healing], vec![true, false]),
            (vec![GaveUp, GaveUp], vec![true, false]),
            (vec![GaveUp, Healed], vec![true, false]),
        ] {
            let mut story = SelfHealingStory::default();
            let got: Vec<_> = told.iter().map(|one| story.handle(one).unwrap().is_ok()).collect();
            assert_eq!(got, expected, "{told:?}");
        }
        assert!(SelfHealingStory::default().handle(&Happened::Retrying).is_none());
    }
}
