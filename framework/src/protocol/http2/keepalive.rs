//! stub
use std::time::{Duration, Instant};
pub(crate) struct Keepalive;
pub(crate) enum Action { Ping, Suspect, Recovered, Close }
impl Keepalive {
    pub(crate) fn new(_: Option<Duration>, _: Option<Duration>, _: Duration, _: Instant) -> Self { Self }
    pub(crate) fn heard(&mut self, _: Instant) {}
    pub(crate) fn greeted(&mut self, _: Instant) {}
    pub(crate) fn used(&mut self, _: Instant) {}
    pub(crate) fn doubted(&mut self, _: Instant) {}
    pub(crate) fn measure(&mut self, _: Instant) {}
    pub(crate) fn pong(&mut self, _: Instant) {}
    pub(crate) fn streams(&mut self, _: usize, _: Instant) {}
    pub(crate) fn poll(&mut self, _: Instant) -> Option<Action> { None }
    pub(crate) fn next_deadline(&self) -> Option<Instant> { None }
}
