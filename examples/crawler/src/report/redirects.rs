//! Which redirects were met, and what became of them.

use serde::Serialize;

/// One redirect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redirected {
    /// Who redirects.
    pub from: String,
    /// By which status.
    pub status: u16,
    /// Whereto.
    pub to: String,
    /// What became of it.
    pub led: Led,
}

/// What becomes of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Led {
    /// The same request went on there.
    Followed,
    /// It leads to a URL that was met before.
    Known,
    /// It leads to a new one, which waits for its turn like any link.
    Waits,
    /// It leads out of the crawl: of its scope or its depth, or to a host that was given up.
    Left,
}

/// Redirects by what became of them. One that leads to no URL of http or https is an error of its page instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RedirectTally {
    /// The same request went on.
    pub followed: u64,
    /// To URLs that were met before.
    pub known: u64,
    /// To new ones, which waited for their turn.
    pub waited: u64,
    /// Out of the crawl.
    pub left: u64,
}

impl RedirectTally {
    pub(super) fn count(&mut self, led: Led) {
        *match led {
            Led::Followed => &mut self.followed,
            Led::Known => &mut self.known,
            Led::Waits => &mut self.waited,
            Led::Left => &mut self.left,
        } += 1;
    }
}
