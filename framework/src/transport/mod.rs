//! From a host name to a stream of octets: look-up, connection attempts, TLS. And resolvers and dialers that are ready to use.

mod connect;
mod dial;
mod dns;
mod failure;
mod finding;
#[cfg(feature = "hickory")]
mod hickory;
#[cfg(feature = "negotiate")]
mod logon;
mod look_ups;
mod memory;
mod names;
mod tcp;
mod tls;
mod tunnel;
#[cfg(unix)]
mod unix;

pub(crate) use dial::{DialTimes, Dialed, Steers, Way, dial};
#[cfg(feature = "pac")]
pub(crate) use dns::known_addresses;
pub(crate) use failure::DialFailure;
pub(crate) use finding::find_routes;
#[cfg(feature = "hickory")]
pub use hickory::HickoryResolver;
#[cfg(feature = "negotiate")]
pub(crate) use logon::{Logon, LogonFault};
pub use look_ups::BlockingResolver;
pub use memory::{MemoryDialer, MemoryListener, MemoryStream, in_memory};
pub(crate) use names::{Heard, Names};
pub use tls::CertificateInfo;
pub(crate) use tls::{TlsClient, TlsFailure, server_end_point};
pub(crate) use tunnel::{ByProxy, NoTunnel, Through};
#[cfg(unix)]
pub use unix::UnixDialer;
