//! The `Location` of a redirect, and the target it means from where it was met (pure; RFC 9110 section 10.2.2).

use std::borrow::Cow;

use http::HeaderValue;
use percent_encoding::{AsciiSet, percent_encode};
use url::Url;

use crate::target::Target;

/// What a `Location` says, as text that a URL may be read from.
#[derive(Debug)]
pub(super) struct Location<'a>(Cow<'a, str>);

/// Why it leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Scheme(String),
    NoUrl(String),
    Ambiguous,
}

/// The one place that the fields name; `None`: none at all. Several that say the same are one.
pub(super) fn the_one<'a>(fields: impl IntoIterator<Item = &'a HeaderValue>) -> Result<Option<Location<'a>>, Unfit> {
    let mut fields = fields.into_iter().map(|value| value.as_bytes().trim_ascii());
    let Some(first) = fields.next() else { return Ok(None) };
    if fields.any(|other| other != first) {
        return Err(Unfit::Ambiguous);
    }
    Ok((!first.is_empty()).then(|| Location(readable(first))))
}

/// Octets beyond ASCII are UTF-8, or are encoded as they are. A tab would be taken out rather than encoded.
fn readable(octets: &[u8]) -> Cow<'_, str> {
    let text = match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::from(percent_encode(octets, BEYOND_ASCII)),
    };
    if text.contains('\t') { Cow::Owned(text.replace('\t', "%09")) } else { text }
}

impl Location<'_> {
    /// Where it leads from there. What it does not say is as there, and so is the fragment; a user and a password that it names are
    /// nobody's credentials, and are left out.
    pub(super) fn from(&self, here: &Target) -> Result<Target, Unfit> {
        let no_url = |reason: url::ParseError| Unfit::NoUrl(reason.to_string());
        let base = Url::parse(here.as_str()).map_err(no_url)?;
        let mut url = base.join(&self.0).map_err(no_url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Unfit::Scheme(url.scheme().chars().take(LONGEST_SHOWN).collect()));
        }
        // Refused only by a URL without a host, which neither of these schemes has.
        let _has_host = url.set_username("").and_then(|()| url.set_password(None));
        if url.fragment().is_none() {
            url.set_fragment(here.fragment());
        }
        Target::from_url(&url).map_err(|_| Unfit::NoUrl("its host or its port is none to connect to".to_owned()))
    }
}

/// Octets of ASCII are the reader's to judge.
const BEYOND_ASCII: &AsciiSet = &AsciiSet::EMPTY;
/// A scheme of a stranger's is shown no longer than this.
const LONGEST_SHOWN: usize = 20;
