//! How curl's options about proxies, and its environment, are told to the library.

use hinternet::network::Proxy;
use hinternet::{BypassList, HeaderName, HeaderValue, NamedProxies, ProxySettings, RequestOptions};

use super::authority::credentials;
use super::command::{Options, Schemes};
use super::exit_code::{COULDNT_RESOLVE_PROXY, Exit};
use super::fields::HeaderLine;

impl Options {
    pub(crate) fn set_proxies(
        &self,
        options: &mut RequestOptions,
        environment: &[(String, String)],
    ) -> Result<(), Exit> {
        let settings = self.proxies(environment).map_err(|_| Exit::Code(COULDNT_RESOLVE_PROXY))?;
        let dial = std::mem::take(&mut options.dial);
        options.dial = dial.proxy(settings).always_tunnel(self.tunnel);
        Ok(())
    }

    fn proxies(&self, environment: &[(String, String)]) -> hinternet::Result<ProxySettings> {
        let named = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let exceptions = self.no_proxy.clone().or_else(|| named("no_proxy")).or_else(|| named("NO_PROXY"));
        match self.proxy.as_deref() {
            Some("") => Ok(ProxySettings::Direct),
            Some(text) => {
                let bypass = BypassList::no_proxy(&exceptions.unwrap_or_default());
                Ok(NamedProxies::new([self.proxy_of(text)?]).bypass(bypass).into())
            }
            None => ProxySettings::from_variables(|name| {
                if name.eq_ignore_ascii_case("no_proxy") { exceptions.clone() } else { named(name) }
            }),
        }
    }

    fn proxy_of(&self, text: &str) -> hinternet::Result<Proxy> {
        let has_scheme = text.contains("://");
        let url = if has_scheme { text.to_owned() } else { format!("http://{text}") };
        // A path means nothing.
        let begin = url.find("://").map_or(0, |at| at + 3);
        let end = url[begin..].find('/').map_or(url.len(), |at| begin + at);
        let mut proxy = Proxy::parse(&url[..end])?;
        if self.proxy_http10 {
            proxy = proxy.http10();
        }
        if let Some(user) = &self.proxy_user {
            let (user, password) = credentials(user, false);
            proxy = proxy.credentials(&user, &password)?;
        }
        if self.proxy_schemes != Schemes::Basic {
            proxy = proxy.wait_for_challenge();
        }
        for line in self.proxy_headers.iter().filter_map(|text| HeaderLine::read(text)) {
            let name = HeaderName::from_bytes(line.name.as_bytes()).expect("a name");
            let value = HeaderValue::from_str(&line.value.unwrap_or_default()).expect("a value");
            proxy = proxy.header(name, value);
        }
        Ok(proxy)
    }
}
