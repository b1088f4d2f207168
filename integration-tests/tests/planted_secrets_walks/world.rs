//! What one seed makes: what was planted, what every peer got, and everything that was shown.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use integration_tests::Seeded;
use integration_tests::tls::Tls;

use crate::graph::of_site;
use crate::secrets::{Parties, Secrets};

/// Octets that somebody got.
#[derive(Debug)]
pub(crate) struct Message {
    /// For whom they were: what belongs to one of these may be in them.
    pub(crate) parties: Parties,
    pub(crate) octets: Vec<u8>,
    /// By whom, and what was answered.
    pub(crate) told: String,
    /// Where the answer leads, if the body goes there too.
    pub(crate) takes_body_to: Option<usize>,
}

/// The record of one seed, shared by all peers.
pub(crate) struct World {
    state: Mutex<State>,
    pub(crate) tls: Tls,
    /// Whether each proxy asks who is there.
    pub(crate) asks: [bool; 2],
    /// Whether the second one speaks SOCKS.
    pub(crate) second_is_socks: bool,
    /// Whether redirects may take everything along: so much is found then.
    pub(crate) is_careless: bool,
}

pub(crate) struct State {
    pub(crate) chance: Seeded,
    pub(crate) secrets: Secrets,
    pub(crate) messages: Vec<Message>,
    /// How many of them were looked through.
    checked: usize,
    walk: String,
    leaks: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64, tls: Tls, is_careless: bool) -> Self {
        let mut chance = Seeded::new(seed);
        let asks = [chance.percent(60), chance.percent(60)];
        let second_is_socks = chance.percent(60);
        let (secrets, messages, checked, walk, leaks) = Default::default();
        let state = Mutex::new(State { chance, secrets, messages, checked, walk, leaks });
        Self { state, tls, asks, second_is_socks, is_careless }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does it happen, in so many cases of a hundred?
    pub(crate) fn percent(&self, chance: usize) -> bool {
        self.state().chance.percent(chance)
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        self.state().chance.below(bound)
    }

    pub(crate) fn plant(&self, what: impl Into<String>, allowed: Parties) -> String {
        let State { chance, secrets, .. } = &mut *self.state();
        secrets.plant(chance, what, allowed)
    }

    pub(crate) fn got(&self, message: Message) {
        self.state().messages.push(message);
    }

    /// A new walk begins.
    pub(crate) fn begin(&self, walk: String) {
        let state = &mut *self.state();
        state.walk = walk;
        state.messages.drain(..std::mem::take(&mut state.checked));
    }

    /// What everybody can read: no token may be in it.
    pub(crate) fn note(&self, whence: &str, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let state = &mut *self.state();
        for secret in state.secrets.shown_in(text) {
            let what = &state.secrets.get_mut(secret).what;
            state.leaks.push(format!("{whence} shows {what}: {}", String::from_utf8_lossy(text)));
        }
    }

    pub(crate) fn debug(&self, whence: &str, what: &impl Debug) {
        self.note(whence, format!("{what:?}"));
        // The other form nests the same; a hand-written one may not.
        if self.percent(10) {
            self.note(whence, format!("{what:#?}"));
        }
    }

    /// How much was got that is not checked yet.
    pub(crate) fn unchecked(&self) -> usize {
        let state = self.state();
        state.messages.len() - state.checked
    }

    /// Seeks every token in all that was got on this walk. Shown to none it may not be: `Ok`, with how many were seen at all.
    pub(crate) fn check(&self) -> Result<usize, String> {
        let state = &mut *self.state();
        let mut seen = 0;
        for message in &state.messages[state.checked..] {
            for n in state.secrets.shown_in(&message.octets) {
                seen += 1;
                let secret = state.secrets.get_mut(n);
                if secret.allowed.and(message.parties).is_nobody() {
                    let octets = String::from_utf8_lossy(&message.octets);
                    state.leaks.push(format!("{} has got {}:\n{octets}", message.told, secret.what));
                } else if let Some(next) = message.takes_body_to.filter(|_| secret.goes_along) {
                    secret.allowed = secret.allowed.or(of_site(next));
                }
            }
        }
        state.checked = state.messages.len();
        if state.leaks.is_empty() {
            return Ok(seen);
        }
        let mut report = format!("{}\nthe walk:\n", state.walk);
        for message in &state.messages {
            let head = String::from_utf8_lossy(&message.octets);
            let line = head.lines().next().unwrap_or_default();
            writeln!(report, "  {line} -> {}", message.told).expect("a string takes all");
        }
        Err(format!("{}\n{report}", state.leaks.join("\n")))
    }
}

/// What it knows is nobody's business.
impl Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}
