//! What was cut off: how much of what, how, and where it was.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::By;

/// What was cut off.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How often, by what it was and how it was cut off.
    cuts: BTreeMap<(&'static str, String), usize>,
    /// What it was last told of.
    at: BTreeMap<&'static str, usize>,
    /// Calls that were waited for.
    pub(crate) calls: usize,
}

impl Tally {
    pub(crate) fn cut(&mut self, kind: &'static str, how: String, at: Option<&'static str>) {
        *self.cuts.entry((kind, how)).or_default() += 1;
        *self.at.entry(at.unwrap_or("nothing")).or_default() += 1;
    }

    /// How much was cut off.
    pub(crate) fn all(&self) -> usize {
        self.cuts.values().sum()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        other.cuts.iter().for_each(|(key, count)| *self.cuts.entry(key.clone()).or_default() += count);
        other.at.iter().for_each(|(key, count)| *self.at.entry(key).or_default() += count);
        self.calls += other.calls;
    }

    /// Everything that there is was cut off by everything that does, and at everything that takes its time.
    pub(crate) fn check(&self) {
        let kinds: BTreeSet<_> = self.cuts.keys().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds.len(), 6, "{kinds:?}");
        for kind in kinds {
            let hows = By::ALL.iter().map(|by| format!("{by:?}")).chain([Self::BY_SESSION.to_owned()]);
            // A paved request has no handle before its response.
            let hows = hows.filter(|how| kind != "Paved" || !["Close", "Cancel", "GiveUp"].contains(&how.as_str()));
            let missing: Vec<_> = hows.filter(|how| !self.cuts.contains_key(&(kind, how.clone()))).collect();
            assert!(missing.is_empty(), "no {kind} was cut off by {missing:?}: {self:?}");
        }
        let missing: Vec<_> = PLACES.iter().filter(|place| !self.at.contains_key(*place)).collect();
        assert!(missing.is_empty(), "nothing was cut off at {missing:?}: {self:?}");
    }

    pub(crate) const BY_SESSION: &str = "CloseOfSession";
}

/// Behind each of them something is waited for.
const PLACES: [&str; 8] = [
    "Queued",
    "ResolvingName",
    "ConnectingToServer",
    "RequestSent",
    "ReceivingResponse",
    "HeadersAvailable",
    "ReadComplete",
    "WebSocketWriteComplete",
];
