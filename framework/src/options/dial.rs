//! How streams are opened: who resolves, who dials, from where, and to which addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::timeouts::check_one;
use crate::error::{Error, Operation, Result};
use crate::network::{AddressPolicy, ByPointer, Dialer, Resolver};

/// How streams are opened. Part of what makes a wire: requests that differ in it share none.
///
/// A resolver, a dialer or an address policy is equal to itself alone: requests share wires that were given clones of these
/// options, not clones of a resolver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialOptions {
    pub(crate) resolver: Option<ByPointer<dyn Resolver>>,
    pub(crate) dialer: Option<ByPointer<dyn Dialer>>,
    pub(crate) address_policy: Option<ByPointer<dyn AddressPolicy>>,
    pub(crate) local_address: Option<IpAddr>,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) no_delay: bool,
    pub(crate) attempt_delay: Duration,
}

impl Default for DialOptions {
    fn default() -> Self {
        Self {
            resolver: None,
            dialer: None,
            address_policy: None,
            local_address: None,
            keep_alive: Some(Duration::from_secs(30)),
            no_delay: true,
            attempt_delay: Duration::from_millis(250),
        }
    }
}

impl DialOptions {
    /// Who turns names into addresses. Default: the system, on a pool of threads of the library's own.
    pub fn resolver(mut self, resolver: impl Resolver) -> Self {
        self.resolver = Some(ByPointer(Arc::new(resolver)));
        self
    }

    /// Who opens streams. Default: TCP. A dialer of your own does not see `local_address`, `keep_alive` and `no_delay`.
    pub fn dialer(mut self, dialer: impl Dialer) -> Self {
        self.dialer = Some(ByPointer(Arc::new(dialer)));
        self
    }

    /// Which addresses may be connected to. Default: all.
    pub fn address_policy(mut self, policy: impl AddressPolicy) -> Self {
        self.address_policy = Some(ByPointer(Arc::new(policy)));
        self
    }

    /// The local address that TCP connections are made from; addresses of the other family are not tried, and a host that has
    /// no others fails with 12029. Default: the system's choice.
    pub fn local_address(mut self, address: impl Into<Option<IpAddr>>) -> Self {
        self.local_address = address.into();
        self
    }

    /// After how long a silence TCP probes the other side (`SO_KEEPALIVE`); `None` never. Default 30 s.
    pub fn keep_alive(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.keep_alive = after.into();
        self
    }

    /// Small writes go out at once (`TCP_NODELAY`). Default true.
    pub fn no_delay(mut self, no_delay: bool) -> Self {
        self.no_delay = no_delay;
        self
    }

    /// How long an attempt to one address may be silent before the next address is tried beside it (RFC 8305 section 5,
    /// `WINHTTP_OPTION_IPV6_FAST_FALLBACK`). Default 250 ms; 10 ms to 2 s are taken.
    #[doc(alias = "WINHTTP_OPTION_IPV6_FAST_FALLBACK")]
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.attempt_delay = delay;
        self
    }

    /// Does code of the caller's own run in a dial?
    pub(crate) fn is_custom(&self) -> bool {
        self.resolver.is_some() || self.dialer.is_some() || self.address_policy.is_some()
    }

    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        if let Some(after) = self.keep_alive {
            check_one("keep_alive", after, operation)?;
            if after < Duration::from_secs(1) {
                return Err(Error::parameter(operation, "keep_alive is under a second, which no system can do"));
            }
        }
        if !(Duration::from_millis(10)..=Duration::from_secs(2)).contains(&self.attempt_delay) {
            return Err(Error::parameter(operation, "attempt_delay is not within 10 ms to 2 s (RFC 8305 section 8)"));
        }
        Ok(())
    }
}
