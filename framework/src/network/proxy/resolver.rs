//! Who finds the proxies for a URL, where that is no list: a script (PAC), a service of the caller's.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use super::Proxy;

/// One way to a server (`WINHTTP_PROXY_RESULT_ENTRY`).
///
/// An example is at [`ProxyResolver`].
#[doc(alias("WINHTTP_PROXY_RESULT", "WINHTTP_PROXY_RESULT_EX"))]
#[doc(alias = "WINHTTP_PROXY_RESULT_ENTRY")]
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Straight to it.
    Direct,
    /// Through this proxy, and what that is reached through.
    Proxy(Proxy),
}

impl Route {
    /// The proxy, if there is one.
    pub fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Direct => None,
            Self::Proxy(proxy) => Some(proxy),
        }
    }
}

impl From<Proxy> for Route {
    fn from(proxy: Proxy) -> Self {
        Self::Proxy(proxy)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Proxy(proxy) => fmt::Display::fmt(proxy, f),
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Proxy(proxy) => fmt::Debug::fmt(proxy, f),
        }
    }
}

/// Finds the proxies for a URL, where they do not stand in a list: by a script (PAC), or by a service of the caller's.
///
/// ```
/// use hinternet::network::{FindingProxy, Proxy, ProxyResolver, Route};
///
/// /// What is inside is reached directly.
/// #[derive(Debug)]
/// struct ByName(Proxy);
///
/// impl ProxyResolver for ByName {
///     fn find(&self, url: &str) -> FindingProxy {
///         let inside = url.contains(".inside.example/");
///         let route = if inside { Route::Direct } else { Route::Proxy(self.0.clone()) };
///         Box::pin(async { Ok(vec![route]) })
///     }
/// }
/// ```
#[doc(alias = "WinHttpCreateProxyResolver")]
pub trait ProxyResolver: fmt::Debug + Send + Sync + 'static {
    /// The routes for this URL, in the order in which they are tried; of more than 20 the rest is left out, and none at all is
    /// [`Route::Direct`]. The URL has neither userinfo nor fragment, and of an `https` URL it is only the origin with the path `/`.
    ///
    /// It is asked for every request, so whatever may be remembered is the resolver's to remember. Dropping the future gives the
    /// search up.
    ///
    /// An error fails the request. One of this crate, as an [`io::Error`], keeps its code; any other is 12178.
    fn find(&self, url: &str) -> FindingProxy;
}

/// A search for proxies under way. It runs on one thread, and need not be `Send`.
///
/// An example is at [`ProxyResolver`].
pub type FindingProxy = Pin<Box<dyn Future<Output = io::Result<Vec<Route>>>>>;
