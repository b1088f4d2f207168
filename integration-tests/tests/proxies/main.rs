//! Proxies: what they are told and what not, whose failure is whose, which wire is whose.

mod bypassing;
mod chains;
mod fail_over;
mod finding;
mod forwarding;
mod place;
mod secrets;
mod slow_names;
mod socks;
mod tunnels;
