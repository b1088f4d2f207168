//! What a careful client decides, without I/O, clock or actor.

#[cfg(feature = "cache")]
pub(crate) mod cache;
pub(crate) mod governor;
mod happy_eyeballs;
mod names;
mod origin_pattern;
mod outbox;
#[cfg(feature = "pac")]
pub(crate) mod pac;
mod reconnect;
mod redial;
pub(crate) mod redirect;
mod resend;
mod throughput;

pub(crate) use happy_eyeballs::{Next, Race, interleaved, least_loaded};
pub(crate) use names::{Found, Kept, Names, Resolution};
pub(crate) use origin_pattern::OriginPattern;
pub(crate) use outbox::{Outbox, Room};
pub(crate) use reconnect::{Chances, Reconnect};
pub(crate) use redial::Redial;
pub(crate) use resend::{Attempt, may_resend};
pub(crate) use throughput::{Stalled, Throughput};
