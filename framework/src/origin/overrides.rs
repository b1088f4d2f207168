//! What is otherwise for some origins of a session: of the patterns that mean an origin, the most specific one counts.

use super::Terms;
use crate::options::{OriginOptions, PoolLimits, SharedOptions};
use crate::policy::OriginPattern;
use crate::target::Origin;

/// Options by pattern.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    /// The most specific one first.
    known: Vec<(OriginPattern, OriginOptions)>,
}

impl Overrides {
    /// Of two with the same pattern, or as specific ones, the later one counts.
    pub(crate) fn new(mut known: Vec<(OriginPattern, OriginOptions)>) -> Self {
        known.reverse();
        // Stable: what came later stays before.
        known.sort_by(|(one, _), (other, _)| other.by_specificity(one));
        Self { known }
    }

    fn of(&self, origin: &Origin) -> Option<&OriginOptions> {
        self.known.iter().find(|(pattern, _)| pattern.means(origin)).map(|(_, options)| options)
    }

    /// What connections and requests to this origin start from, if that is otherwise.
    pub(crate) fn request_options(&self, origin: &Origin) -> Option<SharedOptions> {
        self.of(origin)?.request_options().cloned()
    }
}

impl Terms {
    /// How many wires this origin may have, and how long they live.
    pub(crate) fn limits_of(&self, origin: &Origin) -> PoolLimits {
        self.other_limits_of(origin).unwrap_or(self.limits)
    }

    /// The same, if it is otherwise.
    pub(super) fn other_limits_of(&self, origin: &Origin) -> Option<PoolLimits> {
        self.overrides.of(origin).map(|options| options.over(self.limits))
    }
}
