//! Which addresses a crawl may connect to: a page must not be able to send it into somebody's private network.

use std::collections::HashSet;
use std::net::IpAddr;

use hinternet::network::{AddressPolicy, PublicAddresses};
use url::Url;

/// A host that the command line names may be anywhere; one that was found on a page must be on the public internet.
#[derive(Debug)]
pub struct FoundHosts {
    named: HashSet<Box<str>>,
}

impl FoundHosts {
    /// These start URLs name the hosts.
    pub fn beside<'a>(starts: impl IntoIterator<Item = &'a Url>) -> Self {
        Self { named: starts.into_iter().filter_map(Url::host_str).map(Into::into).collect() }
    }
}

impl AddressPolicy for FoundHosts {
    fn check(&self, host: &str, address: IpAddr) -> Result<(), String> {
        if self.named.contains(host) { Ok(()) } else { PublicAddresses.check(host, address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_hosts_may_be_private() {
        let starts = ["http://localhost:8000/", "https://[::1]/"].map(|url| Url::parse(url).unwrap());
        let guard = FoundHosts::beside(&starts);
        let check = |host: &str, address: &str| guard.check(host, address.parse().unwrap()).is_ok();
        assert!(check("localhost", "127.0.0.1") && check("[::1]", "::1") && check("example.com", "1.1.1.1"));
        assert!(!check("127.0.0.1", "127.0.0.1"), "the address was not named, but a name that has it");
        assert!(!check("rebound.example", "10.0.0.1") && !check("metadata.example", "169.254.169.254"));
    }
}
