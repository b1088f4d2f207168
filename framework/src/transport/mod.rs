//! From a host name to a stream of octets: look-up, connection attempts, TLS.

mod connect;
mod dial;
mod dns;
mod tcp;
mod tls;

pub(crate) use dial::{DialFailure, DialTimes, Dialed, Way, dial};
pub(crate) use tls::{TlsClient, TlsFailure};
