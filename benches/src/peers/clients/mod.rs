//! The clients, each made ready for one endpoint: with its own TLS, and with the server's authority as the only one it trusts.

pub(super) mod hyper_conn;
pub(super) mod hyper_util;
pub(super) mod ours;
pub(super) mod raw;
pub(super) mod raw_h2;
pub(super) mod reqwest;
pub(super) mod websocket;
