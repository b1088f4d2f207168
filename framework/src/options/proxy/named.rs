//! Proxies by name, in lists that are gone through until one works (pure).

use std::sync::Arc;

use super::bypass::BypassList;
use crate::error::{Error, Operation, Result};
use crate::network::{Proxy, ProxyProtocol, Route};

/// Proxies by name: a list for `http`, one for `https`, and for which hosts none is used.
///
/// A list is gone through in its order: when a proxy cannot be reached, or fails, the next one is tried, and the one that failed is
/// left until last for 30 minutes. What a server answers is never a reason to try the next one. An empty list is
/// [`Route::Direct`].
///
/// An example is at [`BypassList`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamedProxies(Arc<Parts>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Parts {
    http: Vec<Route>,
    https: Vec<Route>,
    bypass: BypassList,
}

impl NamedProxies {
    /// The same routes for every server.
    #[doc(alias = "WINHTTP_OPTION_PROXY_RESULT_ENTRY")]
    pub fn new<R: Into<Route>>(routes: impl IntoIterator<Item = R>) -> Self {
        let routes = all(routes);
        Self(Arc::new(Parts { http: routes.clone(), https: routes, bypass: BypassList::default() }))
    }

    /// Other routes for `http` and `ws`.
    pub fn for_http<R: Into<Route>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.change().http = all(routes);
        self
    }

    /// Other routes for `https` and `wss`.
    pub fn for_https<R: Into<Route>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.change().https = all(routes);
        self
    }

    /// Servers that are reached directly.
    pub fn bypass(mut self, bypass: BypassList) -> Self {
        self.change().bypass = bypass;
        self
    }

    /// Reads a list as WinHTTP writes it (`lpszProxy`): `[scheme=][protocol://]host[:port]`, separated by `;` or blanks. An entry for the
    /// scheme `http` or `https` is for URLs of it, `socks` for those that have no entry of their own, one without a scheme for all; `ftp`
    /// is passed over. Several for one scheme are a list to go through.
    ///
    /// # Errors
    /// 87 for an entry that cannot be read, and for a list without a proxy.
    #[doc(alias = "lpszProxy")]
    pub fn read(list: &str) -> Result<Self> {
        let (mut http, mut https, mut socks) = (Vec::new(), Vec::new(), Vec::new());
        if !list.is_ascii() {
            return Err(Error::parameter(Operation::SetOption, "the list of proxies holds what is not ASCII"));
        }
        for entry in list.split([';', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty()) {
            let (scheme, url) = entry.split_once('=').unwrap_or(("", entry));
            match scheme.to_ascii_lowercase().as_str() {
                // A `=` in a password.
                _ if scheme.contains("://") => add_to_both(&mut http, &mut https, Proxy::parse(entry)?),
                "" => add_to_both(&mut http, &mut https, Proxy::parse(url)?),
                "http" => http.push(Route::Proxy(Proxy::parse(url)?)),
                "https" => https.push(Route::Proxy(Proxy::parse(url)?)),
                "socks" if url.contains("://") => socks.push(Route::Proxy(Proxy::parse(url)?)),
                "socks" => {
                    socks.push(Route::Proxy(Proxy::parse(&format!("{}://{url}", ProxyProtocol::Socks4.scheme()))?))
                }
                "ftp" => {}
                _ => {
                    let detail = "a scheme in the list of proxies is none of http, https, ftp and socks";
                    return Err(Error::parameter(Operation::SetOption, detail));
                }
            }
        }
        for own in [&mut http, &mut https] {
            if own.is_empty() {
                own.clone_from(&socks);
            }
        }
        if http.is_empty() && https.is_empty() {
            return Err(Error::parameter(Operation::SetOption, "the list of proxies names none"));
        }
        Ok(Self(Arc::new(Parts { http, https, bypass: BypassList::default() })))
    }

    /// For a scheme.
    pub(crate) fn routes(&self, secure: bool) -> &[Route] {
        if secure { &self.0.https } else { &self.0.http }
    }

    pub(crate) fn exceptions(&self) -> &BypassList {
        &self.0.bypass
    }

    pub(super) fn longest(&self) -> usize {
        self.0.http.len().max(self.0.https.len())
    }

    fn change(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

fn all<R: Into<Route>>(routes: impl IntoIterator<Item = R>) -> Vec<Route> {
    routes.into_iter().map(Into::into).collect()
}

fn add_to_both(http: &mut Vec<Route>, https: &mut Vec<Route>, proxy: Proxy) {
    http.push(Route::Proxy(proxy.clone()));
    https.push(Route::Proxy(proxy));
}
