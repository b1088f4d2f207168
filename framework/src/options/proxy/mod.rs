//! Through which proxies a server is reached.

mod bypass;
mod named;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use bypass::BypassList;
pub(crate) use bypass::{Hosts, Rule};
pub use named::NamedProxies;

use crate::error::{Error, Operation, Result};
use crate::network::{ByPointer, Proxy, ProxyResolver};

/// Through which proxies a server is reached (`WINHTTP_PROXY_INFO`, the access types of `WinHttpOpen`).
///
/// It is part of what a wire is: requests that differ in it share none.
///
/// ```
/// # fn example() -> hinternet::Result<()> {
/// use hinternet::network::Proxy;
/// use hinternet::{BypassList, NamedProxies, ProxySettings};
///
/// // As WinHTTP writes it.
/// let settings = ProxySettings::named("http=proxy:80;https=secure-proxy:8080", "<local>;*.inside.example")?;
/// // The same as it is built.
/// let built = NamedProxies::new([Proxy::parse("proxy:80")?])
///     .for_https([Proxy::parse("secure-proxy:8080")?])
///     .bypass(BypassList::parse("<local>;*.inside.example")?);
/// assert_eq!(settings, built.into());
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
#[doc(alias = "WINHTTP_PROXY_INFO")]
#[doc(alias = "WINHTTP_OPTION_PROXY")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxySettings {
    /// Straight to the server. The default: nothing that stands around a program decides where its requests go unless it says so.
    #[doc(alias = "WINHTTP_PROXY_TYPE_DIRECT")]
    #[doc(alias = "WINHTTP_ACCESS_TYPE_NO_PROXY")]
    #[default]
    Direct,
    /// Through these.
    #[doc(alias = "WINHTTP_PROXY_TYPE_PROXY")]
    #[doc(alias = "WINHTTP_ACCESS_TYPE_NAMED_PROXY")]
    Named(NamedProxies),
    /// As the environment says when an origin is first met: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, or the same in
    /// upper case. See [`from_variables`](Self::from_variables). One that cannot be read fails the requests (87); it is not passed over.
    FromEnvironment,
    /// As the user has set it for this machine. This version reads no settings of any system: it is as
    /// [`FromEnvironment`](Self::FromEnvironment), which is where Unix desktops and servers keep them.
    #[doc(alias("WinHttpGetIEProxyConfigForCurrentUser", "WINHTTP_CURRENT_USER_IE_PROXY_CONFIG"))]
    #[doc(alias = "WINHTTP_ACCESS_TYPE_DEFAULT_PROXY")]
    System,
    /// Found for each URL by a resolver, as by a script (PAC). Wires that are dialed before anybody asks (`min_wires`, `prewarm`) go
    /// as the resolver says of the origin's root, and serve no request.
    #[doc(alias("WINHTTP_PROXY_TYPE_AUTO_PROXY_URL", "WINHTTP_PROXY_TYPE_AUTO_DETECT"))]
    #[doc(alias = "WINHTTP_ACCESS_TYPE_AUTOMATIC_PROXY")]
    Automatic(AutomaticProxy),
}

impl ProxySettings {
    /// Reads a list of proxies and a list of exceptions as WinHTTP writes them: see [`NamedProxies::read`] and [`BypassList::parse`].
    ///
    /// # Errors
    /// 87 for what cannot be read, and for a list without a proxy.
    pub fn named(proxies: &str, bypass: &str) -> Result<Self> {
        Ok(NamedProxies::read(proxies)?.bypass(BypassList::parse(bypass)?).into())
    }

    /// Found by this resolver.
    pub fn automatic(resolver: impl ProxyResolver) -> Self {
        Self::Automatic(AutomaticProxy(ByPointer(Arc::new(resolver))))
    }

    pub(crate) fn is_direct(&self) -> bool {
        matches!(self, Self::Direct)
    }

    /// Who finds the proxies, if they have to be found.
    pub(crate) fn resolver(&self) -> Option<&dyn ProxyResolver> {
        match self {
            Self::Automatic(automatic) => Some(&*automatic.0),
            _ => None,
        }
    }

    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        match self {
            Self::Named(named) if named.longest() > MOST_ROUTES => {
                Err(Error::parameter(operation, format!("more than {MOST_ROUTES} proxies in one list are refused")))
            }
            _ => Ok(()),
        }
    }
}

impl From<NamedProxies> for ProxySettings {
    fn from(named: NamedProxies) -> Self {
        Self::Named(named)
    }
}

impl From<Proxy> for ProxySettings {
    fn from(proxy: Proxy) -> Self {
        NamedProxies::new([proxy]).into()
    }
}

/// A resolver of proxies. Equal to itself and its clones alone.
///
/// An example is at [`network::ProxyResolver`](crate::network::ProxyResolver).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AutomaticProxy(ByPointer<dyn ProxyResolver>);

/// Ways to one server that are tried one after the other.
pub(crate) const MOST_ROUTES: usize = 20;
