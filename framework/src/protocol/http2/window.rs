//! stub
use std::time::Instant;
pub(crate) struct Window;
impl Window {
    pub(crate) fn new(_: u32, _: u32) -> Self { Self }
    pub(crate) fn received(&mut self, _: u64, _: Instant) {}
    pub(crate) fn wants_ping(&self) -> bool { false }
    pub(crate) fn ping(&mut self, _: Instant) {}
    pub(crate) fn pong(&mut self, _: Instant) -> Option<u32> { None }
}
