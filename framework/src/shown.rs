//! What `Debug` shows of what may hold secrets (pure): the names of fields, a count of octets, a URL without its query.

use std::fmt;

use http::{HeaderMap, HeaderName};

/// The names of the fields: their values may be cookies and tokens.
pub(crate) fn names(fields: &HeaderMap) -> impl fmt::Debug {
    fields.keys().map(HeaderName::as_str).collect::<Vec<_>>()
}

/// How many they are.
pub(crate) fn count(octets: &[u8]) -> impl fmt::Debug + use<> {
    Count(octets.len())
}

/// A URL, or a part of one, up to its query; nothing of one that may hold a password.
pub(crate) fn url(url: &str) -> &str {
    if url.contains('@') { "(not shown)" } else { without_query(url) }
}

/// A URL that is known to hold no password.
pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

struct Count(usize);

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.0)
    }
}
