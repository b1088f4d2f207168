//! What a careful client decides, without I/O, clock or actor.

// A stranger's octets cannot make it panic: there is nothing here that could.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub(crate) mod auth;
#[cfg(feature = "cache")]
pub(crate) mod cache;
#[cfg(feature = "cookies")]
pub(crate) mod cookies;
mod decompress;
pub(crate) mod domains;
pub(crate) mod governor;
mod happy_eyeballs;
pub(crate) mod hsts;
mod names;
mod origin_pattern;
mod outbox;
#[cfg(feature = "pac")]
pub(crate) mod pac;
pub(crate) mod proxy;
mod reconnect;
mod redial;
pub(crate) mod redirect;
mod resend;
mod retry;
mod throughput;

pub(crate) use decompress::{accept_encoding, accept_encoding_of_a_part, may_be_decoded};
pub(crate) use happy_eyeballs::{Next, Race, interleaved, least_loaded};
pub(crate) use names::{Found, Kept, Names, Resolution};
pub(crate) use origin_pattern::OriginPattern;
pub(crate) use outbox::{Outbox, Room};
pub(crate) use reconnect::{Chances, Pauses, Reconnect, is_hopeless};
pub(crate) use redial::Redial;
pub(crate) use resend::{Attempt, may_resend};
pub(crate) use retry::{Budget, Cause, Fruitless, pause_before_retry};
pub(crate) use throughput::{Stalled, Throughput};
