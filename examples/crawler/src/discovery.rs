//! From the links of a page to URLs that are new: what has been met before is dropped as early as can be.
//!
//! A site's pages repeat the same few hundred links. So the first look is at the href as it stands in the page: resolving
//! it costs ten times as much as finding it in a set. Relative hrefs mean the same thing wherever the folder of the page
//! is the same, hence there is one set for each folder. What passes is resolved, and looked up as a URL.

#[cfg(test)]
mod tests;

use serde::Serialize;
use url::{Position, Url};

use crate::fingerprint::{ByFingerprint, Fingerprint, Fingerprints, Inkpad};
use crate::links::Links;
use crate::scope::{Scope, Verdict};

/// Which links have been met, and what became of them.
#[derive(Debug)]
pub struct Discovery {
    inkpad: Inkpad,
    folders: Folders,
    urls: Urls,
}

/// Distinct URLs that pages linked to, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LinkTally {
    /// Inside the scope.
    pub followed: u64,
    /// Out of it.
    pub outside: u64,
    /// Of a scheme that is not spoken.
    pub not_spoken: u64,
    /// No URLs.
    pub invalid: u64,
}

impl Discovery {
    /// Nothing met yet.
    pub fn new(scope: Scope) -> Self {
        let urls = Urls { scope, met: Fingerprints::default(), tally: LinkTally::default() };
        Self { inkpad: Inkpad::new(), folders: Folders::default(), urls }
    }

    /// What [`Links`] must take their fingerprints with.
    pub fn inkpad(&self) -> Inkpad {
        self.inkpad
    }

    /// The scope it judges by.
    pub fn scope(&self) -> &Scope {
        &self.urls.scope
    }

    /// What became of the links so far.
    pub fn tally(&self) -> LinkTally {
        self.urls.tally
    }

    // ANCHOR: page
    /// Hands on every URL that the page links to, that is in scope, and that was not met before.
    pub fn page(&mut self, page: &Url, links: &Links, mut found: impl FnMut(&Url)) {
        let own_base = links.base.as_deref().and_then(|base| page.join(base).ok());
        let base = own_base.as_ref().unwrap_or(page);
        let hrefs = self.folders.hrefs_in(self.inkpad.take(folder_of(base)));
        let known = hrefs.len();
        for (print, href) in links.iter() {
            // A query alone is relative to the page, not to its folder.
            if hrefs.insert(print) || href.starts_with('?') {
                self.urls.resolve(self.inkpad, base, href, &mut found);
            }
        }
        self.folders.remembered += hrefs.len() - known;
    }
    // ANCHOR_END: page

    // ANCHOR: claim
    /// The same for a URL: a start, or where a redirect leads. What becomes of it, or `None` if it was met before.
    pub fn claim(&mut self, url: &Url) -> Option<Verdict> {
        self.urls.claim(self.inkpad, url)
    }
    // ANCHOR_END: claim
}

/// For every folder the hrefs seen in its pages. Forgotten now and then: they save work, the truth is in [`Urls`].
#[derive(Debug, Default)]
struct Folders {
    hrefs: ByFingerprint<Fingerprints>,
    remembered: usize,
}

impl Folders {
    fn hrefs_in(&mut self, folder: Fingerprint) -> &mut Fingerprints {
        if self.remembered >= MOST_REMEMBERED {
            *self = Self::default();
        }
        self.hrefs.entry(folder).or_default()
    }
}

#[derive(Debug)]
struct Urls {
    scope: Scope,
    met: Fingerprints,
    tally: LinkTally,
}

impl Urls {
    fn resolve(&mut self, inkpad: Inkpad, base: &Url, href: &str, found: &mut impl FnMut(&Url)) {
        match base.join(href) {
            Ok(url) if self.claim(inkpad, &url) == Some(Verdict::Inside) => found(&url),
            Ok(_) => {}
            Err(_) => self.tally.invalid += 1,
        }
    }

    fn claim(&mut self, inkpad: Inkpad, url: &Url) -> Option<Verdict> {
        if !self.met.insert(inkpad.take(&url[..Position::AfterQuery])) {
            return None;
        }
        let verdict = self.scope.verdict(url);
        *match verdict {
            Verdict::Inside => &mut self.tally.followed,
            Verdict::Outside => &mut self.tally.outside,
            Verdict::NotSpoken => &mut self.tally.not_spoken,
        } += 1;
        Some(verdict)
    }
}

/// All up to the last slash of the path.
fn folder_of(url: &Url) -> &str {
    let path = &url[..Position::AfterPath];
    path.rfind('/').map_or(path, |slash| &path[..=slash])
}

/// About 5 MiB of fingerprints.
const MOST_REMEMBERED: usize = 1 << 17;
