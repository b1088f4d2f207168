//! What a host lets this crawler fetch: robots.txt by RFC 9309.
//!
//! | the answer to `/robots.txt` | means |
//! |---|---|
//! | 2xx | the rules in its body |
//! | 3xx | ask where it points, up to [`MAX_REDIRECTS`] times; then as 4xx |
//! | 4xx but 429 | there are no rules: all is allowed |
//! | 429, 5xx, no answer | asked again; then all is disallowed, for nobody knows the rules |

mod directives;
mod parse;
mod pattern;
#[cfg(test)]
mod tests;

use std::time::Duration;

use pattern::Pattern;

pub use directives::{field_forbids_following, forbid_following};

/// The name under which rules are looked up; it stands in the `User-Agent`, too (RFC 9309 2.2.1).
pub const PRODUCT_TOKEN: &str = "hinternet-crawler";

/// Octets of a robots.txt that are read; what comes after them does not count (RFC 9309 2.5).
pub const MAX_OCTETS: usize = 500 * 1024;

/// Redirects of a robots.txt that are followed (RFC 9309 2.3.1.2).
pub const MAX_REDIRECTS: u8 = 5;

/// A longer `Crawl-delay` counts as this one: a host cannot stop a crawl by asking for a day.
pub const MAX_CRAWL_DELAY: Duration = Duration::from_secs(30);

/// What an answer to `/robots.txt` means.
#[derive(Debug)]
pub enum Reading {
    /// These are the rules.
    Rules(Robots),
    /// They are elsewhere: it is a redirect.
    Elsewhere,
    /// Nobody knows: ask again.
    Unknown,
}

/// The rules of one host for one crawler.
#[derive(Clone, Debug, Default)]
pub struct Robots {
    /// The most specific first, and of equals the allowing one: the first that matches decides (RFC 9309 2.2.2).
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    allow: bool,
}

impl Robots {
    /// Reads an answer, by the table above.
    pub fn read(status: u16, body: &[u8]) -> Reading {
        match status {
            200..=299 => Reading::Rules(Self::parse(body, PRODUCT_TOKEN)),
            301 | 302 | 303 | 307 | 308 => Reading::Elsewhere,
            429 | 500..=599 => Reading::Unknown,
            _ => Reading::Rules(Self::allow_all()),
        }
    }

    /// Reads the groups that name `product_token`, or else those for `*`.
    pub fn parse(text: &[u8], product_token: &str) -> Self {
        let text = &text[..text.len().min(MAX_OCTETS)];
        let mut robots = parse::parse(text, product_token);
        robots.rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.octets()), !rule.allow));
        robots
    }

    /// No rules: what a host says that has no robots.txt.
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// What is assumed of a host whose rules cannot be read.
    pub fn disallow_all() -> Self {
        Self { rules: vec![Rule { pattern: Pattern::new(b"/"), allow: false }], crawl_delay: None }
    }

    /// May this path, query included, be fetched?
    pub fn allows(&self, path_and_query: &str) -> bool {
        if self.rules.is_empty() || path_and_query == "/robots.txt" {
            return true;
        }
        let path = pattern::normalize_path(path_and_query.as_bytes());
        self.rules.iter().find(|rule| rule.pattern.matches(&path)).is_none_or(|rule| rule.allow)
    }

    /// The pause the host asks for between two requests, at most [`MAX_CRAWL_DELAY`].
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }
}
