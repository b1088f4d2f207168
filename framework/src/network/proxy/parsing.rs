//! The URL of a proxy, read (pure).

use percent_encoding::percent_decode_str;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{Proxy, ProxyProtocol, refused};
use crate::error::Result;

pub(super) fn parse(url: &str) -> Result<Proxy> {
    let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
    let protocol = protocol(scheme).ok_or_else(|| refused("the URL's scheme names no protocol of proxies"))?;
    let invalid = |_| refused("the URL of the proxy cannot be read");
    // As a scheme whose URLs have a host. A space or a line end would be stripped, and stands for some mistake.
    if rest.bytes().any(|octet| octet.is_ascii_control() || octet == b' ') {
        return Err(refused("the URL of the proxy holds a blank or a control character"));
    }
    let spelled = Zeroizing::new(format!("http://{rest}"));
    let read = Url::parse(&spelled).map_err(invalid)?;
    if !matches!(read.path(), "" | "/") || read.query().is_some() || read.fragment().is_some() {
        return Err(refused("the URL of a proxy has no path"));
    }
    let host = read.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refused("the URL names no host"))?;
    let port = match read.port() {
        Some(port) => port,
        // It is left out for being HTTP's own.
        None if says_port_80(rest) => 80,
        None => protocol.default_port(),
    };
    let mut proxy = Proxy::new(protocol, host, port)?;
    if !read.username().is_empty() || read.password().is_some() {
        let (user, password) = (decoded(read.username())?, decoded(read.password().unwrap_or_default())?);
        proxy = proxy.credentials(&user, &password)?;
    }
    Ok(proxy)
}

fn protocol(scheme: &str) -> Option<ProxyProtocol> {
    Some(match scheme.to_ascii_lowercase().as_str() {
        "http" => ProxyProtocol::Http,
        "https" => ProxyProtocol::Https,
        "socks4" | "socks" => ProxyProtocol::Socks4,
        "socks4a" => ProxyProtocol::Socks4a,
        "socks5" => ProxyProtocol::Socks5,
        "socks5h" => ProxyProtocol::Socks5h,
        _ => return None,
    })
}

fn says_port_80(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.rsplit_once(':').is_some_and(|(_, port)| port.parse() == Ok(80_u16))
}

fn decoded(text: &str) -> Result<Zeroizing<String>> {
    let octets = Zeroizing::new(percent_decode_str(text).collect::<Vec<u8>>());
    match std::str::from_utf8(&octets) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(refused("user name or password of the proxy is not UTF-8")),
    }
}

/// As it is written in a URL.
pub(super) fn host(host: &str) -> Result<Box<str>> {
    match Host::parse(host) {
        Ok(host) => Ok(host.to_string().into()),
        Err(_) => Err(refused("the host of the proxy is none")),
    }
}

pub(super) fn check_credentials(protocol: ProxyProtocol, user: &str, password: &str) -> Result<()> {
    if user.chars().chain(password.chars()).any(char::is_control) {
        return Err(refused("user name or password of the proxy holds a control character (RFC 7617 section 2)"));
    }
    match protocol {
        ProxyProtocol::Http | ProxyProtocol::Https if user.contains(':') => {
            Err(refused("the user name of the proxy holds a colon (RFC 7617 section 2)"))
        }
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(()),
        _ if user.len() > 255 || password.len() > 255 => {
            Err(refused("user name or password of the proxy is longer than 255 octets (RFC 1929 section 2)"))
        }
        ProxyProtocol::Socks5 | ProxyProtocol::Socks5h if user.is_empty() || password.is_empty() => {
            Err(refused("user name and password of the proxy have at least one octet each (RFC 1929 section 2)"))
        }
        _ => Ok(()),
    }
}
