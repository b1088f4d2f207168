//! How long the addresses of a name are remembered.

use std::time::Duration;

use super::timeouts::check_one;
use crate::error::{Error, Operation, Result};

/// How long a session remembers what names resolve to.
///
/// What a look-up gave is kept for as long as its records say, if the resolver tells that: see
/// [`Resolver::answer`](crate::network::Resolver::answer). The system's resolver does not (`getaddrinfo` has no way to), nor does
/// one that has only `resolve`; of those nothing is kept unless [`assumed_ttl`](Self::assumed_ttl) says for how long. Requests that want
/// the same name while it is being looked up share one look-up in any case.
///
/// An answer is dropped before its time when none of its addresses could be connected to, and all are when
/// [`Session::network_changed`](crate::Session::network_changed) is called. Sessions share no answers; requests of one session share
/// them if they were given the same resolver.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{NameOptions, Session};
///
/// let mut names = NameOptions::default();
/// names.assumed_ttl = Some(Duration::from_secs(30)); // keep what the system says, which tells no time
/// let session = Session::builder().names(names).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[doc(alias("WINHTTP_OPTION_RESOLVER_CACHE_CONFIG", "WINHTTP_RESOLVER_CACHE_CONFIG"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NameOptions {
    /// How many names are remembered; of more, the one that was asked for longest ago is forgotten. Default 1,024; 0 is none, and
    /// at most 1,000,000.
    #[doc(alias = "WINHTTP_RESOLVER_CACHE_CONFIG_FLAG_BYPASS_CACHE")]
    pub capacity: usize,
    /// An answer is kept at least so long, also one that says 0. Default 1 s.
    pub min_ttl: Duration,
    /// An answer is kept at most so long. Default an hour.
    pub max_ttl: Duration,
    /// How long an answer is kept if the resolver does not tell. Default `None`: not at all.
    pub assumed_ttl: Option<Duration>,
    /// That a name does not exist, or has no address, is remembered at most so long (RFC 2308). It is not of a look-up that failed
    /// or was not answered in time: those are asked again. The system's resolver does not tell these apart, so of its answers it is
    /// never remembered. Default 10 s; zero is not at all.
    pub negative_ttl: Duration,
    /// For so long after its time an answer is still taken, at once, while it is looked up again in the background; and also if that
    /// fails (RFC 8767). Default zero: a dial waits for the new answer.
    #[doc(alias = "WINHTTP_RESOLVER_CACHE_CONFIG_FLAG_SOFT_LIMIT")]
    pub stale_for: Duration,
    /// While an origin has wires and requests use them, its name is looked up again when the answer's time is over. A wire whose
    /// address is no longer among those of the name then serves no new request and is closed when it has served those it carries
    /// ([`CloseReason::NameMoved`](crate::CloseReason::NameMoved)). A look-up that fails retires nothing. Default true.
    ///
    /// The first time an address is missing its wires go at once. Once an address has come back that was missing, in up to 16
    /// answers, the servers are taken to answer by turns: from then on an address must be missing from more answers in a row than
    /// any that came back, before its wires go.
    #[doc(alias = "WINHTTP_RESOLVER_CACHE_CONFIG_FLAG_CONN_USE_TTL")]
    pub renew: bool,
}

impl Default for NameOptions {
    fn default() -> Self {
        Self {
            capacity: 1_024,
            min_ttl: Duration::from_secs(1),
            max_ttl: Duration::from_secs(60 * 60),
            assumed_ttl: None,
            negative_ttl: Duration::from_secs(10),
            stale_for: Duration::ZERO,
            renew: true,
        }
    }
}

impl NameOptions {
    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        // Without `..`: a new option is checked here, or said to need none.
        let Self { capacity, min_ttl, max_ttl, assumed_ttl, negative_ttl, stale_for, renew: _ } = *self;
        if capacity > MOST_NAMES {
            return Err(Error::parameter(operation, "names.capacity is over 1,000,000"));
        }
        if min_ttl > max_ttl {
            return Err(Error::parameter(operation, "names.min_ttl is more than names.max_ttl"));
        }
        check_one("names.max_ttl", max_ttl, operation)?;
        assumed_ttl.map_or(Ok(()), |assumed| check_one("names.assumed_ttl", assumed, operation))?;
        for (name, time) in [("names.negative_ttl", negative_ttl), ("names.stale_for", stale_for)] {
            if !time.is_zero() {
                check_one(name, time, operation)?;
            }
        }
        Ok(())
    }
}

const MOST_NAMES: usize = 1_000_000;
