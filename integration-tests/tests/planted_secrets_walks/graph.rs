//! Six origins and two proxies: their names, who may see what is theirs, and the network in memory that they are reached by.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hinternet::network::{Destination, Dialer, Dialing, Lookup, Resolver};
use hinternet::transport::MemoryStream;

use crate::peers;
use crate::secrets::Parties;
use crate::world::World;

/// An origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) is_secure: bool,
    pub(crate) host: &'static str,
    pub(crate) port: u16,
}

const fn site(is_secure: bool, host: &'static str, port: u16) -> Site {
    Site { is_secure, host, port }
}

/// Of each kind of difference there is a pair: the scheme alone, the port alone, a host below, another host.
pub(crate) const SITES: [Site; 6] = [
    site(false, "a.walk.example", 80),
    site(true, "a.walk.example", 443),
    site(true, "a.walk.example", 8443),
    site(false, "b.walk.example", 8080),
    site(true, "sub.a.walk.example", 443),
    site(false, "other.example", 81),
];

pub(crate) const HOSTS: [&str; 6] =
    ["a.walk.example", "b.walk.example", "sub.a.walk.example", "other.example", PROXIES[0].0, PROXIES[1].0];

pub(crate) const PROXIES: [(&str, u16); 2] = [("proxy-a.example", 3128), ("proxy-b.example", 1080)];

impl Site {
    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// Host and port as a URL has them.
    pub(crate) fn authority(&self) -> String {
        match (self.is_secure, self.port) {
            (false, 80) | (true, 443) => self.host.to_owned(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority())
    }
}

/// This origin.
pub(crate) fn of_site(n: usize) -> Parties {
    Parties(1 << n)
}

/// This proxy.
pub(crate) fn of_proxy(n: usize) -> Parties {
    Parties(1 << (SITES.len() + n))
}

/// All origins of which this is true.
pub(crate) fn of_sites(which: impl Fn(&Site) -> bool) -> Parties {
    let all = SITES.iter().enumerate().filter(|(_, site)| which(site));
    all.fold(Parties::NOBODY, |parties, (n, _)| parties.or(of_site(n)))
}

pub(crate) fn site_at(host: &str, port: u16) -> Option<usize> {
    SITES.iter().position(|site| site.host == host && site.port == port)
}

/// The network: every name has an address, and behind every address its host listens.
#[derive(Clone, Debug)]
pub(crate) struct Network(pub(crate) Arc<World>);

impl Resolver for Network {
    fn resolve(&self, host: &str) -> Lookup {
        self.0.note("asked for a name", host);
        let found = HOSTS.iter().position(|known| *known == host);
        let found = found.map(|n| vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, n as u8))]);
        Box::pin(std::future::ready(found.ok_or_else(|| std::io::ErrorKind::NotFound.into())))
    }
}

impl Dialer for Network {
    fn dial(&self, to: &Destination) -> Dialing {
        let (client, server) = MemoryStream::pair();
        actix::spawn(peers::serve(Arc::clone(&self.0), Box::new(server), to.host.clone(), to.address.port()));
        Box::pin(std::future::ready(Ok(Box::new(client) as _)))
    }
}

/// The name that has this address.
pub(crate) fn named(address: Ipv4Addr) -> String {
    HOSTS.get(usize::from(address.octets()[3])).map_or_else(String::new, |host| (*host).to_owned())
}
