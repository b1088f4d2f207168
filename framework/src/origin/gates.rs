//! The gates of a session: one for each origin that is asked by a governor, and one for all origins together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Folding;
use super::governing::Governed;
use super::snapshot::Line;
use crate::clock;
use crate::options::Governor;
use crate::snapshot::GovernorSnapshot;
use crate::target::Origin;

/// The gates of a session's origins, and the one for all of them together.
#[derive(Debug)]
pub(crate) struct Governors {
    known: Mutex<Known>,
    all: Option<(Governor, Arc<Governed>)>,
}

#[derive(Debug, Default)]
struct Known {
    gates: HashMap<Origin, Arc<Governed>, Folding>,
    /// So many may stand here before those are looked for that can be forgotten.
    allowance: usize,
    swept: Option<Instant>,
}

impl Governors {
    /// So many may be under way to all origins together.
    pub(crate) fn new(at_once: Option<usize>) -> Self {
        let all = at_once.map(|requests| {
            let governor = Governor::new().concurrency(requests);
            (governor, Arc::new(Governed::new(&governor, clock::now())))
        });
        Self { known: Mutex::default(), all }
    }

    /// The gate of all origins together, and what it goes by.
    pub(crate) fn of_all(&self) -> Option<&(Governor, Arc<Governed>)> {
        self.all.as_ref()
    }

    /// The gate of an origin, which need not be used.
    pub(crate) fn gate(&self, origin: &Origin, governor: &Governor) -> Arc<Governed> {
        let mut known = self.lock();
        if let Some(gate) = known.gates.get(origin) {
            return Arc::clone(gate);
        }
        let now = clock::now();
        if known.gates.len() >= known.allowance.max(REMEMBERED) {
            known.make_room(now);
        }
        let gate = Arc::new(Governed::new(governor, now));
        known.gates.insert(origin.clone(), Arc::clone(&gate));
        gate
    }

    /// By what an origin goes, whatever its requests bring; `None`: by what they bring.
    pub(crate) fn steer(&self, origin: &Origin, governor: Option<Governor>) {
        match governor {
            Some(governor) => self.gate(origin, &governor).steer(Some(governor)),
            None => self.known(origin).iter().for_each(|gate| gate.steer(None)),
        }
    }

    /// The gate of an origin that has one.
    pub(crate) fn known(&self, origin: &Origin) -> Option<Arc<Governed>> {
        self.lock().gates.get(origin).cloned()
    }

    /// Forgets the gates that nobody has used for a minute and that would hold nobody back. It looks once a second.
    pub(super) fn sweep(&self, now: Instant) {
        let mut known = self.lock();
        let due = known.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= TICK);
        if due && !known.gates.is_empty() {
            known.swept = Some(now);
            known.forget(MEMORY, now);
        }
    }

    /// They are swept here too: nobody else does it when no origin has a wire or somebody who wants one.
    pub(crate) fn snapshot(&self, now: Instant) -> Vec<GovernorSnapshot> {
        self.sweep(now);
        let gates: Vec<_> = self.lock().gates.iter().map(|(origin, gate)| (origin.clone(), Arc::clone(gate))).collect();
        let mut shown: Vec<_> = gates.into_iter().map(|(origin, gate)| gate.show(origin, now)).collect();
        shown.sort_by_cached_key(|one| one.origin.to_string());
        shown
    }

    /// What those wait for who stand in the lines of all gates.
    pub(crate) fn all_lines(&self, now: Instant) -> Line {
        let gates: Vec<_> = self.lock().gates.values().cloned().collect();
        let mut line = Line::new();
        gates.iter().chain(self.gate_of_all()).for_each(|gate| gate.look_along_the_line(&mut line, now));
        line
    }

    /// The same of those who may stand there for one origin.
    pub(crate) fn lines_of(&self, origin: &Origin, line: &mut Line, now: Instant) {
        self.known(origin).iter().chain(self.gate_of_all()).for_each(|gate| gate.look_along_the_line(line, now));
    }

    fn gate_of_all(&self) -> Option<&Arc<Governed>> {
        self.all.as_ref().map(|(_, gate)| gate)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Many gates are here. Each that goes has found something out about its server, and the next governor may be a stricter one:
    /// those that were used a moment ago go only where there are thousands.
    fn make_room(&mut self, now: Instant) {
        self.forget(RECENT, now);
        if self.gates.len() >= MOST {
            let free = self.gates.iter().filter(|(_, gate)| !stays(gate, Duration::ZERO, now));
            let mut free: Vec<_> = free.map(|(origin, gate)| (gate.unused_since(), origin.clone())).collect();
            free.sort_unstable_by_key(|(since, _)| *since);
            free.truncate(self.gates.len() - MOST / 2);
            free.iter().for_each(|(_, origin)| drop(self.gates.remove(origin)));
        }
        // Those that must be remembered may be many. The next look is worth its price when as many more have come.
        self.allowance = 2 * self.gates.len();
    }

    fn forget(&mut self, unused: Duration, now: Instant) {
        self.gates.retain(|_, gate| stays(gate, unused, now));
    }
}

/// One that somebody holds is about to be used: they come by under the lock of the table.
fn stays(gate: &Arc<Governed>, unused: Duration, now: Instant) -> bool {
    Arc::strong_count(gate) > 1 || !gate.can_be_forgotten(unused, now)
}

const TICK: Duration = Duration::from_secs(1);
/// How long a gate is remembered that nobody uses: what it has found out about its server is worth that much.
const MEMORY: Duration = Duration::from_secs(60);
/// So many may be remembered so long, and up to several times as many for a shorter time.
const REMEMBERED: usize = 1_000;
const MOST: usize = 8 * REMEMBERED;
/// One that was used within this time is likely to be used again.
const RECENT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(n: usize) -> Origin {
        Origin::parse(&format!("http://h{n}.example")).unwrap()
    }

    fn with(governors: &Governors, count: std::ops::Range<usize>) {
        count.for_each(|n| drop(governors.gate(&origin(n), &Governor::new())));
    }

    #[test]
    fn one_that_was_used_a_moment_ago_is_remembered_though_there_are_many() {
        let governors = Governors::new(None);
        with(&governors, 0..3 * REMEMBERED);
        assert!(governors.known(&origin(0)).is_some());
        assert_eq!(governors.lock().gates.len(), 3 * REMEMBERED);
    }

    #[test]
    fn of_thousands_those_go_first_that_were_used_longest_ago() {
        let governors = Governors::new(None);
        with(&governors, 0..10 * REMEMBERED);
        assert!(governors.lock().gates.len() <= MOST);
        assert!(governors.known(&origin(0)).is_none());
        assert!((MOST - REMEMBERED..10 * REMEMBERED).all(|n| governors.known(&origin(n)).is_some()));
    }

    #[test]
    fn a_look_at_them_forgets_those_that_nobody_uses() {
        let governors = Governors::new(None);
        with(&governors, 0..3);
        let now = clock::now();
        assert_eq!(governors.snapshot(now).len(), 3);
        assert_eq!(governors.snapshot(now + MEMORY + TICK).len(), 0);
    }

    #[test]
    fn one_that_is_steered_by_hand_is_not_forgotten() {
        let governors = Governors::new(None);
        governors.steer(&origin(0), Some(Governor::new().concurrency(1)));
        assert_eq!(governors.snapshot(clock::now() + 2 * MEMORY).len(), 1);
        governors.steer(&origin(0), None);
        assert_eq!(governors.snapshot(clock::now() + 4 * MEMORY).len(), 0);
    }
}
