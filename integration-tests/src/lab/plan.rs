//! The plan of the web: which host has which resources, and what links to what.

use std::collections::BTreeMap;
use std::time::Duration;

use super::LabSize;
use super::layout;
use super::robots::Robots;
use crate::seeded::Seeded;

/// All hosts, the stranger last.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) hosts: Vec<Host>,
}

#[derive(Debug)]
pub(super) struct Host {
    /// `address:port`.
    pub(super) authority: String,
    pub(super) robots: Robots,
    /// By path and query, as they go on the wire.
    pub(super) resources: BTreeMap<String, Resource>,
    /// Does a crawl start here? All hosts but the stranger are in scope.
    pub(super) in_scope: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    /// Where it leads. A redirect has one.
    pub(super) links: Vec<Link>,
    /// How often it is not answered before it is.
    pub(super) drops: u32,
    pub(super) after: Option<Duration>,
    pub(super) chunked: bool,
    /// Octets of text beside the links.
    pub(super) text: usize,
    /// The directory that relative links start from, if the page says so with `<base>`.
    pub(super) base: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    Redirect(u16),
    Missing,
    /// Not HTML: nothing in it is a link.
    Plain(&'static str),
}

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) to: Place,
    pub(super) spelling: Spelling,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A resource of a host.
    Lab(usize, String),
    /// Something nobody should fetch: another scheme, a name that does not exist.
    Elsewhere(&'static str),
    /// No link at all: it stands in a comment, a script or a title.
    Decoy(String),
}

/// The ways in which a page writes the same link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Absolute,
    UpperCaseScheme,
    SchemeRelative,
    AbsolutePath,
    Relative,
    DotSegments,
    Fragment,
    Entities,
    Padded,
    SingleQuotes,
    Unquoted,
    UpperCaseTag,
}

impl Spelling {
    pub(super) const ALL: [Self; 12] = [
        Self::Absolute,
        Self::UpperCaseScheme,
        Self::SchemeRelative,
        Self::AbsolutePath,
        Self::Relative,
        Self::DotSegments,
        Self::Fragment,
        Self::Entities,
        Self::Padded,
        Self::SingleQuotes,
        Self::Unquoted,
        Self::UpperCaseTag,
    ];
}

impl Plan {
    /// Lays out a web for hosts at these `address:port`s; the last one is the stranger.
    pub(super) fn new(authorities: Vec<String>, size: LabSize, seed: u64) -> Self {
        layout::lay_out(authorities, size, Seeded::new(seed))
    }

    pub(super) fn resource(&self, host: usize, path: &str) -> Option<&Resource> {
        self.hosts[host].resources.get(path)
    }

    pub(super) fn url(&self, host: usize, path: &str) -> String {
        format!("http://{}{path}", self.hosts[host].authority)
    }
}

impl Resource {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, links: Vec::new(), drops: 0, after: None, chunked: false, text: 0, base: None }
    }
}
