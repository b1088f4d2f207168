//! What is fetched, from whom, and why.

use std::time::Instant;

use hinternet::Governor;

/// A host, by the order in which the crawl met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// One thing to fetch from a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Path and query.
    pub path: Box<str>,
    /// Links from a start URL. Where several lead to it: those of the one that was met first.
    pub depth: u16,
    /// Times it was tried and is to be tried again.
    pub tries: u8,
    /// Those of them that were its own fault, and not that of a host out of reach.
    pub failures: u8,
    /// What for.
    pub purpose: Purpose,
}

/// Why something is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It was linked to.
    Page,
    /// For the rules of a host, which may be another one after redirects.
    Robots {
        /// Whose rules.
        of: HostId,
        /// Redirects so far.
        redirects: u8,
    },
}

/// Work that has started.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where.
    pub host: HostId,
    /// What.
    pub work: Work,
    /// When.
    pub started: Instant,
    /// What its host's requests are held to.
    pub governor: Governor,
}

impl Work {
    /// Something that was never tried.
    pub(super) fn new(path: &str, depth: u16, purpose: Purpose) -> Self {
        Self { path: path.into(), depth, tries: 0, failures: 0, purpose }
    }
}
