//! What a careful client decides, without I/O, clock or actor.

mod resend;
mod throughput;

pub(crate) use resend::{Attempt, may_resend};
pub(crate) use throughput::{Stalled, Throughput};
