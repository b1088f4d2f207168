//! What a careful client decides, without I/O, clock or actor.

mod resend;

pub(crate) use resend::{Attempt, may_resend};
