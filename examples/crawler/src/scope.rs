//! Which links are followed, and whom a crawler may ask without saying who runs it.

use std::collections::HashSet;
use std::net::IpAddr;

use url::{Host, Position, Url};

/// How far from its start a crawl goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Reach {
    /// The scheme, host and port of a start URL.
    #[default]
    Origin,
    /// The host of a start URL, on any port.
    Hosts,
    /// Everywhere a link leads.
    Any,
}

/// The start URLs, and what else belongs to the crawl because of them.
#[derive(Debug)]
pub struct Scope {
    reach: Reach,
    /// Origins or host names, as `reach` says.
    starts: HashSet<Box<str>>,
    third_parties: bool,
}

/// What becomes of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is followed.
    Inside,
    /// It leads out of the crawl.
    Outside,
    /// It is neither http nor https, or names a password: nothing this crawler could ask for.
    NotSpoken,
}

impl Scope {
    /// Without `third_parties`, no host is ever asked that is somebody else's (see [`is_third_party`]).
    pub fn new<'a>(reach: Reach, starts: impl IntoIterator<Item = &'a Url>, third_parties: bool) -> Self {
        let starts = starts.into_iter().map(|url| key(reach, url).into()).collect();
        Self { reach, starts, third_parties }
    }

    /// What becomes of a link to `url`.
    pub fn verdict(&self, url: &Url) -> Verdict {
        if !is_spoken(url) {
            return Verdict::NotSpoken;
        }
        let inside = self.may_ask(url) && (self.reach == Reach::Any || self.starts.contains(key(self.reach, url)));
        if inside { Verdict::Inside } else { Verdict::Outside }
    }

    /// May the host be asked anything at all? A robots.txt may lie on a host outside of the crawl.
    pub fn may_ask(&self, url: &Url) -> bool {
        is_spoken(url) && (self.third_parties || !is_third_party(url))
    }
}

/// Does the URL lead to somebody else's machine: neither this one (loopback, `localhost`) nor a private network's?
pub fn is_third_party(url: &Url) -> bool {
    match url.host() {
        None => false,
        Some(Host::Domain(name)) => !(name == "localhost" || name.ends_with(".localhost")),
        Some(Host::Ipv4(address)) => !is_own(address.into()),
        Some(Host::Ipv6(address)) => !is_own(address.to_canonical()),
    }
}

fn is_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Is it a URL this crawler could ask for?
pub fn is_spoken(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.port() != Some(0)
}

fn key(reach: Reach, url: &Url) -> &str {
    match reach {
        Reach::Origin => &url[..Position::BeforePath],
        Reach::Hosts | Reach::Any => url.host_str().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn verdicts(reach: Reach, third_parties: bool, links: &[&str]) -> Vec<Verdict> {
        let starts = [url("http://127.0.0.1:8080/docs/"), url("http://127.0.0.2/")];
        let scope = Scope::new(reach, &starts, third_parties);
        links.iter().map(|link| scope.verdict(&url(link))).collect()
    }

    use Verdict::{Inside, NotSpoken, Outside};

    #[test]
    fn every_start_adds_its_origin() {
        let links = ["http://127.0.0.1:8080/", "http://127.0.0.2:80/x", "http://127.0.0.1/", "http://127.0.0.3/"];
        assert_eq!(verdicts(Reach::Origin, false, &links), [Inside, Inside, Outside, Outside]);
    }

    #[test]
    fn hosts_on_any_port_and_everything() {
        let links = ["http://127.0.0.1/", "https://127.0.0.1/", "http://127.0.0.3/"];
        assert_eq!(verdicts(Reach::Origin, false, &links), [Outside; 3]);
        assert_eq!(verdicts(Reach::Hosts, false, &links), [Inside, Inside, Outside]);
        assert_eq!(verdicts(Reach::Any, false, &links), [Inside; 3]);
    }

    #[test]
    fn third_parties_are_never_asked_unasked() {
        assert_eq!(verdicts(Reach::Any, false, &["http://example.com/"]), [Outside]);
        assert_eq!(verdicts(Reach::Any, true, &["http://example.com/"]), [Inside]);
    }

    #[test]
    fn what_is_neither_http_nor_https_is_not_spoken() {
        let links = ["ftp://127.0.0.2/", "mailto:x@example.com", "javascript:void(0)", "http://me:pw@127.0.0.2/"];
        assert_eq!(verdicts(Reach::Any, true, &links), [NotSpoken; 4]);
    }

    #[test]
    fn whose_machine_it_is() {
        for own in [
            "localhost",
            "a.localhost",
            "127.9.9.9",
            "10.0.0.1",
            "192.168.1.1",
            "[::1]",
            "[fd00::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(!is_third_party(&url(&format!("http://{own}/"))), "{own}");
        }
        for other in ["example.com", "notlocalhost", "8.8.8.8", "[2001:db8::1]", "[::ffff:8.8.8.8]", "172.32.0.1"] {
            assert!(is_third_party(&url(&format!("http://{other}/"))), "{other}");
        }
    }
}
