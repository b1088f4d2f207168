//! When one host may be asked again: how many requests at once, and how long a pause between two.
//!
//! The pause holds *by the host's clock*: it counts from the moment in which the previous request had demonstrably
//! arrived, which is when its answer began, to the moment in which the next one leaves. Counted from start to start on
//! this side, a request that was held up on its way would come to stand closer to the next than the host asked for.
//! The price is that a host which asks for pauses is not asked anything while an answer is awaited.

use std::time::{Duration, Instant};

use url::Url;

use crate::scope;

/// Guards one host.
#[derive(Debug)]
pub struct Gate {
    at_once: usize,
    delay: Duration,
    under_way: usize,
    unanswered: usize,
    closed_until: Instant,
}

impl Gate {
    /// Open at once.
    pub fn new(at_once: usize, delay: Duration, now: Instant) -> Self {
        Self { at_once, delay, under_way: 0, unanswered: 0, closed_until: now }
    }

    // ANCHOR: gate
    /// From when on a request may start; `None` while that depends on one under way.
    pub fn opens(&self) -> Option<Instant> {
        let awaited = self.is_paced() && self.unanswered > 0;
        (self.under_way < self.at_once && !awaited).then_some(self.closed_until)
    }

    /// Must the gate be told when an answer begins?
    pub fn is_paced(&self) -> bool {
        !self.delay.is_zero()
    }

    /// A request starts.
    pub fn start(&mut self) {
        self.under_way += 1;
        self.unanswered += 1;
    }

    /// Its answer begins.
    pub fn answered(&mut self, now: Instant) {
        self.unanswered -= 1;
        self.close_until(now + self.delay);
    }
    // ANCHOR_END: gate

    /// It is over: after its answer, or without one.
    pub fn end(&mut self, answered: bool, now: Instant) {
        self.under_way -= 1;
        if !answered {
            self.answered(now);
        }
    }

    /// The host asked for a longer pause.
    pub fn slow_down(&mut self, delay: Duration, now: Instant) {
        self.delay = self.delay.max(delay);
        self.close_until(now + self.delay);
    }

    /// Nothing starts before then.
    pub fn close_until(&mut self, then: Instant) {
        self.closed_until = self.closed_until.max(then);
    }
}

/// The pause for a host when none was asked for: none for one's own, a second for everybody else's.
pub fn default_delay(origin: &str) -> Duration {
    let foreign = Url::parse(origin).is_ok_and(|url| scope::is_third_party(&url));
    if foreign { Duration::from_secs(1) } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(100);

    #[test]
    fn without_a_delay_only_the_number_counts() {
        let now = Instant::now();
        let mut gate = Gate::new(2, Duration::ZERO, now);
        gate.start();
        assert_eq!(gate.opens(), Some(now));
        gate.start();
        assert_eq!(gate.opens(), None);
        gate.end(false, now);
        assert_eq!(gate.opens(), Some(now));
    }

    #[test]
    fn the_delay_counts_from_the_answer() {
        let now = Instant::now();
        let mut gate = Gate::new(2, DELAY, now);
        gate.start();
        assert_eq!(gate.opens(), None, "the request may still be on its way");
        gate.answered(now + 3 * DELAY);
        assert_eq!(gate.opens(), Some(now + 4 * DELAY), "while its body arrives");
        gate.end(true, now + 9 * DELAY);
        assert_eq!(gate.opens(), Some(now + 4 * DELAY));
    }

    #[test]
    fn what_was_never_answered_counts_from_its_end() {
        let now = Instant::now();
        let mut gate = Gate::new(2, DELAY, now);
        gate.start();
        gate.end(false, now + DELAY);
        assert_eq!(gate.opens(), Some(now + 2 * DELAY));
    }

    #[test]
    fn a_host_can_only_ask_for_more() {
        let now = Instant::now();
        let mut gate = Gate::new(1, DELAY, now);
        gate.slow_down(DELAY / 2, now);
        assert_eq!(gate.opens(), Some(now + DELAY));
        gate.slow_down(DELAY * 2, now);
        assert_eq!(gate.opens(), Some(now + 2 * DELAY));
        gate.close_until(now);
        assert_eq!(gate.opens(), Some(now + 2 * DELAY));
    }

    #[test]
    fn own_hosts_need_no_delay() {
        assert_eq!(default_delay("http://127.0.0.1:8080"), Duration::ZERO);
        assert_eq!(default_delay("http://example.com"), Duration::from_secs(1));
    }
}
