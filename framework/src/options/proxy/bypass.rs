//! Servers that are reached without a proxy: the list of them, read (pure).

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Host;

use crate::error::{Error, Operation, Result};

/// Servers that are reached without a proxy (`lpszProxyBypass`, `NO_PROXY`).
///
/// What an entry means depends on who writes it: in WinHTTP's list `example.com` is that one host, in `NO_PROXY` all hosts below it
/// too. Both know `*` for every server, addresses and networks (`10.0.0.0/8`, `[fd00::]/8`), and a port behind any of them, for
/// servers at that port alone. A host that is an address matches no suffix of a name. Nothing is an exception by itself, not even
/// `localhost`.
///
/// ```
/// use hinternet::network::Proxy;
/// use hinternet::{BypassList, NamedProxies, Session};
///
/// let proxies = NamedProxies::new([Proxy::parse("http://proxy.example:3128")?])
///     .bypass(BypassList::parse("*.inside.example;<local>")?);
/// let session = Session::builder().proxy(proxies).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[doc(alias = "lpszProxyBypass")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BypassList(Arc<[Rule]>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rule {
    pub(crate) hosts: Hosts,
    /// `None` is any.
    pub(crate) port: Option<u16>,
    /// Of `https` alone, or of `http` alone.
    pub(crate) secure: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hosts {
    All,
    /// Names without a dot.
    Local,
    /// Lower case, with `*` for any octets.
    Like(String),
    /// This name and all below it.
    Within(String),
    Network(IpNet),
}

impl BypassList {
    /// Reads a list as WinHTTP writes it: hosts with `*` for any octets, `<local>` for names without a dot, `.example.com` for that
    /// name and all below it, addresses and networks; `http://` or `https://` before one is for that scheme alone. Separated by `;`
    /// or blanks. An empty list is no exception.
    ///
    /// # Errors
    /// 87 for an entry that cannot be read; one with a zone (`fe80::1%eth0`) cannot, since no URL has any.
    pub fn parse(list: &str) -> Result<Self> {
        let entries = list.split([';', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty());
        let rules: Result<Vec<_>> = entries
            .map(|entry| {
                let refused =
                    || Error::parameter(Operation::SetOption, format!("the exception cannot be read: {entry:?}"));
                of_winhttp(entry).ok_or_else(refused)
            })
            .collect();
        rules.map(|rules| Self(rules.into()))
    }

    /// Reads a list as `NO_PROXY` holds it: names, which mean all below them too, with or without a `.` or `*.` before them; addresses and
    /// networks; `*` for every server. Separated by commas or blanks. What cannot be read, as an address with a zone, matches nothing.
    pub fn no_proxy(list: &str) -> Self {
        let entries = list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
        Self(entries.filter_map(of_no_proxy).collect())
    }

    /// Is nothing an exception?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.0
    }
}

fn of_winhttp(entry: &str) -> Option<Rule> {
    if entry.eq_ignore_ascii_case("<local>") {
        return Some(Rule { hosts: Hosts::Local, port: None, secure: None });
    }
    let (secure, rest) = match entry.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(false), rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(true), rest),
        Some(_) => return None,
        None => (None, entry),
    };
    let (host, port) = apart(rest)?;
    let hosts = match numeric(host) {
        Some(numeric) => numeric?,
        None if host == "*" => Hosts::All,
        None => match host.strip_prefix('.') {
            Some(below) => Hosts::Within(name(below)?),
            None => Hosts::Like(name(host)?),
        },
    };
    Some(Rule { hosts, port, secure })
}

fn of_no_proxy(entry: &str) -> Option<Rule> {
    let (host, port) = apart(entry)?;
    let hosts = match numeric(host) {
        Some(numeric) => numeric?,
        None if host == "*" => Hosts::All,
        None => Hosts::Within(name(host.strip_prefix("*.").or(host.strip_prefix('.')).unwrap_or(host))?),
    };
    Some(Rule { hosts, port, secure: None })
}

/// Host and port. An IPv6 address has its port behind brackets only.
fn apart(entry: &str) -> Option<(&str, Option<u16>)> {
    let port_of = |text: &str| text.parse().ok().filter(|port| *port != 0);
    let behind = entry.rfind(']').unwrap_or(0);
    match entry[behind..].rsplit_once(':') {
        Some(_) if behind == 0 && entry.matches(':').count() > 1 => Some((entry, None)),
        Some((before, port)) => Some((&entry[..behind + before.len()], Some(port_of(port)?))),
        None => Some((entry, None)),
    }
}

/// An address or a network; `Some(None)` for one that is malformed.
fn numeric(host: &str) -> Option<Option<Hosts>> {
    let bare = host.replace(['[', ']'], "");
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some(Some(Hosts::Network(address.to_canonical().into())));
    }
    if bare.contains('/') {
        return Some(bare.parse::<IpNet>().ok().map(|network| Hosts::Network(network.trunc())));
    }
    // A zone, or half an address.
    (bare.contains(':') || bare.contains('%')).then_some(None)
}

/// As the host of a URL is written, without the dot that ends an absolute name.
fn name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.contains('*') {
        let may_stand = |octet: u8| octet.is_ascii_alphanumeric() || b"*-._".contains(&octet);
        return text.bytes().all(may_stand).then(|| text.to_ascii_lowercase());
    }
    Host::parse(text).ok().map(|host| host.to_string())
}
