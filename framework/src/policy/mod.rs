//! What a careful client decides, without I/O, clock or actor.

mod happy_eyeballs;
mod origin_pattern;
mod redial;
mod resend;
mod throughput;

pub(crate) use happy_eyeballs::{Next, Race, interleaved};
pub(crate) use origin_pattern::OriginPattern;
pub(crate) use redial::Redial;
pub(crate) use resend::{Attempt, may_resend};
pub(crate) use throughput::{Stalled, Throughput};
