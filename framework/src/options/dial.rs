//! How streams are opened: who resolves, who dials, from where, and to which addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use url::Host;

use super::authentication::Bound;
use super::proxy::ProxySettings;
use super::timeouts::check_one;
use super::tls::TlsOptions;
use crate::error::{Error, Operation, Result};
use crate::id::HandleId;
use crate::network::{AddressPolicy, ByPointer, Dialer, Resolver};

/// How streams are opened. Part of what makes a wire: requests that differ in it share none.
///
/// A resolver, a dialer or an address policy is equal to itself alone: requests share wires that were given clones of these
/// options, not clones of a resolver.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use hinternet::{DialOptions, Session};
/// use hinternet::network::PublicAddresses;
///
/// // No URL leads into a private network, whatever names resolve to.
/// let outside = Session::builder().dial(DialOptions::default().address_policy(PublicAddresses)).open()?;
/// // A host of this name is here, as with curl's --resolve.
/// let here = DialOptions::default().addresses_of("www.example.com", [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
/// let at_home = Session::builder().dial(here).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialOptions {
    pub(crate) resolver: Option<ByPointer<dyn Resolver>>,
    pub(crate) dialer: Option<ByPointer<dyn Dialer>>,
    pub(crate) address_policy: Option<ByPointer<dyn AddressPolicy>>,
    pub(crate) local_address: Option<IpAddr>,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) no_delay: bool,
    pub(crate) attempt_delay: Duration,
    pub(crate) resolution_hostname: Option<String>,
    /// Sorted by host. No map: it is compared for every request, and as a rule empty.
    pub(crate) fixed_addresses: Vec<(String, Vec<IpAddr>)>,
    pub(crate) least_loaded: bool,
    pub(crate) proxy: ProxySettings,
    pub(crate) always_tunnel: bool,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) proxy_tls: TlsOptions,
    /// Whose wires they are, where they belong to somebody.
    pub(crate) bound: Option<Arc<Bound>>,
    /// The only request that may have them, where there is one.
    pub(crate) own: Option<HandleId>,
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
            resolution_hostname: None,
            fixed_addresses: Vec::new(),
            least_loaded: false,
            proxy: ProxySettings::default(),
            always_tunnel: false,
            group: None,
            proxy_tls: TlsOptions::default(),
            bound: None,
            own: None,
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
    #[doc(alias = "WINHTTP_OPTION_NETWORK_INTERFACE_AFFINITY")]
    pub fn local_address(mut self, address: impl Into<Option<IpAddr>>) -> Self {
        self.local_address = address.into();
        self
    }

    /// After how long a silence TCP probes the other side (`SO_KEEPALIVE`); `None` never. Default 30 s.
    #[doc(alias("WINHTTP_OPTION_TCP_KEEPALIVE", "tcp_keepalive"))]
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

    /// The name that is looked up in place of the URL's host, whatever that is; an address takes its place as it is. The name that is
    /// asked for in TLS and in `Host`, and what certificates are checked against, stays the URL's. A string that is no host is
    /// refused where the options are set (87). Default `None`: the host itself.
    #[doc(alias = "WINHTTP_OPTION_RESOLUTION_HOSTNAME")]
    pub fn resolution_hostname<'a>(mut self, name: impl Into<Option<&'a str>>) -> Self {
        self.resolution_hostname = name.into().map(canonical);
        self
    }

    /// The addresses of a host, in the order of preference: it is not looked up (curl's `--resolve`). Of one that
    /// [`resolution_hostname`](Self::resolution_hostname) names, too. A string that is no name, and no address at all, are refused
    /// where the options are set (87). May be called for several hosts; of two calls for one the last counts.
    #[doc(alias = "CURLOPT_RESOLVE")]
    pub fn addresses_of(mut self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let (host, addresses) = (canonical(host), addresses.into_iter().collect());
        match self.fixed_addresses.binary_search_by(|(known, _)| known.cmp(&host)) {
            Ok(index) => self.fixed_addresses[index].1 = addresses,
            Err(index) => self.fixed_addresses.insert(index, (host, addresses)),
        }
        self
    }

    /// Of the addresses of a host the one is tried first, within its family, that the fewest of the origin's wires on the same shard
    /// go to: several wires are spread over several servers. Default false: every wire goes to the one that the resolver prefers
    /// (RFC 6724).
    pub fn least_loaded(mut self, least_loaded: bool) -> Self {
        self.least_loaded = least_loaded;
        self
    }

    /// Through which proxies servers are reached (`WINHTTP_OPTION_PROXY`). Default: [`ProxySettings::Direct`].
    #[doc(alias = "WINHTTP_OPTION_PROXY")]
    pub fn proxy(mut self, settings: impl Into<ProxySettings>) -> Self {
        self.proxy = settings.into();
        self
    }

    /// Plain HTTP too goes through a tunnel (CONNECT), where the proxy would else be sent whole requests to forward. What asks for a
    /// WebSocket always does. Default false.
    #[doc(alias = "CURLOPT_HTTPPROXYTUNNEL")]
    pub fn always_tunnel(mut self, always: bool) -> Self {
        self.always_tunnel = always;
        self
    }

    /// Which of several groups its wires belong to (`WINHTTP_OPTION_MATCH_CONNECTION_GUID`): requests share a wire only with those of
    /// the same group, as for users of one program who are not to be told apart by a server, or who must be. The name is never sent.
    /// Default `None`, which is a group too.
    #[doc(alias = "WINHTTP_OPTION_MATCH_CONNECTION_GUID")]
    pub fn group<'a>(mut self, name: impl Into<Option<&'a str>>) -> Self {
        self.group = name.into().map(Arc::from);
        self
    }

    /// What a wire to an `https` proxy must be: the proxy is verified as its own name, by these options and not by those of the
    /// servers behind it, whose pins, client certificates and dangers are none of its business. Default: as a server of the internet.
    pub fn proxy_tls(mut self, options: TlsOptions) -> Self {
        self.proxy_tls = options;
        self
    }

    /// What is laid down for this name.
    pub(crate) fn addresses_laid_down(&self, name: &str) -> Option<&[IpAddr]> {
        self.fixed_addresses.iter().find(|(host, _)| host == name).map(|(_, addresses)| &addresses[..])
    }

    /// What is looked up to find this host.
    pub(crate) fn name_for<'a>(&'a self, host: &'a str) -> &'a str {
        self.resolution_hostname.as_deref().unwrap_or(host)
    }

    /// Does code of the caller's own run in a dial?
    pub(crate) fn is_custom(&self) -> bool {
        self.resolver.is_some() || self.dialer.is_some() || self.address_policy.is_some()
    }

    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        self.proxy.check(operation)?;
        self.proxy_tls.check(operation)?;
        if let Some(after) = self.keep_alive {
            check_one("keep_alive", after, operation)?;
            if after < Duration::from_secs(1) {
                return Err(Error::parameter(operation, "keep_alive is under a second, which no system can do"));
            }
        }
        if !(Duration::from_millis(10)..=Duration::from_secs(2)).contains(&self.attempt_delay) {
            return Err(Error::parameter(operation, "attempt_delay is not within 10 ms to 2 s (RFC 8305 section 8)"));
        }
        if let Some(name) = &self.resolution_hostname
            && name.parse::<IpAddr>().is_err()
            && Host::parse(name).is_err()
        {
            return Err(Error::parameter(operation, format!("resolution_hostname is no host: {name:?}")));
        }
        for (host, addresses) in &self.fixed_addresses {
            if !matches!(Host::parse(host), Ok(Host::Domain(_))) {
                return Err(Error::parameter(operation, format!("addresses_of was given no name: {host:?}")));
            }
            if addresses.is_empty() {
                return Err(Error::parameter(operation, format!("addresses_of was given no address for {host}")));
            }
        }
        Ok(())
    }
}

/// As the host of a URL is written: lower case, punycode. What is no host stays as it is, until it is refused.
fn canonical(host: &str) -> String {
    Host::parse(host).map_or_else(|_| host.to_owned(), |host| host.to_string())
}
