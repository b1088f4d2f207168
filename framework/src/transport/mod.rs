//! From a host name to a stream of octets: look-up, connection attempts, TLS. And resolvers and dialers that are ready to use.

mod connect;
mod dial;
mod dns;
mod look_ups;
mod tcp;
mod tls;

pub(crate) use dial::{DialFailure, DialTimes, Dialed, Way, dial};
pub use look_ups::BlockingResolver;
pub(crate) use tls::{TlsClient, TlsFailure};
