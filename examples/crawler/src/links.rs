//! The links of a page, read while it arrives: nothing of the page itself is kept.
//!
//! | element | is a link to follow |
//! |---|---|
//! | `a`, `area` | its `href`, unless `rel` says `nofollow` |
//! | `link` | its `href`, if `rel` names a page for readers (see `RELATIONS`), not a stylesheet, an icon, a feed |
//! | `iframe`, `frame` | its `src` |
//! | `base` | no link; the first one says what the others are relative to |
//! | `meta name=robots` | no link; `nofollow` or `none` takes away all the others |

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use lol_html::html_content::Element as AnyElement;
use lol_html::send::{ElementContentHandlers, HtmlRewriter, SendHandlerTypes, Settings};
use lol_html::{MemorySettings, Selector};

use crate::entities;
use crate::fingerprint::{Fingerprint, Inkpad};
use crate::robots::{PRODUCT_TOKEN, forbid_following};

/// What a page links to.
#[derive(Debug, Default)]
pub struct Links {
    /// The page's own `<base href>`.
    pub base: Option<String>,
    /// Did the page ask not to follow its links?
    pub nofollow: bool,
    /// Was the rest of it given up, because it would have had to be held in memory?
    pub cut_off: bool,
    hrefs: Vec<(Fingerprint, usize)>,
    /// All hrefs, one after the other: one allocation for hundreds of links.
    text: String,
}

impl Links {
    /// Every href, as it stands in the page but for its fragment, with its fingerprint.
    pub fn iter(&self) -> impl Iterator<Item = (Fingerprint, &str)> {
        let starts = std::iter::once(0).chain(self.hrefs.iter().map(|(_, end)| *end));
        starts.zip(&self.hrefs).map(|(start, (print, end))| (*print, &self.text[start..*end]))
    }

    /// How many hrefs there are.
    pub fn len(&self) -> usize {
        self.hrefs.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.hrefs.is_empty()
    }
}

/// Reads links out of HTML that comes in pieces.
pub struct LinkReader {
    /// `None` after an error: the rest of the page is not read.
    rewriter: Option<Rewriter>,
    found: Arc<Mutex<Found>>,
}

impl LinkReader {
    /// For one page. The inkpad must be that of the set the fingerprints will be looked up in.
    pub fn new(inkpad: Inkpad) -> Self {
        let found = Arc::new(Mutex::new(Found { inkpad, links: Links::default() }));
        let settings = Settings::new_send()
            .with_strict(false)
            .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MEMORY))
            .append_element_content_handler(on(&ANCHORS, &found, Found::anchor))
            .append_element_content_handler(on(&LINK_ELEMENTS, &found, Found::link_element))
            .append_element_content_handler(on(&FRAMES, &found, Found::frame))
            .append_element_content_handler(on(&BASES, &found, Found::base))
            .append_element_content_handler(on(&METAS, &found, Found::meta));
        let nowhere: fn(&[u8]) = |_| {};
        Self { rewriter: Some(HtmlRewriter::new(settings, nowhere)), found }
    }

    // ANCHOR: feed
    /// Reads the next piece.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.rewriter.as_mut().is_some_and(|rewriter| rewriter.write(piece).is_err()) {
            self.rewriter = None;
            lock(&self.found).links.cut_off = true;
        }
    }

    /// The page is over.
    pub fn end(mut self) -> Links {
        if let Some(rewriter) = self.rewriter.take() {
            let cut_off = rewriter.end().is_err();
            lock(&self.found).links.cut_off |= cut_off;
        }
        std::mem::take(&mut lock(&self.found).links)
    }
    // ANCHOR_END: feed
}

impl std::fmt::Debug for LinkReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkReader").field("reading", &self.rewriter.is_some()).finish_non_exhaustive()
    }
}

/// Rewrites into nothing: only its eyes are needed.
type Rewriter = HtmlRewriter<'static, fn(&[u8])>;

struct Found {
    inkpad: Inkpad,
    links: Links,
}

type Element<'r, 't> = AnyElement<'r, 't, SendHandlerTypes>;

impl Found {
    fn anchor(&mut self, element: &Element<'_, '_>) {
        if !has_word(element, "rel", |word| word.eq_ignore_ascii_case("nofollow")) {
            self.add(element, "href");
        }
    }

    fn link_element(&mut self, element: &Element<'_, '_>) {
        let leads_to_a_page =
            has_word(element, "rel", |word| RELATIONS.iter().any(|name| name.eq_ignore_ascii_case(word)));
        let feed =
            element.get_attribute("type").is_some_and(|kind| !kind.trim_ascii().eq_ignore_ascii_case("text/html"));
        if leads_to_a_page && !feed {
            self.anchor(element);
        }
    }

    fn frame(&mut self, element: &Element<'_, '_>) {
        self.add(element, "src");
    }

    fn base(&mut self, element: &Element<'_, '_>) {
        if self.links.base.is_none() {
            self.links.base = element.get_attribute("href").map(|href| entities::decode(&href).into_owned());
        }
    }

    fn meta(&mut self, element: &Element<'_, '_>) {
        let for_us = |name: &str| name.eq_ignore_ascii_case("robots") || name.eq_ignore_ascii_case(PRODUCT_TOKEN);
        if element.get_attribute("name").is_some_and(|name| for_us(name.trim_ascii())) {
            self.links.nofollow |= element.get_attribute("content").is_some_and(|content| forbid_following(&content));
        }
    }

    fn add(&mut self, element: &Element<'_, '_>, attribute: &str) {
        let Some(href) = element.get_attribute(attribute) else { return };
        let href = entities::decode(&href);
        let href = without_fragment(href.trim_ascii());
        // A fragment alone is a place on this page. (By the letter it would be one on the `<base>`, which nobody means.)
        if href.is_empty() {
            return;
        }
        self.links.text.push_str(href);
        self.links.hrefs.push((self.inkpad.take(href), self.links.text.len()));
    }
}

fn without_fragment(href: &str) -> &str {
    href.split_once('#').map_or(href, |(before, _)| before)
}

fn has_word(element: &Element<'_, '_>, attribute: &str, wanted: impl Fn(&str) -> bool) -> bool {
    element.has_attribute(attribute)
        && element.get_attribute(attribute).is_some_and(|value| value.split_ascii_whitespace().any(wanted))
}

type Handler = (Cow<'static, Selector>, ElementContentHandlers<'static>);

fn on(selector: &'static Selector, found: &Arc<Mutex<Found>>, act: fn(&mut Found, &Element<'_, '_>)) -> Handler {
    let found = Arc::clone(found);
    let handler = ElementContentHandlers::default().element(move |element: &mut Element<'_, '_>| {
        act(&mut lock(&found), element);
        Ok(())
    });
    (Cow::Borrowed(selector), handler)
}

/// Never waits: a reader is used by one task at a time.
fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The relations of a `link` element that lead to a page for readers.
const RELATIONS: [&str; 14] = [
    "alternate",
    "author",
    "canonical",
    "contents",
    "copyright",
    "first",
    "help",
    "index",
    "last",
    "license",
    "next",
    "prev",
    "previous",
    "up",
];

/// What a page may make its reader hold: the longest tag, such as one with a picture in it.
const MEMORY: usize = 4 * 1024 * 1024;

static ANCHORS: LazyLock<Selector> = LazyLock::new(|| selector("a, area"));
static LINK_ELEMENTS: LazyLock<Selector> = LazyLock::new(|| selector("link"));
static FRAMES: LazyLock<Selector> = LazyLock::new(|| selector("iframe, frame"));
static BASES: LazyLock<Selector> = LazyLock::new(|| selector("base"));
static METAS: LazyLock<Selector> = LazyLock::new(|| selector("meta"));

fn selector(text: &str) -> Selector {
    text.parse().expect("the selectors are valid")
}
