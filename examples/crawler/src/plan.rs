//! What a crawl is asked to do.

use std::time::Duration;

use hinternet::Cache;
use hinternet::tls::Certificate;
use url::Url;

use crate::frontier::Bounds;
use crate::retry::FIRST_PAUSE;
use crate::robots::PRODUCT_TOKEN;
use crate::scope::{self, Reach};

/// What a crawl is asked to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it starts.
    pub starts: Vec<Url>,
    /// How far it goes from there.
    pub reach: Reach,
    /// What it must not exceed.
    pub bounds: Bounds,
    /// Octets of one answer that are read at most.
    pub body_cap: u64,
    /// Who runs it: a mail address or a URL.
    pub contact: Option<String>,
    /// Hosts found on pages are asked only on addresses of the public internet.
    pub public_only: bool,
    /// Authorities that are trusted beside the machine's.
    pub trusted: Vec<Certificate>,
    /// What was crawled before: what is in it is only asked for if it has changed.
    pub cache: Option<Cache>,
    /// What is under way may take so long to finish when the crawl is stopped.
    pub deadline: Duration,
    /// List every URL that was answered, not only those that failed.
    pub list_pages: bool,
}

impl Plan {
    /// From these URLs, with the defaults of the command line.
    pub fn new(starts: Vec<Url>) -> Self {
        Self {
            starts,
            reach: Reach::Origin,
            bounds: Bounds {
                per_host: 2,
                in_flight: 16,
                delay: None,
                back_off: FIRST_PAUSE,
                max_pages: None,
                max_depth: None,
            },
            body_cap: 8 * 1024 * 1024,
            contact: None,
            public_only: true,
            trusted: Vec::new(),
            cache: None,
            deadline: Duration::from_secs(5),
            list_pages: false,
        }
    }

    /// A plan that may not be carried out, and why.
    pub fn refusal(&self) -> Option<String> {
        if let Some(url) = self.starts.iter().find(|url| !scope::is_spoken(url)) {
            return Some(match url.scheme() {
                "http" | "https" if url.port() == Some(0) => {
                    format!("{url} names port 0, on which no server can listen")
                }
                "http" | "https" => format!(
                    "{} would be asked with a user's name; this crawler logs in nowhere",
                    url.host_str().unwrap_or_default()
                ),
                scheme => format!("{url} begins with {scheme}:, and this crawler speaks http and https"),
            });
        }
        let stranger = self.starts.iter().find(|url| self.contact.is_none() && scope::is_third_party(url))?;
        let host = stranger.host_str().unwrap_or_default();
        Some(format!(
            "{host} is somebody else's host: say with --contact MAIL-OR-URL whom its owner can turn to, or crawl your own"
        ))
    }

    /// How the crawler introduces itself: under the name its rules are looked up by.
    pub fn user_agent(&self) -> String {
        let product = concat!("/", env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
        match &self.contact {
            Some(contact) => format!("{PRODUCT_TOKEN}{product} (+{contact})"),
            None => format!("{PRODUCT_TOKEN}{product}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(start: &str, contact: Option<&str>) -> Plan {
        Plan { contact: contact.map(str::to_owned), ..Plan::new(vec![Url::parse(start).unwrap()]) }
    }

    #[test]
    fn strangers_are_asked_only_with_a_contact() {
        assert!(plan("http://example.com/", None).refusal().unwrap().contains("--contact"));
        assert_eq!(plan("http://example.com/", Some("me@example.org")).refusal(), None);
        assert_eq!(plan("http://localhost:8080/", None).refusal(), None);
    }

    #[test]
    fn only_http_and_https_are_spoken() {
        assert_eq!(plan("https://localhost/", None).refusal(), None);
        assert!(plan("ftp://localhost/", None).refusal().unwrap().contains("ftp:"));
        assert!(plan("http://localhost:0/", None).refusal().unwrap().contains("port 0"));
        let refusal = plan("http://me:secret@localhost/", None).refusal().unwrap();
        assert!(refusal.contains("logs in nowhere") && !refusal.contains("secret"), "{refusal}");
    }

    #[test]
    fn the_contact_stands_in_the_user_agent() {
        assert_eq!(plan("http://localhost/", None).user_agent(), "hinternet-crawler/0.1");
        assert_eq!(plan("http://x/", Some("me@example.org")).user_agent(), "hinternet-crawler/0.1 (+me@example.org)");
    }
}
