//! What was recorded, in a form that two runs of one seed have in common.

use std::collections::HashMap;
use std::fmt;

use hinternet::{Notification, Status};

use crate::recorder::short;

/// Notifications in order, one a line, with their time since the client began. Handles and wires are numbered by the process,
/// so here they are numbered by their first appearance.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace(Vec<String>);

impl Trace {
    /// The trace of these notifications.
    pub fn of(log: &[Notification], began: tokio::time::Instant) -> Self {
        let (mut handles, mut wires) = (Numbers::default(), Numbers::default());
        let line = |one: &Notification| {
            let (handle, at) = (handles.of(one.handle.value()), one.at.saturating_duration_since(began.into_std()));
            let status = match &one.status {
                Status::WireAcquired { wire, reused, waited } => {
                    format!("WireAcquired({}, {reused}, {waited:?})", wires.of(wire.value()))
                }
                Status::WireReleased { wire } => format!("WireReleased({})", wires.of(wire.value())),
                // What is paused for is by chance.
                status @ (Status::Retrying { pause, .. } | Status::Healing { pause, .. }) => {
                    format!("{} in {pause:?}", short(status))
                }
                status @ Status::OriginPaused { length, .. } => format!("{} for {length:?}", short(status)),
                status => short(status),
            };
            format!("{at:>9?} {:<10} {handle:>3} {:>3} {status}", one.kind.to_string(), one.sequence)
        };
        Self(log.iter().map(line).collect())
    }

    /// How many notifications.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Was nothing recorded?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is there a line with this in it?
    pub fn has(&self, text: &str) -> bool {
        self.0.iter().any(|line| line.contains(text))
    }
}

#[derive(Default)]
struct Numbers(HashMap<u64, usize>);

impl Numbers {
    fn of(&mut self, value: u64) -> usize {
        let next = self.0.len();
        *self.0.entry(value).or_insert(next)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
