//! Which addresses a crawl may connect to: a page must not be able to send it into somebody's private network.

use std::collections::HashSet;
use std::net::SocketAddr;

use hinternet::network::{AddressPolicy, PublicAddresses};
use url::Url;

use crate::scope::Reach;

/// A host that the command line names may be anywhere, on the port named there, or on any if the crawl reaches for hosts. One
/// that was found on a page must be on the public internet.
#[derive(Debug)]
pub struct FoundHosts {
    reach: Reach,
    named: HashSet<(Box<str>, u16)>,
}

impl FoundHosts {
    /// These start URLs name the hosts.
    pub fn beside<'a>(reach: Reach, starts: impl IntoIterator<Item = &'a Url>) -> Self {
        let named = starts.into_iter().filter_map(|url| Some((url.host_str()?.into(), url.port_or_known_default()?)));
        Self { reach, named: named.collect() }
    }
}

impl AddressPolicy for FoundHosts {
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
        let any_port = self.reach == Reach::Hosts;
        if self.named.iter().any(|(named, port)| **named == *host && (any_port || *port == address.port())) {
            return Ok(());
        }
        PublicAddresses.check(host, address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(reach: Reach) -> impl Fn(&str, &str) -> bool {
        let starts = ["http://localhost:8000/", "https://[::1]/"].map(|url| Url::parse(url).unwrap());
        let guard = FoundHosts::beside(reach, &starts);
        move |host, address| guard.check(host, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn only_named_hosts_may_be_private() {
        let may = guard(Reach::Any);
        assert!(may("localhost", "127.0.0.1:8000") && may("[::1]", "[::1]:443") && may("example.com", "1.1.1.1:80"));
        assert!(!may("127.0.0.1", "127.0.0.1:8000"), "the address was not named, but a name that has it");
        assert!(!may("rebound.example", "10.0.0.1:80") && !may("metadata.example", "169.254.169.254:80"));
    }

    #[test]
    fn only_on_the_port_that_was_named_unless_all_of_the_host_is_crawled() {
        assert!(
            !guard(Reach::Any)("localhost", "127.0.0.1:6379") && !guard(Reach::Origin)("localhost", "127.0.0.1:6379")
        );
        assert!(guard(Reach::Hosts)("localhost", "127.0.0.1:6379"));
    }
}
