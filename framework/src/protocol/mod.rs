//! What bytes mean and in which order they may come: the protocols as pure machines, without I/O, clock or actor.

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

pub(crate) mod byte_ranges;
// Without all of its features there are no codings, and what would follow from one is never reached.
#[cfg_attr(
    not(any(feature = "brotli", feature = "gzip", feature = "zstd")),
    allow(dead_code, unreachable_code, unused_imports, unused_variables)
)]
pub(crate) mod coding;
pub(crate) mod event_stream;
pub(crate) mod form_data;
pub(crate) mod header_queries;
pub(crate) mod http1;
pub(crate) mod http2;
pub(crate) mod tunnel;
pub(crate) mod websocket;
