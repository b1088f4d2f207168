//! `--resolve` and `--connect-to`, by what the library lets a program put in the network's place.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use hinternet::RequestOptions;
use hinternet::network::{Destination, Dialer, Dialing, Lookup, Resolver, Stream};
use tokio::net::TcpStream;

use super::command::Options;

impl Options {
    pub(crate) fn set_names(&self, options: &mut RequestOptions, host: &str) {
        let mut dial = options.dial.clone();
        if host.ends_with(".localhost") {
            // curl asks nobody for these (RFC 6761 6.3).
            dial = dial.addresses_of(host, [Ipv4Addr::LOCALHOST.into()]);
        }
        for entry in self.resolve.iter().filter(|entry| !entry.starts_with('-')) {
            let parts: Vec<_> = entry.splitn(3, ':').collect();
            let [host, _port, address] = parts[..] else { panic!("{entry:?} is no --resolve") };
            let address: IpAddr = address.parse().expect("an address");
            dial = if host == "*" { dial.resolver(Everywhere(address)) } else { dial.addresses_of(host, [address]) };
        }
        if !self.connect_to.is_empty() && self.proxy.is_none() {
            let rules = self.connect_to.iter().map(|text| Rule::read(text)).collect();
            dial = dial.dialer(ConnectTo(rules));
        }
        options.dial = dial;
    }
}

impl Options {
    /// The URL of where a rule leads, and the host that is meant, if there is a proxy on the way.
    pub(crate) fn tunnelled_elsewhere(&self, url: &str) -> Option<(String, String)> {
        self.proxy.as_ref().filter(|proxy| !proxy.is_empty())?;
        let mut parsed = url::Url::parse(url).ok()?;
        let (host, port) = (parsed.host_str()?.to_owned(), parsed.port_or_known_default()?);
        let rules = self.connect_to.iter().map(|text| Rule::read(text));
        let rule = rules.into_iter().find(|rule| rule.fits(&host, port))?;
        let meant = parsed.port().map_or(host.clone(), |port| format!("{host}:{port}"));
        parsed.set_host(Some(&rule.to_host).filter(|host| !host.is_empty()).map(String::as_str)).ok()?;
        parsed.set_port(rule.to_port.parse().ok().or(Some(port))).ok()?;
        let stays = parsed.host_str() == Some(host.as_str()) && parsed.port_or_known_default() == Some(port);
        (!stays).then(|| (parsed.into(), meant))
    }
}

/// Every name has this address.
#[derive(Debug)]
struct Everywhere(IpAddr);

impl Resolver for Everywhere {
    fn resolve(&self, _host: &str) -> Lookup {
        let address = self.0;
        Box::pin(async move { Ok(vec![address]) })
    }
}

/// Goes elsewhere than the URL says, by the first rule that fits.
#[derive(Debug)]
struct ConnectTo(Vec<Rule>);

/// `HOST1:PORT1:HOST2:PORT2`; what is empty fits all, or stays.
struct Rule {
    host: String,
    port: String,
    to_host: String,
    to_port: String,
}

impl Rule {
    fn read(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(end) = end_of_part(rest) {
            parts.push(rest[..end].to_owned());
            rest = &rest[end + 1..];
        }
        parts.push(rest.to_owned());
        let [host, port, to_host, to_port] = parts.try_into().unwrap_or_else(|_| panic!("{text:?} is no --connect-to"));
        Self { host, port, to_host, to_port }
    }

    fn fits(&self, host: &str, port: u16) -> bool {
        (self.host.is_empty() || self.host.eq_ignore_ascii_case(host))
            && (self.port.is_empty() || self.port == port.to_string())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.host, self.port, self.to_host, self.to_port)
    }
}

/// The colon after a host, which may be an address in brackets.
fn end_of_part(text: &str) -> Option<usize> {
    let begin = if text.starts_with('[') { text.find(']')? } else { 0 };
    text[begin..].find(':').map(|at| begin + at)
}

impl Dialer for ConnectTo {
    fn dial(&self, to: &Destination) -> Dialing {
        let rule = self.0.iter().find(|rule| rule.fits(&to.host, to.address.port()));
        let not_empty = |part: &String| (!part.is_empty()).then(|| part.clone());
        let host = rule.and_then(|rule| not_empty(&rule.to_host)).unwrap_or_else(|| to.host.clone());
        let port = rule.and_then(|rule| not_empty(&rule.to_port)?.parse().ok()).unwrap_or(to.address.port());
        // All that is not this machine is nowhere.
        let address: IpAddr = host.parse().unwrap_or(Ipv4Addr::LOCALHOST.into());
        Box::pin(async move { Ok(Box::new(TcpStream::connect((address, port)).await?) as Box<dyn Stream>) })
    }

    fn wants_addresses(&self) -> bool {
        false
    }
}
