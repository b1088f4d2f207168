//! What a look-up gave, and for how long it may be kept.

use std::net::IpAddr;
use std::time::Duration;

/// What a look-up gave, and for how long it may be kept; from [`Resolver::answer`](super::Resolver::answer).
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use std::time::Duration;
/// use hinternet::network::Answer;
///
/// let answer = Answer::new([IpAddr::V4(Ipv4Addr::LOCALHOST)]).with_ttl(Duration::from_secs(30));
/// let nothing = Answer::none("the name does not exist").with_ttl(Duration::from_secs(5));
/// # assert!(answer.reason.is_none() && nothing.addresses.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The addresses, in the order of preference; of more than 256 the first. None of them: the name does not exist, or has no
    /// address.
    pub addresses: Vec<IpAddr>,
    /// For how long that may be kept; `None` if it is not known. Within the limits that a session sets
    /// ([`NameOptions`](crate::NameOptions)).
    pub ttl: Option<Duration>,
    /// Why there is no address, for the error of a request that wanted one.
    pub reason: Option<String>,
}

impl Answer {
    /// These addresses; not known for how long.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { addresses: addresses.into_iter().collect(), ttl: None, reason: None }
    }

    /// No address: it is known that there is none.
    pub fn none(reason: impl Into<String>) -> Self {
        Self { addresses: Vec::new(), ttl: None, reason: Some(reason.into()) }
    }

    /// It may be kept so long.
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}
